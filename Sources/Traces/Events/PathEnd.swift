public import Decoding

/// `path_finished`: a path has ended.
public struct PathEnd: Sendable, Hashable, Codable {
  public var path: Int
  public var end: NodeID
  /// `end_of_text`, `stop`, `length`, `context`, `cancelled` or `failed`; from searches also
  /// `pruned`, `lookahead` (only simulated) and `unfinished` (the search ended first).
  public var reason: String
  /// The normalised answer; nil when none could be found.
  public var answer: String?
  /// How many of the path's tokens were sampled, those before a fork included.
  public var generated: Int

  public init(path: Int, end: NodeID, reason: String, answer: String?, generated: Int) {
    self.path = path
    self.end = end
    self.reason = reason
    self.answer = answer
    self.generated = generated
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(path, forKey: .path)
    try container.encode(end, forKey: .end)
    try container.encode(reason, forKey: .reason)
    try container.encode(answer, forKey: .answer)
    try container.encode(generated, forKey: .generated)
  }
}
