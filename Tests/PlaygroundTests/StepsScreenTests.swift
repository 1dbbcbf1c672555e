import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct StepsScreenTests {
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
    #expect(play.effects.contains { if case .shell(.tick) = $0 { true } else { false } })
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
}
