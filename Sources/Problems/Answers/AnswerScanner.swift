/// A piece of a text that answers are read from.
struct Lexeme {
  enum Kind: Hashable {
    /// A decimal number as written, without sign: `1,234.50`, `12 345`, `.5`, `1e3`.
    case number(ExactNumber)
    /// A fraction in one character: `½`.
    case fraction(ExactNumber)
    /// Raised digits: `²`, `⁻¹`.
    case superscript(Int)
    /// Letters, with digits and an index glued to them: `apples`, `x_1`, `H2O`.
    case word(String)
    /// What only looks like numbers: a time, a ratio, a date, a version, a number to a base.
    case compound(String)
    /// A LaTeX command that stands for itself.
    case command(String)
    /// Any other character; the various signs for one thing are one.
    case sign(Character)
  }

  var kind: Kind
  /// Where it stands, in bytes of the text.
  var range: Range<Int>
  /// Whether white space or formatting stands in front.
  var isSpaced = false
  /// Whether a line begins with it.
  var startsLine = false
  /// Whether it stands in a formula.
  var isMath = false
  /// Whether it stands in `\text{…}`.
  var isText = false
  /// Whether it has neither sign nor point nor separators: `34`, not `3.4`.
  var isPlainDigits = false

  func isSign(_ sign: Character) -> Bool { kind == .sign(sign) }
  func isWord(_ word: String) -> Bool {
    if case .word(let own) = kind { own.lowercased() == word } else { false }
  }
  /// The word in lower case.
  var word: String? { if case .word(let own) = kind { own.lowercased() } else { nil } }
  /// The word as written.
  var writtenWord: String? { if case .word(let own) = kind { own } else { nil } }
  var number: ExactNumber? { if case .number(let value) = kind { value } else { nil } }
  /// Whether digits stand here.
  var isNumeric: Bool {
    switch kind {
    case .number, .fraction, .superscript, .compound: true
    default: false
    }
  }
}

/// Divides a text into lexemes. All of its signs for one thing (minus, times, spaces, digits of
/// any script, LaTeX and plain) come out as one, so that no reader needs to know them.
///
/// Formatting is left out: white space, `**`, `$`, `\(`, `\left`, `\text{` and the like.
struct AnswerScanner {
  let bytes: [UInt8]
  private let scalars: [UInt32]
  /// Where each scalar begins, and the end of the range.
  private let offsets: [Int]
  private let startsInMath: Bool
  private var index = 0
  private var lexemes: [Lexeme] = []
  private var isSpaced = false
  private var startsLine = true
  /// For each open brace whether it is that of `\text{`.
  private var braces: [Bool] = []
  private var textDepth = 0
  /// Where the formula ends that a dollar has begun.
  private var mathEnd: Int?
  private var isInMath = false
  private var bracketDepth = 0

  /// - Parameter isMath: Whether the range is a formula as a whole, like the content of a box.
  static func lexemes(in bytes: [UInt8], range: Range<Int>, isMath: Bool = false) -> [Lexeme] {
    var scanner = AnswerScanner(bytes: bytes, range: range, isMath: isMath)
    return scanner.scan()
  }

  private init(bytes: [UInt8], range: Range<Int>, isMath: Bool) {
    self.bytes = bytes
    let range = range.clamped(to: 0..<bytes.count)
    var scalars: [UInt32] = []
    var offsets: [Int] = []
    scalars.reserveCapacity(range.count)
    offsets.reserveCapacity(range.count + 1)
    var index = range.lowerBound
    while index < range.upperBound {
      offsets.append(index)
      let (scalar, length) = Self.scalar(in: bytes, at: index, limit: range.upperBound)
      scalars.append(scalar)
      index += length
    }
    offsets.append(range.upperBound)
    (self.scalars, self.offsets) = (scalars, offsets)
    startsInMath = isMath
    isInMath = isMath
  }

