import Decoding
import Traces

/// CoT-decoding: branches on the likeliest first tokens, goes on greedily, and trusts the answer
/// whose tokens leave the least doubt.
public struct CoTDecoding: Strategy {
  public static let description = StrategyDescription(
    name: "cot-decoding", brief: "branches", title: "CoT-decoding",
    summary: "Grows the k likeliest first tokens greedily and takes the answer with the "
      + "greatest ΣΔ.", paper: "Wang and Zhou 2024, arXiv 2402.10200", cost: "k greedy paths",
    shape: .branches, traits: .branchesAtFirstToken, defaultPrompting: .plain,
    defaultBranches: defaultBranches, settings: [.prompting, .branches, .aggregate, .maxTokens])

  /// As many branches as in the paper.
  public static let defaultBranches = RunSettings.Usual.branches

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let count = max(1, run.settings.branches ?? Self.defaultBranches)
    guard count <= run.vocabulary.count else {
      throw StrategyError.unfit(
        "The model has \(run.vocabulary.count) tokens to begin with, fewer than --branches \(count)."
      )
    }
    let branches = (0..<count).map { rank in
      var branch = run.greedyPath(rank, from: start)
      branch.sampler = BranchSampler(rank: rank)
      return branch
    }
    let votes = OrderedVote(methods: [.delta, .majority], emit: run.emit)
    _ = try await run.decode(branches) { result in
      votes.add(run.conclude(result.path, result.reason))
    }
    switch run.settings.aggregate {
    case .max: return votes.surest
    // What steps are put together by says nothing about branches.
    default: return votes.winner(.delta)
    }
  }
}
