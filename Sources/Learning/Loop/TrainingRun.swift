public import Decoding
public import Foundation
import Problems
public import Reasoning
public import Traces
public import Training

/// One training: what it was asked, what it may use, and the events it leaves behind.
///
/// The same plan, model and seed give the same weights and events bit for bit, at any number of
/// threads, and whether or not training was interrupted on its way.
public final class TrainingRun {
  /// Its number in the trace.
  public let number: Int
  public let plan: TrainingPlan
  public let trainee: any Trainee
  public let recipe: RecipeDescription
  /// What is asked for with the recipe's defaults.
  public let settings: TrainingSettings
  /// Which model training began with.
  public let start: ModelIdentity
  /// Where checkpoints and the weights of steps are kept; nil for a trainee that cannot be.
  let files: TrainingFiles?
  let library: PromptLibrary
  let problems: TrainingProblems
  private let making: any Recipe.Type
  private let sink: @Sendable (TraceRecord) -> Void

  /// The step under way, from 1; before the first 0.
  public private(set) var step = 0
  /// Tokens that were learned from so far.
  private(set) var tokens = 0
  /// How the model judges solutions after the last step, where it is trained to.
  private var verifier: TrainedVerifier?
  /// What the step under way tells beside its metrics.
  private var samples: [TrainingSamples] = []
  /// How well documents that are mixed in were told, in the step under way.
  private var replayed: TextLoss?

  /// - Parameters:
  ///   - trainee: a model as it is before training.
  ///   - library: where prompt templates are looked up.
  ///   - folder: where checkpoints and the weights of steps are kept: of every step where they are
  ///     small enough, else of those that are measured. Training goes on from a checkpoint that is there. It is made where it is missing. nil keeps nothing.
  ///   - sink: receives every event, in order, on the training's own thread.
  /// - Throws: `LearningError` for an unknown recipe or no problems, `ProblemError` for an unknown
  ///   family or level.
  public init(
    number: Int = 1, _ plan: TrainingPlan, trainee: any Trainee, library: PromptLibrary,
    folder: URL? = nil, sink: @escaping @Sendable (TraceRecord) -> Void
  ) throws {
    guard let making = RecipeRegistry.all.first(where: { $0.description.name == plan.recipe })
    else { throw LearningError.unknownRecipe(plan.recipe) }
    self.making = making
    self.number = number
    self.plan = plan
    self.trainee = trainee
    self.library = library
    self.sink = sink
    recipe = making.description
    settings = TrainingSettings(plan.settings, for: making.description)
    try settings.check(for: making.description)
    problems = try TrainingProblems(plan.source, settings)
    start = (trainee as? any KeptTrainee)?.beginning ?? trainee.model.identity
    files = try TrainingFiles(folder, trainee)
  }

  public var vocabulary: any Vocabulary { trainee.model.vocabulary }

  func emit(_ event: TrainingEvent) { sink(TraceRecord(run: number, .training(event))) }

  /// Where the weights of a step come from.
  public func lineage(step: Int) -> Lineage {
    var lineage = Lineage(
      parent: start.name, parentHash: start.hash, recipe: plan.recipe, steps: step,
      verifier: verifier?.name.rawValue, verifierNumbers: verifier?.numbers ?? [:])
    lineage.seed = settings.seed
    lineage.rate = settings.rate
    lineage.problems = plan.source.text
    if recipe.settings.contains(.reward) { lineage.reward = settings.reward.description }
    return lineage
  }

  /// How the weights of a step are called, such as `2m+grpo@8`.
  public func name(step: Int) -> String { "\(start.name)+\(plan.recipe)@\(step)" }

  // MARK: For recipes

  /// The learning rate of the step under way.
  public var rate: Double { rate(of: settings.rate) }

  /// The rate of the step under way where the whole rate is another.
  func rate(of whole: Double) -> Double { rate(of: whole, at: step, of: plan.steps) }

  /// The rate of a step among so many, from 1, where the whole rate is another.
  func rate(of whole: Double, at step: Int, of steps: Int) -> Double {
    let schedule: RateSchedule =
      switch settings.schedule {
      case .constant: .warmUp(steps: settings.warmup)
      case .linear: .linear(warmUp: settings.warmup)
      }
    return whole * schedule.factor(at: step - 1, of: steps)
  }