  /// The character at an index; a byte that begins none is U+FFFD.
  private static func scalar(
    in bytes: [UInt8], at index: Int, limit: Int
  ) -> (scalar: UInt32, length: Int) {
    let first = bytes[index]
    guard first >= 0x80 else { return (UInt32(first), 1) }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
    guard length > 1, first < 0xF5, index + length <= limit else { return (0xFFFD, 1) }
    var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
    for byte in bytes[(index + 1)..<(index + length)] {
      guard byte & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return (value, length)
  }

  // MARK: Looking at characters

  private func at(_ position: Int) -> UInt32 {
    scalars.indices.contains(position) ? scalars[position] : 0
  }
  private func isAt(_ position: Int, _ character: Unicode.Scalar) -> Bool {
    at(position) == character.value
  }
  private func starts(_ text: StaticString, at position: Int) -> Bool {
    var offset = position
    for byte in UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) {
      guard at(offset) == UInt32(byte) else { return false }
      offset += 1
    }
    return true
  }

  /// The value of a decimal digit of any script.
  private func digit(_ position: Int) -> UInt8? {
    let value = at(position)
    if value < 0x80 { return (0x30...0x39).contains(value) ? UInt8(value - 0x30) : nil }
    guard let scalar = Unicode.Scalar(value), scalar.properties.generalCategory == .decimalNumber,
      let digit = scalar.properties.numericValue
    else { return nil }
    return UInt8(digit)
  }

  private static let superscripts: [UInt32: Int] = [
    0x2070: 0, 0xB9: 1, 0xB2: 2, 0xB3: 3, 0x2074: 4, 0x2075: 5, 0x2076: 6, 0x2077: 7, 0x2078: 8,
    0x2079: 9,
  ]

  private static let spaces: Set<UInt32> = [
    0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
    0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060, 0x00AD,
  ]
  private func isSpace(_ position: Int) -> Bool {
    let value = at(position)
    return value < 0x80
      ? (0x01...0x20).contains(value)
      : (0x2000...0x200A).contains(value) || Self.spaces.contains(value)
  }
  /// Spaces that may stand between groups of digits.
  private func isGroupSpace(_ position: Int) -> Bool {
    (0x2000...0x200A).contains(at(position)) || [0x20, 0xA0, 0x202F, 0x3000].contains(at(position))
  }

  private func isASCIILetter(_ position: Int) -> Bool {
    let value = at(position) | 0x20
    return at(position) < 0x80 && (0x61...0x7A).contains(value)
  }
  private func isLetter(_ position: Int) -> Bool {
    let value = at(position)
    if value < 0x80 { return isASCIILetter(position) }
    // The middle dot and the ordinal that stands for a degree are signs.
    if value == 0xB7 || value == 0xBA { return false }
    return value == 0xFFFD
      || Unicode.Scalar(value).map { $0.properties.isAlphabetic || $0.properties.isDiacritic }
        ?? false
  }
  /// Letters that digits may be glued to; between ideographs and digits a word ends.
  private func isGluing(_ position: Int) -> Bool { at(position) < 0x250 && isLetter(position) }

  private func skipSpaces(_ position: Int) -> Int {
    var position = position
    while isSpace(position) { position += 1 }
    return position
  }

  // MARK: Scanning

  private mutating func scan() -> [Lexeme] {
    while index < scalars.count {
      if index == mathEnd {
        mathEnd = nil
        isInMath = startsInMath
        index += isAt(index + 1, "$") ? 2 : 1
      } else if isSpace(index) {
        if isAt(index, "\n") { startsLine = true }
        isSpaced = true
        index += 1
      } else if isAt(index, "\\") {
        command()
      } else if digit(index) != nil || (isAt(index, ".") && startsDecimal(index)) {
        number()
      } else if isLetter(index) {
        word()
      } else {
        character()
      }
    }
    return lexemes
  }

  private mutating func add(
    _ kind: Lexeme.Kind, to end: Int, isPlainDigits: Bool = false, from start: Int? = nil
  ) {
    if case .sign(let sign) = kind {
      if "([⦃".contains(sign) { bracketDepth += 1 }
      if ")]⦄".contains(sign) { bracketDepth = max(0, bracketDepth - 1) }
    }
    lexemes.append(
      Lexeme(
        kind: kind, range: offsets[start ?? index]..<offsets[min(end, scalars.count)],
        isSpaced: isSpaced, startsLine: startsLine, isMath: isInMath, isText: textDepth > 0,
        isPlainDigits: isPlainDigits))
    (isSpaced, startsLine) = (false, false)
    index = end
  }

