public import Traces
import Training

/// A process reward model as a value: behind each step it says how good the solution will be. The
/// objective is `TemporalDifference`.
///
/// The samples of a problem are a tree of steps. What a state is said to be worth moves to what the
/// states behind it are said to be worth now, and where a solution is over to its exact reward; no
/// label of a step is needed.
public final class ValueRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "value", title: "Value of steps by temporal differences",
    summary: "Learns what each step of the model's own solutions leads to.",
    paper: "Sutton 1988, Machine Learning 3, 9–44; Wang et al. 2024, arXiv 2410.09671",
    cost: "12 problems × 16 samples a step, then one update",
    settings: .ofJudging + [.target], defaults: .ofJudging, defaultSteps: 130, samples: true,
    families: TrainingPlan.judgedFamilies)

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let groups = try await run.solutionGroups()
    let judged = JudgedGroups(
      groups, at: .steps, for: run.trainee.model,
      rowLimit: run.trainee.rowLimit)
    let weights = run.lessons(
      groups, groups.map(\.outcomeLabels), isBalanced: run.settings.balance)
    var likelihood: LikelihoodTerm?
    return try run.learn(
      judged, total: weights.weight, aggregate: .last, likelihood: &likelihood,
      by: TemporalDifference.value
    ) { group, logits in
      let targets = groups[group].targets(run.settings.target, logits: logits)
      return zip(targets, weights[group]).map { target, lesson in
        lesson.map { Lesson(target: target, weight: $0.weight) }
      }
    }
  }

  public var verifier: TrainedVerifier? { TrainedVerifier(.prm) }
}

extension SolutionGroup {
  /// The target of each state for a step of temporal differences. [states]
  ///
  /// - Parameter logits: what is said of the states now; where nothing is said, because a text is too
  ///   long, what came of its samples stands in.
  func targets(_ target: ValueTarget, logits: [Double?]) -> [Double] {
    let values = zip(logits, outcomeLabels).map { logit, outcome in
      logit.map { Judgement.score(ofLogit: $0) } ?? outcome ?? 0
    }
    return tree.targets(target, values: values)
  }
}
