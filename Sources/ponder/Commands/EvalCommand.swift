import ArgumentParser
import Decoding
import Foundation
import Measuring
import Problems
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

  enum Format: String, CaseIterable, ExpressibleByArgument { case table, json }

  @Option(help: ArgumentHelp("Strategies, separated by commas.", valueName: "a,b"))
  var strategy = usualStrategy
  private static let usualStrategy = Greedy.description.name

  @OptionGroup var source: ProblemOptions

  @Option(help: "How many problems per family; with --levels each, per level.")
  var count: Int?

  @Option(help: "mixed: a level drawn per problem; each: level by level; hard: the harder half.")
  var levels: Levels = .mixed

  @Option(help: "Which problems: train, dev or heldout.")
  var split: ProblemSplit = .heldout

  @Option(
    help: ArgumentHelp(
      "accuracy; auc: how well scores (Δ of paths or, with --verifier, those of verifiers) tell right "
        + "from wrong; delta: how sure branches are, with and without reasoning; slips: how often a "
        + "wrong step is mended, without and with \"Wait,\" after it; over-time: how sure paths are "
        + "of their answer, step by step.", valueName: "accuracy|auc|delta|slips|over-time"))
  var metric: Metric = .accuracy

  @Flag(help: "Adds what a plain vote gets for as many tokens as each strategy (accuracy only).")
  var equalTokens = false

  @Option(
    help: ArgumentHelp(
      "Raises each strategy's samples, branches or waits until a problem costs about this many "
        + "tokens (verifiers' included), so that strategies can be compared.", valueName: "tokens"))
  var tokenBudget: Int?

  @Option(help: "\(Format.names)") var format: Format = .table
  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  func validate() throws {
    if let count, count < 1 { throw ValidationError("--count must be 1 or more.") }
    if source.problems != nil, levels != .mixed || metric == .slips {
      throw ValidationError("Problems from a file have no levels and no slips: use --family.")
    }
    let ofAccuracy = [
      ("--levels", levels != .mixed), ("--equal-tokens", equalTokens),
      ("--token-budget", tokenBudget != nil),
    ]
    for (name, isGiven) in ofAccuracy where isGiven && metric != .accuracy {
      throw ValidationError("\(name) is for the metric accuracy.")
    }
    if let tokenBudget {
      guard (1...10_000_000).contains(tokenBudget) else {
        throw ValidationError("--token-budget must be from 1 to 10000000.")
      }
    }
    if metric == .slips, strategy != Self.usualStrategy {
      throw ValidationError("--metric slips decodes greedily: leave --strategy out.")
    }
  }

  func run() async throws {
    let strategies = try strategy.listed.map(StrategyRegistry.strategy)
    guard !strategies.isEmpty else { throw UserError.usage("--strategy is empty.") }
    if metric != .slips { try options.check(strategies, turnsKnobs: tokenBudget != nil) }
    try checkBudget(of: strategies)
    switch metric {
    case .auc where comparesVerifiers: try await compareVerifiers()
    case .accuracy where comparesVerifiers && strategy == Self.usualStrategy:
      try await compareVerifiers()
    case .accuracy, .auc: try await compare(strategies)
    case .slips: try await measureSlips()
    case .delta:
      try await follow(strategies, in: .branches) { evaluation, strategy, questions, progress in
        let found = try await evaluation.branches(of: strategy, on: questions, progress: progress)
        return BranchSurvey.rows(found, strategy: type(of: strategy).description.name)
      }
    case .overTime:
      try await follow(strategies, in: .answerCurves, at: AnswerCurves.shares) {
        evaluation, strategy, questions, progress in
        let found = try await evaluation.answerCurves(
          of: strategy, on: questions, progress: progress)
        return AnswerCurves.rows(found, strategy: type(of: strategy).description.name)
      }
    }
  }

  /// Whether verifiers are measured and not strategies.
  private var comparesVerifiers: Bool {
    options.verifiers != nil || options.asked.settings.verifierModel != nil
  }

  /// Looks whether a budget would have to overrule what was asked for.
  private func checkBudget(of strategies: [any Strategy]) throws {
    guard tokenBudget != nil else { return }
    for description in strategies.map({ $0.description }) {
      guard let knob = description.knob(options.asked.settings), options.gives(knob.setting) else {
        continue
      }
      throw UserError.usage(
        "--token-budget sets --\(knob.setting.name) of \(description.name) itself: leave it out.")
    }
  }

  // MARK: Metrics

  /// How often strategies are right, and how well their own scores tell right from wrong.
  private func compare(_ strategies: [any Strategy]) async throws {
    let questions = try problemsAsked().map(Question.init)
    let settings = options.settings(detail: 0)
    let models = try model.models(
      for: strategies, settings, verifiers: options.verifiers?.names, parallel: options.parallel)
    let evaluation = try evaluation(models)
    try await reportAccuracy(evaluation) {
      var rows: [EvaluationRow] = []
      for strategy in strategies {
        // A strategy that ranks is measured with each verifier in turn.
        let description = type(of: strategy).description
        let own = description.defaultVerifier
        let isJudged = settings.weighting == .verifier && description.settings.contains(.weighting)
        let named =
          options.verifiers?.names(for: questions) ?? models.judge?.verifier.map { [$0] }
        let asked = own == nil && !isJudged ? nil : named?.map { Optional($0) }
        for verifier in asked ?? [own] where !Task.isCancelled {
          var evaluation = evaluation
          evaluation.settings.verifier = verifier
          rows += try await measure(strategy, questions, evaluation)
        }
      }
      return rows
    }
  }

  /// How often a solution that has just gone wrong comes to the right answer, left to itself
  /// and with "Wait," behind the wrong step.
  private func measureSlips() async throws {
    let slips = try source.families().map {
      try SlipQuestions.questions(
        family: $0.name, split: split, count: each, seed: options.asked.settings.seed)
    }
    let evaluation = try evaluation(oneModel(), checks: false)
    try await reportAccuracy(evaluation) {
      var rows: [EvaluationRow] = []
      for (name, half) in [
        ("continue", slips.flatMap(\.continue)), ("wait", slips.flatMap(\.wait)),
      ] where !Task.isCancelled {
        var own = try await measure(Greedy(), half, evaluation)
        for index in own.indices { own[index].strategy = name }
        rows += own
      }
      return rows
    }
  }

  /// How well verifiers judge the model's own solutions and corrupted ones, and what is decided by them
  /// and without them.
  private func compareVerifiers() async throws {
    let asked = try problemsAsked()
    // There are no corrupted solutions of a file's problems.
    let pairs = try source.families().flatMap {
      JudgedPair.pairs(family: $0, split: split, count: each, seed: options.asked.settings.seed)
    }
    let named = options.verifiers?.names(for: asked.map(Question.init)) ?? []
    var models = try oneModel()
    models.judge = try model.judge(
      options.settings(detail: 0), for: named, parallel: options.parallel)
    let verifiers =
      named.isEmpty ? [models.judge?.verifier ?? BestOfN.defaultVerifier] : named
    let evaluation = try evaluation(models)
    let (found, signal) = try await cancellingOnSignal {
      try await showingProgress("judging", of: asked.count + pairs.count) {
        try await evaluation.compareVerifiers(
          of: verifiers, samplesOf: asked, pairs: pairs, progress: $0)
      }
    }
    try write(
      found.quality, .verifiers, decisions: found.decisions, of: evaluation, metric: .auc,
      stoppedBy: signal)
  }

  /// What a metric finds of a strategy's paths on questions, telling how many are done.
  private typealias Measurement<Row> =
    @Sendable (
      Evaluation, any Strategy, [Question], @escaping @Sendable (Int) -> Void
    ) async throws -> [Row]

  /// What the paths of strategies are like: measures one strategy after another.
  private func follow<Row: Encodable & Sendable>(
    _ strategies: [any Strategy], in table: TextTable<Row>, at shares: [Double]? = nil,
    by measurement: @escaping Measurement<Row>
  ) async throws {
    let questions = try problemsAsked().map(Question.init)
    let evaluation = try evaluation(oneModel())
    let (found, signal) = try await cancellingOnSignal {
      var found: [(name: String, rows: [Row])] = []
      for strategy in strategies where !Task.isCancelled {
        let name = type(of: strategy).description.name
        let rows = try await showingProgress(name, of: questions.count) {
          try await measurement(evaluation, strategy, questions, $0)
        }
        found.append((name, rows))
      }
      return found
    }
    let silent = found.filter(\.rows.isEmpty).map(\.name)
    if signal == nil, !silent.isEmpty {
      let names = silent.joined(separator: " and ")
      let why = metric == .overTime ? "has two steps or more" : "gives an answer with a Δ"
      let message =
        "no path of \(names) \(why), so that --metric \(metric.rawValue) has "
        + "nothing to follow; let it reason with --prompting think, or measure cot."
      // Scripts get an empty list.
      guard silent.count < found.count || format == .json else {
        throw UserError.usage(message.prefix(1).uppercased() + message.dropFirst())
      }
      StandardError.tell(message)
    }
    try write(
      found.flatMap(\.rows), table, of: evaluation, metric: metric, shares: shares,
      stoppedBy: signal)
  }

  /// Answers all questions with a strategy, turned up to the budget of tokens where there is one.
  private func measure(
    _ strategy: any Strategy, _ questions: [Question], _ evaluation: Evaluation
  ) async throws -> [EvaluationRow] {
    let name = type(of: strategy).description.name
    var evaluation = evaluation
    var turned: TokenBudget.Fit?
    if let tokenBudget {
      let progress = ProgressLine()
      progress.show("fitting \(name) to \(tokenBudget) tokens", done: 0, of: questions.count)
      turned = try await evaluation.fit(strategy, to: questions, within: tokenBudget)
      evaluation.settings = turned?.settings ?? evaluation.settings
      progress.clear()
    }
    let start = ContinuousClock.now
    let results = try await showingProgress(name, of: questions.count) { [evaluation] in
      try await evaluation.results(of: strategy, on: questions, progress: $0)
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let unfit = results.count { !$0.fits }
    if unfit > 0 {
      StandardError.tell(
        "the model's context does not hold \(unfit) prompts; they count as unanswered.")
    }
    var rows = Evaluation.rows(
      results, strategy: name, questions: questions, seconds: seconds, byLevel: levels == .each)
    let setTo = turned.flatMap { fit in
      fit.knob.flatMap { knob in fit.value.map { [knob.setting.name: $0] } }
    }
    for index in rows.indices {
      rows[index].verifier = evaluation.settings.verifier?.rawValue
      rows[index].setTo = setTo
      rows[index].isOverBudget = (turned?.meanTokens ?? 0) > Double(tokenBudget ?? .max)
      if metric != .auc { rows[index].areaUnderCurve = nil }
    }
    return rows
  }

  private func oneModel() throws -> RunModels {
    RunModels(decoder: try model.decoder(parallel: options.parallel))
  }

  private func evaluation(_ models: RunModels, checks: Bool = true) throws -> Evaluation {
    if checks { try options.checkTemplate(models.decoder.model) }
    return Evaluation(
      decoder: models.decoder, prompts: try .bundled(), settings: options.settings(detail: 0),
      peers: models.peers, judge: models.judge, comparesVote: equalTokens)
  }

  // MARK: Output

  private func reportAccuracy(
    _ evaluation: Evaluation, _ measure: @escaping @Sendable () async throws -> [EvaluationRow]
  ) async throws {
    let (rows, signal) = try await cancellingOnSignal(measure)
    try write(
      rows, .accuracy(rows, metric: metric, budget: tokenBudget), of: evaluation,
      notes: TextTable.notes(rows, maxTokens: evaluation.settings.maxTokens, budget: tokenBudget),
      stoppedBy: signal)
  }

  /// Prints what was found.
  ///
  /// - Throws: `ExitCode.interrupted` when a signal has stopped the rest.
  private func write<Row: Encodable>(
    _ rows: [Row], _ table: TextTable<Row>, decisions: [DecisionRow]? = nil,
    of evaluation: Evaluation, metric: Metric? = nil,
    shares: [Double]? = nil, notes: String = "", stoppedBy signal: Int32?
  ) throws {
    switch format {
    case .json:
      try StandardOutput.writeJSON(
        EvalReport(
          model: evaluation.decoder.model.identity.name, metric: metric?.rawValue,
          judge: evaluation.judge?.identity.name, tokenBudget: tokenBudget, shares: shares,
          results: rows, decisions: decisions))
    case .table:
      let decided = decisions.map { "\n" + TextTable.decisions.text($0) } ?? ""
      try StandardOutput.write(table.text(rows) + decided + notes)
    }
    if let signal { throw ExitCode.interrupted(by: signal) }
  }

  // MARK: Problems

  private func problemsAsked() throws -> [Problem] {
    if let problems = try source.ofFile(count: count) { return problems }
    return try source.families().flatMap { family in
      let all = Array(family.levels(in: split))
      return switch levels {
      case .mixed: try problems(of: family, level: nil, each)
      case .each: try all.flatMap { try problems(of: family, level: $0, each) }
      case .hard:
        // The levels take turns, so that each is asked as often as the next.
        try all.suffix((all.count + 1) / 2).enumerated().flatMap { index, level in
          let levels = (all.count + 1) / 2
          return try problems(of: family, level: level, (each + levels - 1 - index) / levels)
        }
      }
    }
  }

  /// Problems of each family, where no number is given.
  private var each: Int { count ?? 50 }

  private func problems(
    of family: any ProblemFamily, level: Int?, _ count: Int
  ) throws -> [Problem] {
    try ProblemLibrary.problems(
      family: family.name, split: split, level: level, count: count,
      seed: options.asked.settings.seed)
  }
}

/// Shows how far work is, and says so where the user has stopped the rest.
private func showingProgress<Result: Sendable>(
  _ label: String, of total: Int,
  _ work: @Sendable (@escaping @Sendable (Int) -> Void) async throws -> Result
) async throws -> Result {
  let progress = ProgressLine()
  let result = try await work { progress.show(label, done: $0, of: total) }
  progress.clear()
  if Task.isCancelled {
    StandardError.tell("stopped; the figures are of the problems that were done.")
  }
  return result
}
