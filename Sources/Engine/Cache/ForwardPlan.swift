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
  /// For each asked node how many tokens not in the cache are computed for it.
  var computed: [Int] = []

  var rowCount: Int { tokens.count }
}

/// Turns asked nodes into rows: each missing token once, shared ones for the first who needs them.
struct ForwardPlanner {
  let tree: TokenTree
  let contextLength: Int
  let vocabularySize: Int
  /// The most rows.
  let limit: Int

  private struct Missing {
    var id: NodeID
    var node: TokenTree.Node
  }

  private var plan = ForwardPlan()
  /// Nodes whose keys and values are known but whose logits are asked again.
  private var repeated: [NodeID: Int32] = [:]

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
      for (number, id) in nodes.enumerated() {
        let before = plan.rowCount - repeated.count
        plan.answers.append(try add(id, in: &cache))
        plan.computed.append(plan.rowCount - repeated.count - before)
        if plan.answers[number] == nil && plan.rowCount < limit {
          throw exhausted(nodes, in: cache)
        }
      }
    } catch {
      cache.abandonPass()
      throw error
    }
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
    if let slot = try missing(id, in: cache).ancestor { cache.keep(slot.block) }
  }

  /// The tokens of a path that are not in the cache, the last first, and the place of the one
  /// before them.
  private func missing(
    _ id: NodeID, in cache: PrefixCache
  ) throws -> (tokens: [Missing], ancestor: PrefixCache.Slot?) {
    var tokens: [Missing] = []
    var current = id
    while current != .root {
      guard let node = tree[current] else { throw LanguageModelError.unknownNode(current) }
      if let slot = cache.find(current, node) { return (tokens, slot) }
      guard node.token >= 0, node.token < vocabularySize else {
        throw LanguageModelError.tokenOutOfRange(node.token, vocabularySize: vocabularySize)
      }
      tokens.append(Missing(id: current, node: node))
      current = node.parent
    }
    return (tokens, nil)
  }

  /// Adds the rows that a node needs, as far as they fit; the row that answers it.
  private mutating func add(_ id: NodeID, in cache: inout PrefixCache) throws -> Int32? {
    var (tokens, last) = try missing(id, in: cache)
    if tokens.isEmpty, let slot = last, let node = tree[id] {
      if let row = cache.pendingRow(slot) ?? repeated[id] { return row }
      guard plan.rowCount < limit else { return nil }
      repeated[id] = Int32(plan.rowCount)
      append(node, at: slot)
      return repeated[id]
    }
    while plan.rowCount < limit, let next = tokens.popLast() {
      let slot = cache.place(
        next.id, token: next.node.token, after: last, row: Int32(plan.rowCount),
        copies: &plan.copies)
      guard let slot else { return nil }
      append(next.node, at: slot)
      last = slot
    }
    return tokens.isEmpty ? Int32(plan.rowCount - 1) : nil
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
