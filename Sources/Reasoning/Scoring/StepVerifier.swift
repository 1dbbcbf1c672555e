import Decoding

/// A process reward model: judges each step of a solution where it ends (Lightman et al. 2023,
/// arXiv 2305.20050).
///
/// Behind every sentence stands a tag, and the model says + or − to it. The score of a step is
/// p(+) / (p(+) + p(−)) after its tag, while every earlier step is marked +, as in the training
/// documents up to the first wrong step. A step's score depends on nothing that comes later.
public struct StepVerifier: Verifier {
  public var aggregate: StepAggregate
  /// Whether the model first says each step as it should be and then judges, as a generative
  /// verifier does with whole solutions (Zhao et al. 2025, "GenPRM", arXiv 2504.00891). A step to
  /// which it finds no end has the score 0.
  public var restates: Bool

  public init(aggregate: StepAggregate, restates: Bool = false) {
    self.aggregate = aggregate
    self.restates = restates
  }

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let texts = solutions.map(\.steps)
    let ends = try texts.map { steps in
      steps.isEmpty ? [] : try run.insertReview(segments(steps), room: room(steps)) ?? []
    }
    // Each step is so many segments; the mark of the last one is left out.
    let size = restates ? 5 : 3
    var tags: [[NodeID?]] = ends.map { ends in
      stride(from: 1, to: ends.count, by: size).map { ends[$0] }
    }
    if restates { tags = try await restated(tags, of: solutions, texts, in: run) }
    let chances = try await run.probabilities(
      of: [PromptFormat.rightStep, PromptFormat.wrongStep],
      after: tags.flatMap { $0 }.compactMap { $0 })
    var rest = chances[...]
    return zip(solutions, zip(texts, tags)).map { solution, read in
      let scores = read.1.map { tag in
        tag == nil ? 0 : rest.popFirst().map { $0[0] / ($0[0] + $0[1]) } ?? 0
      }
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

  /// The solution with a mark behind each step, up to the tag of the last.
  private func segments(_ steps: [SolutionStep]) -> [String] {
    let all = steps.flatMap { step in
      restates
        ? [
          " " + step.text, PromptFormat.stepRestatement, " " + step.text, PromptFormat.stepTag,
          PromptFormat.rightStep,
        ]
        : [" " + step.text, PromptFormat.stepTag, PromptFormat.rightStep]
    }
    return restates ? all.dropLast(3) : all.dropLast()
  }

  /// How many tokens the last step needs behind the text.
  private func room(_ steps: [SolutionStep]) -> Int {
    restates ? Self.budget(steps.last) + 1 : 1
  }

  /// A restated step is about as long as the step; no token is shorter than a byte.
  private static func budget(_ step: SolutionStep?) -> Int { (step?.text.utf8.count ?? 0) + 24 }

  /// Lets the model say each step again and returns the tags behind what it says.
  private func restated(
    _ starts: [[NodeID?]], of solutions: [CandidateSolution], _ texts: [[SolutionStep]],
    in run: Run
  ) async throws -> [[NodeID?]] {
    var number = run.freePath(above: solutions.map(\.path).max() ?? -1)
    var paths: [Continuation] = []
    for (starts, steps) in zip(starts, texts) {
      for case (let start?, let step) in zip(starts, steps) {
        paths.append(
          Continuation(
            start: start, path: number, sampler: GreedySampler(),
            stop: StopRule(
              endTokens: run.vocabulary.endOfText,
              stopSequences: [PromptFormat.stepTag, "\n"] + run.prompt.stops),
            budget: Self.budget(step)))
        number += 1
      }
    }
    let results = try await run.decodeReviews(paths)
    try Task.checkCancellation()
    var rest = results[...]
    return starts.map { own in
      own.map { _ in
        guard let result = rest.popFirst() else { return nil }
        let record = run.record(ofPath: result.path)
        let isTagged = record.bytes.suffix(PromptFormat.stepTag.utf8.count)
          .elementsEqual(PromptFormat.stepTag.utf8)
        return isTagged ? record.entries.last?.node : nil
      }
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
