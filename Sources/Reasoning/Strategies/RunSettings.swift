public import Decoding

/// What a run can be told besides the question. What is nil is the strategy's own default.
///
/// The number of parallel slots is not here: it changes when work is done, never what comes out.
public struct RunSettings: Sendable, Hashable, Codable {
  public var seed: UInt64
  /// `plain`, `think`, `few-shot` or the path of a template file.
  public var prompting: String?
  /// Paths that are sampled.
  public var samples: Int?
  /// First-token branches.
  public var branches: Int?
  public var temperature: Double?
  public var topK: Int?
  public var topP: Double?
  public var minP: Double?
  /// Tokens each path may have.
  public var maxTokens: Int
  /// How CoT-decoding chooses: the answer with the greatest ΣΔ, or the single path with the
  /// greatest Δ.
  public var aggregate: Aggregate
  /// Which votes decide.
  public var weighting: Tally.Method
  /// How many candidates each node event lists; 0 leaves them out.
  public var detail: Int

  public enum Aggregate: String, Sendable, Codable, CaseIterable {
    case sum, max
  }

  public init(
    seed: UInt64 = 1, prompting: String? = nil, samples: Int? = nil, branches: Int? = nil,
    temperature: Double? = nil, topK: Int? = nil, topP: Double? = nil, minP: Double? = nil,
    maxTokens: Int = 256, aggregate: Aggregate = .sum, weighting: Tally.Method = .majority,
    detail: Int = 5
  ) {
    self.seed = seed
    self.prompting = prompting
    self.samples = samples
    self.branches = branches
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.maxTokens = maxTokens
    self.aggregate = aggregate
    self.weighting = weighting
    self.detail = detail
  }

  /// The sampling settings with a strategy's own temperature where none is given.
  public func sampling(temperature fallback: Double) -> SamplingSettings {
    SamplingSettings(
      temperature: temperature ?? fallback, topK: topK, topP: topP, minP: minP)
  }

  private enum CodingKeys: String, CodingKey {
    case seed, prompting, samples, branches, temperature, aggregate, weighting, detail
    case topK = "top_k"
    case topP = "top_p"
    case minP = "min_p"
    case maxTokens = "max_tokens"
  }
}
