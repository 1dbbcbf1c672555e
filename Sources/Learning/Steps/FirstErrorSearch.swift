import Decoding
import Foundation
import Problems

/// Binary search for the first wrong step of a wrong solution (Luo et al. 2024, arXiv 2406.06592,
/// section 3.2).
///
/// It takes for granted that what cannot be reached from behind a step cannot be reached from behind
/// a later one. Where a solution recovers, it finds one of the places at which the chance of success
/// falls to nothing, which need not be the first.
struct FirstErrorSearch: Sendable, Hashable {
  /// The most steps from behind which the right answer is known to be reached.
  private(set) var reached: Int
  /// The fewest from behind which it was not.
  private(set) var lost: Int

  /// - Parameters:
  ///   - first: how many steps the search begins behind.
  ///   - count: the steps of the whole solution, which is wrong.
  init(first: Int = 0, count: Int) {
    reached = first
    lost = count
  }

  /// How many steps are to be gone on from next; nil when the first wrong step is found.
  var probe: Int? { lost - reached > 1 ? (reached + lost) / 2 : nil }

  /// The first wrong step, as an index; nil while it is sought.
  var firstError: Int? { probe == nil && lost > reached ? lost - 1 : nil }

  /// Takes what was found from behind the probe.
  mutating func take(isReached: Bool) {
    guard let probe else { return }
    if isReached { reached = probe } else { lost = probe }
  }
}

/// The tree that OmegaPRM keeps of a problem: how often the right answer is reached from each state,
/// and which wrong rollouts have not been looked through yet.
struct OmegaTree: Sendable {
  /// What rollouts are selected by.
  struct Constants: Sendable, Hashable {
    /// A rollout counts less, the worse the chances were where it began.
    var alpha = 0.5
    /// A rollout counts less, the longer it is.
    var beta = 0.9
    /// L, in tokens.
    var length = 500.0
    /// c of the bonus for states that were seldom selected from.
    var exploration = 0.125
  }

  /// A state: the steps said so far.
  typealias State = [String]

  /// A wrong solution, and from where on it was sampled.
  struct Rollout: Sendable, Hashable {
    /// All steps, those before it began as well.
    var steps: [String]
    /// How many steps stand before it.
    var start: Int
    /// Its length in tokens.
    var tokens: Int
    /// The sample it is, for whoever added it.
    var source: Int

    var state: State { Array(steps.prefix(start)) }
  }

  let constants: Constants
  private(set) var counts: [State: SuccessCount] = [:]
  /// N(s): how often a rollout of a state was selected.
  private(set) var selections: [State: Int] = [:]
  /// Wrong rollouts that have not been selected, in the order in which they came.
  private(set) var pool: [Rollout] = []
  /// What was ever in the pool: the same text from the same state says nothing new.
  private var known: Set<Rollout> = []

  init(_ constants: Constants = Constants()) { self.constants = constants }

  /// MC(s), the share of completions that come to the right answer; nil where there are none.
  func chance(of state: State) -> Double? { counts[state]?.soft }

  /// Adds completions from behind a state.
  ///
  /// - Parameter wrong: the rollouts among them that are wrong.
  mutating func add(_ count: SuccessCount, at state: State, wrong: [Rollout]) {
    counts[state] = (counts[state] ?? SuccessCount()) + count
    for rollout in wrong {
      var key = rollout
      key.source = 0
      if known.insert(key).inserted { pool.append(rollout) }
    }
  }

  /// Q(s, r) = α^(1 − MC(s)) · β^(len(r) / L).
  func quality(_ rollout: Rollout) -> Double {
    pow(constants.alpha, 1 - (chance(of: rollout.state) ?? 0))
      * pow(constants.beta, Double(rollout.tokens) / constants.length)
  }

  /// U(s) = c · √(Σ N) / (1 + N(s)).
  func bonus(_ state: State) -> Double {
    let all = selections.values.reduce(0, +)
    return constants.exploration * Double(all).squareRoot() / Double(1 + (selections[state] ?? 0))
  }

  /// Takes the wrong rollout with the greatest Q + U of a state from behind which some completions are
  /// right and others wrong: the steps after it are where it may have gone wrong. The first of
  /// several.
  mutating func select() -> Rollout? {
    var best: (index: Int, score: Double)?
    for (index, rollout) in pool.enumerated() {
      guard let chance = chance(of: rollout.state), chance > 0, chance < 1 else { continue }
      let score = quality(rollout) + bonus(rollout.state)
      if best.map({ score > $0.score }) ?? true { best = (index, score) }
    }
    guard let best else { return nil }
    let rollout = pool.remove(at: best.index)
    selections[rollout.state, default: 0] += 1
    return rollout
  }

