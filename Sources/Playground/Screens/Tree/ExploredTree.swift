import Decoding
import Problems
import Reasoning
import Traces

/// Everything that was explored as a radix tree: a line is a run of tokens in which nothing forks.
///
/// The lines depend only on which nodes are known and on where prompts end, never on the order in
/// which they came, so that a saved session shows the same tree. Adding a token costs no more than
/// the number of forks above it. Every line knows how many lines show below it, so that the rows on
/// view are found without looking at the others.
struct ExploredTree: Sendable {
  /// A token of a line.
  struct Entry: Sendable, Hashable {
    /// The place after the token.
    var node: NodeID
    var token: Token
    var origin: NodeTrace.Origin
    /// log p at temperature 1; nil for text that was put in.
    var logProbability: Double?

    /// What two runs say about one node, in whichever order: what belongs to a prompt in one of
    /// them is prompt, and what has a probability was sampled.
    fileprivate func joined(with other: Entry) -> Entry {
      var joined = self
      joined.logProbability = logProbability ?? other.logProbability
      if origin == .prompt || other.origin == .prompt {
        joined.origin = .prompt
      } else if joined.logProbability != nil {
        joined.origin = .generated
      }
      return joined
    }
  }

  /// A run of tokens, named by the node of its first token, which stays the first.
  struct Line: Sendable {
    var entries: [Entry]
    /// The line it forks off; nil for the root, which has no tokens.
    var parent: NodeID?
    /// What follows, the likeliest first token first, text that was put in last.
    var children: [NodeID] = []
    var isFolded = false
    /// How many rows it and the lines below it take.
    var height = 1
    /// The paths that end in it or below.
    var counts = PathCounts()
  }

  struct Place: Sendable {
    var line: NodeID
    var index: Int
  }

  private(set) var lines: [NodeID: Line] = [.root: Line(entries: [], parent: nil)]
  private(set) var places: [NodeID: Place] = [.root: Place(line: .root, index: -1)]
  /// Where prompts end, and a line with them.
  private var breaks: Set<NodeID> = []
  /// The paths whose last token a node is, and what they came to.
  private var tips: [NodeID: [PathKey]] = [:]
  private var paths: [PathKey: PathTip] = [:]

  /// How many tokens are in it.
  var tokenCount: Int { places.count - 1 }

  /// How many lines there are in all.
  var lineCount: Int { lines.count - 1 }

  // MARK: Growing

  /// Adds a token after a node; nothing where the node is not known.
  mutating func insert(_ entry: Entry, after parent: NodeID) {
    if let place = places[entry.node] { return join(entry, at: place) }
    guard let place = places[parent], let line = lines[place.line] else { return }
    let isAtEnd = place.index == line.entries.count - 1
    if isAtEnd, place.line != .root, line.children.isEmpty, !breaks.contains(parent) {
      lines[place.line]?.entries.append(entry)
      places[entry.node] = Place(line: place.line, index: place.index + 1)
      return
    }
    if !isAtEnd { split(place.line, after: place.index) }
    lines[entry.node] = Line(entries: [entry], parent: place.line)
    places[entry.node] = Place(line: entry.node, index: 0)
    attach(entry.node, to: place.line)
    if lines[place.line]?.isFolded == false { grow(place.line, by: 1) }
  }

  /// Ends a line at a node, where the prompt ends.
  mutating func insertBreak(after node: NodeID) {
    guard node != .root, breaks.insert(node).inserted, let place = places[node] else { return }
    if place.index + 1 < lines[place.line]?.entries.count ?? 0 {
      split(place.line, after: place.index)
    }
  }

  private mutating func join(_ entry: Entry, at place: Place) {
    guard let known = lines[place.line]?.entries[place.index] else { return }
    let joined = known.joined(with: entry)
    guard joined != known else { return }
    lines[place.line]?.entries[place.index] = joined
    // The order of the forks follows the probabilities.
    if place.index == 0, let parent = lines[place.line]?.parent {
      lines[parent]?.children.removeAll { $0 == place.line }
      attach(place.line, to: parent)
    }
  }

  /// Cuts a line in two after one of its tokens. A fold stays at the fork where it was made.
  private mutating func split(_ id: NodeID, after index: Int) {
    guard var upper = lines[id], index + 1 < upper.entries.count else { return }
    let rest = Array(upper.entries[(index + 1)...])
    var lower = upper
    lower.entries = rest
    lower.parent = id
    let first = rest[0].node
    upper.entries.removeSubrange((index + 1)...)
    upper.children = [first]
    upper.isFolded = false
    for entry in upper.entries {
      for key in tips[entry.node] ?? [] { lower.counts.remove(paths[key]) }
    }
    lines[id] = upper
    lines[first] = lower
    for (offset, entry) in rest.enumerated() {
      places[entry.node] = Place(line: first, index: offset)
    }
    for child in lower.children { lines[child]?.parent = first }
    grow(id, by: 1)
  }

