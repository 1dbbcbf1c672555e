import Decoding
import Problems
import Traces

/// Step-back prompting: the model states the principle behind the question before it answers
/// (Zheng et al. 2023, "Take a Step Back", arXiv 2310.06117). What the principle did for the answer
/// is measured by taking it out.
struct StepBack: Strategy {
  public static let description = StrategyDescription(
    name: "step-back", title: "Step-back prompting",
    summary: "States the principle behind the question before it answers.",
    paper: "Zheng et al. 2023, arXiv 2310.06117", cost: "one path",
    shape: .path, defaultPrompting: .stepBack,
    settings: [.prompting, .temperature, .topK, .topP, .minP, .maxTokens, .seed])

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let path = run.sampledPath(0, from: start, temperature: Self.description.defaultTemperature)
    guard let result = try await run.decode([path]).first else { return nil }
    let answer = run.conclude(0, result.reason).answer
    if result.reason == .cancelled { return answer }
    do { try await look(at: run) } catch is CancellationError {}
    return answer
  }

  /// The principle is the first sentence, where more follow before the answer's own.
  private func look(at run: Run) async throws {
    let text = String(decoding: run.record(ofPath: 0).bytes, as: UTF8.self)
    guard text.utf8.elementsEqual(run.record(ofPath: 0).bytes) else { return }
    let steps = SolutionStep.steps(of: text)
    guard steps.count > 1, let principle = steps.first,
      AnswerMarkers(bytes: Array(principle.text.utf8)).phrases(in: 0..<principle.bytes.count)
        .isEmpty, let places = run.places(of: principle.bytes, inPath: 0)
    else { return }
    run.tellSpan(.principle, ofPath: 0, places)
    try await run.tellShift(ofPath: 0, without: places)
  }
}
