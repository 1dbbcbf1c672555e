import Decoding
import Problems
public import Traces

/// A process reward model: judges each step of a solution where it ends (Lightman et al. 2023,
/// arXiv 2305.20050).
///
/// Behind every sentence stands a tag, and the model says + or − to it. The score of a step is
/// p(+) / (p(+) + p(−)) after its tag, while every earlier step is marked +, as in the training
/// documents up to the first wrong step. A step's score depends on nothing that comes later.
public struct StepVerifier: ProcessVerifier {
  /// A whole solution is as good as its weakest step, unless a strategy says otherwise.
  public static let defaultAggregate = StepAggregate.min

  public var aggregate: StepAggregate
  /// Whether the model first says each step as it should be and then judges, as a generative
  /// verifier does with whole solutions (Zhao et al. 2025, "GenPRM", arXiv 2504.00891). A step to
  /// which it finds no end has the score 0.
  public var restates: Bool = false

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let readings = try await read(
      solutions, after: Array(repeating: StepReading(), count: solutions.count), in: run)
    return readings.map(assessment)
  }

  func assessment(_ reading: StepReading) -> Assessment {
    guard reading.isWhole, let value = aggregate.of(reading.scores) else { return .none }
    return Assessment(value: value, steps: reading.scores)
  }

  func read(
    _ solutions: [CandidateSolution], after known: [StepReading], in run: Run
  ) async throws -> [StepReading] {
    let texts = solutions.map(\.steps)
    var readings = known
    var tags: [[NodeID?]] = Array(repeating: [], count: solutions.count)
    for (index, steps) in texts.enumerated() where known.indices.contains(index) {
      let fresh = steps.dropFirst(known[index].scores.count)
      guard known[index].isWhole, let last = fresh.last else { continue }
      let lead = leadIn(known[index].scores.isEmpty ? nil : steps[known[index].scores.count - 1])
      let places = try run.insertReview(
        lead + segments(Array(fresh)), after: known[index].place, room: room(last))
      guard let places, let place = places.last else {
        readings[index].isWhole = false
        continue
      }
      readings[index].place = place
      // Each step is so many segments; what follows the place of its verdict is left out of the
      // last one.
      tags[index] = stride(from: lead.count + 1, to: places.count, by: restates ? 5 : 3)
        .map { places[$0].node }
    }
    if restates { tags = try await restated(tags, of: solutions, texts, after: known, in: run) }
    let chances = try await run.probabilities(
      of: [PromptFormat.rightStep, PromptFormat.wrongStep],
      after: tags.flatMap { $0 }.compactMap { $0 })
    var rest = chances[...]
    for (index, tags) in tags.enumerated() where !tags.isEmpty {
      let scores = tags.map { tag in
        tag == nil ? 0 : rest.popFirst().map { $0[0] / ($0[0] + $0[1]) } ?? 0
      }
      guard !scores.contains(where: \.isNaN) else {
        readings[index].isWhole = false
        continue
      }
      for (step, score) in zip(texts[index].dropFirst(known[index].scores.count), scores) {
        run.tell(step, score, as: .prm, of: solutions[index])
      }
      readings[index].scores += scores
      let all = readings[index].scores
      guard let value = aggregate.of(all) else { continue }
      run.emit(Score(kind: .prm, path: solutions[index].path, value: value, terms: all))
    }
    return readings
  }

  /// What stands between the place of a verdict and the next step: the rest of a step that was
  /// judged, as if it had been found right.
  private func leadIn(_ step: SolutionStep?) -> [String] {
    guard let step else { return [] }
    return restates
      ? [" " + step.text, PromptFormat.stepTag, PromptFormat.rightStep] : [PromptFormat.rightStep]
  }

  /// Steps with a mark behind each, up to the place of the last one's verdict.
  private func segments(_ steps: [SolutionStep]) -> [String] {
    let all = steps.flatMap { step in
      [" " + step.text, restates ? PromptFormat.stepRestatement : PromptFormat.stepTag]
        + leadIn(step)
    }
    return all.dropLast(restates ? 3 : 1)
  }

  /// How many tokens the last step needs behind the text.
  private func room(_ step: SolutionStep) -> Int { restates ? Self.budget(step) + 1 : 1 }

  /// A restated step is about as long as the step; no token is shorter than a byte.
  private static func budget(_ step: SolutionStep) -> Int { step.text.utf8.count + 24 }

  /// Lets the model say each step again and returns the tags behind what it says.
  private func restated(
    _ starts: [[NodeID?]], of solutions: [CandidateSolution], _ texts: [[SolutionStep]],
    after known: [StepReading], in run: Run
  ) async throws -> [[NodeID?]] {
    var number = run.freePath(above: solutions.map(\.path).max() ?? -1)
    var paths: [Continuation] = []
    for (starts, (steps, known)) in zip(starts, zip(texts, known)) {
      for case (let start?, let step) in zip(starts, steps.dropFirst(known.scores.count)) {
        paths.append(
          Continuation(
            start: start, path: number, sampler: GreedySampler(),
            stop: StopRule(
              endTokens: run.reader.model.vocabulary.endOfText,
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
}
