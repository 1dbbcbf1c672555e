public import Decoding
public import Problems

/// What happens while a model is trained. A training has a number of its own among the runs of its
/// trace; its weights are another model's at every step, so nothing of it is part of a run.
public enum TrainingEvent: Sendable, Hashable {
  case started(TrainingStart)
  case step(TrainingStep)
  case samples(TrainingSamples)
  case evaluation(TrainingEvaluation)
  case probe(TrainingProbe)
  case votes(TrainingVotes)
  case weights(TrainingWeights)
  case ended(TrainingEnd)
}

/// `training`: a training starts, or goes on where it was left.
public struct TrainingStart: Sendable, Hashable, Codable {
  /// Such as `grpo`.
  public var recipe: String
  /// The model that training begins with.
  public var model: ModelIdentity
  public var seed: UInt64
  /// What is trained on, in words: families, or the name of a file.
  public var problems: String
  /// The steps that are planned.
  public var steps: Int
  /// What was asked for.
  public var settings: RunSettings
  /// What the training uses: the settings with the recipe's defaults.
  public var used: RunSettings
  /// Some of the problems that it is measured on, which are answered again and again while it goes on.
  public var probes: [Question]
  /// The step it is taken up after; 0 for one that begins.
  public var resumedAt: Int
  /// The model that is learned from; nil without one.
  public var teacher: ModelIdentity?

  public init(
    recipe: String, model: ModelIdentity, seed: UInt64, problems: String, steps: Int,
    settings: RunSettings, used: RunSettings, probes: [Question] = [], resumedAt: Int = 0,
    teacher: ModelIdentity? = nil
  ) {
    self.recipe = recipe
    self.model = model
    self.seed = seed
    self.problems = problems
    self.steps = steps
    self.settings = settings
    self.used = used
    self.probes = probes
    self.resumedAt = resumedAt
    self.teacher = teacher
  }

  private enum CodingKeys: String, CodingKey {
    case recipe, model, seed, problems, steps, settings, used, probes, teacher
    case resumedAt = "resumed_at"
  }
}

/// `training_step`: a step of the optimizer was taken.
public struct TrainingStep: Sendable, Hashable, Codable {
  /// From 1.
  public var step: Int
  /// By the names that TRL gives them where it has one; see `TrainingMetric`.
  public var metrics: [String: Double]

  public init(step: Int, metrics: [String: Double]) {
    self.step = step
    self.metrics = metrics
  }

  public subscript(metric: TrainingMetric) -> Double? {
    get { metrics[metric.rawValue] }
    set { metrics[metric.rawValue] = newValue }
  }
}

