import Foundation
import Testing

@testable import Training

@Suite struct PPOTests {
  /// log p of five tokens, and what the value head says before each.
  static let logs: [Float] = [-0.5, -1.2, -2.0, -0.1, -0.9]
  static let values: [Float] = [0.3, 0.1, -0.2, 0.6, 0.9]

  static func completions(reference: [Float]? = nil) -> [SampledCompletion] {
    [0..<3, 3..<5].map { targets in
      SampledCompletion(
        targets: targets, sampled: Array(logs[targets]),
        reference: reference.map { Array($0[targets]) })
    }
  }

  static func assessed(
    _ terminal: [Double], reference: [Float]? = nil, _ settings: PPO.Settings = PPO.Settings()
  ) -> [PPO.ValuedCompletion] {
    PPO.assess(
      completions(reference: reference), values: [Array(values[..<3]), Array(values[3...])],
      terminal: terminal, settings)
  }

  // MARK: Rewards

  @Test("an answer is worth 1 if right, 0.1 if wrong, and 0 if there is none")
  func terminalRewards() {
    #expect(PPO.terminalReward(hasAnswer: true, isRight: true) == 1)
    #expect(PPO.terminalReward(hasAnswer: true, isRight: false) == 0.1)
    #expect(PPO.terminalReward(hasAnswer: false, isRight: false) == 0)
    #expect(PPO.terminalReward(hasAnswer: false, isRight: true) == 0)
  }

  @Test("a token that became likelier than under the reference is paid for")
  func price() {
    let completion = SampledCompletion(
      targets: 0..<3, sampled: [-0.5, -1, -2], reference: [-1.5, -1, -1])
    let rewards = PPO.rewards(completion, terminal: 1, klWeight: 0.25)
    #expect(rewards == [-0.25, 0, 1.25])
  }

  @Test("without a reference only the answer is worth something") func free() {
    let completion = SampledCompletion(targets: 0..<3, sampled: [-0.5, -1, -2])
    #expect(PPO.rewards(completion, terminal: 0.5, klWeight: 0.25) == [0, 0, 0.5])
  }

  @Test("a completion without tokens has no rewards") func empty() {
    let completion = SampledCompletion(targets: 0..<0, sampled: [], reference: [])
    #expect(PPO.rewards(completion, terminal: 1, klWeight: 0.25) == [])
    let assessed = PPO.assess([completion], values: [[]], terminal: [1], PPO.Settings())
    let told = PPO.value([], values: [], assessed, PPO.Settings())
    #expect(told.value == ObjectiveValue(loss: 0, slopes: [], valueSlopes: []))
    #expect(told.metrics == PPO.Metrics())
  }

