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

/// What candidates are ranked by.
typealias CandidateRanking = Score.Kind

extension CandidateRanking {
  var title: String {
    switch self {
    case .prm: "PRM"
    case .genrm: "GenRM"
    case .orm: "ORM"
    case .implicit: "α log p"
    case .likelihood: "log p"
    default: rawValue
    }
  }

  /// Whether its figures lie between 0 and 1.
  var isShare: Bool { self != .likelihood && self != .implicit }
}

extension Candidate {
  /// The candidates of a run, by path number. Rationales are paths too, but begin elsewhere.
  ///
  /// - Parameter checker: says which steps are right, where the problem is known.
  static func list(of run: RunTrace, _ checker: StepChecker?) -> [Candidate] {
    let numbers = run.solutionPaths
    // A verifier reads those that have ended, in order; its own paths are numbered after them.
    let judged = numbers.filter { run.paths[$0]?.end != nil }
    // What a search gave up or only tried on the way is no candidate.
    let dropped: Set = ["pruned", "lookahead", "unfinished"]
    return numbers.filter { number in
      run.paths[number]?.end.map { !dropped.contains($0.reason) } ?? true
    }.map { number in
      var candidate = Candidate(path: number)
      guard let path = run.paths[number] else { return candidate }
      candidate.answer = path.answer
      candidate.isRight = path.answer.flatMap { run.start?.question.isCorrect($0) }
      for ranking in CandidateRanking.rankings {
        candidate.scores[ranking] = path.wholeScore(ranking)?.value
      }
      candidate.judgements = steps(of: path, run, checker)
      if candidate.judgements.isEmpty, let order = judged.firstIndex(of: number) {
        candidate.judgements = rationales(of: path, order: order, after: judged.last ?? number, run)
      }
      if candidate.judgements.isEmpty { candidate.judgements = verdict(on: path) }
      return candidate
    }
  }

  /// The steps that a process verifier judged.
  private static func steps(
    of path: PathTrace, _ run: RunTrace, _ checker: StepChecker?
  ) -> [Judgement] {
    var steps: [Judgement] = []
    var hasFailed = false
    for span in path.spans where span.kind == .step {
      guard
        let score = path.scores.last(where: {
          ($0.kind == .prm || $0.kind == .implicit) && $0.node == span.last
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
          place: run.nodes[span.first]?.parent,
          isRight: isRight))
    }
    return steps
  }

  /// The rationales that a generative verifier sampled for a candidate: as many for each, numbered
  /// on from the last candidate.
  private static func rationales(
    of path: PathTrace, order: Int, after last: Int, _ run: RunTrace
  ) -> [Judgement] {
    guard let terms = path.wholeScore(.genrm)?.terms else { return [] }
    return terms.enumerated().map { index, value in
      let number = last + 1 + order * terms.count + index
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
  private static func verdict(on path: PathTrace) -> [Judgement] {
    guard let score = path.wholeScore(.orm) ?? path.wholeScore(.genrm), let node = score.node
    else { return [] }
    let text = score.kind == .orm ? "p(Yes) / (p(Yes) + p(No)) at once" : "p(Yes) at once"
    return [Judgement(kind: .verdict, text: text, value: score.value, place: node)]
  }

  private static func text(_ bytes: [UInt8]) -> String {
    let line = PathText.oneLine(bytes).drop { $0 == " " }
    return String(line)
  }
}
