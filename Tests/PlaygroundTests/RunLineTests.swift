import Decoding
import DecodingFixtures
import Problems
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Nothing explored disappears: every run of a session can be brought back on view.
@Suite struct RunLineTests {
  static let other = Question(
    text: "Q: What is 2 + 3?\nA:", problem: "sum", gold: "5", kind: .number, isRaw: true)
  static let small = ModelIdentity(
    name: "ponder-base-0.2m", hash: "small", architecture: "table", fileType: "F16", isa: "exact")

  /// The records of a run, as if it had been asked otherwise or another model had answered.
  static func records(
    _ strategy: String, _ number: Int, question: Question = Fixtures.question,
    model: ModelIdentity? = nil, settings: RunSettings = Fixtures.settings
  ) async throws -> [TraceRecord] {
    var settings = settings
    settings.samples = settings.samples ?? 4
    return try await Fixtures.records(of: strategy, settings: settings, number: number).map {
      guard case .run(var start) = $0.event else { return $0 }
      start.question = question
      if let model { start.model = model }
      return TraceRecord(run: $0.run, .run(start))
    }
  }

  /// Two questions, two models, five strategies.
  static func explored(_ width: Int = 80, _ height: Int = 24) async throws -> Play {
    var play = Play(Fixtures.ready(width, height))
    play.state.trace.model = Fixtures.summary.identity.hash
    let runs = [
      try await records("greedy", 1), try await records("cot-decoding", 2),
      try await records("self-consistency", 3),
      try await records("self-consistency", 4, model: small),
      try await records("greedy", 5, question: other),
      try await records("self-consistency", 6, question: other, model: small),
    ]
    for records in runs { play.send(.trace(records)) }
    return play
  }

  static func chips(_ play: Play) -> [RunLine.Chip] {
    let session = play.state.session
    return RunLine(RunList(session), session, in: TitleLines.Layout(session).runs).chips
  }

  /// Checks that the screen that has the keys shows a run, and just that one.
  private func check(
    _ number: Int, _ play: Play, _ how: String, location: SourceLocation = #_sourceLocation
  ) {
    let state = play.state
    let shows = showsExactly(number, state)
    let place = "\(state.screen.name) shows \(state.screens[state.current].run ?? 0)"
    #expect(shows, "run \(number) \(how): \(place)", sourceLocation: location)
  }

  private func showsExactly(_ number: Int, _ state: PlaygroundState) -> Bool {
    let trace = state.trace
    guard state.currentRun == number, state.screens[state.current].run == number,
      let start = trace.runs[number]?.start, start.question == state.question,
      trace.considers(trace.runs[number] ?? RunTrace())
    else { return false }
    switch state.screen {
    case .votes: return state.votes.digest == RunDigest(number, in: trace)
    case .branches: return state.branches.digest == RunDigest(number, in: trace)
    case .steps: return state.steps.episode != nil
    case .decode:
      return trace.runs[number]?.nodes[state.cursor] != nil
    default: return false
    }
  }

  @Test func everyRunIsReachedOneAfterTheOther() async throws {
    var play = try await Self.explored()
    var seen: Set<Int> = []
    for _ in 0..<6 {
      play.type("]")
      let run = try #require(play.state.currentRun)
      seen.insert(run)
      check(run, play, "by ]")
    }
    #expect(seen == [1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: 0..<12)
  func whateverWasDoneEveryRunCanBeBroughtBack(seed: UInt64) async throws {
    var random = SplitMix64(state: seed)
    var play = try await Self.explored()
    let keys: [KeyEvent] = [
      "]", "[", "1", "2", "3", "4", "5", "6", "7", "S", "v", "o", "w", "g", "u", "r", "R", .enter,
      .escape, .tab, .up, .down, .left, .right,
    ]
    for _ in 0..<60 { play.press(keys.randomElement(using: &random) ?? "]") }
    play.press(.escape, .escape, .escape, .escape)
    for number in 1...6 {
      // By the keys that go along the line.
      for _ in 0..<20 where !showsExactly(number, play.state) { play.type("]") }
      check(number, play, "by ]")
    }
    for number in [4, 1, 6, 2, 5, 3] {
      // By the list of all.
      play.type("R")
      let chooser = try #require(play.state.popups.last as? RunChooser)
      let runs = chooser.runs(play.state)
      let row = try #require(runs.firstIndex { $0.run == number })
      play.press(.home)
      for _ in 0..<12 { play.press(.up) }
      for _ in 0..<row { play.press(.down) }
      play.press(.enter)
      check(number, play, "from the list")
    }
  }

  @Test func bringingARunBackStartsNothing() async throws {
    var play = try await Self.explored()
    play.effects = []
    for _ in 0..<7 { play.type("]") }
    for effect in play.effects {
      switch effect {
      case .run, .study, .model, .decode(.explore): Issue.record("\(effect)")
      default: break
      }
    }
    #expect(play.state.trace.runs.count == 6)
  }

  /// The fault: a later run, or another question, hid what was there before.
  @Test func aLaterRunHidesNoEarlierOne() async throws {
    var play = try await Self.explored()
    #expect(play.state.votes.run == 6)
    play.type("3")
    while play.state.currentRun != 3 { play.type("[") }
    #expect(play.state.screen == .votes)
    #expect(play.state.votes.run == 3)
    #expect(play.state.question == Fixtures.question)
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("right 8"))
    #expect(picture.contains("[3 vote 4"))
  }

