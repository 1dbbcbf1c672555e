public import Decoding
public import Traces

/// A tree search as its trace has it: the statistics by which it chose, at any of its iterations,
/// and what the same statistics would have chosen with another exploration constant.
///
/// That is a re-ranking of what was recorded, not another search: one with another constant would
/// soon have gone elsewhere and have had other statistics.
public struct RecordedTreeSearch: Sendable, Hashable {
  public struct Node: Sendable, Hashable {
    /// The node before it in the search's tree; nil for the root.
    public var parent: NodeID?
    /// In the order in which they were drawn.
    public var children: [NodeID] = []
    /// P; nil where the trace does not tell.
    public var prior: Double?
    /// Q before the first visit; nil where the trace does not tell.
    var initial: Double?
  }

  /// What speaks for a node when its parent chooses.
  public struct Standing: Sendable, Hashable {
    /// N: visits that have come back.
    public var visits = 0
    /// Visits on their way, which count as worth nothing until they come back.
    public var inFlight = 0
    /// The mean value of the visits, or before the first what the node was held for.
    public var q: Double?
    public var prior: Double?
    /// P · c · √N(parent) / (1 + N); nil for the root.
    public var u: Double?
    /// Whether it is the one that its parent chooses, of equals the first.
    public var isChosen = false

    /// What the children of a node are compared by.
    public var sum: Double? { u.map { $0 + (q ?? 0) } }
  }

  public private(set) var nodes: [NodeID: Node] = [:]
  public let root: NodeID
  /// The constant that the search had.
  public let exploration: Double
  /// How many iterations have begun.
  public private(set) var iterations = 0
  private var events: [Event] = []

  private enum Event: Sendable, Hashable {
    case visit(iteration: Int, NodeID)
    case backup(iteration: Int, NodeID, value: Double)
  }

  private struct Count {
    var visits = 0
    var total = 0.0
    var inFlight = 0
  }

  public init(_ run: RunTrace) {
    root = run.promptEnd
    let settings = run.start?.settings
    exploration = settings?.exploration ?? TreeSearchRule.defaultExploration
    insertNodes(of: run)
    insertEvents(of: run, leaves: max(1, settings?.leaves ?? MCTS.defaultLeaves))
  }

  private mutating func insertNodes(of run: RunTrace) {
    nodes[root] = Node()
    // In path order: a step is drawn on the lowest of the paths that have it.
    var order: [NodeID] = []
    func known(_ id: NodeID) -> Bool { nodes[id] != nil }
    for number in run.pathNumbers {
      for score in run.paths[number]?.scores ?? [] where score.kind == .prior {
        guard let id = score.node, !known(id) else { continue }
        nodes[id] = Node(prior: score.value, initial: score.terms?.first)
        order.append(id)
      }
    }
    for visit in run.visits where !known(visit.node) {
      nodes[visit.node] = Node(prior: visit.prior)
      order.append(visit.node)
    }
    for id in order {
      var place = run.nodes[id]?.parent
      while let here = place, !known(here) { place = run.nodes[here]?.parent }
      guard let parent = place else { continue }
      nodes[id]?.parent = parent
      nodes[parent]?.children.append(id)
    }
  }

  /// Visits and backups in the order in which they happened: those of a batch of leaves go down
  /// together, and then come back one after the other.
  private mutating func insertEvents(of run: RunTrace, leaves: Int) {
    // A damaged file may claim any number.
    func number(_ iteration: Int) -> Int { min(max(1, iteration), 1 << 20) }
    func batch(_ iteration: Int) -> Int { (number(iteration) - 1) / leaves }
    var backups = run.backups[...]
    func comeBack(before limit: Int?) {
      while let backup = backups.first, limit.map({ batch(backup.iteration) < $0 }) ?? true {
        backups.removeFirst()
        let iteration = number(backup.iteration)
        iterations = max(iterations, iteration)
        events.append(.backup(iteration: iteration, backup.node, value: backup.value))
      }
    }
    for visit in run.visits {
      comeBack(before: batch(visit.iteration))
      iterations = max(iterations, number(visit.iteration))
      events.append(.visit(iteration: number(visit.iteration), visit.node))
    }
    comeBack(before: nil)
  }