  private mutating func leaveOut(to end: Int) {
    isSpaced = true
    index = end
  }

  // MARK: Numbers

  private func startsDecimal(_ position: Int) -> Bool {
    guard digit(position + 1) != nil || overline(at: position + 1) != nil,
      position == 0 || !isAt(position - 1, ".")
    else { return false }
    return position == 0 || !(isGluing(position - 1) || digit(position - 1) != nil)
  }

  private func digits(_ start: Int) -> (values: [UInt8], end: Int) {
    var (values, end) = ([UInt8](), start)
    while let value = digit(end) {
      values.append(value)
      end += 1
    }
    return (values, end)
  }

  private mutating func number() {
    var (whole, end) = digits(index)
    let first = end
    let continental = continental(after: end, whole)
    if continental == nil, let compound = compoundEnd(after: end, count: whole.count) {
      return add(.compound(text(index..<compound)), to: compound)
    }
    if let continental {
      return add(.number(continental.value), to: continental.end)
    }
    if (1...3).contains(whole.count), whole != [0] {
      let groups = groups(after: end, first: whole.count)
      whole += groups.values
      end = groups.end
    }
    var fraction: [UInt8] = []
    if isAt(end, ".") || at(end) == 0x066B || at(end) == 0xFF0E, digit(end + 1) != nil {
      (fraction, end) = digits(end + 1)
    } else if starts("{.}", at: end), digit(end + 3) != nil {
      (fraction, end) = digits(end + 3)
    }
    var repeating: [UInt8] = []
    if let overlined = overline(at: isAt(end, ".") ? end + 1 : end),
      isAt(end, ".") || !fraction.isEmpty
    {
      (repeating, end) = overlined
    } else if let tail = repeatingTail(of: fraction, at: end) {
      repeating = Array(fraction.suffix(1))
      fraction.removeLast()
      end = tail
    }
    var exponent = 0
    if let power = powerOfTen(at: end) { (exponent, end) = power }
    var value = ExactNumber(integer: whole, fraction: fraction, exponent: exponent)
    if !repeating.isEmpty {
      // The repeating digits over as many nines.
      let nines = Natural(digits: repeating.map { _ in 9 })
      let rest = ExactNumber(
        Natural(digits: repeating), over: nines, tens: exponent - fraction.count)
      value = rest.flatMap { value + $0 } ?? value
    }
    add(.number(value), to: end, isPlainDigits: end == first)
  }

  /// A number that can only be written as on the Continent, with points between the thousands and a
  /// comma before the decimals: `1.234,50`.
  private func continental(after first: Int, _ whole: [UInt8]) -> (value: ExactNumber, end: Int)? {
    var (whole, end) = (whole, first)
    while isAt(end, "."), digits(end + 1).values.count == 3 {
      whole += digits(end + 1).values
      end += 4
    }
    guard end > first, (1...3).contains(first - index) else { return nil }
    // 1.234.567
    if end > first + 4, digits(index).values != [0], !isAt(end, ",") || digit(end + 1) == nil,
      !isAt(end, ".") || digit(end + 1) == nil, digit(end) == nil, !isLetter(end)
    {
      return (ExactNumber(integer: whole), end)
    }
    guard isAt(end, ",") else { return nil }
    let (decimals, last) = digits(end + 1)
    guard (1...2).contains(decimals.count), !isAt(last, ".") || digit(last + 1) == nil,
      !isAt(last, ",") || digit(last + 1) == nil
    else { return nil }
    return (ExactNumber(integer: whole, fraction: decimals), last)
  }

  /// `\overline{3}` behind a decimal point.
  private func overline(at position: Int) -> (digits: [UInt8], end: Int)? {
    for name: StaticString in ["\\overline", "\\bar", "\\dot"] where starts(name, at: position) {
      var start = position + name.utf8CodeUnitCount
      while isAt(start, " ") { start += 1 }
      if isAt(start, "{") {
        let (values, end) = digits(start + 1)
        if !values.isEmpty, values.count <= 60, isAt(end, "}") { return (values, end + 1) }
      } else if let value = digit(start) {
        return ([value], start + 1)
      }
    }
    // 0.(3)
    if isAt(position, "("), isAt(position - 1, ".") {
      let (values, end) = digits(position + 1)
      if !values.isEmpty, values.count <= 60, isAt(end, ")") { return (values, end + 1) }
    }
    return nil
  }

