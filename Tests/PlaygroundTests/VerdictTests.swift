import Decoding
import DecodingFixtures
import Problems
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Decode says what a line came to, takes back what was done, and tells how to begin.
@Suite(.timeLimit(.minutes(10))) @MainActor struct VerdictTests {
  private func started(_ width: Int = 80, _ height: Int = 24) async -> Driver {
    let driver = Driver(width, height)
    await driver.start()
    driver.send(.command(.temperature(-20)))
    return driver
  }

  private func step(_ driver: Driver, _ keys: KeyEvent...) async {
    for key in keys {
      driver.send(.key(key))
      await driver.settle()
    }
  }

  private func picture(_ driver: Driver) -> String { driver.draw().textSnapshot() }

  private func generated(_ driver: Driver) -> [String] {
    driver.state.decode.line.generated.map(\.text)
  }

  /// What somebody does who has read nothing: the greedy answer is wrong, the screen says what to
  /// try, and that leads to the right one.
  @Test func theFirstTwoMinutes() async throws {
    let driver = await started()
    #expect(picture(driver).contains("Space let it talk"))
    #expect(picture(driver).contains("L the lesson"))
    await step(driver, " ")
    var verdict = try #require(driver.state.decode.verdict)
    #expect(verdict.answer == "5")
    #expect(verdict.isCorrect == false)
    let advice = try #require(verdict.advice)
    #expect(advice.token.bytes == Array(" My dad has 3 + 2 = 5 apples.".utf8))
    #expect(abs(advice.probability - 0.165) < 1e-6)
    #expect(!advice.isKnownToBeRight)
    #expect(picture(driver).contains("ended: 5 ✗  right is 8   Home, then try"))
    await step(driver, .home)
    #expect(driver.state.decode.selectedRow == 1)
    await step(driver, .right, " ")
    verdict = try #require(driver.state.decode.verdict)
    #expect(verdict.answer == "8")
    #expect(verdict.isCorrect == true)
    #expect(verdict.advice == nil)
    #expect(picture(driver).contains("ended: 8 ✓"))
    // The chip of the walk says so too.
    #expect(picture(driver).contains("walk 8✓]"))
  }

  @Test func aLineThatGoesOnHasNoVerdict() async {
    let driver = await started()
    await step(driver, .right, .right)
    #expect(driver.state.decode.verdict == nil)
    await step(driver, " ")
    #expect(driver.state.decode.verdict != nil)
    await step(driver, .left)
    #expect(driver.state.decode.verdict == nil)
  }

  /// Where branches were grown, one that ended right is what to try.
  @Test func aBranchThatEndedRightIsTheAdvice() async throws {
    let driver = await started()
    driver.send(.command(.screen(.branches)))
    driver.type(" ")
    await driver.wait { $0.activities.isEmpty && $0.branches.digest.end != nil }
    driver.type("1")
    while driver.state.exploration != driver.state.currentRun { driver.type("[") }
    await driver.settle()
    await step(driver, " ")
    let advice = try #require(driver.state.decode.verdict?.advice)
    #expect(advice.isKnownToBeRight)
    let run = try #require(driver.state.branches.run.flatMap { driver.state.trace.runs[$0] })
    let right = run.pathNumbers.filter { run.paths[$0]?.answer == "8" }
    let firsts = right.compactMap { run.paths[$0]?.nodes.first.flatMap { run.nodes[$0]?.token } }
    #expect(firsts.contains(advice.token))
  }

  @Test func withoutARightAnswerThereIsNoAdvice() async throws {
    let driver = await started()
    await step(driver, " ")
    var state = driver.state
    state.question.gold = nil
    state.decode.refreshLine(state.session)
    let verdict = try #require(state.decode.verdict)
    #expect(verdict.answer == "5")
    #expect(verdict.isCorrect == nil)
    #expect(verdict.advice == nil)
  }

  // MARK: Undo

  @Test func whatWasSampledAtAStretchIsUndoneAtOnce() async {
    let driver = await started()
    await step(driver, .right, " ")
    let end = driver.state.cursor
    #expect(generated(driver).count > 2)
    await step(driver, "u")
    #expect(generated(driver) == [" 5"])
    await step(driver, "u")
    #expect(generated(driver) == [])
    await step(driver, "r")
    #expect(generated(driver) == [" 5"])
    await step(driver, "r")
    #expect(driver.state.cursor == end)
    #expect(driver.state.trace.leaves(of: driver.state.exploration) == [end])
  }

  @Test func anInsertionIsUndoneAtOnce() async {
    let driver = await started()
    await step(driver, .right)
    driver.type("i The answer is 5.")
    await step(driver, .enter)
    let end = driver.state.cursor
    #expect(generated(driver).count > 2)
    await step(driver, "u")
    #expect(generated(driver) == [" 5"])
    await step(driver, "r")
    #expect(driver.state.cursor == end)
  }

  @Test func aJumpIsUndoneAndDoneAgain() async {
    let driver = await started()
    await step(driver, " ")
    let end = driver.state.cursor
    await step(driver, .home)
    let start = driver.state.cursor
    #expect(start != end)
    await step(driver, "u")
    #expect(driver.state.cursor == end)
    await step(driver, "r")
    #expect(driver.state.cursor == start)
    // What lay ahead still does.
    await step(driver, "G")
    #expect(driver.state.cursor == end)
  }

  @Test func goingBackTokenByTokenIsNoAction() async {
    let driver = await started()
    await step(driver, " ")
    let count = generated(driver).count
    await step(driver, .left)
    #expect(generated(driver).count == count - 1)
    await step(driver, "u")
    #expect(generated(driver) == [])
    await step(driver, "r")
    #expect(generated(driver).count == count)
  }

  @Test func aWalkThatIsTakenUpAgainKeepsItsActions() async throws {
    let driver = await started()
    await step(driver, .right)
    driver.type("i The answer is 5.")
    await step(driver, .enter, " ")
    let run = try #require(driver.state.exploration.flatMap { driver.state.trace.runs[$0] })
    let actions = WalkActions(run)
    let nodes = run.line(to: driver.state.cursor).drop { $0 != run.promptEnd }
    #expect(nodes.filter(actions.starts.contains).count == 3)
  }

  /// Another question hides no walk: it comes back where it was left, with what lay ahead, and goes
  /// on as the same run.
  @Test func aWalkGoesOnWhereItWasLeft() async throws {
    let driver = await started()
    await step(driver, .right, .right, .left)
    let first = try #require(driver.state.exploration)
    let walk = try #require(driver.state.trace.runs[first])
    let (place, ahead) = (driver.state.cursor, driver.state.decode.redo)
    // A walk of another question by the same model.
    var start = try #require(walk.start)
    start.question.gold = "5"
    let second = 50
    driver.send(
      .trace([
        TraceRecord(run: second, .run(start)),
        TraceRecord(
          run: second,
          .injected(
            Injection(
              role: .prompt, path: nil, parent: .root, end: walk.promptEnd,
              tokens: walk.tokens(to: walk.promptEnd)))),
      ]))
    driver.type("]")
    await driver.settle()
    #expect(driver.state.exploration == second)
    #expect(driver.state.question.gold == "5")
    #expect(generated(driver) == [])
    await step(driver, .down, .down, .right)
    #expect(driver.state.trace.runs[second]?.nodes[driver.state.cursor] != nil)
    driver.type("[")
    await driver.settle()
    #expect(driver.state.exploration == first)
    #expect(driver.state.question == Fixtures.question)
    #expect(driver.state.cursor == place)
    #expect(driver.state.decode.redo == ahead)
    await step(driver, .down, .right)
    #expect(driver.state.trace.runs.count == 2)
    #expect(driver.state.trace.runs[first]?.nodes[driver.state.cursor] != nil)
    #expect(driver.state.currentRun == first)
  }

  // MARK: Opening

  /// `o` leads to the fork with the token under the hand that the answer's paths took there.
  @Test func aForkOpensWithTheTokenThatWasTaken() async throws {
    let driver = Driver(80, 24)
    await driver.start()
    driver.type("3 ")
    await driver.wait { $0.activities.isEmpty && $0.votes.digest.end != nil }
    for _ in 0..<3 {
      let answer = try #require(driver.state.votes.selected?.answer)
      driver.type("o")
      guard driver.state.screen == .decode else { break }
      await driver.settle()
      let decode = driver.state.decode
      let row = try #require(decode.table?.rows[decode.selectedRow])
      let paths = driver.state.votes.digest.paths(for: answer).compactMap {
        driver.state.votes.digest.paths[$0]
      }
      let taken = paths.contains { $0.nodes.contains(driver.state.cursor.appending(row.token.id)) }
      #expect(taken, "\(answer): \(row.label)")
      driver.type("3")
      driver.press(.down)
    }
  }
}
