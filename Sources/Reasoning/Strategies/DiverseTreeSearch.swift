/// Diverse verifier tree search: the samples are shared out to independent subtrees, each of which
/// keeps its own best step, so that one early favourite cannot crowd out the rest.
struct DiverseTreeSearch: Strategy {
  public static let description = StrategyDescription(
    name: "dvts", title: "Diverse verifier tree search",
    summary: "Grows independent subtrees; in each, the step that a verifier ranks first is kept.",
    paper: "Beeching, Tunstall and Rush 2024, Scaling test-time compute with open models",
    cost: "one set of samples at every step, plus what the verifier reads",
    shape: .stepSearch, traits: .searchesInGroups, defaultPrompting: .think,
    defaultTemperature: StepBeam.defaultTemperature,
    defaultSamples: StepBeam.defaultSamples, defaultBranches: StepBeam.defaultBranches,
    defaultVerifier: StepBeam.defaultVerifier,
    defaultAggregate: StepBeam.defaultAggregate, defaultVote: StepBeam.defaultVote,
    settings: StepBeam.settings)

  public func answer(_ run: Run) async throws -> String? {
    try await run.searchSteps(isDiverse: true)
  }
}