/// What is told of a step, by the names that TRL logs (trl/trainer/grpo_trainer.py) where it logs
/// the same.
public enum TrainingMetric: String, Sendable, CaseIterable {
  case loss
  /// The gradients' norm before clipping.
  case gradientNorm = "grad_norm"
  case learningRate = "learning_rate"
  /// Tokens of the samples and texts trained on so far, each counted once with its prompt.
  case tokens = "num_tokens"
  /// The mean reward of the sampled completions.
  case reward
  /// The standard deviation of all rewards of the batch.
  case rewardDeviation = "reward_std"
  /// The share of groups whose rewards are all equal: nothing is learned from them.
  case deadGroups = "frac_reward_zero_std"
  /// In tokens.
  case meanLength = "completions/mean_length"
  /// The share of completions that were cut off by the limit of their length.
  case cutOff = "completions/clipped_ratio"
  /// The mean entropy in nats of the tokens' distributions.
  case entropy
  /// The mean over tokens of k3, which estimates the divergence from the reference.
  case divergence = "kl"
  /// The share of tokens whose ratio was clipped.
  case clipped = "clip_ratio/region_mean"
  case clippedLow = "clip_ratio/low_mean"
  case clippedHigh = "clip_ratio/high_mean"
  /// The share of sampled completions that the exact grader finds right; training does not see it
  /// unless it is the reward.
  case exact
  /// The share of sampled completions that reason before they answer.
  case reasoned
  /// The mean loss per token of documents that are mixed in against forgetting.
  case replayLoss = "replay_loss"
  /// How many texts there are to learn from.
  case texts
  /// The share of failures that are solved rightly with the answer as a hint.
  case rationalised
  /// The share of pairs in which the better text has the greater reward.
  case rewardAccuracy = "rewards/accuracies"
  /// By how much its reward is greater, in the mean.
  case rewardMargin = "rewards/margins"
  /// What a judge's Σ log p is multiplied with to be a reward.
  case rewardScale = "alpha"
  /// Of dev problems: the share that a majority of candidates gets right.
  case devMajority = "dev/majority"
  /// The same of the candidate that its own model finds likeliest, with nothing trained.
  case devLikelihood = "dev/likelihood"
  /// The same of the candidate that the judge ranks first.
  case devBestOf = "dev/best_of"
  /// The same of a vote weighted by the judge.
  case devWeighted = "dev/weighted"
  /// The mean loss per token of what is said on solutions, and of solutions.
  case verifyLoss = "loss/verify"
  case solveLoss = "loss/solve"
  /// The share of solutions on which a sampled rationale comes to the right verdict.
  case agreement
  case policyLoss = "loss/policy_avg"
  case valueLoss = "loss/value_avg"
  /// How well a judge in training tells, on problems that it has not learned from yet, steps that are
  /// right from the first wrong one (the area under the ROC curve).
  case stepArea = "auc/steps"
  /// The same of whole solutions.
  case solutionArea = "auc/solutions"
  /// The share of the same problems that are answered rightly by the sample with the best judgement.
  case bestOfN = "accuracy/best_of_n"
  /// By votes that count their judgement.
  case weightedVote = "accuracy/weighted_vote"
  /// By plain votes, which need no judge.
  case majority = "accuracy/majority"
  /// By the sample with the greatest Σ log p, which needs none either.
  case likeliest = "accuracy/likeliest"
  /// The mean label of the steps, or solutions, that are learned from.
  case labelMean = "labels/mean"
  /// Tokens that were sampled for labels.
  case labelTokens = "labels/num_tokens"
}

/// `training_samples`: what the model answered to one problem that it learns from, and the push that
/// each token got.
public struct TrainingSamples: Sendable, Hashable, Codable {
  public var step: Int
  public var question: Question
  public var samples: [TrainingSample]

  public init(step: Int, question: Question, samples: [TrainingSample]) {
    self.step = step
    self.question = question
    self.samples = samples
  }
}

/// What a model said, token by token.
public struct SaidTokens: Sendable, Hashable {
  public var tokens: [Token]

  public init(_ tokens: [Token]) { self.tokens = tokens }

  /// The text, ill-formed bytes shown as U+FFFD.
  public var text: String { String(decoding: tokens.flatMap(\.bytes), as: UTF8.self) }
}

extension SaidTokens: Codable {
  private enum Key: String, CodingKey { case text, tokens, bytes }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(text, forKey: .text)
    try container.encode(tokens.map(\.id), forKey: .tokens)
    try container.encode(tokens.map(\.bytes), forKey: .bytes)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let ids = try container.decode([TokenID].self, forKey: .tokens)
    let bytes = try container.decode([[UInt8]].self, forKey: .bytes)
    guard ids.count == bytes.count else {
      throw Swift.DecodingError.dataCorruptedError(
        forKey: .bytes, in: container, debugDescription: "tokens and bytes must be equally many.")
    }
    tokens = zip(ids, bytes).map { Token(id: $0, bytes: $1) }
  }
}

/// One completion, as training sees it.
public struct TrainingSample: Sendable, Hashable, Codable {
  public var said: SaidTokens
  /// −∂ loss / ∂ log p of each token, as a share of the greatest one of the problem's samples:
  /// above 0 the token becomes likelier, below less likely.
  public var push: [Double]
  public var answer: String?
  public var reward: Double
  /// Whether the exact grader finds it right.
  public var isRight: Bool
  public var reasons: Bool
  /// nil for texts that were not sampled, or are not compared.
  public var advantage: Double?
  /// The mean of π / π_sampled over its tokens in the batch's last update.
  public var ratio: Double?
  /// The share of its tokens whose ratio was clipped in the batch's last update.
  public var clipped: Double?
  /// The mean of k3 over its tokens; nil without a reference.
  public var divergence: Double?
  /// Whether it is the better text of a pair; nil for what is in none. A pair's texts follow each
  /// other, the better one first.
  public var isChosen: Bool?
  /// log π / π_ref of each token before the step, where texts are learned from in pairs.
  public var logRatio: [Double]?
  /// KL(π_ref ‖ π) over the whole vocabulary at each token before the step, in nats, likewise.
  public var klPerToken: [Double]?
  /// What teacher and student find of each token, where a teacher's distributions are learned.
  public var odds: [TokenOdds]?

