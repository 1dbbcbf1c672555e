public import Traces
import Training

/// Token-level direct preference optimisation: as `dpo`, with the divergence from the reference at
/// every token held in check. The objective is `Preference`.
public final class TDPORecipe: Recipe {
  public static let description = RecipeDescription(
    name: "tdpo", title: "Token-level direct preference optimisation",
    summary: "As dpo, and keeps the distributions of all tokens near where they were.",
    paper: "Zeng et al. 2024, arXiv 2404.11999",
    cost: "240 problems × 8 samples once, then 64 pairs a step",
    settings: .ofPairs + [.variant, .alpha], defaults: .ofPairs, defaultSteps: 10, samples: false)

  private var pairs: PreferencePairs?

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let loss: Preference.Loss = run.settings.variant == .tdpo1 ? .tdpo1 : .tdpo2
    let (pairs, step) = try await run.step(on: pairs, loss)
    self.pairs = pairs
    return step
  }

  public var state: [UInt8] { get throws { try pairs?.state ?? [] } }

  public func restore(_ state: [UInt8]) throws {
    pairs = state.isEmpty ? nil : try PreferencePairs(state: state, recipe: Self.description.name)
  }
}
