import Decoding

/// What one forward pass computes: its tokens (the *rows* of all activations) and where their
/// keys and values go.
struct ForwardPlan {
  /// [rows]
  var tokens: [TokenID] = []
  /// Counted from the start of each token's own path. [rows]
  var positions: [Int32] = []
  /// [rows]
  var slots: [PrefixCache.Slot] = []
  /// Further places that keys and values have to be written to.
  var copies: [PrefixCache.PendingCopy] = []
  /// For each asked node the row that answers it, or nil if this pass does not get that far.
  var answers: [Int32?] = []
  /// For each asked node how many tokens whose keys and values were not in the cache are computed
  /// for it. What is computed again to get at a state does not count: how often that happens
  /// depends on what else was asked for.
  var computed: [Int] = []
  /// In models with recurrent layers.
  var states = StatePlan()

  var rowCount: Int { tokens.count }
}

/// Turns asked nodes into rows: each missing token once, shared ones for the first who needs them.
///
/// In models with recurrent layers a path goes on from the nearest node that has both keys and
/// values and a state. The rows between it and the first new token are computed once more; the keys
/// and values they write are those that are there.
struct ForwardPlanner {
  let tree: TokenTree
  let contextLength: Int
  let vocabularySize: Int
  /// The most rows.
  let limit: Int

  /// A token that has to be computed.
  private struct Missing {
    var id: NodeID
    var node: TokenTree.Node
    /// Where its keys and values are already.
    var slot: PrefixCache.Slot?
  }

  /// What the first missing token of a path follows.
  private struct Ancestor {
    var slot: PrefixCache.Slot?
    var source = StatePlanner.Source.beginning
  }

  private var plan = ForwardPlan()
  /// Nodes whose keys and values are known but that are computed again, for their logits or for
  /// the states after them.
  private var repeated: [NodeID: Int32] = [:]
  private var states = StatePlanner()
  /// The node at hand has to wait because there is no room for its state.
  private var waits = false

  init(tree: TokenTree, contextLength: Int, vocabularySize: Int, limit: Int) {
    self.tree = tree
    self.contextLength = contextLength
    self.vocabularySize = vocabularySize
    self.limit = max(1, limit)
  }

  /// - Throws: `LanguageModelError`; the cache is then as if the pass had not begun, except for
  ///   what was evicted.
  mutating func plan(_ nodes: [NodeID], in cache: inout PrefixCache) throws -> ForwardPlan {
    cache.beginPass()
    do {
      for id in nodes { try keepKnown(id, in: &cache) }
      for id in nodes.reversed() { try touchState(before: id, in: &cache) }
      for (number, id) in nodes.enumerated() {
        let before = plan.rowCount - repeated.count
        waits = false
        plan.answers.append(try add(id, in: &cache))
        plan.computed.append(plan.rowCount - repeated.count - before)
        if plan.answers[number] == nil && plan.rowCount < limit && !waits {
          throw exhausted(nodes, in: cache)
        }
      }
      if waits, plan.rowCount == 0 {
        throw ModelError.outOfMemory(bytes: cache.states?.layout.byteCount ?? 0)
      }
    } catch {
      cache.abandonPass()
      throw error
    }
    if cache.states != nil { finishStates(in: &cache) }
    return plan
  }

  /// Checks an asked node and keeps what is cached of its path.
  private func keepKnown(_ id: NodeID, in cache: inout PrefixCache) throws {
    guard let node = tree[id] else {
      if id == .root {
        throw LanguageModelError.lacksCapability("a distribution before the first token")
      }
      throw LanguageModelError.unknownNode(id)
    }
    guard node.depth <= contextLength else {
      throw LanguageModelError.contextExceeded(length: Int(node.depth), limit: contextLength)
    }
    var current = id
    while let node = tree[current] {
      if let slot = cache.find(current, node) { return cache.keep(slot.block) }
      current = node.parent
    }
  }

  /// The state that a node's path begins at is to outlive others.
  private func touchState(before id: NodeID, in cache: inout PrefixCache) throws {
    guard cache.states != nil else { return }
    if case .state(let state) = try missing(id, in: cache).ancestor.source {
      cache.states?.touch(state)
    }
  }

