import Decoding
import Testing

@testable import Playground
@testable import Traces

@Suite struct PaceMeterTests {
  private func tokens(_ count: Int, run: Int = 1) -> [TraceRecord] {
    (0..<count).map { index in
      TraceRecord(
        run: run,
        .node(
          NodeEvent(
            id: NodeID.root.appending(TokenID(index)), parent: .root, path: 0,
            token: Token(id: TokenID(index), bytes: []), logProbability: 0)))
    }
  }

  @Test func aSteadyFlowIsMeasuredExactly() throws {
    var meter = PaceMeter()
    for step in 0...40 { meter.note(tokens(5), at: Double(step) * 0.1) }
    let rate = try #require(meter.tokensPerSecond)
    #expect(abs(rate - 50) < 1e-6)
  }

  @Test func aPauseStartsAnew() throws {
    var meter = PaceMeter()
    for step in 0...10 { meter.note(tokens(5), at: Double(step) * 0.1) }
    for step in 0...10 { meter.note(tokens(1), at: 60 + Double(step) * 0.1) }
    let rate = try #require(meter.tokensPerSecond)
    #expect(abs(rate - 10) < 1e-6)
  }

  @Test func nothingIsToldFromTooLittle() {
    var meter = PaceMeter()
    meter.note(tokens(100), at: 1)
    #expect(meter.tokensPerSecond == nil)
    #expect(meter.secondsLeft([1: Activity(strategy: "x", paths: 40, finished: 2)], at: 9).isEmpty)
  }

  @Test func whatIsLeftFollowsFromWhatIsDone() {
    var meter = PaceMeter()
    meter.note(tokens(1), at: 10)
    let half = Activity(strategy: "x", paths: 40, finished: 20)
    #expect(meter.secondsLeft([1: half], at: 15) == [1: 5])
    let done = Activity(strategy: "x", paths: 40, finished: 40)
    #expect(meter.secondsLeft([1: done], at: 20).isEmpty)
    // A run that has ended is forgotten; one of the same number starts from its own first news.
    #expect(meter.secondsLeft([:], at: 21).isEmpty)
    meter.note(tokens(1), at: 30)
    #expect(meter.secondsLeft([1: half], at: 31) == [1: 1])
  }
}
