import Foundation

/// Proximal policy optimisation (Schulman et al. 2017) with a value head, and with the rewards that
/// ReFT gives (Luong et al. 2024): an answer's at the end, and at every token the price of having
/// moved away from the reference.
public enum PPO {
  /// Named after TRL's settings, with its values; `klWeight` is ReFT's for solutions in words.
  public struct Settings: Sendable, Hashable {
    /// ε: a ratio π / π_sampled beyond 1 ± ε earns nothing more.
    public var clipRange = 0.2
    /// How far from what it said when the completion was sampled a value may move and still gain.
    public var valueClipRange = 0.2
    /// What the value loss counts beside the policy's.
    public var valueWeight = 0.1
    /// β: what a nat of divergence from the reference costs.
    public var klWeight = 0.05
    /// γ.
    public var discount = 1.0
    /// λ.
    public var trace = 0.95
    /// Advantages get mean 0 and variance 1 over the batch.
    public var whitens = true

    public init() {}
  }

  /// A completion, and what the value head expected of it when it was sampled.
  public struct ValuedCompletion: Sendable, Equatable {
    /// With its advantages.
    public var completion: SampledCompletion
    /// The value before each token under the weights that sampled. [targets.count]
    public var values: [Float]
    /// What the values should have been. [targets.count]
    public var returns: [Double]

    public init(completion: SampledCompletion, values: [Float], returns: [Double]) {
      self.completion = completion
      self.values = values
      self.returns = returns
    }
  }

  /// What a pass tells beside its loss; all are means over its tokens.
  public struct Metrics: Sendable, Equatable {
    /// ½ (log π − log π_sampled)²: about the divergence from the weights that sampled.
    public var approximateKL = 0.0
    /// The share of tokens whose ratio was clipped.
    public var clippedShare = 0.0
    public var policyLoss = 0.0
    public var valueLoss = 0.0
    /// The share of tokens whose value was clipped.
    public var valueClippedShare = 0.0
    /// π / π_sampled.
    public var ratio = 0.0
    /// How many tokens these are means of.
    public var tokens = 0

    /// Under the names that TRL logs them by.
    public var named: [String: Double] {
      [
        "policy/approxkl_avg": approximateKL, "policy/clipfrac_avg": clippedShare,
        "loss/policy_avg": policyLoss, "loss/value_avg": valueLoss,
        "val/clipfrac_avg": valueClippedShare, "val/ratio": ratio,
      ]
    }

    /// The means over the tokens of several passes.
    public static func joined(_ passes: [Metrics]) -> Metrics {
      func mean(_ part: KeyPath<Metrics, Double>) -> Double {
        TokenMean.of(passes.map { ($0[keyPath: part], $0.tokens) })
      }
      return Metrics(
        approximateKL: mean(\.approximateKL), clippedShare: mean(\.clippedShare),
        policyLoss: mean(\.policyLoss), valueLoss: mean(\.valueLoss),
        valueClippedShare: mean(\.valueClippedShare), ratio: mean(\.ratio),
        tokens: passes.reduce(0) { $0 + $1.tokens })
    }
  }

  /// What ReFT gives for an answer: 1 if it is right, 0.1 if it is one at all.
  public static func terminalReward(hasAnswer: Bool, isRight: Bool) -> Double {
    switch (hasAnswer, isRight) {
    case (true, true): 1
    case (true, false): 0.1
    case (false, _): 0
    }
  }

  /// The reward of each token: −β (log π_sampled − log π_ref), and at the last what the answer is
  /// worth. [completion.targets.count]
  public static func rewards(
    _ completion: SampledCompletion, terminal: Double, klWeight: Double
  ) -> [Double] {
    var rewards = Array(repeating: 0.0, count: completion.targets.count)
    if let reference = completion.reference {
      for (place, (sampled, known)) in zip(completion.sampled, reference).enumerated() {
        rewards[place] = -klWeight * (Double(sampled) - Double(known))
      }
    }
    if !rewards.isEmpty { rewards[rewards.count - 1] += terminal }
    return rewards
  }

