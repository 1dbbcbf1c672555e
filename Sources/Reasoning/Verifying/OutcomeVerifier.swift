import Decoding
import Problems
import Traces

/// Asks "Is the answer correct (Yes/No)?" behind a solution and reads the probability of the
/// answer at once (Zhang et al. 2024, arXiv 2408.15240, equation 3). Nothing is sampled.
///
/// Both readings are told of: `genrm` is p(Yes) of the whole vocabulary, the paper's; `orm` is
/// p(Yes) / (p(Yes) + p(No)), the two-way classifier that an outcome reward model is.
struct OutcomeVerifier: Verifier {
  /// Which of the two solutions are ranked by.
  public enum Reading: Sendable, Hashable { case raw, renormalized }

  public var reading: Reading

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let nodes = try solutions.map { try run.ask(of: $0, PromptFormat.verdict) }
    let verdicts = try await run.verdicts(after: nodes)
    return zip(solutions, zip(nodes, verdicts)).map { solution, read in
      guard let place = read.0, let verdict = read.1 else { return .none }
      let node = run.read(place)
      run.emit(Score(kind: .genrm, path: solution.path, node: node, value: verdict.yes))
      if let share = verdict.share {
        run.emit(Score(kind: .orm, path: solution.path, node: node, value: share))
      }
      return Assessment(value: reading == .raw ? verdict.yes : verdict.share, verdicts: [verdict])
    }
  }
}

/// How a verifier would answer at the place of its verdict. The two do not sum to 1: the model
/// may want to say something else.
public struct Verdict: Sendable, Hashable {
  /// p(Yes).
  public var yes: Double
  /// p(No).
  public var no: Double

  /// p(Yes) / (p(Yes) + p(No)); nil where the model would say neither.
  public var share: Double? { yes + no > 0 ? yes / (yes + no) : nil }
}

extension Run {
  /// Asks about a solution; the node behind the question, nil where the solution is empty or does
  /// not fit.
  func ask(of solution: CandidateSolution, _ question: String, room: Int = 1) throws -> NodeID? {
    guard !solution.text.isEmpty else { return nil }
    return try insertReview([" " + solution.text, question], room: room)?.last?.node
  }

  /// The verdicts after nodes; nil where there is no node.
  func verdicts(after nodes: [NodeID?]) async throws -> [Verdict?] {
    let known = nodes.compactMap { $0 }
    let chances = try await probabilities(of: [PromptFormat.yes, PromptFormat.no], after: known)
    var rest = chances[...]
    return nodes.map { node in
      guard node != nil, let chance = rest.popFirst() else { return nil }
      return Verdict(yes: chance[0], no: chance[1])
    }
  }
}
