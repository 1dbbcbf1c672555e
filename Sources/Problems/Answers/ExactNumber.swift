/// A rational number in one canonical spelling, so that equal numbers are equal strings.
///
/// Nothing passes through binary floating point: decimals are compared digit by digit and
/// fractions as reduced integer pairs. 8, 8.0, 08 and 16/2 are all "8"; 3/4 and .75 are "0.75";
/// 2/6 is "1/3", which no decimal equals.
public struct ExactNumber: Hashable, Sendable, CustomStringConvertible {
  /// The canonical spelling: an optional `-`, no superfluous zeros, and a fraction `p/q` only
  /// where the decimal expansion would not end.
  public let description: String

  /// A decimal number from its digits (ASCII), scaled by a power of ten.
  ///
  /// Returns nil if the exponent is larger than any answer could need (±400), so that `1e999999`
  /// does not become a million zeros.
  init?(
    isNegative: Bool, integer: some Sequence<UInt8>, fraction: some Sequence<UInt8>,
    exponent: Int = 0
  ) {
    guard abs(exponent) <= 400 else { return nil }
    var whole = Array(integer)
    var part = Array(fraction)
    if exponent > 0 {
      part += Array(repeating: ascii("0"), count: Swift.max(0, exponent - part.count))
      whole += part.prefix(exponent)
      part.removeFirst(exponent)
    } else if exponent < 0 {
      let padding = Swift.max(0, -exponent - whole.count)
      whole.insert(contentsOf: repeatElement(ascii("0"), count: padding), at: 0)
      part.insert(contentsOf: whole.suffix(-exponent), at: 0)
      whole.removeLast(-exponent)
    }
    whole = Array(whole.drop { $0 == ascii("0") })
    while part.last == ascii("0") { part.removeLast() }
    let isZero = whole.isEmpty && part.isEmpty
    var spelling: [UInt8] = isNegative && !isZero ? [ascii("-")] : []
    spelling += whole.isEmpty ? [ascii("0")] : whole
    if !part.isEmpty { spelling += [ascii(".")] + part }
    description = String(decoding: spelling, as: UTF8.self)
  }

  /// The fraction `numerator / denominator`; nil if the denominator is zero.
  init?(isNegative: Bool, numerator: UInt64, denominator: UInt64) {
    guard denominator != 0 else { return nil }
    let divisor = Self.greatestCommonDivisor(numerator, denominator)
    let (top, bottom) = (numerator / divisor, denominator / divisor)
    let (whole, rest) = top.quotientAndRemainder(dividingBy: bottom)
    if let digits = Self.terminatingDigits(of: rest, over: bottom) {
      self.init(isNegative: isNegative, integer: String(whole).utf8, fraction: digits)
    } else {
      self.init(canonical: "\(isNegative ? "-" : "")\(top)/\(bottom)")
    }
  }

  private init(canonical: String) { description = canonical }

  /// The decimal digits of `remainder / denominator` (reduced, below 1) if they end.
  private static func terminatingDigits(of remainder: UInt64, over denominator: UInt64) -> [UInt8]?
  {
    var odd = denominator
    while odd % 2 == 0 { odd /= 2 }
    while odd % 5 == 0 { odd /= 5 }
    guard odd == 1 else { return nil }
    var digits: [UInt8] = []
    var remainder = remainder
    while remainder != 0 {
      let shifted = remainder.multipliedFullWidth(by: 10)
      let (digit, rest) = denominator.dividingFullWidth(shifted)
      digits.append(ascii("0") + UInt8(digit))
      remainder = rest
    }
    return digits
  }

  private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return Swift.max(a, 1)
  }
}
