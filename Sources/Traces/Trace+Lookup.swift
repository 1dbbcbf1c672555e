public import Decoding

/// Looking nodes up over all runs. Equal prefixes have equal ids, so what one run knows about a
/// node holds in every other run of the same model.
extension Trace {
  /// The runs that lookups consider, the newest first.
  private var considered: [RunTrace] {
    runs.sorted { $0.key > $1.key }.map(\.value)
      .filter { model == nil || $0.start?.model.hash == model }
  }

  /// How a token that stands for no text is spelled; nil where no run says so.
  public func name(of token: TokenID) -> String? {
    let key = String(token)
    return considered.lazy.compactMap { $0.start?.names?[key] }.first
  }

  /// What is known about a node, the newest run first.
  public func node(_ id: NodeID) -> NodeTrace? {
    for run in considered {
      if let node = run.nodes[id] { return node }
    }
    return nil
  }

  /// The saved distribution of the token after a node, the most detailed there is.
  public func distribution(after id: NodeID) -> Candidates? {
    considered.compactMap { $0.distributions[id] }
      .max { $0.summary.tokens.count < $1.summary.tokens.count }
  }

  /// The nodes from below the root down to this one.
  public func line(to id: NodeID) -> [NodeID] {
    let considered = considered
    return id.line { node in considered.lazy.compactMap { $0.nodes[node]?.parent }.first }
  }

  /// The known continuations of a node, the likeliest first, text that was put in last.
  public func children(of id: NodeID) -> [NodeID] {
    let all = considered.reduce(into: Set<NodeID>()) { $0.formUnion($1.children[id] ?? []) }
    let known = all.compactMap { child in node(child).map { (id: child, node: $0) } }
    return known.sorted { a, b in
      let (p, q) = (a.node.logProbability ?? -.infinity, b.node.logProbability ?? -.infinity)
      return p > q || (p == q && a.node.token.id < b.node.token.id)
    }.map(\.id)
  }

  /// How many continuations of a node are known.
  public func childCount(of id: NodeID) -> Int {
    considered.reduce(into: Set<NodeID>()) { $0.formUnion($1.children[id] ?? []) }.count
  }

  /// The answers that the model would give behind a node and how likely each is, the likeliest
  /// first; none where nobody asked. Who asks may follow more or fewer of them: what any run was
  /// told counts.
  public func earlyAnswers(at node: NodeID) -> [(answer: String, probability: Double)] {
    var known: [(answer: String, probability: Double)] = []
    for run in considered where run.nodes[node] != nil {
      for score in run.paths.sorted(by: { $0.key < $1.key }).flatMap(\.value.scores)
      where score.kind == .earlyAnswer && score.node == node {
        guard let answer = score.answer, !known.contains(where: { $0.answer == answer }) else {
          continue
        }
        known.append((answer, score.value))
      }
    }
    return known.enumerated().sorted { a, b in
      let (p, q) = (a.element.probability, b.element.probability)
      return p > q || (p == q && a.offset < b.offset)
    }.map(\.element)
  }

  /// The ends of a run's lines, in line order.
  public func leaves(of run: Int?) -> [NodeID] {
    guard let run, let trace = runs[run] else { return [] }
    var leaves: [NodeID] = []
    for number in trace.pathNumbers {
      if let tip = trace.paths[number]?.tip, !leaves.contains(tip) { leaves.append(tip) }
    }
    return leaves
  }
}
