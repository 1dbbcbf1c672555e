public import Decoding
public import Reasoning

/// The tree of a search: the places where it looked, scored, came back to or gave up.
///
/// Between two of them lie the tokens of a step. Made from a run's trace alone, so that a replay
/// shows what was seen.
public struct SearchMap: Sendable, Hashable {
  /// A place of the search.
  public struct Node: Sendable, Hashable {
    public var id: NodeID
    /// The place before it; nil for the prompt's end.
    public var parent: NodeID?
    /// In the order in which they were found.
    public var children: [NodeID] = []
    /// What leads from the parent to it.
    public var bytes: [UInt8] = []
    /// How many places lie before it.
    public var depth = 0
    /// The first iteration that knows it: of a tree search the first that went to it or past it,
    /// of a beam its depth.
    public var birth = 0
    /// The descents through it and the values that came up to it, by iteration.
    public var visits: [Visit] = []
    public var backups: [Backup] = []
    /// What a verifier gave it, and how much a tree search favoured it before it had tried it.
    public var score: Score?
    public var prior: Double?
    /// Why it was given up.
    public var pruning: Pruning?
    /// The answer of the path that ends there.
    public var end: PathEnd?
    public var isCorrect: Bool?
  }

  public private(set) var nodes: [NodeID: Node] = [:]
  public private(set) var root = NodeID.root
  /// The places that were given up, in the order in which that happened.
  public private(set) var graves: [NodeID] = []
  /// How many iterations there were, or of a beam how many steps.
  public private(set) var iterations = 0
  /// Whether it went through its tree again and again, with N, Q, prior and U.
  public private(set) var isTreeSearch = false

  public init() {}

  public init(_ run: RunTrace) {
    root = run.promptEnd
    nodes[root] = Node(id: root)
    insertPlaces(of: run)
    for visit in run.visits { nodes[visit.node]?.visits.append(visit) }
    for backup in run.backups { nodes[backup.node]?.backups.append(backup) }
    for pruning in Self.decided(run.prunings) where nodes[pruning.node] != nil {
      if nodes[pruning.node]?.pruning == nil { graves.append(pruning.node) }
      nodes[pruning.node]?.pruning = pruning
    }
    isTreeSearch = !run.visits.isEmpty
    date()
  }

  private static let verifiers: Set<Score.Kind> = [.prm, .orm, .genrm, .lookahead]
  /// The scores that are given to places.
  private static let kinds = verifiers.union([.prior])

  /// What was given up for its score. A path that only says what another one says too lives on in
  /// that one.
  private static func decided(_ prunings: [Pruning]) -> [Pruning] {
    prunings.filter { $0.kind != nil }
  }

  // MARK: Places

  private mutating func insertPlaces(of run: RunTrace) {
    var marks: [NodeID] = []
    // What was only simulated is no part of the search's tree.
    let paths = run.solutionPaths.compactMap { run.paths[$0] }.filter {
      $0.end?.reason != "lookahead"
    }
    let prunings = Self.decided(run.prunings)
    for path in paths {
      let own = Set(path.nodes)
      marks += path.spans.filter { $0.kind == .step }.map(\.last)
      // A verifier of whole solutions reads them in a text of its own; what is said of an answer's
      // tokens is no place of the search.
      marks += path.scores.filter { Self.kinds.contains($0.kind) }.compactMap(\.node)
        .filter(own.contains)
      if let end = path.end { marks.append(end.end) }
    }
    marks += run.visits.map(\.node) + run.backups.map(\.node)
    // A candidate that no path took stands behind the place where it was one.
    marks += prunings.compactMap(\.parent) + prunings.map(\.node)
    var steps = run.nodes.mapValues { (parent: $0.parent, bytes: $0.token.bytes) }
    for pruning in prunings {
      guard let parent = pruning.parent, let token = pruning.token, steps[pruning.node] == nil,
        pruning.node == parent.appending(token.id)
      else { continue }
      steps[pruning.node] = (parent, token.bytes)
    }
    let known = Set(marks)
    for mark in marks { insert(mark, known, steps) }
    for path in paths {
      for score in path.scores where Self.verifiers.contains(score.kind) {
        guard let node = score.node, nodes[node] != nil else { continue }
        nodes[node]?.score = score
      }
      for score in path.scores where score.kind == .prior {
        if let node = score.node { nodes[node]?.prior = score.value }
      }
      guard let end = path.end, nodes[end.end] != nil else { continue }
      nodes[end.end]?.end = end
      nodes[end.end]?.isCorrect = end.answer.flatMap { run.start?.question.isCorrect($0) }
    }
  }

