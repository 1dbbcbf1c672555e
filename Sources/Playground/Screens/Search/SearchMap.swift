import Decoding
import Foundation
import Problems
import Reasoning
import Traces

/// The tree of a search: the places where its steps end, and what it gave up.
///
/// Made from a run's trace alone, so that a saved run shows what the live one did.
struct SearchMap: Sendable, Hashable {
  /// What kind of search it is, with the figures it chose by.
  enum Kind: Sendable, Hashable {
    /// Goes through its tree again and again, with N, Q, P and U.
    case tree(RecordedTreeSearch)
    /// A beam of steps; nil where these have no scores of their own.
    case steps(RecordedStepSearch?)
    /// A beam of tokens.
    case tokens
  }

  /// A place: where a step of the search ends.
  struct Node: Sendable, Hashable {
    var id: NodeID
    /// The place before it; nil for the prompt's end.
    var parent: NodeID?
    /// In the order in which they were found.
    var children: [NodeID] = []
    /// What leads from the parent to it.
    var bytes: [UInt8] = []
    /// How many places lie before it.
    var depth = 0
    /// The first iteration that knows it: of a tree search the first that saw it, of a beam of
    /// steps the round, of a beam of tokens how many tokens lie before it.
    var birth = 0
    /// What a verifier gave it.
    var score: Score?
    /// V: what a model trained to judge made of it.
    var learned: LearnedValue?
    /// Σ log p of the tokens from the prompt's end on.
    var logProbability = 0.0
    /// Why it was given up; nil where some path went on.
    var pruning: Pruning?
    /// The end of the path that ended there by itself.
    var end: PathEnd?
    var isCorrect: Bool?
  }

  /// What a model beside the run's own made of a state.
  struct LearnedValue: Sendable, Hashable {
    /// p(+) behind the step, or the step's share of an implicit reward, exp(α Σ log p).
    var value: Double
    /// The name of the model.
    var judge: String
  }

  /// Something that was given up.
  struct Grave: Sendable, Hashable {
    var pruning: Pruning
    /// The iteration that gave it up.
    var death: Int
    /// Its text since the place before it; for a single token also the text before that.
    var bytes: [UInt8]
    var lead: [UInt8] = []
    /// Where it can be seen: its end, or for a token that no path took the node before it.
    var place: NodeID
  }

  private(set) var kind = Kind.steps(nil)
  private(set) var nodes: [NodeID: Node] = [:]
  private(set) var root = NodeID.root
  /// In the order in which they were given up.
  private(set) var graves: [Grave] = []
  /// How many iterations there were: of a beam how many rounds, or how many tokens.
  private(set) var iterations = 0

  init() {}

  init(_ run: RunTrace) {
    root = run.promptEnd
    nodes[root] = Node(id: root)
    let shape = run.start?.shape
    if !run.visits.isEmpty || shape == .treeSearch {
      kind = .tree(RecordedTreeSearch(run))
    } else {
      kind = shape == .tokensSearch ? .tokens : .steps(RecordedStepSearch(run))
    }
    make(from: run)
  }

  /// The statistics of a tree search; nil for a beam.
  var treeSearch: RecordedTreeSearch? {
    if case .tree(let search) = kind { search } else { nil }
  }

  /// The candidates of a beam of steps, where these have scores.
  var stepSearch: RecordedStepSearch? {
    if case .steps(let search) = kind { search } else { nil }
  }

  /// The places that an iteration knows, each before those that follow it; nil asks for all.
  func order(upTo iteration: Int?) -> [NodeID] {
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
  func lastOfForks(_ id: NodeID, upTo iteration: Int?, limit: Int) -> [Bool] {
    var lasts: [Bool] = []
    var current = id
    while lasts.count < limit, let parent = nodes[current]?.parent {
      let last = nodes[parent]?.children.last { child in
        iteration.map { nodes[child]?.birth ?? 0 <= $0 } ?? true
      }
      lasts.append(last == current)
      current = parent
    }
    return lasts.reversed()
  }
}

// MARK: From a trace

extension SearchMap {
  /// The paths of the search, without those that were only simulated to look ahead.
  private static func paths(of run: RunTrace) -> [(number: Int, trace: PathTrace)] {
    run.solutionPaths.compactMap { number in
      run.paths[number].flatMap { $0.end?.reason == "lookahead" ? nil : (number, $0) }
    }
  }

