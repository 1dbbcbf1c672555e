/// A number found in text: where it stands and what it is worth.
struct ScannedNumber: Hashable {
  /// The bytes of the number itself: a minus sign and digits, without unit, percent sign or
  /// closing period.
  var range: Range<Int>
  var value: ExactNumber
}

/// Finds the numbers written in a byte string.
///
/// Read as numbers: signs (ASCII and U+2212), currency in front, thousands separators, decimals,
/// powers of ten (`1e3`), fractions (`3/4`, `1 1/2`, `\frac{3}{4}`). Not read as numbers: digits
/// glued behind a letter (`H2O`) and runs that only look like numbers: times, ratios, dates and
/// versions (`10:30`, `12/05/2024`, `2024-05-12`, `1.2.3`).
struct NumberScanner {
  let bytes: [UInt8]

  /// All numbers within a range, in order; nothing outside the range is looked at.
  func numbers(in range: Range<Int>) -> [ScannedNumber] {
    let range = range.clamped(to: 0..<bytes.count)
    var found: [ScannedNumber] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let step = scan(at: index, in: range)
      if let number = step.number { found.append(number) }
      index = max(step.next, index + 1)
    }
    return found
  }

  /// What stands at an index, and where to look on.
  private func scan(at index: Int, in range: Range<Int>) -> (number: ScannedNumber?, next: Int) {
    if bytes[index] == ascii("\\") { return scanLatexFraction(at: index, in: range) }
    guard let magnitude = magnitude(at: index, in: range) else { return (nil, index + 1) }
    if index > range.lowerBound, bytes[index - 1].isASCIILetter || bytes[index - 1] == ascii("_") {
      return (nil, magnitude.end)
    }
    if let end = compoundEnd(from: index, after: magnitude.end, in: range) { return (nil, end) }
    let sign = sign(before: index, in: range)
    if let fraction = fraction(from: magnitude, isNegative: sign.isNegative, in: range) {
      return (ScannedNumber(range: sign.start..<fraction.end, value: fraction.value), fraction.end)
    }
    let value = ExactNumber(
      isNegative: sign.isNegative, integer: magnitude.integer, fraction: magnitude.fraction,
      exponent: magnitude.exponent)
    return (
      value.map { ScannedNumber(range: sign.start..<magnitude.end, value: $0) }, magnitude.end
    )
  }

  // MARK: Digits

  private struct Magnitude {
    var integer: [UInt8] = []
    var fraction: [UInt8] = []
    var exponent = 0
    var end: Int
    var isInteger: Bool { fraction.isEmpty && exponent == 0 && !integer.isEmpty }
    /// The value, if it is a whole number that fits.
    var whole: UInt64? { isInteger ? UInt64(String(decoding: integer, as: UTF8.self)) : nil }
  }

  private func isDigit(_ index: Int, _ range: Range<Int>) -> Bool {
    range.contains(index) && bytes[index].isASCIIDigit
  }

  private func digitsEnd(_ start: Int, _ range: Range<Int>) -> Int {
    var end = start
    while isDigit(end, range) { end += 1 }
    return end
  }

  /// The digits at an index: integer part with thousands separators, decimals, power of ten.
  private func magnitude(at start: Int, in range: Range<Int>) -> Magnitude? {
    var number = Magnitude(end: digitsEnd(start, range))
    number.integer = Array(bytes[start..<number.end])
    if number.integer.isEmpty {
      // A bare ".5"; after a letter, a digit or another period the period is punctuation.
      guard bytes[start] == ascii("."), isDigit(start + 1, range) else { return nil }
      if start > range.lowerBound {
        let before = bytes[start - 1]
        if before.isASCIILetter || before.isASCIIDigit || before == ascii(".") { return nil }
      }
    } else if number.integer.count <= 3, number.integer[0] != ascii("0") {
      while let group = thousandsGroup(at: number.end, in: range) {
        number.integer += bytes[group]
        number.end = group.upperBound
      }
    }
    if number.end < range.upperBound, bytes[number.end] == ascii("."),
      isDigit(number.end + 1, range)
    {
      let end = digitsEnd(number.end + 1, range)
      number.fraction = Array(bytes[(number.end + 1)..<end])
      number.end = end
    }
    if let power = powerOfTen(at: number.end, in: range) {
      (number.exponent, number.end) = (power.exponent, power.end)
    }
    return number
  }

  /// Three digits behind a thousands separator: `,` or LaTeX's `{,}` and `\,`.
  private func thousandsGroup(at index: Int, in range: Range<Int>) -> Range<Int>? {
    let separators: [StaticString] = [",", "{,}", "\\,"]
    for separator in separators
    where bytes.startsLowercased(separator, at: index, limit: range.upperBound) {
      let start = index + separator.utf8CodeUnitCount
      if digitsEnd(start, range) - start == 3 { return start..<(start + 3) }
    }
    return nil
  }

  private func powerOfTen(at index: Int, in range: Range<Int>) -> (exponent: Int, end: Int)? {
    guard index < range.upperBound, bytes[index] | 0x20 == ascii("e") else { return nil }
    var start = index + 1
    var isNegative = false
    if start < range.upperBound, bytes[start] == ascii("-") || bytes[start] == ascii("+") {
      isNegative = bytes[start] == ascii("-")
      start += 1
    }
    let end = digitsEnd(start, range)
    guard end > start, end - start <= 3 else { return nil }
    if end < range.upperBound, bytes[end].isASCIILetter { return nil }
    guard let value = Int(String(decoding: bytes[start..<end], as: UTF8.self)) else { return nil }
    return (isNegative ? -value : value, end)
  }

  // MARK: What only looks like a number

  /// The end of a time, ratio, date or version that starts with the digits at `start`.
  private func compoundEnd(from start: Int, after end: Int, in range: Range<Int>) -> Int? {
    func joins(_ index: Int, _ joiner: Unicode.Scalar) -> Bool {
      index < range.upperBound && bytes[index] == ascii(joiner) && isDigit(index + 1, range)
    }
    var isCompound = joins(end, ":") || joins(end, ".")
    if joins(end, "/") {
      let second = digitsEnd(end + 1, range)
      isCompound = isCompound || joins(second, "/")
    }
    if end - start == 4, joins(end, "-") {
      let month = digitsEnd(end + 1, range)
      isCompound = isCompound || (month - end <= 3 && joins(month, "-"))
    }
    guard isCompound else { return nil }
    var last = end
    while joins(last, ":") || joins(last, ".") || joins(last, "/") || joins(last, "-") {
      last = digitsEnd(last + 1, range)
    }
    return last
  }

  // MARK: Signs and fractions

  /// The minus sign in front of digits, with a currency sign between or before them. The range of
  /// a number starts at its minus sign, or at its digits if it has none.
  private func sign(before index: Int, in range: Range<Int>) -> (isNegative: Bool, start: Int) {
    let beforeCurrency = index - currencyLength(before: index, in: range)
    for end in beforeCurrency == index ? [index] : [index, beforeCurrency] {
      let length = minusLength(before: end, in: range)
      guard length > 0 else { continue }
      let start = end - length
      if start > range.lowerBound {
        let previous = bytes[start - 1]
        // Behind an operand the sign is a subtraction, behind another dash it is punctuation.
        if previous.isASCIIDigit || previous.isASCIILetter { continue }
        if [")", "]", "}", "%", "-"].contains(where: { ascii($0) == previous }) { continue }
      }
      return (true, start)
    }
    return (false, index)
  }

  private func minusLength(before end: Int, in range: Range<Int>) -> Int {
    if end - 1 >= range.lowerBound, bytes[end - 1] == ascii("-") { return 1 }
    let unicodeMinus: [UInt8] = [0xE2, 0x88, 0x92]
    if end - 3 >= range.lowerBound, bytes[(end - 3)..<end].elementsEqual(unicodeMinus) { return 3 }
    return 0
  }

  /// The length of `$`, `\$`, `€`, `£` or `¥` in front of an index.
  private func currencyLength(before end: Int, in range: Range<Int>) -> Int {
    for sign in ["\\$", "$", "€", "£", "¥"] {
      let start = end - sign.utf8.count
      if start >= range.lowerBound, bytes[start..<end].elementsEqual(sign.utf8) {
        return sign.utf8.count
      }
    }
    return 0
  }

  /// `3/4`, or the mixed number `1 1/2`, starting with an integer already read.
  private func fraction(
    from first: Magnitude, isNegative: Bool, in range: Range<Int>
  ) -> (value: ExactNumber, end: Int)? {
    guard let whole = first.whole, first.end < range.upperBound else { return nil }
    func denominator(at index: Int) -> (value: UInt64, end: Int)? {
      guard index < range.upperBound, bytes[index] == ascii("/"), isDigit(index + 1, range),
        let number = magnitude(at: index + 1, in: range), let value = number.whole, value != 0
      else { return nil }
      return (value, number.end)
    }
    if let bottom = denominator(at: first.end) {
      return ExactNumber(isNegative: isNegative, numerator: whole, denominator: bottom.value)
        .map { ($0, bottom.end) }
    }
    guard bytes[first.end] == ascii(" "), isDigit(first.end + 1, range),
      let top = magnitude(at: first.end + 1, in: range), let numerator = top.whole,
      let bottom = denominator(at: top.end), numerator < bottom.value,
      compoundEnd(from: first.end + 1, after: top.end, in: range) == nil
    else { return nil }
    let (product, overflow) = whole.multipliedReportingOverflow(by: bottom.value)
    let (sum, overflowed) = product.addingReportingOverflow(numerator)
    guard !overflow, !overflowed else { return nil }
    return ExactNumber(isNegative: isNegative, numerator: sum, denominator: bottom.value)
      .map { ($0, bottom.end) }
  }

  /// `\frac{3}{4}`, `\dfrac{3}{4}` or `\tfrac{3}{4}`.
  private func scanLatexFraction(
    at index: Int, in range: Range<Int>
  ) -> (number: ScannedNumber?, next: Int) {
    let commands: [StaticString] = ["\\frac{", "\\dfrac{", "\\tfrac{"]
    for command in commands
    where bytes.startsLowercased(command, at: index, limit: range.upperBound) {
      let start = index + command.utf8CodeUnitCount
      guard isDigit(start, range), let top = magnitude(at: start, in: range),
        bytes.startsLowercased("}{", at: top.end, limit: range.upperBound),
        isDigit(top.end + 2, range), let bottom = magnitude(at: top.end + 2, in: range),
        bottom.end < range.upperBound, bytes[bottom.end] == ascii("}"),
        let numerator = top.whole, let denominator = bottom.whole
      else { continue }
      let sign = sign(before: index, in: range)
      let value = ExactNumber(
        isNegative: sign.isNegative, numerator: numerator, denominator: denominator)
      guard let value else { continue }
      let found = ScannedNumber(range: sign.start..<(bottom.end + 1), value: value)
      return (found, bottom.end + 1)
    }
    return (nil, index + 1)
  }
}

extension ExactNumber {
  /// The numbers written in a text, in order; see `NumberScanner` for what is read as one.
  public static func all(in text: String) -> [ExactNumber] {
    let bytes = Array(text.utf8)
    return NumberScanner(bytes: bytes).numbers(in: bytes.indices).map(\.value)
  }
}
