public import Decoding

/// The fold of trace events: what is known about everything explored so far.
///
/// Folding does not depend on the order in which paths interleave, so the same seed gives an
/// equal trace at any number of parallel slots.
public struct Trace: Sendable, Equatable {
  public private(set) var header: TraceHeader?
  /// The runs by their number.
  public private(set) var runs: [Int: RunTrace] = [:]
  /// The trainings by their number, which no run has.
  public private(set) var trainings: [Int: TrainingTrace] = [:]
  /// The loads by their number, which neither a run nor a training has.
  public private(set) var loads: [Int: LoadTrace] = [:]
  /// The hash of the model whose runs lookups consider; nil considers all. Models of one family
  /// share a vocabulary, so that equal ids may stand for different distributions.
  public var model: String?

  public init() {}

  public init(_ records: some Sequence<TraceRecord>) {
    for record in records { apply(record) }
  }

  public mutating func apply(_ record: TraceRecord) {
    if case .header(let header) = record.event {
      self.header = header
    } else if case .training(let event) = record.event {
      trainings[record.run, default: TrainingTrace()].apply(event)
    } else if case .load(let event) = record.event {
      loads[record.run, default: LoadTrace()].apply(event)
    } else {
      runs[record.run, default: RunTrace()].apply(record.event)
    }
  }

  /// The greatest number of a run, a training or a load.
  public var latestRun: Int? {
    [runs.keys.max(), trainings.keys.max(), loads.keys.max()].compactMap { $0 }.max()
  }
}

/// What is known about one run.
public struct RunTrace: Sendable, Equatable {
  public private(set) var start: RunStart?
  /// The last node of the prompt.
  public private(set) var promptEnd: NodeID = .root
  /// Every node the run knows, prompt and injected text included.
  public private(set) var nodes: [NodeID: NodeTrace] = [:]
  /// The known continuations of each node.
  public private(set) var children: [NodeID: Set<NodeID>] = [:]
  /// The saved distribution of the token *after* a node.
  public private(set) var distributions: [NodeID: Candidates] = [:]
  /// The paths by their number.
  public private(set) var paths: [Int: PathTrace] = [:]
  /// Every tally of each method, in path order: the last is the current one.
  public private(set) var tallies: [Tally.Method: [Tally]] = [:]
  /// The passages that stand in the prompt, best first.
  public private(set) var retrievals: [Retrieval] = []
  /// Where paths begin as others do.
  public private(set) var forks: [PathFork] = []
  public private(set) var visits: [Visit] = []
  public private(set) var backups: [Backup] = []
  public private(set) var prunings: [Pruning] = []
  public private(set) var edits: [Edit] = []
  /// How many tokens were chosen, those of paths that were taken back or forked from included, each
  /// once.
  public private(set) var generated = 0
  public private(set) var end: RunEnd?

  init() {}

  public mutating func apply(_ event: TraceEvent) {
    switch event {
    case .header, .training, .load, .unknown: break
    case .run(let start):
      // A run that is taken up again has not ended.
      self.start = start
      end = nil
    case .node(let node): apply(node)
    case .fork(let fork):
      forks.append(fork)
      let origin = paths[fork.from] ?? PathTrace()
      paths[fork.path, default: PathTrace()].take(over: origin, in: fork)
    case .injected(let injection): apply(injection)
    case .span(let span): paths[span.path, default: PathTrace()].spans.append(span)
    case .score(let score): paths[score.path, default: PathTrace()].scores.append(score)
    case .retrieved(let retrieval):
      // A run that is taken up again tells of the same passages.
      if !retrievals.contains(retrieval) { retrievals.append(retrieval) }
    case .visit(let visit): visits.append(visit)
    case .backup(let backup): backups.append(backup)
    case .pruned(let pruning): prunings.append(pruning)
    case .pathFinished(let end): paths[end.path, default: PathTrace()].end = end
    case .tally(let tally): tallies[tally.method, default: []].append(tally)
    case .edit(let edit): edits.append(edit)
    case .finished(let end): self.end = end
    }
  }

  private mutating func apply(_ event: NodeEvent) {
    // A damaged file may claim anything; ids that are the digests of their prefix cannot form a
    // circle, so every walk to the root ends.
    guard event.id == event.parent.appending(event.token.id) else { return }
    let known = nodes[event.id]
    nodes[event.id] = NodeTrace(
      parent: event.parent, token: event.token,
      origin: known?.origin == .prompt ? .prompt : .generated,
      logProbability: event.logProbability ?? known?.logProbability)
    generated += 1
    children[event.parent, default: []].insert(event.id)
    // A run that is taken up again may tell more of a place than before.
    if let candidates = event.candidates,
      candidates.summary.tokens.count > distributions[event.parent]?.summary.tokens.count ?? -1
    {
      distributions[event.parent] = candidates
    }
    paths[event.path, default: PathTrace()].append(event.id, after: event.parent)
  }

