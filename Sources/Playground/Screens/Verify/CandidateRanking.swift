import Foundation
import Measuring
import Reasoning
import Traces

/// What candidates are ranked by.
enum CandidateRanking: Sendable, Hashable {
  /// What the run itself has found, by the kind of its scores.
  case own(Score.Kind)
  /// What a verifier has made of them after the run.
  case review(Review)
  /// How many of them have the same answer: nothing is judged.
  case majority

  /// Σ log p under the model that wrote them: nothing is judged.
  static let likelihood = CandidateRanking.own(.likelihood)

  /// The kind of its scores; nil where it has none.
  var kind: Score.Kind? {
    switch self {
    case .own(let kind): kind
    case .review(let review): review.verifier.scoreKind
    case .majority: nil
    }
  }

  var review: Review? { if case .review(let review) = self { review } else { nil } }

  /// A word for the heading of a column.
  var title: String {
    switch kind {
    case .prm: "PRM"
    case .genrm: "GenRM"
    case .orm: "ORM"
    case .implicit: "α logp"
    case .likelihood: "log p"
    case nil: "votes"
    case let kind?: kind.rawValue
    }
  }

  /// Whether its figures lie between 0 and 1.
  var isShare: Bool { kind != .likelihood && kind != .implicit }

  /// Whether it is there to be beaten: nothing is judged for it.
  var isBaseline: Bool { self == .majority || self == .likelihood }
}

extension RunTrace {
  /// The ways in which a run's candidates can be ranked: what it ranked by itself, what verifiers
  /// made of them later, in the order in which they first judged, and always the two for which
  /// nothing is judged.
  func rankings(own: Score.Kind) -> [CandidateRanking] {
    let scores = candidatePaths.flatMap { paths[$0]?.scores ?? [] }
    var rankings: [CandidateRanking] = [.own(own)]
    rankings += Score.Kind.rankings
      .filter { kind in kind != own && scores.contains { $0.kind == kind && $0.review == nil } }
      .map { .own($0) }
    for review in scores.lazy.compactMap(\.review) where !rankings.contains(.review(review)) {
      rankings.append(.review(review))
    }
    return rankings.filter { !$0.isBaseline } + [.majority, .likelihood]
  }
}

extension Candidate {
  /// Candidates in order, the best first and those without a score last; ties in the order of their
  /// paths.
  static func ranked(_ candidates: [Candidate], by ranking: CandidateRanking) -> [Candidate] {
    candidates.sorted { a, b in
      let (p, q) = (a.scores[ranking] ?? -.infinity, b.scores[ranking] ?? -.infinity)
      return p > q || (p == q && a.path < b.path)
    }
  }

  /// How well a ranking tells right candidates from wrong ones, as the area under the ROC curve; nil
  /// where there are not both.
  static func area(of candidates: [Candidate], by ranking: CandidateRanking) -> Double? {
    RankingQuality.area(
      under: candidates.compactMap { candidate in
        guard let score = candidate.scores[ranking], let isRight = candidate.isRight else {
          return nil
        }
        return (score, isRight)
      })
  }
}

/// What a way to rank makes of the same candidates.
struct RankingRow: Sendable, Hashable {
  var ranking: CandidateRanking
  /// How many candidates have a score.
  var count = 0
  /// The answer of the first in rank, and whether it is right; nil where none has one.
  var pick: String?
  var isPickRight: Bool?
  /// The answer with the greatest weight.
  var vote: String?
  var isVoteRight: Bool?
  /// The area under the ROC curve; nil where there are not right and wrong ones.
  var area: Double?
  /// The rank of the best right candidate, from 1.
  var firstRight: Int?

  /// - Parameters:
  ///   - candidates: in whatever order.
  ///   - settings: those of the run, by which scores become weights.
  init(_ ranking: CandidateRanking, of candidates: [Candidate], _ settings: RunSettings) {
    self.ranking = ranking
    let ranked = Candidate.ranked(candidates, by: ranking).filter { $0.scores[ranking] != nil }
    count = ranked.count
    func isRight(_ answer: String?) -> Bool? {
      answer.flatMap { answer in candidates.first { $0.answer == answer }?.isRight }
    }
    if ranking != .majority { pick = ranked.first { $0.answer != nil }?.answer }
    vote = Self.vote(ranking, candidates.sorted { $0.path < $1.path }, settings)
    (isPickRight, isVoteRight) = (isRight(pick), isRight(vote))
    area = Candidate.area(of: ranked, by: ranking)
    firstRight = ranked.firstIndex { $0.isRight == true }.map { $0 + 1 }
  }

  /// The answer whose candidates' weights sum to the most; of equals the one seen first. Weights are
  /// what verifiers give them (`Assessment.weight`): of log-likelihoods exp(β s), else the score.
  private static func vote(
    _ ranking: CandidateRanking, _ candidates: [Candidate], _ settings: RunSettings
  ) -> String? {
    let known = candidates.compactMap { candidate in
      candidate.scores[ranking].flatMap { score in
        score.isFinite ? candidate.answer.map { ($0, score) } : nil
      }
    }
    let top = known.map(\.1).max() ?? 0
    let sharpness =
      ranking.kind == .implicit ? settings.sharpness ?? RunSettings.Usual.sharpness : 1
    var tally = Tally(method: .verifier, votes: [:], unparsed: 0, order: [])
    for (answer, score) in known {
      let weight: Double =
        switch ranking {
        case .majority: 1
        // A common factor changes no vote, and keeps small likelihoods above 0.
        default: ranking.isShare ? max(0, score) : exp(sharpness * (score - top))
        }
      tally.count(answer, weight: weight)
    }
    return tally.winner
  }
}
