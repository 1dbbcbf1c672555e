import Decoding
import Synchronization
public import Traces

/// Best of N: samples candidates, has a verifier rank them, and gives the answer of the first, or
/// the answer whose candidates' scores sum to the most.
public struct BestOfN: Strategy {
  public static let description = StrategyDescription(
    name: "best-of-n", brief: "best-of", title: "Best of N",
    summary: "Samples candidates and takes the answer of the one that a verifier ranks first.",
    paper: "Cobbe et al. 2021, arXiv 2110.14168; Lightman et al. 2023, arXiv 2305.20050",
    cost: "one path per sample, plus what the verifier reads",
    shape: .ranking, defaultPrompting: .think, defaultTemperature: 0.7,
    defaultSamples: defaultSamples,
    defaultVerifier: defaultVerifier, defaultVote: defaultVote,
    settings: [
      .prompting, .samples, .verifier, .verifierModel, .sharpness, .ownWeight, .aggregate,
      .rationales, .vote, .temperature, .topK, .topP,
      .minP, .maxTokens, .seed,
    ])

  public static let defaultSamples = 16
  /// What the bundled model judges best by (Samples/Models/README.md).
  public static let defaultVerifier = VerifierName.genrm
  public static let defaultVote = RunSettings.RankedVote.top

  public func answer(_ run: Run) async throws -> String? {
    try await run.rankedAnswer(
      samples: run.settings.samples ?? Self.defaultSamples,
      temperature: Self.description.defaultTemperature,
      verifier: (run.settings.verifier ?? Self.defaultVerifier).verifier(
        run.settings, judge: run.judge))
  }

  /// The candidate with the greatest score; of equals the first. One without an answer has
  /// nothing to give and does not take part; one without a score ranks behind all others.
  public static func top(_ outcomes: [PathOutcome], _ scores: [Double?]) -> PathOutcome? {
    var best: (outcome: PathOutcome, score: Double)?
    for (outcome, score) in zip(outcomes, scores) where outcome.answer != nil {
      let score = score ?? -.infinity
      if best.map({ score > $0.score }) ?? true { best = (outcome, score) }
    }
    return best?.outcome
  }
}

extension Run {
  /// Samples candidates, has a verifier rank them, and gives the answer that comes of it.
  func rankedAnswer(
    samples: Int, temperature: Double, verifier: any Verifier
  ) async throws -> String? {
    let start = try insertPrompt()
    let paths = (0..<max(1, samples)).map { sampledPath($0, from: start, temperature: temperature) }
    let majority = OrderedVote(methods: [.majority], emit: emit)
    let ended = Mutex<[Int: PathOutcome]>([:])
    _ = try await decode(paths) { [self] result in
      let outcome = conclude(result.path, result.reason)
      majority.add(outcome)
      ended.withLock { $0[result.path] = outcome }
    }
    // Some candidates without the others cannot be ranked.
    try Task.checkCancellation()
    return try await ranked(
      ended.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value), by: verifier,
      vote: settings.vote ?? BestOfN.defaultVote)
  }

  /// Has a verifier judge whole samples, leaves a tally by the sum of their weights, and gives the
  /// answer that comes of it.
  ///
  /// - Parameter outcomes: in path order.
  func ranked(
    _ outcomes: [PathOutcome], by verifier: any Verifier, vote: RunSettings.RankedVote
  ) async throws -> String? {
    let assessments = try await verifier.assess(
      outcomes.map { solution(ofPath: $0.path) }, in: self)
    let weighted = OrderedVote(methods: [.verifier], emit: emit)
    for (outcome, assessment) in zip(outcomes, assessments) {
      var outcome = outcome
      outcome.verifierWeight = assessment.weight
      weighted.add(outcome)
    }
    switch vote {
    case .top: return BestOfN.top(outcomes, assessments.map(\.value))?.answer
    case .weighted: return weighted.winner(.verifier)
    }
  }
}
