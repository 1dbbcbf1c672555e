/// What happens while requests are served: a load. It has a number of its own among the runs of its
/// trace.
public enum LoadEvent: Sendable, Hashable {
  case started(LoadStart)
  case request(LoadedRequest)
  case point(LoadPoint)
  case ended(LoadEnd)
}

/// Which requests come, and what is expected of whoever serves them.
public struct LoadPlan: Sendable, Hashable, Codable {
  /// How arrivals are spread.
  public enum Pattern: String, Sendable, Codable, CaseIterable {
    /// Independently of each other.
    case poisson
    /// In bursts: gaps of a gamma distribution with the shape 1/4.
    case burst
    /// With equal gaps.
    case even
    /// All at once.
    case all
  }

  public var pattern = Pattern.poisson
  /// Requests a second in the mean; without meaning where all come at once.
  public var rate: Double
  public var requests: Int
  /// Tokens of a prompt and of an answer.
  public var promptTokens: Int
  public var outputTokens: Int
  /// Every so many-th request has a prompt of so many tokens instead; nil for none.
  public var long: LongPrompts?
  /// How many tokens at their beginning all prompts have in common.
  public var sharedTokens = 0
  public var levels: ServiceLevels
  public var seed: UInt64

  /// Prompts that are longer than the others.
  public struct LongPrompts: Sendable, Hashable, Codable {
    public var every: Int
    public var tokens: Int

    public init(every: Int, tokens: Int) { (self.every, self.tokens) = (every, tokens) }
  }

  public init(
    pattern: Pattern = .poisson, rate: Double = 2, requests: Int = 50, promptTokens: Int = 64,
    outputTokens: Int = 32, long: LongPrompts? = nil, sharedTokens: Int = 0,
    levels: ServiceLevels = ServiceLevels(), seed: UInt64 = 1
  ) {
    self.pattern = pattern
    self.rate = rate
    self.requests = requests
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens
    self.long = long
    self.sharedTokens = sharedTokens
    self.levels = levels
    self.seed = seed
  }

  private enum CodingKeys: String, CodingKey {
    case rate, requests, long, levels, seed
    case pattern = "arrivals"
    case promptTokens = "prompt_tokens"
    case outputTokens = "output_tokens"
    case sharedTokens = "shared_tokens"
  }
}

/// Where prompts and answers are computed.
public enum ServingLayout: Sendable, Hashable {
  /// Both on each of so many machines: a pass has tokens of both.
  case colocated(Int)
  /// Prompts on some, answers on others, keys and values sent from the ones to the others.
  case disaggregated(prefill: Int, decode: Int)

  public var machines: Int {
    switch self {
    case .colocated(let count): count
    case .disaggregated(let prefill, let decode): prefill + decode
    }
  }

  public var isDisaggregated: Bool {
    if case .disaggregated = self { return true }
    return false
  }
}

extension ServingLayout: Codable {
  private enum Key: String, CodingKey { case colocated, prefill, decode }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .colocated(let count): try container.encode(count, forKey: .colocated)
    case .disaggregated(let prefill, let decode):
      try container.encode(prefill, forKey: .prefill)
      try container.encode(decode, forKey: .decode)
    }
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    if let count = try container.decodeIfPresent(Int.self, forKey: .colocated) {
      self = .colocated(count)
    } else {
      self = .disaggregated(
        prefill: try container.decode(Int.self, forKey: .prefill),
        decode: try container.decode(Int.self, forKey: .decode))
    }
  }
}

/// Somebody who serves a load's requests.
public struct LoadServing: Sendable, Hashable, Codable {
  /// Where figures come from. Nothing shows one without saying which.
  public enum Basis: String, Sendable, Codable {
    case measured, simulated
  }

  /// A server's address, or whose times are used.
  public var name: String
  public var basis: Basis
  public var layout: ServingLayout

  public init(name: String, basis: Basis, layout: ServingLayout) {
    (self.name, self.basis, self.layout) = (name, basis, layout)
  }
}

/// `load`: a load begins. Each of its servings gets the same requests.
public struct LoadStart: Sendable, Hashable, Codable {
  public var plan: LoadPlan
  public var servings: [LoadServing]
  /// The rates at which the share of requests that meet the service levels is found; empty where only
  /// the plan's own is.
  public var rates: [Double]

  public init(plan: LoadPlan, servings: [LoadServing], rates: [Double] = []) {
    (self.plan, self.servings, self.rates) = (plan, servings, rates)
  }
}

/// `load_request`: something is known of a request at the plan's rate. What several of these say of one
/// request adds up, in whatever order they come.
public struct LoadedRequest: Sendable, Hashable {
  /// Which of the load's servings has it; from 0.
  public var serving: Int
  /// From 0, in order of arrival.
  public var request: Int
  /// Its tokens are those from `firstToken` on.
  public var times: RequestTimes
  public var firstToken: Int
  /// Whether nothing more comes.
  public var isOver: Bool

  public init(
    serving: Int, request: Int, times: RequestTimes, firstToken: Int = 0, isOver: Bool = true
  ) {
    self.serving = serving
    self.request = request
    self.times = times
    self.firstToken = firstToken
    self.isOver = isOver
  }
}

