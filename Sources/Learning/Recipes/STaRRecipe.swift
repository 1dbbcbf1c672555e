import Decoding
import Problems
import Reasoning
public import Traces
import Training

/// Self-taught reasoner: the model solves problems, learns from its own right solutions, and solves
/// others with what it has learned.
///
/// In the first iteration it has to be asked to reason; the trigger is no part of what is learned, so
/// that it reasons without being asked afterwards. With hints it is told the answer of each problem
/// that it fails; a solution that then comes to this answer is learned as if there had been no hint.
/// Every iteration learns from the weights that training began with, so that errors do not pile up.
public final class STaRRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "star", title: "Self-taught reasoner",
    summary: "Learns its own right solutions from the base model again and again.",
    paper: "Zelikman et al. 2022, arXiv 2203.14465",
    cost: "256 problems solved once an iteration, then 8 updates",
    settings: .ofTexts + [.iterations, .epochs, .hints, .meanOver],
    defaults: {
      var settings = RunSettings.ofTexts
      settings[extra: "batch"] = 256
      settings[extra: "iterations"] = 3
      settings[extra: "epochs"] = 2
      return settings
    }(), defaultSteps: 24, samples: true)

  private var kept: KeptSolutions?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    var told: [TrainingMetric: Double] = [:]
    if kept?.serves(run.step) != true { told = try await solve(run) }
    return try run.learn(kept, startsAnew: true, telling: told)
  }

  /// Begins an iteration.
  private func solve(_ run: TrainingRun) async throws -> [TrainingMetric: Double] {
    let problems = try run.batch()
    let groups = try await run.rollouts(kept == nil ? .think : nil)
      .answer(problems.map { Question($0) }, .greedy)
    var told = run.told(groups)
    var texts = try zip(problems, groups).flatMap { problem, group in
      try group.distinctRight.map { try run.text($0, to: Question(problem)) }
    }
    if run.settings.hints {
      let failed = zip(problems, groups).filter { $0.1.distinctRight.isEmpty }.map { $0.0 }
      let rationalised = try await rationalised(failed, run)
      texts += rationalised
      told[.rationalised] = Double(rationalised.count) / Double(max(1, failed.count))
    }
    let right = groups.map(\.distinctRight)
    run.tell(groups) { group, completion in right[group].contains(completion) }
    try run.trainee.restart()
    kept = KeptSolutions(firstStep: run.step, steps: run.iteration.count, texts: texts)
    return told
  }

  /// Asks again, with the answer as a hint. What comes to the answer is kept, without the hint.
  private func rationalised(_ failed: [Problem], _ run: TrainingRun) async throws -> [LearningText]
  {
    let hinted = failed.map { problem in
      var question = Question(problem)
      question.text = Self.hinted(problem)
      return question
    }
    let groups = try await run.rollouts(.think).answer(hinted, .greedy)
    return try zip(failed, groups).flatMap { problem, group in
      // Judged by the question itself: the hint is none of it.
      try group.completions
        .filter { !$0.isCut && ($0.answer.map { problem.isCorrect($0) } ?? false) }
        .map { try run.text($0, to: Question(problem)) }
    }
  }

  /// A question with its answer as a hint.
  static func hinted(_ problem: Problem) -> String {
    "\(problem.question) The answer is \(problem.answer)."
  }

  public var state: [UInt8] { get throws { try kept?.state ?? [] } }

  public func restore(_ state: [UInt8]) throws {
    kept = state.isEmpty ? nil : try KeptSolutions(state: state, recipe: Self.description.name)
  }
}
