import Decoding
import Foundation
import Reasoning
import TerminalUI
import Testing

@testable import Playground

@Suite struct StepsScreenTests {
  /// A model that makes two steps and answers; asked early it says 8 with a chance that grows with
  /// the steps, and "Wait," makes it surer. It has labels for steps.
  private static func model() -> TableLanguageModel {
    let pieces = [
      Fixtures.question.text, " My dad has 3 + 2 = 5 apples.", " 3 + 5 = 8.", " The answer is",
      " 5", " 8", ".", "<end>", " Wait,", PromptFormat.stepTag, PromptFormat.rightStep,
      PromptFormat.wrongStep,
    ]
    return TableLanguageModel(name: "apples", pieces: pieces, end: 7) { prefix in
      let steps = prefix.count { $0 == 1 || $0 == 2 }
      switch prefix.last {
      case 3:
        let p = prefix.contains(8) ? 0.8 : [0.1, 0.45, 0.9][min(2, steps)]
        return [5: p, 4: 1 - p]
      case 4, 5: return [6: 1]
      case 6: return [7: 1]
      case 9: return [10: 0.4 + 0.2 * Double(steps), 11: 0.2]
      case 0, 8: return [1: 0.9, 2: 0.1]
      case 1: return [2: 1]
      default: return [3: 1]
      }
    }
  }

  @MainActor
  private func driver(_ width: Int = 80, _ height: Int = 24) async -> Driver {
    let driver = Driver(width, height, model: Self.model())
    await driver.start()
    return driver
  }

  /// A vote of one path, shown in Steps.
  @MainActor
  private func voted(_ width: Int = 80, _ height: Int = 24) async -> Driver {
    let driver = await driver(width, height)
    driver.send(.command(.screen(.votes)))
    driver.type(":samples 3")
    driver.press(KeyEvent(.enter))
    driver.type(":temperature 0")
    driver.press(KeyEvent(.enter))
    driver.type(" ")
    await driver.wait { $0.activities.isEmpty && $0.votes.digest.end != nil }
    driver.type("S")
    return driver
  }

  /// A state that shows a path of a run in Steps.
  private static func shown(
    _ records: [TraceRecord], _ width: Int, _ height: Int, path: Int = 0, run: Int = 1
  ) -> PlaygroundState {
    var state = Fixtures.ready(width, height)
    _ = Reducer().reduce(&state, .trace(records))
    state.screen = .steps
    state.showSteps(path: path, of: run)
    return state
  }

  private static func searched(_ width: Int, _ height: Int) -> PlaygroundState {
    var records = VerifyScreenTests.records(.prm)
    let prompt = NodeID.root.appending(1000)
    let nodes = [prompt, prompt.appending(0), prompt.appending(0).appending(1)]
    for (index, q) in [0.62, 0.71, 0.84].enumerated() {
      let backup = Backup(
        iteration: index + 1, node: nodes[index], value: q, visits: 12 - 4 * index, q: q)
      records.append(TraceRecord(.backup(backup)))
    }
    for (index, p) in [0.12, 0.4, 0.97].enumerated() {
      records.append(
        TraceRecord(.score(Score(kind: .earlyAnswer, path: 0, node: nodes[index], value: p))))
      for (answer, chance) in [("5", 0.8 - p * 0.8), ("8", p)] {
        records.append(
          TraceRecord(
            .score(
              Score(
                kind: .earlyAnswer, path: 0, node: nodes[index], value: chance, answer: answer))))
      }
    }
    return shown(records, width, height)
  }

  // MARK: Pictures

  @Test(arguments: [(80, 24), (200, 60), (60, 16)])
  func pictures(width: Int, height: Int) async throws {
    var play = Play(Self.searched(width, height))
    play.type("jj")
    Snapshot.check(Fixtures.draw(play.state), named: "steps-\(width)x\(height)")
  }

  @Test func sixteenColoursAndNoneAndAscii() throws {
    var play = Play(Self.searched(80, 24))
    play.type("jj")
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(Fixtures.draw(play.state, view: view), named: "steps-80x24-\(name)")
    }
    let ascii = Fixtures.draw(play.state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
    #expect(ascii.contains("rising: .120 > .970"))
  }

