import Decoding
import Problems
import Traces

/// Self-correction: the model is made to look at its answer again, with nothing to go by but
/// itself ("intrinsic" in Huang et al. 2023, "Large Language Models Cannot Self-Correct Reasoning
/// Yet", arXiv 2310.01798, whose finding is that this does harm as well as good; the loop is that of
/// Self-Refine, Madaan et al. 2023, arXiv 2303.17651).
///
/// The path goes on behind its first answer. The run tells of both answers, so that a right one
/// given up is counted like a wrong one mended.
struct SelfCorrect: Strategy {
  public static let description = StrategyDescription(
    name: "self-correct", brief: "correct", title: "Self-correction",
    summary: "Answers, looks at the answer again, and reports how it changed.",
    paper: "Madaan et al. 2023, arXiv 2303.17651; Huang et al. 2023, arXiv 2310.01798",
    cost: "one path, plus the second look", shape: .path, defaultPrompting: .think,
    settings: [.prompting, .temperature, .topK, .topP, .minP, .maxTokens, .seed])

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let first = run.sampledPath(0, from: start, temperature: Self.description.defaultTemperature)
    guard let attempt = try await run.decode([first]).first else { return nil }
    let before = run.conclude(0, attempt.reason).answer
    if attempt.reason == .cancelled || attempt.reason == .contextFull { return before }
    // Thinking that goes on past its tokens is ended, so that there is something to look at.
    let said = run.endOfAnswer(path: 0, start: start)
    let asked = run.inject(
      run.closingTag(after: said.bytes) + PromptFormat.recheck, after: said.end, path: 0)
    var second = run.sampledPath(0, from: asked, temperature: Self.description.defaultTemperature)
    second.firstStep = attempt.tokens.count
    guard let revision = try await run.decode([second]).first else { return before }
    // Looking again without coming to an answer takes none back.
    let after = run.conclude(0, revision.reason).answer
    guard revision.reason != .cancelled else { return before }
    run.noteRevision(of: before)
    return after
  }
}

extension Run {
  /// The last node of what a path says before it ends or begins a question of its own, and what is
  /// said up to there.
  func endOfAnswer(path: Int, start: NodeID) -> (end: NodeID, bytes: [UInt8]) {
    let entries = record(ofPath: path).entries
    return beginning(of: entries, start, upTo: prompt.answerLength(in: entries.flatMap(\.bytes)))
  }
}
