public import Decoding
public import Traces

/// Everything that was explored as a radix tree: a line is a run of tokens in which nothing forks.
///
/// The lines depend only on which nodes are known and on where prompts end, never on the order in
/// which they came, so that a saved session shows the same tree. A token that comes in costs no
/// more than the number of forks above it, and a part of the tree is read without the rest: each
/// line knows how many show below it.
public struct ExploredTree: Sendable {
  /// A token of a line.
  public struct Entry: Sendable, Hashable {
    /// The place after the token.
    public var node: NodeID
    public var token: Token
    public var origin: NodeTrace.Origin
    /// log p at temperature 1; nil for text that was put in.
    public var logProbability: Double?

    /// What two accounts of one node say together, whichever comes first: part of a prompt is
    /// prompt, and what has a probability was sampled.
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

  /// A run of tokens. It is known by the node of its first token, which stays the first.
  struct Line: Sendable {
    var entries: [Entry]
    /// The line it forks off; nil for the root's, which has no tokens.
    var parent: NodeID?
    /// What follows, the likeliest first token first, text that was put in last.
    var children: [NodeID] = []
    var isFolded = false
    /// How many lines show of it and what is below it, itself included.
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
  /// Where prompts end: a line does not go on over it.
  private var breaks: Set<NodeID> = []
  /// The paths whose last token a node is, and what they came to.
  private var tips: [NodeID: [PathKey]] = [:]
  private var paths: [PathKey: PathTip] = [:]

  public init() {}

  /// How many tokens are in it.
  public var tokenCount: Int { places.count - 1 }

  /// How many lines there are in all.
  public var lineCount: Int { lines.count - 1 }

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

  /// Lets a line end at a node, for the prompt is done there.
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

  /// Tells a line and those above it that more lines show below, as far as they show.
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

  /// Unfolds what hides a line.
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
      // One token on: what is above counts the path already.
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
public struct PathCounts: Sendable, Hashable {
  public private(set) var paths = 0
  /// Those that ended with a right and with a wrong answer.
  public private(set) var right = 0
  public private(set) var wrong = 0
  /// Those that have ended, with whatever answer.
  public private(set) var ended = 0

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