  @Test func aChipCanBeClicked() async throws {
    var play = try await Self.explored(200, 60)
    for number in [2, 5, 3, 6, 1, 4] {
      let chip = try #require(Self.chips(play).first { $0.entry.run == number })
      let point = Point(x: chip.rect.x + 1, y: chip.rect.y)
      play.send(.mouse(MouseEvent(.press(.left), at: point)))
      check(number, play, "by a click")
    }
  }

  @Test(arguments: [(60, 16), (80, 24), (200, 60)])
  func theRunOnViewIsAlwaysOnTheLine(width: Int, height: Int) async throws {
    var play = try await Self.explored(width, height)
    for _ in 0..<6 {
      play.type("]")
      let run = try #require(play.state.currentRun)
      let chips = Self.chips(play)
      let line = TitleLines.Layout(play.state.session).runs
      #expect(chips.contains { $0.entry.run == run })
      #expect(chips.allSatisfy { line.contains(Point(x: $0.rect.right - 1, y: $0.rect.y)) })
      let rows = Fixtures.draw(play.state).textSnapshot().split(separator: "\n")
      #expect(rows[line.y].contains("[\(run) "), "\(rows[line.y])")
    }
  }

  /// Where there are more runs than fit, a click on the sign goes on.
  @Test func theLineScrolls() async throws {
    var play = try await Self.explored(60, 16)
    while play.state.currentRun != 1 { play.type("[") }
    let line = TitleLines.Layout(play.state.session).runs
    let end = Point(x: line.right - 1, y: line.y)
    #expect(Fixtures.draw(play.state).textSnapshot().contains("›"))
    play.send(.mouse(MouseEvent(.press(.left), at: end)))
    #expect(play.state.currentRun == 2)
  }

  @Test func aRunOfAnotherModelSaysWhose() async throws {
    var play = try await Self.explored(200, 60)
    while play.state.currentRun != 4 { play.type("[") }
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("[4 vote 4 0.2m"))
    #expect(picture.contains("by ponder-base-0.2m"))
    // It is told what to do to go on.
    play.type("1")
    play.effects = []
    play.press(.right)
    play.type(" ")
    #expect(play.state.message?.text.contains("ponder-base-0.2m") == true)
    for effect in play.effects {
      if case .decode(.take) = effect { Issue.record("a token of another model") }
      if case .decode(.stream) = effect { Issue.record("a token of another model") }
    }
  }

  @Test func aRunComesBackWithItsSettings() async throws {
    var play = try await Self.explored()
    var settings = Fixtures.settings
    settings.temperature = 1.3
    settings.seed = 9
    play.send(.trace(try await Self.records("self-consistency", 7, settings: settings)))
    play.state.settings.temperature = 0.2
    while play.state.currentRun != 7 { play.type("]") }
    #expect(play.state.settings.temperature == 1.3)
    #expect(play.state.settings.seed == 9)
    // What every strategy has its own default for is not held fast.
    #expect(play.state.settings.prompting == nil)
  }

  @Test func theListFindsByAnyWord() async throws {
    var play = try await Self.explored()
    play.type("R0.2m 2 + 3")
    let chooser = try #require(play.state.popups.last as? RunChooser)
    #expect(chooser.runs(play.state).map(\.run) == [6])
    play.press(.enter)
    check(6, play, "found")
  }

  @Test func theListShowsWhatTellsRunsApart() async throws {
    var play = try await Self.explored(120, 40)
    play.type("R")
    let picture = Fixtures.draw(play.state).textSnapshot()
    for text in ["self-consistency", "cot-decoding", "greedy", "0.2m", "5✗", "8✓", "What is 2 + 3"]
    {
      #expect(picture.contains(text), "\(text)")
    }
  }

  @Test func aRunUnderWayTellsHowFarItIs() async throws {
    var play = Play(80, 24)
    play.type("3 ")
    let run = try #require(play.state.votes.run)
    let records = try await Self.records("self-consistency", run)
    let third = try #require(
      records.indices.filter { if case .pathFinished = records[$0].event { true } else { false } }
        .dropFirst(2).first)
    play.send(.trace(Array(records[...third])))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("vote 3/40"))
    play.send(.trace(Array(records[(third + 1)...])))
    play.send(.run(.ended(run: run, .done(()))))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("vote 4 "))
  }

  @Test(arguments: [(RunEnd.Reason.cancelled, "stopped"), (.failed, "failed")])
  func aRunThatDidNotEndSaysSo(reason: RunEnd.Reason, word: String) async throws {
    var play = Play(Fixtures.ready(80, 24))
    let records = try await Self.records("greedy", 1).map { record in
      guard case .finished(var end) = record.event else { return record }
      (end.reason, end.answer, end.correct) = (reason, nil, nil)
      return TraceRecord(run: record.run, .finished(end))
    }
    play.send(.trace(records))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("greedy \(word)"))
  }

  /// Of walks in which nobody took a step one is enough, and none where there is another run.
  @Test func emptyWalksTakeNoRoom() async throws {
    var play = try await Self.explored()
    let start = try #require(play.state.trace.runs[1]?.start)
    for number in [10, 11] {
      var walk = start
      walk.strategy = Exploration.strategyName
      play.send(.trace([TraceRecord(run: number, .run(walk))]))
    }
    let empty = RunList(play.state.session).entries.filter(\.isEmpty)
    #expect(empty.isEmpty)
  }
}
