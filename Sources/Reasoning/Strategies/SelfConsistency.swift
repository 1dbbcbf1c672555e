import Decoding

/// Self-consistency: samples many reasoning paths and lets their answers vote, which
/// approximates the marginal of the answer over all paths of the sampler.
public struct SelfConsistency: Strategy {
  public static let description = StrategyDescription(
    name: "self-consistency", title: "Self-consistency",
    summary: "Samples many reasoning paths and takes the answer most of them give.",
    paper: "Wang et al. 2022, arXiv 2203.11171", cost: "one path a sample",
    defaultPrompting: .think, defaultTemperature: 0.7, defaultSamples: defaultSamples,
    settings: [
      .prompting, .samples, .temperature, .topK, .topP, .minP, .weighting, .maxTokens, .seed,
    ])

  /// As many samples as in the paper.
  public static let defaultSamples = 40

  public init() {}

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let count = max(1, run.settings.samples ?? Self.defaultSamples)
    let votes = OrderedVote(
      methods: [.majority, .delta, .likelihood, .normalizedLikelihood], emit: run.emit)
    if let previous = run.previous, previous.promptEnd != start {
      throw StrategyError.changedPrompt
    }
    let known = votes.replay(run.previous, upTo: count)
    let paths = (0..<count).filter { !known.contains($0) }.map {
      run.sampledPath($0, from: start, temperature: Self.description.defaultTemperature)
    }
    _ = try await run.decode(paths) { result in
      votes.add(run.conclude(result.path, result.reason))
    }
    return votes.winner(run.settings.weighting)
  }
}
