public import Problems
public import Reasoning
public import Traces

/// What a person asks of a study: its kind, the problems, and what is not as usual. With the models
/// that are at hand it becomes a `Study`.
public struct StudyPlan: Sendable, Hashable {
  public var kind: StudyKind
  /// Families of problems; what is drawn is drawn from each alike.
  public var families: [String]
  public var split: ProblemSplit
  /// Problems of each family; in a study of difficulty, of each level.
  public var count: Int
  /// Seed, sampling and everything else that strategies heed. `samples` is the most that are drawn.
  public var settings: RunSettings
  /// The strategies of a study of strategies.
  public var strategies: [String]

  /// Strategies that are compared unless others are named.
  public static let defaultStrategies = [
    "greedy", "cot", "cot-decoding", "self-consistency", "best-of-n", "step-beam", "mcts",
    "budget-forcing",
  ]

  public init(
    kind: StudyKind, families: [String], split: ProblemSplit = .heldout, count: Int? = nil,
    settings: RunSettings = RunSettings(), strategies: [String] = StudyPlan.defaultStrategies
  ) {
    self.kind = kind
    self.families = families
    self.split = split
    self.count = count ?? Self.defaultCount(of: kind)
    self.settings = settings
    self.strategies = strategies
  }

  /// How many problems of a family, or of a level, are asked unless told otherwise.
  public static func defaultCount(of kind: StudyKind) -> Int { kind == .difficulty ? 10 : 20 }

  /// How many samples are drawn at most unless told otherwise.
  public static func defaultSamples(of kind: StudyKind) -> Int {
    switch kind {
    case .samples: 32
    case .size: 8
    case .strategies, .thinking, .difficulty: 16
    }
  }

  /// Draws the problems.
  ///
  /// - Throws: `ProblemError` for an unknown family.
  public func problems() throws -> [StudyProblem] {
    try families.flatMap { name in
      let family = try ProblemLibrary.family(name)
      // Only where levels are compared is each drawn as often as the next.
      let levels: [Int?] = kind == .difficulty ? family.levels(in: split).map { $0 } : [nil]
      return try levels.flatMap { level in
        try ProblemLibrary.problems(
          family: name, split: split, level: level, count: count, seed: settings.seed
        ).map { StudyProblem(question: Question($0), level: $0.level) }
      }
    }
  }

  /// The study of these problems with these models: a study of sizes takes them all, the others
  /// the first.
  ///
  /// - Parameters:
  ///   - subject: what the problems are of, where they are not of the families.
  ///   - library: where the texts of prompts are.
  /// - Throws: `StudyError`, or `StrategyError.unknown`.
  public func study(
    of problems: [StudyProblem], subject: String? = nil, models: [StudyModel],
    library: PromptLibrary
  ) throws -> Study {
    guard !problems.isEmpty else { throw StudyError.noProblems }
    guard let first = models.first else { throw StudyError.noModel }
    let models = kind == .size ? models : [first]
    return Study(
      kind: kind, subject: subject ?? families.joined(separator: ", "), problems: problems,
      texts: library.digest(settings), models: models, arms: try arms(models))
  }

  /// Whether a verifier of the settings' choice judges anything in it.
  public var isJudged: Bool {
    switch kind {
    case .samples: true
    case .strategies:
      strategies.contains { StrategyRegistry.description(of: $0)?.isJudged(settings) ?? false }
    case .thinking, .size, .difficulty: false
    }
  }

  private func arms(_ models: [StudyModel]) throws -> [StudyArm] {
    var settings = settings
    settings.detail = 0
    let limit = max(1, settings.samples ?? Self.defaultSamples(of: kind))
    switch kind {
    case .samples:
      settings.samples = limit
      settings.verifier = settings.verifier ?? BestOfN.defaultVerifier
      return [
        StudyArm(curves: [], knob: limit, strategy: BestOfN.description.name, settings: settings)
      ]
    case .thinking: return thinkingArms(settings)
    case .size: return models.indices.flatMap { sizeArms($0, models, settings, votes: limit) }
    case .strategies:
      guard !strategies.isEmpty else { throw StudyError.noStrategy }
      return try strategies.flatMap { try sweep($0, settings, upTo: limit) }
    case .difficulty:
      return [Prompting.plain, .think].map { prompting in
        settings.prompting = prompting.description
        return StudyArm(
          curves: [prompting.description], strategy: Greedy.description.name, settings: settings)
      }
    }
  }

  /// Budgets without a "Wait,", and ends taken back with the whole budget (arXiv 2501.19393,
  /// figure 4).
  private func thinkingArms(_ settings: RunSettings) -> [StudyArm] {
    let name = BudgetForcing.description.name
    let most = settings.thinkingBudget ?? settings.maxTokens
    let cut = Study.powers(from: 8, upTo: most).map { budget in
      var own = settings
      (own.thinkingBudget, own.waits) = (budget, 0)
      return StudyArm(curves: ["thinking budget"], knob: budget, strategy: name, settings: own)
    }
    return cut
      + [0, 1, 2, 4].map { waits in
        var own = settings
        (own.thinkingBudget, own.waits) = (most, waits)
        return StudyArm(curves: ["ends taken back"], knob: waits, strategy: name, settings: own)
      }
  }

  /// Of each size the final model; of a size with checkpoints those as well, as a curve of their
  /// own that ends in the final one.
  private func sizeArms(
    _ index: Int, _ models: [StudyModel], _ settings: RunSettings, votes: Int
  ) -> [StudyArm] {
    let model = models[index]
    let hasCheckpoints = models.contains { !$0.isFinal && $0.parameters == model.parameters }
    return [Greedy.description, ZeroShotCoT.description, SelfConsistency.description].map {
      let isVote = $0.shape == .votes
      let title = isVote ? "vote of \(votes)" : $0.name
      var own = settings
      own.samples = isVote ? votes : nil
      return StudyArm(
        curves: (model.isFinal ? [title] : []) + (hasCheckpoints ? ["\(title), in training"] : []),
        model: index, strategy: $0.name, settings: own)
    }
  }

  /// A strategy with its own knob turned up step by step.
  private func sweep(
    _ name: String, _ settings: RunSettings, upTo limit: Int
  ) throws -> [StudyArm] {
    guard let description = StrategyRegistry.description(of: name) else {
      throw StrategyError.unknown(name)
    }
    guard !description.traits.contains(.usesSeveralModels) else { throw StudyError.severalModels }
    var settings = settings
    // What the knob is not is as the strategy has it by itself.
    settings.samples = nil
    guard let knob = description.knob(settings) else {
      return [StudyArm(curves: [name], strategy: name, settings: settings)]
    }
    let most = knob.setting == .waits ? Self.mostWaits : limit
    return knob.values(upTo: most).map { value in
      StudyArm(
        curves: [name], knob: value, strategy: name, settings: knob.turned(to: value, in: settings))
    }
  }

  /// How many ends of thinking are taken back at most.
  private static let mostWaits = 4
}

/// Why there is nothing to study.
public enum StudyError: Error, Equatable, CustomStringConvertible {
  case noProblems
  case noModel
  case noStrategy
  case severalModels

  public var description: String {
    switch self {
    case .noProblems: "There are no problems to study; name a family or a file that has some."
    case .noModel: "There is no model to study."
    case .noStrategy: "Name at least one strategy to study."
    case .severalModels:
      "An ensemble spends tokens of several models; leave it out of a study of strategies."
    }
  }
}
