import Foundation
import Traces

/// How a tree search weighs what is good against what is untried: PUCT (Silver et al. 2017; as in
/// OpenR, arXiv 2410.09671).
public struct TreeSearchRule: Sendable, Hashable {
  public static let defaultExploration = RunSettings.Usual.exploration
  static let base = 19_652.0

  /// c₀ in c = log((N + 19653) / 19652) + c₀.
  public var exploration = defaultExploration
  /// No child's prior is below this share of what equal priors would be, before all are scaled to
  /// sum to 1: a child with the prior 0 would hardly ever be tried, however good it is.
  var floor = 0.4

  init(exploration: Double = defaultExploration) { self.exploration = exploration }

  /// U = P · c · √N / (1 + n).
  ///
  /// - Parameters:
  ///   - descents: N, how often the search has gone through the parent to a child.
  ///   - visits: n, how often it came through this child.
  func bonus(prior: Double, descents: Int, visits: Int) -> Double {
    let count = Double(descents)
    let weight = log((count + Self.base + 1) / Self.base) + exploration
    return prior * weight * count.squareRoot() / Double(1 + visits)
  }

  /// Priors that sum to 1, in proportion to likelihoods as far as the floor allows.
  func priors(_ likelihoods: [Double]) -> [Double] {
    guard !likelihoods.isEmpty else { return [] }
    let sum = likelihoods.reduce(0, +)
    let least = floor / Double(likelihoods.count)
    let raised = likelihoods.map { max(least, sum > 0 ? $0 / sum : 0) }
    let total = raised.reduce(0, +)
    return raised.map { $0 / total }
  }
}

/// The statistics of a Monte Carlo tree search, apart from what its nodes stand for.
///
/// A visit runs from the root to a leaf that ends; its value is added to every node on its way. A
/// visit in flight, which has no value yet, counts as one worth nothing at every node it has
/// passed, so that others look elsewhere (virtual loss). With one visit in flight at a time that
/// changes nothing: a visit looks only at nodes it has not passed.
struct SearchTree: Sendable {
  struct Node: Sendable {
    var parent: Int?
    var children: [Int] = []
    /// P.
    var prior: Double
    /// Q before the first visit.
    var initial: Double
    /// N, and the sum of the values that came up.
    var visits = 0
    var total = 0.0
    var inFlight = 0

    /// Q: the mean value of the visits, those in flight counted as nothing.
    var value: Double {
      let count = visits + inFlight
      if visits > 0 { return total / Double(count) }
      return initial / Double(1 + inFlight)
    }
  }

  /// Why a child was chosen.
  struct Choice: Sendable, Equatable {
    var node: Int
    var visits: Int
    var q: Double
    var prior: Double
    var u: Double
  }

  static let root = 0
  let rule: TreeSearchRule
  private(set) var nodes = [Node(parent: nil, prior: 1, initial: 0)]

  init(rule: TreeSearchRule) { self.rule = rule }

  func isLeaf(_ node: Int) -> Bool { nodes[node].children.isEmpty }

  /// Gives a leaf its children.
  ///
  /// - Parameter children: for each how likely it is, in any measure, and its value before the
  ///   first visit.
  /// - Returns: their numbers.
  @discardableResult
  mutating func grow(
    _ leaf: Int, _ children: [(likelihood: Double, initial: Double)]
  ) -> Range<Int> {
    let first = nodes.count
    let priors = rule.priors(children.map(\.likelihood))
    for (child, prior) in zip(children, priors) {
      nodes.append(Node(parent: leaf, prior: prior, initial: child.initial))
    }
    nodes[leaf].children = Array(first..<nodes.count)
    return first..<nodes.count
  }

  /// The child with the greatest Q + U, of equals the first; a visit is then in flight there.
  ///
  /// - Returns: nil for a leaf.
  mutating func descend(from node: Int) -> Choice? {
    let children = nodes[node].children
    let descents = children.reduce(0) { $0 + nodes[$1].visits + nodes[$1].inFlight }
    var best: Choice?
    for index in children {
      let child = nodes[index]
      let choice = Choice(
        node: index, visits: child.visits, q: child.value, prior: child.prior,
        u: rule.bonus(
          prior: child.prior, descents: descents, visits: child.visits + child.inFlight))
      if best.map({ choice.q + choice.u > $0.q + $0.u }) ?? true { best = choice }
    }
    if let best { nodes[best.node].inFlight += 1 }
    return best
  }

  /// Ends a visit in flight: its value is added to every node of its line, from the root on.
  mutating func backUp(_ line: [Int], value: Double) {
    for node in line {
      nodes[node].visits += 1
      nodes[node].total += value
      if node != Self.root { nodes[node].inFlight -= 1 }
    }
  }
}
