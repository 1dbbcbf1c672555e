import Foundation
import Testing

@testable import Training

@Suite struct GRPOTests {
  static let logs: [Float] = [-0.5, -1.2, -2.0, -0.1, -0.9]

  /// Completions whose ratios lie below, within and above the clip range, with either sign of A.
  static func completions(reference: Bool) -> [SampledCompletion] {
    [
      SampledCompletion(
        targets: 0..<3, sampled: [-0.9, -1.25, -1.2],
        reference: reference ? [-0.7, -1.0, -1.9] : nil, advantages: [1.2, 1.2, 1.2]),
      SampledCompletion(
        targets: 3..<5, sampled: [-0.6, -0.5], reference: reference ? [-0.3, -0.8] : nil,
        advantages: [-0.8, -0.8]),
    ]
  }

  static func settings(_ aggregation: GRPO.Aggregation, beta: Double = 0) -> GRPO.Settings {
    var settings = GRPO.Settings()
    settings.aggregation = aggregation
    settings.beta = beta
    return settings
  }

  // MARK: The surrogate

  @Test(
    "the slopes are the derivatives of the loss", arguments: GRPO.Aggregation.allCases,
    [0.0, 0.04])
  func slopes(_ aggregation: GRPO.Aggregation, _ beta: Double) {
    var settings = Self.settings(aggregation, beta: beta)
    settings.epsilonHigh = 0.28
    let completions = Self.completions(reference: beta > 0)
    func value(_ logs: [Float]) -> ObjectiveValue {
      GRPO.value(logs, completions, settings, batchTokens: 11, batchCompletions: 4).value
    }
    let slopes = value(Self.logs).slopes
    for index in Self.logs.indices {
      let step: Float = 1e-3
      var (above, below) = (Self.logs, Self.logs)
      above[index] += step
      below[index] -= step
      let width = Double(above[index]) - Double(below[index])
      let numeric = (value(above).loss - value(below).loss) / width
      #expect(abs(numeric - Double(slopes[index])) < 1e-5, "token \(index)")
    }
  }

  @Test(
    "where weights, those that sampled and the reference agree, the loss is 0 and its gradient is not",
    arguments: [0.0, 0.04])
  func firstUpdate(_ beta: Double) {
    let advantages = GRPO.advantages([1, 0, 0, 1])
    let logs: [Float] = [-0.2, -1.5, -0.7, -2.2]
    let completions = logs.indices.map {
      SampledCompletion(
        targets: $0..<$0 + 1, sampled: [logs[$0]], reference: [logs[$0]],
        advantages: [advantages[$0]])
    }
    let value = GRPO.value(logs, completions, Self.settings(.grpo, beta: beta)).value
    #expect(abs(value.loss) < 1e-12)
    #expect(value.slopes.allSatisfy { abs($0) > 0.1 })
  }

  @Test("what is clipped has no slope; what would come back has one")
  func clipping() {
    let settings = GRPO.Settings()
    func slope(_ ratio: Double, _ advantage: Double) -> Double {
      GRPO.term(log(ratio), sampled: 0, reference: nil, advantage: advantage, settings).slope
    }
    #expect(slope(1.3, 1) == 0)
    #expect(slope(0.7, 1) != 0)
    #expect(slope(0.7, -1) == 0)
    #expect(slope(1.3, -1) != 0)
  }

  @Test("the range may be wider above") func clipHigher() {
    var settings = GRPO.Settings()
    settings.epsilonHigh = 0.5
    func isClipped(_ ratio: Double, _ advantage: Double) -> Bool {
      GRPO.term(log(ratio), sampled: 0, reference: nil, advantage: advantage, settings).isClipped
    }
    #expect(!isClipped(1.4, 1))
    #expect(isClipped(1.6, 1))
    #expect(isClipped(0.7, -1))
  }

  /// Σ π (1 − π_ref / π) ∇ log π = −Σ π_ref ∇ log π.
  @Test("k3's gradient is that of KL(π_ref ‖ π)")
  func divergence() {
    let bandit = Bandit.known
    let reference = Bandit(logits: [0.4, 0, -0.9], rewards: bandit.rewards)
    let (p, q) = (bandit.probabilities, reference.probabilities)
    let settings = Self.settings(.grpo, beta: 1)
    var gradient = [0.0, 0, 0]
    for action in p.indices {
      let slope = GRPO.term(
        log(p[action]), sampled: log(p[action]), reference: log(q[action]), advantage: 0,
        settings
      ).slope
      for logit in p.indices {
        gradient[logit] += p[action] * slope * ((action == logit ? 1 : 0) - p[logit])
      }
    }
    for logit in p.indices {
      #expect(abs(gradient[logit] - (p[logit] - q[logit])) < 1e-12)
    }
  }

  @Test("k3 is 0 at the reference only, and its mean under π is KL(π ‖ π_ref)")
  func estimator() {
    let p = Bandit.known.probabilities
    let q = Bandit(logits: [0.4, 0, -0.9], rewards: [0, 0, 0]).probabilities
    let settings = Self.settings(.grpo, beta: 1)
    func k3(_ now: Double, _ reference: Double) -> Double {
      GRPO.term(now, sampled: now, reference: reference, advantage: 0, settings).divergence
    }
    #expect(k3(-1.3, -1.3) == 0)
    #expect(k3(-1.3, -1.2) > 0)
    #expect(k3(-1.3, -1.4) > 0)
    let mean = zip(p, q).reduce(0) { $0 + $1.0 * k3(log($1.0), log($1.1)) }
    let exact = zip(p, q).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
    #expect(abs(mean - exact) < 1e-12)
  }

