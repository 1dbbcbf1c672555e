extension RandomAccessCollection where Element: Equatable, Index == Int {
  /// The element so many places on from another, round at the ends. Where the other is none of
  /// them: the first, or going back the last.
  ///
  /// - Returns: nil for an empty collection.
  func cycled(from element: Element?, by offset: Int) -> Element? {
    guard !isEmpty else { return nil }
    guard let element, let here = firstIndex(of: element) else { return offset < 0 ? last : first }
    let place: Int = (here - startIndex + offset) % count
    return self[startIndex + (place + count) % count]
  }
}