  /// As TRL's PPO logs them.
  @Test("what a batch was worth is summed over tokens, then the mean over completions")
  func objective() {
    let completions = [
      SampledCompletion(targets: 0..<2, sampled: [-0.5, -1], reference: [-1, -2]),
      SampledCompletion(targets: 2..<3, sampled: [-0.25], reference: [-0.5]),
    ]
    // The third said nothing.
    let told = PPO.objective(completions, terminal: [1, 0.25, 0.25], klWeight: 0.5)
    let divergence = (1.5 + 0.25) / 3
    let expected = [
      "objective/kl": divergence, "objective/entropy": 1.75 / 3, "objective/scores": 0.5,
      "objective/non_score_reward": -0.5 * divergence,
      "objective/rlhf_reward": 0.5 - 0.5 * divergence,
    ]
    #expect(told.keys.sorted() == expected.keys.sorted())
    for (name, value) in expected { #expect(abs((told[name] ?? .nan) - value) < 1e-12, "\(name)") }
  }

  @Test("without a reference there is no divergence to tell of") func objectiveAlone() {
    let completion = SampledCompletion(targets: 0..<1, sampled: [-0.5])
    let told = PPO.objective([completion], terminal: [1], klWeight: 0.5)
    #expect(told["objective/kl"] == nil)
    #expect(told["objective/rlhf_reward"] == 1)
  }

  // MARK: Advantages

  /// Binary fractions, so that sums are exact in whatever order.
  @Test("with γ = λ = 1 the advantage is exactly the return less the value")
  func advantageOfReturns() {
    let (rewards, values) = ([0, -0.125, 0.25, 1], [0.25, 0.5, 0.375, 0.875])
    let estimate = GeneralizedAdvantage.estimate(rewards: rewards, values: values, trace: 1)
    for index in rewards.indices {
      let after = rewards[index...].reduce(0, +)
      #expect(estimate.advantages[index] == after - values[index])
      #expect(estimate.returns[index] == after)
    }
  }

  @Test("with λ = 0 the advantage is the next surprise alone")
  func advantageOfOneStep() {
    let (rewards, values) = ([0, -0.125, 1], [0.25, 0.5, 0.375])
    let estimate = GeneralizedAdvantage.estimate(
      rewards: rewards, values: values, discount: 0.5, trace: 0)
    #expect(estimate.advantages == [0 + 0.25 - 0.25, -0.125 + 0.1875 - 0.5, 1 - 0.375])
  }

  @Test(
    "advantages are the double sum of their definition", arguments: [0.0, 0.5, 0.95, 1],
    [0.9, 1])
  func advantageByDefinition(_ trace: Double, _ discount: Double) {
    let (rewards, values) = ([0.1, -0.4, 0.2, 1, 0], [0.3, 0.5, 0.2, 0.9, 0.4])
    let estimate = GeneralizedAdvantage.estimate(
      rewards: rewards, values: values, discount: discount, trace: trace)
    for index in rewards.indices {
      var sum = 0.0
      for later in index..<rewards.count {
        let next = later + 1 < values.count ? values[later + 1] : 0
        let surprise = rewards[later] + discount * next - values[later]
        sum += pow(discount * trace, Double(later - index)) * surprise
      }
      #expect(abs(estimate.advantages[index] - sum) < 1e-12)
    }
  }

  @Test("whitened advantages have mean 0 and variance 1; returns stay as they are")
  func whitening() {
    var settings = PPO.Settings()
    let whitened = Self.assessed([1, 0.1], settings)
    settings.whitens = false
    let plain = Self.assessed([1, 0.1], settings)
    let advantages = whitened.flatMap(\.completion.advantages)
    #expect(abs(advantages.reduce(0, +)) < 1e-12)
    #expect(abs(advantages.reduce(0) { $0 + $1 * $1 } / 4 - 1) < 1e-6)
    #expect(whitened.map(\.returns) == plain.map(\.returns))
    #expect(whitened != plain)
  }

  @Test("a reward that values foresaw moves nothing", arguments: [true, false])
  func constantReward(_ whitens: Bool) {
    var settings = PPO.Settings()
    settings.whitens = whitens
    settings.trace = 1
    let assessed = PPO.assess(
      Self.completions(), values: [[1, 1, 1], [1, 1]], terminal: [1, 1], settings)
    let told = PPO.value(
      Self.logs, values: Array(repeating: 1, count: 5), assessed, settings)
    #expect(told.value.slopes.allSatisfy { $0 == 0 })
    #expect(told.value.valueSlopes?.allSatisfy { $0 == 0 } == true)
    #expect(told.value.loss == 0)
  }

  // MARK: Losses

  @Test("the slopes are the derivatives of the loss")
  func slopes() {
    var settings = PPO.Settings()
    settings.valueWeight = 0.7
    let assessed = Self.assessed([1, 0.1], reference: [-0.6, -1, -1.5, -0.4, -0.9], settings)
    // Some within the ranges and some beyond.
    let logs = zip(Self.logs, [0.1, -0.5, 0.6, -0.15, 0.4] as [Float]).map(+)
    let values = zip(Self.values, [0.05, -0.4, 0.7, 0.15, -0.5] as [Float]).map(+)
    func loss(_ logs: [Float], _ values: [Float]) -> Double {
      PPO.value(logs, values: values, assessed, settings).value.loss
    }
    let told = PPO.value(logs, values: values, assessed, settings)
    #expect(told.metrics.clippedShare > 0)
    let clipped = told.value.isClipped.count(where: { $0 })
    #expect(abs(told.metrics.clippedShare - Double(clipped) / 5) < 1e-12)
    #expect(told.metrics.valueClippedShare > 0)
    func numeric(_ x: [Float], _ index: Int, _ loss: ([Float]) -> Double) -> Double {
      var (above, below) = (x, x)
      above[index] += 1e-3
      below[index] -= 1e-3
      return (loss(above) - loss(below)) / (Double(above[index]) - Double(below[index]))
    }
    for index in logs.indices {
      let slope = numeric(logs, index) { loss($0, values) }
      #expect(abs(slope - Double(told.value.slopes[index])) < 1e-5, "token \(index)")
      let valueSlope = numeric(values, index) { loss(logs, $0) }
      #expect(
        abs(valueSlope - Double(told.value.valueSlopes?[index] ?? .nan)) < 1e-5,
        "value \(index)")
    }
  }

  @Test("at the first update of a whitened batch the policy loss is 0 and its gradient is not")
  func firstUpdate() {
    let told = PPO.value(
      Self.logs, values: Self.values, Self.assessed([1, 0.1]), PPO.Settings())
    #expect(abs(told.metrics.policyLoss) < 1e-12)
    #expect(told.value.slopes.contains { abs($0) > 0.1 })
    #expect(told.metrics.ratio == 1)
    #expect(told.metrics.clippedShare == 0)
    #expect(told.metrics.approximateKL == 0)
  }

  @Test("a value that has moved far enough towards its return has no slope; one that fled has")
  func valueClipping() {
    let completion = SampledCompletion(targets: 0..<1, sampled: [-1], advantages: [0])
    func slope(_ value: Float, before: Float) -> Float? {
      let valued = PPO.ValuedCompletion(
        completion: completion, values: [before], returns: [1])
      let told = PPO.value([-1], values: [value], [valued], PPO.Settings())
      return told.value.valueSlopes?[0]
    }
    #expect(slope(0.5, before: 0) == 0)
    #expect(abs((slope(0.1, before: 0) ?? 0) + 0.09) < 1e-6)
    #expect(abs((slope(-0.5, before: 0) ?? 0) + 0.15) < 1e-6)
  }
}
