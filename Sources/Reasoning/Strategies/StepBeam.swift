import Traces

/// Beam search over reasoning steps, ranked by a verifier.
struct StepBeam: Strategy {
  public static let description = StrategyDescription(
    name: "step-beam", title: "Step beam",
    summary: "Samples steps, keeps those that a verifier ranks first, and continues from them.",
    paper: "Snell et al. 2024, arXiv 2408.03314; Wang et al. 2024 (OpenR), arXiv 2410.09671",
    cost: "one set of samples at every step, plus what the verifier reads",
    shape: .stepSearch, defaultPrompting: .think, defaultTemperature: defaultTemperature,
    defaultSamples: defaultSamples, defaultBranches: defaultBranches,
    defaultVerifier: defaultVerifier, defaultAggregate: defaultAggregate,
    defaultVote: defaultVote, settings: settings)

  /// As in search-and-learn: 16 samples a step, 4 from each of 4 beams.
  public static let defaultSamples = 16
  public static let defaultBranches = 4
  public static let defaultTemperature = 0.8
  /// Steps that are said again before they are judged cost a third more and lead no further
  /// (Samples/Models/README.md).
  public static let defaultVerifier = VerifierName.prm
  /// A step that has seen all others speaks for them (search-and-learn's default).
  public static let defaultAggregate = StepAggregate.last
  /// A search brings up what its verifier likes, so that its first candidate is more often one that
  /// was overrated; the sum of what all of them say is not misled as easily.
  public static let defaultVote = RunSettings.RankedVote.weighted

  /// What every search over steps heeds.
  static let settings: [Setting] = [
    .prompting, .samples, .branches, .verifier, .verifierModel, .sharpness, .ownWeight, .aggregate,
    .vote, .temperature, .topK, .topP,
    .minP, .maxTokens, .seed,
  ]

  public func answer(_ run: Run) async throws -> String? {
    try await run.searchSteps(isDiverse: false)
  }
}

extension Run {
  /// A beam search over steps with the run's settings.
  func searchSteps(isDiverse: Bool, lookahead: Int = 0) async throws -> String? {
    let start = try insertPrompt()
    let search = StepBeamSearch(
      samples: settings.samples ?? StepBeam.defaultSamples,
      branches: settings.branches ?? StepBeam.defaultBranches, isDiverse: isDiverse,
      lookahead: lookahead)
    let expansion = StepExpansion(
      run: self, temperature: StepBeam.defaultTemperature,
      defaultVerifier: StepBeam.defaultVerifier)
    return try await search.answer(expansion, from: start)
  }
}
