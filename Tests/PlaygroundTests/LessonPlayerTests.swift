import Decoding
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

@Suite @MainActor struct LessonPlayerTests {
  nonisolated static let text = """
    ---
    title: A test
    ---

    What a lesson says before it begins.

    ## Guess

    Which token comes next?

    ```ponder
    goto start
    guess next 3
    ```

    After the guess.

    ## Greedy

    Greedy takes the likeliest token.

    ```ponder
    strategy greedy
    set max-tokens 40
    run
    expect wrong: It was right.
    ```

    It answered at once.

    ## Branches

    Ten of them.

    ```ponder
    strategy cot-decoding
    run
    expect answer 7: The answer is not 7.
    compare 1 best
    ```

    They part.

    ## Walk

    Step by step.

    ```ponder
    goto start
    step 2
    goto answer nine
    ```

    There.

    ## Votes

    Many.

    ```ponder
    strategy self-consistency
    set samples 8
    set weighting delta
    run
    goto answer 8
    ```
    """

  private func begin() async throws -> Driver {
    let driver = Driver()
    await driver.start()
    driver.send(.file(.lesson("test.md", .done(try Lesson.parse(Self.text, path: "test.md")))))
    return driver
  }

  private func isDone(_ state: PlaygroundState) -> Bool {
    state.lesson.map { $0.isDone && !$0.isWorking } ?? false
  }

  @Test func playsFromBeginningToEnd() async throws {
    let driver = try await begin()
    #expect(driver.state.lesson?.step == -1)
    #expect(driver.draw().textSnapshot().contains("What a lesson says"))
    driver.press(KeyEvent(.enter))
    #expect(driver.state.lesson?.step == 0)

    driver.press(KeyEvent(.enter))
    await driver.wait { $0.isGuessing }
    #expect(!driver.draw().textSnapshot().contains("▸"), "no table while one bets")
    let choices = try #require(driver.state.lesson?.guess?.choices)
    #expect(choices.map(\.text) == choices.map(\.text).sorted())
    #expect(Set(choices.map(\.rank)) == [1, 2, 3])
    driver.press(KeyEvent("2"))
    #expect(driver.state.screen == .decode, "a number is a bet here, not a screen")
    #expect(driver.state.lesson?.guess?.picked == 1)
    #expect(isDone(driver.state))
    #expect(driver.draw().textSnapshot().contains("After the guess."))

    driver.press(KeyEvent(.enter), KeyEvent(.enter))
    #expect(driver.state.lesson?.step == 1)
    await driver.wait(until: isDone)
    let greedy = try #require(driver.state.lesson?.lastRun)
    let end = try #require(driver.state.trace.runs[greedy]?.end)
    let outcome = try #require(driver.state.lesson?.outcomes[1])
    #expect(outcome.result == "greedy answered \(end.answer ?? "") ✗; 8 is right")
    #expect(outcome.otherwise == nil)
    #expect(driver.state.settings.maxTokens == 40)
    // Decode shows the path that the run took.
    #expect(driver.state.cursor == driver.state.trace.runs[greedy]?.paths[0]?.tip)

    driver.press(KeyEvent(.enter), KeyEvent(.enter))
    await driver.wait(until: isDone)
    #expect(driver.state.screen == .branches)
    #expect(driver.state.lesson?.outcomes[2]?.otherwise == "The answer is not 7.")
    #expect(driver.state.branches.comparison?.left == 0)

    driver.press(KeyEvent(.enter), KeyEvent(.enter))
    await driver.wait(until: isDone)
    #expect(driver.state.lesson?.outcomes[3]?.notes == ["No path answered nine."])
    let start = driver.state.decode.promptEnd
    #expect(
      driver.state.trace.line(to: driver.state.cursor).count
        == driver.state.trace.line(to: start).count + 2)

    driver.press(KeyEvent(.enter), KeyEvent(.enter))
    await driver.wait(until: isDone)
    #expect(driver.state.screen == .votes)
    #expect(driver.state.votes.weighting == .delta)
    #expect(driver.state.votes.standings[driver.state.votes.selectedRow].answer == "8")

