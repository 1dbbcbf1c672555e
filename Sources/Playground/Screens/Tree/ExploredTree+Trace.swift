import Decoding
import Problems
import Traces

/// Making the tree from a trace, and keeping it up with one.
extension ExploredTree {
  /// The tree of everything that a trace knows about its model.
  init(_ trace: Trace) {
    self.init()
    for (number, run) in trace.runs.sorted(by: { $0.key < $1.key }) where trace.considers(run) {
      insertNodes(of: run)
      insertBreak(after: run.promptEnd)
      for path in run.pathNumbers {
        guard let known = run.paths[path], let tip = known.tip else { continue }
        move(PathKey(run: number, path: path), to: tip)
        if let end = known.end { self.end(end, in: number, run) }
      }
    }
  }

  private mutating func insertNodes(of run: RunTrace) {
    var open: [NodeID] = [.root]
    while let parent = open.popLast() {
      for child in run.children[parent] ?? [] {
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
      guard let known = run.nodes[node.id] else { return }
      insert(Entry(node.id, known), after: node.parent)
      move(PathKey(run: number, path: node.path), to: node.id)
    case .injected(let injection):
      var node = injection.parent
      for token in injection.tokens {
        let child = node.appending(token.id)
        if let known = run.nodes[child] { insert(Entry(child, known), after: node) }
        node = child
      }
      if injection.role == .prompt { insertBreak(after: run.promptEnd) }
      if let path = injection.path { move(PathKey(run: number, path: path), to: node) }
    case .fork(let fork):
      if let tip = run.paths[fork.path]?.tip {
        move(PathKey(run: number, path: fork.path), to: tip)
      }
    case .pathFinished(let end): self.end(end, in: number, run)
    default: break
    }
  }

  private mutating func end(_ end: PathEnd, in number: Int, _ run: RunTrace) {
    let question = run.start?.question
    self.end(
      PathKey(run: number, path: end.path),
      PathTip.End(
        answer: end.answer, isCorrect: end.answer.flatMap { question?.isCorrect($0) }))
  }
}

extension ExploredTree.Entry {
  init(_ id: NodeID, _ node: NodeTrace) {
    self.init(
      node: id, token: node.token, origin: node.origin, logProbability: node.logProbability)
  }
}

extension Trace {
  /// Whether a run is the model's at hand, so that its nodes are those of the screens.
  func considers(_ run: RunTrace) -> Bool { model == nil || run.start?.model.hash == model }
}