  public init(
    said: SaidTokens, push: [Double], answer: String?, reward: Double, isRight: Bool,
    reasons: Bool, advantage: Double? = nil, ratio: Double? = nil, clipped: Double? = nil,
    divergence: Double? = nil, isChosen: Bool? = nil, logRatio: [Double]? = nil,
    klPerToken: [Double]? = nil, odds: [TokenOdds]? = nil
  ) {
    self.said = said
    self.push = push
    self.answer = answer
    self.reward = reward
    self.isRight = isRight
    self.reasons = reasons
    self.advantage = advantage
    self.ratio = ratio
    self.clipped = clipped
    self.divergence = divergence
    self.isChosen = isChosen
    self.logRatio = logRatio
    self.klPerToken = klPerToken
    self.odds = odds
  }

  private enum CodingKeys: String, CodingKey {
    case said, push, answer, reward, reasons, advantage, ratio, clipped, odds
    case isRight = "right"
    case divergence = "kl"
    case isChosen = "chosen"
    case logRatio = "log_ratio"
    case klPerToken = "kl_per_token"
  }
}

/// `training_evaluation`: how well the weights of a step answer problems, greedily.
public struct TrainingEvaluation: Sendable, Hashable, Codable {
  /// Counts of one family, or of all.
  public struct Counts: Sendable, Hashable, Codable {
    public var problems: Int
    public var right: Int
    /// Answers that reason first.
    public var reasoned: Int

    public init(problems: Int = 0, right: Int = 0, reasoned: Int = 0) {
      self.problems = problems
      self.right = right
      self.reasoned = reasoned
    }

    public static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        problems: a.problems + b.problems, right: a.right + b.right,
        reasoned: a.reasoned + b.reasoned)
    }
  }

  public var step: Int
  /// `dev` while training goes on, for problems that are not trained on; `train` where there are too
  /// few to keep any back; `heldout` for the final figure.
  public var split: ProblemSplit
  /// How the questions are put: `plain`, or `think` for what to compare with.
  public var prompting: String
  public var families: [String: Counts]
  /// The mean length of an answer in tokens.
  public var meanLength: Double

  public init(
    step: Int, split: ProblemSplit, prompting: String, families: [String: Counts],
    meanLength: Double
  ) {
    self.step = step
    self.split = split
    self.prompting = prompting
    self.families = families
    self.meanLength = meanLength
  }

  public var all: Counts { families.values.reduce(Counts(), +) }

  private enum CodingKeys: String, CodingKey {
    case step, split, prompting, families
    case meanLength = "mean_length"
  }
}

/// `training_probe`: how the weights of a step answer one of the training's probes, greedily.
public struct TrainingProbe: Sendable, Hashable, Codable {
  public var step: Int
  /// An index into the probes of the training's start.
  public var probe: Int
  public var said: SaidTokens
  /// p of each token.
  public var probabilities: [Double]
  public var answer: String?
  public var isRight: Bool

  public init(
    step: Int, probe: Int, said: SaidTokens, probabilities: [Double], answer: String?,
    isRight: Bool
  ) {
    self.step = step
    self.probe = probe
    self.said = said
    self.probabilities = probabilities
    self.answer = answer
    self.isRight = isRight
  }

  private enum CodingKeys: String, CodingKey {
    case step, probe, said, probabilities, answer
    case isRight = "right"
  }
}

/// `training_votes`: what votes and luck make of samples of the weights of a step, on some of the
/// problems that are measured on.
public struct TrainingVotes: Sendable, Hashable, Codable {
  /// A share of problems with its 95 % interval.
  public struct Share: Sendable, Hashable, Codable {
    public var value: Double
    public var low: Double
    public var high: Double

