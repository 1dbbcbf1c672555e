import Foundation
public import Traces
import Training

/// A process reward model as a classifier: behind each step of a solution it says + or −. The
/// objective is `BinaryCrossEntropy`.
///
/// It learns from solutions that the model sampled before training, so that it meets the mistakes that
/// the model makes, and never from what a verifier could not see: the labels are all that the right
/// answer is used for.
public final class PRMRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "prm", title: "Process reward model",
    summary: "Learns to tell right steps from wrong ones in the model's own solutions.",
    paper: "Lightman et al. 2023, arXiv 2305.20050",
    cost: "12 problems × 16 samples a step, then one update",
    settings: .ofJudging + [.labels, .rollouts, .searches, .stepLikelihood], defaults: .ofJudging,
    defaultSteps: 130, samples: true, families: TrainingPlan.judgedFamilies)

  private var likelihood: LikelihoodTerm?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    if run.settings.stepLikelihood, likelihood == nil { likelihood = LikelihoodTerm() }
    let groups = try await run.solutionGroups()
    let (labels, tokens) = try await run.stepLabels(of: groups)
    let lessons = run.lessons(groups, labels, isBalanced: run.settings.balance)
    let judged = JudgedGroups(
      groups, at: .steps, for: run.trainee.model,
      rowLimit: run.trainee.rowLimit)
    var step = try run.learn(
      judged, total: lessons.weight, aggregate: .min, likelihood: &likelihood,
      by: BinaryCrossEntropy.value
    ) { group, _ in lessons[group] }
    if run.settings.labels.samples { step[.labelTokens] = Double(tokens) }
    return step
  }

  public var verifier: TrainedVerifier? {
    TrainedVerifier(.prm, numbers: likelihood?.named ?? [:])
  }

  public var state: [UInt8] {
    get throws {
      guard let likelihood else { return [] }
      return Array(try JSONEncoder().encode(likelihood.numbers))
    }
  }

  public func restore(_ state: [UInt8]) throws {
    likelihood = nil
    if state.isEmpty { return }
    guard let numbers = try? JSONDecoder().decode(ValueHead.Numbers.self, from: Data(state)),
      let term = LikelihoodTerm(numbers)
    else { throw LearningError.damagedState(Self.description.name) }
    likelihood = term
  }
}

extension [[Lesson?]] {
  /// What all lessons count together.
  var weight: Double { joined().reduce(0) { $0 + ($1?.weight ?? 0) } }
}
