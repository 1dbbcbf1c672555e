public import ArgumentParser
import Decoding
import Foundation
public import Reasoning

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure strategies on many problems.")

  enum Metric: String, CaseIterable, ExpressibleByArgument {
    case accuracy, auc, delta, slips
    case overTime = "over-time"
  }

  /// Which levels the problems are of.
  enum Levels: String, CaseIterable, ExpressibleByArgument {
    /// Drawn anew for each problem.
    case mixed
    /// All of them, each by itself.
    case each
    /// The harder half, drawn anew for each problem.
    case hard
  }

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table, json
  }

  @Option(help: ArgumentHelp("Strategies, with commas between.", valueName: "a,b"))
  var strategy = "greedy"

  @Option(help: "Families of problems with commas between, or all: every core family.")
  var family: String?

  @Option(help: ArgumentHelp("Problems as JSON Lines, Ponder's or GSM8K's.", valueName: "file"))
  var problems: String?

  @Option(help: "Problems of each family; with --levels each, of each level.")
  var count: Int?

  @Option(help: "Levels drawn for each problem (mixed), each by itself, or the harder half (hard).")
  var levels: Levels = .mixed

  @Option(help: "train, dev or heldout.")
  var split: ProblemSplit = .heldout

  @Option(
    help: ArgumentHelp(
      "accuracy; how well scores tell right from wrong (auc): Δ of a strategy's paths, or with "
        + "--verifier the scores of verifiers; how sure branches are that reason or do not (delta); "
        + "how often a wrong step is made good, without and with \"Wait,\" behind it (slips); how sure paths "
        + "are of their answer step by step (over-time).",
      valueName: "accuracy|auc|delta|slips|over-time"))
  var metric: Metric = .accuracy

  @Option(help: "\(Format.names)") var format: Format = .table
  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard (family == nil) != (problems == nil) else {
      throw ValidationError("Give either --family NAME|all or --problems FILE.")
    }
    if let count, count < 1 { throw ValidationError("--count must be 1 or more.") }
    if problems != nil, levels != .mixed || metric == .slips {
      throw ValidationError("A file's problems have no levels and no slips: give --family.")
    }
    if levels != .mixed, metric != .accuracy {
      throw ValidationError("--levels is for the metric accuracy.")
    }
    if metric == .slips, strategy != "greedy" {
      throw ValidationError("The metric slips decodes greedily: leave --strategy out.")
    }
  }

  func run() async throws {
    let strategies = try strategy.split(separator: ",").map {
      try named($0.trimmingCharacters(in: .whitespaces))
    }
    guard !strategies.isEmpty else { throw UserError.usage("--strategy is empty.") }
    switch metric {
    case .auc: if let verifiers = options.verifier?.names { return try await judge(verifiers) }
    case .delta: return try await survey(strategies)
    case .slips: return try await measureSlips()
    case .overTime: return try await followAnswers(strategies)
    case .accuracy: break
    }
    let questions = try problemsAsked().map(Question.init)
    let settings = options.settings(detail: 0)
    let models = try model.models(
      for: strategies, settings, parallel: options.decoding.parallel)
    let decoder = models.decoder
    options.warnOfTemplate(decoder.model)
    let prompts = try PromptLibrary.bundled()
    let rows = try await cancellingOnInterrupt {
      var rows: [EvaluationRow] = []
      for strategy in strategies {
        // A strategy that ranks is measured with each verifier in turn.
        let own = type(of: strategy).description.defaultVerifier
        let asked = own == nil ? nil : options.verifier?.names.map { Optional($0) }
        for verifier in asked ?? [own] {
          if Task.isCancelled { break }
          var settings = settings
          settings.verifier = verifier
          rows += try await measure(
            strategy, questions, byLevel: levels == .each,
            Evaluation(
              decoder: decoder, prompts: prompts, settings: settings, peers: models.peers))
        }
      }
      return rows
    }
    let name = decoder.model.identity.name
    switch format {
    case .json:
      try StandardOutput.writeJSON(EvalReport(model: name, rows: rows, metric: metric))
    case .table: try StandardOutput.write(EvalTable(rows, metric: metric).text)
    }
  }

  /// Measures verifiers on the model's own solutions and on corrupted ones.
  private func judge(_ verifiers: [VerifierName]) async throws {
    let asked = try problemsAsked()
    let pairs = try pairsAsked()
    let decoder = try model.decoder(parallel: options.decoding.parallel)
    options.warnOfTemplate(decoder.model)
    let evaluation = VerifierEvaluation(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0),
      verifiers: verifiers)
    let progress = ProgressLine()
    let rows = try await cancellingOnInterrupt {
      let rows = try await evaluation.rows(samplesOf: asked, pairs: pairs) {
        progress.show("judging", done: $0, of: asked.count + pairs.count)
      }
      progress.clear()
      tellIfStopped()
      return rows
    }
    let name = decoder.model.identity.name
    switch format {
    case .json: try StandardOutput.writeJSON(VerifierReport(model: name, rows: rows))
    case .table: try StandardOutput.write(VerifierReport.table(rows))
    }
  }

  func families() throws -> [any ProblemFamily] {
    do {
      guard family != "all" else { return ProblemLibrary.coreFamilies }
      return try (family ?? "").split(separator: ",").map {
        try ProblemLibrary.family($0.trimmingCharacters(in: .whitespaces))
      }
    } catch let error as ProblemError {
      throw UserError.usage(error.description)
    }
  }

  /// Corrupted solutions of the families that are asked for; there are none of a file's problems.
  func pairsAsked() throws -> [JudgedPair] {
    guard problems == nil else { return [] }
    return try families().flatMap {
      JudgedPair.pairs(
        family: $0, split: split, count: each, seed: options.decoding.seed)
    }
  }

  func problemsAsked() throws -> [Problem] {
    if let problems {
      let all = try ProblemFile.read(problems)
      return Array(all.prefix(count ?? all.count))
    }
    return try families().flatMap { family in
      let all = Array(family.levels)
      return switch levels {
      case .mixed: try problems(of: family, level: nil, 0..<each)
      case .each: try all.flatMap { try problems(of: family, level: $0, 0..<each) }
      case .hard:
        // The levels take turns, so that each is asked as often as the next.
        try all.suffix((all.count + 1) / 2).enumerated().flatMap { index, level in
          let levels = (all.count + 1) / 2
          return try problems(of: family, level: level, 0..<((each + levels - 1 - index) / levels))
        }
      }
    }
  }

  /// Problems of each family, where no number is given.
  var each: Int { count ?? 50 }

  private func problems(
    of family: any ProblemFamily, level: Int?, _ indices: Range<Int>
  ) throws -> [Problem] {
    try ProblemLibrary.problems(
      family: family.name, split: split, level: level, count: indices.count,
      seed: options.decoding.seed)
  }
}

