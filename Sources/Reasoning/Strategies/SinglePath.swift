public import Decoding
import Traces

/// The likeliest token at every step.
public struct Greedy: Strategy {
  public static let description = StrategyDescription(
    name: "greedy", title: "Greedy decoding",
    summary: "Always takes the likeliest next token.", paper: "the usual baseline",
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
    let results = try await decode([greedyPath(0, from: start)])
    return results.first.flatMap { conclude($0.path, $0.reason).answer }
  }

  /// A path of the likeliest tokens.
  ///
  /// - Parameter budget: how many; nil for as many as a path of the run may have.
  func greedyPath(_ path: Int, from start: NodeID, budget: Int? = nil) -> Continuation {
    Continuation(
      start: start, path: path, sampler: GreedySampler(), stop: stopRule,
      budget: budget ?? settings.maxTokens)
  }

  /// A path that samples with the run's settings and its own random stream.
  public func sampledPath(_ path: Int, from start: NodeID, temperature: Double) -> Continuation {
    var continuation = greedyPath(path, from: start)
    continuation.sampler = settings.sampling(temperature: temperature)
      .sampler(seed: settings.seed, path: path)
    return continuation
  }
}
