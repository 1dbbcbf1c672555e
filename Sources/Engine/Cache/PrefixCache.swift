import Decoding

/// Keys and values of the token prefixes that are in memory, as a forest of fixed blocks.
///
/// A block covers positions `32·i ..< 32·(i+1)` of a path, counted from its root, and points to the
/// block before it; a path is the chain of blocks that ends in its last token. Paths share whole
/// blocks. A fork inside a block copies the block's beginning when its second child arrives, so
/// that block boundaries never depend on where paths part: attention over a prefix is then the
/// same arithmetic whoever computes it.
///
/// Nothing here depends on time: blocks no asked path needs are evicted, least recently used
/// first, when capacity is reached.
struct PrefixCache {
  /// A place in the cache.
  struct Slot: Hashable {
    var block: Int32
    /// The position within the block.
    var offset: Int32
  }

  /// A place that has to be written when a token of the current pass has been computed.
  struct PendingCopy: Hashable {
    /// The token, as its number in the pass.
    var row: Int32
    var slot: Slot
  }

  private struct Block {
    /// The block of the 32 positions before, or −1.
    var parent: Int32
    /// Positions that hold a token.
    var count: Int32
    /// Blocks whose parent this is.
    var children: Int32
    /// The last pass that needed the block.
    var lastUse: UInt64
    /// Tokens from here on are being computed in pass `lastUse`; `KVLayout.positions` if none.
    var pendingStart: Int32
  }

  let layout: KVLayout
  /// The most blocks that may be in use; falls to what there is when the system has no more.
  private(set) var capacity: Int
  /// What recurrent layers remember; nil in models without them.
  var states: StateCache?

  private var blocks: [Block] = []
  private var memory: [AlignedMemory] = []
  /// Blocks that have memory but hold nothing.
  private var free: [Int32] = []
  /// For every slot of every block, who is there. [blocks · positions]
  private var ids: [NodeID] = []
  private var tokens: [TokenID] = []
  /// For pending slots the token's number in the pass.
  private var rows: [Int32] = []
  private var index: [NodeID: Slot] = [:]
  private var pass: UInt64 = 0
  /// What the current pass has placed, and the blocks it has forked for that, so that a pass can be
  /// undone.
  private var placed: [Slot] = []
  private var forked: [Int32] = []

  /// - Parameters:
  ///   - limit: of keys and values; states have theirs.
  init(layout: KVLayout, states: StateCache? = nil, limit: CacheLimit) {
    self.layout = layout
    self.states = states
    capacity = limit.tokens(layout) / KVLayout.positions
  }

  /// Blocks that hold tokens.
  var usedBlocks: Int { blocks.count - free.count }
  /// Positions whose memory is in use.
  var usedTokens: Int { usedBlocks * KVLayout.positions }
  var capacityInTokens: Int { capacity * KVLayout.positions }
  /// Bytes taken from the system.
  var residentBytes: Int { memory.count * layout.blockBytes + (states?.residentBytes ?? 0) }

  /// The start of a block's memory.
  func memory(of block: Int32) -> UnsafeMutableRawPointer { memory[Int(block)].start }

  /// The block before, or nil for the first of a path.
  func parent(of block: Int32) -> Int32? {
    let parent = blocks[Int(block)].parent
    return parent < 0 ? nil : parent
  }

  /// Forgets all keys, values and states, as when weights have changed.
  mutating func removeAll() {
    states?.removeAll()
    index.removeAll(keepingCapacity: true)
    free = blocks.indices.reversed().map { Int32($0) }
  }

  // MARK: A pass

  /// Starts a forward pass. Blocks that are looked at from now on stay until it is over.
  mutating func beginPass() {
    pass += 1
    placed.removeAll(keepingCapacity: true)
    states?.beginPass()
    forked.removeAll(keepingCapacity: true)
  }

  /// Where a node's keys and values are, or will be when the current pass is over.
  func find(_ id: NodeID, _ node: TokenTree.Node) -> Slot? {
    guard let slot = index[id] else { return nil }
    let place = position(slot)
    guard tokens[place] == node.token else { return nil }
    let parent =
      slot.offset > 0
      ? ids[place - 1]
      : blocks[Int(slot.block)].parent < 0
        ? .root : ids[Int(blocks[Int(slot.block)].parent + 1) * KVLayout.positions - 1]
    return parent == node.parent ? slot : nil
  }

  /// The number within the current pass of the token that is computed into a slot, or nil when
  /// the slot was computed before.
  func pendingRow(_ slot: Slot) -> Int32? {
    let block = blocks[Int(slot.block)]
    guard block.lastUse == pass, slot.offset >= block.pendingStart else { return nil }
    return rows[position(slot)]
  }

  /// The place of the token before, on the chain of blocks that a place belongs to; nil at the start
  /// of a text.
  ///
  /// It need not be the place that `find` knows the token by: a fork has copies.
  func slot(before slot: Slot) -> Slot? {
    if slot.offset > 0 { return Slot(block: slot.block, offset: slot.offset - 1) }
    return parent(of: slot.block).map { Slot(block: $0, offset: Int32(KVLayout.positions - 1)) }
  }

  /// Whose keys and values are in a slot.
  ///
  /// - Returns: nil for a slot that holds none.
  func node(at slot: Slot) -> NodeID? {
    guard blocks.indices.contains(Int(slot.block)), slot.offset < blocks[Int(slot.block)].count
    else { return nil }
    return ids[position(slot)]
  }