    driver.press(KeyEvent(.enter))
    #expect(driver.state.lesson == nil)
    #expect(driver.state.settings == Fixtures.settings, "settings come back")
  }

  /// What the session would say is said here, so that the run surely is stopped before its end.
  @Test func stoppedRunCanBeStartedAgain() throws {
    var play = Play(80, 24)
    play.send(.file(.lesson("test.md", .done(try Lesson.parse(Self.text, path: "test.md")))))
    for _ in 0..<5 { play.type(".") }
    #expect(play.state.lesson?.step == 4)
    play.press(.enter)
    let run = try #require(play.state.lesson?.lastRun)
    play.press(.escape)
    #expect(play.state.activities[run]?.isCancelling == true)
    let end = RunEnd(reason: .cancelled, answer: nil, correct: nil, tokens: TokenCounts())
    play.send(.trace([TraceRecord(run: run, .finished(end))]))
    play.send(.run(.ended(run: run, .done(()))))
    #expect(play.state.lesson?.isWorking == false)
    #expect(play.state.lesson?.isDone == false)
    play.press(.enter)
    #expect(play.state.lesson?.isWorking == true)
    let again = try #require(play.state.lesson?.lastRun)
    #expect(again > run)
    #expect(play.state.activities[again] != nil)
  }

  @Test func escapeHidesTheLessonAndTheListBringsItBack() async throws {
    let driver = try await begin()
    driver.press(KeyEvent("."))
    driver.press(KeyEvent(.escape))
    #expect(driver.state.activeLesson == nil)
    #expect(driver.state.lesson?.step == 0)
    var play = Play(driver.state)
    play.state.catalog.lessons = [.init(title: "A test", path: "test.md")]
    play.type("L")
    play.press(.enter)
    #expect(play.state.activeLesson?.step == 0)
    #expect(play.effects.isEmpty)
    // Chosen while it is on view, it begins again.
    play.type("L")
    play.press(.right)
    guard case .file(.lesson("test.md")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
  }

  @Test func withoutAModelALessonSaysSo() throws {
    var play = Play(Fixtures.empty(80, 24))
    play.send(.file(.lesson("test.md", .done(try Lesson.parse(Self.text, path: "test.md")))))
    for _ in 0..<4 { play.press(.enter) }
    #expect(play.state.lesson?.isWorking == false)
    #expect(play.state.message != nil)
  }

  /// A lesson that was played with a model plays again from its trace alone.
  @Test func playsFromASavedTraceWithoutAModel() async throws {
    let lesson = try Lesson.parse(Self.text, path: "test.md")
    let driver = try await begin()
    for step in 0..<lesson.steps.count {
      driver.press(KeyEvent(.enter), KeyEvent(.enter))
      if step == 0 {
        await driver.wait { $0.isGuessing }
        driver.press(KeyEvent("1"))
      }
      await driver.wait(until: isDone)
    }
    let played = try #require(driver.state.lesson?.outcomes)

    var play = Play(Fixtures.empty(80, 24))
    play.state.show(driver.state.trace)
    play.send(.file(.lesson("test.md", .done(lesson))))
    for step in 0..<lesson.steps.count {
      play.press(.enter, .enter)
      if step == 0 { play.type("1") }
      #expect(play.state.lesson?.outcomes[step] == played[step], "step \(step)")
    }
    #expect(play.state.screen == .votes)
  }

  @Test func screensGiveWayToTheText() throws {
    for (width, height) in [(80, 24), (60, 16), (118, 30), (200, 60)] {
      var play = Play(width, height)
      let all = Chrome.content(play.state.session)
      play.send(.file(.lesson("test.md", .done(try Lesson.parse(Self.text, path: "test.md")))))
      let (screens, pane) = LessonPane.split(Chrome.middle(play.state.size), play.state.session)
      let rect = try #require(pane)
      #expect(screens == Chrome.content(play.state.session))
      #expect(screens.intersection(rect).isEmpty)
      #expect(screens.width * screens.height + rect.width * rect.height == all.width * all.height)
      #expect(rect.width >= 38)
    }
  }

  @Test func bundledLessonIsReadable() throws {
    let lesson = try Lesson.read(SamplesFolder.path("Lessons/apples.md"))
    for (width, height) in PopupSnapshotTests.sizes {
      var play = Play(width, height)
      play.send(.file(.lesson("apples", .done(lesson))))
      for step in -1..<lesson.steps.count {
        play.state.lesson?.show(step)
        // At most one more page before what the step does.
        let next = LessonPane.nextScroll(play.state.session)
        if width >= 80 { #expect(next == nil, "step \(step) at \(width)×\(height)") }
        Snapshot.check(
          Fixtures.draw(play.state), named: "lesson-\(width)x\(height)-\(step + 1)")
        if step == 0 { break }
      }
    }
  }
}
