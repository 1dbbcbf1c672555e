public import Traces
import Training

extension SettingTable {
  /// The settings of trainings. What runs have as well, such as the temperature, is the same row.
  ///
  /// Adding a setting is one row below, its place here, and a line of `TrainingSettings`.
  public static let training = SettingTable([
    .rate, .batch, .samples, .temperature, .topK, .topP, .maxCompletionLength, .prompting,
    .reward, .verifierModel, .lengthTarget, .loss, .scaleRewards, .updates, .epochs, .minibatches,
    .epsilon,
    .epsilonHigh, .beta, .variant, .alpha, .pairs, .pairProblems, .pairsPerProblem, .teacher,
    .teacherPrompting, .from, .distillTemperature, .lambda, .gamma, .valueRate, .labels, .rollouts,
    .searches, .stepLikelihood, .target, .balance, .iterations, .hints, .rationales,
    .solutionWeight, .meanOver, .replay, .schedule,
    .warmup, .maxNorm, .decay, .evaluateEvery, .evaluateProblems, .votes, .voteProblems, .seed,
  ])
}

extension SettingTable {
  /// The settings of labelling steps: rows of trainings.
  public static let labelling = SettingTable([
    .samples, .rollouts, .searches, .temperature, .topK, .topP, .maxCompletionLength, .prompting,
    .seed,
  ])
}

extension [Setting] {
  /// What every training can be told.
  public static let ofEveryTraining: [Setting] = [
    .rate, .schedule, .warmup, .maxNorm, .decay, .maxCompletionLength, .prompting, .evaluateEvery,
    .evaluateProblems, .votes, .voteProblems, .seed,
  ]

  /// What every training that learns from samples of its own can be told beside that.
  public static let ofSampling: [Setting] = [
    .batch, .samples, .temperature, .reward, .verifierModel, .lengthTarget, .replay,
  ]
}

extension Setting {
  typealias Usual = TrainingSettings.Usual

  public static let rate = number(
    "rate", "the learning rate: how far a step goes",
    more: "Ten times the default breaks most small models.", at: \.[extra: "rate"], in: 0...1e9,
    ladder: .rungs([1e-5, 3e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 3e-3]), usual: Usual.rate)

  public static let batch = whole(
    "batch", "how many problems, or texts, a step learns from", at: \.[extra: "batch"],
    in: 1...100_000, ladder: .rungs([1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]),
    usual: Usual.batch)

  public static let maxCompletionLength = whole(
    "max-completion-length", "how many tokens an answer may have in training",
    more: "An answer that is cut off there is wrong unless it has said its answer.",
    at: \.[extra: "max-completion-length"], in: 1...100_000,
    ladder: .rungs([16, 32, 64, 96, 128, 160, 256, 512, 1024]), usual: Usual.maxCompletionLength)

  public static let reward = text(
    "reward", "what samples are rewarded for: exact, format, length, self, judge or planted",
    more:
      "Several with weights, such as exact,format:0.2. judge is the score of --verifier-model. planted "
      + "can be cheated on purpose: it pays wherever the right answer is named.",
    at: \.[extra: "reward"],
    .text(
      what: "exact, format, length, self, judge or planted, or several such as exact,format:0.2",
      names: RewardKind.allCases.map(\.rawValue)),
    cycle: [nil] + RewardKind.allCases.dropFirst().map(\.rawValue),
    unset: RewardKind.exact.rawValue, parse: { RewardMix($0)?.description })

  public static let lengthTarget = whole(
    "length-target", "the length in tokens that the length reward likes best; 0 likes short ones",
    at: \.[extra: "length-target"], in: 0...100_000,
    ladder: .rungs([0, 10, 20, 30, 50, 80, 120]), usual: 0)

  public static let loss = choice(
    "loss", "how tokens' terms become one loss: grpo, dr_grpo, bnpo or dapo",
    more: "grpo takes the mean of each answer's mean; the others weigh long answers more. bnpo and "
      + "dapo are the same here, since a batch is one update.",
    at: \.[extra: "loss"], usual: GRPO.Aggregation.grpo)

  public static let scaleRewards = choice(
    "scale-rewards", "group divides advantages by their group's deviation; none does not",
    at: \.[extra: "scale-rewards"], usual: RewardScaling.group)

  public static let updates = whole(
    "updates", "how many updates a batch of samples is used for",
    more: "With one, the ratio to the sampling policy is 1 and nothing is clipped.",
    at: \.[extra: "updates"], in: 1...100, ladder: .rungs([1, 2, 3, 4, 6, 8]),
    usual: Usual.updates)