  /// What binary searches say of a solution's steps: right up to the last state from behind which the
  /// right answer was reached, wrong at the first from behind which it was not. nil where nothing was
  /// asked, and behind the first wrong step.
  func labels(_ steps: [String]) -> [Double?] {
    var labels: [Double?] = Array(repeating: nil, count: steps.count)
    let known = steps.indices.map { chance(of: Array(steps.prefix($0 + 1))) }
    let reached = known.lastIndex { ($0 ?? 0) > 0 }
    if let reached { for step in 0...reached { labels[step] = 1 } }
    let next = reached.map { $0 + 1 } ?? 0
    // A step that was found wrong says something only where the one before it was found right.
    let isKnown = next == 0 ? (chance(of: []) ?? 0) > 0 : true
    if known.indices.contains(next), known[next] == 0, isKnown { labels[next] = 0 }
    return labels
  }
}

extension StepRollouts {
  /// OmegaPRM over many problems at once: each round, the searches of all of them go on from their next
  /// probes in one batch.
  ///
  /// - Parameters:
  ///   - groups: the problems with their first rollouts.
  ///   - searches: binary searches of each problem, at most.
  /// - Throws: as `Rollouts.answer`.
  mutating func search(
    _ groups: [SolutionGroup], searches: Int,
    _ constants: OmegaTree.Constants = OmegaTree.Constants()
  ) async throws -> [OmegaTree] {
    var open = groups.map { OpenSearch($0, constants) }
    while true {
      for index in open.indices { open[index].begin(atMost: searches) }
      let asking = open.indices.filter { open[$0].probe != nil }
      guard !asking.isEmpty else { return open.map(\.tree) }
      let vocabulary = rollouts.model.vocabulary
      let completed = try await complete(
        asking.map { (Question(groups[$0].problem), open[$0].said(vocabulary)) })
      for (index, completions) in zip(asking, completed) {
        open[index].take(completions.map { SteppedSolution($0, vocabulary) })
      }
    }
  }
}

/// The search in one problem.
private struct OpenSearch {
  private(set) var tree: OmegaTree
  /// All solutions that are known, whether of the group or found on the way.
  private var solutions: [SteppedSolution]
  private var rollout: OmegaTree.Rollout?
  private var search: FirstErrorSearch?
  private var begun = 0

  init(_ group: SolutionGroup, _ constants: OmegaTree.Constants) {
    tree = OmegaTree(constants)
    solutions = group.solutions
    let wrong = solutions.indices.filter { !solutions[$0].isRight }
    tree.add(
      SuccessCount(right: solutions.count - wrong.count, count: solutions.count), at: [],
      wrong: wrong.map { rollout($0, start: 0) })
    for solution in solutions {
      tree.add(
        SuccessCount(right: solution.isRight ? 1 : 0, count: 1), at: solution.steps.map(\.text),
        wrong: [])
    }
  }

  private func rollout(_ solution: Int, start: Int) -> OmegaTree.Rollout {
    OmegaTree.Rollout(
      steps: solutions[solution].steps.map(\.text), start: start,
      tokens: solutions[solution].tokens.count, source: solution)
  }

  /// The steps that are to be gone on from; nil when the problem is done.
  var probe: OmegaTree.State? {
    guard let rollout, let probe = search?.probe else { return nil }
    return Array(rollout.steps.prefix(probe))
  }

  func said(_ vocabulary: any Vocabulary) -> [TokenID] {
    guard let rollout, let probe else { return [] }
    return solutions[rollout.source].tokens(through: probe.count - 1, vocabulary)
  }

  /// Goes on to the next probe whose answer is not known, with new searches where one is done.
  mutating func begin(atMost searches: Int) {
    while true {
      while let probe {
        guard let chance = tree.chance(of: probe) else { return }
        search?.take(isReached: chance > 0)
      }
      guard begun < searches, let next = tree.select() else {
        rollout = nil
        return
      }
      begun += 1
      rollout = next
      search = FirstErrorSearch(first: next.start, count: next.steps.count)
    }
  }

  /// Takes the completions from behind the probe.
  mutating func take(_ completions: [SteppedSolution]) {
    guard let probe else { return }
    let first = solutions.count
    solutions += completions
    let wrong = completions.indices.filter { !completions[$0].isRight }
    tree.add(
      SuccessCount(right: completions.count - wrong.count, count: completions.count), at: probe,
      wrong: wrong.map { rollout(first + $0, start: probe.count) })
  }
}

extension SolutionGroup {
  /// The labels that a search has found of each state. [states]
  func labels(by tree: OmegaTree) -> [Double?] {
    var labels: [Double?] = Array(repeating: nil, count: self.tree.states.count)
    for (solution, path) in zip(solutions, paths) {
      for (state, label) in zip(path, tree.labels(solution.steps.map(\.text))) {
        if let label { labels[state] = max(labels[state] ?? 0, label) }
      }
    }
    return labels
  }
}
