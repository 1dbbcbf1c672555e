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
}
