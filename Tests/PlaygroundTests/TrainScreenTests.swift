import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Learning
@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct TrainScreenTests: TrainTesting {
  // MARK: Training

  @Test func spaceStartsPausesAndGoesOn() throws {
    var play = try started()
    guard case .start(let number, let order, goesOn: false)? = trainings(play).first else {
      Issue.record("Space starts nothing.")
      return
    }
    #expect(order == .usual)
    #expect(play.state.trace.trainings[number]?.lastStep == 3)
    #expect(train(play).work?.done == 3)
    play.press(KeyEvent(" "))
    guard case .tell(.pause)? = trainings(play).last else {
      Issue.record("Space does not pause.")
      return
    }
    #expect(picture(play).contains("step 3 of 6, paused") || picture(play).contains("paused"))
    play.press(KeyEvent("."))
    guard case .tell(.step)? = trainings(play).last else {
      Issue.record("A step is not taken.")
      return
    }
    play.press(KeyEvent(" "))
    guard case .tell(.goOn)? = trainings(play).last else {
      Issue.record("Space does not go on.")
      return
    }
    #expect(train(play).activity?.isPaused == false)
  }

  @Test func stepsCanBeSlowed() throws {
    var play = try started()
    play.press(KeyEvent("-"), KeyEvent("-"))
    guard case .tell(.pace(2))? = trainings(play).last else {
      Issue.record("It is not slower.")
      return
    }
    play.press(KeyEvent("+"), KeyEvent("+"), KeyEvent("+"))
    guard case .tell(.pace(0))? = trainings(play).last else {
      Issue.record("It is not as fast as it can be.")
      return
    }
  }

  @Test(arguments: [KeyEvent.control("c"), KeyEvent.escape])
  func whatIsStoppedIsKeptAndGoesOn(key: KeyEvent) throws {
    var play = try started()
    let number = try #require(train(play).activity?.number)
    play.press(key)
    guard case .tell(.end)? = trainings(play).last else {
      Issue.record("It is not stopped.")
      return
    }
    #expect(train(play).work?.isStopping == true)
    play.send(
      .trace([TraceRecord(run: number, .training(.ended(TrainingEnd(reason: .stopped, step: 3))))]))
    play.send(.training(.ended(number, .cancelled)))
    #expect(train(play).activity == nil)
    #expect(train(play).step == 3)
    #expect(picture(play).contains("stopped"))
    play.press(KeyEvent(" "))
    guard case .start(number, let order, goesOn: true)? = trainings(play).last else {
      Issue.record("It does not go on.")
      return
    }
    #expect(order.problems == TrainingOrder.usual.problems)
    #expect(order.steps == 6)
  }

  /// Elsewhere one looks around while it goes on; only Ctrl-C stops everything.
  @Test func escapeElsewhereLeavesItRunning() throws {
    var play = try started()
    play.press(KeyEvent("1"), .escape)
    #expect(train(play).activity?.isStopping == false)
    #expect(picture(play).contains("3 of"))
    play.press(.control("c"))
    #expect(train(play).activity?.isStopping == true)
  }

  @Test func anotherModelOrQuestionDoesNotEndIt() throws {
    var play = try started()
    play.send(.model(.ready(Fixtures.summary, Fixtures.model.vocabulary)))
    play.type(":question Why?")
    play.press(.enter)
    #expect(train(play).activity != nil)
    #expect(train(play).training.lastStep == 3)
  }

  @Test func aCompleteTrainingIsDoneAnewOnlyWhenAsked() {
    var play = play()
    play.press(KeyEvent(" "))
    #expect(trainings(play).isEmpty)
    #expect(play.state.message != nil)
    play.press(KeyEvent("r"))
    guard case .start(let number, _, goesOn: false)? = trainings(play).last else {
      Issue.record("It is not done anew.")
      return
    }
    #expect(number != 9)
  }

  @Test func whatCannotBeTrainedSaysWhy() throws {
    var play = Play(80, 24)
    play.press(KeyEvent("9"), KeyEvent(" "))
    let number = try #require(train(play).activity?.number)
    play.send(.training(.ended(number, .failed("Q4_K weights cannot be trained."))))
    play.press(.up)
    #expect(picture(play).contains("Q4_K weights cannot be trained."))
  }

  @Test func withoutAModelNothingIsTrained() {
    var play = Play(Fixtures.empty(80, 24))
    play.press(KeyEvent("9"), KeyEvent(" "))
    #expect(play.effects.isEmpty)
    #expect(play.state.message?.kind == .error)
  }

  // MARK: Reading

  @Test func theCursorReadsEveryCurveAtAStep() {
    var play = play()
    #expect(train(play).step == 6)
    #expect(picture(play).contains("greedy .889"))
    play.press(.home)
    #expect(train(play).step == 0)
    #expect(picture(play).contains("greedy .211"))
    play.press(.right, .right)
    #expect(picture(play).contains("greedy .344"))
    play.press(.right)
    // What is measured every second step is not told of this one as if it was.
    #expect(!picture(play).contains("greedy .344"))
    #expect(picture(play).contains("greedy —"))
    #expect(picture(play).contains("reward .5"))
    for _ in 0..<9 { play.press(.right) }
    #expect(train(play).step == 6)
    for _ in 0..<9 { play.press(.left) }
    #expect(train(play).step == 0)
  }

  /// Where there is room, it is told what was known before, and of which step.
  @Test func whatWasKnownBeforeIsToldWithItsStep() {
    var play = play(200, 60)
    play.press(.left)
    #expect(picture(play).contains("greedy — (.733 at 4)"))
  }

  /// The newest step is followed until one reads an earlier one.
  @Test func theNewestStepIsFollowed() throws {
    var play = try started(steps: 2)
    let number = try #require(train(play).number)
    play.send(.trace(TrainingFixtures.records(number: number, steps: 4, ending: nil)))
    #expect(train(play).step == 4)
    play.press(.left)
    play.send(.trace(TrainingFixtures.records(number: number, steps: 6, ending: nil)))
    #expect(train(play).step == 3)
  }

  @Test func whatTrainingDoesNotSeeIsShownBeside() throws {
    let hidden = TrainingFixtures.play(80, 24, isExact: false)
    #expect(picture(hidden).contains("hidden exact .800"))
    let curve = try #require(train(hidden).curves.first { $0.title == "reward" })
    #expect(curve.other.map(\.value).last == 0.8)
    #expect(train(play()).curves.first { $0.title == "reward" }?.other.isEmpty == true)
  }

  @Test func thePromptToReachIsALine() throws {
    let greedy = try #require(train(play()).curves.first { $0.title == "greedy" })
    #expect(abs((greedy.goal?.value ?? 0) - 82.0 / 90) < 1e-9)
    #expect(greedy.readings.allSatisfy { $0.interval?.contains($0.value) == true })
  }

  @Test func figuresOnTrainingProblemsSaySo() {
    var trace = TrainingTrace()
    trace.apply(
      .evaluation(
        TrainingEvaluation(
          step: 0, split: .train, prompting: "plain",
          families: ["own": .init(problems: 4, right: 1, reasoned: 2)], meanLength: 5)))
    let titles = TrainingCurve.all(of: trace).map(\.title)
    #expect(titles == ["greedy, trained on", "reasoned, trained on"])
  }

  /// Smoothing neither invents steps nor leaves the range of what was told.
  @Test func smoothCurvesStayWithinWhatIsKnown() {
    let trace = play().state.trace.trainings[9] ?? TrainingTrace()
    let (raw, smooth) = (TrainingCurve.all(of: trace), TrainingCurve.all(of: trace, isSmooth: true))
    #expect(raw.map(\.title) == smooth.map(\.title))
    for (raw, smooth) in zip(raw, smooth) {
      #expect(raw.readings.map(\.step) == smooth.readings.map(\.step))
      #expect(raw.readings.first == smooth.readings.first)
      let values = raw.readings.map(\.value)
      let range = (values.min() ?? 0) - 1e-9...(values.max() ?? 0) + 1e-9
      #expect(smooth.readings.allSatisfy { range.contains($0.value) })
    }
  }

  @Test func groupsAndSamplesAreGoneThrough() {
    var play = play()
    #expect(picture(play).contains("1 of 2 kept of 24, step 6"))
    play.press(.down)
    #expect(train(play).shownSample?.answer == "7")
    play.press(KeyEvent("}"))
    #expect(train(play).shownGroup?.question.gold == "tails")
    #expect(train(play).samples.selected == 0)
    play.press(KeyEvent("}"))
    #expect(train(play).shownGroup?.question.gold == "11")
  }

  @Test func theSameQuestionIsShownBeforeAndAfter() {
    var play = play()
    let text = picture(play)
    #expect(text.contains("step 0"))
    #expect(text.contains("7."))
    #expect(text.contains("In total 4 + 7 = 11."))
    play.press(KeyEvent("f"))
    #expect(picture(play).contains("The answer is tails."))
  }

  @Test func aClickReadsAStep() throws {
    var play = play()
    let layout = train(play).layout(play.state.session)
    let chart = TrainLayout.plot(of: try #require(layout.charts.first))
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: chart.x, y: chart.y))))
    #expect(train(play).step == 0)
    play.send(
      .mouse(MouseEvent(.press(.left), at: Point(x: layout.slider.right - 1, y: layout.slider.y))))
    #expect(train(play).step == 6)
  }

  // MARK: What goes wrong, and what goes on

  @Test func aTrainingThatLearnsNothingSaysSo() {
    var play = play(80, 24, steps: 3, ending: nil)
    #expect(!picture(play).contains("⚠"))
    for step in 4...6 {
      var dead = TrainingStep(step: step, metrics: [:])
      (dead[.deadGroups], dead[.reward]) = (1, 0)
      play.send(.trace([TraceRecord(run: 9, .training(.step(dead)))]))
      #expect(picture(play).contains("Nothing is learned") == (step == 6))
    }
  }

  /// A sign moves and seconds are counted while a step is taken, and less of the time is left.
  @Test func aStepUnderWayShowsSignsOfLife() throws {
    var play = try started()
    let number = try #require(train(play).activity?.number)
    play.send(.training(.pace(number, secondsEach: 2)))
    func after(_ seconds: Double) -> String {
      play.send(.training(.beat(number, TrainingBeat(phase: .step(4), seconds: seconds))))
      return picture(play).split(separator: "\n").first { $0.contains("taking step 4 of 8") }
        .map { String($0) } ?? ""
    }
    let (first, second) = (after(0.2), after(1.3))
    #expect(first.contains("0.2 s, ≈ 10 s left"))
    #expect(second.contains("1.3 s, ≈ 9 s left"))
    #expect(first.contains("⠋"))
    #expect(!second.contains("⠋"))
  }

  /// A single step is under way until it is there.
  @Test func aSingleStepIsNotAPause() throws {
    var play = try started()
    let number = try #require(train(play).activity?.number)
    play.press(KeyEvent(" "), KeyEvent("."))
    play.send(.training(.beat(number, TrainingBeat(phase: .step(4), seconds: 1))))
    #expect(picture(play).contains("taking step 4"))
    play.send(.trace(TrainingFixtures.records(number: number, steps: 4, ending: nil)))
    #expect(picture(play).contains("step 4 of 8, paused"))
  }

  @Test func theKeysOfATrainingUnderWayAreShown() throws {
    let play = try started()
    let line = picture(play).split(separator: "\n").dropLast(1).map { String($0) }.last ?? ""
    #expect(play.state.hints.contains { $0.key == "." && $0.label == "one step" })
    #expect(play.state.hints.contains { $0.key == "-" })
    #expect(picture(play).contains(". one step  - slower"), "\(line)")
  }

  @Test func aModelThatCannotBeTrainedIsToldBefore() {
    var play = Play(80, 24)
    var summary = Fixtures.summary
    summary.trainingObstacle = "its weights are quantised (Q8_0)."
    play.send(.model(.ready(summary, Fixtures.model.vocabulary)))
    play.press(KeyEvent("9"))
    #expect(picture(play).contains("quantised (Q8_0)"))
    #expect(!play.state.hints.contains { $0.key == "Space" })
    play.press(KeyEvent(" "))
    #expect(trainings(play).isEmpty)
    #expect(play.state.message?.kind == .error)
  }

  /// A curve has a place only where it tells something.
  @Test func curvesThatAreAlwaysZeroAreLeftOut() {
    let titles = train(play()).curves.map(\.title)
    #expect(!titles.contains("clipped"))
    #expect(!titles.contains("loss"))
    #expect(titles.contains("entropy"))
  }

  /// What becomes likelier is told from what becomes less likely, with any number of colours.
  @Test(arguments: ColorDepth.allCases)
  func pushesAreToldApart(depth: ColorDepth) throws {
    let theme = try Fixtures.view(depth: depth).theme
    let base = theme[.text]
    let (up, down) = (
      Pushes.style(0.3, theme: theme, over: base), Pushes.style(-0.3, theme: theme, over: base)
    )
    #expect(up != base)
    #expect(down != base)
    #expect(up != down)
    #expect(Pushes.style(0, theme: theme, over: base) == base)
  }

  // MARK: Replay

  @Test func aSavedSessionShowsItsTrainingWithoutAModel() {
    var state = Fixtures.empty(80, 24)
    state.show(Trace(TrainingFixtures.records()))
    #expect(state.screen == TrainScreen.id)
    let text = Fixtures.draw(state).textSnapshot()
    #expect(text.contains("greedy .889"))
    #expect(text.contains("In total 4 + 7 = 11."))
    #expect(text.contains("step 6 of 6, complete"))
  }

  @Test func theTrainingsOfASessionAreGoneThrough() {
    var play = play()
    play.send(.trace(TrainingFixtures.records(number: 12, steps: 2, ending: .failed)))
    #expect(train(play).number == 9)
    play.press(KeyEvent(")"))
    #expect(train(play).number == 12)
    #expect(picture(play).contains("failed"))
  }

  // MARK: Pictures

  @Test(arguments: [(60, 16), (80, 24), (200, 60)]) func pictures(width: Int, height: Int) {
    let play = play(width, height)
    Snapshot.check(Fixtures.draw(play.state), named: "train-\(width)x\(height)")
  }

  @Test func everyPartCanHaveTheRoom() {
    var play = play()
    for name in ["curves", "group", "answers"] {
      play.press(KeyEvent("z"))
      Snapshot.check(Fixtures.draw(play.state), named: "train-\(name)-80x24")
    }
  }

  @Test func underWay() throws {
    var play = try started()
    let number = try #require(train(play).activity?.number)
    play.send(.training(.pace(number, secondsEach: 1.9)))
    Snapshot.check(Fixtures.draw(play.state), named: "train-running-80x24")
  }

  @Test func blank() {
    var play = Play(80, 24)
    play.press(KeyEvent("9"))
    Snapshot.check(Fixtures.draw(play.state), named: "train-blank-80x24")
    play.press(KeyEvent("n"))
    Snapshot.check(Fixtures.draw(play.state), named: "popup-training-80x24")
  }

  @Test func sixteenColoursAndNoneAndAscii() throws {
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(
        Fixtures.draw(play().state, view: view), named: "train-80x24-\(name)")
    }
    let ascii = Fixtures.draw(play().state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
  }
}
