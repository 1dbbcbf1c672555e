public import Decoding
import Traces

/// The likeliest token at every step.
public struct Greedy: Strategy {
  public static let description = StrategyDescription(
    name: "greedy", title: "Greedy decoding",
    summary: "Takes the likeliest token at every step.", paper: "the usual baseline",
    cost: "one path", shape: .path, defaultPrompting: .plain, settings: [.prompting, .maxTokens])

  public init() {}

  public func answer(_ run: Run) async throws -> String? { try await run.greedyAnswer() }
}

/// Worked examples before the question, then greedy decoding.
struct FewShotCoT: Strategy {
  public static let description = StrategyDescription(
    name: "few-shot-cot", title: "Few-shot chain of thought",
    summary: "Shows worked examples before the question, then decodes greedily.",
    paper: "Wei et al. 2022, arXiv 2201.11903", cost: "one path after a longer prompt",
    shape: .path, defaultPrompting: .fewShot, settings: [.prompting, .maxTokens])

  public func answer(_ run: Run) async throws -> String? { try await run.greedyAnswer() }
}

extension Run {
  /// Decodes one greedy path and returns its answer.
  func greedyAnswer() async throws -> String? {
    let start = try insertPrompt()
    let path = Continuation(
      start: start, path: 0, sampler: GreedySampler(), stop: stopRule,
      budget: settings.maxTokens)
    let results = try await decode([path])
    return results.first.flatMap { conclude($0.path, $0.reason).answer }
  }

  /// A path that samples with the run's settings and its own random stream.
  public func sampledPath(_ path: Int, from start: NodeID, temperature: Double) -> Continuation {
    let sampling = settings.sampling(temperature: temperature)
    let sampler: any Sampler =
      sampling.isGreedy
      ? GreedySampler()
      : RandomSampler(
        settings: sampling, random: PathRandom(seed: settings.seed, path: path))
    return Continuation(
      start: start, path: path, sampler: sampler, stop: stopRule, budget: settings.maxTokens)
  }
}
