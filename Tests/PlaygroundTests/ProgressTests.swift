import Decoding
import Problems
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Measuring
@testable import Playground
@testable import Traces

/// Progress has one form, whatever goes on.
@Suite struct ProgressTests {
  @Test(arguments: [
    (Progress("", 12, of: 40, .paths), "12 of 40 paths"),
    (Progress("", 1, of: 1, .paths), "1 of 1 path"),
    (Progress("", 1, of: 10, .branches), "1 of 10 branches"),
    (Progress("", 37, .tokens), "37 tokens"),
    (Progress("", 430_000_000, of: 1_100_000_000, .bytes), "430 MB of 1.1 GB"),
    (Progress("sampling"), ""),
  ])
  func anAmountHasItsUnit(progress: Progress, text: String) { #expect(progress.amount == text) }

  @Test func whatFitsIsToldAndTheAmountStaysLongest() {
    let progress = Progress("thinking", 37, of: 120, .tokens, rate: 85.4, secondsLeft: 4)
    let whole = "thinking 37 of 120 tokens, 85 tok/s, ≈ 4 s left"
    #expect(progress.text() == whole)
    #expect(progress.text(width: whole.count) == whole)
    #expect(progress.text(width: whole.count - 1) == "thinking 37 of 120 tokens, ≈ 4 s left")
    #expect(progress.text(width: 30) == "thinking 37 of 120 tokens")
    #expect(progress.text(width: 20) == "37 of 120 tokens")
    #expect(progress.text(width: 8) == "37/120")
    for width in 1...60 { #expect(DisplayWidth.of(progress.text(width: width)) <= width) }
  }

  @Test func whatIsBeingStoppedHasNoTimeLeft() {
    let progress = Progress(
      "mcts", 3, of: 32, .simulations, rate: 80, secondsLeft: 9, isStopping: true)
    #expect(progress.text() == "mcts 3 of 32 simulations, stopping")
  }

  // MARK: Runs

  private func count(_ activity: Activity, _ events: [TraceEvent]) -> String {
    var activity = activity
    for event in events { activity.count(event) }
    return activity.progress.text()
  }

  private func node(_ number: Int) -> TraceEvent {
    .node(
      NodeEvent(
        id: NodeID.root.appending(TokenID(number)), parent: .root, path: 0,
        token: Token(id: TokenID(number), bytes: []), logProbability: 0))
  }

  @Test func budgetForcingTellsThinkingTokensOfItsBudget() {
    var settings = RunSettings()
    settings.thinkingBudget = 120
    let run = Activity("budget-forcing", settings)
    #expect(count(run, (0..<37).map(node)) == "budget-forcing thinking 37 of 120 tokens")
    #expect(count(run, (0..<125).map(node)) == "budget-forcing answering 5 tokens")
    func injection(_ text: String) -> TraceEvent {
      .injected(
        Injection(
          role: .strategy, path: 0, parent: .root, end: .root,
          tokens: [Token(id: 1, bytes: Array(text.utf8))]))
    }
    let waited = (0..<9).map(node) + [injection("Wait,")] + (9..<12).map(node)
    #expect(count(run, waited) == "budget-forcing thinking 12 of 120 tokens")
    let told = waited + [injection(" The answer is")] + [node(12), node(13)]
    #expect(count(run, told) == "budget-forcing answering 2 tokens")
  }

  @Test func aTreeSearchCountsItsSimulations() {
    let backups = (1...3).flatMap { iteration in
      (0..<2).map { _ in
        TraceEvent.backup(
          Backup(iteration: iteration, node: .root, value: 1, visits: 1, q: 1))
      }
    }
    var settings = RunSettings()
    (settings.samples, settings.branches) = (32, 4)
    #expect(count(Activity("mcts", settings), backups) == "mcts 3 of 32 simulations")
  }

  /// Every strategy says what it counts, and never more than there is.
  @Test(arguments: StrategyRegistry.names)
  func everyStrategyCountsSomething(name: String) async throws {
    var settings = Fixtures.settings
    (settings.samples, settings.branches, settings.maxTokens) = (4, 2, 24)
    var activity = Activity(name, settings)
    #expect(activity.progress.unit != nil)
    guard name != Ensemble.description.name else { return }
    guard let records = try? await Fixtures.records(of: name, settings: settings) else { return }
    for record in records {
      let before = activity.progress
      activity.count(record.event)
      let progress = activity.progress
      if let total = progress.total { #expect(progress.done <= total) }
      // It goes on, until something else is counted.
      if progress.title == before.title { #expect(progress.done >= before.done) }
    }
  }

  @Test func theStatusLineTellsTheRunThatIsOnView() async throws {
    var play = Play(try await Fixtures.finished("self-consistency", 80, 24))
    play.state.activities[1] = Activity(strategy: "self-consistency", paths: 40, finished: 7)
    play.state.activities[9] = Activity(strategy: "greedy", paths: 1, measure: .tokens)
    let line = Fixtures.draw(play.state).textSnapshot().split(separator: "\n").last ?? ""
    #expect(line.hasSuffix("self-consistency 7 of 40 paths"))
  }

  @Test func votesAndTheStatusLineTellTheSameNumber() async throws {
    var state = Fixtures.ready(80, 24)
    let records = try await Fixtures.records(of: "self-consistency")
    state.screen = .votes
    state.activities[1] = Activity("self-consistency", RunSettings())
    _ = Reducer().reduce(&state, .trace(Array(records.prefix(records.count / 3))))
    let picture = Fixtures.draw(state).textSnapshot()
    let amount = try #require(state.session.progress(of: 1)?.amount)
    #expect(picture.ranges(of: amount).count == 2)
    #expect(!picture.contains("counted"))
  }

  // MARK: Rates

  @Test func aRateIsGoneWhenNothingRuns() {
    var play = Play(80, 24)
    var pace = Pace()
    pace.tokensPerSecond = 312
    play.state.activities[1] = Activity(strategy: "self-consistency", paths: 40)
    play.send(.pace(pace))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("312 tok/s"))
    play.send(.run(.ended(run: 1, .done(()))))
    #expect(!Fixtures.draw(play.state).textSnapshot().contains("tok/s"))
  }

  @Test func aPersonsTypingHasNoRate() {
    var play = Play(80, 24)
    #expect(!play.state.isAtWork(1))
    play.state.activities[2] = Activity(strategy: "self-consistency", paths: 40)
    #expect(play.state.isAtWork(2))
    #expect(!play.state.isAtWork(1))
    play.state.decode.isStreaming = true
    #expect(play.state.isAtWork(1))
  }

  @Test func theMeterForgetsItsRateWhenNothingRuns() {
    var meter = PaceMeter()
    func tokens() -> [TraceRecord] { (0..<5).map { TraceRecord(run: 1, node($0)) } }
    for step in 0...10 { meter.note(tokens(), at: Double(step) * 0.1) }
    #expect(meter.tokensPerSecond != nil)
    meter.rest()
    #expect(meter.tokensPerSecond == nil)
    meter.note(tokens(), at: 1.2)
    #expect(meter.tokensPerSecond == nil)
  }

  /// What was there before a run was taken up took no time.
  @Test func aRunThatIsTakenUpHasItsOwnPace() {
    var meter = PaceMeter()
    meter.note([TraceRecord(run: 1, node(0))], at: 10)
    var settings = RunSettings()
    settings.samples = 40
    var run = Activity("self-consistency", settings, resumedAt: 20)
    #expect(run.progress.amount == "20 of 40 paths")
    run.finished = 30
    #expect(meter.secondsLeft([1: run], at: 15) == [1: 5])
  }

  // MARK: Elsewhere

  @Test func aStudyCountsProblemsOrAnswers() async throws {
    let snapshot = try await ScaleScreenTests.snapshot(.samples, problems: 1)
    var activity = StudyActivity()
    (activity.done, activity.total) = (2, 20)
    activity.unit = snapshot.results.unit
    #expect(activity.progress.text() == "study 2 of 20 problems")
    #expect(StudyActivity().progress.text() == "study")
  }

  @Test func aModelOnItsWayTellsItsBytes() {
    var play = Play(80, 24)
    play.send(
      .model(
        .loading(ModelLoad(name: "qwen", bytes: 430_000_000, totalBytes: 1_100_000_000))))
    let line = Fixtures.draw(play.state).textSnapshot().split(separator: "\n").last ?? ""
    #expect(line.contains("loading qwen"))
    #expect(line.contains("430 MB of 1.1 GB"))
  }

  @Test func aStoppedRunHasAsManyBranchesAsItWasToHave() async throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .branches
    let records = try await Fixtures.records(of: "cot-decoding")
    let cut = records.prefix(records.count / 3)
    _ = Reducer().reduce(&state, .trace(Array(cut)))
    let before = Fixtures.draw(state).textSnapshot()
    let end = TraceRecord(
      run: 1,
      .finished(RunEnd(reason: .cancelled, answer: nil, correct: nil, tokens: TokenCounts())))
    _ = Reducer().reduce(&state, .trace([end]))
    let after = Fixtures.draw(state).textSnapshot()
    #expect(before.contains("k = 10"))
    #expect(after.contains("k = 10"))
    #expect(after.contains(" of 10 branches"))
  }
}
