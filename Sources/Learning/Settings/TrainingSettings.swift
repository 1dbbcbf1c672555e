public import Traces
public import Training

/// What a training uses: the settings that were asked for, filled up with the recipe's defaults.
public struct TrainingSettings: Sendable, Hashable {
  public var used: RunSettings

  public init(_ used: RunSettings) { self.used = used }

  /// What holds when a recipe is asked for some settings.
  public init(_ asked: RunSettings, for recipe: RecipeDescription) {
    var used = asked
    for row in recipe.settings { row.fill(&used, from: recipe.defaults) }
    self.used = used
  }

  /// Looks whether a recipe can learn anything with them.
  ///
  /// - Throws: `LearningError`.
  func check(for recipe: RecipeDescription) throws(LearningError) {
    if recipe.settings.contains(.scaleRewards), samples < 2 {
      throw .nothingToCompare(recipe: recipe.name)
    }
    if recipe.settings.contains(.reward), reward.parts.allSatisfy({ $0.weight == 0 }) {
      throw .noReward(reward.description)
    }
  }

  /// What holds where neither a person nor a recipe says anything.
  public enum Usual {
    public static let rate = 1e-4
    public static let maxNorm = 1.0
    public static let warmup = 3
    public static let samples = 8
    public static let batch = 24
    public static let updates = 1
    public static let epsilon = 0.2
    public static let maxCompletionLength = 160
    public static let evaluateEvery = 2
    public static let evaluateProblems = 15
    public static let votes = 16
    public static let voteProblems = 5
    public static let lambda = 0.95
    public static let gamma = 1.0
    public static let valueRate = 1e-3
    public static let epochs = 2
    public static let minibatches = 2
    public static let iterations = 3
    /// The greatest share of replay: something has to be left to learn.
    public static let mostReplay = 0.9
    public static let alpha = 0.5
    public static let pairProblems = 240
    public static let pairsPerProblem = 2
    public static let teacherPrompting = "think"
    public static let distillTemperature = 1.0
    public static let rollouts = 8
    public static let searches = 4
    /// As for the algorithmic tasks of GenRM's paper.
    public static let solutionWeight = 1.0 / 3
  }

