import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct RunReviewTests {
  private static let pieces = [
    "Q: How many?\nA:", " One.", " Two.", " The answer is", " 5", " 8", ".", " 1", "2", "<end>",
    PromptFormat.stepTag, PromptFormat.rightStep, PromptFormat.wrongStep,
  ]
  private static let end = TokenID(9)

  /// Two steps and then 8. Asked early it says 8 with a chance that depends on the steps made, else
  /// 5 or, half as often, 12, which is two tokens.
  private static func model(_ chances: [Double]) -> TableLanguageModel {
    TableLanguageModel(name: "review", pieces: pieces, end: end) { prefix in
      let steps = prefix.count { $0 == 1 || $0 == 2 }
      if prefix.last == 10 { return [11: 0.3 * Double(steps), 12: 0.1, end: 0.05] }
      switch prefix.last {
      case 3:
        let rest = 1 - chances[steps]
        return [5: chances[steps], 4: rest * 2 / 3, 7: rest / 3]
      case 7: return [8: 0.9, 6: 0.1]
      case 4, 5, 8: return [6: 1]
      case 6: return [end: 1]
      case 0: return [1: 1]
      case 1: return [2: 1]
      default: return [3: 1]
      }
    }
  }

  private func bench(_ chances: [Double]) -> StrategyBench {
    StrategyBench(model: { Self.model(chances) })
  }

  /// What a finished run's path is found to be, with the events of the look back.
  private func review(
    _ asked: RunReview.Question, _ chances: [Double], of strategy: any Strategy = Greedy()
  ) async throws -> (before: RunTrace, after: RunTrace, events: [TraceEvent]) {
    let records = await bench(chances).run(strategy)
    let before = try #require(Trace(records).runs[1])
    let decoder = Decoder(model: Self.model(chances), slots: 4)
    let log = Mutex<[TraceRecord]>([])
    let question = try #require(before.start?.question)
    let run = Run(
      number: 1, question: question, settings: RunSettings(), decoder: decoder,
      prompt: Prompt(text: question.text)
    ) { record in log.withLock { $0.append(record) } }
    try await RunReview(run, of: before).ask(asked)
    let told = log.withLock { $0 }
    let after = try #require(Trace(records + told).runs[1])
    return (before, after, told.map(\.event))
  }

  @Test(arguments: [[0.2, 0.5, 0.9], [0.95, 0.1, 0.6]])
  func askingLaterTellsWhatTheRunItselfWouldHaveTold(chances: [Double]) async throws {
    let (before, after, _) = try await review(.answerOverTime(path: 0), chances)
    #expect(before.paths[0]?.scores.contains { $0.kind == .earlyAnswer } == false)
    let flagged = try await bench(chances).trace(Greedy(), RunSettings(answerOverTime: true))
    let own = { (run: RunTrace) in
      run.paths[0]?.scores.filter { $0.kind == .earlyAnswer && $0.answer == nil } ?? []
    }
    #expect(own(after).count == 3)
    #expect(own(after) == own(flagged))
    let episode = try #require(Episode(ofPath: 0, in: after))
    // Three states before the answer is given; behind it nothing is asked.
    #expect(episode.steps.count == 3)
    for (value, chance) in zip(episode.curve.own, chances) {
      #expect(abs(try #require(value) - chance) < 1e-6)
    }
    #expect(episode.curve.own.last == .some(nil))
  }

  @Test func everyStateHasTheTablesOwnLeader() async throws {
    let chances = [0.2, 0.5, 0.9]
    let (_, after, _) = try await review(.answerOverTime(path: 0), chances)
    let curve = try #require(Episode(ofPath: 0, in: after)).curve
    for (state, chance) in chances.enumerated() {
      let leader = try #require(curve.leader(at: state))
      let rival = (1 - chance) * 2 / 3
      #expect(leader.answer == (chance > rival ? "8" : "5"))
      #expect(abs(leader.probability - max(chance, rival)) < 1e-6)
    }
    // Only what led somewhere is told of: 12 never did.
    #expect(curve.leading.map(\.answer) == ["5", "8"])
    #expect(curve.leading.allSatisfy { $0.values.prefix(3).allSatisfy { $0 != nil } })
    #expect(curve.leader(at: 3) == nil)
  }

  @Test func itsCostJoinsTheRuns() async throws {
    let (before, after, events) = try await review(.answerOverTime(path: 0), [0.2, 0.5, 0.9])
    let (old, new) = (try #require(before.end), try #require(after.end))
    #expect(new.answer == old.answer)
    #expect(new.correct == old.correct)
    #expect(new.reason == old.reason)
    // One trigger in each of three places; the answer and the full stop and the end behind it.
    #expect(new.tokens.injected == old.tokens.injected + 3)
    #expect(new.tokens.generated == old.tokens.generated + 3 * 3)
    #expect(after.paths[0]?.nodes == before.paths[0]?.nodes)
    #expect(after.paths.count == 1)
    #expect(events.contains { if case .finished = $0 { true } else { false } })
  }

  @Test func rewardsAreTheTablesOwn() async throws {
    let (_, after, _) = try await review(.steps(path: 0, .prm), [0.2, 0.5, 0.9])
    let episode = try #require(Episode(ofPath: 0, in: after))
    // p(+) / (p(+) + p(−)) with one step made, two, and two and the answer.
    let expected = [0.3 / 0.4, 0.6 / 0.7, 0.6 / 0.7]
    #expect(episode.steps.count == 3)
    for (step, reward) in zip(episode.steps, expected) {
      #expect(abs(try #require(step.reward) - reward) < 1e-6)
      #expect(step.value == nil)
    }
  }

  /// What a ranked run's candidates are found to be by one more verifier.
  private func judgeAgain(
    _ verifier: VerifierName, reading judge: Judge? = nil, ownVerifier: VerifierName = .likelihood
  ) async throws -> (before: RunTrace, after: RunTrace, records: [TraceRecord]) {
    let model = VerifierTable.model()
    let question = Question(
      text: model.vocabulary.token(0).text, gold: "3", kind: .number, isRaw: true)
    let settings = RunSettings(samples: 12, temperature: 1, verifier: ownVerifier, rationales: 3)
    let log = Mutex<[TraceRecord]>([])
    await BestOfN().run(
      question, settings: settings, decoder: Decoder(model: model, slots: 8),
      library: PromptLibrary(directory: "")
    ) { record in log.withLock { $0.append(record) } }
    let before = try #require(Trace(log.withLock { $0 }).runs[1])
    let run = Run(
      number: 1, question: question, settings: settings,
      decoder: Decoder(model: model, slots: 8), prompt: Prompt(text: question.text), judge: judge
    ) { record in log.withLock { $0.append(record) } }
    try await RunReview(run, of: before).ask(.candidates(verifier))
    let records = log.withLock { $0 }
    return (before, try #require(Trace(records).runs[1]), records)
  }

  /// A review gives every candidate what the run would have, had it been ranked so from the start.
  @Test(arguments: [VerifierName.genrm, .genrmDirect, .orm])
  func aReviewJudgesAsTheRunWouldHave(verifier: VerifierName) async throws {
    let (_, after, _) = try await judgeAgain(verifier)
    let own = try await judgeAgain(.likelihood, ownVerifier: verifier).before
    #expect(after.candidatePaths == Array(0..<12))
    for path in after.candidatePaths {
      let score = after.paths[path]?.wholeScore(verifier.scoreKind, in: Review(verifier))
      let expected = own.paths[path]?.wholeScore(verifier.scoreKind)
      #expect(score?.value != nil)
      #expect(score?.value == expected?.value)
      #expect(score?.terms == expected?.terms)
    }
  }

  @Test func aReviewByAnotherModelIsNamedAndLeavesTheRunAsItWas() async throws {
    let (before, after, records) = try await judgeAgain(
      .implicit, reading: JudgeTable.judge(), ownVerifier: .orm)
    let review = Review(.implicit, judge: "judge")
    for path in before.candidatePaths {
      let answer = try #require(before.paths[path]?.answer.flatMap { Int($0) })
      let score = try #require(after.paths[path]?.wholeScore(.implicit, in: review))
      #expect(abs(score.value - 0.5 * JudgeTable.logProbability(answer)) < 1e-6)
      #expect(after.paths[path]?.wholeScore(.orm) == before.paths[path]?.wholeScore(.orm))
      #expect(after.paths[path]?.wholeScore(.implicit) == nil)
      #expect(after.paths[path]?.nodes == before.paths[path]?.nodes)
    }
    #expect(after.candidatePaths == before.candidatePaths)
    #expect(after.end?.answer == before.end?.answer)
    let (old, new) = (try #require(before.end), try #require(after.end))
    #expect(new.tokens.injected > old.tokens.injected)
    // It replays from a file.
    let lines = try TraceCoding.lines([TraceRecord(.header(TraceHeader()))] + records)
    let replayed = try TraceFile.parse(lines, name: "review").records
    #expect(Trace(replayed).runs[1] == after)
  }

  @Test func whatCannotBeJudgedSaysSo() async throws {
    // The table has no labels for steps.
    await #expect(throws: StrategyError.self) { try await judgeAgain(.prm) }
    await #expect(throws: StrategyError.self) { try await judgeAgain(.implicit) }
  }

  @Test func aCancelledLookBackThrowsAndLeavesThePathAsItWas() async throws {
    let records = await bench([0.2, 0.5, 0.9]).run(Greedy())
    let before = try #require(Trace(records).runs[1])
    let question = try #require(before.start?.question)
    let log = Mutex<[TraceRecord]>([])
    let task = Task {
      let run = Run(
        number: 1, question: question, settings: RunSettings(),
        decoder: Decoder(model: Self.model([0.2, 0.5, 0.9]), slots: 4),
        prompt: Prompt(text: question.text)
      ) { record in log.withLock { $0.append(record) } }
      withUnsafeCurrentTask { $0?.cancel() }
      try await RunReview(run, of: before).ask(.answerOverTime(path: 0))
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    let after = try #require(Trace(records + log.withLock { $0 }).runs[1])
    #expect(after.paths[0] == before.paths[0])
    #expect(after.end?.answer == before.end?.answer)
  }

  @Test func namedAnswersSurviveTheFile() throws {
    let score = Score(kind: .earlyAnswer, path: 2, node: .root, value: 0.25, answer: "12")
    let records = [TraceRecord(.header(TraceHeader())), TraceRecord(.score(score))]
    let line = try TraceCoding.lines(records)
    #expect(try TraceFile.parse(line, name: "one").records == records)
    #expect(String(decoding: line, as: UTF8.self).contains("\"answer\":\"12\""))
    let plain = try TraceCoding.lines([
      TraceRecord(.score(Score(kind: .earlyAnswer, path: 2, value: 0.25)))
    ])
    #expect(!String(decoding: plain, as: UTF8.self).contains("\"answer\""))
  }
}

/// "Wait," at the cursor.
@Suite struct WaitingTests {
  private func exploration() throws -> (Exploration, NodeID, Log) {
    let decoder = Decoder(model: BudgetForcingTests.script(), slots: 2)
    let log = Log()
    let question = Question(
      text: decoder.model.vocabulary.token(0).text, kind: .number, isRaw: true)
    let exploration = Exploration(
      Run(
        number: 1, question: question, settings: RunSettings(), decoder: decoder,
        prompt: Prompt(text: question.text)
      ) { record in log.records.withLock { $0.append(record) } })
    return (exploration, try exploration.begin(), log)
  }

  private final class Log: Sendable { let records = Mutex<[TraceRecord]>([]) }

  private func tokens(_ ids: [TokenID]) -> [Token] {
    let vocabulary = BudgetForcingTests.script().vocabulary
    return ids.map { vocabulary.token($0) }
  }

  /// What the line says, and what is told of the places before and behind "Wait,".
  @Test(arguments: [
    // In the middle of a thought; behind the marker and behind the answer, which are taken back;
    // behind the end of the text.
    ([TokenID(1), 2], " One. Two."), ([1, 2, 3, 4], " One. Two. Three."),
    ([1, 2, 3, 4, 5, 7], " One. Two. Three."), ([1, 2, 3, 4, 5, 7, 9], " One. Two. Three."),
    // Behind an answer that was thought on from, it stands where it is asked for.
    ([1, 4, 5, 7, 2, 3], " One. The answer is 5. Two. Three."), ([], ""),
  ])
  func standsWhereThinkingEnds(said: [TokenID], kept: String) async throws {
    let (exploration, start, log) = try exploration()
    let at = Mutex<NodeID?>(nil)
    try await exploration.wait(behind: start, depth: 1, said: tokens(said)) { node in
      at.withLock { $0 = node }
    }
    let run = try #require(Trace(log.records.withLock { $0 }).runs[1])
    let end = try #require(at.withLock { $0 })
    #expect(exploration.run.vocabulary.bytes(of: said).starts(with: kept.utf8))
    #expect(run.nodes[end]?.origin == .injected)
    #expect(run.nodes[end]?.token.text == " Wait,")
    // The place before is a beginning of what was said.
    let before = try #require(run.nodes[end]?.parent)
    var (node, text) = (start, "")
    for token in tokens(said) where node != before {
      node = node.appending(token.id)
      text += token.text
    }
    #expect(node == before)
    #expect(text == kept)
    // p(answer) from the table: 5 before it waited, 8 behind.
    let scores = run.paths.values.flatMap(\.scores).filter { $0.kind == .earlyAnswer }
    for (answer, node, chance) in [
      ("5", before, 1.0), ("8", before, 0), ("5", end, 0), ("8", end, 1),
    ] {
      let told = try #require(scores.last { $0.answer == answer && $0.node == node })
      #expect(abs(told.value - chance) < 1e-6)
    }
    #expect(run.edits.last == Edit(action: .insert, node: end))
  }

  @Test func nothingThatWasSaidIsLost() async throws {
    let (exploration, start, log) = try exploration()
    let result = try await exploration.goOn(from: start, sampling: .greedy, seed: 1, budget: 64)
    let said = Trace(log.records.withLock { $0 }).runs[1]?.paths[0]?.nodes ?? []
    #expect(said.last == result?.end)
    #expect(said.count == 7)
    // A line that has come to its end has an answer, although nobody concluded it.
    let walked = try #require(Trace(log.records.withLock { $0 }).runs[1])
    #expect(walked.paths[0]?.end == nil)
    #expect(try #require(Episode(ofPath: 0, in: walked)).answer == "5")
    try await exploration.wait(behind: start, depth: 1, said: tokens([1, 2, 3, 4]))
    let run = try #require(Trace(log.records.withLock { $0 }).runs[1])
    #expect(run.paths[0]?.nodes == said)
    #expect(run.paths[1]?.nodes.count == 1)
    // As an episode the new line has what stands before "Wait," as well, and it can be asked about.
    let episode = try #require(Episode(ofPath: 1, in: run))
    #expect(episode.start == start)
    #expect(episode.nodes.count == 4)
    #expect(
      episode.steps.map { String(decoding: $0.bytes, as: UTF8.self) }
        == [" One.", " Two.", " Three.", " Wait,"])
    #expect(episode.steps.map(\.injected) == [0, 0, 0, 1])
    #expect(episode.outcome == nil)
  }
}
