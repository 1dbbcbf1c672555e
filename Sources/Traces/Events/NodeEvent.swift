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
  fileprivate enum Key: String, CodingKey {
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

extension TraceRecord {
  /// Reads a line that holds a `node` event as Ponder writes it; nil for any other, which
  /// `JSONDecoder` reads. Almost all of a trace are such lines.
  init?(nodeIn line: UnsafeBufferPointer<UInt8>) {
    var json = JSONBytes(line)
    var event = NodeEvent.Fields()
    var number: Int?
    var isNode = false
    let isWhole = json.object { key, json in
      switch key {
      case "event":
        guard !isNode, json.utf8()?.elementsEqual("node".utf8) == true else { return false }
        isNode = true
      case "run":
        guard number == nil else { return false }
        number = json.natural()
        return number != nil
      default: return event.take(key, from: &json)
      }
      return true
    }
    guard isWhole, json.isAtEnd, isNode, let node = event.node else { return nil }
    self.init(run: number ?? 1, .node(node))
    guard isPlausible else { return nil }
  }
}

extension NodeEvent {
  /// The fields of an event as they come.
  fileprivate struct Fields {
    private var id: NodeID?
    private var parent: NodeID?
    private var path: Int?
    private var token: TokenID?
    private var bytes: [UInt8]?
    private var logProbability: Double?
    private var why: String?
    private var candidates: Candidates?
    /// A key that comes twice is left to whoever reads any JSON.
    private var seen: Set<Key> = []

    /// Takes the value of a key; false for what is not as Ponder writes it.
    mutating func take(_ name: String, from json: inout JSONBytes) -> Bool {
      guard let key = Key(rawValue: name), seen.insert(key).inserted else { return false }
      switch key {
      case .id: id = json.digits16().map { NodeID(rawValue: $0) }
      case .parent: parent = json.digits16().map { NodeID(rawValue: $0) }
      case .path: path = json.natural()
      case .token: token = json.natural().flatMap { TokenID(exactly: $0) }
      case .bytes: bytes = json.byteArray()
      case .candidates: candidates = Candidates(from: &json)
      case .text: return json.utf8() != nil
      case .logprob:
        if json.takeNull() { return true }
        logProbability = json.double()
      case .why: why = json.text()
      }
      return has(key)
    }

    private func has(_ key: Key) -> Bool {
      switch key {
      case .id: id != nil
      case .parent: parent != nil
      case .path: path != nil
      case .token: token != nil
      case .text: true
      case .bytes: bytes != nil
      case .logprob: logProbability != nil
      case .why: why != nil
      case .candidates: candidates != nil
      }
    }

    var node: NodeEvent? {
      guard let id, let parent, let path, let token, let bytes else { return nil }
      return NodeEvent(
        id: id, parent: parent, path: path, token: Token(id: token, bytes: bytes),
        logProbability: logProbability, why: why, candidates: candidates)
    }
  }
}
