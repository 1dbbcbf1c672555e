/// The tags between which a model declares that it thinks.
public struct ThinkingTags: Hashable, Sendable, Codable {
  public var open: String
  public var close: String
  /// Whether the prompt has opened the tag already, so that a path begins as thinking.
  public var startsOpen: Bool

  public init(open: String, close: String, startsOpen: Bool = false) {
    self.open = open
    self.close = close
    self.startsOpen = startsOpen
  }

  /// `<think>` … `</think>`, the tags of R1-style models, of Qwen3 and of the bundled one.
  public static let think = ThinkingTags(open: "<think>", close: "</think>")

  /// The tags that are looked for, in this order. The second are those of Mistral's models.
  public static let known = [think, ThinkingTags(open: "[THINK]", close: "[/THINK]")]
}

/// A generated text divided into thinking and answer. All ranges are bytes of that text.
public struct Thinking: Hashable, Sendable {
  /// The thinking, without tags.
  public var thinking: Range<Int>
  /// What ended the thinking: the closing tag, or the phrase that announces the answer. nil if
  /// nothing did. Budget forcing replaces it by "Wait,".
  public var boundary: Range<Int>?
  /// The answer: all that follows the boundary.
  public var answer: Range<Int>

  /// Divides a text.
  ///
  /// With tags, thinking is what stands between them; a prompt may have opened the tag already
  /// (`ThinkingTags.startsOpen`), so a closing tag alone is enough, and a tag that is open but
  /// never closed makes the rest all thinking. Without declared tags, or where none appear, thinking is everything before the
  /// last announcing phrase ("The answer is"); a text without one is all answer.
  public static func split(_ generated: [UInt8], tags: ThinkingTags? = nil) -> Thinking {
    let all = 0..<generated.count
    if let tags, let tagged = split(generated, between: tags) { return tagged }
    guard let marker = AnswerMarkers(bytes: generated).phrases(in: all).last else {
      return Thinking(thinking: 0..<0, boundary: nil, answer: all)
    }
    return Thinking(
      thinking: 0..<marker.lowerBound, boundary: marker,
      answer: marker.upperBound..<generated.count)
  }

  /// Whether a text ends while it thinks: a tag was opened and is not closed.
  public static func isOpen(_ generated: [UInt8], tags: ThinkingTags) -> Bool {
    split(generated, between: tags).map { $0.boundary == nil } ?? false
  }

  private static func split(_ bytes: [UInt8], between tags: ThinkingTags) -> Thinking? {
    let opening = first(Array(tags.open.utf8), in: bytes, from: 0)
    let start = opening?.upperBound ?? 0
    if let closing = first(Array(tags.close.utf8), in: bytes, from: start) {
      return Thinking(
        thinking: start..<closing.lowerBound, boundary: closing,
        answer: closing.upperBound..<bytes.count)
    }
    guard opening != nil || tags.startsOpen else { return nil }
    return Thinking(thinking: start..<bytes.count, boundary: nil, answer: bytes.count..<bytes.count)
  }

  private static func first(_ text: [UInt8], in bytes: [UInt8], from start: Int) -> Range<Int>? {
    guard !text.isEmpty, bytes.count - start >= text.count else { return nil }
    for index in start...(bytes.count - text.count)
    where bytes[index] == text[0] && bytes[index..<(index + text.count)].elementsEqual(text) {
      return index..<(index + text.count)
    }
    return nil
  }
}

extension ThinkingTags {
  /// Where the closing tag stands in a text that thinks between these; nil where it does not.
  public func end(in bytes: [UInt8]) -> Range<Int>? {
    guard let boundary = Thinking.split(bytes, tags: self).boundary,
      bytes[boundary].elementsEqual(close.utf8)
    else { return nil }
    return boundary
  }
}
