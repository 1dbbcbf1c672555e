import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Decode driven by keys and the mouse against the exact apples table.
@Suite(.timeLimit(.minutes(10))) @MainActor struct DecodeReducerTests {
  let right = KeyEvent(.right)
  let left = KeyEvent(.left)
  let down = KeyEvent(.down)
  let escape = KeyEvent(.escape)
  let enter = KeyEvent(.enter)

  /// The texts after the prompt up to the cursor.
  func chosen(_ driver: Driver) -> [String] { driver.state.decode.line.generated.map(\.text) }

  func started(_ width: Int = 80, _ height: Int = 24) async -> Driver {
    let driver = Driver(width, height)
    await driver.start()
    return driver
  }

  /// Presses a key and waits until the cursor's own table is there.
  func step(_ driver: Driver, _ keys: KeyEvent...) async {
    for key in keys {
      driver.send(.key(key))
      await driver.settle()
    }
  }

  @Test func theTableHoldsTheExactProbabilities() async throws {
    let driver = await started()
    let table = try #require(driver.state.decode.table)
    #expect(table.rows.prefix(2).map(\.label) == ["\" 5\"", "\" My dad has 3 + 2 = 5 apples.\""])
    for (row, expected) in zip(table.rows, [0.34, 0.165, 0.165, 0.165, 0.165]) {
      #expect(abs(row.raw - expected) < 1e-6)
    }
    let total = table.rows.reduce(table.restRaw) { $0 + $1.raw }
    #expect(abs(total - 1) < 1e-6)
  }

  @Test func anyRowCanBeTaken() async {
    let driver = await started()
    await step(driver, down, down, right)
    #expect(chosen(driver) == [" Dad has 5."])
    #expect(driver.state.decode.line.last?.rank == 3)
    #expect(abs((driver.state.decode.line.last?.probability ?? 0) - 0.165) < 1e-6)
  }

  @Test func keysFasterThanTheModelAreNotLost() async {
    let driver = await started()
    driver.press(right, right, right)
    await driver.wait { $0.decode.line.generated.count == 3 && $0.decode.hasCurrentTable }
    #expect(chosen(driver) == [" 5", " The answer is", " 5"])
    #expect(driver.state.trace.leaves(of: driver.state.exploration).count == 1)
  }

  @Test func undoKeepsTheTailAndRedoWalksItAgain() async {
    let driver = await started()
    await step(driver, right, right, right)
    let end = driver.state.cursor
    await step(driver, left, left, left)
    #expect(chosen(driver) == [])
    #expect(driver.state.decode.line.tokens.count == driver.state.decode.line.cursor + 3)
    // → on the chosen path goes on along it: redo, not a new line.
    await step(driver, right, KeyEvent("r"), right)
    #expect(driver.state.cursor == end)
    #expect(driver.state.decode.redo.isEmpty)
    #expect(driver.state.trace.leaves(of: driver.state.exploration) == [end])
  }

  @Test func takingAnotherTokenStartsALineAndKeepsTheOld() async {
    let driver = await started()
    await step(driver, right, right)
    let old = driver.state.cursor
    await step(driver, left, left, down, right)
    let new = driver.state.cursor
    #expect(driver.state.decode.redo.isEmpty)
    #expect(Set(driver.state.trace.leaves(of: driver.state.exploration)) == [old, new])
    #expect(driver.state.decode.line.last?.alternatives == 1)
    // Back at the fork both are known, the likelier first.
    await step(driver, left)
    #expect(
      driver.state.decode.explored.map(\.label) == [
        "\" 5\"", "\" My dad has 3 + 2 = 5 apples.\"",
      ])
    #expect(driver.state.decode.table?.rows.prefix(3).map(\.isExplored) == [true, true, false])
    // What was explored is walked, not made again.
    await step(driver, KeyEvent(.up), right)
    #expect(driver.state.trace.leaves(of: driver.state.exploration).count == 2)
  }

  @Test func undoneLinesSelectTheTokenThatLiesAhead() async {
    let driver = await started()
    await step(driver, down, down, down, right, left)
    #expect(driver.state.decode.selectedRow == 3)
  }

  @Test func aStreamIsFollowedToItsEndAndCanBeStopped() async {
    let driver = await started()
    driver.send(.command(.temperature(-20)))
    driver.type(" ")
    #expect(driver.state.decode.isStreaming)
    await driver.wait { !$0.decode.isStreaming && $0.decode.hasCurrentTable }
    #expect(chosen(driver).prefix(3) == [" 5", " The answer is", " 5"])
    #expect(driver.state.decode.line.last?.isSpecial == true)
    // After the end of the text there is nothing to sample.
    driver.type(" ")
    #expect(!driver.state.decode.isStreaming)
    #expect(driver.state.message?.kind == .notice)
  }

  @Test func stoppingAsksForItOnce() async {
    var state = Fixtures.ready(80, 24)
    state.decode.isStreaming = true
    let reducer = Reducer()
    for key in [KeyEvent(" "), left, escape] {
      var copy = state
      let effects = reducer.reduce(&copy, .key(key))
      guard case .decode(.stopStream) = effects.first, effects.count == 1 else {
        Issue.record("\(key) gave \(effects)")
        continue
      }
    }
  }

  @Test func settingsShapeTheTableAtOnce() async throws {
    let driver = await started()
    driver.type("x-")  // top-k
    #expect(driver.state.settings.topK == 160)
    while driver.state.settings.topK != 2 { driver.type("-") }
    var rows = try #require(driver.state.decode.table?.rows)
    #expect(rows.prefix(4).map(\.cut) == [nil, nil, .topK, .topK])
    #expect(rows.map(\.raw) == rows.map(\.raw).sorted(by: >))
    #expect(abs(rows.prefix(2).reduce(0) { $0 + ($1.shaped ?? 0) } - 1) < 1e-9)
    while driver.state.settings.topK != nil { driver.type("+") }
    driver.type("x")  // top-p
    while driver.state.settings.topP != 0.3 { driver.type("-") }
    rows = try #require(driver.state.decode.table?.rows)
    #expect(rows.prefix(3).map(\.cut) == [nil, .topP, .topP])
    while driver.state.settings.topP != nil { driver.type("+") }
    driver.type("x")  // min-p
    while driver.state.settings.minP != 0.5 { driver.type("+") }
    rows = try #require(driver.state.decode.table?.rows)
    #expect(rows[1].cut == .minP)
    while driver.state.settings.minP != nil { driver.type("-") }
    driver.type("tttttttttt")
    rows = try #require(driver.state.decode.table?.rows)
    #expect(rows.prefix(2).map(\.cut) == [nil, .greedy])
    #expect(rows[0].shaped == 1)
  }

  private func turn(_ state: inout PlaygroundState, _ knob: SamplerKnob, by steps: Int) {
    state.decode.knob = knob
    _ = Reducer().reduce(&state, .command(.turn(steps)))
  }

  @Test func knobsGoThroughTheirListsAndBack() {
    for knob in SamplerKnob.allCases {
      var state = Fixtures.ready(80, 24)
      state.settings.temperature = 0.7
      let start = state.settings
      for _ in 0..<40 { turn(&state, knob, by: -1) }
      for _ in 0..<40 { turn(&state, knob, by: 1) }
      for _ in 0..<40 { turn(&state, knob, by: -1) }
      let low = state.settings
      turn(&state, knob, by: -1)
      #expect(state.settings == low)
      var values: Set<String?> = []
      for _ in 0..<40 {
        values.insert(knob.text(state.sampling))
        turn(&state, knob, by: 1)
      }
      #expect(values.count >= 8)
      if knob == .topK || knob == .topP {
        state.settings.temperature = 0.7
        #expect(state.settings == start)
      }
    }
  }

  @Test func anOddValueFromTheCommandLineTurnsToItsNeighbours() {
    var state = Fixtures.ready(80, 24)
    state.settings.topK = 7
    turn(&state, .topK, by: 1)
    #expect(state.settings.topK == 10)
    state.settings.topK = 7
    turn(&state, .topK, by: -1)
    #expect(state.settings.topK == 5)
    state.settings.topP = 0.92
    turn(&state, .topP, by: 1)
    #expect(state.settings.topP == 0.95)
  }

  @Test func forksAndEndsAreHoppedBetween() async {
    let driver = await started()
    let fork = driver.state.cursor
    driver.type("f")
    await step(driver, right, right)
    let first = driver.state.cursor
    await step(driver, left, left, down, right)
    let second = driver.state.cursor
    var seen: [NodeID] = []
    for _ in 0..<3 {
      await step(driver, KeyEvent("n"))
      seen.append(driver.state.cursor)
    }
    #expect(Set(seen) == [fork, first, second])
    await step(driver, KeyEvent("N"))
    #expect(driver.state.cursor == seen[1])
  }

  @Test func textIsPutInAsTyped() async {
    let driver = await started()
    driver.type("i")
    driver.type(" The answer isx")
    driver.press(KeyEvent(.backspace))
    driver.send(.paste(" 8"))
    #expect(driver.state.decode.insertion?.text == " The answer is 8")
    driver.press(enter)
    await driver.settle()
    #expect(chosen(driver) == [" The answer is", " 8"])
    #expect(driver.state.decode.line.generated.allSatisfy { $0.origin == .injected })
    #expect(driver.state.decode.line.last?.probability == nil)
    driver.type("i")
    driver.type("qp")
    driver.press(escape)
    #expect(driver.state.decode.insertion == nil)
    #expect(!driver.state.isQuitting)
  }

  @Test func anAnswerCanBeForcedAndVisited() async throws {
    let driver = await started()
    await step(driver, down, right)
    let asked = driver.state.cursor
    driver.type("a")
    await driver.wait { $0.decode.forcedAnswer != nil }
    let forced = try #require(driver.state.decode.forcedAnswer)
    #expect(forced.asked == asked)
    #expect(driver.state.cursor == asked)
    #expect(driver.draw().textSnapshot().contains("asked here: "))
    await step(driver, KeyEvent("n"))
    #expect(driver.state.cursor == forced.end)
  }

  @Test func anyTokenCanBeFoundAndTaken() async throws {
    let driver = await started()
    driver.type("/So dad has 2 more than 3.")
    let found = try #require(driver.state.decode.search?.found.first)
    #expect(found.label == "\" So dad has 2 more than 3.\"")
    #expect(abs(found.probability - 0.165) < 1e-6)
    #expect(found.rank == 4)
    driver.press(enter)
    await driver.settle()
    #expect(chosen(driver) == [" So dad has 2 more than 3."])
    // A token without any probability is found, and refused.
    driver.type("/ 10")
    #expect(driver.state.decode.search?.found.first?.probability == 0)
    driver.press(enter)
    #expect(driver.state.decode.search == nil)
    #expect(driver.state.message?.text.contains("no probability") == true)
    driver.type("/zzz")
    #expect(driver.state.decode.search?.found == [])
    driver.press(escape)
    #expect(driver.state.decode.search == nil)
  }

  @Test func ranksFollowTheTable() async throws {
    let driver = await started()
    let distribution = try #require(driver.state.decode.known[driver.state.cursor])
    for (index, row) in (driver.state.decode.table?.rows ?? []).enumerated() {
      #expect(distribution.rank(of: row.token.id) == index + 1)
    }
  }

  @Test func leavingTheScreenAndComingBackKeepsTheSelection() async {
    let driver = await started()
    driver.press(down, down)
    driver.type("21")
    #expect(driver.state.decode.selectedRow == 2)
  }

  // MARK: Mouse

  func click(_ driver: Driver, _ point: Point, _ action: MouseEvent.Action = .press(.left)) {
    driver.send(.mouse(MouseEvent(action, at: point)))
  }

  /// Where a text is drawn.
  func place(of text: String, _ driver: Driver) throws -> Point {
    let rows = driver.draw().textSnapshot().split(
      separator: "\n", omittingEmptySubsequences: false)
    let y = try #require(rows.firstIndex { $0.contains(text) })
    let range = try #require(rows[y].firstRange(of: text))
    return Point(x: DisplayWidth.of(rows[y][..<range.lowerBound]), y: y)
  }

  @Test func aClickOnATokenGoesThereAndTheTailStays() async throws {
    let driver = await started()
    await step(driver, right, right, right, right)
    let end = driver.state.cursor
    click(driver, try place(of: "answer is", driver))
    await driver.settle()
    #expect(chosen(driver) == [" 5", " The answer is"])
    await step(driver, right, right)
    #expect(driver.state.cursor == end)
  }

  @Test func aClickSelectsACandidateAndASecondTakesIt() async throws {
    let driver = await started()
    let point = try place(of: "\" Dad has 5.\"", driver)
    click(driver, point)
    #expect(driver.state.decode.selectedRow == 2)
    #expect(chosen(driver) == [])
    click(driver, point)
    await driver.wait { $0.decode.line.generated.count == 1 }
    #expect(chosen(driver) == [" Dad has 5."])
  }

  @Test func theWheelTurnsWhatItIsOver() async throws {
    let driver = await started()
    let row = try place(of: "\" 5\"", driver)
    click(driver, row, .wheelDown)
    #expect(driver.state.decode.selectedRow == 1)
    let knob = try place(of: "T 0.7›", driver)
    click(driver, knob, .wheelUp)
    #expect(driver.state.sampling.temperature == 0.8)
  }

  @Test func noPlaceOnScreenBreaksAnything() async {
    let driver = await started()
    await step(driver, right, right)
    for (width, height) in [(60, 16), (80, 24), (141, 30), (20, 5)] {
      driver.send(.resize(Size(width: width, height: height)))
      for y in -1...height {
        for x in -1...width {
          for action in [MouseEvent.Action.wheelUp, .wheelDown, .press(.right), .drag(.left)] {
            click(driver, Point(x: x, y: y), action)
          }
        }
      }
    }
    #expect(!driver.state.isQuitting)
  }

  // MARK: Replay

  @Test func aSavedTraceIsWalkedWithoutAModel() async throws {
    let driver = await started()
    await step(driver, right, right, left, left, down, right)
    let trace = driver.state.trace
    var state = Fixtures.empty(80, 24)
    state.show(trace)
    #expect(state.decode.line.generated.map(\.text) == [" My dad has 3 + 2 = 5 apples."])
    let reducer = Reducer()
    func press(_ key: KeyEvent) { #expect(reducer.reduce(&state, .key(key)).isEmpty) }
    #expect(state.isReplay)
    press(KeyEvent(.home))
    #expect(state.decode.table?.rows.prefix(3).map(\.isExplored) == [true, true, false])
    press(KeyEvent(.up))
    press(KeyEvent(.up))
    press(right)
    #expect(state.decode.line.generated.map(\.text) == [" 5"])
    press(right)
    #expect(state.decode.line.generated.map(\.text) == [" 5", " The answer is"])
    press(KeyEvent(.home))
    // Where nobody has been there is nothing to show, and that is said.
    press(KeyEvent(.end))
    for command in [Command.run, .own(DecodeScreen.Own.insertText), .answerNow] {
      state.message = nil
      #expect(reducer.reduce(&state, .command(command)).isEmpty)
      #expect(state.message?.text.contains("needs a model") == true)
    }
    press(KeyEvent(.home))
    for _ in 0..<4 { press(down) }
    state.message = nil
    press(right)
    #expect(state.message?.text.contains("needs a model") == true)
  }

  @Test func aShapedTableOfASavedTraceEqualsTheLiveOne() async throws {
    let driver = await started()
    await step(driver, right, left)
    driver.send(.command(.temperature(3)))
    let live = try #require(driver.state.decode.table)
    var state = Fixtures.empty(80, 24)
    state.show(driver.state.trace)
    state.settings = driver.state.settings
    _ = Reducer().reduce(&state, .command(.top))
    let saved = try #require(state.decode.table)
    #expect(saved.isApproximate == false)
    for (a, b) in zip(live.rows, saved.rows) {
      #expect(a.token == b.token)
      #expect(abs(a.raw - b.raw) < 1e-6)
      #expect(abs((a.shaped ?? -1) - (b.shaped ?? -2)) < 1e-6)
    }
  }
}
