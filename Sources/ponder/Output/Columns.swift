import Foundation

/// Text in columns.
extension String {
  /// Padded with spaces to a width in characters, on the right or, for numbers, on the left.
  func padded(to width: Int, left: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return left ? padding + self : self + padding
  }
}

/// A share in three places, "—" where there is none.
func fixed(_ value: Double?) -> String {
  value.map { String(format: "%.3f", $0) } ?? "—"
}

/// An interval in three places, "—" where there is none.
func fixed(_ interval: ClosedRange<Double>?) -> String {
  interval.map { String(format: "[%.3f, %.3f]", $0.lowerBound, $0.upperBound) } ?? "—"
}

extension ClosedRange {
  /// Both ends, as reports have them.
  var bounds: [Bound] { [lowerBound, upperBound] }
}
