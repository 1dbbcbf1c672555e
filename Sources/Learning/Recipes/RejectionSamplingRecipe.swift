public import Traces

/// Rejection sampling fine-tuning: the model learns from those of its own samples that are right.
///
/// An iteration samples, keeps each right text once, and learns from what is kept as supervised
/// fine-tuning does. A lucky guess is right like any solution, and is learned like one.
public final class RejectionSamplingRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "rft", title: "Rejection sampling fine-tuning",
    summary: "Samples answers, keeps each right one once, and learns what is kept.",
    paper: "Yuan et al. 2023, arXiv 2308.01825",
    cost: "96 problems × 4 samples an iteration, then 4 updates",
    settings: .ofTexts + [.samples, .temperature, .topK, .topP, .iterations, .epochs, .meanOver],
    defaults: {
      var settings = RunSettings.ofTexts
      settings[extra: "batch"] = 96
      settings.samples = 4
      settings.temperature = 1
      settings[extra: "iterations"] = 3
      settings[extra: "epochs"] = 2
      return settings
    }(), defaultSteps: 12, samples: true)

  private var kept: KeptSolutions?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    var told: [TrainingMetric: Double] = [:]
    if kept?.serves(run.step) != true { told = try await sample(run) }
    return try run.learn(kept, telling: told)
  }

  /// Begins an iteration.
  private func sample(_ run: TrainingRun) async throws -> [TrainingMetric: Double] {
    let groups = try await run.sample()
    let right = groups.map(\.distinctRight)
    kept = KeptSolutions(
      firstStep: run.step, steps: run.iteration.count,
      texts: try zip(groups, right).flatMap { group, right in
        try right.map { try run.text($0, to: group.question) }
      })
    run.tell(groups) { group, completion in right[group].contains(completion) }
    return run.told(groups)
  }

  public var state: [UInt8] { get throws { try kept?.state ?? [] } }

  public func restore(_ state: [UInt8]) throws {
    kept = state.isEmpty ? nil : try KeptSolutions(state: state, recipe: Self.description.name)
  }
}
