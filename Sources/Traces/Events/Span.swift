public import Decoding

/// `span`: a stretch of a path that means something, from `first` to `last`, both included.
public struct Span: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable {
    case answer
    case step
    /// What was thought before the answer.
    case thinking
    /// A problem that the model recalled, with its solution.
    case recalled
    /// The principle that the model stated before it answered.
    case principle
  }

  public var kind: Kind
  public var path: Int
  public var first: NodeID
  public var last: NodeID
  /// For an answer its normalised value.
  public var value: String?

  public init(kind: Kind, path: Int, first: NodeID, last: NodeID, value: String? = nil) {
    self.kind = kind
    self.path = path
    self.first = first
    self.last = last
    self.value = value
  }
}
