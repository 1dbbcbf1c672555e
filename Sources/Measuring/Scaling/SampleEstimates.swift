import Decoding
import Foundation
import Reasoning
import Traces

/// What k of a problem's n samples would give, for every k from samples that are drawn once.
///
/// The samples are independent and alike, so the mean over all k of n is an unbiased estimate of
/// what k samples give, with less noise than any one choice of them.
struct SampleEstimates: Sendable {
  private let samples: [StudySample]

  init(_ samples: [StudySample]) { self.samples = samples }

  /// The chance that any of k is right, 1 − C(n−c, k)/C(n, k) (Chen et al. 2021, arXiv 2107.03374,
  /// eq. 1). nil for k not in 1 … n.
  func passAtK(_ k: Int) -> Double? {
    Statistics.passAtK(samples: samples.count, correct: samples.count { $0.isCorrect }, k: k)
  }

  /// The chance that a majority of k is right: exact over all choices of k of the samples in any
  /// order, a tie going to the answer seen first, samples without an answer voting for nothing.
  /// nil for k not in 1 … n.
  func majorityAtK(_ k: Int) -> Double? {
    guard k >= 1, k <= samples.count else { return nil }
    let answers = samples.filter { $0.answer != nil }.grouped(by: \.answer).map(\.elements)
    let tally = answers.map(\.count)
    let unparsed = samples.count - tally.reduce(0, +)
    let right = answers.indices.filter { answers[$0].contains(where: \.isCorrect) }
    return right.reduce(0) { sum, index in
      sum + (VoteProbability.majorityAtK(tally: tally, unparsed: unparsed, index: index, k: k) ?? 0)
    }
  }

  /// The chance that the sample ranked first of k by the verifier is right: exact over all choices
  /// of k of the samples.
  ///
  /// The first of k has the score of a group of m equals with b samples below them with chance
  /// (C(b+m, k) − C(b, k))/C(n, k), and is any of the m alike. Samples without an answer do not take
  /// part, those without a score rank behind all others, as in best-of-n. nil for k not in 1 … n.
  func bestOfK(_ k: Int) -> Double? {
    let n = samples.count
    guard k >= 1, k <= n else { return nil }
    let ranked = samples.filter { $0.answer != nil }.sorted { value(of: $0) < value(of: $1) }
    var below = n - ranked.count
    var chance = 0.0
    var rest = ranked[...]
    while let first = rest.first {
      let group = rest.prefix { value(of: $0) == value(of: first) }
      let right = group.count { $0.isCorrect }
      let share = allWithin(below + group.count, k: k) - allWithin(below, k: k)
      chance += share * Double(right) / Double(group.count)
      below += group.count
      rest = rest.dropFirst(group.count)
    }
    return min(1, max(0, chance))
  }

  /// The share of k that the verifier's weighted vote decides rightly: the mean over the ⌊n/k⌋
  /// groups of k that follow each other in path order. There is no short way to the mean over all
  /// choices; groups without a sample in common are unbiased as well, with more noise. nil for k
  /// not in 1 … n.
  func weightedAtK(_ k: Int) -> Double? {
    guard k >= 1, k <= samples.count else { return nil }
    let groups = samples.count / k
    let right = (0..<groups).count { index in isVoteRight(samples[(index * k)..<((index + 1) * k)])
    }
    return Double(right) / Double(groups)
  }

  private func isVoteRight(_ group: ArraySlice<StudySample>) -> Bool {
    var tally = Tally(method: .verifier, votes: [:], unparsed: 0, order: [])
    for sample in group { tally.count(sample.answer, weight: sample.weight) }
    let winner = tally.winner
    return group.contains { $0.answer != nil && $0.answer == winner && $0.isCorrect }
  }

  private func value(of sample: StudySample) -> Double { sample.score ?? -.infinity }

  /// C(m, k)/C(n, k): the chance that all of k lie among the lowest m.
  private func allWithin(_ m: Int, k: Int) -> Double {
    guard m >= k else { return 0 }
    return (0..<k).reduce(1) { $0 * Double(m - $1) / Double(samples.count - $1) }
  }
}
