import Decoding
import Reasoning
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

/// Which screen opens for a run: the same one when it starts, and from a trace.
@Suite struct FittingScreenTests {
  private static let screens: [String: ScreenID] = [
    "greedy": .decode, "sample": .branches, "cot": .decode, "few-shot-cot": .decode,
    "cot-decoding": .branches, "self-consistency": .votes, "best-of-n": .verify, "beam": .search,
    "step-beam": .search, "dvts": .search, "lookahead": .search, "mcts": .search,
    "budget-forcing": .decode, "genrm": .verify, "self-correct": .decode, "analogical": .decode,
    "step-back": .decode, "retrieval": .decode, "ensemble": .votes,
  ]

  private func start(_ strategy: String) -> TraceRecord {
    TraceRecord(
      run: 1,
      .run(
        RunStart(
          strategy: strategy, model: Fixtures.model.identity, seed: 1,
          question: Fixtures.question, settings: Fixtures.settings)))
  }

  @Test func everyStrategyHasAScreen() {
    #expect(Set(Self.screens.keys) == Set(StrategyRegistry.names))
  }

  @Test(arguments: StrategyRegistry.names) func aRunOpensIt(strategy: String) throws {
    var state = Fixtures.ready(80, 24)
    state.screen = .tree
    let run = try #require(try state.run(strategy: strategy).run)
    _ = state.prepare()
    let screen = try #require(Self.screens[strategy])
    #expect(state.screen == screen)
    // The screen shows that run; Decode follows it.
    #expect(screen == .decode ? state.decode.run == run : state.shownRuns[screen] == run)
  }

  @Test(arguments: StrategyRegistry.names) func aTraceOpensIt(strategy: String) {
    var state = Fixtures.empty(80, 24)
    state.show(Trace([start(strategy)]))
    #expect(state.screen == Self.screens[strategy])
  }

  /// `ponder play --strategy NAME` waits for the model.
  @Test func aStrategyStartsWithTheModel() {
    var play = Play(Fixtures.empty(80, 24))
    play.state.strategyAtStart = "mcts"
    let effects = Reducer().reduce(
      &play.state, .model(.ready(Fixtures.summary, Fixtures.model.vocabulary)))
    let started = effects.contains { effect in
      if case .run(.start(_, "mcts", _, _, _)) = effect { true } else { false }
    }
    #expect(started)
    #expect(play.state.screen == .search)
    #expect(play.state.strategyAtStart == nil)
  }

  /// Members of an ensemble are runs of their own, and take no screen from it.
  @Test func theMembersOfAnEnsembleStayBehindIt() {
    var play = Play(Fixtures.ready(80, 24))
    var (member, other) = (start("sample"), start("sample"))
    (member.run, other.run) = (1001, 7)
    play.send(.trace([start("ensemble"), member]))
    #expect(play.state.votes.run == 1)
    #expect(play.state.branches.run == 1)
    #expect(play.state.trace.members(of: 1) == [1001])
    play.send(.trace([other]))
    #expect(play.state.branches.run == 7)
  }
}