  @Test("which tokens were clipped is told")
  func clippedTokens() {
    let told = GRPO.value(Self.logs, Self.completions(reference: false), GRPO.Settings())
    // Ratios e^.4, e^.05, e^−.8 with A > 0, then e^.5, e^−.4 with A < 0.
    #expect(told.value.isClipped == [true, false, false, false, true])
    for (slope, isClipped) in zip(told.value.slopes, told.value.isClipped) {
      #expect((slope == 0) == isClipped)
    }
  }

  // MARK: Advantages

  /// Exactly: eight times .1 are not .8, and Adam makes a whole step of the least gradient.
  @Test("equal rewards push nothing", arguments: [0.0, 1.0, 0.3, 0.1], [true, false])
  func deadGroup(_ reward: Double, _ scaled: Bool) {
    for count in 1...12 {
      let advantages = GRPO.advantages(Array(repeating: reward, count: count), scaled: scaled)
      #expect(advantages == Array(repeating: 0, count: count))
    }
  }

  @Test("a group of one has nothing to be compared with") func single() {
    #expect(GRPO.advantages([1]) == [0])
    #expect(GRPO.advantages([]) == [])
  }

  /// With Bessel's correction, as here and in TRL, it is √((G − 1) / G) of that.
  @Test(
    "binary rewards have the advantage √((1 − p) / p) when right",
    arguments: [(1, 8), (3, 8), (7, 8), (1, 64), (32, 64)])
  func binaryRewards(_ right: Int, _ size: Int) {
    let rewards = (0..<size).map { $0 < right ? 1.0 : 0 }
    let advantages = GRPO.advantages(rewards)
    let bessel = (Double(size) / Double(size - 1)).squareRoot()
    let share = Double(right) / Double(size)
    let (up, down) = (((1 - share) / share).squareRoot(), (share / (1 - share)).squareRoot())
    // 10⁻⁴ is added to the standard deviation.
    #expect(abs(advantages[0] * bessel - up) < 2e-3 * up)
    #expect(abs(advantages[size - 1] * bessel + down) < 2e-3 * down)
  }

  // MARK: What a group estimates

  /// The mean step of GRPO over all groups of a size.
  static func meanStep(groupSize: Int, scaled: Bool) -> [Double] {
    Bandit.known.meanStep(
      groupSize: groupSize, advantages: { GRPO.advantages($0, scaled: scaled) },
      objective: { GRPO.value($0, $1, GRPO.Settings()).value })
  }

  @Test("centred rewards give (G − 1) / G of the true gradient", arguments: 2...5)
  func centred(_ size: Int) {
    let step = Self.meanStep(groupSize: size, scaled: false)
    let share = Double(size - 1) / Double(size)
    for (part, exact) in zip(step, Bandit.known.gradient) {
      #expect(abs(part - share * exact) < 1e-6)
    }
  }

  @Test("division by the standard deviation turns the gradient")
  func scaled() {
    let step = Self.meanStep(groupSize: 3, scaled: true)
    // Without Bessel's correction, as the figures are known.
    let ratios = zip(step, Bandit.known.gradient).map { $0 / $1 * (3.0 / 2).squareRoot() }
    for (ratio, known) in zip(ratios, [2.366, 1.681, -0.979]) {
      #expect(abs(ratio - known) < 2e-3)
    }
  }

  @Test("a sign error in the advantage is noticed") func plantedSign() {
    let step = Bandit.known.meanStep(
      groupSize: 3, advantages: { GRPO.advantages($0, scaled: false).map { -$0 } },
      objective: { GRPO.value($0, $1, GRPO.Settings()).value })
    #expect(Bandit.known.deviation(step.map { $0 * 1.5 }) > 0.1)
  }

  // MARK: Aggregation

  @Test("a token of a long completion counts less in the mean of means alone")
  func lengthBias() {
    let logs = Array(repeating: Float(-1), count: 12)
    let completions = [0..<2, 2..<12].map {
      SampledCompletion(
        targets: $0, sampled: Array(repeating: -1, count: $0.count),
        advantages: Array(repeating: 1, count: $0.count))
    }
    for aggregation in GRPO.Aggregation.allCases {
      let slopes = GRPO.value(logs, completions, Self.settings(aggregation)).value.slopes
      let ratio = slopes[0] / slopes[11]
      #expect(abs(ratio - (aggregation == .grpo ? 5 : 1)) < 1e-5, "\(aggregation)")
    }
  }

  @Test("no completions have no loss", arguments: GRPO.Aggregation.allCases)
  func nothing(_ aggregation: GRPO.Aggregation) {
    let empty = SampledCompletion(targets: 0..<0, sampled: [], advantages: [])
    for completions in [[], [empty], [empty, empty]] {
      let told = GRPO.value([], completions, Self.settings(aggregation))
      #expect(told.value == ObjectiveValue(loss: 0, slopes: []))
      #expect(told.metrics == GRPO.Metrics())
    }
  }
}
