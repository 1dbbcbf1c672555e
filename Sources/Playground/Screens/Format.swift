/// How figures are written, alike on every screen.
public enum Format {
  /// `.341`, `1.00`; three digits without the leading zero, as tables of probabilities are set.
  public static func probability(_ value: Double) -> String {
    guard value.isFinite else { return "—" }
    let rounded = (value * 1000).rounded() / 1000
    if rounded >= 1 { return fixed(rounded, 2) }
    if rounded < 0 { return "-" + probability(-value) }
    return String(fixed(rounded, 3).dropFirst())
  }

  /// A probability below a thousandth as `<.001` instead of `.000`.
  static func smallProbability(_ value: Double) -> String {
    value > 0 && value < 0.0005 ? "<.001" : probability(value)
  }

  /// `[.341, .512]`.
  static func interval(_ range: ClosedRange<Double>) -> String {
    "[\(probability(range.lowerBound)), \(probability(range.upperBound))]"
  }

  /// A setting between 0 and 1 as it was given, to three digits: `.95`, `.005`, `1`, `0`.
  public static func share(_ value: Double) -> String {
    if value >= 1 || value <= 0 { return fixed(value, 0) }
    if value < 0.0005 { return "<.001" }
    if value >= 0.9995 { return ">.999" }
    var text = String(fixed(value, 3).dropFirst())
    while text.last == "0" { text.removeLast() }
    return text
  }

  /// A constant as it was given, to two digits: `4`, `1.25`, `0.5`.
  public static func constant(_ value: Double) -> String {
    var text = fixed(value, 2)
    while text.contains("."), text.last == "0" || text.last == "." { text.removeLast() }
    return text
  }

  /// A number with a fixed count of digits after the point.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "—" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e15 else { return String(value) }
    let whole = Int64(scaled) / Int64(scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if digits == 0 { return "\(sign)\(whole)" }
    let fraction = String(Int64(scaled) % Int64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  /// A count in at most four digits and a letter: `960`, `4.1k`, `66k`, `1.2M`.
  public static func count(_ value: Int) -> String {
    for (unit, letter) in [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
    where value >= unit {
      let scaled = Double(value) / Double(unit)
      return fixed(scaled, scaled < 10 ? 1 : 0) + letter
    }
    return "\(value)"
  }

  /// A number of bytes: `960 B`, `1.8 MB`, `12 GB`.
  public static func bytes(_ count: Int) -> String {
    var (value, unit) = (Double(count), 0)
    let units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let tenths = (value * 10).rounded() / 10
    return unit == 0 || tenths >= 100
      ? "\(fixed(value, 0)) \(units[unit])" : "\(fixed(tenths, 1)) \(units[unit])"
  }

  /// Something per second: `3.2`, `312`, `4.1k`.
  public static func rate(_ value: Double) -> String {
    guard value.isFinite else { return "—" }
    return value < 10 ? fixed(value, 1) : count(Int(min(value, 1e15).rounded()))
  }

  /// A stretch of time in milliseconds, three digits: `6.21 ms`, `41.3 ms`, `180 ms`, `2.31 s`.
  public static func milliseconds(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "—" }
    let value = seconds * 1000
    if abs(value) >= 999.5 { return "\(fixed(seconds, abs(seconds) < 100 ? 2 : 0)) s" }
    return "\(fixed(value, abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0)) ms"
  }

  /// A stretch of time: `8 s`, `3 min`, `2 h`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "—" }
    if seconds < 90 { return "\(fixed(seconds, 0)) s" }
    if seconds < 5400 { return "\(fixed(seconds / 60, 0)) min" }
    return "\(fixed(seconds / 3600, 0)) h"
  }
}
