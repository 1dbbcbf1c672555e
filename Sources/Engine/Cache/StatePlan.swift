import Decoding

/// In which order a pass computes the states of its rows, and where they are.
struct StatePlan {
  struct Step: Hashable {
    var row: Int32
    /// The state after the token before; −1 before the first token of a text.
    var from: Int32
    /// Where the state after the row's token goes; may be `from`.
    var to: Int32
  }

  /// One for each row. Rows of one path come in its order; where paths part, those that have places
  /// of their own come before the one that writes over the state they begin at.
  var steps: [Step] = []
}

/// Finds places for the states of a pass.
///
/// Rows come in *chains*, each row going on from the one before. A chain needs one place, in which
/// its state advances; where a state is to be kept, it goes to a place of its own, and the chain
/// goes on from there.
struct StatePlanner {
  /// What a chain goes on from.
  enum Source: Hashable {
    case beginning
    case state(Int32)
    /// A row of an earlier chain.
    case row(Int32)
  }

  private struct Chain {
    var source: Source
    var rows: Range<Int32>
    var place: Int32
    /// It ends with an asked node.
    var isComplete = false
  }

  private struct Row {
    var id: NodeID
    var node: TokenTree.Node
    var chain: Int
    /// Its keys and values were known.
    var isRepeated: Bool
  }

  private var chains: [Chain] = []
  private var rows: [Row] = []

  /// Begins a chain; its rows are added next.
  ///
  /// - Returns: false when there is no room for another state.
  mutating func begin(after source: Source, in states: inout StateCache) -> Bool {
    guard let place = place(after: source, in: &states) else { return false }
    let row = Int32(rows.count)
    chains.append(Chain(source: source, rows: row..<row, place: place))
    return true
  }

  mutating func append(_ id: NodeID, _ node: TokenTree.Node, isRepeated: Bool) {
    rows.append(Row(id: id, node: node, chain: chains.count - 1, isRepeated: isRepeated))
    chains[chains.count - 1].rows = chains[chains.count - 1].rows.lowerBound..<Int32(rows.count)
  }

  /// The chain that was begun last ends with the node it was begun for.
  mutating func complete() { chains[chains.count - 1].isComplete = true }

  private mutating func place(after source: Source, in states: inout StateCache) -> Int32? {
    switch source {
    case .beginning:
      return states.take()
    case .state(let state):
      states.hold(state)
      if states.advances(state), !chains.contains(where: { $0.source == source }) { return state }
      guard let place = states.take() else { return nil }
      // Paths part here: others may follow.
      if chains.contains(where: { $0.place == state }) {
        guard let own = states.take() else { return place }
        for number in chains.indices where chains[number].place == state {
          chains[number].place = own
        }
      }
      states.keep(state)
      return place
    case .row(let row):
      if let place = states.take() { return place }
      let chain = chains[rows[Int(row)].chain]
      let isFree = !chains.contains { $0.source == source && $0.place == chain.place }
      return row + 1 == chain.rows.upperBound && isFree ? chain.place : nil
    }
  }

  /// Settles where every state goes and names the places in the cache.
  func finish(in states: inout StateCache) -> StatePlan {
    var run = Run(planner: self)
    // Whoever writes over the state it begins at comes after all others that begin there.
    let beginnings = chains.indices.filter { number in
      if case .row = chains[number].source { return false }
      return true
    }
    for number in beginnings where !writesOverSource(chains[number]) {
      run.emit(number, from: origin(chains[number]), in: &states)
    }
    for number in beginnings where writesOverSource(chains[number]) {
      run.emit(number, from: origin(chains[number]), in: &states)
    }
    for state in run.lastWriter.keys.sorted() {
      guard let number = run.lastWriter[state] else { continue }
      let row = rows[Int(number)]
      let chain = chains[row.chain]
      let isKept =
        wantsState(number, spacing: states.layout.spacing)
        || (chain.isComplete && chain.rows.count > 1)
      states.name(state, row.id, row.node, advances: !isKept)
    }
    states.releaseUnnamed()
    return StatePlan(steps: run.steps)
  }

  private func origin(_ chain: Chain) -> Int32 {
    if case .state(let state) = chain.source { return state }
    return -1
  }

  private func writesOverSource(_ chain: Chain) -> Bool { chain.place == origin(chain) }

  /// Whether a row's state is worth keeping: at fixed distances, and where a path parts from what
  /// was known.
  private func wantsState(_ number: Int32, spacing: Int) -> Bool {
    let row = rows[Int(number)]
    if Int(row.node.depth) % spacing == 0 { return true }
    let next = Int(number) + 1
    return row.isRepeated && next < rows.count && rows[next].chain == row.chain
      && !rows[next].isRepeated
  }

  /// What `finish` makes.
  private struct Run {
    let planner: StatePlanner
    let children: [Int32: [Int]]
    var steps: [StatePlan.Step] = []
    /// By place.
    var lastWriter: [Int32: Int32] = [:]

    init(planner: StatePlanner) {
      self.planner = planner
      var children: [Int32: [Int]] = [:]
      for (number, chain) in planner.chains.enumerated() {
        if case .row(let row) = chain.source { children[row, default: []].append(number) }
      }
      self.children = children
    }

    /// Adds the steps of a chain and of all chains that begin within it.
    mutating func emit(_ number: Int, from origin: Int32, in states: inout StateCache) {
      let chain = planner.chains[number]
      let spacing = states.layout.spacing
      var current = origin
      for row in chain.rows {
        let node = planner.rows[Int(row)]
        var place = chain.place
        if row + 1 < chain.rows.upperBound, planner.wantsState(row, spacing: spacing),
          states.find(node.id, node.node) == nil, let own = states.take()
        {
          place = own
        }
        steps.append(.init(row: row, from: current, to: place))
        lastWriter[place] = row
        current = place
        guard let parted = children[row] else { continue }
        for child in parted where planner.chains[child].place != current {
          emit(child, from: current, in: &states)
        }
        for child in parted where planner.chains[child].place == current {
          emit(child, from: current, in: &states)
        }
      }
    }
  }
}
