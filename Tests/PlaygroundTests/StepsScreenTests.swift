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
    state.session.ask(.steps(.path(path, run: run)))
    _ = state.passRequests()
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

  /// A trained judge has valued the states of the first path.
  private static func judged(_ width: Int, _ height: Int) -> PlaygroundState {
    let prompt = NodeID.root.appending(1000)
    let nodes = [
      prompt.appending(0), prompt.appending(0).appending(1),
      prompt.appending(0).appending(1).appending(2),
    ]
    let scores = zip(nodes, [0.7, 0.93, 0.04]).map { node, value in
      TraceRecord(
        run: 1,
        .score(
          Score(kind: .prm, path: 0, node: node, value: value, judge: "2m+value", verifier: .prm)))
    }
    return shown(VerifyScreenTests.records(.prm) + scores, width, height)
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func theLearnedValueStandsBesideTheReward(width: Int, height: Int) throws {
    let state = Self.judged(width, height)
    Snapshot.check(Fixtures.draw(state), named: "steps-learned-\(width)x\(height)")
    let episode = try #require(state.steps.episode)
    #expect(episode.judge == "2m+value")
    #expect(episode.steps.map(\.learnedValue) == [0.7, 0.93, 0.04])
    // The run's own rewards stay what they are.
    #expect(episode.steps.map(\.reward) == [0.95, 0.9, 0.97])
  }

  @Test func whereNobodyJudgedNothingShows() throws {
    let state = Self.shown(VerifyScreenTests.records(.prm), 80, 24)
    #expect(state.steps.episode?.judge == nil)
    #expect(!Fixtures.draw(state).textSnapshot().contains(" V "))
  }

  /// One state makes no curve, and is told in words.
  @Test(arguments: [(80, 24), (200, 60)]) func oneStateIsNoChart(width: Int, height: Int) {
    var records = VerifyScreenTests.records(.prm)
    let node = NodeID.root.appending(1000)
    for answer in [nil, "5", "8"] {
      records.append(
        TraceRecord(
          .score(
            Score(
              kind: .earlyAnswer, path: 0, node: node, value: answer == "5" ? 0.7 : 0.12,
              answer: answer))))
    }
    let text = Fixtures.draw(Self.shown(records, width, height)).textSnapshot()
    #expect(text.contains("Asked once"))
    #expect(text.contains(".120"))
    #expect(text.contains("it would say 5,"))
    #expect(text.contains(".700"))
    #expect(!text.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) })
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
    _ = Reducer().reduce(&blank, .command(.screen(StepsScreen.id)))
    Snapshot.check(Fixtures.draw(blank), named: "steps-blank")
  }

  /// Reward, value, p(answer) and the exact outcome are told under names of their own.
  @Test func noTwoFiguresShareAName() throws {
    let state = Self.searched(200, 60)
    let table = StepTable(
      steps: state.steps, episode: try #require(state.steps.episode), theme: .plain)
    let titles = table.columns(width: 200).map(\.heading.title).filter { !$0.isEmpty }
    #expect(Set(titles).count == titles.count)
    #expect(titles.count == 9)
    #expect(titles.contains("r"))
    #expect(titles.contains("Q"))
    #expect(!titles.contains("v"))
  }

  // MARK: Moving

  @Test func stepsAreGoneThroughWithinTheirBounds() {
    var play = Play(Self.searched(80, 24))
    #expect(play.state.steps.position.selected == 0)
    play.type("kk")
    #expect(play.state.steps.position.selected == 0)
    play.type("jjjj")
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
    #expect(play.state.steps.path == 2)
    #expect(play.state.steps.run == 1)
    play.type("]")
    #expect(play.state.steps.run == 2)
    #expect(play.state.steps.path == 0)
    #expect(play.state.steps.heading.strategy == "self-consistency")
    play.type("[")
    #expect(play.state.steps.run == 1)
  }

  @Test func playingMovesOnWithTheNewestTimerOnly() {
    var play = Play(Self.searched(80, 24))
    play.type(" ")
    #expect(play.state.steps.isPlaying)
    #expect(play.state.steps.shownSteps == 1)
    let first = play.state.steps.timer
    #expect(play.effects.contains { if case .shell(.tick) = $0 { true } else { false } })
    play.send(.shell(.ticked(first - 1)))
    #expect(play.state.steps.position.selected == 0)
    play.send(.shell(.ticked(first)))
    #expect(play.state.steps.position.selected == 1)
    #expect(play.state.steps.shownSteps == 2)
    // Stopped and begun anew: the old timer says nothing any more.
    let second = play.state.steps.timer
    play.type("  ")
    play.send(.shell(.ticked(second)))
    #expect(play.state.steps.position.selected == 1)
    play.send(.shell(.ticked(play.state.steps.timer)))
    #expect(play.state.steps.position.selected == 2)
    play.send(.shell(.ticked(play.state.steps.timer)))
    #expect(!play.state.steps.isPlaying)
    #expect(play.state.steps.position.selected == 2)
    // From the end it begins with the first.
    play.type(" ")
    #expect(play.state.steps.position.selected == 0)
    #expect(play.state.steps.isPlaying)
    play.press(.down)
    #expect(!play.state.steps.isPlaying)
  }

  // MARK: From and to other screens

  @Test func everyScreenOpensItsSelectedPath() async throws {
    let records = try await Fixtures.records(of: "cot-decoding")
    // In Votes the first path that says the second answer.
    for (screen, path) in [(BranchesScreen.id, 1), (VotesScreen.id, 0), (VerifyScreen.id, nil)] {
      var state = Fixtures.ready(80, 24)
      _ = Reducer().reduce(&state, .trace(records))
      state[BranchesScreen.self].run = 1
      state[VotesScreen.self].run = 1
      state[VerifyScreen.self].run = 1
      var session = state.session
      for index in state.screens.indices { state.screens[index].restore(&session) }
      state.screen = screen
      var play = Play(state)
      play.press(.down)
      play.type("S")
      #expect(play.state.screen == StepsScreen.id)
      #expect(play.state.steps.run == 1)
      #expect(play.state.steps.path == path ?? play.state.verify.selected?.path)
    }
  }

  @Test func aPlaceInTreeAndDecodeOpensItsStep() async throws {
    let records = try await Fixtures.records(of: "cot-decoding")
    var state = Self.shown(records, 80, 24)
    let step = try #require(state.trace.runs[1]?.paths[2]?.nodes.first)
    state.session.ask(.open(step, run: 1))
    _ = state.passRequests()
    var play = Play(state)
    play.type("S")
    #expect(play.state.screen == StepsScreen.id)
    #expect(play.state.steps.path == 2)
    #expect(play.state.steps.position.selected == 0)
    play.send(.command(.screen(TreeScreen.id)))
    play.press(KeyEvent(.end))
    play.type("S")
    #expect(play.state.screen == StepsScreen.id)
    let last = play.state.tree.tree.lines[play.state.tree.selected]?.entries.last?.node
    let nodes = play.state.trace.runs[1]?.paths[play.state.steps.path]?.nodes
    #expect(nodes?.contains(try #require(last)) == true)
  }

  @Test func aStepOpensItsStateInDecodeAndUndoLeadsBack() {
    var play = Play(Self.searched(80, 24))
    play.type("j")
    let step = play.state.steps.selected
    play.press(.enter)
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.cursor == step?.state)
    play.press(.left)
    #expect(play.state.cursor == NodeID.root.appending(1000))
    play.type("r")
    #expect(play.state.cursor == step?.state)
  }
}