  // MARK: Reading

  /// The nodes that an iteration went to, from below the root.
  public func line(of iteration: Int) -> [NodeID] {
    events.compactMap { event in
      if case .visit(iteration: iteration, let node) = event { node } else { nil }
    }
  }

  /// The first iteration that went to each node.
  public var firstVisits: [NodeID: Int] {
    var first: [NodeID: Int] = [:]
    for case .visit(let iteration, let node) in events {
      first[node] = min(first[node] ?? iteration, iteration)
    }
    return first
  }

  /// What an iteration brought back; nil as long as it is on its way.
  public func value(of iteration: Int) -> Double? {
    for case .backup(iteration: iteration, _, let value) in events { return value }
    return nil
  }

  /// How the nodes stand.
  ///
  /// - Parameters:
  ///   - iteration: the one that chooses. On its way every choice sees what it saw; elsewhere the
  ///     nodes stand as when it began. nil is after all that has come back.
  ///   - exploration: the constant to choose with; nil is the search's own.
  public func standings(at iteration: Int?, exploration: Double? = nil) -> [NodeID: Standing] {
    let rule = TreeSearchRule(exploration: exploration ?? self.exploration)
    var counts: [NodeID: Count] = [:]
    var standings: [NodeID: Standing]?
    for event in events {
      switch event {
      case .visit(let number, let node):
        if number == iteration {
          var seen = standings ?? self.standings(counts, rule, below: nil)
          if let parent = nodes[node]?.parent {
            seen.merge(self.standings(counts, rule, below: parent)) { _, new in new }
          }
          standings = seen
        }
        counts[node, default: Count()].inFlight += 1
      case .backup(let number, let node, let value):
        // An iteration has chosen all its way before it comes back.
        if number == iteration, let standings { return standings }
        counts[node, default: Count()].visits += 1
        counts[node]?.total += value
        if node != root { counts[node]?.inFlight -= 1 }
      }
    }
    if let standings { return standings }
    // What was on its way when the search was stopped never comes back.
    for id in counts.keys { counts[id]?.inFlight = 0 }
    return self.standings(counts, rule, below: nil)
  }

  /// The line of the children that are chosen.
  public func nextLine(_ standings: [NodeID: Standing]) -> [NodeID] {
    var line: [NodeID] = []
    var place = root
    while let next = nodes[place]?.children.first(where: { standings[$0]?.isChosen == true }) {
      line.append(next)
      place = next
    }
    return line
  }

  /// How the children of one node stand, or those of all.
  private func standings(
    _ counts: [NodeID: Count], _ rule: TreeSearchRule, below only: NodeID?
  ) -> [NodeID: Standing] {
    var standings: [NodeID: Standing] = [:]
    if only == nil { standings[root] = standing(root, counts) }
    let parents = only.map { [$0] } ?? Array(nodes.keys)
    for parent in parents {
      let children = nodes[parent]?.children ?? []
      let descents = children.reduce(0) {
        $0 + (counts[$1].map { $0.visits + $0.inFlight } ?? 0)
      }
      var best: (id: NodeID, sum: Double)?
      for id in children {
        var own = standing(id, counts)
        own.u = rule.bonus(
          prior: own.prior ?? 0, descents: descents, visits: own.visits + own.inFlight)
        standings[id] = own
        let sum = own.sum ?? 0
        if best.map({ sum > $0.sum }) ?? true { best = (id, sum) }
      }
      if let best { standings[best.id]?.isChosen = true }
    }
    return standings
  }

  private func standing(_ id: NodeID, _ counts: [NodeID: Count]) -> Standing {
    let count = counts[id] ?? Count()
    var standing = Standing()
    (standing.visits, standing.inFlight) = (count.visits, max(0, count.inFlight))
    standing.prior = nodes[id]?.prior
    standing.q =
      count.visits > 0
      ? count.total / Double(count.visits + standing.inFlight)
      : nodes[id]?.initial.map { $0 / Double(1 + standing.inFlight) }
    return standing
  }
}
