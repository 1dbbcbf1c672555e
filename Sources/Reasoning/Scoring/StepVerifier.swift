import Decoding

/// A process reward model: judges each step of a solution where it ends (Lightman et al. 2023,
/// arXiv 2305.20050).
///
/// Behind every sentence stands a tag, and the model says + or − to it. The score of a step is
/// p(+) / (p(+) + p(−)) after its tag, while every earlier step is marked +, as in the training
/// documents up to the first wrong step. A step's score depends on nothing that comes later.
public struct StepVerifier: Verifier {
  public var aggregate: StepAggregate

  public init(aggregate: StepAggregate) { self.aggregate = aggregate }

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let texts = solutions.map(\.steps)
    let tags = try texts.map { steps -> [NodeID] in
      if steps.isEmpty { return [] }
      let segments = steps.flatMap {
        [" " + $0.text, PromptFormat.stepTag, PromptFormat.rightStep]
      }
      // The last tag stays without a mark.
      guard let ends = try run.insertReview(segments.dropLast()) else { return [] }
      return stride(from: 1, to: ends.count, by: 3).map { ends[$0] }
    }
    let chances = try await run.probabilities(
      of: [PromptFormat.rightStep, PromptFormat.wrongStep], after: tags.flatMap { $0 })
    var rest = chances[...]
    return zip(solutions, zip(texts, tags)).map { solution, read in
      let own = rest.prefix(read.1.count)
      rest = rest.dropFirst(read.1.count)
      let scores = own.map { $0[0] / ($0[0] + $0[1]) }
      guard let value = aggregate.of(scores), !scores.contains(where: \.isNaN) else {
        return .none
      }
      for (step, score) in zip(read.0, scores) {
        tell(step, score, of: solution, in: run)
      }
      run.emit(.score(Score(kind: .prm, path: solution.path, value: value, terms: scores)))
      return Assessment(value: value, steps: scores)
    }
  }

  /// Tells of a step's score at the step's own place in the path, for views of that path.
  private func tell(
    _ step: SolutionStep, _ score: Double, of solution: CandidateSolution, in run: Run
  ) {
    guard let (first, last) = run.nodes(of: step.bytes, in: solution) else { return }
    run.emit(.span(Span(kind: .step, path: solution.path, first: first, last: last)))
    run.emit(.score(Score(kind: .prm, path: solution.path, node: last, value: score)))
  }
}

/// How the scores of steps become one.
public enum StepAggregate: String, Sendable, Codable, CaseIterable {
  /// The weakest step decides.
  case min
  /// The score after the last step, which has seen them all.
  case last
  /// The chance that all steps are right, were they independent; it favours short solutions.
  case prod
  case mean

  /// nil without steps.
  public func of(_ scores: [Double]) -> Double? {
    guard let last = scores.last else { return nil }
    return switch self {
    case .min: scores.min()
    case .last: last
    case .prod: scores.reduce(1, *)
    case .mean: scores.reduce(0, +) / Double(scores.count)
    }
  }
}