  /// The end of what says that the last decimal repeats: a line above it, "repeating", or dots
  /// behind several of the same.
  private func repeatingTail(of fraction: [UInt8], at end: Int) -> Int? {
    guard let last = fraction.last else { return nil }
    if at(end) == 0x305 || at(end) == 0x304 { return end + 1 }
    let isOne = fraction.allSatisfy { $0 == last }
    let word = skipSpaces(end)
    if isOne, word > end {
      for name: StaticString in ["repeating", "recurring"] where starts(name, at: word) {
        return word + name.utf8CodeUnitCount
      }
    }
    let same = fraction.reversed().prefix { $0 == last }.count
    guard same >= 3 || (isOne && same >= 2) else { return nil }
    for dots: StaticString in ["...", "\\ldots", "\\dots", "\\cdots"] where starts(dots, at: end) {
      return end + dots.utf8CodeUnitCount
    }
    // The last of the dots may end the sentence.
    if starts("..", at: end), end + 2 == scalars.count { return end + 2 }
    return at(end) == 0x2026 ? end + 1 : nil
  }

  private func powerOfTen(at position: Int) -> (exponent: Int, end: Int)? {
    guard at(position) | 0x20 == 0x65 else { return nil }
    var start = position + 1
    let isNegative = isMinus(start)
    if isNegative || isAt(start, "+") { start += 1 }
    let (values, end) = digits(start)
    guard (1...9).contains(values.count), !isLetter(end) else { return nil }
    let value = values.reduce(0) { $0 * 10 + Int($1) }
    return (isNegative ? -value : value, end)
  }

  private func isMinus(_ position: Int) -> Bool {
    [0x2D, 0x2212, 0x2010, 0x2011, 0xFF0D, 0xFE63, 0x207B].contains(at(position))
  }

  /// The groups of digits behind the first one: three digits each behind one and the same
  /// separator, or as in India two each and three at the end.
  private func groups(after end: Int, first: Int) -> (values: [UInt8], end: Int) {
    for isIndian in first <= 2 ? [false, true] : [false] {
      var (values, last) = ([UInt8](), end)
      var separator: String?
      var sizes: [Int] = []
      while let found = groupSeparator(at: last), separator ?? found.name == found.name {
        let (group, groupEnd) = digits(found.end)
        guard group.count == 3 || (isIndian && group.count == 2), !(sizes.last == 3 && isIndian),
          !isGroupBroken(groupEnd, found.name)
        else { break }
        values += group
        (last, separator) = (groupEnd, found.name)
        sizes.append(group.count)
      }
      if isIndian, separator != ",", separator != "{,}" { continue }
      if !sizes.isEmpty, !isIndian || (sizes.count > 1 && sizes.last == 3) { return (values, last) }
    }
    return ([], end)
  }

  /// Behind a space, digits that are followed by a fraction or a time are a number of their own.
  private func isGroupBroken(_ end: Int, _ separator: String) -> Bool {
    separator == " " && (isAt(end, "/") || isAt(end, ":") || at(end) == 0x2044)
  }

  private func groupSeparator(at position: Int) -> (name: String, end: Int)? {
    let written: [(StaticString, String)] = [
      ("\\!,", ",!"), ("{,}\\!", "{,}!"), ("\\text{,}", "{,}"),
      (",\\!", ",!"), ("{,}", "{,}"), (",", ","), ("\\,", "\\,"), ("\\ ", "\\ "), ("~", "~"),
      ("_", "_"), ("'", "'"), ("\\;", "\\;"), ("\\:", "\\:"),
      ("\\thinspace", "\\,"), ("{\\,}", "\\,"), ("\\!", "\\!"),
    ]
    for (text, name) in written where starts(text, at: position) {
      // In brackets a comma is between the members of a pair or a list.
      if name == ",", bracketDepth > 0 { return nil }
      return (name, position + text.utf8CodeUnitCount)
    }
    if [0x2019, 0x066C, 0xFF0C].contains(at(position)) { return ("'", position + 1) }
    return isGroupSpace(position) ? (" ", position + 1) : nil
  }

