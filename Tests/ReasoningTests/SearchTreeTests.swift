import Decoding
import Foundation
import Testing

@testable import Reasoning

/// A decision process of three steps with three choices each and a known reward at every end, so
/// that backward induction says what is best.
struct TableMDP {
  static let depth = 3
  static let width = 3
  /// The reward of each of the 27 ends.
  var rewards: [Double]

  init(seed: UInt64) {
    let random = PathRandom(seed: seed, path: 0)
    rewards = (0..<27).map { random.uniform(at: $0) }
  }

  func reward(_ path: [Int]) -> Double { rewards[path.reduce(0) { $0 * Self.width + $1 }] }

  /// V*, by backward induction.
  func value(_ path: [Int]) -> Double {
    path.count == Self.depth
      ? reward(path) : (0..<Self.width).map { value(path + [$0]) }.max() ?? 0
  }

  /// The ends in the order in which a search comes to them, and its tree.
  struct Search {
    var tree: SearchTree
    var ends: [[Int]] = []
    /// What each node of the tree stands for.
    var paths: [[Int]] = [[]]
  }

  /// - Parameters:
  ///   - flight: how many visits are in flight at once.
  ///   - initial: Q before the first visit.
  func search(
    _ simulations: Int, flight: Int = 1, rule: TreeSearchRule = TreeSearchRule(),
    initial: Double = 0.75, likelihood: ([Int]) -> Double = { _ in 1 }
  ) -> Search {
    var search = Search(tree: SearchTree(rule: rule))
    while search.ends.count < simulations {
      var lines: [[Int]] = []
      for _ in 0..<min(flight, simulations - search.ends.count) {
        var line = [SearchTree.root]
        while let last = line.last, search.paths[last].count < Self.depth {
          let path = search.paths[last]
          if search.tree.isLeaf(last) {
            let children = (0..<Self.width).map { path + [$0] }
            search.tree.grow(last, children.map { (likelihood($0), initial) })
            search.paths += children
          }
          guard let choice = search.tree.descend(from: last) else { break }
          line.append(choice.node)
        }
        lines.append(line)
      }
      for line in lines {
        let path = search.paths[line[line.count - 1]]
        search.tree.backUp(line, value: reward(path))
        search.ends.append(path)
      }
    }
    return search
  }

  /// The same without a tree, without virtual loss: counts and sums by path.
  func plainSearch(_ simulations: Int, initial: Double = 0.75) -> [[Int]] {
    var visits: [[Int]: Int] = [:]
    var sums: [[Int]: Double] = [:]
    return (0..<simulations).map { _ in
      var path: [Int] = []
      while path.count < Self.depth {
        let children = (0..<Self.width).map { path + [$0] }
        let parent = Double(children.reduce(0) { $0 + (visits[$1] ?? 0) })
        let weight = log((parent + 19653) / 19652) + 1.25
        let scores = children.map { child in
          let count = Double(visits[child] ?? 0)
          let q = count > 0 ? (sums[child] ?? 0) / count : initial
          return q + weight / 3 * parent.squareRoot() / (1 + count)
        }
        path = children[scores.firstIndex(of: scores.max() ?? 0) ?? 0]
      }
      for length in 0...Self.depth {
        visits[Array(path[..<length]), default: 0] += 1
        sums[Array(path[..<length]), default: 0] += reward(path)
      }
      return path
    }
  }
}

@Suite struct SearchTreeTests {
  /// How often a search has seen the best end, and how often it went there most, over tables.
  private func rates(_ simulations: Int, tables: UInt64) -> (seen: Double, visited: Double) {
    var (seen, visited) = (0.0, 0.0)
    for seed in 1...tables {
      let table = TableMDP(seed: seed)
      let search = table.search(simulations)
      let best = table.value([])
      if search.ends.contains(where: { table.reward($0) == best }) { seen += 1 }
      if table.reward(search.paths[search.tree.mostVisited.last ?? 0]) == best { visited += 1 }
    }
    return (seen / Double(tables), visited / Double(tables))
  }

  /// Golden figures of an independent program over 200 tables: the best end was seen in .64, .995
  /// and all of them after 27, 200 and 2000 simulations, and visited most in .38, .79 and .965.
  @Test func theBestEndIsSeenLongBeforeItIsVisitedMost() {
    let few = rates(27, tables: 400)
    #expect(abs(few.seen - 0.64) < 0.12)
    #expect(abs(few.visited - 0.38) < 0.12)
    let more = rates(200, tables: 200)
    #expect(more.seen > 0.95)
    #expect(abs(more.visited - 0.79) < 0.14)
    let many = rates(2000, tables: 60)
    #expect(many.seen == 1)
    #expect(many.visited > 0.85)
  }

