import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Measuring
@testable import Playground
@testable import Traces

@Suite struct VotesScreenTests {
  static let sizes = [(80, 24), (120, 40), (60, 16)]

  static func finished(_ width: Int = 80, _ height: Int = 24) async throws -> PlaygroundState {
    try await Fixtures.finished("self-consistency", width, height)
  }

  static func press(_ state: inout PlaygroundState, _ keys: KeyEvent...) -> [Effect] {
    keys.flatMap { Reducer().reduce(&state, .key($0)) }
  }

  @Test(arguments: sizes) func theFinishedTally(width: Int, height: Int) async throws {
    Snapshot.check(
      Fixtures.draw(try await Self.finished(width, height)), named: "votes-\(width)x\(height)")
  }

  @Test(arguments: sizes) func thePathsBehindAnAnswer(width: Int, height: Int) async throws {
    var state = try await Self.finished(width, height)
    _ = Self.press(&state, KeyEvent(.enter), KeyEvent(.down))
    Snapshot.check(Fixtures.draw(state), named: "votes-paths-\(width)x\(height)")
  }

  @Test func whileTheVoteGoesOn() async throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .votes
    _ = Self.press(&state, KeyEvent(" "))
    let records = try await Fixtures.records(of: "self-consistency")
    _ = Reducer().reduce(&state, .trace(Array(records[..<(records.count / 2)])))
    Snapshot.check(Fixtures.draw(state), named: "votes-running-80x24")
  }

  @Test func beforeAnythingIsCountedThePathsAreShown() async throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .votes
    _ = Self.press(&state, KeyEvent(" "))
    let records = try await Fixtures.records(of: "self-consistency")
    _ = Reducer().reduce(&state, .trace(Array(records[..<8])))
    let picture = Fixtures.draw(state).textSnapshot()
    #expect(state.votes.digest.counted == 0)
    #expect(picture.contains("No path has been counted yet: 6 tokens on 4 paths."))
    #expect(picture.contains("paths under way"))
    #expect(picture.contains("▌"))
  }

  @Test func beforeAnyVote() {
    var state = Fixtures.ready(80, 24)
    state.screen = .votes
    Snapshot.check(Fixtures.draw(state), named: "votes-blank-80x24")
  }

  /// The weights of the same samples, added up here from the paths themselves.
  @Test func switchingTheWeightingCountsTheSameSamplesOtherwise() async throws {
    var state = try await Self.finished()
    let run = try #require(state.trace.runs[1])
    let weights: [Tally.Method: (PathTrace) -> Double] = [
      .majority: { _ in 1 },
      .delta: { $0.score(.delta)?.value ?? 0 },
      .likelihood: { exp($0.score(.likelihood)?.value ?? 0) },
      .normalizedLikelihood: {
        exp(($0.score(.likelihood)?.value ?? 0) / Double($0.end?.generated ?? 1))
      },
    ]
    for method in VotesScreen.weightings {
      #expect(state.votes.weighting == method)
      var sums: [String: Double] = [:]
      for path in run.paths.values {
        if let answer = path.answer { sums[answer, default: 0] += weights[method]?(path) ?? 0 }
      }
      let total = sums.values.reduce(0, +)
      for row in state.votes.standings {
        guard let answer = row.answer else { continue }
        #expect(abs(row.weight - (sums[answer] ?? 0)) < 1e-9)
        #expect(abs(row.share - (sums[answer] ?? 0) / total) < 1e-9)
        #expect((row.interval != nil) == (method == .majority))
      }
      _ = Self.press(&state, KeyEvent("w"))
    }
    #expect(state.votes.weighting == .majority)
  }

  @Test func theTallyIsTheOneThatTheSeedGives() async throws {
    let state = try await Self.finished()
    let rows = state.votes.standings
    #expect(rows.map(\.weight).reduce(0, +) == 40)
    let eight = try #require(rows.first { $0.answer == "8" })
    let interval = Statistics.wilsonInterval(successes: Int(eight.weight), trials: 40)
    #expect(eight.interval == interval)
    #expect(eight.share == eight.weight / 40)
    #expect(rows.last?.answer == nil)
    #expect(rows.last?.weight == 0)
    #expect(state.votes.digest.histories[.majority]?["8"].last == eight.share)
    #expect(state.votes.digest.histories[.majority]?.length == 40)
  }

  @Test func theSelectedAnswerStaysSelectedWhenRowsChangePlaces() async throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .votes
    let records = try await Fixtures.records(of: "self-consistency")
    var chosen: String?
    for record in records {
      _ = Reducer().reduce(&state, .trace([record]))
      if chosen == nil, state.votes.standings.count > 2 {
        _ = Self.press(&state, KeyEvent(.down))
        chosen = state.votes.standings[state.votes.selectedRow].answer
      }
      if let chosen {
        #expect(state.votes.standings[state.votes.selectedRow].answer == chosen)
      }
    }
    #expect(chosen != nil)
  }

  // MARK: Stopping and going on

  @Test func spaceStopsAVoteAndTakesItUpAgain() async throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .votes
    let begun = Self.press(&state, KeyEvent(" "))
    guard case .run(.start(let number, "self-consistency", _, _, nil))? = begun.first else {
      Issue.record("Space starts a vote")
      return
    }
    let records = try await Fixtures.records(of: "self-consistency", number: number)
    _ = Reducer().reduce(&state, .trace(Array(records[..<150])))
    guard case .run(.cancel(number))? = Self.press(&state, KeyEvent(" ")).first else {
      Issue.record("Space stops a vote that runs")
      return
    }
    #expect(state.activities[number]?.isCancelling == true)
    let end = RunEnd(reason: .cancelled, answer: nil, correct: nil, tokens: TokenCounts())
    _ = Reducer().reduce(&state, .trace([TraceRecord(run: number, .finished(end))]))
    _ = Reducer().reduce(&state, .run(.ended(run: number, .done(()))))
    let counted = state.votes.digest.counted
    #expect(counted > 0)
    #expect(counted < 40)
    #expect(state.activities.isEmpty)
    #expect(Fixtures.draw(state).textSnapshot().contains("stopped; Space goes on"))
    guard
      case .run(.start(number, "self-consistency", let question, let settings, let previous?))? =
        Self.press(&state, KeyEvent(" ")).first
    else {
      Issue.record("Space takes a stopped vote up again")
      return
    }
    #expect(question == state.question)
    #expect(settings.samples == 40)
    #expect(previous == state.trace.runs[number])
    #expect(state.votes.digest.counted == counted, "stopping keeps what there is")
  }

  @Test func anotherModelsVoteIsNotContinued() async throws {
    var state = try await Self.finished()
    var other = Fixtures.summary
    other.identity.hash = "another"
    state.model = .ready(other)
    #expect(Self.press(&state, KeyEvent("+")).isEmpty)
    #expect(state.message?.kind == .warning)
    state.model = .none
    #expect(Self.press(&state, KeyEvent("+")).isEmpty)
    #expect(state.message?.text.contains("press m to load its model") == true)
  }

  // MARK: What lies behind an answer

  @Test func enterShowsThePathsThatGaveTheAnswer() async throws {
    var state = try await Self.finished()
    _ = Self.press(&state, KeyEvent(.enter))
    let answer = try #require(state.votes.standings.first?.answer)
    #expect(state.votes.level == .paths(answer: answer))
    let detail = try #require(state.votes.detail)
    let run = try #require(state.trace.runs[1])
    #expect(detail.paths == run.pathNumbers.filter { run.paths[$0]?.answer == answer })
    #expect(detail.paths.count == Int(state.votes.standings[0].weight))
    _ = Self.press(&state, KeyEvent(.down), KeyEvent(.down), KeyEvent(.enter))
    #expect(state.screen == .decode)
    #expect(state.cursor == run.paths[detail.paths[2]]?.nodes[1])
    // Esc goes back to the answers and stops nothing.
    state.screen = .votes
    state.activities[1] = Activity(strategy: "self-consistency", paths: 40)
    let effects = Self.press(&state, KeyEvent(.escape))
    #expect(effects.isEmpty)
    #expect(state.votes.level == .answers)
    #expect(state.votes.detail == nil)
  }

  /// Where a path leaves the others: from there on nobody gave another answer, and one token
  /// earlier somebody did.
  @Test func aPathLeavesTheOthersWhereItShouldTo() async throws {
    let state = try await Self.finished()
    let run = try #require(state.trace.runs[1])
    for row in state.votes.standings {
      let detail = AnswerDetail(answer: row.answer, in: state.votes.digest, run)
      for number in detail.paths {
        let index = try #require(detail.leaving[number])
        let nodes = try #require(run.paths[number]?.nodes)
        func others(_ index: Int) -> Int {
          run.paths.values.count { $0.answer != row.answer && $0.nodes.contains(nodes[index]) }
        }
        #expect(others(index) == 0)
        #expect(index == 0 || others(index - 1) > 0)
      }
    }
  }

  /// On the apples table the first token decides: a direct answer or reasoning.
  @Test func theDecidingForkIsTheFirstToken() async throws {
    var state = try await Self.finished()
    _ = Self.press(&state, KeyEvent(.enter))
    let run = try #require(state.trace.runs[1])
    let detail = try #require(state.votes.detail)
    let fork = try #require(detail.fork)
    #expect(fork.node == run.promptEnd)
    #expect(fork.depth == 0)
    #expect(fork.choices.map { $0.matching + $0.others }.reduce(0, +) == 40)
    #expect(fork.choices.map(\.matching).reduce(0, +) == detail.paths.count)
    // The mutual information, from the counts.
    func entropy(_ counts: [Int]) -> Double {
      let total = Double(counts.reduce(0, +))
      return counts.filter { $0 > 0 }.reduce(0) { sum, count in
        sum - Double(count) / total * log2(Double(count) / total)
      }
    }
    let before = entropy([detail.paths.count, 40 - detail.paths.count])
    let after = fork.choices.reduce(0.0) { sum, choice in
      sum + Double(choice.matching + choice.others) / 40
        * entropy([choice.matching, choice.others])
    }
    let chance = Double(fork.choices.count - 1) / (80 * log(2.0))
    #expect(abs(fork.information - (before - after - chance)) < 1e-9)
    for choice in fork.choices {
      let isDirect = choice.token.text == " 5"
      #expect(abs(exp(choice.logProbability ?? 0) - (isDirect ? 0.34 : 0.165)) < 1e-6)
    }
    for back in [false, true] {
      state.screen = .votes
      state.cursor = .root
      if back { _ = Self.press(&state, KeyEvent(.left)) }
      _ = Self.press(&state, KeyEvent("o"))
      #expect(state.screen == .decode)
      #expect(state.cursor == run.promptEnd)
    }
  }

  @Test func whereOneAnswerIsAllThereIsNoFork() async throws {
    var settings = Fixtures.settings
    settings.samples = 1
    var state = try await Fixtures.finished("self-consistency", 80, 24, settings: settings)
    _ = Self.press(&state, KeyEvent(.enter))
    let detail = try #require(state.votes.detail)
    #expect(detail.fork == nil)
    #expect(detail.leaving.isEmpty)
    #expect(detail.paths == [0])
    #expect(Fixtures.draw(state).textSnapshot().contains("Every counted path gave this answer."))
  }

  @Test func twoPathsOfAnAnswerAreCompared() async throws {
    var state = try await Self.finished()
    _ = Self.press(&state, KeyEvent(.enter), KeyEvent("v"), KeyEvent(.down), KeyEvent("v"))
    let comparison = try #require(state.votes.comparison)
    #expect(comparison.left == state.votes.detail?.paths[0])
    #expect(comparison.right == state.votes.detail?.paths[1])
    _ = Self.press(&state, KeyEvent(.escape))
    #expect(state.votes.comparison == nil)
    #expect(state.votes.level != .answers)
  }

  @Test func aClickSelectsASecondOneOpensAndTheRightButtonGoesBack() async throws {
    var state = try await Self.finished()
    func click(_ y: Int, _ button: MouseEvent.Button = .left) {
      _ = Reducer().reduce(&state, .mouse(MouseEvent(.press(button), at: Point(x: 10, y: y))))
    }
    let second = state.votes.tallyLayout(state.session).table.y + 2
    click(second)
    #expect(state.votes.selectedRow == 1)
    #expect(state.votes.level == .answers)
    click(second)
    #expect(state.votes.level == .paths(answer: state.votes.standings[1].answer))
    click(state.votes.answerLayout(state.session).table.y + 2)
    #expect(state.votes.paths.selected == 1)
    click(1, .right)
    #expect(state.votes.level == .answers)
  }

  @Test func aReplayedTraceShowsTheSameScreen() async throws {
    let state = try await Self.finished()
    let records = try await Fixtures.records(of: "self-consistency")
    var replayed = Fixtures.empty(80, 24)
    replayed.show(Trace(records))
    var stepwise = Fixtures.ready(80, 24)
    stepwise.screen = .votes
    for record in records { _ = Reducer().reduce(&stepwise, .trace([record])) }
    for var other in [replayed, stepwise] {
      other.model = state.model
      other.vocabulary = state.vocabulary
      other.settings = state.settings
      #expect(other.screen == .votes)
      #expect(other.votes.digest == state.votes.digest)
      #expect(Fixtures.draw(other) == Fixtures.draw(state))
    }
  }

  @Test func everySizeCanBeDrawn() async throws {
    let records = try await Fixtures.records(of: "self-consistency")
    var random = SplitMix64(state: 12)
    for cut in stride(from: 0, through: records.count, by: 61) {
      var state = Fixtures.ready(80, 24)
      state.screen = .votes
      _ = Reducer().reduce(&state, .trace(Array(records[..<cut])))
      for key in [nil, KeyEvent(.enter), KeyEvent("v")] as [KeyEvent?] {
        if let key { _ = Self.press(&state, key) }
        for _ in 0..<12 {
          let size = Size(
            width: Int.random(in: 0...130, using: &random),
            height: Int.random(in: 0...45, using: &random))
          var buffer = CellBuffer(size: size)
          _ = state.votes.draw(in: Rect(size), state.session, view: Fixtures.view, on: &buffer)
        }
      }
    }
  }
}