  /// The end of a time, ratio, date, version or number to a base that begins with digits.
  private func compoundEnd(after end: Int, count: Int) -> Int? {
    func joins(_ position: Int, _ joiner: Unicode.Scalar) -> Bool {
      isAt(position, joiner) && digit(position + 1) != nil
    }
    if isAt(end, "_") {
      let isBraced = isAt(end + 1, "{")
      let (base, baseEnd) = digits(end + (isBraced ? 2 : 1))
      let isBase = (1...2).contains(base.count) && !isLetter(baseEnd)
      if isBase, !isBraced || isAt(baseEnd, "}") { return baseEnd + (isBraced ? 1 : 0) }
    }
    if digit(end - 1) == 0, count == 1, at(end) | 0x20 == 0x78, isHexadecimal(end + 1) {
      var last = end + 1
      while isHexadecimal(last) { last += 1 }
      return last
    }
    // 2 pm
    if count <= 2, let half = halfOfDayEnd(after: end) { return half }
    var isCompound = joins(end, ":")
    if joins(end, ".") {
      let second = digits(end + 1)
      isCompound = isCompound || joins(second.end, ".")
    }
    if joins(end, "/") {
      isCompound = isCompound || joins(digits(end + 1).end, "/")
    }
    if count == 4, joins(end, "-") {
      let month = digits(end + 1)
      isCompound = isCompound || (month.values.count <= 2 && joins(month.end, "-"))
    }
    guard isCompound else { return nil }
    var last = end
    while joins(last, ":") || joins(last, ".") || joins(last, "/") || joins(last, "-") {
      last = digits(last + 1).end
    }
    return isAt(end, ":") ? halfOfDayEnd(after: last) ?? last : last
  }

  private func isHexadecimal(_ position: Int) -> Bool {
    digit(position) != nil || (0x61...0x66).contains(at(position) | 0x20) && at(position) < 0x80
  }

  /// The end of `am`, `p.m.` and the like behind a time.
  private func halfOfDayEnd(after end: Int) -> Int? {
    var position = end
    while isGroupSpace(position) { position += 1 }
    guard [0x61, 0x70].contains(at(position) | 0x20) else { return nil }
    position += 1
    let isDotted = isAt(position, ".")
    if isDotted { position += 1 }
    guard at(position) | 0x20 == 0x6D, !isLetter(position + 1) else { return nil }
    position += 1
    return isDotted && isAt(position, ".") ? position + 1 : position
  }

