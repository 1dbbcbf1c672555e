import Decoding
import Foundation
import Testing

@testable import Training

@Suite struct PolicyGradientTests {
  static let bandit = Bandit.known

  /// The mean step of the policy gradient where rewards less a baseline are its advantages.
  static func meanStep(_ bandit: Bandit, baseline: Double) -> [Double] {
    bandit.meanStep(
      groupSize: 1, advantages: { $0.map { $0 - baseline } },
      objective: { PolicyGradient.value($0, $1) })
  }

  @Test("the bandit's gradient is what enumeration gives")
  func knownGradient() {
    for (value, known) in zip(Self.bandit.gradient, [-0.11995, 0.15083, -0.03089]) {
      #expect(abs(value - known) < 1e-5)
    }
  }

  @Test(
    "the mean step is the gradient of the expected reward, whatever the baseline",
    arguments: [0, Bandit.known.expectedReward, -0.6, 17])
  func unbiased(_ baseline: Double) {
    #expect(Self.bandit.deviation(Self.meanStep(Self.bandit, baseline: baseline)) < 1e-5)
  }

  @Test("a group's steps are a mean: its size does not matter", arguments: 1...4)
  func groupSize(_ size: Int) {
    let step = Self.bandit.meanStep(
      groupSize: size, advantages: { $0 }, objective: { PolicyGradient.value($0, $1) })
    #expect(Self.bandit.deviation(step) < 1e-5)
  }

  @Test("a constant reward moves nothing on average", arguments: [0.0, 1, -3])
  func constantReward(_ reward: Double) {
    let bandit = Bandit(logits: Self.bandit.logits, rewards: [reward, reward, reward])
    for part in Self.meanStep(bandit, baseline: 0) {
      #expect(abs(part) < 1e-6)
    }
  }

  @Test(
    "the mean of sampled steps is within four standard errors",
    arguments: [1, 2, 3, 4, 5] as [UInt64])
  func sampled(_ seed: UInt64) {
    let bandit = Self.bandit
    let (probabilities, count) = (bandit.probabilities, 20_000)
    var random = SplitMix64(state: seed)
    var (sums, squares): ([Double], [Double]) = ([0, 0, 0], [0, 0, 0])
    for _ in 0..<count {
      let drawn = Double.random(in: 0..<1, using: &random)
      let action = drawn < probabilities[0] ? 0 : drawn < 1 - probabilities[2] ? 1 : 2
      let completions = bandit.completions(
        [action], advantages: [bandit.rewards[action] - bandit.expectedReward])
      let value = PolicyGradient.value([bandit.logProbability(action)], completions)
      for (logit, part) in bandit.step([action], slopes: value.slopes).enumerated() {
        sums[logit] += part
        squares[logit] += part * part
      }
    }
    for (logit, known) in bandit.gradient.enumerated() {
      let mean = sums[logit] / Double(count)
      let variance = squares[logit] / Double(count) - mean * mean
      let standardError = (variance / Double(count)).squareRoot()
      #expect(abs(mean - known) < 4 * standardError)
    }
  }

  @Test("the passes of a batch add up to it")
  func passes() {
    let logs: [Float] = [-0.5, -1.2, -2.0, -0.1]
    let all = [
      SampledCompletion(targets: 0..<3, sampled: [0, 0, 0], advantages: [1.2, -0.5, 1.2]),
      SampledCompletion(targets: 3..<4, sampled: [0], advantages: [-0.8]),
    ]
    let whole = PolicyGradient.value(logs, all)
    let parts = all.map { PolicyGradient.value(logs, [$0], batchCompletions: 2) }
    #expect(abs(whole.loss - parts.reduce(0) { $0 + $1.loss }) < 1e-12)
    #expect(whole.slopes == zip(parts[0].slopes, parts[1].slopes).map(+))
  }

  // MARK: Faults that these tests must notice

  @Test("a baseline made of the very reward it is taken from is noticed")
  func plantedDependentBaseline() {
    let step = Self.bandit.meanStep(
      groupSize: 1, advantages: { $0.map { $0 - 0.5 * $0 } },
      objective: { PolicyGradient.value($0, $1) })
    #expect(Self.bandit.deviation(step) > 0.05)
  }
}