  @Test func aPathOfWhichNothingIsKnownSaysWhatCanBeAsked() async throws {
    let records = try await Fixtures.records(of: "self-consistency")
    let state = Self.shown(records, 80, 24, path: 1)
    Snapshot.check(Fixtures.draw(state), named: "steps-unasked")
    var blank = Fixtures.ready(80, 24)
    _ = Reducer().reduce(&blank, .command(.screen(.steps)))
    Snapshot.check(Fixtures.draw(blank), named: "steps-blank")
  }

  /// Reward, value, p(answer) and the exact outcome are told under names of their own.
  @Test func noTwoFiguresShareAName() throws {
    let state = Self.searched(200, 60)
    let table = StepTable(
      steps: state.steps, episode: try #require(state.steps.episode), theme: .plain)
    let titles = table.columns(width: 200).map(\.1.title).filter { !$0.isEmpty } + ["oracle"]
    #expect(Set(titles).count == titles.count && titles.count == 9)
    #expect(titles.contains("r") && titles.contains("Q") && !titles.contains("v"))
  }

  // MARK: Moving

  @Test func stepsAreGoneThroughWithinTheirBounds() {
    var play = Play(Self.searched(80, 24))
    #expect(play.state.steps.position.selected == 0)
    play.type("[k")
    #expect(play.state.steps.position.selected == 0)
    play.type("]j]]")
    #expect(play.state.steps.position.selected == 2)
    play.press(KeyEvent(.home))
    #expect(play.state.steps.position.selected == 0)
    play.press(KeyEvent(.end))
    #expect(play.state.steps.selected?.number == 3)
  }

  @Test func thePathsOfTheRunFollowOneAnother() async throws {
    let records =
      try await Fixtures.records(of: "cot-decoding")
      + Fixtures.records(of: "self-consistency", number: 2)
    var play = Play(Self.shown(records, 80, 24))
    play.press(.left)
    #expect(play.state.steps.path == 0)
    play.press(.right, .right)
    #expect(play.state.steps.path == 2 && play.state.runs.steps == 1)
    play.type("n")
    #expect(play.state.runs.steps == 2 && play.state.steps.path == 0)
    #expect(play.state.steps.heading.strategy == "self-consistency")
    play.type("N")
    #expect(play.state.runs.steps == 1)
  }

  @Test func playingMovesOnWithTheNewestTimerOnly() {
    var play = Play(Self.searched(80, 24))
    play.type(" ")
    #expect(play.state.steps.isPlaying && play.state.steps.shownSteps == 1)
    let first = play.state.steps.timer
    #expect(play.effects.contains { if case .tick = $0 { true } else { false } })
    play.send(.ticked(first - 1))
    #expect(play.state.steps.position.selected == 0)
    play.send(.ticked(first))
    #expect(play.state.steps.position.selected == 1 && play.state.steps.shownSteps == 2)
    // Stopped and begun anew: the old timer says nothing any more.
    let second = play.state.steps.timer
    play.type("  ")
    play.send(.ticked(second))
    #expect(play.state.steps.position.selected == 1)
    play.send(.ticked(play.state.steps.timer))
    #expect(play.state.steps.position.selected == 2)
    play.send(.ticked(play.state.steps.timer))
    #expect(!play.state.steps.isPlaying && play.state.steps.position.selected == 2)
    // From the end it begins with the first.
    play.type(" ")
    #expect(play.state.steps.position.selected == 0 && play.state.steps.isPlaying)
    play.press(.down)
    #expect(!play.state.steps.isPlaying)
  }

  @Test @MainActor func theTimerItselfMovesOn() async {
    let driver = await voted()
    driver.type(" ")
    await driver.wait { !$0.steps.isPlaying && $0.steps.position.selected == 2 }
    await driver.finish()
  }

  // MARK: From and to other screens

  @Test func everyScreenOpensItsSelectedPath() async throws {
    let records = try await Fixtures.records(of: "cot-decoding")
    for screen in [ScreenID.branches, .votes, .verify] {
      var state = Fixtures.ready(80, 24)
      _ = Reducer().reduce(&state, .trace(records))
      (state.runs.branches, state.runs.votes, state.runs.verify) = (1, 1, 1)
      state.makeDigests()
      state.screen = screen
      var play = Play(state)
      play.press(.down)
      play.type("S")
      #expect(play.state.screen == .steps && play.state.runs.steps == 1)
      let expected =
        switch screen {
        case .verify: play.state.verify.selected?.path
        // The first path that says the second answer.
        case .votes: 0
        default: 1
        }
      #expect(play.state.steps.path == expected)
    }
  }

  @Test func aPlaceInTreeAndDecodeOpensItsStep() async throws {
    let records = try await Fixtures.records(of: "cot-decoding")
    var state = Self.shown(records, 80, 24)
    let step = try #require(state.trace.runs[1]?.paths[2]?.nodes.first)
    state.screen = .decode
    _ = state.open(step, of: 1)
    var play = Play(state)
    play.type("S")
    #expect(play.state.screen == .steps && play.state.steps.path == 2)
    #expect(play.state.steps.position.selected == 0)
    play.send(.command(.screen(.tree)))
    play.press(KeyEvent(.end))
    play.type("S")
    #expect(play.state.screen == .steps)
    let last = play.state.tree.tree.lines[play.state.tree.selected]?.entries.last?.node
    let nodes = play.state.trace.runs[1]?.paths[play.state.steps.path]?.nodes
    #expect(nodes?.contains(try #require(last)) == true)
  }

  @Test func aStepOpensItsStateInDecodeAndUndoLeadsBack() {
    var play = Play(Self.searched(80, 24))
    play.type("j")
    let step = play.state.steps.selected
    play.press(.enter)
    #expect(play.state.screen == .decode && play.state.decode.cursor == step?.state)
    play.press(.left)
    #expect(play.state.decode.cursor == NodeID.root.appending(1000))
    play.type("r")
    #expect(play.state.decode.cursor == step?.state)
  }

  // MARK: Asking

  @Test @MainActor func askingTellsTheTablesOwnCurve() async throws {
    let driver = await voted()
    #expect(driver.state.screen == .steps)
    #expect(driver.state.steps.episode?.curve.isEmpty == true)
    driver.type("a")
    #expect(driver.state.steps.asking != nil)
    await driver.wait { $0.steps.asking == nil }
    let curve = try #require(driver.state.steps.episode).curve
    for (value, chance) in zip(curve.own, [0.1, 0.45, 0.9]) {
      #expect(abs(try #require(value) - chance) < 1e-6)
    }
    #expect((0..<3).map { curve.leader(at: $0)?.answer } == ["5", "5", "8"])
    #expect(curve.reading?.shape == .rising)
    // The vote itself is as it was.
    #expect(driver.state.votes.digest.end?.answer == "8")
    #expect(driver.state.votes.digest.numbers == [0, 1, 2])
    driver.type("v")
    await driver.wait { $0.steps.asking == nil }
    let rewards = driver.state.steps.episode?.steps.map(\.reward) ?? []
    for (reward, expected) in zip(rewards, [0.6 / 0.8, 0.8, 0.8]) {
      #expect(abs(try #require(reward) - expected) < 1e-6)
    }
    #expect(rewards.count == 3)
    Snapshot.check(driver.draw(), named: "steps-asked")
    await driver.finish()
  }

  /// What was asked is in the trace: without the model the same picture shows.
  @Test @MainActor func aReplayShowsWhatWasAsked() async throws {
    let driver = await voted()
    driver.type("a")
    await driver.wait { $0.steps.asking == nil }
    var replay = Fixtures.empty(80, 24)
    replay.show(driver.state.trace)
    _ = Reducer().reduce(&replay, .command(.screen(.steps)))
    let content = Chrome.content(replay)
    let (live, saved) = (driver.draw(), Fixtures.draw(replay))
    for y in content.y..<content.bottom {
      for x in content.x..<content.right {
        #expect(live[x, y] == saved[x, y])
      }
    }
    var play = Play(replay)
    play.type("a")
    #expect(play.state.message?.text.contains("needs its model") == true)
    #expect(play.state.steps.asking == nil)
    await driver.finish()
  }

  @Test @MainActor func askingIsCancelledByTheSameKeyAndByEsc() async {
    let driver = await voted()
    for stop in [KeyEvent("a"), KeyEvent(.escape)] {
      driver.type("a")
      driver.press(stop)
      #expect(driver.effects.contains { if case .stopReview = $0 { true } else { false } })
      await driver.wait { $0.steps.asking == nil }
    }
    await driver.finish()
  }

  // MARK: Waiting

  @Test @MainActor func waitingAtTheCursorMovesTheAnswers() async throws {
    let driver = await driver()
    // Two steps and the words that announce the answer.
    for _ in 0..<3 {
      driver.press(KeyEvent(.right))
      await driver.settle()
    }
    let before = driver.state.decode.cursor
    driver.type("w")
    await driver.wait { !$0.decode.isAsking && $0.decode.odds != nil }
    await driver.settle()
    // The marker is taken back; "Wait," stands in its place.
    let line = driver.state.decode.line
    #expect(line.generated.map(\.token.text).last == " Wait,")
    #expect(!line.generated.map(\.token.text).contains(" The answer is"))
    let odds = try #require(driver.state.decode.odds)
    #expect(odds.inserted == "\" Wait,\"")
    let eight = try #require(odds.rows.first { $0.answer == "8" })
    #expect(abs(try #require(eight.before) - 0.9) < 1e-6 && abs(eight.now - 0.8) < 1e-6)
    #expect(eight.isCorrect == true)
    let five = try #require(odds.rows.first { $0.answer == "5" })
    #expect(abs(try #require(five.before) - 0.1) < 1e-6 && abs(five.now - 0.2) < 1e-6)
    Snapshot.check(driver.draw(), named: "decode-wait")
    // Undone like every edit; what was said before is still there.
    driver.press(KeyEvent(.left))
    await driver.settle()
    #expect(driver.state.decode.odds?.inserted == nil)
    #expect(driver.state.trace.node(before) != nil)
    driver.type("r")
    await driver.settle()
    #expect(driver.state.decode.odds == odds)
    // The line as it stands, from the question on.
    driver.type("S")
    let steps = try #require(driver.state.steps.episode).steps
    #expect(
      steps.map { String(decoding: $0.bytes, as: UTF8.self) }
        == [" My dad has 3 + 2 = 5 apples.", " 3 + 5 = 8.", " Wait,"])
    #expect(steps.map(\.injected) == [0, 0, 1] && driver.state.steps.position.selected == 2)
    await driver.finish()
  }

