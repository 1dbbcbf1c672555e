public import Decoding

/// What a client wants of a model: texts that go on from a prompt.
public struct Generation: Sendable {
  /// Not empty, and shorter than the context.
  public var prompt: [TokenID]
  /// How many texts.
  public var count: Int
  /// The most tokens of each; 0 computes the prompt only.
  public var budget: Int
  public var sampling: SamplingSettings
  /// The same seed gives the same texts.
  public var seed: UInt64
  /// What is added to the logits of tokens before one is chosen. Log-probabilities are those without.
  public var bias: [TokenID: Double]
  /// A text ends before the first of these.
  public var stops: [String]
  /// It ends at one of these tokens too.
  public var stopTokens: Set<TokenID>
  /// Whether the model's own end of text ends it.
  public var ignoresEnd: Bool
  /// How many of the likeliest tokens are told with each; nil tells no log-probabilities.
  public var top: Int?

  public init(
    prompt: [TokenID], count: Int = 1, budget: Int, sampling: SamplingSettings = .greedy,
    seed: UInt64 = 0, bias: [TokenID: Double] = [:], stops: [String] = [],
    stopTokens: Set<TokenID> = [], ignoresEnd: Bool = false, top: Int? = nil
  ) {
    self.prompt = prompt
    self.count = count
    self.budget = budget
    self.sampling = sampling
    self.seed = seed
    self.bias = bias
    self.stops = stops
    self.stopTokens = stopTokens
    self.ignoresEnd = ignoresEnd
    self.top = top
  }
}

/// A token with how likely the model found it: log p at temperature 1, before any setting or bias.
public struct ServedToken: Sendable, Hashable {
  public var id: TokenID
  /// nil where it was not asked for.
  public var logProbability: Double?
  /// The likeliest tokens there, the likeliest first.
  public var top: [Alternative] = []

  public struct Alternative: Sendable, Hashable {
    public var id: TokenID
    public var logProbability: Double
  }
}

/// What becomes of a generation, in order.
public enum GenerationEvent: Sendable {
  /// A text has a further token.
  case token(text: Int, ServedToken)
  /// A text is over.
  case ended(text: Int, GenerationEnd)
  /// All are over, or could not go on.
  case failed(APIError)
}

/// How a text ended.
public struct GenerationEnd: Sendable, Hashable {
  public enum Reason: Sendable, Hashable {
    /// The model ended it, or a stop token did.
    case endOfText
    case stop(String)
    case length
  }

  public var reason: Reason
  /// Tokens of the prompt that were computed for it, and those that came from the cache.
  public var prefilled: Int
  public var reused: Int
}

/// Draws with some logits raised or lowered.
struct BiasedSampler: Sampler {
  var base: any Sampler
  var bias: [TokenID: Double]

  func choose(from distribution: TokenDistribution, step: Int) -> TokenID {
    var logits = distribution.logits
    for (token, value) in bias where logits.indices.contains(Int(token)) {
      logits[Int(token)] += Float(value)
    }
    return base.choose(from: TokenDistribution(logits: logits), step: step)
  }
}

/// The text of a generation as its bytes come: what can be sent, and what has to wait since it may be the
/// beginning of a stop, or is part of a character.
struct TextAssembler {
  private let stops: [[UInt8]]
  private var pending: [UInt8] = []
  /// Whether a stop has come: there is no more text.
  private(set) var isStopped = false

  init(stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// Takes a token's bytes.
  ///
  /// - Returns: text that is certain.
  mutating func append(_ bytes: [UInt8]) -> String {
    guard !isStopped else { return "" }
    pending += bytes
    if let start = stops.compactMap({ pending.firstPlace(of: $0) }).min() {
      isStopped = true
      let text = String(decoding: pending[..<start], as: UTF8.self)
      pending = []
      return text
    }
    let held = max(heldForStop, pending.unfinishedCharacter)
    let sure = pending.count - held
    defer { pending.removeFirst(sure) }
    return String(decoding: pending[..<sure], as: UTF8.self)
  }

  /// The text that waited, at the end.
  mutating func finish() -> String {
    defer { pending = [] }
    return isStopped ? "" : String(decoding: pending, as: UTF8.self)
  }

  /// How many of the last bytes may begin a stop.
  private var heldForStop: Int {
    stops.reduce(0) { held, stop in
      let longest = min(stop.count - 1, pending.count)
      guard longest > held else { return held }
      let count = stride(from: longest, to: held, by: -1).first {
        pending.suffix($0).elementsEqual(stop.prefix($0))
      }
      return count ?? held
    }
  }
}

extension [UInt8] {
  /// Where some bytes first occur.
  fileprivate func firstPlace(of other: [UInt8]) -> Int? {
    guard count >= other.count else { return nil }
    return (0...count - other.count).first { self[$0...].starts(with: other) }
  }

  /// How many of the last bytes begin a character of UTF-8 that is not whole.
  fileprivate var unfinishedCharacter: Int {
    for back in 1...4 where back <= count {
      let byte = self[count - back]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 1
      return length > back ? back : 0
    }
    return 0
  }
}
