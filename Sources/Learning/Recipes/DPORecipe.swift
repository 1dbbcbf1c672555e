public import Traces
import Training

/// Direct preference optimisation: of two answers the better one becomes likelier than the other,
/// compared with how likely the model it began as finds them. The objective is `Preference`.
///
/// The pairs are a person's own, or right and wrong samples of the model, drawn once before the first
/// step.
public final class DPORecipe: Recipe {
  public static let description = RecipeDescription(
    name: "dpo", title: "Direct preference optimisation",
    summary: "Learns from pairs of answers which of the two is better.",
    paper: "Rafailov et al. 2023, arXiv 2305.18290",
    cost: "240 problems × 8 samples once, then 64 pairs a step", settings: .ofPairs,
    defaults: .ofPairs, defaultSteps: 10, samples: false)

  private var pairs: PreferencePairs?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let (pairs, step) = try await run.step(on: pairs, .dpo)
    self.pairs = pairs
    return step
  }

  public var state: [UInt8] { get throws { try pairs?.state ?? [] } }

  public func restore(_ state: [UInt8]) throws {
    pairs = state.isEmpty ? nil : try PreferencePairs(state: state, recipe: Self.description.name)
  }
}

extension [Setting] {
  /// What every training on pairs can be told.
  static let ofPairs: [Setting] =
    .ofEveryTraining + [
      .batch, .pairs, .pairProblems, .pairsPerProblem, .samples, .temperature, .topK, .topP,
      .beta, .replay,
    ]
}

extension RunSettings {
  /// What recipes that learn from pairs use where nothing else is asked for.
  static let ofPairs: RunSettings = {
    var settings = RunSettings.ofSampling
    settings[extra: "batch"] = 64
    settings[extra: "beta"] = 0.1
    return settings
  }()
}
