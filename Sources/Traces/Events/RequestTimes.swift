/// What happened to one request, and when, in seconds from the beginning of a load.
public struct RequestTimes: Sendable, Hashable {
  /// When it was sent.
  public var sent: Double
  /// Tokens of its prompt.
  public var prompt: Int
  /// When its prompt was begun to be computed, and when it had been; nil where only its client is known.
  public var prefillStart: Double?
  public var prefillEnd: Double?
  /// When its keys and values had come to where it is decoded; nil where they were there.
  public var transferEnd: Double?
  /// When each token came. A server may send several at once, which then count as one here.
  public var tokens: [Double] = []
  /// How many tokens came, where the server says so; nil counts the times.
  public var output: Int?
  /// Why it failed; nil for one that did not.
  public var failure: String?

  public init(sent: Double, prompt: Int) {
    self.sent = sent
    self.prompt = prompt
  }

  /// How many tokens its answer has.
  public var outputTokens: Int { max(output ?? 0, tokens.count) }

  /// Time to first token: from sending to the first token, queueing included.
  public var timeToFirst: Double? { tokens.first.map { $0 - sent } }

  /// Time per output token: (last − first) / (n − 1); nil with fewer than two tokens, of which there is
  /// none.
  public var timePerToken: Double? {
    guard let first = tokens.first, let last = tokens.last, tokens.count > 1 else { return nil }
    return (last - first) / Double(outputTokens - 1)
  }

  /// From sending to the last token.
  public var endToEnd: Double? { tokens.last.map { $0 - sent } }

  /// Inter-token latencies: every gap between two tokens.
  public var gaps: [Double] { zip(tokens.dropFirst(), tokens).map { $0 - $1 } }
}

/// What a request must keep to be of use to whoever waits for it: service level objectives, in seconds.
public struct ServiceLevels: Sendable, Hashable, Codable {
  public var timeToFirst: Double?
  public var timePerToken: Double?
  public var endToEnd: Double?

  public init(timeToFirst: Double? = nil, timePerToken: Double? = nil, endToEnd: Double? = nil) {
    (self.timeToFirst, self.timePerToken, self.endToEnd) = (timeToFirst, timePerToken, endToEnd)
  }

  /// Whether there are any.
  public var isEmpty: Bool { self == ServiceLevels() }

  /// Whether a request keeps all of them. Where it has but one token, the time per token counts as 0.
  public func areMet(by request: RequestTimes) -> Bool {
    guard request.failure == nil, let first = request.timeToFirst, let whole = request.endToEnd
    else { return false }
    return first <= timeToFirst ?? .infinity
      && request.timePerToken ?? 0 <= timePerToken ?? .infinity && whole <= endToEnd ?? .infinity
  }

  private enum CodingKeys: String, CodingKey {
    case timeToFirst = "ttft"
    case timePerToken = "tpot"
    case endToEnd = "e2e"
  }
}
