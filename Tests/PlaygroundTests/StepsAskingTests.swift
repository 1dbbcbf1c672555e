import Decoding
import DecodingFixtures
import Foundation
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Reasoning
@testable import Traces

/// What Steps and Decode ask a model about a path.
@Suite struct StepsAskingTests {
  /// A model that makes two steps and answers; asked early it says 8 with a chance that grows with
  /// the steps, and "Wait," makes it surer. It has labels for steps.
  static let pieces = [
    Fixtures.question.text, " My dad has 3 + 2 = 5 apples.", " 3 + 5 = 8.", " The answer is",
    " 5", " 8", ".", "<end>", " Wait,", PromptFormat.stepTag, PromptFormat.rightStep,
    PromptFormat.wrongStep,
  ]

  static func model() -> TableLanguageModel {
    TableLanguageModel(name: "apples", pieces: pieces, end: 7) { prefix in
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
    driver.send(.command(.screen(VotesScreen.id)))
    driver.type(":samples 3")
    driver.press(KeyEvent(.enter))
    driver.type(":temperature 0")
    driver.press(KeyEvent(.enter))
    driver.type(" ")
    await driver.wait { $0.activities.isEmpty && $0.votes.digest.end != nil }
    driver.type("S")
    return driver
  }

  @Test @MainActor func theTimerItselfMovesOn() async {
    let driver = await voted()
    driver.type(" ")
    await driver.wait { !$0.steps.isPlaying && $0.steps.position.selected == 2 }
    await driver.finish()
  }

  // MARK: Asking

  @Test @MainActor func askingTellsTheTablesOwnCurve() async throws {
    let driver = await voted()
    #expect(driver.state.screen == StepsScreen.id)
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
    _ = Reducer().reduce(&replay, .command(.screen(StepsScreen.id)))
    let content = Chrome.content(replay.session)
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
      #expect(driver.effects.contains { if case .review(.stop) = $0 { true } else { false } })
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
    let before = driver.state.cursor
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
    #expect(abs(try #require(eight.before) - 0.9) < 1e-6)
    #expect(abs(eight.now - 0.8) < 1e-6)
    #expect(eight.isCorrect == true)
    let five = try #require(odds.rows.first { $0.answer == "5" })
    #expect(abs(try #require(five.before) - 0.1) < 1e-6)
    #expect(abs(five.now - 0.2) < 1e-6)
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
    #expect(steps.map(\.injected) == [0, 0, 1])
    #expect(driver.state.steps.position.selected == 2)
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
    state.session.ask(.open(end, run: 1))
    _ = state.passRequests()
    let rows = state.decode.odds?.rows ?? []
    #expect(rows.map(\.answer) == ["8", "5", "3"])
    #expect(rows.map(\.before) == [0.99, 0, 0])
    #expect(rows.map(\.now) == [0.01, 0.9, 0.08])
    #expect(rows.map(\.isCorrect) == [true, false, false])
    #expect(state.decode.odds?.inserted == "\" Wait,\"")
  }

  @Test func withoutAModelWaitingSaysWhatItNeeds() {
    var state = Fixtures.empty(80, 24)
    state.show(Trace(VerifyScreenTests.records(.prm)))
    state.screen = DecodeScreen.id
    var play = Play(state)
    play.type("w")
    #expect(play.state.message?.text.contains("needs a model") == true)
  }
}
