/// A rational number of any size in one normal form, so that equal numbers are equal values and
/// have one spelling.
///
/// Nothing passes through binary floating point. A number is `±numerator / denominator · 10^tens`
/// where the denominator has no factor in common with 10 or the numerator, and the numerator does
/// not end in 0. 8, 8.0, 08 and 16/2 are all "8"; 3/4 and .75 are "0.75"; 2/6 is "1/3", which no
/// decimal equals.
public struct ExactNumber: Hashable, Sendable, CustomStringConvertible {
  let isNegative: Bool
  let numerator: Natural
  let denominator: Natural
  let tens: Int

  /// Results of arithmetic with more digits than this are not computed.
  static let digitLimit = 1_000
  /// Powers of ten beyond this are spelled as such instead of as zeros.
  private static let spelledTens = 400

  /// A quotient times a power of ten; nil by zero.
  init?(
    isNegative: Bool = false, _ numerator: Natural, over denominator: Natural = .one, tens: Int = 0
  ) {
    guard !denominator.isZero else { return nil }
    guard !numerator.isZero else {
      (self.isNegative, self.numerator, self.denominator, self.tens) = (false, .zero, .one, 0)
      return
    }
    var (top, bottom, tens) = (numerator, denominator, tens)
    for (factor, partner) in [(UInt32(2), Natural(5)), (5, Natural(2))] {
      while !bottom.isOne {
        let (quotient, rest) = bottom.divided(bySmall: factor)
        guard rest == 0 else { break }
        (top, bottom, tens) = (top * partner, quotient, tens - 1)
      }
    }
    if !bottom.isOne {
      let divisor = Natural.greatestCommonDivisor(top, bottom)
      top = top.divided(by: divisor)?.quotient ?? top
      bottom = bottom.divided(by: divisor)?.quotient ?? bottom
    }
    let (shortened, zeros) = top.withoutTrailingZeros()
    (self.isNegative, self.numerator, self.denominator) = (isNegative, shortened, bottom)
    self.tens = tens + zeros
  }

  /// A decimal number from its digits, from 0 to 9, before and behind the point.
  init(integer: [UInt8], fraction: [UInt8] = [], exponent: Int = 0) {
    let digits = Natural(digits: integer + fraction)
    // A denominator of 1 is never 0.
    self = ExactNumber(digits, tens: exponent - fraction.count) ?? .zero
  }

  init(_ value: Int) {
    self = ExactNumber(isNegative: value < 0, Natural(UInt64(value.magnitude))) ?? .zero
  }

  private init(copying other: ExactNumber, isNegative: Bool) {
    self.isNegative = isNegative && !other.numerator.isZero
    (numerator, denominator, tens) = (other.numerator, other.denominator, other.tens)
  }

  static let zero = ExactNumber(0)
  static let one = ExactNumber(1)

  var isZero: Bool { numerator.isZero }
  var isWhole: Bool { denominator.isOne && tens >= 0 }
  var magnitude: ExactNumber { ExactNumber(copying: self, isNegative: false) }

  /// The value as a whole number, if it is one and fits.
  var int: Int? {
    guard isWhole, tens <= 18, let digits = numerator.small else { return nil }
    var value = Int(exactly: digits)
    for _ in 0..<tens {
      guard let shorter = value else { return nil }
      let (product, overflow) = shorter.multipliedReportingOverflow(by: 10)
      value = overflow ? nil : product
    }
    return value.map { isNegative ? -$0 : $0 }
  }

  // MARK: Spelling

  /// The canonical spelling: an optional `-`, no superfluous zeros, and a fraction `p/q` only
  /// where the decimal expansion would not end.
  public var description: String { (isNegative ? "-" : "") + unsignedText }

