public import Traces
import Training

/// An outcome reward model: behind a whole solution it says whether the answer is correct. The
/// objective is `BinaryCrossEntropy`.
public final class ORMRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "orm", title: "Outcome reward model",
    summary: "Learns to tell right answers from wrong ones in the model's own solutions.",
    paper: "Cobbe et al. 2021, arXiv 2110.14168",
    cost: "12 problems × 16 samples a step, then one update",
    settings: .ofJudging, defaults: .ofJudging, defaultSteps: 130, samples: true,
    families: TrainingPlan.judgedFamilies)

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let groups = try await run.solutionGroups()
    let judged = JudgedGroups(
      groups, at: .outcome, for: run.trainee.model,
      rowLimit: run.trainee.rowLimit)
    let lessons = run.lessons(
      groups, groups.map(\.solutionLabels), isBalanced: run.settings.balance)
    var likelihood: LikelihoodTerm?
    return try run.learn(
      judged, total: lessons.weight, aggregate: nil, likelihood: &likelihood,
      by: BinaryCrossEntropy.value
    ) { group, _ in lessons[group] }
  }

  public var verifier: TrainedVerifier? { TrainedVerifier(.orm) }
}
