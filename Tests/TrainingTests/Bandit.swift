import Foundation

@testable import Training

/// One choice among three actions by the softmax of as many logits: all that may happen can be
/// enumerated, so that what an estimator has to estimate is known exactly.
struct Bandit {
  /// Its gradient is (−.11995, .15083, −.03089).
  static let known = Bandit(logits: [0, -0.3, 0.3], rewards: [0, 1, 0.3])

  var logits: [Double]
  var rewards: [Double]

  var probabilities: [Double] {
    let sum = logits.reduce(0) { $0 + exp($1) }
    return logits.map { exp($0) / sum }
  }

  var expectedReward: Double {
    zip(probabilities, rewards).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// ∂ E[R] / ∂ logits.
  var gradient: [Double] {
    let expected = expectedReward
    return zip(probabilities, rewards).map { $0 * ($1 - expected) }
  }

  func logProbability(_ action: Int) -> Float { Float(log(probabilities[action])) }

  /// Every group of actions there is, with its probability.
  func groups(of size: Int) -> [(actions: [Int], probability: Double)] {
    let probabilities = probabilities
    return (0..<size).reduce([([], 1)]) { groups, _ in
      groups.flatMap { actions, probability in
        logits.indices.map { (actions + [$0], probability * probabilities[$0]) }
      }
    }
  }

  /// A group as completions of one token each.
  func completions(_ actions: [Int], advantages: [Double]) -> [SampledCompletion] {
    actions.indices.map {
      SampledCompletion(
        targets: $0..<$0 + 1, sampled: [logProbability(actions[$0])],
        advantages: [advantages[$0]])
    }
  }

  /// The direction in which an objective moves the logits for a group: −Σ slope · ∇ log π.
  func step(_ actions: [Int], slopes: [Float]) -> [Double] {
    let probabilities = probabilities
    return logits.indices.map { logit in
      -zip(actions, slopes).reduce(0) {
        $0 + Double($1.1) * (($1.0 == logit ? 1 : 0) - probabilities[logit])
      }
    }
  }

  /// The mean over all groups of the direction in which an objective moves the logits.
  func meanStep(
    groupSize: Int, advantages: ([Double]) -> [Double],
    objective: ([Float], [SampledCompletion]) -> ObjectiveValue
  ) -> [Double] {
    var mean = logits.map { _ in 0.0 }
    for (actions, probability) in groups(of: groupSize) {
      let completions = completions(
        actions, advantages: advantages(actions.map { rewards[$0] }))
      let step = step(
        actions, slopes: objective(actions.map(logProbability), completions).slopes)
      for logit in mean.indices { mean[logit] += probability * step[logit] }
    }
    return mean
  }

  /// How far a direction is from the gradient of the expected reward.
  func deviation(_ step: [Double]) -> Double {
    zip(step, gradient).map { abs($0 - $1) }.max() ?? .infinity
  }
}
