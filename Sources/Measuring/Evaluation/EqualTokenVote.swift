import Problems
import Reasoning
import Traces

/// The control for whatever spends tokens: a plain vote over as many samples as the same tokens
/// pay for. Looking again, searching and verifying are worth something only where they beat it (as
/// Huang et al. 2023, arXiv 2310.01798, hold them against self-consistency).
struct EqualTokenVote: Sendable, Hashable {
  /// The majority's answer.
  var answer: String?
  /// How many samples were counted, and the tokens that were sampled for them.
  var samples = 0
  var tokens = 0

  /// Counts the paths of a vote in their order while they stay within a budget. The first counts
  /// in any case: no answer can be had for less.
  init(_ run: RunTrace, within budget: Int) {
    for tally in run.tallies[.majority] ?? [] {
      let cost = run.paths[samples]?.end?.generated ?? 0
      if samples > 0, tokens + cost > budget { break }
      answer = tally.winner
      samples += 1
      tokens += cost
    }
  }
}

extension Evaluation {
  /// The vote of self-consistency on no more tokens than a budget.
  ///
  /// - Returns: nil when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  func vote(on question: Question, within budget: Int) async throws -> EqualTokenVote? {
    var own = self
    (own.peers, own.judge, own.settings.samples) = ([], nil, 1)
    (own.settings.earlyStop, own.settings.answerOverTime) = (nil, nil)
    own.settings.weighting = .majority
    var trace = Trace()
    while true {
      guard let next = try await own.trace(of: SelfConsistency(), on: question, after: trace),
        let run = next.runs[1]
      else { return nil }
      trace = next
      let vote = EqualTokenVote(run, within: budget)
      let drawn = own.settings.samples ?? 1
      // Samples that cost nothing would never use a budget up.
      guard vote.samples == drawn, vote.tokens > 0, vote.tokens < budget else { return vote }
      // As many more as would fit if they were as long as those so far.
      own.settings.samples = drawn + max(1, (budget - vote.tokens) * drawn / vote.tokens)
    }
  }
}
