/// Finds the answer in a generated text. The only extractor of the program: every strategy, the
/// grader, the tallies and Δ use it.
///
/// In order of trust: the last `\boxed{…}`; what follows the last announcing phrase ("The answer
/// is", "answer:", "####"); bold print that is an answer; and without any of these, by kind: the
/// last number, an option letter, yes or no, a lone word, the last expression. What is announced is
/// read whole or not at all: an announced answer that cannot be read never gives way to an earlier
/// number. Such a text, like one without any answer, has none, and is counted as unparsed.
///
/// The kind decides what counts as an answer and what as the same. It never makes one announced
/// answer out of another: what is read for a number is what is read where the kind is not known,
/// or nothing.
///
/// Text after the end of the answer must have been cut by the caller's stop rule: a base model
/// that runs on into the next question would otherwise have that one's answer read.
public enum AnswerExtractor {
  /// The answer in a generated text, or nil.
  /// - Parameters:
  ///   - generated: The bytes of the generated text, well-formed UTF-8 or not.
  ///   - kind: What the question asks for, if known.
  ///   - thinking: The tags of a model that thinks between tags. Only what follows the closing
  ///     tag is read then, and a text still thinking has no answer.
  public static func extract(
    from generated: [UInt8], kind: AnswerKind = .any, thinking: ThinkingTags? = nil
  ) -> ExtractedAnswer? {
    var range = 0..<generated.count
    if let thinking {
      let split = Thinking.split(generated, tags: thinking)
      let isTagged = split.boundary.map { isTag($0, thinking.close, in: generated) } ?? true
      if isTagged { range = split.answer }
    }
    return AnswerReader(bytes: generated, kind: kind).answer(in: range)
  }

  /// The answer in a text, with byte offsets into its UTF-8.
  public static func extract(
    from generated: String, kind: AnswerKind = .any, thinking: ThinkingTags? = nil
  ) -> ExtractedAnswer? { extract(from: Array(generated.utf8), kind: kind, thinking: thinking) }

  /// The answer of a text that may think between tags, whichever of the known ones they are.
  public static func answer(said bytes: [UInt8], kind: AnswerKind) -> ExtractedAnswer? {
    let tags = ThinkingTags.known.first { $0.end(in: bytes) != nil }
    return extract(from: bytes, kind: kind, thinking: tags)
  }

  private static func isTag(_ range: Range<Int>, _ tag: String, in bytes: [UInt8]) -> Bool {
    bytes[range].elementsEqual(tag.utf8)
  }
}