extension LoadedRequest: Codable {
  private enum Key: String, CodingKey {
    case serving, request, sent, prompt, tokens, output, failure, over
    case prefillStart = "prefill_start"
    case prefillEnd = "prefill_end"
    case transferEnd = "transfer_end"
    case firstToken = "first_token"
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(serving, forKey: .serving)
    try container.encode(request, forKey: .request)
    try container.encode(times.sent, forKey: .sent)
    try container.encode(times.prompt, forKey: .prompt)
    try container.encodeIfPresent(times.prefillStart, forKey: .prefillStart)
    try container.encodeIfPresent(times.prefillEnd, forKey: .prefillEnd)
    try container.encodeIfPresent(times.transferEnd, forKey: .transferEnd)
    if !times.tokens.isEmpty {
      if firstToken > 0 { try container.encode(firstToken, forKey: .firstToken) }
      try container.encode(times.tokens, forKey: .tokens)
    }
    try container.encodeIfPresent(times.output, forKey: .output)
    try container.encodeIfPresent(times.failure, forKey: .failure)
    if isOver { try container.encode(true, forKey: .over) }
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    serving = try container.decode(Int.self, forKey: .serving)
    request = try container.decode(Int.self, forKey: .request)
    firstToken = try container.decodeIfPresent(Int.self, forKey: .firstToken) ?? 0
    isOver = try container.decodeIfPresent(Bool.self, forKey: .over) ?? false
    times = RequestTimes(
      sent: try container.decode(Double.self, forKey: .sent),
      prompt: try container.decode(Int.self, forKey: .prompt))
    times.prefillStart = try container.decodeIfPresent(Double.self, forKey: .prefillStart)
    times.prefillEnd = try container.decodeIfPresent(Double.self, forKey: .prefillEnd)
    times.transferEnd = try container.decodeIfPresent(Double.self, forKey: .transferEnd)
    times.tokens = try container.decodeIfPresent([Double].self, forKey: .tokens) ?? []
    times.output = try container.decodeIfPresent(Int.self, forKey: .output)
    times.failure = try container.decodeIfPresent(String.self, forKey: .failure)
  }
}

/// `load_point`: how many requests met the service levels at a rate.
public struct LoadPoint: Sendable, Hashable, Codable {
  public var serving: Int
  /// In requests a second.
  public var rate: Double
  public var requests: Int
  public var met: Int

  public init(serving: Int, rate: Double, requests: Int, met: Int) {
    (self.serving, self.rate, self.requests, self.met) = (serving, rate, requests, met)
  }

  public var attainment: Double { Double(met) / Double(max(1, requests)) }
}

/// `load_finished`: a load is over.
public struct LoadEnd: Sendable, Hashable, Codable {
  public enum Reason: String, Sendable, Codable { case completed, stopped, failed }

  public var reason: Reason
  /// What went wrong, when `failed`.
  public var message: String?

  public init(_ reason: Reason, message: String? = nil) {
    (self.reason, self.message) = (reason, message)
  }
}

// MARK: The fold

/// What is known about one load.
public struct LoadTrace: Sendable, Hashable {
  public private(set) var start: LoadStart?
  public private(set) var end: LoadEnd?
  private var known: [Int: [Int: KnownRequest]] = [:]
  private var found: [Int: [Double: LoadPoint]] = [:]

  public init() {}

  /// What is known of the requests of a serving, in order of arrival.
  public func requests(of serving: Int) -> [(number: Int, times: RequestTimes, isOver: Bool)] {
    (known[serving] ?? [:]).sorted { $0.key < $1.key }.map {
      ($0.key, $0.value.times, $0.value.isOver)
    }
  }

  /// The shares of a serving that are known, by ascending rate.
  public func points(of serving: Int) -> [LoadPoint] {
    (found[serving] ?? [:]).values.sorted { $0.rate < $1.rate }
  }

  /// How many requests are over, of all servings.
  public var over: Int { known.values.reduce(0) { $0 + $1.values.count(where: \.isOver) } }

  public mutating func apply(_ event: LoadEvent) {
    switch event {
    case .started(let start): self.start = start
    case .request(let request):
      known[request.serving, default: [:]][
        request.request, default: KnownRequest(request.times)
      ].take(request)
    case .point(let point):
      guard point.rate.isFinite else { return }
      found[point.serving, default: [:]][point.rate] = point
    case .ended(let end): self.end = end
    }
  }

  /// A request of which more and more becomes known.
  private struct KnownRequest: Sendable, Hashable {
    private var head: RequestTimes
    /// By their places.
    private var tokens: [Int: Double] = [:]
    private(set) var isOver = false

    init(_ times: RequestTimes) {
      head = RequestTimes(sent: Self.plausible(times.sent) ?? 0, prompt: times.prompt)
    }

    var times: RequestTimes {
      var times = head
      times.tokens = tokens.sorted { $0.key < $1.key }.map(\.value)
      return times
    }

    mutating func take(_ event: LoadedRequest) {
      let times = event.times
      head.prefillStart = head.prefillStart ?? Self.plausible(times.prefillStart)
      head.prefillEnd = head.prefillEnd ?? Self.plausible(times.prefillEnd)
      head.transferEnd = head.transferEnd ?? Self.plausible(times.transferEnd)
      head.output = head.output ?? times.output
      head.failure = head.failure ?? times.failure
      // Where servers count a prompt themselves, that is told at the end.
      if event.isOver { head.prompt = times.prompt }
      for (place, time) in times.tokens.enumerated() {
        tokens[event.firstToken + place] = Self.plausible(time)
      }
      isOver = isOver || event.isOver
    }

    /// A time that can be reckoned with: a file may hold any number.
    private static func plausible(_ time: Double?) -> Double? {
      time.flatMap { (0...1e9).contains($0) ? $0 : nil }
    }
  }
}