  private mutating func attach(_ child: NodeID, to parent: NodeID) {
    let siblings = lines[parent]?.children ?? []
    let place = siblings.firstIndex { precedes(child, $0) } ?? siblings.count
    lines[parent]?.children.insert(child, at: place)
  }

  private func precedes(_ a: NodeID, _ b: NodeID) -> Bool {
    guard let a = lines[a]?.entries.first, let b = lines[b]?.entries.first else { return false }
    let (p, q) = (a.logProbability ?? -.infinity, b.logProbability ?? -.infinity)
    return p > q || (p == q && a.token.id < b.token.id)
  }

  /// Adds to the height of a line and of those above it, up to the first that is folded.
  private mutating func grow(_ line: NodeID, by count: Int) {
    var current: NodeID? = line
    while let id = current {
      lines[id]?.height += count
      current = lines[id]?.parent
      if let above = current, lines[above]?.isFolded == true { return }
    }
  }

  // MARK: Folding

  mutating func fold(_ line: NodeID, _ isFolded: Bool) {
    guard line != .root, let known = lines[line], known.isFolded != isFolded,
      !known.children.isEmpty
    else { return }
    let below = known.children.reduce(0) { $0 + (lines[$1]?.height ?? 0) }
    lines[line]?.isFolded = isFolded
    let change = isFolded ? -below : below
    lines[line]?.height += change
    if let above = known.parent, lines[above]?.isFolded == false { grow(above, by: change) }
  }

  /// Unfolds everything that hides a line.
  mutating func reveal(_ line: NodeID) {
    var current = lines[line]?.parent
    while let id = current {
      fold(id, false)
      current = lines[id]?.parent
    }
  }

  // MARK: Paths

  /// A path has come to a node.
  mutating func move(_ key: PathKey, to node: NodeID) {
    guard let line = places[node]?.line else { return }
    let old = paths[key]
    let new = PathTip(node: node)
    if let old, old.end == nil, let oldLine = places[old.node]?.line,
      oldLine == line || lines[line]?.parent == oldLine
    {
      // One token on: the lines above count the path already.
      drop(key, at: old.node)
      if oldLine != line { lines[line]?.counts.add(new) }
    } else {
      remove(key)
      count(line) { $0.add(new) }
    }
    paths[key] = new
    tips[node, default: []].append(key)
  }

  /// A path has ended where it is.
  mutating func end(_ key: PathKey, _ end: PathTip.End) {
    guard var tip = paths[key], let line = places[tip.node]?.line else { return }
    let old = tip
    tip.end = end
    paths[key] = tip
    count(line) {
      $0.remove(old)
      $0.add(tip)
    }
  }

  private mutating func remove(_ key: PathKey) {
    guard let tip = paths.removeValue(forKey: key) else { return }
    drop(key, at: tip.node)
    if let line = places[tip.node]?.line { count(line) { $0.remove(tip) } }
  }

  private mutating func drop(_ key: PathKey, at node: NodeID) {
    tips[node]?.removeAll { $0 == key }
  }

  /// Changes what a line and all above it count.
  private mutating func count(_ line: NodeID, _ change: (inout PathCounts) -> Void) {
    var current: NodeID? = line
    while let id = current, var counts = lines[id]?.counts {
      change(&counts)
      lines[id]?.counts = counts
      current = lines[id]?.parent
    }
  }

  /// What the paths came to that end in a line, in the order of the line and of their numbers.
  func ends(in line: NodeID) -> [PathTip.End] {
    guard let known = lines[line] else { return [] }
    let below = known.children.reduce(0) { $0 + (lines[$1]?.counts.paths ?? 0) }
    // Most lines have no path's end, and need no look at their tokens.
    guard known.counts.paths > below else { return [] }
    return known.entries.flatMap { (tips[$0.node] ?? []).sorted() }.compactMap { paths[$0]?.end }
  }
}

// MARK: From a trace

extension ExploredTree {
  /// The tree of everything that a trace holds of its model.
  init(_ trace: Trace) {
    self.init()
    for (number, run) in trace.runs.sorted(by: { $0.key < $1.key }) where trace.considers(run) {
      insertNodes(of: run)
      insertBreak(after: run.promptEnd)
      for path in run.pathNumbers where run.explores(path) {
        guard let known = run.paths[path], let tip = known.tip else { continue }
        move(PathKey(run: number, path: path), to: tip)
        if let end = known.end { self.end(end, in: number, run) }
      }
    }
  }

