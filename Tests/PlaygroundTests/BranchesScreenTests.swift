import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

@Suite struct BranchesScreenTests {
  static let sizes = [(80, 24), (120, 40), (60, 16)]

  static func settings(_ aggregate: RunSettings.Aggregate = .sum) -> RunSettings {
    var settings = Fixtures.settings
    settings.branches = 5
    settings.aggregate = aggregate
    return settings
  }

  static func finished(_ width: Int = 80, _ height: Int = 24) async throws -> PlaygroundState {
    try await Fixtures.finished("cot-decoding", width, height, settings: settings())
  }

  @Test(arguments: sizes) func theFinishedScreen(width: Int, height: Int) async throws {
    var state = try await Self.finished(width, height)
    _ = Reducer().reduce(&state, .key(KeyEvent(.down)))
    Snapshot.check(Fixtures.draw(state), named: "branches-\(width)x\(height)")
  }

  @Test func whileTheBranchesGrow() async throws {
    var state = Fixtures.ready(80, 24)
    state.settings = Self.settings()
    state.screen = .branches
    _ = Reducer().reduce(&state, .key(KeyEvent(" ")))
    let records = try await Fixtures.records(of: "cot-decoding", settings: state.settings)
    // Half of the branches have ended.
    let half = records.firstIndex { record in
      if case .pathFinished(let end) = record.event { end.path == 2 } else { false }
    }
    _ = Reducer().reduce(&state, .trace(Array(records[...(half ?? 0)])))
    Snapshot.check(Fixtures.draw(state), named: "branches-growing-80x24")
  }

  @Test func beforeItHasRun() {
    var state = Fixtures.ready(80, 24)
    state.screen = .branches
    Snapshot.check(Fixtures.draw(state), named: "branches-blank-80x24")
  }

  /// A beam's likeliest text decides: nothing is said of ΣΔ, nor of greedy paths.
  @Test func aBeam() async throws {
    var settings = Fixtures.settings
    settings.branches = 3
    var play = Play(Fixtures.ready(80, 24))
    play.send(.trace(try await Fixtures.records(of: "beam", settings: settings)))
    play.type("2")
    let picture = Fixtures.draw(play.state)
    Snapshot.check(picture, named: "branches-beam-80x24")
    let text = picture.textSnapshot()
    #expect(!text.contains("ΣΔ"))
    #expect(!text.contains("greedy"))
    let rows = AnswerBoard.rows(play.state.branches.digest)
    #expect(rows.map(\.answer).contains("8"))
    #expect(rows.map(\.count).reduce(0, +) == 3)
    let best = rows.max { ($0.logProbability ?? 0) < ($1.logProbability ?? 0) }
    #expect(best?.answer == play.state.branches.winner)
  }

  @Test func theScoreboardIsTheSumOfDeltas() async throws {
    let state = try await Self.finished()
    let rows = state.branches.digest.standings[.delta] ?? []
    #expect(rows.map(\.answer) == ["8", "5", nil])
    #expect(abs(rows[0].weight - 4 * 0.83) < 1e-6)
    #expect(abs(rows[1].weight - 0.68) < 1e-6)
    #expect(abs(rows[0].share - 3.32 / 4) < 1e-6)
    #expect(state.branches.winner == "8")
    #expect(state.branches.digest.isCorrect("8") == true)
    #expect(state.branches.digest.isCorrect("5") == false)
  }

  @Test func theSurestBranchDecidesWhenAskedTo() async throws {
    let state = try await Fixtures.finished("cot-decoding", 80, 24, settings: Self.settings(.max))
    #expect(state.branches.digest.surest?.number == 1)
    #expect(state.branches.winner == "8")
    #expect(Fixtures.draw(state).textSnapshot().contains("the surest branch, 2, decides"))
  }

  @Test func enterOpensTheBranchWhereItsAnswerComesNext() async throws {
    var state = try await Self.finished()
    let reducer = Reducer()
    for _ in 0..<2 { _ = reducer.reduce(&state, .key(KeyEvent(.down))) }
    _ = reducer.reduce(&state, .key(KeyEvent(.enter)))
    #expect(state.screen == .decode)
    // " Dad has 5.", " The answer is": the table offers 8, 5 and 6.
    #expect(state.cursor == state.trace.runs[1]?.paths[2]?.nodes[1])
    _ = reducer.reduce(&state, .key(KeyEvent("G")))
    #expect(state.cursor == state.trace.runs[1]?.paths[2]?.tip)
    #expect(state.decode.promptEnd == state.trace.runs[1]?.promptEnd)
  }