  /// The model as it is now, for answering questions.
  func rollouts(_ prompting: Prompting? = nil) -> Rollouts {
    Rollouts(model: trainee.model, library: library, settings: settings, prompting: prompting)
  }

  /// The model as it was before training, for answering questions: what it says to one does not
  /// depend on what was learned meanwhile.
  ///
  /// - Throws: `ModelError`.
  func rolloutsAtStart(_ prompting: Prompting? = nil) throws -> Rollouts {
    Rollouts(
      model: try trainee.modelAtStart, library: library, settings: settings, prompting: prompting)
  }

  /// What a verifier learns to judge: answers that the model gave before training to the problems
  /// of a step, with log p of their tokens. They are the same whenever they are asked for.
  ///
  /// - Parameters:
  ///   - number: from 1; problems come again where it does.
  ///   - prompting: nil as the settings say.
  func candidates(ofStep number: Int, prompting: Prompting? = nil) async throws
    -> [CompletionGroup]
  {
    let questions = try problems.batch(settings.batch, ofStep: number).map { Question($0) }
    return try await rolloutsAtStart(prompting).answer(
      questions, count: settings.samples,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed,
        firstPath: (number - 1) * questions.count * settings.samples, keepsProbabilities: true))
  }

  /// The problems of the step under way.
  func batch() throws -> [Problem] { try problems.batch(settings.batch, ofStep: step) }

  /// Samples answers to the problems of the step under way, and rewards them.
  func sample() async throws -> [CompletionGroup] {
    let questions = try batch().map { Question($0) }
    var groups = try await rollouts().answer(
      questions, count: settings.samples,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed,
        firstPath: (step - 1) * questions.count * settings.samples))
    let mix = settings.reward
    let verdicts = mix.contains(.verdict) ? try await rollouts().verdicts(on: groups) : nil
    for group in groups.indices {
      for number in groups[group].completions.indices {
        groups[group].completions[number].reward = mix.reward(
          of: groups[group].completions[number], to: groups[group].question,
          verdict: verdicts?[group][number] ?? 0, lengthTarget: settings.lengthTarget,
          longest: settings.maxCompletionLength)
      }
    }
    return groups
  }

  /// Takes a step of the optimizer at the rate of the step under way, with the documents that
  /// `replay` mixes in.
  ///
  /// - Parameter completions: beside how many completions.
  /// - Returns: the gradients' norm before clipping.
  func update(beside completions: Int) throws -> Double {
    let share = min(settings.replay, 0.9)
    let count = Int((Double(completions) * share / (1 - share)).rounded())
    if count > 0 {
      let documents = try ReplayDocuments(seed: settings.seed, for: trainee.model)
        .texts(step: step, count: count)
      replayed = try trainee.learn(documents).reduce(TextLoss(), +)
    }
    return try trainee.update(rate: rate, maxNorm: settings.maxNorm)
  }

  /// Tells of samples together with the step under way.
  func tell(_ samples: [TrainingSamples]) { self.samples += samples }

  /// Counts tokens that were learned from.
  func learned(from count: Int) { tokens += count }

  /// The step under way, with the metrics that every step has.
  func told(_ metrics: [TrainingMetric: Double]) -> TrainingStep {
    var told = TrainingStep(step: step, metrics: [:])
    if let replayed { told[.replayLoss] = replayed.mean }
    for (metric, value) in metrics { told[metric] = value }
    told[.learningRate] = rate
    told[.tokens] = Double(tokens)
    return told
  }

  // MARK: The loop

  /// Trains to the end, on a thread of its own.
  ///
  /// Cancelling the surrounding task ends training within the step under way, whose samples are given
  /// up; all steps before it are kept.
  ///
  /// - Returns: how it ended, as the last event says: `completed`, or `stopped` by the control.
  /// - Throws: `CancellationError` when the task is cancelled, `LearningError`, `TrainingError`,
  ///   `StrategyError`, `CheckpointError` where a checkpoint is of another training, and
  ///   `GGUFError` where files cannot be written. The last event tells of it; the weights are the
  ///   last good ones.
  @discardableResult
  public func train(_ control: TrainingControl = TrainingControl()) async throws -> TrainingEnd {
    let thread = TrainingThread()
    defer { thread.stop() }
    return try await withTaskExecutorPreference(thread) { try await run(control) }
  }

  private func run(_ control: TrainingControl) async throws -> TrainingEnd {
    let recipe = making.init()
    var done = 0
    let end: TrainingEnd
    do {
      done = try takeUp(recipe)
      step = done
      emit(
        .started(
          TrainingStart(
            recipe: plan.recipe, model: start, seed: settings.seed, problems: plan.source.text,
            steps: plan.steps, settings: plan.settings, used: settings.used,
            probes: problems.probes, resumedAt: done)))
      if done == 0 { try await measureStart(recipe) }
      while done < plan.steps, await control.mayGoOn() {
        let began = ContinuousClock.now
        try await take(step: done + 1, recipe)
        done += 1
        let rest = control.pace - (ContinuousClock.now - began) / .seconds(1)
        if rest > 0, done < plan.steps { await control.wait(seconds: rest) }
      }
      try Task.checkCancellation()
      if done >= plan.steps {
        try await measureEnd()
        end = TrainingEnd(reason: .completed, step: done)
      } else {
        try writeWeights(done)
        end = TrainingEnd(reason: .stopped, step: done)
      }
    } catch is CancellationError {
      emit(.ended(TrainingEnd(reason: .stopped, step: done)))
      throw CancellationError()
    } catch {
      emit(.ended(TrainingEnd(reason: .failed, step: done, message: "\(error)")))
      throw error
    }
    emit(.ended(end))
    return end
  }

  /// Takes a step, and measures the model where it is time to. What is not done to its end is not
  /// done: the weights are those from before the step then.
  private func take(step number: Int, _ recipe: any Recipe) async throws {
    step = number
    samples = []
    replayed = nil
    do {
      let told = try await recipe.step(self)
      try checkWeights()
      verifier = recipe.verifier
      for group in samples { emit(.samples(group)) }
      emit(.step(told))
      let isMeasured = number % settings.evaluateEvery == 0 || number == plan.steps
      if isMeasured {
        try await evaluate()
      }
      if isMeasured || files?.keepsEveryStep(of: plan.steps) == true { try writeWeights(number) }
      try files?.save(self, state: recipe.state)
    } catch {
      // The first error is the one to report.
      if let known = try? files?.goBack(self, recipe) { tokens = known }
      verifier = recipe.verifier
      guard case TrainingError.notANumber = error else { throw error }
      // By the step of the recipe: it may have taken several of the optimizer.
      throw LearningError.notFinite(step: number, .gradients)
    }
  }

  /// Looks whether the model still tells probabilities, in training and where it decodes, whose
  /// arithmetic is another.
  private func checkWeights() throws {
    let broken = LearningError.notFinite(step: step, .weights)
    let known = vocabulary.tokenize(prompt: problems.probes.first?.text ?? "1")
    let prompt = known.isEmpty ? [0] : known
    var rows = PackedRows()
    rows.add(prompt: prompt, continuations: [[0]])
    let outcome = try trainee.forward(rows)
    guard outcome.logProbabilities.allSatisfy(\.isFinite), outcome.entropies.allSatisfy(\.isFinite)
    else { throw broken }
    // Where sums of squares overflow, what is divided by them is 0, and all tokens are alike.
    let most = log(Double(vocabulary.count)) - 1e-6
    guard outcome.entropies.allSatisfy({ Double($0) < most }) else { throw broken }
    guard try trainee.model.distribution(after: prompt).isProper else { throw broken }
  }

  /// Goes on from a checkpoint.
  ///
  /// - Returns: how many steps were taken.
  private func takeUp(_ recipe: any Recipe) throws -> Int {
    guard let found = try files?.load(self, recipe) else { return 0 }
    tokens = found.tokens
    verifier = recipe.verifier
    return found.step
  }
}

/// All recipes, by name.
public enum RecipeRegistry {
  /// Adding a recipe is one file, one test and one line here.
  public static let all: [any Recipe.Type] = [
    SFTRecipe.self, ContinuedPretrainingRecipe.self, RejectionSamplingRecipe.self, STaRRecipe.self,
    ReinforceRecipe.self, ReFTRecipe.self, GRPORecipe.self,
  ]

  public static var names: [String] { all.map { $0.description.name } }

  /// What a recipe is; nil for an unknown name.
  public static func description(of name: String) -> RecipeDescription? {
    all.first { $0.description.name == name }?.description
  }
}
