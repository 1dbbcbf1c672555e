import Measuring
import Problems
import Reasoning
public import TerminalUI
public import Traces

/// What Verify shows: the candidates of a run, ranked by what a verifier makes of them.
public struct VerifyState: Sendable {
  public enum Focus: Sendable, Hashable {
    case candidates
    /// The judgements of the selected candidate.
    case judgements
  }

  /// The run's paths.
  public var digest = RunDigest()
  /// The candidates, the first in rank first; those without a score last.
  public var ranked: [Candidate] = []
  /// The ways to rank for which there are scores.
  public var rankings: [CandidateRanking] = []
  /// The way to rank that the user chose; nil is the run's own.
  public var chosen: CandidateRanking?
  /// How well the ranking tells right candidates from wrong ones; nil where there are not both.
  public var area: Double?
  public var position = ListPosition()
  public var judged = ListPosition()
  public var focus = Focus.candidates
  /// Says which steps are right; nil where the problem is not one of the library.
  var checker: StepChecker?

  public init() {}

  /// What the run ranked by.
  public var own: CandidateRanking { CandidateRanking(verifier) }

  /// The verifier of the run.
  public var verifier: VerifierName {
    let start = digest.start
    return start?.settings.verifier
      ?? start.flatMap { StrategyRegistry.description(of: $0.strategy)?.defaultVerifier }
      ?? BestOfN.defaultVerifier
  }

  /// How a process verifier's steps became one score.
  public var aggregate: StepAggregate {
    let start = digest.start
    return start?.settings.aggregate?.ofSteps
      ?? start.flatMap { StrategyRegistry.description(of: $0.strategy)?.defaultAggregate }
      ?? StepVerifier.defaultAggregate
  }

  public var ranking: CandidateRanking { chosen ?? own }

  public var selected: Candidate? {
    ranked.indices.contains(position.selected) ? ranked[position.selected] : nil
  }

  /// The selected judgement, when the selection is among them.
  public var judgement: Judgement? {
    guard focus == .judgements, let all = selected?.judgements,
      all.indices.contains(judged.selected)
    else { return nil }
    return all[judged.selected]
  }

  /// The paths whose answer is the run's: of the candidate that is first in its rank, or of all
  /// that say what has the greatest sum.
  private func winners(of candidates: [Candidate]) -> Set<Int> {
    guard let end = digest.end, end.reason == .completed, let answer = end.answer else {
      return []
    }
    let start = digest.start
    let vote =
      start?.settings.vote
      ?? start.flatMap { StrategyRegistry.description(of: $0.strategy)?.defaultVote }
    if vote == .weighted {
      return Set(candidates.filter { $0.answer == answer }.map(\.path))
    }
    var best: Candidate?
    for candidate in candidates where candidate.answer != nil {
      let score = candidate.scores[own] ?? -.infinity
      if best.map({ score > $0.scores[own] ?? -.infinity }) ?? true { best = candidate }
    }
    // What says something else than the run is not what decided.
    return best.flatMap { $0.answer == answer ? [$0.path] : nil } ?? []
  }

  /// Ranks what a run has so far. The selected candidate stays selected.
  mutating func rank(_ run: RunTrace) {
    let path = selected?.path
    var all = Candidate.list(of: run, checker)
    let winners = winners(of: all)
    for index in all.indices { all[index].isWinner = winners.contains(all[index].path) }
    rankings = CandidateRanking.allCases.filter { ranking in
      all.contains { $0.scores[ranking] != nil }
    }
    order(all, keeping: path)
  }

  /// Ranks the candidates anew, equals in the order of their paths.
  mutating func order(_ candidates: [Candidate], keeping path: Int?) {
    let ranking = ranking
    ranked = candidates.sorted { a, b in
      let (p, q) = (a.scores[ranking] ?? -.infinity, b.scores[ranking] ?? -.infinity)
      return p > q || (p == q && a.path < b.path)
    }
    // While the user has chosen nothing the first in rank stays selected.
    if let path, position.selected > 0 || focus == .judgements {
      position.selected = ranked.firstIndex { $0.path == path } ?? 0
    }
    area =
      RankingQuality(
        ranked.compactMap { candidate in
          guard let score = candidate.scores[ranking], let isRight = candidate.isRight else {
            return nil
          }
          return LabelledScore(group: 0, score: score, isPositive: isRight)
        }
      ).area
  }
}
