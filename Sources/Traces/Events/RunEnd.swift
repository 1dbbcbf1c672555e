/// `finished`: a run has ended.
public struct RunEnd: Sendable, Hashable, Codable {
  public enum Reason: String, Sendable, Codable { case completed, cancelled, failed }

  public var reason: Reason
  public var answer: String?
  /// Whether the answer is right; nil when the right one is unknown.
  public var correct: Bool?
  public var tokens: TokenCounts
  /// What the answer was before the strategy looked at it again; nil where it did not.
  public var revision: Revision?
  /// What went wrong, when `failed`.
  public var message: String?

  public init(
    reason: Reason, answer: String?, correct: Bool?, tokens: TokenCounts,
    revision: Revision? = nil, message: String? = nil
  ) {
    self.reason = reason
    self.answer = answer
    self.correct = correct
    self.tokens = tokens
    self.revision = revision
    self.message = message
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(reason, forKey: .reason)
    try container.encode(answer, forKey: .answer)
    try container.encode(correct, forKey: .correct)
    try container.encode(tokens, forKey: .tokens)
    try container.encodeIfPresent(revision, forKey: .revision)
    try container.encodeIfPresent(message, forKey: .message)
  }
}

/// An answer that was looked at again: what it had been before.
public struct Revision: Sendable, Hashable, Codable {
  /// nil when there was no answer before.
  public var of: String?
  /// Whether that was right; nil when the right one is unknown.
  public var correct: Bool?

  public init(of answer: String?, correct: Bool? = nil) {
    self.of = answer
    self.correct = correct
  }
}
