/// Text in columns.
extension String {
  /// Padded with spaces to a width in characters, on the right or, for numbers, on the left.
  func padded(to width: Int, left: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return left ? padding + self : self + padding
  }
}

/// Numbers of bytes as people read them.
enum ByteCount {
  /// Such as `1.8 MB`.
  static func text(_ count: Int) -> String {
    var (value, unit) = (Double(count), 0)
    let units = ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    let tenths = (value * 10).rounded() / 10
    return unit == 0 || tenths >= 100
      ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths) \(units[unit])"
  }
}
