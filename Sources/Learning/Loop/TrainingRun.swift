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
  public private(set) var settings: TrainingSettings
  /// What it learns from beside its problems.
  public let materials: TrainingMaterials
  /// Which model training began with.
  public let start: ModelIdentity
  /// Where checkpoints and the weights of steps are kept; nil for a trainee that cannot be.
  let files: TrainingFiles?
  let library: PromptLibrary
  let problems: TrainingProblems
  private let making: any Recipe.Type
  private let sink: @Sendable (TraceRecord) -> Void

  /// When large checkpoints are written.
  var checkpoints = CheckpointPace()

  /// The step under way, from 1; before the first 0.
  public internal(set) var step = 0
  /// The last step whose weights, optimizer and recipe there are.
  private var done = 0
  /// Tokens that were learned from so far.
  private(set) var tokens = 0
  /// How the model judges solutions after the last step, where it is trained to.
  private(set) var verifier: TrainedVerifier?
  /// What the step under way tells beside its metrics.
  private(set) var samples: [TrainingSamples] = []
  /// How well documents that are mixed in were told, in the step under way.
  private var replayed: TextLoss?

  /// - Parameters:
  ///   - trainee: a model as it is before training.
  ///   - materials: what the recipe's settings name beside the problems.
  ///   - library: where prompt templates are looked up.
  ///   - folder: where checkpoints and the weights of steps are kept: of every step where they are
  ///     small enough, else of those that are measured. Training goes on from a checkpoint that is
  ///     there. It is made where it is missing. nil keeps nothing.
  ///   - sink: receives every event, in order, on the training's own thread.
  /// - Throws: `LearningError` for an unknown recipe, settings that it cannot follow, no problems, or
  ///   a missing or unsuitable teacher, `ProblemError` for an unknown family or level.
  public init(
    number: Int = 1, _ plan: TrainingPlan, trainee: any Trainee,
    materials: TrainingMaterials = TrainingMaterials(), library: PromptLibrary,
    folder: URL? = nil, sink: @escaping @Sendable (TraceRecord) -> Void
  ) throws {
    guard let making = RecipeRegistry.all.first(where: { $0.description.name == plan.recipe })
    else { throw LearningError.unknownRecipe(plan.recipe) }
    try plan.check()
    self.making = making
    self.number = number
    self.plan = plan
    self.trainee = trainee
    self.library = library
    self.sink = sink
    recipe = making.description
    settings = TrainingSettings(plan.settings, for: making.description)
    settings.used = settings.used.dated(for: [trainee.model])
    self.materials = materials
    try materials.check(for: making.description, settings, student: trainee.model)
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
      verifier: verifier?.name.rawValue, verifierNumbers: verifier?.numbers ?? [:],
      teacher: materials.teacher?.identity.name, teacherHash: materials.teacher?.identity.hash)
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
    // An iteration that the rate only rose in would hardly learn from what it sampled.
    let longest = recipe.hasIterations ? plan.steps / max(1, settings.iterations) : .max
    let warmup = min(settings.warmup, longest)
    let schedule: RateSchedule =
      switch settings.schedule {
      case .constant: .warmUp(steps: warmup)
      case .linear: .linear(warmUp: warmup)
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
    let judged =
      mix.contains(.judge) ? try await materials.judge?.rewards(of: groups, by: vocabulary) : nil
    for group in groups.indices {
      for number in groups[group].completions.indices {
        groups[group].completions[number].reward = mix.reward(
          of: groups[group].completions[number], to: groups[group].question,
          verdict: verdicts?[group][number] ?? 0, judged: judged?[group][number] ?? 0,
          lengthTarget: settings.lengthTarget, longest: settings.maxCompletionLength)
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
    let count = settings.replayed(beside: completions)
    if count > 0 {
      let documents = try ReplayDocuments(seed: settings.seed, for: trainee.model)
        .texts(step: step, count: count)
      if replayed == nil { learned(from: documents.reduce(0) { $0 + $1.count }) }
      replayed = try trainee.learn(documents).reduce(TextLoss(), +)
    }
    return try trainee.update(rate: rate, maxNorm: settings.maxNorm)
  }

  /// Tells of samples together with the step under way.
  func tell(_ samples: [TrainingSamples]) { self.samples += samples }

  /// Counts tokens that were learned from, once each and with the prompts before them, as TRL does.
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
    let end: TrainingEnd
    do {
      done = try takeUp(recipe)
      step = done
      emit(
        .started(
          TrainingStart(
            recipe: plan.recipe, model: start, seed: settings.seed, problems: plan.source.text,
            steps: plan.steps, settings: plan.settings, used: settings.used,
            probes: problems.probes, resumedAt: done, teacher: materials.teacher?.identity)))
      if done == 0 { try await measureStart(recipe) }
      while done < plan.steps, await control.mayGoOn() {
        let began = ContinuousClock.now
        try await take(step: done + 1, recipe)
        let rest = control.pace - (ContinuousClock.now - began) / .seconds(1)
        if rest > 0, done < plan.steps { await control.wait(seconds: rest) }
      }
      try Task.checkCancellation()
      try files?.settle(self)
      if done >= plan.steps {
        try await measureEnd()
        end = TrainingEnd(reason: .completed, step: done)
      } else {
        try writeWeights(done)
        end = TrainingEnd(reason: .stopped, step: done)
      }
    } catch is CancellationError {
      try? files?.settle(self)
      emit(.ended(TrainingEnd(reason: .stopped, step: done)))
      throw CancellationError()
    } catch {
      try? files?.settle(self)
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
      try files?.keep(self, state: recipe.state, isDue: isMeasured)
      done = number
    } catch {
      try goBack(recipe, after: error)
      guard case TrainingError.notANumber = error else { throw error }
      // By the step of the recipe: it may have taken several of the optimizer.
      throw LearningError.notFinite(step: number, .gradients)
    }
  }

  /// Goes back to before the step under way, or to the last checkpoint.
  ///
  /// - Throws: `LearningError.lostWeights` where that fails: then the weights are of no step.
  private func goBack(_ recipe: any Recipe, after error: any Error) throws {
    guard let files else { return }
    do {
      (done, tokens) = try files.goBack(self, recipe)
    } catch let reason {
      throw LearningError.lostWeights(step: step, cause: "\(error)", reason: "\(reason)")
    }
    verifier = recipe.verifier
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
    // Prompts stay as they were.
    if let date = found.date { settings.used.date = date }
    verifier = recipe.verifier
    return found.step
  }
}

/// All recipes, by name.
public enum RecipeRegistry {
  /// Adding a recipe is one file, one test and one line here.
  public static let all: [any Recipe.Type] = [
    SFTRecipe.self, ContinuedPretrainingRecipe.self, RejectionSamplingRecipe.self, STaRRecipe.self,
    ReinforceRecipe.self, ReFTRecipe.self, GRPORecipe.self, DPORecipe.self, TDPORecipe.self,
    DistillationRecipe.self, PRMRecipe.self, ValueRecipe.self, ORMRecipe.self,
    ImplicitPRMRecipe.self, GenRMRecipe.self,
  ]

  public static var names: [String] { all.map { $0.description.name } }

  /// What a recipe is; nil for an unknown name.
  public static func description(of name: String) -> RecipeDescription? {
    all.first { $0.description.name == name }?.description
  }
}
