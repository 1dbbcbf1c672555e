import Foundation

/// Group relative policy optimisation (Shao et al. 2024, DeepSeekMath, eq. 3), and what became of it.
///
/// A token's term is −min(ρ A, clip(ρ, 1 − ε, 1 + ε′) A) + β k3 with ρ = π / π_sampled and
/// k3 = π_ref / π − log(π_ref / π) − 1 (Schulman 2020), which estimates the KL divergence from the
/// reference.
public enum GRPO {
  /// How the terms of a batch become one number.
  public enum Aggregation: String, Sendable, CaseIterable {
    /// Each completion's mean, then the mean over completions (DeepSeekMath).
    case grpo
    /// Σ / (completions · longest completion there may be): no token counts less for standing in a
    /// long completion (Liu et al. 2025, Dr. GRPO).
    case drGRPO = "dr_grpo"
    /// The mean over all tokens of this pass.
    case bnpo
    /// The mean over all tokens of the batch, which may be several passes (Yu et al. 2025, DAPO).
    case dapo
  }

  public struct Settings: Sendable, Hashable {
    public var aggregation = Aggregation.grpo
    /// Rewards are divided by their group's standard deviation, not only centred.
    public var scalesRewards = true
    public var epsilonLow = 0.2
    /// Above `epsilonLow`, unlikely tokens may grow faster (Yu et al. 2025, "clip-higher").
    public var epsilonHigh = 0.2
    /// The weight of k3.
    public var beta = 0.0
    /// The longest completion there may be, in tokens: what `dr_grpo` divides by.
    public var longestCompletion = 160

    public init() {}
  }

  /// What a pass tells beside its loss.
  public struct Metrics: Sendable, Equatable {
    /// The share of tokens whose ratio was clipped on the low side, with A < 0.
    public var clippedLow = 0.0
    /// The same on the high side, with A > 0.
    public var clippedHigh = 0.0
    /// The mean of k3 over tokens; nil without a reference.
    public var kl: Double?
  }

  /// What is added to a standard deviation before it divides.
  static let stabilizer = 1e-4

  /// Advantages of a group's rewards: (r − mean) / (standard deviation + 10⁻⁴), with Bessel's
  /// correction. All are 0 where all rewards are equal.
  public static func advantages(_ rewards: [Double], scaled: Bool = true) -> [Double] {
    guard rewards.count > 1 else { return rewards.map { _ in 0 } }
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    guard scaled else { return rewards.map { $0 - mean } }
    let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(rewards.count - 1)).squareRoot()
    return rewards.map { ($0 - mean) / (deviation + stabilizer) }
  }

  /// - Parameters:
  ///   - logProbabilities: of each target under the weights now. [targets]
  ///   - batchTokens: the tokens of all passes of the batch; nil where this is all of it.
  ///   - batchCompletions: the completions of all passes of the batch; nil where this is all of it.
  public static func value(
    _ logProbabilities: [Float], _ completions: [SampledCompletion], _ settings: Settings,
    batchTokens: Int? = nil, batchCompletions: Int? = nil
  ) -> (value: ObjectiveValue, metrics: Metrics) {
    var value = ObjectiveValue(
      loss: 0, slopes: Array(repeating: 0, count: logProbabilities.count))
    var metrics = Metrics()
    var divergence = 0.0
    let tokens = completions.reduce(0) { $0 + $1.targets.count }
    for completion in completions {
      let weight = weight(
        of: completion, settings, tokens: tokens, batchTokens: batchTokens ?? tokens,
        completions: batchCompletions ?? completions.count)
      for (place, index) in completion.targets.enumerated() {
        let term = term(
          Double(logProbabilities[index]), sampled: Double(completion.sampled[place]),
          reference: completion.reference.map { Double($0[place]) },
          advantage: completion.advantages[place], settings)
        value.loss += weight * term.loss
        value.slopes[index] += Float(weight * term.slope)
        divergence += term.divergence
        if term.isClipped {
          if completion.advantages[place] < 0 { metrics.clippedLow += 1 }
          else { metrics.clippedHigh += 1 }
        }
      }
    }
    if tokens > 0 {
      metrics.clippedLow /= Double(tokens)
      metrics.clippedHigh /= Double(tokens)
      if completions.contains(where: { $0.reference != nil }) {
        metrics.kl = divergence / Double(tokens)
      }
    }
    return (value, metrics)
  }

  /// What each term of a completion is multiplied by.
  private static func weight(
    of completion: SampledCompletion, _ settings: Settings, tokens: Int, batchTokens: Int,
    completions: Int
  ) -> Double {
    switch settings.aggregation {
    case .grpo: 1 / Double(completions * max(1, completion.targets.count))
    case .drGRPO: 1 / Double(completions * max(1, settings.longestCompletion))
    case .bnpo: 1 / Double(max(1, tokens))
    case .dapo: 1 / Double(max(1, batchTokens))
    }
  }

  /// One token's term, and its derivative by log p.
  static func term(
    _ logProbability: Double, sampled: Double, reference: Double?, advantage: Double,
    _ settings: Settings
  ) -> (loss: Double, slope: Double, divergence: Double, isClipped: Bool) {
    let ratio = exp(logProbability - sampled)
    let clipped = min(max(ratio, 1 - settings.epsilonLow), 1 + settings.epsilonHigh)
    let isClipped = ratio * advantage > clipped * advantage
    var loss = -(isClipped ? clipped : ratio) * advantage
    var slope = isClipped ? 0 : -ratio * advantage
    var divergence = 0.0
    if let reference {
      let below = reference - logProbability
      divergence = exp(below) - below - 1
      loss += settings.beta * divergence
      slope += settings.beta * (1 - exp(below))
    }
    return (loss, slope, divergence, isClipped)
  }
}
