import Decoding
import Foundation
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Measuring
@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct ScaleScreenTests {
  // MARK: Real studies on the apples table

  /// Problems that differ in nothing but their random numbers, each asked by itself.
  static func snapshot(
    _ kind: StudyKind, problems: Int = 6, done: Int? = nil
  ) async throws -> StudySnapshot {
    let library = PromptLibrary(directory: "")
    let model = StudyModel(name: "apples", identity: Fixtures.model.identity, parameters: 2_000_000)
    func study(seed: UInt64, count: Int) throws -> Study {
      let plan = StudyPlan(
        kind: kind, families: ["compare"],
        settings: RunSettings(
          seed: seed, samples: kind == .samples ? 16 : 8, temperature: 1, verifier: .likelihood),
        strategies: ["greedy", "self-consistency", "cot-decoding", "best-of-n", "sample"])
      let asked = (0..<count).map { StudyProblem(question: Fixtures.question, level: 1 + $0 / 3) }
      return try plan.study(of: asked, models: [model], library: library)
    }
    let runner = StudyRunner(prompts: library) { _ in Decoder(model: Fixtures.model, slots: 4) }
    var results = StudyResults(try study(seed: 1, count: problems))
    for problem in 0..<(done ?? problems) {
      let one = try await runner.run(
        StudyResults(try study(seed: UInt64(problem + 1), count: 1)))
      for arm in one.records.indices {
        if let record = one.records[arm][0] { results.add(record, arm: arm, problem: problem) }
      }
    }
    return StudySnapshot(
      plan: StudyPlan(kind: kind, families: ["compare"]), results: results,
      curves: StudyTally(results).curves)
  }

  private func play(
    _ width: Int, _ height: Int, _ kind: StudyKind = .samples, _ snapshot: StudySnapshot? = nil
  ) -> Play {
    var play = Play(width, height)
    if let snapshot {
      // As what is shown was planned.
      play.state.settings.samples = snapshot.results.study.arms.first?.settings.samples
    }
    play.press(KeyEvent("8"))
    while play.state.scale.kind != kind { play.press(KeyEvent("}")) }
    if var snapshot {
      snapshot.plan = plan(play.state)
      play.send(.study(.kept(snapshot.plan, .done(snapshot))))
    }
    return play
  }

  private func plan(_ state: PlaygroundState) -> StudyPlan {
    state.scale.studyPlan(state.session)
  }

  private func lookUps(_ effects: [Effect]) -> [StudyPlan] {
    effects.compactMap { if case .study(.lookUp(let plan)) = $0 { plan } else { nil } }
  }

  private func starts(_ effects: [Effect]) -> [StudyPlan] {
    effects.compactMap { if case .study(.start(let plan, _)) = $0 { plan } else { nil } }
  }

  // MARK: Choosing

  @Test func everyChoiceIsLookedUpOnce() {
    var play = play(80, 24)
    #expect(play.state.screen == ScaleScreen.id)
    // The question is the emblem; of its own family there would be nothing to see.
    #expect(lookUps(play.effects).map(\.families) == [["story"]])
    #expect(lookUps(play.effects).map(\.kind) == [.samples])
    play.press(KeyEvent(.down))
    play.send(.pace(Pace()))
    #expect(lookUps(play.effects).count == 1)
    play.press(KeyEvent("}"))
    #expect(lookUps(play.effects).last?.kind == .thinking)
    play.press(KeyEvent("{"), KeyEvent("{"))
    #expect(lookUps(play.effects).last?.kind == .difficulty)
    #expect(lookUps(play.effects).last?.count == 10)
    play.press(KeyEvent("+"))
    #expect(lookUps(play.effects).last?.count == 20)
    play.press(KeyEvent("}"), KeyEvent("f"))
    #expect(lookUps(play.effects).last?.families == ["expr"])
    #expect(lookUps(play.effects).last?.count == 20)
    play.press(KeyEvent("F"), KeyEvent("F"), KeyEvent("F"))
    #expect(lookUps(play.effects).last?.families == ProblemLibrary.coreFamilies.map(\.name))
    // Another setting is another study; elsewhere nothing is looked up.
    play.press(KeyEvent("T"))
    #expect(lookUps(play.effects).last?.settings.temperature == 0.8)
    let before = lookUps(play.effects).count
    play.press(KeyEvent("1"), KeyEvent("T"))
    #expect(lookUps(play.effects).count == before)
    play.press(KeyEvent("8"))
    #expect(lookUps(play.effects).count == before + 1)
  }

  /// Only samples have the temperature of the title line.
  @Test func otherStudiesHaveTheirStrategiesTemperature() {
    var play = play(80, 24)
    play.press(KeyEvent("T"))
    #expect(plan(play.state).settings.temperature != nil)
    play.press(KeyEvent("}"))
    #expect(plan(play.state).settings.temperature == nil)
  }

  @Test func aLateReplyToAnEarlierChoiceIsLeftOut() async throws {
    let snapshot = try await Self.snapshot(.samples, problems: 2)
    var play = play(80, 24)
    let old = plan(play.state)
    play.press(KeyEvent("f"))
    play.send(.study(.kept(old, .done(snapshot))))
    #expect(play.state.scale.shown == nil)
    #expect(play.state.scale.chart == nil)
  }

  // MARK: Running

  @Test func spaceStartsAndStops() async throws {
    let snapshot = try await Self.snapshot(.samples, done: 3)
    var play = play(80, 24)
    play.press(KeyEvent(" "))
    #expect(starts(play.effects) == [plan(play.state)])
    play.press(KeyEvent("}"))
    #expect(play.state.scale.kind == .samples)
    #expect(play.state.message?.kind == .notice)
    var activity = StudyActivity()
    (activity.done, activity.total) = (3, 6)
    play.send(.study(.progress(snapshot, activity)))
    #expect(play.state.scale.curves.count == 4)
    play.press(KeyEvent(" "))
    guard case .study(.stop) = play.effects.last else {
      Issue.record("Space did not stop the study.")
      return
    }
    play.send(.study(.progress(snapshot, activity)))
    #expect(play.state.scale.progress?.isCancelling == true)
    play.send(.study(.ended(plan(play.state), snapshot, .cancelled)))
    #expect(play.state.scale.progress == nil)
    // What it has is kept, and Space goes on with it.
    #expect(play.state.scale.shown?.results.done == 3)
    play.press(KeyEvent(" "))
    #expect(starts(play.effects).count == 2)
    // Esc stops it as well.
    play.press(KeyEvent(.escape))
    #expect(play.state.scale.progress?.isCancelling == true)
  }

  @Test func aCompleteStudyIsDoneAnewOnlyWhenAsked() async throws {
    var play = play(80, 24, .samples, try await Self.snapshot(.samples))
    play.press(KeyEvent(" "))
    #expect(starts(play.effects).isEmpty)
    #expect(play.state.message != nil)
    play.press(KeyEvent("r"))
    #expect(starts(play.effects).count == 1)
    #expect(play.state.scale.shown == nil)
  }

  @Test func withoutAModelThereIsNoStudy() {
    var play = Play(Fixtures.empty(80, 24))
    play.press(KeyEvent("8"), KeyEvent(" "))
    #expect(play.effects.isEmpty)
    #expect(play.state.message?.kind == .error)
  }

  @Test func anotherModelIsAnotherStudy() async throws {
    var play = play(80, 24, .samples, try await Self.snapshot(.samples))
    let before = lookUps(play.effects).count
    play.send(.model(.ready(Fixtures.summary, Fixtures.model.vocabulary)))
    #expect(play.state.scale.shown == nil)
    #expect(lookUps(play.effects).count == before + 1)
  }

  // MARK: Reading

  @Test func theCursorReadsWhatABudgetBuys() async throws {
    var play = play(80, 24, .samples, try await Self.snapshot(.samples))
    let chart = try #require(play.state.scale.chart)
    let curves = play.state.scale.curves
    #expect(play.state.scale.stop == chart.stops.last)
    for index in curves.indices {
      #expect(play.state.scale.reading(of: index)?.point == curves[index].points.last)
    }
    play.press(KeyEvent(.left), KeyEvent(.left))
    let stop = try #require(play.state.scale.stop)
    #expect(stop == chart.stops[chart.stops.count - 3])
    for index in curves.indices {
      let reading = try #require(play.state.scale.reading(of: index))
      #expect(reading.x <= stop)
      let next = chart.lines[index].points.first { $0.x > reading.x }
      #expect(next.map { $0.x > stop } ?? true)
    }
    for _ in 0..<40 { play.press(KeyEvent(.left)) }
    #expect(play.state.scale.stop == chart.stops.first)
    for _ in 0..<40 { play.press(KeyEvent(.right)) }
    #expect(play.state.scale.stop == chart.stops.last)
    play.press(KeyEvent("a"))
    #expect(play.state.scale.chart?.axis == .knob)
    #expect(play.state.scale.chart?.stops == [1, 2, 4, 8, 16])
  }

  @Test func hiddenCurvesKeepTheirLetterAndTheScale() async throws {
    var play = play(80, 24, .samples, try await Self.snapshot(.samples))
    let whole = try #require(play.state.scale.chart)
    play.press(KeyEvent(.down), KeyEvent("v"))
    let chart = try #require(play.state.scale.chart)
    #expect(chart.lines.map(\.index) == [0, 2, 3])
    #expect(chart.x == whole.x)
    #expect(play.state.scale.reading(of: 1) == nil)
    let text = Fixtures.draw(play.state).textSnapshot()
    #expect(text.contains("majority, hidden"))
    play.press(KeyEvent("v"))
    #expect(play.state.scale.chart == whole)
  }

  @Test func aClickReadsSelectsAndHides() async throws {
    var play = play(80, 24, .samples, try await Self.snapshot(.samples))
    let layout = play.state.scale.layout(play.state.session)
    func click(_ x: Int, _ y: Int) {
      play.send(.mouse(MouseEvent(.press(.left), at: Point(x: x, y: y))))
    }
    click(layout.plot.x, layout.plot.y)
    #expect(play.state.scale.cursor == 0)
    click(layout.table.x + 5, layout.table.y + 3)
    #expect(play.state.scale.position.selected == 2)
    click(layout.table.x + 5, layout.table.y + 3)
    #expect(play.state.scale.hidden == [2])
  }

  @Test func exportIsOfWhatIsShown() async throws {
    var play = play(80, 24)
    play.press(KeyEvent("e"))
    #expect(play.state.message != nil)
    play = self.play(80, 24, .samples, try await Self.snapshot(.samples))
    play.press(KeyEvent("e"))
    guard case .study(.export(let snapshot, let chart))? = play.effects.last else {
      Issue.record("Nothing is exported.")
      return
    }
    #expect(snapshot.results.isComplete)
    #expect(chart == play.state.scale.chart)
  }

  // MARK: Pictures

  @Test func pictures() async throws {
    for (width, height) in [(60, 16), (80, 24), (200, 60)] {
      let size = "\(width)x\(height)"
      for kind in [StudyKind.samples, .strategies, .difficulty] {
        let play = play(width, height, kind, try await Self.snapshot(kind))
        Snapshot.check(Fixtures.draw(play.state), named: "scale-\(kind.rawValue)-\(size)")
      }
    }
  }

  @Test func picturesOnTheWay() async throws {
    Snapshot.check(Fixtures.draw(play(80, 24).state), named: "scale-blank-80x24")
    var running = play(80, 24)
    running.press(KeyEvent(" "))
    var activity = StudyActivity()
    (activity.done, activity.total) = (2, 6)
    (activity.tokensPerSecond, activity.secondsLeft) = (3150, 42)
    running.send(.study(.progress(try await Self.snapshot(.samples, done: 2), activity)))
    Snapshot.check(Fixtures.draw(running.state), named: "scale-running-80x24")
  }

  // MARK: The session

  /// What a stopped study has is on disk, and it goes on from there.
  @MainActor
  @Test(.timeLimit(.minutes(10))) func aStoppedStudyKeepsWhatItHas() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = StudyStore(folder: folder)
    let driver = Driver(prompts: SamplesFolder.path("Prompts"), studies: store)
    await driver.start()
    // So many problems that there is always something left: 200 of each core family.
    driver.press(KeyEvent("8"), KeyEvent("}"), KeyEvent("F"), KeyEvent("F"))
    driver.press(KeyEvent("+"), KeyEvent("+"), KeyEvent("+"))
    #expect(plan(driver.state).families.count > 1)
    #expect(plan(driver.state).count == 200)
    driver.press(KeyEvent(" "))
    await driver.wait { $0.scale.progress?.done ?? 0 > 0 }
    driver.press(KeyEvent(" "))
    await driver.wait { $0.scale.progress == nil }
    let stopped = try #require(driver.state.scale.shown?.results)
    #expect(stopped.done > 0)
    #expect(stopped.done < stopped.total)
    #expect(try store.results(of: stopped.study) == stopped)
    driver.press(KeyEvent(" "))
    await driver.wait { $0.scale.progress?.done ?? 0 > stopped.done }
    driver.press(KeyEvent(.escape))
    await driver.wait { $0.scale.progress == nil }
    let later = try #require(driver.state.scale.shown?.results)
    #expect(later.done > stopped.done)
    for (arm, records) in stopped.records.enumerated() {
      #expect(records.allSatisfy { later.records[arm][$0.key] == $0.value })
    }
    await driver.finish()
  }

  /// Other sizes are opened beside the model at hand, which stays as it is.
  @MainActor
  @Test(.timeLimit(.minutes(10))) func aStudyOfSizesLeavesTheModelAlone() async throws {
    let driver = Driver(prompts: SamplesFolder.path("Prompts"))
    await driver.start()
    let before = driver.state.readyModel
    driver.type(":samples 2")
    driver.press(KeyEvent(.enter))
    driver.press(KeyEvent("8"), KeyEvent("}"), KeyEvent("}"), KeyEvent("-"), KeyEvent("-"))
    driver.press(KeyEvent(" "))
    await driver.wait { $0.scale.progress == nil }
    let shown = try #require(driver.state.scale.shown)
    #expect(shown.results.isComplete)
    #expect(shown.results.total == 2 * 3 * 5)
    #expect(driver.state.scale.chart?.axis == .parameters)
    #expect(driver.state.scale.chart?.stops == [500, 2000])
    #expect(driver.state.readyModel == before)
    #expect(driver.state.decode.hasCurrentTable)
    await driver.finish()
  }

  @MainActor
  @Test(.timeLimit(.minutes(10))) func aStudyIsDoneKeptAndExported() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func driver() async -> Driver {
      let driver = Driver(
        prompts: SamplesFolder.path("Prompts"),
        studies: StudyStore(folder: folder.appending(path: "studies")), exportFolder: folder.path)
      await driver.start()
      driver.press(KeyEvent("8"))
      driver.type(":samples 4")
      driver.press(KeyEvent(.enter))
      driver.type(":verifier likelihood")
      driver.press(KeyEvent(.enter))
      driver.press(KeyEvent("-"), KeyEvent("-"))
      return driver
    }
    let first = await driver()
    #expect(plan(first.state).count == 5)
    #expect(plan(first.state).settings.samples == 4)
    first.press(KeyEvent(" "))
    await first.wait { $0.scale.progress == nil }
    let shown = try #require(first.state.scale.shown)
    #expect(shown.results.isComplete)
    #expect(shown.results.total == 5)
    #expect(shown.curves == StudyTally(shown.results).curves)
    for _ in 0..<2 {
      first.press(KeyEvent("e"))
      await first.wait { $0.message?.text.contains("ponder-samples-story") == true }
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    let names = ["ponder-samples-story", "ponder-samples-story-2"]
    #expect(
      Set(files)
        == Set(
          names.flatMap { n in ["svg", "csv", "json"].map { "\(n).\($0)" } }
            + ["studies"]))
    await first.finish()

    // The next session has it at once, and asks the model for nothing.
    let second = await driver()
    await second.wait { $0.scale.shown != nil }
    #expect(second.state.scale.shown?.results == shown.results)
    #expect(starts(second.effects).isEmpty)
    await second.finish()
  }
}