  @Test func twoMarkedBranchesAreCompared() async throws {
    var state = try await Self.finished()
    let reducer = Reducer()
    for key in [KeyEvent("v"), KeyEvent(.end), KeyEvent("v")] {
      _ = reducer.reduce(&state, .key(key))
    }
    let comparison = try #require(state.branches.comparison)
    #expect(comparison.left == 0)
    #expect(comparison.right == 4)
    Snapshot.check(Fixtures.draw(state), named: "comparison-80x24")
    _ = reducer.reduce(&state, .key(KeyEvent(.enter)))
    #expect(state.screen == .decode)
    #expect(state.cursor == state.trace.runs[1]?.promptEnd)
    state.screen = .branches
    _ = reducer.reduce(&state, .key(KeyEvent(.escape)))
    #expect(state.branches.comparison == nil)
    #expect(state.branches.marked == nil)
  }

  @Test func aClickSelectsAndASecondOneOpens() async throws {
    var state = try await Self.finished()
    let reducer = Reducer()
    let rows = state.branches.layout(state.session).rows
    let third = MouseEvent(.press(.left), at: Point(x: 12, y: rows.y + 3))
    _ = reducer.reduce(&state, .mouse(third))
    #expect(state.branches.selected == 2)
    #expect(state.screen == .branches)
    _ = reducer.reduce(&state, .mouse(MouseEvent(.wheelUp, at: third.position)))
    #expect(state.branches.selected == 1)
    _ = reducer.reduce(&state, .mouse(third))
    _ = reducer.reduce(&state, .mouse(third))
    #expect(state.screen == .decode)
    #expect(state.cursor == state.trace.runs[1]?.paths[2]?.nodes[1])
  }

  @Test func aReplayedTraceShowsTheSameScreen() async throws {
    let state = try await Self.finished()
    var replayed = Fixtures.empty(80, 24)
    replayed.show(Trace(try await Fixtures.records(of: "cot-decoding", settings: Self.settings())))
    replayed.model = state.model
    replayed.settings = state.settings
    replayed.vocabulary = state.vocabulary
    #expect(replayed.screen == .branches)
    #expect(Fixtures.draw(replayed) == Fixtures.draw(state))
  }

  /// No size is so small, and no place in a run so early, that a view falls over.
  @Test func everySizeCanBeDrawn() async throws {
    let records = try await Fixtures.records(of: "cot-decoding", settings: Self.settings())
    var random = SplitMix64(state: 11)
    for cut in stride(from: 0, through: records.count, by: 7) {
      var state = Fixtures.ready(80, 24)
      state.screen = .branches
      _ = Reducer().reduce(&state, .trace(Array(records[..<cut])))
      for compared in [false, true] {
        if compared {
          guard let run = state.trace.runs[1], run.paths.count > 1 else { continue }
          state.branches.comparison = Comparison(run: 1, left: 0, right: 1, run)
        }
        for _ in 0..<12 {
          let size = Size(
            width: Int.random(in: 0...130, using: &random),
            height: Int.random(in: 0...45, using: &random))
          var buffer = CellBuffer(size: size)
          _ = state.branches.draw(
            in: Rect(size), state.session, view: Fixtures.view, on: &buffer)
        }
      }
    }
  }

  /// How many branches were asked for does not change when they are stopped.
  @Test func stoppedBranchesAreTheSameMany() async throws {
    let all = try await Fixtures.records(of: "cot-decoding")
    let third = try #require(
      all.indices.filter { if case .pathFinished = all[$0].event { true } else { false } }
        .dropFirst(2).first)
    var play = Play(Fixtures.ready(80, 24))
    play.send(.trace(Array(all[...third])))
    play.type("2")
    #expect(Fixtures.draw(play.state).textSnapshot().contains("k = 10"))
    let end = RunEnd(reason: .cancelled, answer: nil, correct: nil, tokens: TokenCounts())
    play.send(.trace([TraceRecord(run: 1, .finished(end))]))
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("k = 10"))
    #expect(picture.contains("stopped at 3 of 10 branches"))
  }
}
