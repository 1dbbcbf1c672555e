/// A right answer, and what a text says in its place.
public struct GoldAnswer: Sendable, Hashable {
  /// What is asked for.
  public let kind: AnswerKind
  /// The answer without the `####` or box that may stand around it.
  public let text: String

  /// - Parameters:
  ///   - text: The answer as written: `18`, `#### 1,080`, `\boxed{2\pi}`, `B`.
  ///   - kind: What is asked for; nil where the answer tells.
  public init(_ text: String, kind: AnswerKind? = nil) {
    let bare = Self.bare(text)
    self.text = bare
    self.kind = kind ?? AnswerNormalizer.kind(ofGold: bare)
  }

  /// The one spelling of the answer; nil where it cannot be read as one of its kind.
  public var normal: String? { AnswerNormalizer.normalize(text, kind: kind) }

  /// What a text says, read as an answer of the kind; nil where it says nothing.
  public func answer(in text: String) -> ExtractedAnswer? {
    AnswerExtractor.answer(said: Array(text.utf8), kind: kind)
  }

  /// Whether an answer is this one.
  public func isMatched(by answer: String?) -> Bool {
    answer.map { AnswerGrader.isCorrect($0, gold: text, kind: kind) } ?? false
  }

  private static func bare(_ text: String) -> String {
    if let mark = text.ranges(of: "####").last {
      return String(text[mark.upperBound...]).trimmingWhitespace
    }
    let bytes = Array(text.utf8)
    guard let box = AnswerMarkers(bytes: bytes).boxes(in: bytes.indices).last else { return text }
    return String(decoding: bytes[box], as: UTF8.self)
  }
}
