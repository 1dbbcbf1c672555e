public import Decoding

/// `pruned`: a path or node is given up.
public struct Pruning: Sendable, Hashable {
  public var node: NodeID
  /// The path that is given up; for a candidate that no path ever took, the path that stood
  /// before it.
  public var path: Int?
  /// Why, in a word or two ("rank 5 of 4": fifth where four go on).
  public var why: String
  /// The score that decided, and its kind.
  public var kind: Score.Kind?
  public var value: Double?
  /// The token of a candidate that no path ever took, so that it can be read without the model,
  /// and the node before it; nil for a path, whose nodes are known.
  public var token: Token?
  public var parent: NodeID?

  public init(
    node: NodeID, path: Int?, why: String, kind: Score.Kind? = nil, value: Double? = nil,
    token: Token? = nil, parent: NodeID? = nil
  ) {
    self.node = node
    self.path = path
    self.why = why
    self.kind = kind
    self.value = value
    self.token = token
    self.parent = parent
  }
}

extension Pruning: Codable {
  private enum Key: String, CodingKey {
    case node, path, why, kind, value, token, text, bytes, parent
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(node, forKey: .node)
    try container.encodeIfPresent(path, forKey: .path)
    try container.encode(why, forKey: .why)
    try container.encodeIfPresent(kind, forKey: .kind)
    try container.encodeIfPresent(value, forKey: .value)
    try container.encodeIfPresent(token?.id, forKey: .token)
    try container.encodeIfPresent(token?.text, forKey: .text)
    try container.encodeIfPresent(token?.bytes, forKey: .bytes)
    try container.encodeIfPresent(parent, forKey: .parent)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let token = try container.decodeIfPresent(TokenID.self, forKey: .token)
    let bytes = try container.decodeIfPresent([UInt8].self, forKey: .bytes) ?? []
    self.init(
      node: try container.decode(NodeID.self, forKey: .node),
      path: try container.decodeIfPresent(Int.self, forKey: .path),
      why: try container.decode(String.self, forKey: .why),
      kind: try container.decodeIfPresent(Score.Kind.self, forKey: .kind),
      value: try container.decodeIfPresent(Double.self, forKey: .value),
      token: token.map { Token(id: $0, bytes: bytes) },
      parent: try container.decodeIfPresent(NodeID.self, forKey: .parent))
  }
}
