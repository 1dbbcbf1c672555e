/// Text in columns.
extension String {
  /// Padded with spaces to a width in characters, on the right or, for numbers, on the left.
  func padded(to width: Int, left: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return left ? padding + self : self + padding
  }
}
