import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// Studies on tables, whose outcomes are known.
enum StudyBench {
  static func model(_ table: TableLanguageModel, parameters: Int = 1000) -> StudyModel {
    StudyModel(name: table.identity.name, identity: table.identity, parameters: parameters)
  }

  /// The table's question, several times; it is sent as it is.
  static func problems(_ table: TableLanguageModel, gold: String, count: Int = 3) -> [StudyProblem]
  {
    (0..<count).map { _ in
      StudyProblem(
        question: Question(
          text: table.vocabulary.token(0).text, gold: gold, kind: .number, isRaw: true))
    }
  }

  static func study(
    _ kind: StudyKind, _ table: TableLanguageModel, gold: String, count: Int = 3,
    settings: RunSettings = RunSettings(), strategies: [String] = StudyPlan.defaultStrategies
  ) throws -> Study {
    let plan = StudyPlan(kind: kind, families: [], settings: settings, strategies: strategies)
    return try plan.study(
      of: problems(table, gold: gold, count: count), subject: "table", models: [model(table)],
      library: PromptLibrary(directory: ""))
  }

  static func runner(_ table: @escaping @Sendable () -> TableLanguageModel) -> StudyRunner {
    StudyRunner(prompts: PromptLibrary(directory: "")) { _ in Decoder(model: table(), slots: 4) }
  }

  static func curve(_ name: String, _ curves: [StudyCurve]) throws -> StudyCurve {
    try #require(curves.first { $0.name == name })
  }
}

@Suite struct StudyTests {
  // MARK: Samples

  @Test func samplesAreDrawnOnceAndGiveEveryK() async throws {
    let settings = RunSettings(
      seed: 7, samples: 12, temperature: 1, maxTokens: 8, verifier: .orm)
    let study = try StudyBench.study(
      .samples, VerifierTable.model(), gold: "4", count: 2, settings: settings)
    let results = try await StudyBench.runner { VerifierTable.model() }.run(StudyResults(study))
    #expect(results.isComplete)
    #expect(results.total == 2)
    let record = try #require(results.records[0][0])
    let samples = try #require(record.samples)
    #expect(samples.count == 12)
    // Nothing is left out of the counts: what was sampled and what the verifier read.
    let generated = samples.reduce(0) { $0 + $1.generated }
    #expect(record.tokens.generated == generated)
    #expect(record.verifierTokens == record.tokens.injected)
    #expect(record.tokens.spent == generated + (record.verifierTokens ?? 0))
    #expect(record.verifierTokens ?? 0 >= 12)

    let curves = StudyTally(results).curves
    #expect(curves.map(\.name) == ["pass@k", "majority", "best of k", "weighted vote"])
    #expect(curves.map(\.isOracle) == [true, false, false, false])
    for curve in curves {
      #expect(curve.points.map(\.knob) == [1, 2, 4, 8, 12])
      #expect(curve.points.allSatisfy { $0.problems == 2 })
    }
    let estimates = SampleEstimates(samples)
    let best = try StudyBench.curve("best of k", curves)
    let majority = try StudyBench.curve("majority", curves)
    for (place, k) in [1, 2, 4, 8, 12].enumerated() {
      #expect(best.points[place].accuracy?.value == estimates.bestOfK(k))
      #expect(majority.points[place].accuracy?.value == estimates.majorityAtK(k))
      let share = Double(k) / 12
      let own = try #require(majority.points[place].tokens?.value)
      #expect(abs(own - share * Double(generated)) < 1e-9)
      // Votes cost what was sampled, a ranking also what the verifier read.
      let judged = try #require(best.points[place].tokens?.value)
      #expect(abs(judged - share * Double(record.tokens.spent)) < 1e-9)
    }
    // The verifier of this table likes the right answer best.
    let last = try #require(best.points.last)
    #expect(last.accuracy?.value == (samples.contains { $0.isCorrect } ? 1 : 0))
    #expect(last.flops?.value == last.tokens.map { $0.value * 2000 })
  }

  /// Best of all samples is what best-of-n itself answers with as many.
  @Test func allSamplesAreBestOfN() async throws {
    for seed in UInt64(1)...6 {
      let settings = RunSettings(
        seed: seed, samples: 5, temperature: 1, maxTokens: 8, verifier: .orm)
      let study = try StudyBench.study(
        .samples, VerifierTable.model(), gold: "4", count: 1, settings: settings)
      let results = try await StudyBench.runner { VerifierTable.model() }.run(StudyResults(study))
      let record = try #require(results.records[0][0])
      let end = await BestOfN().run(
        study.problems[0].question, settings: settings,
        decoder: Decoder(model: VerifierTable.model(), slots: 4),
        library: PromptLibrary(directory: "")
      ) { _ in }
      #expect(record.isCorrect == end.correct)
      #expect(record.tokens.spent == end.tokens.spent)
      let curves = StudyTally(results).curves
      let best = try StudyBench.curve("best of k", curves).points.last
      #expect(best?.accuracy?.value == (end.correct == true ? 1 : 0))
    }
  }