  /// Adds a place, and before it those on the way from the prompt. Places elsewhere, such as those
  /// where a verifier reads, are left out.
  private mutating func insert(
    _ mark: NodeID, _ known: Set<NodeID>, _ steps: [NodeID: (parent: NodeID, bytes: [UInt8])]
  ) {
    var new: [Node] = []
    var place = Node(id: mark)
    var current = mark
    while nodes[place.id] == nil {
      guard let step = steps[current] else { return }
      place.bytes = step.bytes + place.bytes
      current = step.parent
      guard current == root || known.contains(current) else { continue }
      place.parent = current
      new.append(place)
      place = Node(id: current)
    }
    for var node in new.reversed() {
      guard let parent = node.parent else { continue }
      node.depth = (nodes[parent]?.depth ?? 0) + 1
      nodes[node.id] = node
      nodes[parent]?.children.append(node.id)
    }
  }

  /// Says when each place came to be known. A tree search grows all children of a place at once,
  /// and goes to one of them in the same iteration.
  private mutating func date() {
    for id in order(upTo: nil) where id != root {
      guard let node = nodes[id], let parent = node.parent else { continue }
      var birth = node.depth
      if isTreeSearch {
        let first = nodes[parent]?.children.compactMap { nodes[$0]?.visits.first?.iteration }.min()
        birth = max(nodes[parent]?.birth ?? 0, first ?? 0)
      }
      nodes[id]?.birth = birth
      iterations = max(iterations, birth)
    }
    if isTreeSearch {
      let all = nodes.values.flatMap { $0.backups.map(\.iteration) + $0.visits.map(\.iteration) }
      iterations = max(iterations, all.max() ?? 0)
    }
  }

  // MARK: Reading

  /// The places that an iteration knows, each before those behind it.
  public func order(upTo iteration: Int?) -> [NodeID] {
    var order: [NodeID] = []
    var open = nodes[root] == nil ? [] : [root]
    while let id = open.popLast() {
      guard let node = nodes[id], iteration.map({ node.birth <= $0 }) ?? true else { continue }
      order.append(id)
      open += node.children.reversed()
    }
    return order
  }

  /// For each fork on the way to a place whether the way is the last one there that an iteration
  /// knows, the nearest `limit` of them.
  func lastOfForks(_ id: NodeID, upTo iteration: Int, limit: Int) -> [Bool] {
    var lasts: [Bool] = []
    var current = id
    while lasts.count < limit, let parent = nodes[current]?.parent {
      let last = nodes[parent]?.children.last { (nodes[$0]?.birth ?? 0) <= iteration }
      lasts.append(last == current)
      current = parent
    }
    return lasts.reversed()
  }
}

extension SearchMap.Node {
  /// N and Q after an iteration.
  func value(at iteration: Int) -> Backup? { backups.last { $0.iteration <= iteration } }

  /// The last descent up to an iteration: prior and U, why it came here.
  func visit(at iteration: Int) -> Visit? { visits.last { $0.iteration <= iteration } }

  /// Whether an iteration went through it.
  func isVisited(in iteration: Int) -> Bool {
    visits.contains { $0.iteration == iteration } || backups.contains { $0.iteration == iteration }
  }
}
