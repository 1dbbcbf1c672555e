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

@Suite struct TrainScreenTests {
  private func play(
    _ width: Int = 80, _ height: Int = 24, steps: Int = 6,
    ending: TrainingEnd.Reason? = .completed
  ) -> Play {
    TrainingFixtures.play(width, height, steps: steps, ending: ending)
  }

  private func train(_ play: Play) -> TrainScreen { play.state[TrainScreen.self] }

  private func trainings(_ play: Play) -> [TrainingEffect] {
    play.effects.compactMap { if case .training(let effect) = $0 { effect } else { nil } }
  }

  private func picture(_ play: Play) -> String { Fixtures.draw(play.state).textSnapshot() }

  /// A training that Space has started and that has come to a step.
  private func started(steps: Int = 3, width: Int = 80, height: Int = 24) throws -> Play {
    var play = Play(width, height)
    play.press(KeyEvent("9"), KeyEvent(" "))
    let number = try #require(train(play).activity?.number)
    play.send(.trace(TrainingFixtures.records(number: number, steps: steps, ending: nil)))
    return play
  }

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

  // MARK: Choosing

  /// What the trace says in words is what was asked.
  @Test(arguments: [
    TrainingOrder.Source.families(["story"], levels: nil),
    .families(["story", "expr", "coin"], levels: 2...2), .families(["lookup"], levels: 1...3),
    .file("own problems.jsonl"), .file("a,b.jsonl"),
  ])
  func problemsInWordsReadBack(source: TrainingOrder.Source) {
    let order = TrainingOrder(recipe: "grpo", source: source, steps: 4)
    #expect(TrainingOrder.Source(order.problems) == source)
  }

  @Test func familiesAreChosenFromAList() throws {
    var play = Play(80, 24)
    play.press(KeyEvent("9"), KeyEvent("n"))
    let chooser = try #require(play.state.popups.last as? TrainingChooser)
    let count = try #require(chooser.list(play.state)?.count)
    for _ in 0..<count {
      play.press(.down)
      if picture(play).contains("▸ problems  □ addition") { break }
    }
    play.press(KeyEvent(" "), .escape)
    #expect(train(play).order.problems.contains("addition"))
    play.press(KeyEvent(" "))
    guard case .start(_, let order, _)? = trainings(play).last,
      case .families(let names, _) = order.source
    else {
      Issue.record("Nothing starts.")
      return
    }
    #expect(names.contains("addition"))
  }

  @Test func theCommandLineTakesAFile() {
    var play = Play(80, 24)
    play.type(":train-on own.jsonl")
    play.press(.enter)
    #expect(play.state.screen == TrainScreen.id)
    #expect(train(play).order.source == .file("own.jsonl"))
    play.type(":train-on coin, story")
    play.press(.enter)
    #expect(train(play).order.source == .families(["coin", "story"], levels: nil))
  }

  // MARK: Reading

  @Test func theCursorReadsEveryCurveAtAStep() {
    var play = play()
    #expect(train(play).step == 6)
    #expect(picture(play).contains("greedy .889"))
    play.press(.home)
    #expect(train(play).step == 0)
    #expect(picture(play).contains("greedy .211"))
    play.press(.right, .right, .right)
    // What is measured every second step is what was known by then.
    #expect(picture(play).contains("greedy .344"))
    #expect(picture(play).contains("reward .5"))
    for _ in 0..<9 { play.press(.right) }
    #expect(train(play).step == 6)
    for _ in 0..<9 { play.press(.left) }
    #expect(train(play).step == 0)
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
    #expect(picture(play).contains("1 of 2, step 6"))
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

  // MARK: Weights

  /// The effects of opening the weights of a step, up to the model that is loaded.
  private func opened(_ key: KeyEvent, _ play: inout Play) -> TrainingWeights? {
    play.press(key)
    guard case .find(let weights, let errand)? = trainings(play).last else { return nil }
    play.send(.training(.found(weights, errand, .done(()))))
    return weights
  }

  private func load(_ play: Play) -> String? {
    for case .model(.load(let path)) in play.effects.reversed() { return path }
    return nil
  }

  @Test func enterOpensTheWeightsOfTheStepWithTheQuestion() {
    var play = play()
    play.press(.left)
    // Step 5 was not measured: the weights are those of step 4.
    #expect(opened(.enter, &play)?.step == 4)
    #expect(load(play) == "steps/apples+grpo@4.gguf")
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.question == TrainingFixtures.probes[0])
  }

  @Test func votesFollowTheWeights() {
    var play = play()
    _ = opened(KeyEvent("v"), &play)
    #expect(play.state.screen == VotesScreen.id)
    var summary = Fixtures.summary
    summary.identity.hash = "hash6"
    summary.path = "steps/apples+grpo@6.gguf"
    play.send(.model(.ready(summary, Fixtures.model.vocabulary)))
    let starts = play.effects.contains {
      if case .run(.start(_, "self-consistency", TrainingFixtures.probes[0], _, _)) = $0 {
        true
      } else {
        false
      }
    }
    #expect(starts)
    // And back: step by step, then to what training began with.
    play.press(KeyEvent("<"))
    #expect(load(play) == "steps/apples+grpo@4.gguf")
    play.state.session.take(Fixtures.summary)
    play.state.session.take(summary)
    play.press(KeyEvent("B"))
    #expect(load(play) == Fixtures.summary.path)
  }

  @Test func weightsThatAreGoneAreTold() {
    var play = play()
    play.press(.enter)
    guard case .find(let weights, let errand)? = trainings(play).last else {
      Issue.record("The weights are not looked for.")
      return
    }
    play.send(.training(.found(weights, errand, .failed("The weights of step 6 are gone."))))
    #expect(play.state.message?.kind == .error)
    #expect(load(play) == nil)
    #expect(play.state.readyModel != nil)
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