  // MARK: Thinking

  @Test func thinkingCostsWhatItIsMadeToCost() async throws {
    let study = try StudyBench.study(
      .thinking, BudgetForcingTests.script(), gold: "8", count: 1,
      settings: RunSettings(maxTokens: 64))
    let results = try await StudyBench.runner { BudgetForcingTests.script() }.run(
      StudyResults(study))
    let curves = StudyTally(results).curves
    let waits = try StudyBench.curve("ends taken back", curves)
    #expect(waits.points.map(\.knob) == [0, 1, 2, 4])
    // Three thoughts and the announcement each time, the answer, the full stop and the end; a
    // "Wait," is put in for each end that is taken back.
    let costs: [Double?] = [7, 12, 17, 27]
    #expect(waits.points.map { $0.tokens?.value } == costs)
    #expect(waits.points.map { $0.accuracy?.value } == [0, 1, 1, 1])
    // Of the six pairs three rise from 0 to 1, over 5, 10 and 20 tokens.
    let scaling = try #require(SequentialScaling(waits))
    #expect(abs(scaling.scaling - (1.0 / 5 + 1.0 / 10 + 1.0 / 20) / 6) < 1e-12)
    #expect(scaling.performance == 1)
    let budgets = try StudyBench.curve("thinking budget", curves)
    #expect(budgets.points.map(\.knob) == [8, 16, 32, 64])
    // The script ends its thinking before any of these is used up.
    #expect(budgets.points.allSatisfy { $0.tokens?.value == 7 && $0.accuracy?.value == 0 })
    #expect(SequentialScaling(budgets) == nil)
  }

  // MARK: Sizes