  public var seed: UInt64 { used.seed }
  public var rate: Double { used[extra: "rate"] ?? Usual.rate }
  public var decay: Double { used[extra: "decay"] ?? 0 }
  public var maxNorm: Double { used[extra: "max-norm"] ?? Usual.maxNorm }
  public var warmup: Int { used[extra: "warmup"] ?? Usual.warmup }
  public var schedule: RateCourse { used[extra: "schedule"] ?? .constant }
  /// Problems, or texts, a step.
  public var batch: Int { used[extra: "batch"] ?? Usual.batch }
  /// Samples a problem.
  public var samples: Int { used.samples ?? Usual.samples }
  /// What samples are drawn at.
  public var temperature: Double { used.temperature ?? 1 }
  public var updates: Int { used[extra: "updates"] ?? Usual.updates }
  public var loss: GRPO.Aggregation { used[extra: "loss"] ?? .grpo }
  public var scaling: RewardScaling { used[extra: "scale-rewards"] ?? .group }
  public var epsilon: Double { used[extra: "epsilon"] ?? Usual.epsilon }
  /// As `epsilon` where none is given.
  public var epsilonHigh: Double { used[extra: "epsilon-high"] ?? epsilon }
  public var beta: Double { used[extra: "beta"] ?? 0 }
  public var reward: RewardMix { used[extra: "reward"].flatMap { RewardMix($0) } ?? .exact }
  public var lengthTarget: Int { used[extra: "length-target"] ?? 0 }
  public var maxCompletionLength: Int {
    used[extra: "max-completion-length"] ?? Usual.maxCompletionLength
  }
  public var replay: Double { used[extra: "replay"] ?? 0 }
  /// How many documents are mixed in beside so many texts or completions.
  public func replayed(beside count: Int) -> Int {
    // A saved session may say anything.
    let share = replay > 0 ? min(replay, Usual.mostReplay) : 0
    return Int((Double(count) * share / (1 - share)).rounded())
  }
  public var meanOver: LossMean { used[extra: "mean-over"] ?? .tokens }
  public var evaluateEvery: Int { used[extra: "evaluate-every"] ?? Usual.evaluateEvery }
  public var evaluateProblems: Int { used[extra: "evaluate-problems"] ?? Usual.evaluateProblems }
  /// Samples a problem before and after training; 0 for no votes.
  public var votes: Int { used[extra: "votes"] ?? Usual.votes }
  public var voteProblems: Int { used[extra: "vote-problems"] ?? Usual.voteProblems }
  public var lambda: Double { used[extra: "lambda"] ?? Usual.lambda }
  public var gamma: Double { used[extra: "gamma"] ?? Usual.gamma }
  public var valueRate: Double { used[extra: "value-rate"] ?? Usual.valueRate }
  public var epochs: Int { used[extra: "epochs"] ?? Usual.epochs }
  public var minibatches: Int { used[extra: "minibatches"] ?? Usual.minibatches }
  public var labels: StepLabelling { used[extra: "labels"] ?? .exact }
  public var rollouts: Int { used[extra: "rollouts"] ?? Usual.rollouts }
  public var searches: Int { used[extra: "searches"] ?? Usual.searches }
  public var stepLikelihood: Bool { used[extra: "step-likelihood"] ?? false }
  public var target: ValueTarget { used[extra: "target"] ?? .policy }
  public var balance: Bool { used[extra: "balance"] ?? false }
  public var hints: Bool { used[extra: "hints"] ?? false }
  /// Rationales on each solution that a generative verifier learns from.
  public var rationales: Int { used.rationales ?? RunSettings.Usual.rationales }
  public var solutionWeight: Double { used[extra: "solution-weight"] ?? Usual.solutionWeight }
  public var iterations: Int { used[extra: "iterations"] ?? Usual.iterations }
  public var variant: TDPOVariant { used[extra: "variant"] ?? .tdpo2 }
  public var alpha: Double { used[extra: "alpha"] ?? Usual.alpha }
  /// The file of pairs that are learned from; nil for the model's own samples.
  public var pairs: String? { used[extra: "pairs"] }
  public var pairProblems: Int { used[extra: "pair-problems"] ?? Usual.pairProblems }
  public var pairsPerProblem: Int { used[extra: "pairs-per-problem"] ?? Usual.pairsPerProblem }
  /// The name or file of the model that is learned from.
  public var teacher: String? { used[extra: "teacher"] }
  public var teacherPrompting: String {
    used[extra: "teacher-prompting"] ?? Usual.teacherPrompting
  }
  public var from: DistillationSource { used[extra: "from"] ?? .logits }
  public var distillTemperature: Double {
    used[extra: "distill-temperature"] ?? Usual.distillTemperature
  }
}

/// Which of its two losses TDPO takes (Zeng et al. 2024).
public enum TDPOVariant: String, Sendable, Codable, CaseIterable, JSONScalar {
  case tdpo2, tdpo1
}

/// What is learned of a teacher.
public enum DistillationSource: String, Sendable, Codable, CaseIterable, JSONScalar {
  /// Its distributions.
  case logits
  /// What it says.
  case traces
}

/// How the learning rate goes on after its warm-up.
public enum RateCourse: String, Sendable, Codable, CaseIterable, JSONScalar {
  case constant
  /// Falls in a straight line, which would reach 0 one step after the last.
  case linear
}

/// What a group's rewards are divided by after their mean is taken away; TRL's `scale_rewards`.
public enum RewardScaling: String, Sendable, Codable, CaseIterable, JSONScalar {
  /// Their standard deviation.
  case group
  case none
}

extension JSONScalar where Self: RawRepresentable<String> {
  public init?(json: JSONValue) {
    guard let text = String(json: json) else { return nil }
    self.init(rawValue: text)
  }

  public var json: JSONValue { .string(rawValue) }
}

extension GRPO.Aggregation: Codable, JSONScalar {}
