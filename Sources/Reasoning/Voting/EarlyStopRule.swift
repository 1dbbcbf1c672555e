import Foundation
import Traces

/// The rule by which a vote of a number of samples ends early.
struct EarlyStopRule: Sendable {
  var criterion: EarlyStop
  /// Which votes decide.
  var method: Tally.Method
  /// How many samples the whole vote has.
  var samples: Int

  static let confidence = 0.95

  /// - Parameter counted: how many paths have been counted, those without an answer included.
  func isMet(by tally: Tally, counted: Int) -> Bool {
    guard let leader = tally.winner, let weight = tally.votes[leader] else { return false }
    let place = tally.order.firstIndex(of: leader) ?? 0
    switch criterion {
    case .decided:
      // No sample counts more than 1 by any method. An answer that was seen before the leader would
      // win a tie, one that was not seen yet would lose it.
      let left = Double(samples - counted)
      guard weight >= left else { return false }
      return tally.order.enumerated().allSatisfy { index, answer in
        let most = (tally.votes[answer] ?? 0) + left
        return answer == leader || (index < place ? most < weight : most <= weight)
      }
    case .likely:
      let second = tally.votes.filter { $0.key != leader }.values.max() ?? 0
      return Self.chanceOfLead(Int(weight), over: Int(second)) >= Self.confidence
    }
  }

  /// P(p₁ > p₂ | v₁, v₂) with p₁ + p₂ = 1 and a uniform prior: the part of Beta(v₁ + 1, v₂ + 1)
  /// above ½, which is the chance of at most v₁ heads in v₁ + v₂ + 1 throws of a fair coin.
  static func chanceOfLead(_ first: Int, over second: Int) -> Double {
    let throwsOfCoin = first + second + 1
    var log = -Double(throwsOfCoin) * Foundation.log(2)
    var sum = 0.0
    for heads in 0...first {
      sum += Foundation.exp(log)
      log += Foundation.log(Double(throwsOfCoin - heads) / Double(heads + 1))
    }
    return min(1, sum)
  }
}
