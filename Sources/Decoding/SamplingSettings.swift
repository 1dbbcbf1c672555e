/// How a distribution is re-shaped before a token is drawn: temperature first, then top-k, then
/// top-p on what is left, then min-p relative to the likeliest.
public struct SamplingSettings: Sendable, Hashable, Codable {
  /// Logits are divided by this; 0 always takes the likeliest token.
  public var temperature: Double
  /// Keeps the k likeliest tokens; nil keeps all.
  public var topK: Int?
  /// Keeps the smallest set of likeliest tokens whose probability reaches p (nucleus sampling,
  /// Holtzman et al. 2020); nil keeps all.
  public var topP: Double?
  /// Keeps tokens with at least this share of the likeliest token's probability; nil keeps all.
  public var minP: Double?

  public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
  }

  public static let greedy = SamplingSettings(temperature: 0)

  public var isGreedy: Bool { temperature <= 0 }

  /// Chooses as these settings say, with the random numbers of a path.
  public func sampler(seed: UInt64, path: Int) -> any Sampler {
    isGreedy
      ? GreedySampler() : RandomSampler(settings: self, random: PathRandom(seed: seed, path: path))
  }

  /// Whether any token can be cut.
  var filters: Bool { topK != nil || (topP ?? 1) < 1 || (minP ?? 0) > 0 }

  private enum CodingKeys: String, CodingKey {
    case temperature
    case topK = "top_k"
    case topP = "top_p"
    case minP = "min_p"
  }
}

/// Which filter cut a token.
public enum CutReason: String, Sendable, Codable {
  case topK = "top-k"
  case topP = "top-p"
  case minP = "min-p"
  /// Temperature 0 keeps only the likeliest token.
  case greedy
}

/// Tokens in order of falling probability with what sampling settings make of them.
struct ShapedTokens {
  /// Unnormalised weights exp((logit − max) / T), in the order of `order`, for the kept tokens.
  var weights: [Double]
  /// Why each token of `order` was cut; nil for kept ones. Kept tokens always come first.
  var cuts: [CutReason?]
  /// The sum of `weights`.
  var total: Double

  var keptCount: Int { weights.count }

  /// - Parameters:
  ///   - sorted: logits in falling order (the listed ones).
  ///   - unlistedMass: Σ exp((logit − max) / T) over tokens not listed, which come after them.
  init(sorted logits: [Float], unlistedMass: Double, settings: SamplingSettings) {
    guard let highest = logits.first, !settings.isGreedy else {
      weights = logits.isEmpty ? [] : [1]
      cuts = logits.indices.map { $0 == 0 ? nil : .greedy }
      total = weights.isEmpty ? 0 : 1
      return
    }
    let scale = 1 / settings.temperature
    var weights = logits.map { exponential((Double($0) - Double(highest)) * scale) }
    var cuts = [CutReason?](repeating: nil, count: weights.count)
    var mass = weights.reduce(0, +) + unlistedMass
    func cut(from count: Int, for reason: CutReason) {
      for index in count..<max(count, weights.count) { cuts[index] = reason }
      weights.removeLast(max(0, weights.count - count))
      mass = weights.reduce(0, +)
    }
    if let k = settings.topK, k >= 1, k < weights.count || unlistedMass > 0 {
      cut(from: min(k, weights.count), for: .topK)
    }
    if let p = settings.topP, p < 1 {
      var cumulative = 0.0
      let needed = p * mass
      let count = weights.firstIndex {
        cumulative += $0
        return cumulative >= needed
      }
      if let count { cut(from: max(1, count + 1), for: .topP) }
    }
    if let p = settings.minP, p > 0 {
      let count = weights.firstIndex { $0 < p } ?? weights.count
      cut(from: max(1, count), for: .minP)
    }
    self.weights = weights
    self.cuts = cuts
    total = mass
  }
}
