public import Decoding

/// A saved distribution together with the bytes of its tokens, so that a trace can be read
/// without the model.
public struct Candidates: Sendable, Hashable {
  public var summary: DistributionSummary
  /// The bytes of each listed token.
  public var bytes: [[UInt8]]

  public init(summary: DistributionSummary, bytes: [[UInt8]]) {
    self.summary = summary
    self.bytes = bytes
  }
}

extension Candidates {
  /// The distribution as a trace keeps it; nil when no detail is wanted.
  ///
  /// The tail at every temperature is kept only at a session's full detail: it is what lets a
  /// saved table be re-shaped without the model.
  public init?(_ distribution: TokenDistribution, detail: Int, vocabulary: any Vocabulary) {
    guard detail > 0 else { return nil }
    let summary = distribution.summary(
      detail: detail, withTail: detail >= DistributionSummary.savedDetail)
    self.init(summary: summary, bytes: summary.tokens.map { vocabulary.bytes(of: $0) })
  }
}

extension Candidates: Codable {
  fileprivate enum Key: String, CodingKey {
    case ids, pieces, bytes, logits, entropy, listed
    case logSumExp = "log_sum_exp"
    case tailCount = "tail_count"
    case tailLogSumExp = "tail_log_sum_exp"
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let pieces = bytes.map { String(decoding: $0, as: UTF8.self) }
    // The bytes are written only where the text does not determine them.
    var exact: [String: [UInt8]] = [:]
    for (index, piece) in pieces.enumerated() where Array(piece.utf8) != bytes[index] {
      exact[String(index)] = bytes[index]
    }
    try container.encode(summary.tokens, forKey: .ids)
    try container.encode(pieces, forKey: .pieces)
    if !exact.isEmpty { try container.encode(exact, forKey: .bytes) }
    try container.encode(summary.logits, forKey: .logits)
    try container.encode(summary.logSumExp, forKey: .logSumExp)
    try container.encode(summary.entropy, forKey: .entropy)
    try container.encode(summary.tailCount, forKey: .tailCount)
    if !summary.tailLogSumExp.isEmpty {
      try container.encode(summary.tailLogSumExp, forKey: .tailLogSumExp)
    }
    try container.encodeIfPresent(summary.listedCount, forKey: .listed)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let tokens = try container.decode([TokenID].self, forKey: .ids)
    let logits = try container.decode([Float].self, forKey: .logits)
    var bytes = try container.decode([String].self, forKey: .pieces).map { Array($0.utf8) }
    let exact = try container.decodeIfPresent([String: [UInt8]].self, forKey: .bytes) ?? [:]
    for (index, value) in exact {
      if let index = Int(index), bytes.indices.contains(index) { bytes[index] = value }
    }
    guard tokens.count == logits.count, tokens.count == bytes.count else {
      throw Swift.DecodingError.dataCorruptedError(
        forKey: .ids, in: container,
        debugDescription: "ids, pieces and logits must be equally many.")
    }
    self.init(
      summary: DistributionSummary(
        tokens: tokens, logits: logits,
        tailCount: try container.decode(Int.self, forKey: .tailCount),
        tailLogSumExp: try container.decodeIfPresent([Double].self, forKey: .tailLogSumExp) ?? [],
        logSumExp: try container.decode(Double.self, forKey: .logSumExp),
        entropy: try container.decode(Double.self, forKey: .entropy),
        listedCount: try container.decodeIfPresent(Int.self, forKey: .listed)), bytes: bytes)
  }
}

extension Candidates {
  /// Reads what `encode` writes; nil for anything else.
  init?(from json: inout JSONBytes) {
    var summary = DistributionSummary(
      tokens: [], logits: [], tailCount: 0, tailLogSumExp: [], logSumExp: 0, entropy: 0)
    var bytes: [[UInt8]] = []
    var exact: [(index: Int, bytes: [UInt8])] = []
    var seen: Set<Key> = []
    /// Puts a value in its place, if there is one.
    func set<Value>(_ place: inout Value, _ value: Value?) -> Bool {
      guard let value else { return false }
      place = value
      return true
    }
    let isWhole = json.object { name, json in
      guard let key = Key(rawValue: name), seen.insert(key).inserted else { return false }
      switch key {
      case .ids:
        return set(&summary.tokens, json.array { $0.natural().flatMap { TokenID(exactly: $0) } })
      case .pieces: return set(&bytes, json.array { $0.utf8() })
      case .logits: return set(&summary.logits, json.array { $0.float() })
      case .entropy: return set(&summary.entropy, json.double())
      case .logSumExp: return set(&summary.logSumExp, json.double())
      case .tailCount: return set(&summary.tailCount, json.natural())
      case .listed: return set(&summary.listedCount, json.natural())
      case .tailLogSumExp: return set(&summary.tailLogSumExp, json.array { $0.double() })
      case .bytes:
        return json.object { index, json in
          guard let index = Int(index), let value = json.byteArray() else { return false }
          exact.append((index, value))
          return true
        }
      }
    }
    let needed: Set<Key> = [.ids, .pieces, .logits, .entropy, .logSumExp, .tailCount]
    guard isWhole, seen.isSuperset(of: needed), summary.tokens.count == summary.logits.count,
      summary.tokens.count == bytes.count
    else { return nil }
    for (index, value) in exact where bytes.indices.contains(index) { bytes[index] = value }
    self.init(summary: summary, bytes: bytes)
  }
}
