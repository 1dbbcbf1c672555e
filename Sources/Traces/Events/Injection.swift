public import Decoding

/// `injected`: text that was put in, not sampled.
public struct Injection: Sendable, Hashable {
  public enum Role: String, Sendable, Codable {
    /// The prompt of the run.
    case prompt
    /// Put in by the strategy ("Therefore, the answer is", "Wait,").
    case strategy
    /// Put in by the user.
    case user
  }

  public var role: Role
  /// nil for the prompt, which all paths share.
  public var path: Int?
  public var parent: NodeID
  /// The last node of the inserted text.
  public var end: NodeID
  public var tokens: [Token]
  /// log p of each token at temperature 1, where the model was asked what it finds of them; else empty.
  public var logProbabilities: [Double]

  public init(
    role: Role, path: Int?, parent: NodeID, end: NodeID, tokens: [Token],
    logProbabilities: [Double] = []
  ) {
    self.role = role
    self.path = path
    self.parent = parent
    self.end = end
    self.tokens = tokens
    self.logProbabilities = logProbabilities
  }

  /// The inserted bytes.
  public var bytes: [UInt8] { tokens.flatMap(\.bytes) }
}

extension Injection: Codable {
  private enum Key: String, CodingKey {
    case role, path, parent, end, text, tokens, bytes, logprobs
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(role, forKey: .role)
    try container.encodeIfPresent(path, forKey: .path)
    try container.encode(parent, forKey: .parent)
    try container.encode(end, forKey: .end)
    try container.encode(String(decoding: bytes, as: UTF8.self), forKey: .text)
    try container.encode(tokens.map(\.id), forKey: .tokens)
    try container.encode(tokens.map(\.bytes), forKey: .bytes)
    if !logProbabilities.isEmpty { try container.encode(logProbabilities, forKey: .logprobs) }
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let ids = try container.decode([TokenID].self, forKey: .tokens)
    let bytes = try container.decode([[UInt8]].self, forKey: .bytes)
    guard ids.count == bytes.count else {
      throw Swift.DecodingError.dataCorruptedError(
        forKey: .bytes, in: container, debugDescription: "tokens and bytes must be equally many.")
    }
    let logProbabilities = try container.decodeIfPresent([Double].self, forKey: .logprobs) ?? []
    guard logProbabilities.isEmpty || logProbabilities.count == ids.count else {
      throw Swift.DecodingError.dataCorruptedError(
        forKey: .logprobs, in: container,
        debugDescription: "tokens and logprobs must be equally many.")
    }
    self.init(
      role: try container.decode(Role.self, forKey: .role),
      path: try container.decodeIfPresent(Int.self, forKey: .path),
      parent: try container.decode(NodeID.self, forKey: .parent),
      end: try container.decode(NodeID.self, forKey: .end),
      tokens: zip(ids, bytes).map { Token(id: $0, bytes: $1) }, logProbabilities: logProbabilities)
  }
}