  private mutating func make(from run: RunTrace) {
    let paths = Self.paths(of: run)
    let ends = stepEnds(paths, run)
    let marks = marks(paths, ends, run)
    let known = Set(marks)
    for mark in marks { insert(mark, known, run) }
    var depths: [NodeID: Int] = [:]
    for path in paths {
      for (index, node) in path.trace.nodes.enumerated() { depths[node] = index + 1 }
    }
    date(depths)
    for path in paths { tell(path.trace, ends, run) }
    bury(paths, ends, depths, run)
  }

  // MARK: Places

  /// For nodes that follow a step's end with nothing but blanks between, such as the end of the
  /// text, that step's end: both are one place.
  private func stepEnds(
    _ paths: [(number: Int, trace: PathTrace)], _ run: RunTrace
  ) -> [NodeID: NodeID] {
    var ends: [NodeID: NodeID] = [:]
    // A tree search names its places.
    if treeSearch != nil { return ends }
    for path in paths.map(\.trace) {
      let lasts = Set(path.spans.filter { $0.kind == .step }.map(\.last))
      var end: NodeID?
      for node in path.nodes {
        if lasts.contains(node) {
          end = node
        } else if let known = end {
          let bytes = run.nodes[node]?.token.bytes ?? []
          if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            ends[node] = known
          } else {
            end = nil
          }
        }
      }
    }
    return ends
  }

  /// The places, in the order in which paths came to them.
  private func marks(
    _ paths: [(number: Int, trace: PathTrace)], _ ends: [NodeID: NodeID], _ run: RunTrace
  ) -> [NodeID] {
    if let treeSearch {
      let all = treeSearch.nodes
      var order: [NodeID] = []
      var open = [root]
      while let id = open.popLast() {
        order.append(id)
        open += (all[id]?.children ?? []).reversed()
      }
      return order
    }
    var marks: [NodeID] = []
    for (_, path) in paths {
      let own = Set(path.nodes)
      marks += path.spans.filter { $0.kind == .step }.map(\.last).filter(own.contains)
      // A step that was cut short is none; a beam of tokens has chosen each of its own.
      if let end = path.end, !Self.isCut(end) || kind == .tokens { marks.append(end.end) }
    }
    marks += run.forks.map(\.node)
    marks += run.prunings.filter { $0.kind != nil && $0.token == nil }.map(\.node)
    return marks.map { ends[$0] ?? $0 }
  }

  /// Adds a place and those on the way to it from the prompt. Places elsewhere, such as in the text
  /// that a verifier reads, are left out.
  private mutating func insert(_ mark: NodeID, _ known: Set<NodeID>, _ run: RunTrace) {
    var new: [Node] = []
    var place = Node(id: mark)
    var current = mark
    while nodes[place.id] == nil {
      guard let step = run.nodes[current] else { return }
      place.bytes = step.token.bytes + place.bytes
      place.logProbability += step.logProbability ?? 0
      current = step.parent
      guard current == root || known.contains(current) else { continue }
      place.parent = current
      new.append(place)
      place = Node(id: current)
    }
    for var node in new.reversed() {
      guard let parent = node.parent, let before = nodes[parent] else { continue }
      node.depth = before.depth + 1
      node.logProbability += before.logProbability
      nodes[node.id] = node
      nodes[parent]?.children.append(node.id)
    }
  }

  // MARK: What is known of them

  /// Sets the iteration that first knew each place. A tree search grows all children of a place at
  /// once, and goes to one of them in the same iteration.
  private mutating func date(_ depths: [NodeID: Int]) {
    let visits = treeSearch?.firstVisits ?? [:]
    for id in order(upTo: nil) where id != root {
      guard let node = nodes[id], let parent = node.parent.flatMap({ nodes[$0] }) else { continue }
      var birth = node.depth
      switch kind {
      case .tree: birth = max(parent.birth, parent.children.compactMap { visits[$0] }.min() ?? 0)
      case .tokens: birth = depths[id] ?? birth
      case .steps: break
      }
      nodes[id]?.birth = birth
      iterations = max(iterations, birth)
    }
    if let treeSearch { iterations = max(iterations, treeSearch.iterations) }
  }

