import Foundation
import Testing

@testable import Training

@Suite struct ObjectiveTests {
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

  @Test(
    "the slopes of GRPO are the derivatives of its loss", arguments: GRPO.Aggregation.allCases,
    [0.0, 0.04])
  func slopes(_ aggregation: GRPO.Aggregation, _ beta: Double) {
    var settings = GRPO.Settings()
    settings.aggregation = aggregation
    settings.beta = beta
    settings.epsilonHigh = 0.28
    let completions = Self.completions(reference: beta > 0)
    func loss(_ logs: [Float]) -> ObjectiveValue {
      GRPO.value(logs, completions, settings, batchTokens: 11, batchCompletions: 4).value
    }
    let slopes = loss(Self.logs).slopes
    for index in Self.logs.indices {
      let step: Float = 1e-3
      var (above, below) = (Self.logs, Self.logs)
      above[index] += step
      below[index] -= step
      let width = Double(above[index]) - Double(below[index])
      let numeric = (loss(above).loss - loss(below).loss) / width
      #expect(abs(numeric - Double(slopes[index])) < 1e-5, "token \(index)")
    }
  }

  @Test("with one update a batch the loss is 0 and its gradient is not")
  func firstUpdate() {
    let rewards = [1.0, 0, 0, 1]
    let advantages = GRPO.advantages(rewards)
    let logs: [Float] = [-0.2, -1.5, -0.7, -2.2]
    let completions = logs.indices.map {
      SampledCompletion(
        targets: $0..<$0 + 1, sampled: [logs[$0]], advantages: [advantages[$0]])
    }
    let value = GRPO.value(logs, completions, GRPO.Settings()).value
    #expect(abs(value.loss) < 1e-12)
    #expect(value.slopes.allSatisfy { abs($0) > 0.1 })
  }

  @Test("equal rewards push nothing", arguments: [0.0, 1.0, 0.3])
  func deadGroup(_ reward: Double) {
    let advantages = GRPO.advantages(Array(repeating: reward, count: 8))
    #expect(advantages.allSatisfy { $0 == 0 })
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

  @Test("binary rewards have the advantage √((1 − p) / p) when right")
  func binaryRewards() {
    let rewards = Array(repeating: 1.0, count: 300) + Array(repeating: 0.0, count: 700)
    let advantage = GRPO.advantages(rewards)[0]
    #expect(abs(advantage - (0.7 / 0.3).squareRoot()) < 2e-3)
  }

  @Test("cross-entropy is a weighted mean, and its slopes sum to −1")
  func crossEntropy() {
    let value = CrossEntropy.value(Self.logs, weights: [1, 0, 0.5, 1, 0])
    #expect(abs(value.loss - (0.5 + 1.0 + 0.1) / 2.5) < 1e-6)
    #expect(abs(value.slopes.reduce(0, +) + 1) < 1e-6)
    #expect(value.slopes[1] == 0)
  }

  @Test("nothing to learn is a loss of 0") func emptyCrossEntropy() {
    #expect(CrossEntropy.value(Self.logs, weights: [0, 0, 0, 0, 0]).loss == 0)
  }

  /// The true gradient of E[R] on a bandit of three actions.
  @Test("the policy gradient is that of the expected reward")
  func bandit() {
    let logits = [0.3, -0.2, 0.5]
    let rewards = [1.0, 2.0, 0.5]
    let total = logits.reduce(0) { $0 + exp($1) }
    let p = logits.map { exp($0) / total }
    let expected = zip(p, rewards).reduce(0) { $0 + $1.0 * $1.1 }
    for baseline in [0.0, expected, 17.0] {
      var gradient = [0.0, 0.0, 0.0]
      for action in 0..<3 {
        let completion = SampledCompletion(
          targets: 0..<1, sampled: [Float(log(p[action]))],
          advantages: [rewards[action] - baseline])
        let slope = PolicyGradient.value([Float(log(p[action]))], [completion]).slopes[0]
        for i in 0..<3 {
          gradient[i] -= p[action] * Double(slope) * ((i == action ? 1 : 0) - p[i])
        }
      }
      for i in 0..<3 {
        #expect(abs(gradient[i] - p[i] * (rewards[i] - expected)) < 1e-6)
      }
    }
  }

  @Test("with γ = λ = 1 the advantage is the return less the value")
  func advantageOfReturns() {
    let (rewards, values) = ([0.0, -0.1, 0.2, 1], [0.3, 0.5, 0.2, 0.9])
    let estimate = GeneralizedAdvantage.estimate(rewards: rewards, values: values, trace: 1)
    for index in rewards.indices {
      let after = rewards[index...].reduce(0, +)
      #expect(abs(estimate.advantages[index] - (after - values[index])) < 1e-12)
    }
  }

  @Test("advantages are the sum of their definition", arguments: [0.0, 0.5, 0.95])
  func advantageByDefinition(_ trace: Double) {
    let (rewards, values) = ([0.1, -0.4, 0.2, 1, 0], [0.3, 0.5, 0.2, 0.9, 0.4])
    let discount = 0.9
    let estimate = GeneralizedAdvantage.estimate(
      rewards: rewards, values: values, discount: discount, trace: trace)
    let surprises = rewards.indices.map { index in
      rewards[index] + discount * (index + 1 < values.count ? values[index + 1] : 0)
        - values[index]
    }
    for index in rewards.indices {
      let sum = surprises[index...].enumerated().reduce(0) {
        $0 + pow(discount * trace, Double($1.offset)) * $1.element
      }
      #expect(abs(estimate.advantages[index] - sum) < 1e-12)
    }
  }
}
