public import Decoding

/// `node`: a path moves on by one token.
public struct NodeEvent: Sendable, Hashable {
  public var id: NodeID
  public var parent: NodeID
  public var path: Int
  public var token: Token
  /// log p at temperature 1, or nil, and then `why`.
  public var logProbability: Double?
  public var why: String?
  /// The distribution the token was chosen from, at the run's detail.
  public var candidates: Candidates?

  public init(
    id: NodeID, parent: NodeID, path: Int, token: Token, logProbability: Double?,
    why: String? = nil, candidates: Candidates? = nil
  ) {
    self.id = id
    self.parent = parent
    self.path = path
    self.token = token
    self.logProbability = logProbability
    self.why = why
    self.candidates = candidates
  }
}

extension NodeEvent: Codable {
  private enum Key: String, CodingKey {
    case id, parent, path, token, text, bytes, logprob, why, candidates
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(id, forKey: .id)
    try container.encode(parent, forKey: .parent)
    try container.encode(path, forKey: .path)
    try container.encode(token.id, forKey: .token)
    try container.encode(token.text, forKey: .text)
    try container.encode(token.bytes, forKey: .bytes)
    try container.encode(logProbability, forKey: .logprob)
    try container.encodeIfPresent(why, forKey: .why)
    try container.encodeIfPresent(candidates, forKey: .candidates)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    self.init(
      id: try container.decode(NodeID.self, forKey: .id),
      parent: try container.decode(NodeID.self, forKey: .parent),
      path: try container.decode(Int.self, forKey: .path),
      token: Token(
        id: try container.decode(TokenID.self, forKey: .token),
        bytes: try container.decode([UInt8].self, forKey: .bytes)),
      logProbability: try container.decodeIfPresent(Double.self, forKey: .logprob),
      why: try container.decodeIfPresent(String.self, forKey: .why),
      candidates: try container.decodeIfPresent(Candidates.self, forKey: .candidates))
  }
}