  /// Keeps the path that ends in a block for the current pass.
  mutating func keep(_ block: Int32) {
    var current = block
    while current >= 0, blocks[Int(current)].lastUse != pass {
      blocks[Int(current)].lastUse = pass
      blocks[Int(current)].pendingStart = Int32(KVLayout.positions)
      current = blocks[Int(current)].parent
    }
  }

  /// Makes a place for a token that the current pass computes.
  ///
  /// - Parameters:
  ///   - parent: the place of the token before, or nil at the start of a text.
  ///   - row: the token's number in the pass.
  ///   - copies: receives the further places that tokens of this pass have to be written to.
  /// - Returns: the place, or nil when all blocks are needed by this pass.
  mutating func place(
    _ id: NodeID, token: TokenID, after parent: Slot?, row: Int32, copies: inout [PendingCopy]
  ) -> Slot? {
    if let parent { keep(parent.block) }
    let slot: Slot
    if let parent, parent.offset + 1 < KVLayout.positions {
      if blocks[Int(parent.block)].count == parent.offset + 1 {
        slot = Slot(block: parent.block, offset: parent.offset + 1)
      } else {
        guard let block = fork(parent, copies: &copies) else { return nil }
        slot = Slot(block: block, offset: parent.offset + 1)
      }
    } else {
      guard let block = newBlock(parent: parent?.block ?? -1) else { return nil }
      slot = Slot(block: block, offset: 0)
    }
    let place = position(slot)
    ids[place] = id
    tokens[place] = token
    rows[place] = row
    blocks[Int(slot.block)].count = slot.offset + 1
    let start = blocks[Int(slot.block)].pendingStart
    blocks[Int(slot.block)].pendingStart = min(start, slot.offset)
    index[id] = slot
    placed.append(slot)
    return slot
  }

  /// Undoes what the current pass has placed.
  mutating func abandonPass() {
    states?.abandonPass()
    for slot in placed.reversed() {
      let place = position(slot)
      if index[ids[place]] == slot { index[ids[place]] = nil }
      blocks[Int(slot.block)].count = min(blocks[Int(slot.block)].count, slot.offset)
      if slot.offset == 0 { release(slot.block) }
    }
    // They hold copies that no id points to.
    for block in forked.reversed() { release(block) }
    placed.removeAll(keepingCapacity: true)
    forked.removeAll(keepingCapacity: true)
  }

  // MARK: Blocks

  private func position(_ slot: Slot) -> Int {
    Int(slot.block) * KVLayout.positions + Int(slot.offset)
  }

  /// A new block that begins as the block of `last` does, up to and including it.
  private mutating func fork(_ last: Slot, copies: inout [PendingCopy]) -> Int32? {
    let source = Int(last.block)
    guard let block = newBlock(parent: blocks[source].parent) else { return nil }
    forked.append(block)
    let count = last.offset + 1
    let from = source * KVLayout.positions
    let to = Int(block) * KVLayout.positions
    for offset in 0..<Int(count) {
      ids[to + offset] = ids[from + offset]
      tokens[to + offset] = tokens[from + offset]
      rows[to + offset] = rows[from + offset]
    }
    blocks[Int(block)].count = count
    let start = min(blocks[source].pendingStart, count)
    if start > 0 {
      memory[Int(block)].start.copyMemory(from: memory[source].start, byteCount: layout.blockBytes)
    }
    if start < count {
      blocks[Int(block)].pendingStart = start
      for offset in start..<count {
        copies.append(
          PendingCopy(row: rows[from + Int(offset)], slot: Slot(block: block, offset: offset)))
      }
    }
    return block
  }

  private mutating func newBlock(parent: Int32) -> Int32? {
    let block: Int32
    if let last = free.popLast() {
      block = last
    } else if let added = addBlock() {
      block = added
    } else if let victim = leastRecentlyUsed() {
      release(victim)
      block = free.removeLast()
    } else {
      return nil
    }
    blocks[Int(block)] = Block(
      parent: parent, count: 0, children: 0, lastUse: pass, pendingStart: Int32(KVLayout.positions))
    if parent >= 0 { blocks[Int(parent)].children += 1 }
    return block
  }

  /// A block with memory of its own; nil when there may not, or cannot, be any more.
  private mutating func addBlock() -> Int32? {
    guard blocks.count < capacity else { return nil }
    guard let area = try? AlignedMemory(byteCount: layout.blockBytes) else {
      capacity = blocks.count
      return nil
    }
    memory.append(area)
    blocks.append(Block(parent: -1, count: 0, children: 0, lastUse: 0, pendingStart: 0))
    ids.append(contentsOf: repeatElement(.root, count: KVLayout.positions))
    tokens.append(contentsOf: repeatElement(0, count: KVLayout.positions))
    rows.append(contentsOf: repeatElement(0, count: KVLayout.positions))
    return Int32(blocks.count - 1)
  }

  private func leastRecentlyUsed() -> Int32? {
    var best: Int32?
    var bestUse = pass
    for (number, block) in blocks.enumerated()
    where block.children == 0 && block.lastUse < bestUse {
      best = Int32(number)
      bestUse = block.lastUse
    }
    return best
  }

  private mutating func release(_ block: Int32) {
    let number = Int(block)
    for offset in 0..<Int(blocks[number].count) {
      let id = ids[number * KVLayout.positions + offset]
      if index[id]?.block == block { index[id] = nil }
    }
    if blocks[number].parent >= 0 { blocks[Int(blocks[number].parent)].children -= 1 }
    blocks[number] = Block(parent: -1, count: 0, children: 0, lastUse: 0, pendingStart: 0)
    free.append(block)
  }
}