  @Test func whatLedBeforeIsToldAsWellAsWhatLeads() {
    let prompt = NodeID.root.appending(1000)
    let wait = Token(id: 7, bytes: Array(" Wait,".utf8))
    let end = prompt.appending(wait.id)
    var records = Array(VerifyScreenTests.records(.prm).prefix(2))
    records.append(
      TraceRecord(
        .injected(Injection(role: .user, path: 0, parent: prompt, end: end, tokens: [wait]))))
    for (answer, before, now) in [("5", 0.0, 0.9), ("3", 0.0, 0.08), ("8", 0.99, 0.01)] {
      for (node, value) in [(prompt, before), (end, now)] {
        records.append(
          TraceRecord(
            .score(
              Score(kind: .earlyAnswer, path: 0, node: node, value: value, answer: answer))))
      }
    }
    var state = Fixtures.ready(80, 24)
    _ = Reducer().reduce(&state, .trace(records))
    _ = state.open(end, of: 1)
    let rows = state.decode.odds?.rows ?? []
    #expect(rows.map(\.answer) == ["8", "5", "3"])
    #expect(rows.map(\.before) == [0.99, 0, 0] && rows.map(\.now) == [0.01, 0.9, 0.08])
    #expect(rows.map(\.isCorrect) == [true, false, false])
    #expect(state.decode.odds?.inserted == "\" Wait,\"")
  }

  @Test func withoutAModelWaitingSaysWhatItNeeds() {
    var state = Fixtures.empty(80, 24)
    state.show(Trace(VerifyScreenTests.records(.prm)))
    state.screen = .decode
    var play = Play(state)
    play.type("w")
    #expect(play.state.message?.text.contains("needs a model") == true)
  }
}