  /// Means never exceed what backward induction allows, and close in on it.
  @Test func meansRiseToTheValuesOfBackwardInduction() {
    var gaps: [Double] = []
    for simulations in [27, 200, 2000] {
      var gap = 0.0
      for seed in 1...40 as ClosedRange<UInt64> {
        let table = TableMDP(seed: seed)
        let search = table.search(simulations)
        for (index, node) in search.tree.nodes.enumerated() where node.visits > 0 {
          #expect(node.total / Double(node.visits) <= table.value(search.paths[index]) + 1e-12)
        }
        gap += table.value([]) - search.tree.nodes[SearchTree.root].value
      }
      gaps.append(gap / 40)
    }
    #expect(gaps[1] < gaps[0])
    #expect(gaps[2] < gaps[1])
    #expect(gaps[2] < gaps[0] / 2)
  }

  /// A prior of 0 on the way to the best end hides it for good; a floor finds it.
  @Test func priorsHaveAFloor() {
    func found(floor: Double) -> Int {
      var rule = TreeSearchRule()
      rule.floor = floor
      return (1...40 as ClosedRange<UInt64>).count { seed in
        let table = TableMDP(seed: seed)
        let best = (0..<3).max { table.value([$0]) < table.value([$1]) } ?? 0
        let search = table.search(2000, rule: rule, initial: 0) { $0 == [best] ? 0 : 1 }
        return search.ends.contains { table.reward($0) == table.value([]) }
      }
    }
    #expect(found(floor: 0) <= 4)
    #expect(found(floor: TreeSearchRule().floor) >= 32)
    let priors = TreeSearchRule().priors([0, 3, 1])
    #expect(abs(priors.reduce(0, +) - 1) < 1e-12)
    #expect(priors[0] > 0.1)
    #expect(priors[1] > priors[2])
    #expect(priors[2] > priors[0])
    #expect(TreeSearchRule().priors([0, 0]) == [0.5, 0.5])
    #expect(TreeSearchRule().priors([]) == [])
  }

  /// Virtual loss is for visits in flight together: one at a time it does nothing at all.
  @Test func oneVisitInFlightIsPlainPUCT() {
    for seed in 1...20 as ClosedRange<UInt64> {
      let table = TableMDP(seed: seed)
      #expect(table.search(300).ends == table.plainSearch(300))
    }
  }

  @Test func visitsInFlightLookElsewhereAndAgreeInTheLimit() {
    for seed in 1...12 as ClosedRange<UInt64> {
      let table = TableMDP(seed: seed)
      let first = table.search(8, flight: 8)
      // Eight visits that know nothing of each other would all go to the same end.
      #expect(Set(first.ends).count >= 6)
      #expect(Set(first.ends.map { $0[0] }).count == 3)
      let (one, eight) = (table.search(4000), table.search(4000, flight: 8))
      for search in [one, eight] {
        #expect(search.ends.contains { table.reward($0) == table.value([]) })
      }
      for child in 1...3 {
        let shares = [one, eight].map { Double($0.tree.nodes[child].visits) / 4000 }
        #expect(abs(shares[0] - shares[1]) < 0.1)
      }
    }
  }

  @Test(arguments: [1, 3, 8])
  func everyVisitOfANodeGoesOnToAChild(flight: Int) {
    let search = TableMDP(seed: 9).search(500, flight: flight)
    #expect(search.tree.nodes[SearchTree.root].visits == 500)
    for node in search.tree.nodes {
      #expect(node.inFlight == 0)
      guard !node.children.isEmpty else { continue }
      #expect(node.visits == node.children.reduce(0) { $0 + search.tree.nodes[$1].visits })
      let priors = node.children.map { search.tree.nodes[$0].prior }
      #expect(abs(priors.reduce(0, +) - 1) < 1e-12)
    }
  }

  /// √N is 0 at the first choice of a place, so that only the values decide; of equals the first.
  @Test func theFirstChoiceIsByValueAlone() {
    var tree = SearchTree(rule: TreeSearchRule())
    tree.grow(SearchTree.root, [(0.9, 0.2), (0.1, 0.7), (0.1, 0.7)])
    let choice = tree.descend(from: SearchTree.root)
    #expect(choice?.node == 2)
    #expect(choice?.u == 0)
    #expect(choice?.q == 0.7)
    #expect(tree.descend(from: 2) == nil)
    // The next one knows of the one in flight: U = P · c · √1 / (1 + n).
    let next = tree.descend(from: SearchTree.root)
    let weight = log(19654.0 / 19652.0) + 1.25
    #expect(next?.node == 1)
    #expect(abs((next?.u ?? 0) - weight * tree.nodes[1].prior) < 1e-12)
  }
}

extension SearchTree {
  /// The line of the most visited children, of equals the first.
  fileprivate var mostVisited: [Int] {
    var line = [Self.root]
    while let last = line.last, let first = nodes[last].children.first {
      let best = nodes[last].children.dropFirst().reduce(first) {
        nodes[$1].visits > nodes[$0].visits ? $1 : $0
      }
      if nodes[best].visits == 0 { break }
      line.append(best)
    }
    return line
  }
}
