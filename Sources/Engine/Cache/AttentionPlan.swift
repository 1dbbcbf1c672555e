import CKernels

/// Which rows of a pass look at which blocks, worked out once for all layers and heads.
///
/// Rows are taken in slices; within a slice the rows that share a block meet it together, so that
/// a shared prefix is read once for many branches.
struct AttentionPlan {
  struct Slice {
    var rows: Range<Int>
    /// In `runs`.
    var runs: Range<Int>
  }

  /// How many positions each row sees. [rows]
  private(set) var lengths: [Int32] = []
  /// The largest of them, rounded up to whole blocks.
  private(set) var positions = 0
  /// The most rows of a slice.
  private(set) var rowsPerSlice = 1

  private(set) var slices: [Slice] = []
  private(set) var runs: [ck_kv_run] = []
  private(set) var users: [ck_kv_user] = []

  private static let scoresPerSlice = 1 << 16

  // Scratch of `addSlice`: who looks at the blocks of one level, and who has been served.
  private var pending: [(block: Int32, query: Int32, length: Int32)] = []
  private var taken: [Bool] = []
  private var chains: [Int32: [Int32]] = [:]

  /// - Parameter group: query heads that share a KV head.
  mutating func prepare(_ plan: ForwardPlan, in cache: PrefixCache, group: Int) {
    lengths.removeAll(keepingCapacity: true)
    for position in plan.positions { lengths.append(position + 1) }
    let block = KVLayout.positions
    positions = (Int(lengths.max() ?? 1) + block - 1) / block * block
    // A slice's scores should stay in the second-level cache.
    rowsPerSlice = max(1, min(32 / group, Self.scoresPerSlice / (group * positions)))
    slices.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
    users.removeAll(keepingCapacity: true)
    chains.removeAll(keepingCapacity: true)
    var start = 0
    while start < plan.rowCount {
      let end = min(plan.rowCount, start + rowsPerSlice)
      addSlice(start..<end, plan, in: cache)
      start = end
    }
  }

  /// The plan as the kernels read it. It holds at least one row.
  func withUnsafePlan(
    _ body: (UnsafePointer<ck_kv_run>, UnsafePointer<ck_kv_user>, UnsafePointer<Int32>) -> Void
  ) {
    runs.withUnsafeBufferPointer { runs in
      users.withUnsafeBufferPointer { users in
        lengths.withUnsafeBufferPointer { lengths in
          guard let runs = runs.baseAddress, let users = users.baseAddress,
            let lengths = lengths.baseAddress
          else { return }
          body(runs, users, lengths)
        }
      }
    }
  }

  private mutating func addSlice(_ rows: Range<Int>, _ plan: ForwardPlan, in cache: PrefixCache) {
    let firstRun = runs.count
    let paths = rows.map { chain(of: plan.slots[$0].block, in: cache) }
    let depth = paths.reduce(0) { max($0, $1.count) }
    for level in 0..<depth {
      pending.removeAll(keepingCapacity: true)
      for (query, path) in paths.enumerated() where level < path.count {
        let isLast = level == path.count - 1
        let length = isLast ? plan.slots[rows.lowerBound + query].offset + 1 : Int32(CK_KV_BLOCK)
        pending.append((path[level], Int32(query), length))
      }
      addRuns(level: level, in: cache)
    }
    slices.append(Slice(rows: rows, runs: firstRun..<runs.count))
  }

  /// One run for each block, in order of first appearance.
  private mutating func addRuns(level: Int, in cache: PrefixCache) {
    taken.removeAll(keepingCapacity: true)
    taken.append(contentsOf: repeatElement(false, count: pending.count))
    for first in pending.indices where !taken[first] {
      let start = users.count
      for other in first..<pending.count where pending[other].block == pending[first].block {
        taken[other] = true
        users.append(ck_kv_user(query: pending[other].query, length: pending[other].length))
      }
      runs.append(
        ck_kv_run(
          block: UnsafePointer(
            cache.memory(of: pending[first].block).assumingMemoryBound(to: UInt8.self)),
          start: Int32(level * KVLayout.positions), first: Int32(start),
          count: Int32(users.count - start)))
    }
  }

  /// The blocks of the path that ends in a block, the first first.
  private mutating func chain(of block: Int32, in cache: PrefixCache) -> [Int32] {
    if let known = chains[block] { return known }
    var chain: [Int32] = []
    var current: Int32? = block
    while let number = current {
      chain.append(number)
      current = cache.parent(of: number)
    }
    chain.reverse()
    chains[block] = chain
    return chain
  }
}
