import Decoding
import Reasoning
import StrategyFixtures
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

/// A saved trace shows, without a model, what was seen while it was made.
@Suite struct ReplayTests {
  /// The screens that show a run; Decode is where somebody walks.
  private static let screens = ScreenID.allCases.filter { $0 != .decode }

  /// A state that has taken up events as they came, so many at a time.
  private func live(_ records: [TraceRecord], by size: Int) -> PlaygroundState {
    var state = Fixtures.ready(80, 24)
    state.vocabulary = EveryTable.model().vocabulary
    for start in stride(from: 0, to: records.count, by: size) {
      let batch = records[start..<min(records.count, start + size)]
      _ = Reducer().reduce(&state, .trace(Array(batch)))
    }
    return state
  }

  /// What the line of the state's own session says is not of the trace.
  private func picture(_ state: PlaygroundState, _ screen: ScreenID, like other: PlaygroundState)
    -> CellBuffer
  {
    var state = state
    (state.model, state.settings, state.question) = (other.model, other.settings, other.question)
    (state.vocabulary, state.catalog) = (other.vocabulary, other.catalog)
    state.session.trace.model = other.trace.model
    (state.currentRun, state.exploration) = (other.currentRun, other.exploration)
    (state.decode, state.cursor, state.message) = (DecodeScreen(), .root, nil)
    state.screen = screen
    // What a screen shows is made when it comes into view.
    _ = Reducer().reduce(&state, .resize(state.size))
    return Fixtures.draw(state)
  }

  /// Branches shows the paths of whatever ran, and only these: no verifier's.
  @Test(arguments: StrategyRegistry.names)
  func branchesShowsThePathsOfEveryStrategy(name: String) async throws {
    var state = Fixtures.empty(120, 40)
    state.show(Trace(try await EveryStrategy(name: name).run().records))
    state.screen = .branches
    let number = try #require(state.branches.run)
    let members = state.trace.members(of: number)
    let parts = (members.isEmpty ? [number] : members).compactMap { state.trace.runs[$0] }
    let ends = parts.flatMap { run in
      run.solutionPaths.compactMap { run.paths[$0]?.end }.filter { $0.reason != "lookahead" }
    }
    let branches = state.branches
    #expect(!ends.isEmpty)
    #expect(branches.rowCount == ends.count)
    let paths = branches.numbers.compactMap { branches.digest.paths[$0] }
    #expect(paths.map(\.answer) == ends.map(\.answer))
    #expect(paths.map(\.nodes.last) == ends.map(\.end))
    let text = Fixtures.draw(state).textSnapshot()
    let description = try #require(StrategyRegistry.description(of: name))
    #expect(text.contains(description.title))
    #expect(!text.contains("has not run yet"))
    #expect(text.contains("ΣΔ") == (name == "cot-decoding"))
    for path in paths.prefix(3) {
      if let delta = path.delta { #expect(text.contains(Format.probability(delta))) }
    }
    _ = Reducer().reduce(&state, .key(KeyEvent(.enter)))
    #expect(state.screen == .decode)
  }

  /// The newest run that has paths is shown; one that ended before it had any is passed over.
  @Test func branchesShowsTheNewestRunWithPaths() async throws {
    var records = try await Fixtures.records(of: "greedy")
    records += try await Fixtures.records(of: "cot", number: 2)
    var state = Fixtures.empty(80, 24)
    state.show(Trace(records))
    #expect(state.branches.run == 2)
    records += [
      TraceRecord(
        run: 3,
        .run(
          RunStart(
            strategy: "greedy", model: Fixtures.model.identity, seed: 1,
            question: Fixtures.question, settings: Fixtures.settings)))
    ]
    state.show(Trace(records))
    #expect(state.branches.run == 2)
    #expect(state.branches.rowCount == 1)
  }

  /// A vote does not hide the branches that were grown before it.
  @Test func branchesStayBehindAVote() async throws {
    var records = try await Fixtures.records(of: "cot-decoding")
    records += try await Fixtures.records(of: "self-consistency", number: 2)
    var state = Fixtures.empty(80, 24)
    state.show(Trace(records))
    #expect(state.branches.run == 1)
    #expect(state.votes.run == 2)
    var play = Play(80, 24)
    play.send(.trace(records))
    #expect(play.state.branches.run == 1)
    #expect(play.state.votes.run == 2)
  }

  /// Where no temperature was asked for, that is shown which the strategy has by itself.
  @Test(arguments: [("step-beam", "0.8"), ("self-consistency", "0.7"), ("greedy", "0.0")])
  func theTemperatureIsTheStrategysOwn(name: String, temperature: String) async throws {
    var settings = Fixtures.settings
    (settings.samples, settings.branches) = (4, 2)
    if name == "step-beam" { settings.verifier = .likelihood }
    let records = try await Fixtures.records(of: name, settings: settings)
    var state = Fixtures.empty(120, 40)
    state.show(Trace(records))
    let title = Fixtures.draw(state).textSnapshot().split(separator: "\n").first ?? ""
    #expect(title.contains("T \(temperature)"))
    guard name != "greedy" else { return }
    state.screen = .votes
    #expect(Fixtures.draw(state).textSnapshot().contains("T = \(temperature)"))
  }

  @Test(arguments: StrategyRegistry.names)
  func aSavedRunShowsTheSameScreensWithoutAModel(name: String) async throws {
    let records =
      [TraceRecord(.header(TraceHeader()))]
      + (try await EveryStrategy(name: name).run().records)
    let read = try TraceFile.parse(TraceCoding.lines(records), name: name).records
    var replayed = Fixtures.empty(80, 24)
    replayed.show(Trace(read))
    for size in [1, 7, records.count] {
      let live = live(records, by: size)
      #expect(replayed.trace.runs == live.trace.runs)
      #expect(replayed.branches.digest == live.branches.digest)
      #expect(replayed.votes.digest == live.votes.digest)
      #expect(replayed.verify.digest == live.verify.digest)
      #expect(replayed.verify.ranked == live.verify.ranked)
      for screen in Self.screens {
        let seen = picture(live, screen, like: live)
        #expect(picture(replayed, screen, like: live) == seen, "\(screen.title), \(size) at a time")
      }
    }
    // There is something to see.
    let own = replayed.screen
    let empty = picture(Fixtures.empty(80, 24), own, like: live(records, by: 7))
    #expect(own == .decode || picture(replayed, own, like: live(records, by: 7)) != empty)
  }
}