  /// The tokens of a path that have to be computed for a node, the last first: those that are not
  /// in the cache, those between them and the nearest state, and the node's own for its logits.
  /// None when the current pass computes the node already.
  private func missing(
    _ id: NodeID, in cache: PrefixCache
  ) throws -> (tokens: [Missing], ancestor: Ancestor) {
    var tokens: [Missing] = []
    var current = id
    // Places before a known one are taken from its own chain, which the pass keeps.
    var slot: PrefixCache.Slot?
    while current != .root {
      guard let node = tree[current] else { throw LanguageModelError.unknownNode(current) }
      slot = slot.flatMap { cache.slot(before: $0) } ?? cache.find(current, node)
      if let slot {
        if let row = cache.pendingRow(slot) ?? repeated[current] {
          return (tokens, Ancestor(slot: slot, source: .row(row)))
        }
        if current != id {
          guard let states = cache.states else { return (tokens, Ancestor(slot: slot)) }
          if let state = states.find(current, node) {
            return (tokens, Ancestor(slot: slot, source: .state(state)))
          }
        }
      } else {
        guard node.token >= 0, node.token < vocabularySize else {
          throw LanguageModelError.tokenOutOfRange(node.token, vocabularySize: vocabularySize)
        }
      }
      tokens.append(Missing(id: current, node: node, slot: slot))
      current = node.parent
    }
    return (tokens, Ancestor())
  }

  /// Adds the rows that a node needs, as far as they fit; the row that answers it.
  private mutating func add(_ id: NodeID, in cache: inout PrefixCache) throws -> Int32? {
    var (tokens, ancestor) = try missing(id, in: cache)
    if tokens.isEmpty {
      guard case .row(let row) = ancestor.source else { return nil }
      return row
    }
    guard plan.rowCount < limit else { return nil }
    if cache.states != nil, !beginStates(after: ancestor.source, in: &cache) {
      waits = true
      return nil
    }
    while plan.rowCount < limit, let next = tokens.popLast() {
      let row = Int32(plan.rowCount)
      var slot = next.slot
      if let slot {
        repeated[next.id] = row
        cache.keep(slot.block)
      } else {
        slot = cache.place(
          next.id, token: next.node.token, after: ancestor.slot, row: row, copies: &plan.copies)
      }
      guard let slot else { return nil }
      append(next.node, at: slot)
      if cache.states != nil {
        states.append(next.id, next.node, isRepeated: next.slot != nil)
      }
      ancestor.slot = slot
    }
    guard tokens.isEmpty else { return nil }
    if cache.states != nil { states.complete() }
    return Int32(plan.rowCount - 1)
  }

  private mutating func beginStates(
    after source: StatePlanner.Source, in cache: inout PrefixCache
  ) -> Bool {
    guard var pool = cache.states.take() else { return true }
    defer { cache.states = pool }
    return states.begin(after: source, in: &pool)
  }

  private mutating func finishStates(in cache: inout PrefixCache) {
    guard var pool = cache.states.take() else { return }
    defer { cache.states = pool }
    plan.states = states.finish(in: &pool)
  }

  private mutating func append(_ node: TokenTree.Node, at slot: PrefixCache.Slot) {
    plan.tokens.append(node.token)
    plan.positions.append(node.depth - 1)
    plan.slots.append(slot)
  }

  private func exhausted(_ nodes: [NodeID], in cache: PrefixCache) -> LanguageModelError {
    var needed: Set<NodeID> = []
    // Those that another follows in the same block.
    var followed: Set<NodeID> = []
    for id in nodes {
      var current = id
      while let node = tree[current], needed.insert(current).inserted {
        if Int(node.depth - 1) % KVLayout.positions != 0 { followed.insert(node.parent) }
        current = node.parent
      }
    }
    // Paths that part inside a block take one each: there are as many as last tokens in them. A
    // fork also needs the block that its beginning is copied from, so that what would just fit
    // may lack one.
    let capacity = cache.capacityInTokens
    return .cacheExhausted(
      needed: max(
        (needed.count - followed.count) * KVLayout.positions, capacity + KVLayout.positions),
      capacity: capacity)
  }
}
