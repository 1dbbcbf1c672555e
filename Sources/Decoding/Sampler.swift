/// Chooses the next token of a path.
public protocol Sampler: Sendable {
  /// - Parameters:
  ///   - distribution: the model's distribution over the next token.
  ///   - step: how many tokens this path has chosen so far.
  func choose(from distribution: TokenDistribution, step: Int) -> TokenID
}

/// Always the likeliest token; of equals the one with the lowest id.
public struct GreedySampler: Sampler {
  public init() {}

  public func choose(from distribution: TokenDistribution, step: Int) -> TokenID {
    distribution.argmax
  }
}

/// Draws from the re-shaped distribution with the path's own random numbers.
struct RandomSampler: Sampler {
  var settings: SamplingSettings
  var random: PathRandom

  func choose(from distribution: TokenDistribution, step: Int) -> TokenID {
    distribution.sample(settings, at: random.uniform(at: step))
  }
}

/// Starts with the token at a given rank, then goes on greedily: one branch of CoT-decoding
/// (Wang and Zhou 2024, section 2.1).
public struct BranchSampler: Sampler {
  /// 0 for the likeliest first token.
  public var rank: Int

  public init(rank: Int) { self.rank = rank }

  public func choose(from distribution: TokenDistribution, step: Int) -> TokenID {
    guard step == 0 else { return distribution.argmax }
    let likeliest = distribution.likeliest(rank + 1)
    return likeliest.last ?? distribution.argmax
  }
}
