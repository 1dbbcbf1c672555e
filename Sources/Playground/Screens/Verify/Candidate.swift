import Decoding
import Foundation
import Problems
import Reasoning
import Traces

/// A solution that a verifier has judged, or will.
struct Candidate: Sendable, Hashable {
  /// The path's number.
  var path: Int
  /// What it was given by each way to rank.
  var scores: [CandidateRanking: Double] = [:]
  /// The single judgements that its score was made of: of its steps, or by rationales.
  var judgements: [Judgement] = []
  /// The same for each way to rank that is made of some.
  var allJudgements: [CandidateRanking: [Judgement]] = [:]
  var answer: String?
  /// What the exact checker says of the answer; nil where it cannot tell. No verifier sees it.
  var isRight: Bool?
  /// Whether the run's answer is this candidate's.
  var isWinner = false
}

/// One thing that a verifier judged, with the figure that it gave.
struct Judgement: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// A step of the solution.
    case step
    /// A rationale that was sampled after the solution.
    case rationale
    /// The whole solution, in one figure.
    case verdict
  }

  var kind: Kind
  /// The step, or the rationale's words.
  var text: String
  /// From 0 (wrong) to 1 (right).
  var value: Double
  /// The place to open: before the step, or where the verdict is read.
  var place: NodeID?
  /// What the exact checker says of a step, up to the first that is wrong; nil where it cannot
  /// tell.
  var isRight: Bool?
}

extension Candidate {
  /// The candidates of a run, by path number. Rationales are paths too, but begin elsewhere.
  ///
  /// - Parameters:
  ///   - rankings: the ways to rank that they are to have scores of.
  ///   - checker: says which steps are right, where the problem is known.
  static func list(
    of run: RunTrace, by rankings: [CandidateRanking], _ checker: StepChecker?
  ) -> [Candidate] {
    // A verifier reads those that have ended, in order; its own paths are numbered after them.
    let judged = run.solutionPaths.filter { run.paths[$0]?.end != nil }
    var candidates = run.candidatePaths.map { number in
      var candidate = Candidate(path: number)
      guard let path = run.paths[number] else { return candidate }
      candidate.answer = path.answer
      candidate.isRight = path.answer.flatMap { run.start?.question.isCorrect($0) }
      for ranking in rankings {
        guard let kind = ranking.kind else { continue }
        candidate.scores[ranking] = path.wholeScore(kind, in: ranking.review)?.value
        var found = steps(of: path, by: ranking, run, checker)
        if found.isEmpty, kind == .genrm, let order = judged.firstIndex(of: number) {
          found = rationales(
            of: path, by: ranking, order: order, after: judged.last ?? number, run)
        }
        if found.isEmpty { found = verdict(on: path, by: ranking) }
        if !found.isEmpty { candidate.allJudgements[ranking] = found }
      }
      return candidate
    }
    let answers = candidates.compactMap(\.answer)
    for index in candidates.indices {
      guard let answer = candidates[index].answer else { continue }
      candidates[index].scores[.majority] =
        Double(answers.count { $0 == answer }) / Double(candidates.count)
    }
    return candidates
  }

  /// The steps that a process verifier judged.
  private static func steps(
    of path: PathTrace, by ranking: CandidateRanking, _ run: RunTrace, _ checker: StepChecker?
  ) -> [Judgement] {
    var steps: [Judgement] = []
    var hasFailed = false
    var seen: Set<NodeID> = []
    // Each verifier tells of the same steps.
    for span in path.spans where span.kind == .step && seen.insert(span.last).inserted {
      guard
        let score = path.scores.last(where: {
          $0.kind == ranking.kind && $0.review == ranking.review && $0.node == span.last
        }),
        let range = path.range(of: span)
      else { continue }
      let bytes = path.nodes[range].flatMap { run.nodes[$0]?.token.bytes ?? [] }
      let text = Self.text(bytes)
      // After the first wrong step nothing is right or wrong by itself.
      let isRight = hasFailed ? nil : checker?.isRight(text)
      if isRight == false { hasFailed = true }
      steps.append(
        Judgement(
          kind: .step, text: text,
          // A step's share of a log-likelihood is a probability like any other.
          value: score.kind == .implicit ? exp(score.value) : score.value,
          place: run.nodes[span.first]?.parent, isRight: isRight))
    }
    return steps
  }

  /// The rationales that a generative verifier sampled for a candidate: as many for each.
  private static func rationales(
    of path: PathTrace, by ranking: CandidateRanking, order: Int, after last: Int, _ run: RunTrace
  ) -> [Judgement] {
    guard let whole = path.wholeScore(.genrm, in: ranking.review), let terms = whole.terms else {
      return []
    }
    // They begin where the score says; in traces that do not say so they are numbered on from the
    // last candidate.
    let first =
      whole.node.flatMap { start in
        run.pathNumbers.last { number in
          guard let first = run.paths[number]?.nodes.first else { return false }
          return run.nodes[first]?.parent == start
        }.map { $0 - terms.count + 1 }
      } ?? last + 1 + order * terms.count
    return terms.enumerated().map { index, value in
      let number = first + index
      let score = run.paths[number]?.scores.last { $0.kind == .genrm }
      // A rationale without a verdict counted 0. A path that does not fit is shown as a dash.
      guard let rationale = run.paths[number], (score?.value ?? 0) == value else {
        return Judgement(kind: .rationale, text: "—", value: value)
      }
      return Judgement(
        kind: .rationale, text: text(Array(run.text(ofPath: number).utf8)), value: value,
        place: score?.node ?? rationale.tip)
    }
  }

  /// The verdict on a candidate that was judged as a whole.
  private static func verdict(on path: PathTrace, by ranking: CandidateRanking) -> [Judgement] {
    guard let kind = ranking.kind, kind == .orm || kind == .genrm,
      let score = path.wholeScore(kind, in: ranking.review), score.terms == nil,
      let node = score.node
    else { return [] }
    let text = kind == .orm ? "p(Yes) / (p(Yes) + p(No)) at once" : "p(Yes) at once"
    return [Judgement(kind: .verdict, text: text, value: score.value, place: node)]
  }

  private static func text(_ bytes: [UInt8]) -> String {
    let line = PathText.oneLine(bytes).drop { $0 == " " }
    return String(line)
  }
}
