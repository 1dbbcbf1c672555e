public import ArgumentParser
import Decoding
import Foundation
public import Measuring
import Playground
import Problems
import Reasoning
import Synchronization
import Traces

struct ScaleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale", abstract: "Study accuracy against compute.",
    discussion: """
      samples: pass@k, majority, best of k and weighted vote, all of the same samples. thinking: \
      budgets of thinking, and ends replaced with "Wait,". size: the bundled models, by size and \
      by training. strategies: each allowed more and more tokens, all on one axis. \
      difficulty: what easy and hard problems cost, answered directly and with reasoning.

      Results are kept: the same study costs nothing a second time, and one that was stopped \
      continues where it stopped. Tokens are those that are chosen or inserted, including a verifier's, \
      without the prompt; FLOPs are 2 × parameters × tokens.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case table, json, csv, svg }

  @Option(help: "\(StudyKind.names)")
  var study: StudyKind

  @OptionGroup var source: ProblemOptions

  @Option(help: "Problems per family (default: 20); in difficulty, per level (10).")
  var count: Int?

  @Option(help: "Which problems: train, dev or heldout.")
  var split: ProblemSplit = .heldout

  @Option(
    help: ArgumentHelp(
      "With --study strategies: which to compare (default: greedy, cot, and the votes, searches and "
        + "budgets of the Scale screen).", valueName: "a,b")) var strategy: String?

  @Option(help: "\(Format.names)") var format: Format = .table

  @Option(help: ArgumentHelp("Writes the result to a file.", valueName: "file"))
  var out: String?

  @Flag(help: "Runs the study from scratch and ignores kept results.")
  var anew = false

  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count must be 1 or more.") }
    if source.problems != nil, study == .difficulty {
      throw ValidationError("Problems from a file have no levels: use --family.")
    }
    if study == .size, model.model != nil {
      throw ValidationError("--study size uses the bundled models: leave --model out.")
    }
    try checkSettings()
    if strategy != nil, study != .strategies {
      throw ValidationError("--strategy works only with --study strategies.")
    }
    if let samples = options.asked.settings.samples, samples > Self.mostSamples {
      throw ValidationError("--samples must be from 1 to \(Self.mostSamples) in a study.")
    }
    if let names = options.verifiers?.names, names.count != 1 {
      throw ValidationError("A study takes one --verifier; eval compares several.")
    }
  }

  /// More would take longer to put together than to sample.
  private static let mostSamples = 256

  func run() async throws {
    let engine = model.engineOptions
    if study == .strategies {
      let names = strategy?.listed ?? StudyPlan.defaultStrategies
      try options.check(names.map(StrategyRegistry.strategy), turnsKnobs: true)
    }
    let models =
      study == .size
      ? try StudyModels.bundledFamily(engine)
      : try StudyModels.one(model.source(), engine, model.remote)
    let prompts = try PromptLibrary.bundled()
    var plan = try planned()
    let judge = try model.judge(
      plan.settings, for: plan.isJudged ? [plan.settings.verifier].compactMap { $0 } : [],
      parallel: options.parallel)
    plan.settings = plan.settings.judged(by: judge).dated(forTemplates: models.chatTemplates)
    let study = try study(of: plan, models.all.map(\.model), prompts)
    let slots = options.parallel
    let runner = StudyRunner(prompts: prompts, judge: judge) { model in
      Decoder(model: try models.open(model), slots: slots)
    }
    let store = Sessions.studies
    if anew { try? FileManager.default.removeItem(at: store.url(of: study)) }
    let progress = StudyProgress(study)
    let (results, signal) = try await cancellingOnSignal {
      try await runner.run(study, in: store) { progress.receive($0) }
    }
    progress.end(results)
    // Before its first point a study has no chart; then nothing is written.
    if format != .svg || signal == nil || results.done > 0 { try write(results) }
    if let signal { throw ExitCode.interrupted(by: signal) }
  }

  /// Looks whether a study would have to overrule what was asked for.
  private func checkSettings() throws {
    let own: [Setting] =
      switch study {
      case .thinking, .strategies: [.waits]
      case .samples, .size, .difficulty: []
      }
    for setting in own where options.gives(setting) {
      throw ValidationError(
        "--study \(study.rawValue) tries --\(setting.name) itself: leave it out.")
    }
  }

  private func planned() throws -> StudyPlan {
    StudyPlan(
      kind: study, families: try source.families().map(\.name), split: split, count: count,
      settings: options.settings(detail: 0),
      strategies: strategy?.listed ?? StudyPlan.defaultStrategies)
  }

  private func study(
    of plan: StudyPlan, _ models: [StudyModel], _ prompts: PromptLibrary
  ) throws -> Study {
    let asked = try source.ofFile(count: count)?.map {
      StudyProblem(question: Question($0), level: $0.level)
    }
    return try plan.study(
      of: asked ?? plan.problems(),
      subject: source.problems.map { URL(fileURLWithPath: $0).lastPathComponent }, models: models,
      library: prompts)
  }

  // MARK: Output

  private func write(_ results: StudyResults) throws {
    let curves = StudyTally(results).curves
    let report = StudyReport(results, curves)
    let text: String
    switch format {
    case .table: text = StudyTable.text(results, curves)
    case .csv: text = report.csv
    case .json: text = try StandardOutput.json(report) + "\n"
    case .svg:
      guard let chart = StudyChart(curves, of: results.study.kind) else {
        throw UserError.failed("The study was stopped before its first point.")
      }
      text = chart.svg(of: results)
    }
    guard let out else { return try StandardOutput.write(text) }
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: out), options: .atomic)
    } catch {
      throw UserError.failed("\(out) cannot be written: \(error.localizedDescription)")
    }
  }
}

/// How far a study is, on standard error.
private final class StudyProgress: Sendable {
  private struct State {
    var done = 0
    var before = 0
    var tokens = 0
  }

  private let study: Study
  private let line = ProgressLine()
  private let state = Mutex(State())

  init(_ study: Study) { self.study = study }

  func receive(_ event: StudyEvent) {
    switch event {
    case .began(let results): state.withLock { ($0.done, $0.before) = (results.done, results.done) }
    case .found(let record, _, _):
      let now = state.withLock { state in
        state.done += 1
        state.tokens += record.tokens.spent
        return state
      }
      line.show(
        study.kind.rawValue, done: now.done, of: study.total, before: now.before,
        tokens: now.tokens)
    case .notice(let text):
      line.clear()
      StandardError.tell(text)
    }
  }

  func end(_ results: StudyResults) {
    line.clear()
    guard !results.isComplete else { return }
    StandardError.tell(
      "stopped after \(results.done) of \(results.total) answers, which are kept: the same "
        + "command goes on from there.")
  }
}

/// The table of `scale`.
enum StudyTable {
  static func text(_ results: StudyResults, _ curves: [StudyCurve]) -> String {
    typealias Column = TextTable<(curve: StudyCurve, point: StudyPoint)>.Column
    let study = results.study
    let isSize = study.kind == .size
    let table = TextTable(columns: [
      Column("curve") { $0.curve.name + ($0.curve.isOracle ? " (oracle)" : "") },
      Column(isSize ? "model" : "at") { isSize ? $0.point.model.name : place(of: $0.point) },
      Column("problems", isNumber: true) { "\($0.point.problems)" },
      Column("tokens", isNumber: true) {
        $0.point.tokens.map { Format.fixed($0.value, 1) } ?? ""
      },
      Column("FLOPs", isNumber: true) {
        $0.point.flops.map { StudyChart.text($0.value, on: .flops) } ?? ""
      },
      Column("accuracy", isNumber: true) {
        $0.point.accuracy.map { Format.probability($0.value) } ?? ""
      },
      Column("95 % interval") {
        $0.point.accuracy?.interval.map {
          "[\(Format.probability($0.lowerBound)), \(Format.probability($0.upperBound))]"
        } ?? ""
      },
    ])
    let rows = curves.flatMap { curve in
      curve.points.filter { $0.problems > 0 }.map { (curve: curve, point: $0) }
    }
    let models = isSize ? "the bundled models" : study.models.first?.name ?? ""
    let title =
      "\(StudyChart.title(of: study.kind)); \(study.subject), \(study.problems.count) problems, "
      + "\(models)\n"
    return title + table.text(rows) + (study.kind == .thinking ? scaling(curves) : "")
  }

  private static func scaling(_ curves: [StudyCurve]) -> String {
    curves.compactMap { curve in
      SequentialScaling(curve).map {
        "\(curve.name), measured as in the s1 paper: scaling "
          + "\($0.scaling < 0 ? "-" : "+")\(Format.fixed(abs($0.scaling) * 100, 3)) accuracy for 100 tokens, "
          + "performance \(Format.probability($0.performance))\n"
      }
    }.joined()
  }

  private static func place(of point: StudyPoint) -> String {
    point.level.map { "level \($0)" } ?? point.knob.map { "\($0)" } ?? ""
  }
}

extension StudyKind: ExpressibleByArgument {}