  /// The prompt and what goes on from its end, without what a verifier read and wrote.
  private mutating func insertNodes(of run: RunTrace) {
    for id in run.line(to: run.promptEnd) {
      if let node = run.nodes[id] { insert(Entry(id, node), after: node.parent) }
    }
    let (own, others) = run.pathNumbers.reduce(into: (Set<NodeID>(), Set<NodeID>())) {
      let nodes = run.paths[$1]?.nodes ?? []
      if run.explores($1) { $0.0.formUnion(nodes) } else { $0.1.formUnion(nodes) }
    }
    // What a path took back is on none any more; a text that nobody's path has was put in to ask.
    let isWalk = run.start?.isExploration == true
    func explores(_ id: NodeID) -> Bool {
      own.contains(id)
        || !others.contains(id) && (isWalk || run.nodes[id]?.origin != .injected)
    }
    var open: [NodeID] = [run.promptEnd]
    while let parent = open.popLast() {
      for child in run.children[parent] ?? [] where explores(child) {
        guard let node = run.nodes[child] else { continue }
        insert(Entry(child, node), after: parent)
        open.append(child)
      }
    }
  }

  /// Takes up an event that the trace has already folded in.
  mutating func apply(_ event: TraceEvent, in number: Int, _ run: RunTrace) {
    switch event {
    case .node(let node):
      guard let known = run.nodes[node.id], run.explores(node.path) else { return }
      insert(Entry(node.id, known), after: node.parent)
      move(PathKey(run: number, path: node.path), to: node.id)
    case .injected(let injection):
      guard injection.role == .prompt || injection.path.map(run.explores) == true else { return }
      var node = injection.parent
      for token in injection.tokens {
        let child = node.appending(token.id)
        if let known = run.nodes[child] { insert(Entry(child, known), after: node) }
        node = child
      }
      if injection.role == .prompt { insertBreak(after: run.promptEnd) }
      if let path = injection.path { move(PathKey(run: number, path: path), to: node) }
    case .fork(let fork):
      if run.explores(fork.path), let tip = run.paths[fork.path]?.tip {
        move(PathKey(run: number, path: fork.path), to: tip)
      }
    case .pathFinished(let end) where run.explores(end.path): self.end(end, in: number, run)
    default: break
    }
  }

  private mutating func end(_ end: PathEnd, in number: Int, _ run: RunTrace) {
    let question = run.start?.question
    self.end(
      PathKey(run: number, path: end.path),
      PathTip.End(answer: end.answer, isCorrect: end.answer.flatMap { question?.isCorrect($0) }))
  }
}

extension ExploredTree.Entry {
  init(_ id: NodeID, _ node: NodeTrace) {
    self.init(node: id, token: node.token, origin: node.origin, logProbability: node.logProbability)
  }
}

extension RunTrace {
  /// Whether a path is one of the model's answers to the question, or a person's own. What a verifier
  /// reads and writes, or what is asked about a path, begins elsewhere than at the prompt's end.
  func explores(_ number: Int) -> Bool {
    if start?.isExploration == true { return true }
    guard let first = paths[number]?.nodes.first else { return false }
    return nodes[first]?.parent == promptEnd
  }
}

extension Trace {
  /// Whether a run is by the model at hand, so that its nodes are those of the screens.
  func considers(_ run: RunTrace) -> Bool { model == nil || run.start?.model.hash == model }
}

/// A path of a run.
struct PathKey: Sendable, Hashable, Comparable {
  var run: Int
  var path: Int

  static func < (a: PathKey, b: PathKey) -> Bool { (a.run, a.path) < (b.run, b.path) }
}

/// How far a path has come.
struct PathTip: Sendable, Hashable {
  /// What a path came to.
  struct End: Sendable, Hashable {
    /// nil when none was found.
    var answer: String?
    /// nil when the right answer is not known, or there is none to judge.
    var isCorrect: Bool?
  }

  var node: NodeID
  /// nil while it grows.
  var end: End?
}

/// How many paths there are in a part of the tree, and what they came to.
struct PathCounts: Sendable, Hashable {
  private(set) var paths = 0
  /// Those that ended with a right and with a wrong answer.
  private(set) var right = 0
  private(set) var wrong = 0
  /// Those that have ended, with whatever answer.
  private(set) var ended = 0

  mutating func add(_ tip: PathTip) { change(tip, by: 1) }

  mutating func remove(_ tip: PathTip?) {
    if let tip { change(tip, by: -1) }
  }

  private mutating func change(_ tip: PathTip, by count: Int) {
    paths += count
    guard let end = tip.end else { return }
    ended += count
    if end.isCorrect == true { right += count }
    if end.isCorrect == false { wrong += count }
  }
}