  private var unsignedText: String {
    guard denominator.isOne else {
      let (top, bottom) = quotient
      return abs(tens) > Self.spelledTens
        ? "\(numerator.text)/\(denominator.text)e\(tens)" : "\(top.text)/\(bottom.text)"
    }
    let digits = numerator.text
    guard abs(tens) <= Self.spelledTens || (tens < 0 && -tens < digits.count) else {
      return "\(digits)e\(tens)"
    }
    guard tens < 0 else { return digits + String(repeating: "0", count: tens) }
    let padding = String(repeating: "0", count: max(0, 1 - tens - digits.count))
    let padded = padding + digits
    return "\(padded.dropLast(-tens)).\(padded.suffix(-tens))"
  }

  /// As a quotient in lowest terms, of a number whose power of ten is small.
  var quotient: (numerator: Natural, denominator: Natural) {
    guard abs(tens) <= Self.digitLimit else { return (numerator, denominator) }
    let power = Natural(10).power(abs(tens))
    guard tens < 0 else { return (numerator * power, denominator) }
    let divisor = Natural.greatestCommonDivisor(numerator, power)
    return (
      numerator.divided(by: divisor)?.quotient ?? numerator,
      denominator * (power.divided(by: divisor)?.quotient ?? power)
    )
  }

  // MARK: Arithmetic; nil where the result would be too long

  private var digitCount: Int { numerator.digitCount + denominator.digitCount }

  static prefix func - (number: Self) -> Self {
    ExactNumber(copying: number, isNegative: !number.isNegative)
  }

  static func * (left: Self, right: Self) -> Self? {
    guard left.digitCount + right.digitCount <= digitLimit,
      abs(left.tens) < 1 << 40, abs(right.tens) < 1 << 40
    else { return nil }
    return ExactNumber(
      isNegative: left.isNegative != right.isNegative, left.numerator * right.numerator,
      over: left.denominator * right.denominator, tens: left.tens + right.tens)
  }

  /// One divided by the number; nil for 0.
  var inverse: ExactNumber? {
    guard abs(tens) < 1 << 40, digitCount <= Self.digitLimit else { return nil }
    return ExactNumber(isNegative: isNegative, denominator, over: numerator, tens: -tens)
  }

  static func + (left: Self, right: Self) -> Self? {
    if left.isZero { return right }
    if right.isZero { return left }
    let tens = min(left.tens, right.tens)
    let (up, down) = (left.tens - tens, right.tens - tens)
    guard up <= digitLimit, down <= digitLimit,
      left.digitCount + right.digitCount + up + down <= digitLimit
    else { return nil }
    let a = left.numerator * Natural(10).power(up) * right.denominator
    let b = right.numerator * Natural(10).power(down) * left.denominator
    let bottom = left.denominator * right.denominator
    guard left.isNegative != right.isNegative else {
      return ExactNumber(isNegative: left.isNegative, a + b, over: bottom, tens: tens)
    }
    return a < b
      ? ExactNumber(isNegative: right.isNegative, b - a, over: bottom, tens: tens)
      : ExactNumber(isNegative: left.isNegative, a - b, over: bottom, tens: tens)
  }

  static func < (left: Self, right: Self) -> Bool { (left + -right)?.isNegative ?? false }

  /// The power with a whole exponent; nil where it is too long, or for 0 to a negative one.
  func power(_ exponent: Int) -> ExactNumber? {
    guard exponent >= 0 else { return exponent == .min ? nil : inverse?.power(-exponent) }
    let digits =
      (numerator.isOne ? 0 : numerator.digitCount)
      + (denominator.isOne ? 0 : denominator.digitCount)
    guard exponent < 1 << 30,
      digits.multipliedReportingOverflow(by: exponent).partialValue
        <= Self.digitLimit, abs(tens) <= 1 << 10
    else { return nil }
    return ExactNumber(
      isNegative: isNegative && exponent % 2 == 1, numerator.power(exponent),
      over: denominator.power(exponent), tens: tens * exponent)
  }
}

extension ExactNumber {
  /// The numbers written in a text, in order; see `AnswerScanner` for what is read as one.
  public static func all(in text: String) -> [ExactNumber] {
    NumberScanner(bytes: Array(text.utf8)).numbers(in: 0..<text.utf8.count).map(\.value)
  }
}
