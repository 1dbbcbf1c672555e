import Decoding

/// Where each recurrent layer keeps its part of a *state*: all that recurrent layers remember after
/// a token, as 32-bit floats.
///
/// Nothing else here knows what a state holds. A layer of another kind (Mamba's, Dao & Gu 2024, say)
/// states its size and gets its part.
struct StateLayout: Sendable, Hashable {
  /// Where a layer's part begins, in floats; nil for layers without one. [layers]
  let offsets: [Int?]
  let floatCount: Int

  /// - Parameter sizes: floats that each layer remembers, 0 for layers that are not recurrent.
  init(sizes: [Int]) {
    // Parts begin at cache lines.
    let line = 16
    var offsets: [Int?] = []
    var end = 0
    for size in sizes {
      offsets.append(size > 0 ? end : nil)
      end += (size + line - 1) / line * line
    }
    self.offsets = offsets
    floatCount = end
  }

  var byteCount: Int { floatCount * MemoryLayout<Float>.stride }

  /// After how many positions of a path a state is kept to come back to. Large states are kept less
  /// often: coming back then costs more tokens, but keeping costs less memory.
  var spacing: Int { byteCount <= 1 << 20 ? 32 : 256 }
}

/// The states of the token prefixes that are in memory.
///
/// A state is good for going on from its node only: unlike keys and values it holds nothing of the
/// nodes before. Hence three kinds of nodes have one: the newest of each path, whose state is
/// *advanced* in place when the path goes on; those at fixed distances along a path; and those that
/// paths have been seen to part at. Whoever goes on from another node begins at the nearest one
/// before it that has a state and computes the tokens in between anew, to the same bits.
///
/// Nothing here depends on time: when there is no more room, the state that was longest unused goes
/// first, unless the current pass reads it.
struct StateCache {
  private struct Entry {
    var id = NodeID.root
    var token: TokenID = 0
    var parent = NodeID.root
    /// When it was used last, as a count of uses.
    var lastUse: UInt64 = 0
    /// The last pass that reads or writes it.
    var heldIn: UInt64 = 0
    /// The last pass that writes it.
    var writtenIn: UInt64 = 0
    /// It is the newest of a path and nothing to come back to.
    var advances = false
  }

  let layout: StateLayout
  /// The most states there may be; falls to what there is when the system has no more memory.
  private(set) var capacity: Int

  private var entries: [Entry] = []
  private var memory: [AlignedMemory] = []
  private var free: [Int32] = []
  private var index: [NodeID: Int32] = [:]
  private var pass: UInt64 = 0
  private var uses: UInt64 = 0
  /// What the current pass has taken and not yet named.
  private var taken: [Int32] = []

  /// - Parameter capacity: the most states; there is room for two in any case, one to begin at and
  ///   one to end with.
  init(layout: StateLayout, capacity: Int) {
    self.layout = layout
    self.capacity = max(2, capacity)
  }

  /// Bytes taken from the system.
  var residentBytes: Int { memory.count * layout.byteCount }

  /// The start of a state's memory, `[layout.floatCount]`.
  func memory(of state: Int32) -> UnsafeMutablePointer<Float> {
    memory[Int(state)].start.assumingMemoryBound(to: Float.self)
  }

  /// Forgets all states.
  mutating func removeAll() {
    index.removeAll(keepingCapacity: true)
    taken.removeAll(keepingCapacity: true)
    for number in entries.indices { entries[number] = Entry() }
    free = entries.indices.reversed().map { Int32($0) }
  }

  // MARK: A pass

  mutating func beginPass() {
    pass += 1
    taken.removeAll(keepingCapacity: true)
  }

  /// The state after a node, or nil.
  func find(_ id: NodeID, _ node: TokenTree.Node) -> Int32? {
    guard let state = index[id] else { return nil }
    let entry = entries[Int(state)]
    return entry.token == node.token && entry.parent == node.parent ? state : nil
  }

  /// Counts as a use of a state.
  mutating func touch(_ state: Int32) {
    uses += 1
    entries[Int(state)].lastUse = uses
  }

  /// Keeps a state until the current pass is over.
  mutating func hold(_ state: Int32) {
    touch(state)
    entries[Int(state)].heldIn = pass
  }

  /// Whether a path that goes on from here may write over the state.
  func advances(_ state: Int32) -> Bool { entries[Int(state)].advances }

  /// Keeps a state to come back to.
  mutating func keep(_ state: Int32) { entries[Int(state)].advances = false }

  /// Memory for a state that the current pass computes, or nil when it needs all there is.
  mutating func take() -> Int32? {
    let state: Int32
    if let last = free.popLast() {
      state = last
    } else if let added = addState() {
      state = added
    } else if let victim = leastRecentlyUsed() {
      release(victim)
      state = free.removeLast()
    } else {
      return nil
    }
    entries[Int(state)] = Entry()
    hold(state)
    taken.append(state)
    return state
  }

  /// Says which node's state a place holds when the current pass is over.
  ///
  /// - Parameter advances: whether a path that goes on may write over it.
  mutating func name(_ state: Int32, _ id: NodeID, _ node: TokenTree.Node, advances: Bool) {
    taken.removeAll { $0 == state }
    let old = entries[Int(state)].id
    if index[old] == state { index[old] = nil }
    if let other = find(id, node) {
      // The same bits twice.
      if !advances { keep(other) }
      release(state)
      return
    }
    uses += 1
    entries[Int(state)] = Entry(
      id: id, token: node.token, parent: node.parent, lastUse: uses, heldIn: pass,
      writtenIn: pass, advances: advances)
    index[id] = state
  }

  /// Gives back what was taken and has no name.
  mutating func releaseUnnamed() {
    for state in taken.reversed() { release(state) }
    taken.removeAll(keepingCapacity: true)
  }

  /// Forgets whatever the current pass was to write.
  mutating func abandonPass() {
    releaseUnnamed()
    for number in entries.indices where entries[number].writtenIn == pass {
      release(Int32(number))
    }
  }

  // MARK: Memory

  private mutating func addState() -> Int32? {
    guard memory.count < capacity else { return nil }
    guard let area = try? AlignedMemory(byteCount: layout.byteCount, zeroed: false) else {
      capacity = memory.count
      return nil
    }
    memory.append(area)
    entries.append(Entry())
    return Int32(memory.count - 1)
  }

  private func leastRecentlyUsed() -> Int32? {
    var best: Int32?
    var bestUse = UInt64.max
    for (number, entry) in entries.enumerated()
    where entry.heldIn != pass && entry.lastUse < bestUse {
      best = Int32(number)
      bestUse = entry.lastUse
    }
    return best
  }

  private mutating func release(_ state: Int32) {
    let id = entries[Int(state)].id
    if index[id] == state { index[id] = nil }
    entries[Int(state)] = Entry()
    free.append(state)
  }
}
