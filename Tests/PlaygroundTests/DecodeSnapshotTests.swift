import Decoding
import Reasoning
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

/// Pictures of Decode, text and styles, under Tests/Snapshots/Playground.
@Suite(.timeLimit(.minutes(10))) @MainActor struct DecodeSnapshotTests {
  private let right = KeyEvent(.right)
  private let left = KeyEvent(.left)
  private let down = KeyEvent(.down)

  /// Two lines, a fork between them, the cursor back at the fork with the second line ahead.
  private func explored(_ width: Int, _ height: Int) async -> Driver {
    let driver = Driver(width, height)
    await driver.start()
    driver.type("f")
    for key in [right, right, left, left, down, right, right, right, left] {
      driver.send(.key(key))
      await driver.settle()
    }
    return driver
  }

  @Test(arguments: [(60, 16), (80, 24), (120, 40), (200, 60)])
  func aLineBeingExplored(width: Int, height: Int) async {
    let driver = await explored(width, height)
    Snapshot.check(driver.draw(), named: "decode-\(width)x\(height)")
  }

  @Test func aForkWithItsSettingsTurned() async {
    let driver = await explored(80, 24)
    driver.send(.key(KeyEvent(.home)))
    await driver.settle()
    driver.type("xx")
    while driver.state.settings.topP != 0.6 { driver.type("-") }
    driver.type("ee")
    Snapshot.check(driver.draw(), named: "decode-cut")
  }

  @Test func textBeingTyped() async {
    let driver = await explored(80, 24)
    driver.type("i")
    driver.send(.paste(" 苹果 🍎"))
    var buffer = CellBuffer(size: driver.state.size)
    let cursor = Fixtures.view.draw(driver.state, on: &buffer)
    Snapshot.check(buffer, named: "decode-insertion")
    #expect(cursor == Point(x: 2 + 7 + 8, y: 19))
  }

  @Test func anAnswerAskedFor() async {
    let driver = await explored(80, 24)
    driver.type("a")
    await driver.wait { $0.decode.forcedAnswer != nil }
    Snapshot.check(driver.draw(), named: "decode-answer")
  }

  @Test func aReplayAtItsEnd() async {
    let driver = await explored(80, 24)
    var state = Fixtures.empty(80, 24)
    state.show(driver.state.trace)
    _ = Reducer().reduce(&state, .key(KeyEvent(.end)))
    _ = Reducer().reduce(&state, .key(KeyEvent(" ")))
    Snapshot.check(Fixtures.draw(state), named: "decode-replay")
  }

  @Test(arguments: [(60, 16), (80, 24)])
  func wideCharactersBrokenOnesAndSpecialTokens(width: Int, height: Int) {
    Snapshot.check(
      Fixtures.draw(scripts(width, height)), named: "decode-scripts-\(width)x\(height)")
  }

  /// A saved line in several scripts: characters spread over tokens, one left incomplete at the
  /// cursor, an injected text, an end token, and candidates of every kind.
  private func scripts(_ width: Int, _ height: Int) -> PlaygroundState {
    let pear = Array("梨".utf8)
    let texts: [[UInt8]] = [
      Array("我有三个苹果🍎".utf8), Array("。\n".utf8), Array(pear[..<1]), Array(pear[1...]),
      Array("é\u{301} ".utf8), [], Array(pear[..<2]),
    ]
    var trace = Trace()
    trace.apply(
      TraceRecord(
        .run(
          RunStart(
            strategy: Exploration.strategyName, model: Fixtures.model.identity, seed: 1,
            question: Fixtures.question, settings: Fixtures.settings))))
    let prompt = [Token(id: 90, bytes: Array("问：几个水果？".utf8))]
    var node = NodeID.root.appending(90)
    trace.apply(
      TraceRecord(
        .injected(
          Injection(role: .prompt, path: nil, parent: .root, end: node, tokens: prompt))))
    let candidates = Candidates(
      summary: TokenDistribution(logits: (0..<10).map { 3 - Float($0) }).summary(detail: 8),
      bytes: texts + [[0x1B]])
    for (index, bytes) in texts.enumerated() {
      let child = node.appending(TokenID(index))
      let token = Token(id: TokenID(index), bytes: bytes)
      if index == 4 {
        trace.apply(
          TraceRecord(
            .injected(
              Injection(role: .user, path: 0, parent: node, end: child, tokens: [token]))))
      } else {
        trace.apply(
          TraceRecord(
            .node(
              NodeEvent(
                id: child, parent: node, path: 0, token: token,
                logProbability: candidates.summary.logProbability(of: TokenID(index)),
                candidates: candidates))))
      }
      node = child
    }
    var state = Fixtures.empty(width, height)
    state.show(trace)
    // One step back: the incomplete character lies ahead.
    _ = Reducer().reduce(&state, .key(KeyEvent(.left)))
    return state
  }

  @Test func aTerminalThatIsTooSmall() {
    Snapshot.check(Fixtures.draw(Fixtures.ready(44, 9)), named: "too-small")
  }
}
