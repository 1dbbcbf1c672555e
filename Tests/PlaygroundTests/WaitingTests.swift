import Decoding
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Each mark that something is on its way waits for one job, and ends with it.
@Suite struct WaitingTests {
  private func picture(_ play: Play) -> String { Fixtures.draw(play.state).textSnapshot() }

  private func asking() -> Play {
    var play = Play(80, 24)
    play.state.exploration = nil
    play.type(":question Why?")
    play.press(.enter)
    return play
  }

  @Test func aQuestionThatCannotBePutInSaysWhy() throws {
    var play = asking()
    let run = try #require(play.state.exploring)
    #expect(picture(play).contains("Reading the question …"))
    play.send(.decode(run: run, .explored(.failed("The prompt is too long."))))
    play.press(.down)
    #expect(!picture(play).contains("Reading"))
    #expect(picture(play).contains("The question could not be put"))
  }

  @Test func onlyTheNewestQuestionIsWaitedFor() throws {
    var play = asking()
    let first = try #require(play.state.exploring)
    play.type(":question What?")
    play.press(.enter)
    play.send(.decode(run: first, .explored(.cancelled)))
    #expect(picture(play).contains("Reading the question …"))
  }

  @MainActor @Test(.timeLimit(.minutes(10)))
  func aTableThatCannotBeComputedSaysWhy() async throws {
    let driver = Driver()
    await driver.start()
    var play = Play(driver.state)
    await driver.finish()
    // A place whose distribution nobody has.
    play.press(.enter)
    guard case .decode(.take)? = play.effects.last else {
      Issue.record("no token is taken")
      return
    }
    let node = try #require(play.state.decode.arriving)
    let token = try #require(play.state.decode.table?.rows.first?.token)
    play.send(
      .trace([
        TraceRecord(
          run: play.state.explored ?? 1,
          .node(
            NodeEvent(
              id: node, parent: play.state.cursor, path: 0, token: token, logProbability: -1)))
      ]))
    play.send(.decode(run: play.state.explored, .taken(node, .done(()))))
    play.state.decode.table = nil
    #expect(picture(play).contains("computing …"))
    play.send(.decode(run: play.state.explored, .fetched(node, .failed("No room is left."))))
    play.press(.home)
    play.press(.end)
    play.send(.decode(run: play.state.explored, .fetched(node, .failed("No room is left."))))
    play.press(.down)
    #expect(!picture(play).contains("computing …"))
  }

  /// Asking ends with the exploration that it was asked in.
  @Test func askingDoesNotOutliveAQuestionThatFails() {
    var play = asking()
    play.state.decode.isAsking = true
    play.send(.decode(run: play.state.exploring, .explored(.failed("no"))))
    #expect(!play.state.decode.isAsking)
    #expect(play.state.decode.work == nil)
  }

  @Test func aSavedRunThatWasCutDoesNotStart() async throws {
    var state = Fixtures.empty(80, 24)
    let records = try await Fixtures.records(of: "cot-decoding")
    let start = records.filter { if case .run = $0.event { true } else { false } }
    state.show(Trace(start))
    state.screen = .branches
    var branches = state.branches
    branches.run = 1
    branches.restore(&state.session)
    state.branches = branches
    #expect(!Fixtures.draw(state).textSnapshot().contains("starts"))
  }
}