  public static let epochs = whole(
    "epochs", "how often a batch of samples is gone through", at: \.[extra: "epochs"],
    in: 1...100, ladder: .rungs([1, 2, 3, 4, 6, 8]), usual: Usual.epochs)

  public static let minibatches = whole(
    "minibatches", "how many parts a batch of samples is cut into, an update each",
    at: \.[extra: "minibatches"], in: 1...1000, ladder: .rungs([1, 2, 3, 4, 8]),
    usual: Usual.minibatches)

  public static let epsilon = number(
    "epsilon", "how far below 1 a ratio may fall before it is clipped",
    at: \.[extra: "epsilon"], in: 0...1, ladder: .rungs([0.05, 0.1, 0.2, 0.3, 0.5]),
    usual: Usual.epsilon)

  public static let epsilonHigh = number(
    "epsilon-high", "how far above 1 a ratio may rise; as epsilon where it is off",
    more: "dapo takes 0.28.", at: \.[extra: "epsilon-high"], in: 0...100,
    ladder: .rungsFromOff([0.1, 0.2, 0.28, 0.4, 1]), traits: .canBeOff)

  public static let beta = number(
    "beta", "the weight of the divergence from the model that training began with",
    at: \.[extra: "beta"], in: 0...1000, ladder: .rungs([0, 0.001, 0.01, 0.04, 0.05, 0.1, 0.5]),
    usual: 0)

  public static let variant = choice(
    "variant", "tdpo2 holds only the rejected answer's divergence down; tdpo1 weighs both",
    at: \.[extra: "variant"], usual: TDPOVariant.tdpo2)

  public static let alpha = number(
    "alpha", "what whole distributions count: the divergences in tdpo2, the teacher in distill",
    at: \.[extra: "alpha"], in: 0...1, ladder: .rungs([0, 0.1, 0.2, 0.5, 0.7, 0.9, 1]),
    usual: Usual.alpha)

  public static let pairs = text(
    "pairs", "a file of pairs to learn from: JSON Lines with prompt, chosen and rejected",
    more: "Without one the model's own samples are paired, right ones with wrong ones.",
    at: \.[extra: "pairs"], .path(what: "a file of pairs", names: []), unset: "its own samples")

  public static let pairProblems = whole(
    "pair-problems", "of how many problems samples are paired", at: \.[extra: "pair-problems"],
    in: 1...100_000, ladder: .rungs([12, 24, 48, 96, 192, 240, 384, 480]),
    usual: Usual.pairProblems)

  public static let pairsPerProblem = whole(
    "pairs-per-problem", "how many pairs a problem gives at most",
    at: \.[extra: "pairs-per-problem"], in: 1...1000, ladder: .rungs([1, 2, 3, 4, 8]),
    usual: Usual.pairsPerProblem)

  public static let teacher = text(
    "teacher", "the model to learn from: a GGUF file, or a name as 'ponder models' lists it",
    at: \.[extra: "teacher"], .path(what: "a model", names: []), unset: "none")

  public static let teacherPrompting = text(
    "teacher-prompting", "how the teacher is asked; the student is asked as prompting says",
    at: \.[extra: "teacher-prompting"],
    .path(
      what: "plain, think, few-shot or a template file", names: ["plain", "think", "few-shot"]),
    cycle: [nil, "plain", "think", "few-shot"], unset: Usual.teacherPrompting)

  public static let from = choice(
    "from", "traces learns what the teacher says; logits what it thinks likely, token by token",
    more: "logits takes a teacher with the student's vocabulary.",
    at: \.[extra: "from"], usual: DistillationSource.logits)

  public static let distillTemperature = number(
    "distill-temperature", "divides both models' logits before they are compared",
    at: \.[extra: "distill-temperature"], in: 0.01...100, ladder: .rungs([0.5, 1, 2, 3, 4, 8]),
    usual: Usual.distillTemperature)

  public static let lambda = number(
    "lambda", "how far advantages look ahead: 1 to the end, 0 to the next value",
    at: \.[extra: "lambda"], in: 0...1, ladder: .rungs([0, 0.5, 0.8, 0.9, 0.95, 0.99, 1]),
    usual: Usual.lambda)

  public static let gamma = number(
    "gamma", "how much a reward one token later counts", at: \.[extra: "gamma"], in: 0...1,
    ladder: .rungs([0.9, 0.95, 0.99, 1]), usual: Usual.gamma)

  public static let valueRate = number(
    "value-rate", "the learning rate of the value head", at: \.[extra: "value-rate"], in: 0...1e9,
    ladder: .rungs([1e-4, 3e-4, 1e-3, 3e-3, 1e-2]), usual: Usual.valueRate)