  /// Whether a path was kept from ending by itself.
  private static func isCut(_ end: PathEnd) -> Bool {
    [FinishReason.cancelled.name, "failed"].contains(end.reason)
  }

  private static let verifiers: Set<Score.Kind> = [.prm, .orm, .genrm, .lookahead]

  /// What verifiers and the end of a path say of its places.
  private mutating func tell(_ path: PathTrace, _ ends: [NodeID: NodeID], _ run: RunTrace) {
    var indices: [NodeID: Int] = [:]
    for (index, node) in path.nodes.enumerated() { indices[node] = index }
    let places = path.nodes.indices.filter { nodes[path.nodes[$0]] != nil }
    for score in path.scores where Self.verifiers.contains(score.kind) && score.review == nil {
      // A step may be scored before the blanks that end it.
      guard let index = score.node.flatMap({ indices[$0] }),
        let place = places.first(where: { $0 >= index })
      else { continue }
      nodes[path.nodes[place]]?.score = score
    }
    for score in path.scores where score.kind == .prm || score.kind == .implicit {
      guard let judge = run.start?.judge(of: score) ?? score.judge,
        let index = score.node.flatMap({ indices[$0] }),
        let place = places.first(where: { $0 >= index })
      else { continue }
      nodes[path.nodes[place]]?.learned = LearnedValue(
        value: score.kind == .implicit ? exp(score.value) : score.value, judge: judge)
    }
    guard let end = path.end, end.reason != "pruned", end.reason != "unfinished", !Self.isCut(end)
    else { return }
    let kind = run.start?.verifier.map { $0.scoreKind }
    let place = ends[end.end] ?? end.end
    nodes[place]?.end = end
    nodes[place]?.isCorrect = end.answer.flatMap { run.start?.question.isCorrect($0) }
    // A verifier of whole solutions reads them in a text of its own.
    if nodes[place]?.score == nil, let kind {
      nodes[place]?.score = path.scores.last { $0.kind == kind && $0.review == nil }
    }
  }

  /// Lists what was given up for its score. A path given up because another says the same is no
  /// grave.
  private mutating func bury(
    _ paths: [(number: Int, trace: PathTrace)], _ ends: [NodeID: NodeID],
    _ depths: [NodeID: Int], _ run: RunTrace
  ) {
    let given = Set(run.prunings.filter { $0.token == nil }.compactMap(\.path))
    // In separate groups one may go on from where another one was given up.
    let alive = Set(paths.filter { !given.contains($0.number) }.flatMap(\.trace.nodes))
    for pruning in run.prunings where pruning.kind != nil {
      let grave: Grave
      if let token = pruning.token {
        guard let parent = pruning.parent, let depth = parent == root ? 0 : depths[parent] else {
          continue
        }
        grave = Grave(
          pruning: pruning, death: depth + 1, bytes: token.bytes, lead: lead(parent, run),
          place: parent)
      } else {
        let id = ends[pruning.node] ?? pruning.node
        guard let node = nodes[id] else { continue }
        // A beam of tokens gives a line up one token later, for what would have followed.
        grave = Grave(
          pruning: pruning, death: node.birth + (kind == .tokens ? 1 : 0), bytes: node.bytes,
          place: id)
        if !alive.contains(id) { nodes[id]?.pruning = pruning }
      }
      graves.append(grave)
      iterations = max(iterations, grave.death)
    }
  }

  /// The last tokens before one that no path took.
  private func lead(_ parent: NodeID, _ run: RunTrace) -> [UInt8] {
    var bytes: [UInt8] = []
    var place = parent
    for _ in 0..<4 {
      guard place != root, let node = run.nodes[place] else { break }
      bytes = node.token.bytes + bytes
      place = node.parent
    }
    return bytes
  }
}
