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
  /// When each token came.
  public var tokens: [Double] = []
  /// Why it failed; nil for one that did not.
  public var failure: String?

  public init(sent: Double, prompt: Int) {
    self.sent = sent
    self.prompt = prompt
  }

  /// Time to first token: from sending to the first token, queueing included.
  public var timeToFirst: Double? { tokens.first.map { $0 - sent } }

  /// Time per output token: (last − first) / (n − 1); nil with fewer than two tokens, of which there is
  /// none.
  public var timePerToken: Double? {
    guard let first = tokens.first, let last = tokens.last, tokens.count > 1 else { return nil }
    return (last - first) / Double(tokens.count - 1)
  }

  /// From sending to the last token.
  public var endToEnd: Double? { tokens.last.map { $0 - sent } }

  /// Inter-token latencies: every gap between two tokens.
  public var gaps: [Double] { zip(tokens.dropFirst(), tokens).map { $0 - $1 } }
}

/// What a request must keep to be of use to whoever waits for it: service level objectives, in seconds.
public struct ServiceLevels: Sendable, Hashable {
  public var timeToFirst: Double?
  public var timePerToken: Double?
  public var endToEnd: Double?

  public init(timeToFirst: Double? = nil, timePerToken: Double? = nil, endToEnd: Double? = nil) {
    (self.timeToFirst, self.timePerToken, self.endToEnd) = (timeToFirst, timePerToken, endToEnd)
  }

  /// Whether a request keeps all of them. Where it has but one token, the time per token counts as 0.
  public func areMet(by request: RequestTimes) -> Bool {
    guard request.failure == nil, let first = request.timeToFirst, let whole = request.endToEnd
    else { return false }
    return first <= timeToFirst ?? .infinity
      && request.timePerToken ?? 0 <= timePerToken ?? .infinity && whole <= endToEnd ?? .infinity
  }
}

/// A load in figures.
public struct LoadReport: Sendable, Hashable {
  /// Mean, deviation and percentiles of one quantity, in seconds.
  public struct Spread: Sendable, Hashable {
    public var count: Int
    public var mean: Double
    public var deviation: Double
    /// In ascending order.
    private var values: [Double]

    public init(_ values: [Double]) {
      self.values = values.sorted()
      count = values.count
      let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
      self.mean = mean
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      deviation = (squares / Double(max(1, values.count))).squareRoot()
    }

    public var median: Double { percentile(50) }

    /// The value below which so many per cent lie, between two values in proportion.
    public func percentile(_ percent: Double) -> Double {
      guard let last = values.last else { return 0 }
      let place = max(0, min(100, percent)) / 100 * Double(values.count - 1)
      let index = Int(place)
      guard index + 1 < values.count else { return last }
      return values[index] + (place - Double(index)) * (values[index + 1] - values[index])
    }
  }

  public var requests: Int
  public var failed: Int
  /// From the first request's sending to the last token, in seconds.
  public var duration: Double
  public var timeToFirst: Spread
  public var timePerToken: Spread
  /// Of all gaps of all requests together: no mean of means.
  public var betweenTokens: Spread
  public var endToEnd: Spread
  /// Tokens of answered prompts and of answers.
  public var promptTokens: Int
  public var outputTokens: Int
  /// Requests that met the service levels; nil where there are none.
  public var met: Int?

  public init(_ all: [RequestTimes], levels: ServiceLevels? = nil) {
    let answered = all.filter { $0.failure == nil && !$0.tokens.isEmpty }
    requests = all.count
    failed = all.count - answered.count
    let start = all.map(\.sent).min() ?? 0
    duration = max(0, (answered.compactMap(\.tokens.last).max() ?? start) - start)
    timeToFirst = Spread(answered.compactMap(\.timeToFirst))
    timePerToken = Spread(answered.compactMap(\.timePerToken))
    betweenTokens = Spread(answered.flatMap(\.gaps))
    endToEnd = Spread(answered.compactMap(\.endToEnd))
    promptTokens = answered.reduce(0) { $0 + $1.prompt }
    outputTokens = answered.reduce(0) { $0 + $1.tokens.count }
    met = levels.map { levels in answered.count { levels.areMet(by: $0) } }
  }

  private func rate(_ count: Int) -> Double { duration > 0 ? Double(count) / duration : 0 }

  /// Answered requests a second.
  public var throughput: Double { rate(requests - failed) }

  /// Requests a second that met the service levels: vLLM's request goodput.
  public var goodput: Double? { met.map(rate) }

  /// The share of all requests that met them.
  public var attainment: Double? { met.map { Double($0) / Double(max(1, requests)) } }

  public var outputTokensPerSecond: Double { rate(outputTokens) }

  /// The highest rate at which so large a share of requests meets the service levels: DistServe's goodput
  /// (Zhong et al. 2024, arXiv 2401.09670, section 2), another quantity of the same name.
  ///
  /// - Parameter attainments: the share that met them, by rate; the rates tried, not those between.
  /// - Returns: nil where no rate has it. A rate above one that fails does not count.
  public static func highestRate(
    _ attainments: [(rate: Double, attainment: Double)], share: Double = 0.9
  ) -> Double? {
    attainments.sorted { $0.rate < $1.rate }.prefix { $0.attainment >= share }.last?.rate
  }
}