    public init(_ value: Double, _ interval: ClosedRange<Double>) {
      self.value = value
      (low, high) = (interval.lowerBound, interval.upperBound)
    }
  }

  public var step: Int
  public var problems: Int
  /// Samples a problem.
  public var samples: Int
  /// One sample's accuracy: pass@1.
  public var one: Share
  /// The majority's: maj@samples.
  public var majority: Share
  /// Whether any is right: pass@samples.
  public var any: Share
  /// Different answers a problem.
  public var distinct: Double

  public init(
    step: Int, problems: Int, samples: Int, one: Share, majority: Share, any: Share,
    distinct: Double
  ) {
    self.step = step
    self.problems = problems
    self.samples = samples
    self.one = one
    self.majority = majority
    self.any = any
    self.distinct = distinct
  }
}

/// `training_weights`: the weights of a step are a file, which opens like any model.
public struct TrainingWeights: Sendable, Hashable, Codable {
  public var step: Int
  /// Where it was written; it may be gone by now.
  public var path: String
  /// The digest by which runs name the model.
  public var hash: String
  /// Such as `2m+grpo@8`.
  public var name: String

  public init(step: Int, path: String, hash: String, name: String) {
    self.step = step
    self.path = path
    self.hash = hash
    self.name = name
  }
}

/// `training_finished`: a training has ended.
public struct TrainingEnd: Sendable, Hashable, Codable {
  public enum Reason: String, Sendable, Codable {
    case completed
    /// On purpose: it can go on.
    case stopped
    case failed
  }

  public var reason: Reason
  /// The last step whose weights are good.
  public var step: Int
  /// What went wrong, when `failed`.
  public var message: String?

  public init(reason: Reason, step: Int, message: String? = nil) {
    self.reason = reason
    self.step = step
    self.message = message
  }
}

// MARK: The fold

/// What is known about one training.
public struct TrainingTrace: Sendable, Hashable {
  public private(set) var start: TrainingStart?
  /// By their number.
  public private(set) var steps: [Int: TrainingStep] = [:]
  /// By step, in the order in which they came.
  public private(set) var samples: [Int: [TrainingSamples]] = [:]
  /// In order of their steps.
  public private(set) var evaluations: [TrainingEvaluation] = []
  /// By step, then by probe.
  public private(set) var probes: [Int: [Int: TrainingProbe]] = [:]
  public private(set) var votes: [TrainingVotes] = []
  /// By step.
  public private(set) var weights: [Int: TrainingWeights] = [:]
  public private(set) var end: TrainingEnd?

  public init() {}

  /// The last step that was taken; 0 before the first.
  public var lastStep: Int { steps.keys.max() ?? 0 }

  /// Whether its figures are of the problems that it trains on, for want of others.
  public var isMeasuredOnTraining: Bool { evaluations.contains { $0.split == .train } }

  public mutating func apply(_ event: TrainingEvent) {
    switch event {
    case .started(let start):
      self.start = start
      end = nil
      // It may have been killed after steps that no checkpoint holds: they are taken again.
      forget(after: start.resumedAt)
    case .step(let step): steps[step.step] = step
    case .samples(let group):
      samples[group.step, default: []].removeAll { $0.question == group.question }
      samples[group.step, default: []].append(group)
    case .evaluation(let evaluation):
      evaluations.removeAll {
        $0.step == evaluation.step && $0.prompting == evaluation.prompting
          && $0.split == evaluation.split
      }
      let place = evaluations.firstIndex { $0.step > evaluation.step } ?? evaluations.endIndex
      evaluations.insert(evaluation, at: place)
    case .probe(let probe): probes[probe.step, default: [:]][probe.probe] = probe
    case .votes(let vote):
      votes.removeAll { $0.step == vote.step }
      votes.append(vote)
    case .weights(let file): weights[file.step] = file
    case .ended(let end): self.end = end
    }
  }

  private mutating func forget(after step: Int) {
    steps = steps.filter { $0.key <= step }
    samples = samples.filter { $0.key <= step }
    evaluations.removeAll { $0.step > step }
    probes = probes.filter { $0.key <= step }
    votes.removeAll { $0.step > step }
    weights = weights.filter { $0.key <= step }
  }
}