/// Votes that are stopped, taken up and lengthened, with a real session behind the keys.
@MainActor @Suite(.timeLimit(.minutes(10))) struct VotesSessionTests {
  func counted(_ state: PlaygroundState) -> Int { state.votes.digest.counted }

  @Test func moreSamplesContinueTheSameVote() async throws {
    let short = Driver()
    await short.start()
    short.press(KeyEvent("3"), KeyEvent(" "))
    await short.wait { $0.votes.digest.end != nil && $0.activities.isEmpty }
    #expect(counted(short.state) == 40)
    let run = short.state.votes.run
    short.press(KeyEvent("+"))
    // While the vote runs, more are asked for: they follow by themselves.
    short.press(KeyEvent("+"))
    await short.wait { counted($0) == 80 && $0.activities.isEmpty }
    #expect(short.state.votes.run == run)
    #expect(short.state.votes.digest.start?.settings.samples == 80)
    // One vote of 80 is the same.
    var settings = Fixtures.settings
    settings.samples = 80
    let records = try await Fixtures.records(of: "self-consistency", settings: settings)
    let whole = try #require(Trace(records).runs[1])
    let folded = try #require(run.flatMap { short.state.trace.runs[$0] })
    #expect(folded.tallies == whole.tallies)
    #expect(folded.paths == whole.paths)
    #expect(short.state.votes.digest.standings == RunDigest(1, whole).standings)
  }

  @Test func aCompleteVoteIsNotSpentAgainButCanBeMadeAnew() async throws {
    let driver = Driver()
    await driver.start()
    driver.press(KeyEvent("3"), KeyEvent(" "))
    await driver.wait { $0.votes.digest.end != nil && $0.activities.isEmpty }
    let run = try #require(driver.state.votes.run)
    driver.press(KeyEvent(" "))
    #expect(driver.state.activities.isEmpty)
    #expect(driver.state.message != nil)
    // Another temperature is another vote.
    driver.press(KeyEvent("T"), KeyEvent(" "))
    #expect(driver.state.votes.run == run + 1)
    await driver.wait { $0.votes.digest.end != nil && $0.activities.isEmpty }
    driver.press(KeyEvent("r"))
    #expect(driver.state.votes.run == run + 2)
    await driver.wait { $0.votes.digest.end != nil && $0.activities.isEmpty }
  }

  /// A vote is complete when a new one would sample the very same paths: with other passages before
  /// the question it would not. Where none are looked up, their number is no matter.
  @Test func aVoteWithOtherPassagesIsAnotherVote() async throws {
    for (prompting, isOther) in [("retrieval", true), ("think", false)] {
      var settings = Fixtures.settings
      (settings.samples, settings.prompting, settings.passages) = (4, prompting, 2)
      let asked = settings
      let records = try await RunLineTests.records("self-consistency", 1).map { record in
        guard case .run(var start) = record.event else { return record }
        (start.settings, start.used) = (asked, asked)
        return TraceRecord(run: record.run, .run(start))
      }
      var play = Play(Fixtures.ready(80, 24))
      play.send(.trace(records))
      play.state.settings = asked
      play.type("3 ")
      #expect(play.state.message?.text.contains("complete") == true)
      #expect(play.state.activities.isEmpty)
      play.state.settings.passages = 5
      play.type(" ")
      #expect(play.state.activities.isEmpty == !isOther, "\(prompting)")
    }
  }

  @Test func aShareSaysWhatItIsAShareOf() async throws {
    let start = try #require(
      try await RunLineTests.records("self-consistency", 1).lazy.compactMap { record in
        if case .run(let start) = record.event { start } else { nil }
      }.first)
    var play = Play(Fixtures.ready(80, 24))
    play.send(
      .trace([
        TraceRecord(run: 1, .run(start)),
        TraceRecord(
          run: 1,
          .tally(
            Tally(method: .majority, votes: ["8": 35, "5": 2], unparsed: 3, order: ["8", "5"]))),
      ]))
    play.type("3")
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("share of 40, 3 unparsed"))
    #expect(picture.contains(" .875 "))
  }
}
