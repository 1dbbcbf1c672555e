import Traces

/// GenRM-CoT: candidates are judged by the model's own words. Behind each it writes several
/// rationales ("Let's verify step by step."), and the mean p(Yes) at their verdicts ranks it
/// (Zhang et al. 2024, arXiv 2408.15240, equation 5).
public struct GenRM: Strategy {
  public static let description = StrategyDescription(
    name: "genrm", title: "Generative verifier",
    summary: "Samples candidates, verifies each in several rationales, and takes the one with the "
      + "greatest mean p(Yes).", paper: "Zhang et al. 2024, arXiv 2408.15240",
    cost: "one path per sample, plus K rationales each", shape: .ranking, defaultPrompting: .think,
    defaultTemperature: 0.7, defaultSamples: defaultSamples,
    ownVerifier: .genrm, defaultRationales: defaultRationales,
    defaultVote: BestOfN.defaultVote,
    settings: [
      .prompting, .samples, .verifierModel, .rationales, .vote, .temperature, .topK, .topP, .minP,
      .maxTokens,
      .seed,
    ])

  /// Few candidates, each looked at closely.
  public static let defaultSamples = 8
  /// The paper takes 32.
  public static let defaultRationales = 8

  public func answer(_ run: Run) async throws -> String? {
    try await run.rankedAnswer(
      samples: run.settings.samples ?? Self.defaultSamples,
      temperature: Self.description.defaultTemperature,
      verifier: GenerativeVerifier(rationales: run.settings.rationales ?? Self.defaultRationales))
  }
}
