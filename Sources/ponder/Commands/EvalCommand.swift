public import ArgumentParser
import Decoding
import Foundation
import Measuring
public import Problems
import Reasoning
import Traces

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
  var strategy = usualStrategy
  private static let usualStrategy = Greedy.description.name

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

  @Flag(help: "Beside each strategy, what a plain vote gets on as many tokens (accuracy only).")
  var equalTokens = false

  @Option(
    help: ArgumentHelp(
      "Turns each strategy's samples, branches or waits up until a problem costs about as many "
        + "tokens, those of verifiers counted, so that strategies compare.", valueName: "tokens"))
  var tokenBudget: Int?

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
    if equalTokens, metric != .accuracy {
      throw ValidationError("--equal-tokens is for the metric accuracy.")
    }
    if let tokenBudget {
      guard (1...10_000_000).contains(tokenBudget) else {
        throw ValidationError("--token-budget must be from 1 to 10000000.")
      }
      guard metric == .accuracy else {
        throw ValidationError("--token-budget is for the metric accuracy.")
      }
      guard !options.gives(.samples), !options.gives(.waits) else {
        throw ValidationError("--token-budget sets --samples and --waits itself: leave them out.")
      }
    }
    if metric == .slips, strategy != Self.usualStrategy {
      throw ValidationError("The metric slips decodes greedily: leave --strategy out.")
    }
  }

  func run() async throws {
    let strategies = try strategy.split(separator: ",").map {
      try named($0.trimmingCharacters(in: .whitespaces))
    }
    guard !strategies.isEmpty else { throw UserError.usage("--strategy is empty.") }
    switch metric {
    case .auc: if let verifiers = options.verifiers { return try await judge(verifiers) }
    case .delta: return try await survey(strategies)
    case .slips: return try await measureSlips()
    case .overTime: return try await followAnswers(strategies)
    case .accuracy: break
    }
    let questions = try problemsAsked().map(Question.init)
    let settings = options.settings(detail: 0)
    let models = try model.models(
      for: strategies, settings, parallel: options.parallel)
    let decoder = models.decoder
    options.warnOfTemplate(decoder.model)
    let prompts = try PromptLibrary.bundled()
    let rows = try await cancellingOnInterrupt {
      var rows: [EvaluationRow] = []
      for strategy in strategies {
        // A strategy that ranks is measured with each verifier in turn.
        let description = type(of: strategy).description
        let own = description.defaultVerifier
        let isJudged = settings.weighting == .verifier && description.settings.contains(.weighting)
        let asked =
          own == nil && !isJudged
          ? nil : options.verifiers?.names(for: questions).map { Optional($0) }
        for verifier in asked ?? [own] {
          if Task.isCancelled { break }
          var settings = settings
          settings.verifier = verifier
          rows += try await measure(
            strategy, questions, byLevel: levels == .each,
            Evaluation(
              decoder: decoder, prompts: prompts, settings: settings, peers: models.peers,
              comparesVote: equalTokens), within: tokenBudget)
        }
      }
      return rows
    }
    let name = decoder.model.identity.name
    switch format {
    case .json:
      try StandardOutput.writeJSON(
        EvalReport(model: name, rows: rows, metric: metric, budget: tokenBudget))
    case .table:
      try StandardOutput.write(
        EvalTable(
          rows, metric: metric, maxTokens: settings.maxTokens, budget: tokenBudget
        ).text)
    }
  }

  /// Measures verifiers on the model's own solutions and on corrupted ones.
  private func judge(_ verifiers: VerifierList) async throws {
    let asked = try problemsAsked()
    let pairs = try pairsAsked()
    let decoder = try model.decoder(parallel: options.parallel)
    options.warnOfTemplate(decoder.model)
    let evaluation = VerifierEvaluation(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0),
      verifiers: verifiers.names(for: asked.map(Question.init)))
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
        family: $0, split: split, count: each, seed: options.asked.settings.seed)
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
      seed: options.asked.settings.seed)
  }
}

/// Answers all questions with a strategy, turned up to a budget of tokens where there is one.
func measure(
  _ strategy: any Strategy, _ questions: [Question], byLevel: Bool = false,
  _ evaluation: Evaluation, within budget: Int? = nil
) async throws -> [EvaluationRow] {
  let name = type(of: strategy).description.name
  let verifier = evaluation.settings.verifier?.rawValue
  let progress = ProgressLine()
  var evaluation = evaluation
  var turned: TokenBudget.Fit?
  if let budget {
    progress.show("fitting \(name) to \(budget) tokens", done: 0, of: questions.count)
    turned = try await TokenBudget(tokens: budget).fit(strategy, to: questions, evaluation)
    evaluation.settings = turned?.settings ?? evaluation.settings
  }
  let start = ContinuousClock.now
  let results = try await evaluation.results(of: strategy, on: questions) {
    progress.show(name, done: $0, of: questions.count)
  }
  progress.clear()
  let seconds = (ContinuousClock.now - start).seconds
  let unfit = results.count { !$0.fits }
  if unfit > 0 {
    FileHandle.standardError.write(
      Data(
        "ponder: the model's context does not hold \(unfit) prompts; they count as unanswered.\n"
          .utf8))
  }
  var rows = Evaluation.rows(
    results, strategy: name, questions: questions, seconds: seconds, byLevel: byLevel)
  for index in rows.indices {
    rows[index].verifier = verifier
    rows[index].knob = turned?.knob
    rows[index].knobValue = turned?.value
    rows[index].isOverBudget = (turned?.meanTokens ?? 0) > Double(budget ?? .max)
  }
  tellIfStopped()
  return rows
}

/// Says that figures are of a part only, where the user has stopped the rest.
func tellIfStopped() {
  guard Task.isCancelled else { return }
  FileHandle.standardError.write(
    Data("ponder: stopped; the figures are of the problems that were done.\n".utf8))
}

extension ProblemSplit: ExpressibleByArgument {}
