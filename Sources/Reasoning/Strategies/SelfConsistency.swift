import Decoding
import Synchronization
import Traces

/// Self-consistency: samples many reasoning paths and lets their answers vote, which
/// approximates the marginal of the answer over all paths of the sampler.
///
/// A vote may end early. Whether it does is asked after each path in their order, and samples are
/// drawn in rounds of a fixed size: neither depends on how many paths are decoded at once.
///
/// With the weighting `verifier` a verifier judges the same samples, and their answers vote by the
/// sum of its weights (Li et al. 2022, "Making Large Language Models Better Reasoners with
/// Step-Aware Verifier", arXiv 2206.02336).
public struct SelfConsistency: Strategy {
  public static let description = StrategyDescription(
    name: "self-consistency", brief: "vote", title: "Self-consistency",
    summary: "Samples many reasoning paths and takes the answer most of them give.",
    paper: "Wang et al. 2022, arXiv 2203.11171", cost: "one path per sample",
    shape: .votes, traits: .canGrow, defaultPrompting: .think,
    defaultTemperature: defaultTemperature, defaultSamples: defaultSamples,
    settings: [
      .prompting, .samples, .temperature, .topK, .topP, .minP, .weighting, .earlyStop, .maxTokens,
      .seed,
    ])

  public static let defaultTemperature = RunSettings.Usual.temperature
  /// As many samples as in the paper.
  public static let defaultSamples = RunSettings.Usual.samples

  /// How many samples a vote that may end early draws at a time. The last round's samples behind
  /// the one that ended the vote are drawn, and not counted.
  static let round = 8

  public init() {}

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let count = max(1, run.settings.samples ?? Self.defaultSamples)
    let rule = run.settings.earlyStop.map {
      EarlyStopRule(criterion: $0, method: run.settings.weighting, samples: count)
    }
    if rule?.criterion == .likely, rule?.method != .majority { throw StrategyError.uncountedVotes }
    let isJudged = run.settings.weighting == .verifier
    // What a sample weighs is known only when all are there; those of an earlier run are not read.
    if isJudged, rule != nil { throw StrategyError.unjudgedVotes }
    if isJudged, run.previous != nil { throw StrategyError.unjudgedSamples }
    let votes = OrderedVote(
      methods: [.majority, .delta, .likelihood, .normalizedLikelihood], rule: rule, emit: run.emit)
    if let previous = run.previous, previous.promptEnd != start {
      throw StrategyError.changedPrompt
    }
    let known = votes.replay(run.previous, upTo: count)
    let ended = Mutex<[Int: PathOutcome]>([:])
    let size = rule == nil ? count : Self.round
    for first in stride(from: 0, to: count, by: size) where !votes.isStopped && !Task.isCancelled {
      let paths = (first..<min(count, first + size)).filter { !known.contains($0) }.map {
        run.sampledPath($0, from: start, temperature: Self.description.defaultTemperature)
      }
      _ = try await run.decode(paths) { result in
        let outcome = run.conclude(result.path, result.reason)
        votes.add(outcome)
        if isJudged { ended.withLock { $0[result.path] = outcome } }
      }
    }
    if isJudged {
      try Task.checkCancellation()
      return try await run.ranked(
        ended.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value),
        by: (run.settings.verifier ?? BestOfN.defaultVerifier).verifier(
          run.settings, judge: run.judge),
        vote: .weighted)
    }
    return votes.winner(run.settings.weighting)
  }
}
