/// An answer found in generated text.
public struct ExtractedAnswer: Hashable, Sendable, Codable {
  /// The normal form in which answers are compared and tallied ("8" for "8.0 apples").
  public var value: String
  /// The answer as written, without unit or closing period ("8.0").
  public var text: String
  /// Where the answer stands, in bytes of the generated text: the characters of `text` only.
  public var byteRange: Range<Int>

  public init(value: String, text: String, byteRange: Range<Int>) {
    (self.value, self.text, self.byteRange) = (value, text, byteRange)
  }

  /// The tokens that spell a byte range: every token that shares at least one byte with it.
  ///
  /// A token may reach beyond the range on either side (" 8" for the digit "8"). Δ of
  /// CoT-decoding (Wang & Zhou 2024, arXiv 2402.10200, eq. 1) is the mean over these tokens.
  /// - Parameter tokenByteCounts: The byte count of each generated token, in order; control
  ///   tokens have none.
  /// - Returns: nil if the range is empty or reaches beyond the tokens.
  public static func tokenRange(
    of byteRange: Range<Int>, tokenByteCounts: some Sequence<Int>
  ) -> Range<Int>? {
    guard !byteRange.isEmpty, byteRange.lowerBound >= 0 else { return nil }
    var first: Int?
    var start = 0
    var index = 0
    for count in tokenByteCounts {
      let end = start + max(0, count)
      if first == nil, end > byteRange.lowerBound { first = index }
      if let first, end >= byteRange.upperBound { return first..<(index + 1) }
      start = end
      index += 1
    }
    return nil
  }
}