  /// What a batch was worth as it was sampled, by the names that TRL logs it under: sums over the
  /// tokens of a completion, means over all completions.
  ///
  /// `objective/kl` is Σ (log π_sampled − log π_ref), and only there with a reference;
  /// `objective/entropy` is −Σ log π_sampled; `objective/scores` is what answers are worth,
  /// `objective/non_score_reward` what divergence costs, and `objective/rlhf_reward` their sum.
  ///
  /// - Parameters:
  ///   - completions: those that have tokens.
  ///   - terminal: what each answer is worth, of all completions.
  public static func objective(
    _ completions: [SampledCompletion], terminal: [Double], klWeight: Double
  ) -> [String: Double] {
    func mean(_ sum: Double) -> Double { sum / Double(max(1, terminal.count)) }
    func total(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) } }
    let entropy = completions.reduce(0) { $0 - total($1.sampled) }
    let known = completions.filter { $0.reference != nil }
    let divergence = known.reduce(0) { $0 + total($1.sampled) - total($1.reference ?? []) }
    let cost = -klWeight * mean(divergence)
    let scores = mean(terminal.reduce(0, +))
    var named = [
      "objective/entropy": mean(entropy), "objective/scores": scores,
      "objective/non_score_reward": cost, "objective/rlhf_reward": scores + cost,
    ]
    if !known.isEmpty { named["objective/kl"] = mean(divergence) }
    return named
  }

  /// Gives completions their advantages and returns, once after they were sampled: every update on
  /// them uses the same.
  ///
  /// - Parameters:
  ///   - values: what the value head said before each token of each completion.
  ///     [completions][targets.count]
  ///   - terminal: what each answer is worth. [completions]
  public static func assess(
    _ completions: [SampledCompletion], values: [[Float]], terminal: [Double],
    _ settings: Settings
  ) -> [ValuedCompletion] {
    var assessed: [ValuedCompletion] = []
    for ((completion, values), worth) in zip(zip(completions, values), terminal) {
      let estimate = GeneralizedAdvantage.estimate(
        rewards: rewards(completion, terminal: worth, klWeight: settings.klWeight),
        values: values.map(Double.init), discount: settings.discount, trace: settings.trace)
      var completion = completion
      completion.advantages = estimate.advantages
      assessed.append(
        ValuedCompletion(completion: completion, values: values, returns: estimate.returns))
    }
    if settings.whitens { whiten(&assessed) }
    return assessed
  }

  /// Gives the advantages of all tokens mean 0 and variance 1, with Bessel's correction.
  private static func whiten(_ completions: inout [ValuedCompletion]) {
    let all = completions.flatMap(\.completion.advantages)
    guard all.count > 1 else { return }
    let mean = all.reduce(0, +) / Double(all.count)
    let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)
    // What is added keeps equal advantages from being divided by 0.
    let scale = 1 / (variance + 1e-8).squareRoot()
    for index in completions.indices {
      completions[index].completion.advantages =
        completions[index].completion.advantages.map { ($0 - mean) * scale }
    }
  }

  /// The clipped surrogate and the clipped value loss ½ max((V − R)², (V′ − R)²), where V′ is V held
  /// within `valueClipRange` of what it was; both as means over tokens.
  ///
  /// - Parameters:
  ///   - logProbabilities: of each target under the weights now. [targets]
  ///   - values: what the value head says before each target now. [targets]
  ///   - batchTokens: the tokens of all passes of the batch; nil where this is all of it.
  public static func value(
    _ logProbabilities: [Float], values: [Float], _ completions: [ValuedCompletion],
    _ settings: Settings, batchTokens: Int? = nil
  ) -> (value: ObjectiveValue, metrics: Metrics) {
    var value = ObjectiveValue.zero(
      targets: logProbabilities.count, hasValues: true, clips: true)
    var metrics = Metrics()
    metrics.tokens = completions.reduce(0) { $0 + $1.completion.targets.count }
    let weight = 1 / Double(max(1, batchTokens ?? metrics.tokens))
    let share = 1 / Double(max(1, metrics.tokens))
    for valued in completions {
      let completion = valued.completion
      for (place, index) in completion.targets.enumerated() {
        let logRatio = Double(logProbabilities[index]) - Double(completion.sampled[place])
        let policy = ClippedSurrogate.term(
          logRatio: logRatio, advantage: completion.advantages[place], low: settings.clipRange,
          high: settings.clipRange)
        let expected = valueTerm(
          Double(values[index]), before: Double(valued.values[place]),
          return: valued.returns[place], range: settings.valueClipRange)
        value.loss += weight * (policy.loss + settings.valueWeight * expected.loss)
        value.slopes[index] += Float(weight * policy.slope)
        value.isClipped[index] = policy.isClipped
        value.valueSlopes?[index] += Float(weight * settings.valueWeight * expected.slope)
        metrics.approximateKL += share * logRatio * logRatio / 2
        metrics.clippedShare += policy.isClipped ? share : 0
        metrics.policyLoss += share * policy.loss
        metrics.valueLoss += share * expected.loss
        metrics.valueClippedShare += expected.isClipped ? share : 0
        metrics.ratio += share * policy.ratio
      }
    }
    return (value, metrics)
  }

  /// One token's value loss, and its derivative by the value.
  private static func valueTerm(
    _ value: Double, before: Double, return: Double, range: Double
  ) -> (loss: Double, slope: Double, isClipped: Bool) {
    let near = min(max(value, before - range), before + range)
    let (error, nearError) = (value - `return`, near - `return`)
    // The clipped value does not move with the value, so that it has no slope.
    return nearError * nearError > error * error
      ? (nearError * nearError / 2, 0, true) : (error * error / 2, error, false)
  }
}
