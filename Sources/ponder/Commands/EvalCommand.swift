public import ArgumentParser
import Decoding
import Foundation
public import Reasoning

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure strategies on many problems.")

  enum Metric: String, CaseIterable, ExpressibleByArgument {
    case accuracy, auc
  }

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, json
  }

  @Option(help: ArgumentHelp("Strategies, with commas between.", valueName: "a,b"))
  var strategy = "greedy"

  @Option(help: "A family of problems, or all: every core family.")
  var family: String?

  @Option(help: ArgumentHelp("Problems as JSON Lines, Ponder's or GSM8K's.", valueName: "file"))
  var problems: String?

  @Option(help: "Problems of each family.")
  var count: Int?

  @Option(help: "train, dev or heldout.")
  var split: ProblemSplit = .heldout

  @Option(help: "accuracy, or how well Δ tells right paths from wrong ones (auc).")
  var metric: Metric = .accuracy

  @Option(help: "\(Format.names)") var format: Format = .table
  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (family == nil) != (problems == nil) else {
      throw ValidationError("Give either --family NAME|all or --problems FILE.")
    }
    if let count, count < 1 { throw ValidationError("--count must be 1 or more.") }
  }

  func run() async throws {
    let strategies = try strategy.split(separator: ",").map {
      try named($0.trimmingCharacters(in: .whitespaces))
    }
    guard !strategies.isEmpty else { throw UserError.usage("--strategy is empty.") }
    let questions = try questions()
    let decoder = try model.decoder(parallel: options.decoding.parallel)
    let evaluation = Evaluation(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0))
    let rows = try await cancellingOnInterrupt {
      try await measure(strategies, questions, evaluation)
    }
    switch format {
    case .json:
      try StandardOutput.writeJSON(
        EvalReport(model: decoder.model.identity.name, rows: rows, metric: metric))
    case .table: try StandardOutput.write(EvalTable(rows, metric: metric).text)
    }
  }

  private func questions() throws -> [Question] {
    if let problems {
      let all = try ProblemFile.read(problems)
      return Array(all.prefix(count ?? all.count)).map(Question.init)
    }
    do {
      let names =
        family == "all"
        ? ProblemLibrary.coreFamilies.map(\.name) : [try ProblemLibrary.family(family ?? "").name]
      return try names.flatMap {
        try ProblemLibrary.problems(
          family: $0, split: split, count: count ?? 50, seed: options.decoding.seed
        ).map(Question.init)
      }
    } catch let error as ProblemError {
      throw UserError.usage(error.description)
    }
  }
}

/// Answers all questions with each strategy in turn.
private func measure(
  _ strategies: [any Strategy], _ questions: [Question], _ evaluation: Evaluation
) async throws -> [EvaluationRow] {
  var rows: [EvaluationRow] = []
  for strategy in strategies {
    let name = type(of: strategy).description.name
    let progress = ProgressLine()
    let start = ContinuousClock.now
    let results = try await evaluation.results(of: strategy, on: questions) {
      progress.show(name, done: $0, of: questions.count)
    }
    progress.clear()
    let seconds = (ContinuousClock.now - start).seconds
    rows += Evaluation.rows(results, strategy: name, questions: questions, seconds: seconds)
    if Task.isCancelled {
      FileHandle.standardError.write(
        Data("ponder: stopped; the figures are of the problems that were done.\n".utf8))
      break
    }
  }
  return rows
}

/// The JSON of `eval`.
private struct EvalReport: Encodable {
  struct Row: Encodable {
    var strategy, family: String
    var correct, total: Int
    var accuracy: Double
    var ci95: [Double]
    var majorityClass: Double
    var auc: Double?
    var generatedTokens: Int
    var seconds: Double
  }

  var model: String
  var results: [Row]

  init(model: String, rows: [EvaluationRow], metric: EvalCommand.Metric) {
    self.model = model
    results = rows.map {
      Row(
        strategy: $0.strategy, family: $0.family, correct: $0.correct, total: $0.total,
        accuracy: $0.accuracy, ci95: [$0.interval.lowerBound, $0.interval.upperBound],
        majorityClass: $0.majorityClass,
        auc: metric == .auc ? $0.areaUnderCurve : nil, generatedTokens: $0.generatedTokens,
        seconds: $0.seconds)
    }
  }
}

/// The table of `eval`.
private struct EvalTable {
  let text: String

  init(_ rows: [EvaluationRow], metric: EvalCommand.Metric) {
    let figure = metric == .auc ? "auc of Δ" : "majority"
    var lines = [
      pad("strategy", 18) + pad("family", 16) + pad("correct", 12) + pad("accuracy", 10)
        + pad("95 % interval", 18) + pad(figure, 10) + pad("tokens", 10) + "seconds"
    ]
    for row in rows {
      let extra = metric == .auc ? row.areaUnderCurve : row.majorityClass
      lines.append(
        pad(row.strategy, 18) + pad(row.family, 16) + pad("\(row.correct)/\(row.total)", 12)
          + pad(String(format: "%.3f", row.accuracy), 10)
          + pad(
            String(
              format: "[%.3f, %.3f]", row.interval.lowerBound, row.interval.upperBound), 18)
          + pad(extra.map { String(format: "%.3f", $0) } ?? "—", 10)
          + pad("\(row.generatedTokens)", 10) + String(format: "%.1f", row.seconds))
    }
    text = lines.joined(separator: "\n") + "\n"
  }
}

private func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(1, width - text.count))
}

extension ProblemSplit: ExpressibleByArgument {}
