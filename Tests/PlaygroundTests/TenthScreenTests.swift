import Decoding
import Reasoning
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import TerminalFixtures
@testable import Traces

/// A screen that counts: all that a further screen has to be.
private struct CounterScreen: Screen {
  static let id = ScreenID("counter")
  static let summary = "what was counted"
  static let bindings = [
    KeyBinding([KeyEvent("a")], .own(Own.add(1)), "count one more", hint: "more"),
    KeyBinding([KeyEvent(" ")], .run, "count by itself"),
  ]
  static let legend = [LegendRow("◉", .nodeBest, "what is counted")]

  enum Own: ScreenCommand { case add(Int) }

  var count = 0
  var clicks: [Point] = []
  var answers: [String] = []
  var records = 0
  var isRunning = false

  var work: Progress? { isRunning ? Progress("counting") : nil }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if case .add(let more)? = command.own(Own.self) { count += more }
    if command == .run { isRunning = true }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    clicks.append(mouse.position)
    return []
  }

  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    defer { isRunning = false }
    return isRunning ? [] : nil
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) { records += 1 }

  mutating func go(
    to place: LessonCommand.Place, _ session: inout SessionState
  ) -> [Effect]? {
    guard case .answer(let answer) = place else { return nil }
    answers.append(answer)
    return []
  }

  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    buffer.put("counted \(count) in \(rect.width)", x: rect.x, y: rect.y, style: view.theme[.text])
    return nil
  }
}

/// Adding a screen is one type and one line: everything else serves it.
@Suite struct TenthScreenTests {
  private func play(_ width: Int = 120, _ height: Int = 30) -> Play {
    var state = PlaygroundState(
      size: Size(width: width, height: height), question: Fixtures.question,
      settings: Fixtures.settings, screens: .standard + CounterScreen.self)
    state.model = .ready(Fixtures.summary)
    state.vocabulary = Fixtures.model.vocabulary
    return Play(state)
  }

  private func counter(_ play: Play) -> CounterScreen { play.state[CounterScreen.self] }

  @Test func itHasATabALetterAndItsOwnKeys() {
    var play = play()
    #expect(Fixtures.draw(play.state).textSnapshot().contains("go Counter"))
    play.type("goaa")
    #expect(play.state.screen == CounterScreen.id)
    #expect(counter(play).count == 2)
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("counted 2 in 120"))
    #expect(picture.contains("a more"))
    play.press(.tab)
    #expect(play.state.screen == DecodeScreen.id)
  }

  @Test func helpListsItsKeys() {
    var play = play()
    play.type("go?")
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("count one more"))
    #expect(picture.contains("◉"))
    #expect(picture.contains("what is counted"))
  }

  @Test func theMouseReachesIt() throws {
    var play = play()
    let tab = try #require(TitleLines.Layout(play.state.session).tabs.last)
    let point = Point(x: tab.rect.x, y: tab.rect.y)
    play.send(.mouse(MouseEvent(.press(.left), at: point)))
    #expect(play.state.screen == CounterScreen.id)
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 4, y: 5))))
    #expect(counter(play).clicks == [Point(x: 4, y: 5)])
  }

  @Test func itIsDrawnInAnySize() {
    var play = play()
    play.type("go")
    play.send(.resize(Size(width: 80, height: 24)))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("counted 0 in 80"))
  }

  @Test func escapeStopsWhatRunsThere() {
    var play = play()
    play.type("go ")
    #expect(Fixtures.draw(play.state).textSnapshot().contains("counting"))
    play.press(.escape)
    #expect(!counter(play).isRunning)
  }

  @Test func anotherQuestionResetsIt() {
    var play = play()
    play.type("goa:question Why?")
    play.press(.enter)
    #expect(counter(play).count == 0)
  }

  @Test func itTakesPartInWhatRuns() async throws {
    var play = play()
    let records = try await Fixtures.records(of: "greedy")
    play.send(.trace(records))
    #expect(counter(play).records == records.count)
  }

  @Test func theCommandLineKnowsIt() {
    var play = play()
    play.type(":counter")
    play.press(.enter)
    #expect(play.state.screen == CounterScreen.id)
  }

  @Test func lessonsGoThere() throws {
    var play = play()
    let text = """
      ---
      title: Counting
      ---

      ## One

      Look.

      ```ponder
      screen counter
      goto answer 8
      ```
      """
    play.send(.file(.lesson("test", .done(try Lesson.parse(text, path: "test")))))
    play.press(.enter)
    #expect(play.state.screen == CounterScreen.id)
    #expect(counter(play).answers == ["8"])
  }
}