  // MARK: Words

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[offsets[range.lowerBound]..<offsets[range.upperBound]], as: UTF8.self)
  }

  private mutating func word() {
    var end = index + 1
    if at(index) | 0x20 == 0x78, digit(end) != nil, !isSpaced, lexemes.last?.number != nil {
      // 3x4
      return add(.word("x"), to: end)
    }
    if isASCIILetter(index), isAt(end, "."), isASCIILetter(end + 1), !isLetter(end + 2), !isInMath {
      // i.e., e.g., p.m.
      add(.word(text(index..<(end + 2))), to: end + (isAt(end + 2, ".") ? 3 : 2))
      return
    }
    // Ｃ
    if (0xFF21...0xFF3A).contains(at(index)), !isLetter(end),
      let letter = Unicode.Scalar(at(index) - 0xFEE0)
    {
      return add(.word(String(letter)), to: end)
    }
    let isIdeograph = !isGluing(index)
    while isLetter(end), isGluing(end) != isIdeograph { end += 1 }
    if !isIdeograph {
      // "don't", "x2", "H2O"
      while true {
        if isGluing(end) || (digit(end) != nil && !isInMath) {
          end += 1
        } else if isAt(end, "'") || at(end) == 0x2019, isGluing(end + 1) {
          end += 2
        } else {
          break
        }
      }
      if let indexEnd = subscriptEnd(end) { end = indexEnd }
    }
    add(.word(text(index..<end)), to: end)
  }

  /// The end of an index: `_1`, `_{12}`.
  private func subscriptEnd(_ position: Int) -> Int? {
    guard isAt(position, "_") else { return nil }
    let isBraced = isAt(position + 1, "{")
    var end = position + (isBraced ? 2 : 1)
    let start = end
    while end - start < 12, isASCIILetter(end) || digit(end) != nil { end += 1 }
    guard end > start else { return nil }
    return isBraced ? (isAt(end, "}") ? end + 1 : nil) : end
  }

  // MARK: Other characters

  /// What stands for one and the same sign.
  private static let signs: [UInt32: Character] = {
    var signs: [UInt32: Character] = [:]
    let groups: [Character: [UInt32]] = [
      "-": [0x2212, 0x2010, 0x2011, 0xFF0D, 0xFE63], "–": [0x2013, 0x2012],
      "—": [0x2014, 0x2015], "*": [0xD7, 0xB7, 0x22C5, 0x2219, 0x2217, 0x2A2F, 0xFF0A],
      "/": [0xF7, 0x2044, 0x2215, 0xFF0F], "+": [0xFF0B], "=": [0xFF1D], "≤": [0x2A7D],
      "≥": [0x2A7E], "≈": [0x2243, 0x2245, 0x223C, 0x2248], "→": [0x21D2, 0x27F9, 0x2192],
      "(": [0xFF08], ")": [0xFF09], "%": [0xFF05, 0x66A], "√": [0x221A], "°": [0xBA],
      "\"": [0x201C, 0x201D, 0xAB, 0xBB, 0x201E], "'": [0x2018, 0x2019], ".": [0x3002, 0xFF0E],
      ",": [0xFF0C, 0x3001, 0x060C], ":": [0xFF1A], ";": [0xFF1B], "!": [0xFF01], "?": [0xFF1F],
      "$": [0xFF04],
    ]
    for (sign, values) in groups { for value in values { signs[value] = sign } }
    return signs
  }()

  private static let currencies: Set<UInt32> = [
    0xA2, 0xA3, 0xA4, 0xA5, 0x20A9, 0x20AA, 0x20AB, 0x20AC, 0x20B9, 0x20BA, 0x20BD, 0x20BF, 0xFFE5,
    0x20A6, 0x20B1,
  ]

  private mutating func character() {
    let value = at(index)
    if Self.currencies.contains(value) {
      index += 1
      return
    }
    if let power = superscript(index) { return add(.superscript(power.value), to: power.end) }
    if let scalar = Unicode.Scalar(value), value >= 0xBC, let fraction = Self.vulgar(scalar) {
      return add(.fraction(fraction), to: index + 1)
    }
    switch Character(Unicode.Scalar(value) ?? " ") {
    case "$", "＄": dollar()
    case "*": star()
    case "`": leaveOut(to: index + 1)
    case "_": leaveOut(to: index + 1)
    case "~": leaveOut(to: index + 1)
    case "{": openBrace()
    case "}": closeBrace()
    case "<" where isAt(index + 1, "="): add(.sign("≤"), to: index + 2)
    case ">" where isAt(index + 1, "="): add(.sign("≥"), to: index + 2)
    case "=" where isAt(index + 1, ">"), "-" where isAt(index + 1, ">"):
      add(.sign("→"), to: index + 2)
    case "!" where isAt(index + 1, "=") && !isAt(index + 2, "="): add(.sign("≠"), to: index + 2)
    case "=" where isAt(index + 1, "="): add(.sign("="), to: index + 2)
    case "-" where isAt(index + 1, "-"):
      add(.sign("—"), to: index + (isAt(index + 2, "-") ? 3 : 2))
    case "." where isAt(index + 1, ".") && isAt(index + 2, "."): add(.sign("…"), to: index + 3)
    case "." where isAt(index + 1, ".") && digit(index + 2) != nil:
      add(.sign("…"), to: index + 2)
    case "—" where startsWithMinus(index): add(.sign("-"), to: index + 1)
    case "<" where tagEnd(index) != nil: leaveOut(to: tagEnd(index) ?? index + 1)
    case "\u{0338}": leaveOut(to: index + 1)
    case let other: add(.sign(Self.signs[value] ?? other), to: index + 1)
    }
  }

  /// Whether a dash that is apart from the words in front and glued to a number is its sign.
  private func startsWithMinus(_ position: Int) -> Bool {
    position == 0 && offsets[0] > 0 && bytes[offsets[0] - 1] == ascii(" ")
      && digit(position + 1) != nil
  }

  /// The end of an HTML tag that only formats.
  private func tagEnd(_ start: Int) -> Int? {
    var end = start + (isAt(start + 1, "/") ? 2 : 1)
    let name = end
    while isASCIILetter(end) || isAt(end, "_"), end - name < 16 { end += 1 }
    let word = text(name..<min(end, scalars.count)).lowercased()
    while isAt(end, " ") || isAt(end, "/") { end += 1 }
    return Self.tags.contains(word) && isAt(end, ">") ? end + 1 : nil
  }

  private static let tags: Set<String> = [
    "b", "strong", "i", "em", "u", "br", "p", "span", "div", "code", "mark", "final",
    "final_answer", "answer", "sub", "sup", "h1", "li", "ul", "td", "tr", "center",
  ]

  private func superscript(_ start: Int) -> (value: Int, end: Int)? {
    let isNegative = at(start) == 0x207B
    var (value, end) = (0, isNegative ? start + 1 : start)
    let first = end
    while end - first < 9, let digit = Self.superscripts[at(end)] {
      value = value * 10 + digit
      end += 1
    }
    return end == first ? nil : (isNegative ? -value : value, end)
  }

  private static func vulgar(_ scalar: Unicode.Scalar) -> ExactNumber? {
    guard scalar.properties.numericType == .numeric, let value = scalar.properties.numericValue,
      (0xBC...0xBE).contains(scalar.value) || (0x2150...0x215E).contains(scalar.value)
    else { return nil }
    // These are all fractions of 2 to 10 parts.
    let bottom = (2...10).first {
      ((value * Double($0)).rounded() - value * Double($0)).magnitude < 1e-6
    }
    return bottom.flatMap {
      ExactNumber(
        Natural(UInt64((value * Double($0)).rounded())), over: Natural(UInt64($0)))
    }
  }

  /// A dollar is currency or the edge of a formula; either way nothing is read from it but, in
  /// the second case, that a formula begins.
  private mutating func dollar() {
    if let last = lexemes.last, case .word(let word) = last.kind, !isSpaced, word.utf8.count <= 3,
      word.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5A })
    {
      // US$, R$
      lexemes.removeLast()
    }
    let isDouble = isAt(index + 1, "$")
    let start = index + (isDouble ? 2 : 1)
    if !isInMath, mathEnd == nil, isDouble || !isSpace(start) {
      var end = start
      while end < scalars.count, end - start < 400, !isAt(end, "$"), isDouble || !isAt(end, "\n") {
        end += isAt(end, "\\") ? 2 : 1
      }
      if isAt(end, "$"), isDouble || (!isSpace(end - 1) && digit(end + 1) == nil) {
        mathEnd = end
        isInMath = true
      }
    }
    index = start
  }

  /// `**` between two values is a power and `*` a product; elsewhere both are formatting.
  private mutating func star() {
    let isDouble = isAt(index + 1, "*")
    let end = index + (isDouble ? 2 : 1)
    let isValueBefore =
      lexemes.last.map { last in
        switch last.kind {
        case .number, .fraction, .superscript, .word: true
        case .sign(let sign): ")]}!%°".contains(sign)
        default: false
        }
      } ?? false
    let next = skipSpaces(end)
    let isValueAfter =
      digit(next) != nil || isLetter(next) || [0x28, 0x2E, 0x5C, 0x221A, 0x24].contains(at(next))
      || (isMinus(next) && !isDouble)
    let isEven = isSpaced == (next > end)
    // 10**3, x**2
    let joinsDigits =
      index > 0 && digit(end) != nil
      && (digit(index - 1) != nil
        || (isASCIILetter(index - 1) && (lexemes.last?.writtenWord?.utf8.count ?? 0) == 1))
    guard isValueBefore, isValueAfter, isDouble ? joinsDigits || (isInMath && isEven) : isEven
    else { return leaveOut(to: end) }
    add(.sign(isDouble ? "^" : "*"), to: end)
  }

  private mutating func openBrace() {
    if isMinus(index + 1), isAt(index + 2, "}") { return add(.sign("-"), to: index + 3) }
    braces.append(false)
    if braces.count > 400 { return leaveOut(to: index + 1) }
    add(.sign("{"), to: index + 1)
  }

  private mutating func closeBrace() {
    if braces.popLast() == true {
      textDepth -= 1
      return leaveOut(to: index + 1)
    }
    add(.sign("}"), to: index + 1)
  }

  // MARK: LaTeX

  private static let textCommands: Set<String> = [
    "text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "mathrm", "mathbf",
    "mathit", "mathsf", "mathtt", "mathbb", "mathcal", "mbox", "hbox", "emph", "operatorname",
    "underline", "boldsymbol", "bm", "bf", "rm", "it", "ensuremath", "boxed", "fbox",
  ]
  private static let spacing: Set<String> = [
    "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr", "bigg", "Bigg", "displaystyle",
    "textstyle", "limits", "quad", "qquad", "!", ",", ";", ":", " ", "(", ")", "[", "]", "$",
    "middle", "enspace", "thinspace", "hspace", "phantom", "/", "pounds", "euro", "yen",
    "large", "Large", "LARGE", "huge", "Huge", "small", "normalsize", "boldmath",
  ]
  private static let commandSigns: [String: Character] = [
    "times": "*", "cdot": "*", "ast": "*", "div": "/", "pm": "±", "mp": "∓", "le": "≤", "leq": "≤",
    "leqslant": "≤", "ge": "≥", "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠", "lt": "<",
    "gt": ">", "approx": "≈", "sim": "≈", "simeq": "≈", "doteq": "≈", "cong": "≈", "equiv": "=",
    "to": "→", "rightarrow": "→", "implies": "→", "Rightarrow": "→", "Longrightarrow": "→",
    "cup": "∪", "cap": "∩", "in": "∈", "infty": "∞", "circ": "°", "degree": "°", "%": "%",
    "{": "⦃", "}": "⦄", "lbrace": "⦃", "rbrace": "⦄", "lbrack": "[", "rbrack": "]", "dots": "…",
    "ldots": "…", "cdots": "…", "colon": ":", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|",
    "&": "&", "#": "#", "_": "_", "\\": "\\",
  ]
  private static let letters: [String: String] = [
    "pi": "π", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ",
    "lambda": "λ", "mu": "μ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ",
    "omega": "ω", "psi": "ψ", "eta": "η", "zeta": "ζ", "xi": "ξ", "nu": "ν", "kappa": "κ",
    "chi": "χ",
  ]

  private mutating func command() {
    var end = index + 1
    while isASCIILetter(end), end - index < 24 { end += 1 }
    if end == index + 1 { end += 1 }
    end = min(end, scalars.count)
    // A backslash at the end says nothing.
    if end <= index + 1 { return leaveOut(to: end) }
    let name = text((index + 1)..<end)
    if name == "(" || name == "[" { isInMath = true }
    if name == ")" || name == "]" { isInMath = startsInMath }
    if Self.textCommands.contains(name) {
      let brace = skipSpaces(end)
      guard isAt(brace, "{") else { return leaveOut(to: end) }
      braces.append(true)
      textDepth += 1
      return leaveOut(to: brace + 1)
    }
    if Self.spacing.contains(name) { return leaveOut(to: end) }
    if let letter = Self.letters[name] { return add(.word(letter), to: end) }
    if let sign = Self.commandSigns[name] { return add(.sign(sign), to: end) }
    switch name {
    case "color", "textcolor":
      // The colour is no part of the answer.
      var close = skipSpaces(end)
      guard isAt(close, "{") else { return leaveOut(to: end) }
      while close < scalars.count, !isAt(close, "}"), close - end < 40 { close += 1 }
      leaveOut(to: min(close + 1, scalars.count))
    case "Omega": add(.word("Ω"), to: end)
    case "textdegree": add(.sign("°"), to: end)
    case "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac", "frac": add(.command("frac"), to: end)
    default:
      let indexEnd = subscriptEnd(end)
      add(.command(name + (indexEnd.map { text(end..<$0) } ?? "")), to: indexEnd ?? end)
    }
  }
}
