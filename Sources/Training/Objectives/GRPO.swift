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
    /// The least share of a completion that was clipped on the low side.
    public var leastClippedLow = 0.0
    /// The greatest share of a completion that was clipped on the high side.
    public var mostClippedHigh = 0.0
    /// The mean of k3 over tokens; nil without a reference.
    public var kl: Double?
    /// How many tokens these are shares of.
    public var tokens = 0

    /// Under the names that TRL logs them by.
    public var named: [String: Double] {
      var named = [
        "clip_ratio/low_mean": clippedLow, "clip_ratio/high_mean": clippedHigh,
        "clip_ratio/region_mean": clippedLow + clippedHigh,
        "clip_ratio/low_min": leastClippedLow, "clip_ratio/high_max": mostClippedHigh,
      ]
      named["kl"] = kl
      return named
    }

    /// The metrics of several passes as if they had been one.
    public static func joined(_ passes: [Metrics]) -> Metrics {
      let passes = passes.filter { $0.tokens > 0 }
      var joined = Metrics()
      joined.tokens = passes.reduce(0) { $0 + $1.tokens }
      joined.clippedLow = TokenMean.of(passes.map { ($0.clippedLow, $0.tokens) })
      joined.clippedHigh = TokenMean.of(passes.map { ($0.clippedHigh, $0.tokens) })
      joined.leastClippedLow = passes.map(\.leastClippedLow).min() ?? 0
      joined.mostClippedHigh = passes.map(\.mostClippedHigh).max() ?? 0
      let known = passes.compactMap { pass in pass.kl.map { ($0, pass.tokens) } }
      joined.kl = known.isEmpty ? nil : TokenMean.of(known)
      return joined
    }
  }

  /// What is added to a standard deviation before it divides.
  static let stabilizer = 1e-4

  /// Advantages of a group's rewards: (r − mean) / (standard deviation + 10⁻⁴), with Bessel's
  /// correction. All are exactly 0 where all rewards are equal.
  public static func advantages(_ rewards: [Double], scaled: Bool = true) -> [Double] {
    // The mean of equal numbers need not be equal to them: eight times .1 are not .8.
    guard let first = rewards.first, rewards.contains(where: { $0 != first }) else {
      return rewards.map { _ in 0 }
    }
    let mean = rewards.reduce(0, +) / Double(rewards.count)
    guard scaled else { return rewards.map { $0 - mean } }
    let squares = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(rewards.count - 1)).squareRoot()
    return rewards.map { ($0 - mean) / (deviation + stabilizer) }
  }

  /// The loss of a pass, and its derivatives.
  ///
  /// The passes of a batch add up to the batch's loss, whichever way it is cut; `bnpo` alone depends
  /// on the cut, since each pass has a mean of its own there.
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target under the weights now. [targets]
  ///   - batchTokens: the tokens of all passes of the batch; nil where this is all of it.
  ///   - batchCompletions: the completions of all passes of the batch; nil where this is all of it.
  public static func value(
    _ logProbabilities: [Float], _ completions: [SampledCompletion], _ settings: Settings,
    batchTokens: Int? = nil, batchCompletions: Int? = nil
  ) -> (value: ObjectiveValue, metrics: Metrics) {
    var value = ObjectiveValue.zero(targets: logProbabilities.count, clips: true)
    let tokens = completions.reduce(0) { $0 + $1.targets.count }
    let batchCompletions = max(1, batchCompletions ?? completions.count)
    var passes: [Metrics] = []
    for completion in completions where !completion.targets.isEmpty {
      let weight =
        switch settings.aggregation {
        case .grpo: 1 / Double(batchCompletions * completion.targets.count)
        case .drGRPO: 1 / Double(batchCompletions * max(1, settings.longestCompletion))
        case .bnpo: Double(completions.count) / Double(batchCompletions * tokens)
        case .dapo: 1 / Double(max(1, batchTokens ?? tokens))
        }
      passes.append(add(completion, logProbabilities, settings, weight: weight, to: &value))
    }
    return (value, .joined(passes))
  }

  /// Adds a completion's terms.
  ///
  /// - Returns: the metrics of this completion alone.
  private static func add(
    _ completion: SampledCompletion, _ logProbabilities: [Float], _ settings: Settings,
    weight: Double, to value: inout ObjectiveValue
  ) -> Metrics {
    var (low, high, divergence) = (0, 0, 0.0)
    for (place, index) in completion.targets.enumerated() {
      let term = term(
        Double(logProbabilities[index]), sampled: Double(completion.sampled[place]),
        reference: completion.reference.map { Double($0[place]) },
        advantage: completion.advantages[place], settings)
      value.loss += weight * term.loss
      value.slopes[index] += Float(weight * term.slope)
      value.isClipped[index] = term.isClipped
      divergence += term.divergence
      if term.isClipped, completion.advantages[place] < 0 { low += 1 }
      if term.isClipped, completion.advantages[place] > 0 { high += 1 }
    }
    let tokens = Double(completion.targets.count)
    var metrics = Metrics()
    metrics.tokens = completion.targets.count
    metrics.clippedLow = Double(low) / tokens
    metrics.clippedHigh = Double(high) / tokens
    metrics.leastClippedLow = metrics.clippedLow
    metrics.mostClippedHigh = metrics.clippedHigh
    metrics.kl = completion.reference.map { _ in divergence / tokens }
    return metrics
  }

  /// One token's term, and its derivative by log p.
  static func term(
    _ logProbability: Double, sampled: Double, reference: Double?, advantage: Double,
    _ settings: Settings
  ) -> (loss: Double, slope: Double, divergence: Double, isClipped: Bool) {
    let surrogate = ClippedSurrogate.term(
      logRatio: logProbability - sampled, advantage: advantage, low: settings.epsilonLow,
      high: settings.epsilonHigh)
    var (loss, slope, divergence) = (surrogate.loss, surrogate.slope, 0.0)
    if let reference {
      let below = reference - logProbability
      divergence = exp(below) - below - 1
      loss += settings.beta * divergence
      slope += settings.beta * (1 - exp(below))
    }
    return (loss, slope, divergence, surrogate.isClipped)
  }
}