/// Answers all questions with a strategy.
func measure(
  _ strategy: any Strategy, _ questions: [Question], byLevel: Bool = false,
  _ evaluation: Evaluation
) async throws -> [EvaluationRow] {
  let name = type(of: strategy).description.name
  let verifier = evaluation.settings.verifier?.rawValue
  let progress = ProgressLine()
  let start = ContinuousClock.now
  let results = try await evaluation.results(of: strategy, on: questions) {
    progress.show(name, done: $0, of: questions.count)
  }
  progress.clear()
  let seconds = (ContinuousClock.now - start).seconds
  var rows = Evaluation.rows(
    results, strategy: name, questions: questions, seconds: seconds, byLevel: byLevel)
  for index in rows.indices { rows[index].verifier = verifier }
  tellIfStopped()
  return rows
}

/// Says that figures are of a part only, where the user has stopped the rest.
func tellIfStopped() {
  guard Task.isCancelled else { return }
  FileHandle.standardError.write(
    Data("ponder: stopped; the figures are of the problems that were done.\n".utf8))
}

/// The JSON of `eval`.
struct EvalReport: Encodable {
  struct Row: Encodable {
    var strategy, family: String
    var correct, total: Int
    var accuracy: Double
    var ci95: [Double]
    var majorityClass: Double
    var auc: Double?
    var generatedTokens: Int
    var seconds: Double
    /// The rest is of strategies that sample and vote or rank.
    var verifier: String?
    var majority: Double?
    var majorityCi95: [Double]?
    var oracle: Double?
    var oracleCi95: [Double]?
    var gain: Double?
    var gainCi95: [Double]?
    /// The rest is of strategies that look at their answer again.
    var wrongToRight: Int?
    var rightToWrong: Int?
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
        seconds: $0.seconds, verifier: $0.verifier,
        majority: $0.majority?.value, majorityCi95: $0.majority?.interval.bounds,
        oracle: $0.oracle?.value, oracleCi95: $0.oracle?.interval.bounds,
        gain: $0.gain?.value, gainCi95: $0.gain?.interval.bounds,
        wrongToRight: $0.revisions?.wrongToRight, rightToWrong: $0.revisions?.rightToWrong)
    }
  }
}

