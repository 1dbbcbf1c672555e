public import Decoding

/// `retrieved`: a passage of a text stands in the prompt.
public struct Retrieval: Sendable, Hashable, Codable {
  /// From 1, the best first.
  public var rank: Int
  /// The file it comes from, and where it stands there, in bytes.
  public var source: String
  public var start: Int
  public var end: Int
  /// How well it fits the question.
  public var score: Double
  /// The tokens of the prompt that spell it; nil where the prompt has it otherwise.
  public var first: NodeID?
  public var last: NodeID?

  public init(
    rank: Int, source: String, start: Int, end: Int, score: Double, first: NodeID? = nil,
    last: NodeID? = nil
  ) {
    self.rank = rank
    self.source = source
    self.start = start
    self.end = end
    self.score = score
    self.first = first
    self.last = last
  }
}