  public static let labels = choice(
    "labels", "where the labels of steps come from",
    more: "exact asks the step checker, outcome broadcasts whether the answer is right; the others "
      + "sample completions from behind steps.", at: \.[extra: "labels"],
    usual: StepLabelling.exact)

  public static let rollouts = whole(
    "rollouts", "how many completions from behind a step make its label", at: \.[extra: "rollouts"],
    in: 1...1024, ladder: .rungs([1, 2, 4, 8, 16, 32, 64]), usual: Usual.rollouts)

  public static let searches = whole(
    "searches", "how many binary searches for a first wrong step omega makes for a problem",
    at: \.[extra: "searches"], in: 1...1000, ladder: .rungs([1, 2, 4, 8, 16]),
    usual: Usual.searches)

  public static let stepLikelihood = onOff(
    "step-likelihood", "lets a judge see how likely each step was where it was sampled",
    at: \.[extra: "step-likelihood"])

  public static let target = choice(
    "target", "optimal learns what the best next step is worth, policy what the usual one is",
    at: \.[extra: "target"], usual: ValueTarget.policy)

  public static let balance = onOff(
    "balance", "makes right and wrong count alike in the loss", at: \.[extra: "balance"])

  public static let iterations = whole(
    "iterations", "how often samples are drawn anew and learned from",
    more: "The steps are shared out among them as equally as can be.", at: \.[extra: "iterations"],
    in: 1...1000, ladder: .rungs([1, 2, 3, 4, 5, 8]), usual: Usual.iterations)

  public static let hints = onOff(
    "hints", "asks again with the answer as a hint where the model fails", at: \.[extra: "hints"])

  public static let solutionWeight = number(
    "solution-weight", "what learning to solve counts beside learning to verify",
    at: \.[extra: "solution-weight"], in: 0...1000, ladder: .rungs([0, 0.1, 0.25, 0.5, 1, 2]),
    usual: Usual.solutionWeight)

  public static let replay = number(
    "replay", "the share of curriculum documents mixed in against forgetting",
    at: \.[extra: "replay"], in: 0...Usual.mostReplay,
    ladder: .rungs([0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]), usual: 0)

  public static let meanOver = choice(
    "mean-over", "whether the loss is a mean over all tokens or over texts",
    more: "Over texts, short answers weigh as much as long ones.",
    at: \.[extra: "mean-over"], usual: LossMean.tokens)

  public static let schedule = choice(
    "schedule", "constant keeps the rate; linear lets it fall, to 0 one step after the last",
    at: \.[extra: "schedule"], usual: RateCourse.constant)

  public static let warmup = whole(
    "warmup", "over how many first steps the rate rises", at: \.[extra: "warmup"],
    in: 0...1_000_000, ladder: .rungs([0, 1, 2, 3, 5, 10, 20]), usual: Usual.warmup)

  public static let maxNorm = number(
    "max-norm", "longer gradients are cut to this norm", at: \.[extra: "max-norm"], in: 0...1e9,
    ladder: .rungs([0.1, 0.2, 0.5, 1, 2, 5, 10]), usual: Usual.maxNorm)

  public static let decay = number(
    "decay", "the share of itself that a weight loses at each step, times the rate",
    at: \.[extra: "decay"], in: 0...100, ladder: .rungs([0, 0.001, 0.01, 0.1]), usual: 0)

  public static let evaluateEvery = whole(
    "evaluate-every", "after how many steps the model is measured",
    more: "What training changes can happen within two steps.", at: \.[extra: "evaluate-every"],
    in: 1...1_000_000, ladder: .rungs([1, 2, 4, 5, 10, 20]), usual: Usual.evaluateEvery)

  public static let evaluateProblems = whole(
    "evaluate-problems", "how many problems of each family it is measured on",
    more: "Of a file's problems a tenth at most.", at: \.[extra: "evaluate-problems"],
    in: 1...100_000, ladder: .rungs([2, 5, 10, 15, 30, 50, 100]), usual: Usual.evaluateProblems)

  public static let votes = whole(
    "votes", "how many samples vote before and after training; 0 for no votes",
    at: \.[extra: "votes"], in: 0...10_000, ladder: .rungs([0, 4, 8, 16, 32, 64]),
    usual: Usual.votes)

  public static let voteProblems = whole(
    "vote-problems", "on how many problems of each family they vote",
    at: \.[extra: "vote-problems"], in: 1...100_000, ladder: .rungs([2, 5, 10, 15, 30, 50]),
    usual: Usual.voteProblems)
}
