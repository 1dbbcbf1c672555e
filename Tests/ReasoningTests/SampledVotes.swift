import Foundation

@testable import Measuring

/// What votes of samples that are drawn anew come to, for tests to compare with.
extension VoteProbability {
  /// The chance that a vote of `votes` independent samples picks answer `index`, when each sample
  /// gives answer i with chance `shares[i]`; what `shares` lack to 1 is unparsed.
  ///
  /// This is what self-consistency (Wang et al. 2022, arXiv 2203.11171) converges to at a given
  /// number of samples: the sampler's own mode, correct or not. nil for shares that are negative
  /// or sum to more than 1, for an index outside, and for no votes.
  static func sampling(shares: [Double], index: Int, votes: Int) -> Double? {
    let total = shares.reduce(0, +)
    guard shares.indices.contains(index), votes >= 1, total <= 1 + 1e-9,
      shares.allSatisfy({ $0 >= 0 })
    else { return nil }
    let logs = LogFactorials(upTo: votes)
    var remaining = 1.0
    var order = shares
    order.swapAt(0, index)
    let steps = order.map { share in
      defer { remaining -= share }
      return min(1, share / max(remaining, .leastNormalMagnitude))
    }
    return win(votes: votes, answers: steps.count) { answer, count, left in
      logs.binomial(count: count, of: left, chance: steps[answer])
    }
  }
}

extension LogFactorials {
  fileprivate func binomial(count: Int, of trials: Int, chance: Double) -> Double {
    if chance <= 0 { return count == 0 ? 1 : 0 }
    if chance >= 1 { return count == trials ? 1 : 0 }
    let log =
      logChoose(trials, count) + Double(count) * Foundation.log(chance)
      + Double(trials - count) * Foundation.log1p(-chance)
    return Foundation.exp(log)
  }
}
