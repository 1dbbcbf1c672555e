import Decoding
import Traces

/// Lookahead search: a step beam whose steps are scored by what a few greedy steps behind them
/// come to.
public struct Lookahead: Strategy {
  public static let description = StrategyDescription(
    name: "lookahead", title: "Lookahead search",
    summary: "A step beam that simulates the next steps greedily and ranks by where they lead.",
    paper: "Snell et al. 2024, arXiv 2408.03314, section 5.2",
    cost: "a step beam's samples, each plus the steps that it looks ahead",
    shape: .stepSearch, defaultPrompting: .think, defaultTemperature: StepBeam.defaultTemperature,
    defaultSamples: StepBeam.defaultSamples, defaultBranches: StepBeam.defaultBranches,
    defaultVerifier: StepBeam.defaultVerifier,
    defaultAggregate: StepBeam.defaultAggregate, defaultVote: StepBeam.defaultVote,
    settings: StepBeam.settings + [.lookahead])

  public static let defaultDepth = RunSettings.Usual.lookahead

  public func answer(_ run: Run) async throws -> String? {
    try await run.searchSteps(
      isDiverse: false, lookahead: run.settings.lookahead ?? Self.defaultDepth)
  }

  /// The candidates with the scores of their simulated continuations. One that has ended has
  /// nothing left to simulate and keeps its own.
  static func scored(
    _ groups: [[PartialSolution]], depth: Int, _ expansion: StepExpansion
  ) async throws -> [[PartialSolution]] {
    var all = groups.flatMap { $0 }
    let open = all.indices.filter { !all[$0].isFinished }
    let ends = try await expansion.simulate(open.map { all[$0] }, steps: depth)
    for (index, end) in zip(open, ends) { all[index].score = end }
    for solution in all {
      guard let path = solution.path, let score = solution.score else { continue }
      expansion.run.emit(Score(kind: .lookahead, path: path, node: solution.tip, value: score))
    }
    var rest = all[...]
    return groups.map { group in
      defer { rest = rest.dropFirst(group.count) }
      return Array(rest.prefix(group.count))
    }
  }
}