  private mutating func apply(_ injection: Injection) {
    var node = injection.parent
    for (index, token) in injection.tokens.enumerated() {
      let child = node.appending(token.id)
      let known = nodes[child]
      // What was sampled once stays sampled when the same is put in to look behind it.
      nodes[child] = NodeTrace(
        parent: node, token: token,
        origin: injection.role == .prompt ? .prompt : known?.origin ?? .injected,
        logProbability: injection.logProbabilities.indices.contains(index)
          ? injection.logProbabilities[index] : known?.logProbability)
      children[node, default: []].insert(child)
      if let path = injection.path {
        paths[path, default: PathTrace()].append(child, after: node, isInjected: true)
      }
      node = child
    }
    if injection.role == .prompt { promptEnd = node }
  }

  // MARK: Reading

  public var isFinished: Bool { end != nil }

  /// The path numbers, in order.
  public var pathNumbers: [Int] { paths.keys.sorted() }

  /// The current tally of a method.
  public func tally(_ method: Tally.Method) -> Tally? { tallies[method]?.last }

  /// The nodes from below the root to this one.
  public func line(to node: NodeID) -> [NodeID] { node.line { nodes[$0]?.parent } }

  /// The tokens from below the root to a node.
  public func tokens(to node: NodeID) -> [Token] { line(to: node).compactMap { nodes[$0]?.token } }

  /// The text of a path after the prompt, injected text included.
  public func text(ofPath number: Int) -> String {
    let bytes = paths[number]?.nodes.flatMap { nodes[$0]?.token.bytes ?? [] } ?? []
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// What is known about a node.
public struct NodeTrace: Sendable, Hashable {
  /// What of this a node is, of several the first: part of the prompt, sampled on some path, or only
  /// ever put in.
  public enum Origin: Sendable, Hashable { case prompt, generated, injected }

  public var parent: NodeID
  public var token: Token
  public var origin: Origin
  /// log p at temperature 1 of the token given its prefix; nil for text that was put in, unless the model
  /// was asked what it finds of that.
  public var logProbability: Double?
}

/// What is known about a path.
public struct PathTrace: Sendable, Hashable {
  /// The nodes after the prompt, in order.
  public internal(set) var nodes: [NodeID] = []
  public internal(set) var spans: [Span] = []
  public internal(set) var scores: [Score] = []
  public internal(set) var end: PathEnd?
  /// Those of its nodes that were put into this path; another path may have sampled them.
  public private(set) var injected: Set<NodeID> = []

  init() {}

  /// Adds a node. A node that does not follow the last one takes the path back to its parent
  /// first: text was put in earlier than the path's end, or the path was started again.
  mutating func append(_ node: NodeID, after parent: NodeID, isInjected: Bool = false) {
    if let last = nodes.last, last != parent {
      let kept = nodes.lastIndex(of: parent).map { $0 + 1 } ?? 0
      nodes.removeSubrange(kept...)
    }
    if end != nil { reopen() }
    nodes.append(node)
    if isInjected { injected.insert(node) } else { injected.remove(node) }
  }

  /// Begins as another path does, up to a node, with what is known of that beginning.
  mutating func take(over origin: PathTrace, in fork: PathFork) {
    let kept = origin.nodes.lastIndex(of: fork.node).map { $0 + 1 } ?? 0
    nodes = Array(origin.nodes[..<kept])
    injected = origin.injected
    spans = origin.spans
    scores = origin.scores
    for index in spans.indices { spans[index].path = fork.path }
    for index in scores.indices { scores[index].path = fork.path }
    reopen()
  }

  /// The path goes on after its end: what was said of the whole, or of nodes that it no longer
  /// has, does not hold any more.
  private mutating func reopen() {
    end = nil
    let kept = Set(nodes)
    spans.removeAll { !kept.contains($0.last) }
    scores.removeAll { score in score.node.map { !kept.contains($0) } ?? true }
  }

  /// The last node, nil while the path has none.
  public var tip: NodeID? { nodes.last }

  public var answer: String? { end?.answer }

  public var answerSpan: Span? { spans.last { $0.kind == .answer } }

  /// The newest score of a kind.
  public func score(_ kind: Score.Kind) -> Score? { scores.last { $0.kind == kind } }

  /// The indices into `nodes` that a span covers; nil if it lies elsewhere.
  public func range(of span: Span) -> ClosedRange<Int>? {
    guard let first = nodes.firstIndex(of: span.first),
      let last = nodes[first...].firstIndex(of: span.last)
    else { return nil }
    return first...last
  }
}

extension RunTrace {
  /// Where two paths part: the index, counted from the prompt's end, of the first token in which
  /// they differ, which is the length of the shorter when one is the beginning of the other.
  public func partingIndex(of a: Int, and b: Int) -> Int {
    let (a, b) = (paths[a]?.nodes ?? [], paths[b]?.nodes ?? [])
    return zip(a, b).prefix { $0 == $1 }.count
  }
}
