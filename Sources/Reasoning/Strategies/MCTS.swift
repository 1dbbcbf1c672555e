import Decoding
import Traces

/// Monte Carlo tree search over reasoning steps.
///
/// Each simulation goes from the question to the end of a solution along the steps with the
/// greatest Q + U; where it meets a place without known steps, a few are sampled and judged. What
/// the solution is worth is added to every place on its way. Several simulations are in flight at
/// once, so that the places they grow are one batch.
public struct MCTS: Strategy {
  public static let description = StrategyDescription(
    name: "mcts", title: "Monte Carlo tree search",
    summary: "Tries steps again and again, more often where solutions were judged good.",
    paper: "Wang et al. 2024 (OpenR), arXiv 2410.09671; PUCT of Silver et al. 2017",
    cost: "each simulation samples a few steps at every new place",
    shape: .treeSearch, defaultPrompting: .think, defaultTemperature: StepBeam.defaultTemperature,
    defaultSamples: defaultSimulations, defaultBranches: StepBeam.defaultBranches,
    defaultVerifier: StepBeam.defaultVerifier,
    defaultAggregate: StepBeam.defaultAggregate, defaultVote: StepBeam.defaultVote,
    settings: StepBeam.settings + [.exploration, .leaves])

  static let defaultSimulations = 32
  public static let defaultLeaves = RunSettings.Usual.leaves

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let settings = run.settings
    var search = TreeSearchRun(
      expansion: StepExpansion(
        run: run, temperature: StepBeam.defaultTemperature,
        defaultVerifier: StepBeam.defaultVerifier),
      branches: max(1, settings.branches ?? StepBeam.defaultBranches),
      tree: SearchTree(
        rule: TreeSearchRule(
          exploration: settings.exploration ?? TreeSearchRule.defaultExploration)),
      solutions: [PartialSolution(tip: start)])
    let simulations = max(1, settings.samples ?? Self.defaultSimulations)
    let leaves = max(1, settings.leaves ?? Self.defaultLeaves)
    do {
      while search.done < simulations {
        // A tree that is known to all its ends decodes nothing any more.
        try Task.checkCancellation()
        try await search.simulate(min(leaves, simulations - search.done))
      }
    } catch is CancellationError {
      // What was found by now is what there is.
    }
    return search.decide()
  }
}

/// A tree search at work in a run.
private struct TreeSearchRun {
  let expansion: StepExpansion
  let branches: Int
  var tree: SearchTree
  /// What each node of the tree stands for.
  var solutions: [PartialSolution]
  /// The leaves that are being grown.
  var growing: [Int] = []
  /// How many simulations have ended.
  var done = 0

  /// Some simulations in flight together: all places that they must grow are one batch. They are
  /// backed up in the order in which they began.
  mutating func simulate(_ count: Int) async throws {
    var lines = Array(repeating: [SearchTree.root], count: count)
    while true {
      for index in lines.indices { descend(&lines[index], iteration: done + index + 1) }
      var leaves: [Int] = []
      for case let leaf? in lines.map(\.last) where !solutions[leaf].isFinished {
        if !leaves.contains(leaf) { leaves.append(leaf) }
      }
      if leaves.isEmpty { break }
      try await grow(leaves)
    }
    for line in lines {
      done += 1
      let value = line.last.map { Self.worth(solutions[$0]) } ?? 0
      tree.backUp(line, value: value)
      for node in line.reversed() {
        let known = tree.nodes[node]
        expansion.run.emit(
          .backup(
            Backup(
              iteration: done, node: solutions[node].tip, value: value, visits: known.visits,
              q: known.total / Double(known.visits))))
      }
    }
  }

  private mutating func descend(_ line: inout [Int], iteration: Int) {
    while let last = line.last, let choice = tree.descend(from: last) {
      line.append(choice.node)
      expansion.run.emit(
        .visit(
          Visit(
            iteration: iteration, node: solutions[choice.node].tip, visits: choice.visits,
            q: choice.q, prior: choice.prior, u: choice.u)))
    }
  }

  private mutating func grow(_ leaves: [Int]) async throws {
    // When the search is cancelled in the midst of this, the leaves' paths end as cancelled.
    growing = leaves
    let grown = try await expansion.expand(
      leaves.map { (solution: solutions[$0], samples: branches) })
    growing = []
    for (leaf, children) in zip(leaves, grown) {
      let numbers = tree.grow(
        leaf, children.map { (likelihood: $0.stepLikelihood, initial: Self.worth($0)) })
      solutions += children
      for number in numbers {
        let solution = solutions[number]
        expansion.run.emit(
          Score(
            kind: .prior, path: solution.path ?? 0, node: solution.tip,
            value: tree.nodes[number].prior, terms: [tree.nodes[number].initial]))
      }
    }
  }

  /// What a solution is worth, from 0 to 1. One that has ended without an answer is worth nothing.
  private static func worth(_ solution: PartialSolution) -> Double {
    if let outcome = solution.outcome, outcome.answer == nil { return 0 }
    return min(1, max(0, solution.weight))
  }

  /// The answer by the solutions that were visited to their end; what was only looked at ends
  /// here.
  func decide() -> String? {
    for (index, solution) in solutions.enumerated()
    where !solution.isFinished && tree.isLeaf(index) && !growing.contains(index) {
      if let path = solution.path { expansion.run.leave(path, as: "unfinished") }
    }
    return expansion.run.decide(solutions.filter(\.isFinished))
  }
}