extension ClosedRange {
  var bounds: [Bound] { [lowerBound, upperBound] }
}

/// The table of `eval`.
struct EvalTable {
  let text: String

  init(_ rows: [EvaluationRow], metric: EvalCommand.Metric) {
    let figure = metric == .auc ? "auc of Δ" : "guess"
    // Those that take no vote have nothing to compare with.
    let votes = rows.contains { $0.majority != nil }
    let revises = rows.contains { $0.revisions != nil }
    var lines = [
      "strategy".padded(to: 22) + "family".padded(to: 14) + "correct".padded(to: 11)
        + "accuracy".padded(to: 10) + "95 % interval".padded(to: 17)
        + (votes ? "majority".padded(to: 10) + "any of n".padded(to: 10) : "")
        + (revises ? "mended".padded(to: 8) + "spoiled".padded(to: 9) : "")
        + figure.padded(to: 10) + "tokens".padded(to: 10) + "seconds"
    ]
    for row in rows {
      let extra = metric == .auc ? row.areaUnderCurve : row.majorityClass
      let name = row.strategy + (row.verifier.map { "/\($0)" } ?? "")
      lines.append(
        "\(name) ".padded(to: 22) + "\(row.family) ".padded(to: 14)
          + "\(row.correct)/\(row.total) ".padded(to: 11) + fixed(row.accuracy).padded(to: 10)
          + fixed(row.interval).padded(to: 17)
          + (votes
            ? fixed(row.majority?.value).padded(to: 10) + fixed(row.oracle?.value).padded(to: 10)
            : "")
          + (revises
            ? count(row.revisions?.wrongToRight).padded(to: 8)
              + count(row.revisions?.rightToWrong).padded(to: 9)
            : "")
          + fixed(extra).padded(to: 10) + "\(row.generatedTokens) ".padded(to: 10)
          + String(format: "%.1f", row.seconds))
    }
    text = lines.joined(separator: "\n") + "\n"
  }
}

private func count(_ value: Int?) -> String { value.map { "\($0)" } ?? "—" }

private func fixed(_ value: Double?) -> String {
  value.map { String(format: "%.3f", $0) } ?? "—"
}

private func fixed(_ interval: ClosedRange<Double>?) -> String {
  interval.map { String(format: "[%.3f, %.3f]", $0.lowerBound, $0.upperBound) } ?? "—"
}

/// The JSON of `eval --metric auc --verifier …`.
private struct VerifierReport: Encodable {
  struct Row: Encodable {
    var verifier: String
    var aggregate: String?
    var source, target, family: String
    var auc: Double?
    var ci95: [Double]?
    var positives, negatives: Int
    var coverage: Double
  }

  var model: String
  var metric = "auc"
  var results: [Row]

  init(model: String, rows: [VerifierRow]) {
    self.model = model
    results = rows.map {
      Row(
        verifier: $0.subject.verifier.rawValue, aggregate: $0.subject.aggregate?.rawValue,
        source: $0.subject.source.rawValue, target: $0.subject.target.rawValue,
        family: $0.family, auc: $0.quality.area, ci95: $0.quality.interval?.bounds,
        positives: $0.quality.positives, negatives: $0.quality.negatives, coverage: $0.coverage)
    }
  }

  static func table(_ rows: [VerifierRow]) -> String {
    var lines = [
      "verifier".padded(to: 14) + "judged".padded(to: 19) + "family".padded(to: 14)
        + "auc".padded(to: 7) + "95 % interval".padded(to: 17) + "right".padded(to: 8)
        + "wrong".padded(to: 8) + "decided"
    ]
    for row in rows {
      let subject = row.subject
      let name = subject.verifier.rawValue + (subject.aggregate.map { "-\($0.rawValue)" } ?? "")
      lines.append(
        "\(name) ".padded(to: 14)
          + "\(subject.source.rawValue), \(subject.target.rawValue)s ".padded(to: 19)
          + "\(row.family) ".padded(to: 14) + fixed(row.quality.area).padded(to: 7)
          + fixed(row.quality.interval).padded(to: 17)
          + "\(row.quality.positives) ".padded(to: 8) + "\(row.quality.negatives) ".padded(to: 8)
          + fixed(row.coverage))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension ProblemSplit: ExpressibleByArgument {}