  @Test func sizesAreOpenedOneAfterAnother() async throws {
    let right = StudyBench.model(BudgetForcingTests.script(), parameters: 3000)
    var half = right
    (half.name, half.tokensSeen, half.isFinal) = ("script@1k", 1000, false)
    var whole = right
    whole.tokensSeen = 2000
    var small = right
    (small.name, small.parameters) = ("small", 500)
    let table = BudgetForcingTests.script()
    let study = try StudyPlan(
      kind: .size, families: [], settings: RunSettings(samples: 2, maxTokens: 32)
    ).study(
      of: StudyBench.problems(table, gold: "5", count: 2), models: [small, half, whole],
      library: PromptLibrary(directory: ""))
    #expect(study.arms.count == 9)
    let opened = Mutex<[String]>([])
    let runner = StudyRunner(prompts: PromptLibrary(directory: "")) { model in
      opened.withLock { $0.append(model.name) }
      return Decoder(model: BudgetForcingTests.script(), slots: 2)
    }
    let results = try await runner.run(StudyResults(study))
    #expect(opened.withLock { $0 } == ["small", "script@1k", "script"])
    let curves = StudyTally(results).curves
    #expect(
      Set(curves.map(\.name))
        == Set(["greedy", "cot", "vote of 2"].flatMap { [$0, "\($0), in training"] }))
    let greedy = try StudyBench.curve("greedy", curves)
    // A checkpoint is no size of its own, and a size is no stage of training.
    #expect(greedy.placed(on: .parameters, .accuracy).map(\.x) == [500, 3000])
    #expect(greedy.placed(on: .trainingTokens, .accuracy).isEmpty)
    let training = try StudyBench.curve("greedy, in training", curves)
    #expect(training.placed(on: .trainingTokens, .accuracy).map(\.x) == [1000, 2000])
    #expect(training.placed(on: .parameters, .accuracy).isEmpty)
    for (x, _, point) in greedy.placed(on: .flops, .accuracy) {
      #expect(x == 2 * Double(point.model.parameters) * (point.tokens?.value ?? 0))
    }
    #expect(greedy.points.allSatisfy { $0.accuracy?.value == 1 })
  }

  // MARK: Strategies

  @Test func everyStrategyTurnsItsOwnKnob() throws {
    let study = try StudyBench.study(
      .strategies, .apples, gold: "8", settings: RunSettings(samples: 8),
      strategies: ["greedy", "self-consistency", "cot-decoding", "step-beam", "budget-forcing"])
    func knobs(_ name: String) -> [Int?] {
      study.arms.filter { $0.strategy == name }.map(\.knob)
    }
    #expect(knobs("greedy") == [nil])
    #expect(knobs("self-consistency") == [1, 2, 4, 8])
    #expect(knobs("cot-decoding") == [1, 2, 4, 8])
    #expect(knobs("step-beam") == [4, 8])
    #expect(knobs("budget-forcing") == [0, 1, 2, 4])
    for arm in study.arms {
      switch arm.strategy {
      case "self-consistency", "step-beam": #expect(arm.settings.samples == arm.knob)
      case "cot-decoding": #expect(arm.settings.branches == arm.knob)
      case "budget-forcing": #expect(arm.settings.waits == arm.knob)
      default: #expect(arm.settings.samples == nil)
      }
    }
    #expect(throws: StrategyError.unknown("magic")) {
      try StudyBench.study(.strategies, .apples, gold: "8", strategies: ["magic"])
    }
    #expect(throws: StudyError.severalModels) {
      try StudyBench.study(.strategies, .apples, gold: "8", strategies: ["ensemble"])
    }
    #expect(throws: StudyError.noProblems) {
      try StudyBench.study(.samples, .apples, gold: "8", count: 0)
    }
  }

  /// On the apples table greedy decoding is wrong and CoT-decoding right, for more tokens.
  @Test func strategiesShareAnAxisOfTokens() async throws {
    let study = try StudyBench.study(
      .strategies, .apples, gold: "8", count: 1, settings: RunSettings(samples: 4),
      strategies: ["greedy", "cot-decoding"])
    let results = try await StudyBench.runner { .apples }.run(StudyResults(study))
    let curves = StudyTally(results).curves
    let greedy = try StudyBench.curve("greedy", curves).placed(on: .tokens, .accuracy)
    let branches = try StudyBench.curve("cot-decoding", curves).placed(on: .tokens, .accuracy)
    #expect(greedy.map(\.y.value) == [0])
    #expect(branches.map(\.y.value) == [0, 1, 1])
    #expect(try #require(greedy.first).x == branches.first?.x)
    #expect(try #require(branches.last).x > 3 * (greedy.first?.x ?? .infinity))
  }

  // MARK: Difficulty

  /// Answered at once, easy and hard cost the same; with reasoning hard costs more.
  @Test func withoutReasoningEasyAndHardCostTheSame() async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let head = "answer-trigger: \" The answer is\"\nextraction: \" The answer is\"\n---\n"
    for (name, end) in [("plain", "A:"), ("think", "A: Think.")] {
      try Data((head + "Q: {question}\n\(end)").utf8)
        .write(to: folder.appending(path: "\(name).txt"))
    }
    let pieces = [
      "Q: ", "easy", "hard", "\nA:", " Think.", " Step.", " The answer is", " 8", ".", "<end>",
    ]
    let table: @Sendable () -> TableLanguageModel = {
      TableLanguageModel(name: "levels", pieces: pieces, end: 9) { prefix in
        switch prefix.last {
        case 3: return [7: 1]
        case 4, 5:
          let steps = prefix.contains(2) ? 4 : 1
          return prefix.count { $0 == 5 } < steps ? [5: 1] : [6: 1]
        case 6: return [7: 1]
        default: return [9: 1]
        }
      }
    }
    let problems = [("easy", 1), ("easy", 1), ("hard", 2)].map { text, level in
      StudyProblem(question: Question(text: text, gold: "8", kind: .number), level: level)
    }
    let library = PromptLibrary(directory: folder.path)
    let study = try StudyPlan(kind: .difficulty, families: []).study(
      of: problems, subject: "levels", models: [StudyBench.model(table())], library: library)
    let runner = StudyRunner(prompts: library) { _ in Decoder(model: table(), slots: 2) }
    let curves = StudyTally(try await runner.run(StudyResults(study))).curves
    #expect(curves.map(\.name) == ["plain", "think"])
    let (plain, think) = (curves[0].points, curves[1].points)
    #expect(plain.map(\.level) == [1, 2])
    #expect(plain.map(\.problems) == [2, 1])
    #expect(plain.map { $0.tokens?.value } == [2, 2])
    #expect(think.map { $0.tokens?.value } == [4, 7])
    #expect(think.map { $0.flops?.value } == [8000, 14000])
    #expect(curves.allSatisfy { $0.points.allSatisfy { $0.accuracy?.value == 1 } })
    #expect(curves[1].placed(on: .level, .tokens).map(\.x) == [1, 2])
  }

  /// Levels are drawn alike, and problems are what the library makes of their ids.
  @Test func difficultyDrawsEveryLevel() throws {
    let plan = StudyPlan(kind: .difficulty, families: ["coin"], count: 2)
    let levels = try ProblemLibrary.family("coin").levels(in: plan.split)
    let problems = try plan.problems()
    #expect(problems.map(\.level) == levels.flatMap { [$0, $0] })
    #expect(
      throws: ProblemError.unknownFamily("none", known: ProblemLibrary.families.map(\.name))
    ) { try StudyPlan(kind: .samples, families: ["none"]).problems() }
  }
}

func temporaryFolder() throws -> URL {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}
