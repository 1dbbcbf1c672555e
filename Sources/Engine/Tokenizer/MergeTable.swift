import HeapModule

/// The merges of a byte-pair encoding and the loop that applies them (Sennrich et al. 2016).
///
/// A symbol is a token's id, or, for a spelling that merges pass through but the vocabulary
/// lacks, an id from the vocabulary's size on.
struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// Its place in the list of merges; the lowest is applied first.
    var rank: Int32
    /// The symbol that replaces the pair.
    var result: Int32
  }

  private var merges: [UInt64: Merge] = [:]

  /// Up to this many symbols the quadratic loop is faster than a heap.
  private static let shortWord = 32

  init(minimumCapacity: Int) { merges.reserveCapacity(minimumCapacity) }

  /// Adds a merge; of two for the same pair the earlier one counts.
  mutating func add(_ left: Int32, _ right: Int32, result: Int32, rank: Int32) {
    let key = Self.key(left, right)
    if merges[key] == nil { merges[key] = Merge(rank: rank, result: result) }
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func merge(_ left: Int32, _ right: Int32) -> Merge? { merges[Self.key(left, right)] }

  /// Applies the lowest-ranked merge, the leftmost first, until none applies.
  func apply(to symbols: inout [Int32]) {
    if symbols.count <= Self.shortWord {
      applyByScanning(to: &symbols)
    } else {
      applyByHeap(to: &symbols)
    }
  }

  func applyByScanning(to symbols: inout [Int32]) {
    guard symbols.count > 1 else { return }
    var candidates = (1..<symbols.count).map { merge(symbols[$0 - 1], symbols[$0]) }
    while true {
      var best: (index: Int, merge: Merge)?
      for (index, candidate) in candidates.enumerated() {
        guard let candidate, candidate.rank < best?.merge.rank ?? .max else { continue }
        best = (index, candidate)
      }
      guard let (index, merged) = best else { return }
      symbols[index] = merged.result
      symbols.remove(at: index + 1)
      candidates.remove(at: index)
      if index > 0 { candidates[index - 1] = merge(symbols[index - 1], symbols[index]) }
      if index < candidates.count {
        candidates[index] = merge(symbols[index], symbols[index + 1])
      }
    }
  }

  /// A merge that was possible when it was queued.
  private struct Candidate: Comparable {
    var merge: Merge
    var left: Int
    var right: Int
    var leftSymbol: Int32
    var rightSymbol: Int32

    static func < (a: Candidate, b: Candidate) -> Bool {
      (a.merge.rank, a.left) < (b.merge.rank, b.left)
    }

    static func == (a: Candidate, b: Candidate) -> Bool {
      (a.merge.rank, a.left) == (b.merge.rank, b.left)
    }
  }

  /// The same result in O(n log n): a linked list of symbols and a heap of possible merges, whose
  /// outdated entries are recognised by their symbols.
  func applyByHeap(to symbols: inout [Int32]) {
    let absent: Int32 = -1
    let count = symbols.count
    guard count > 1 else { return }
    var previous = Array(-1..<count - 1)
    var next = Array(1...count)
    var heap = Heap<Candidate>()
    func queue(_ left: Int, _ right: Int, _ symbols: [Int32]) {
      guard left >= 0, right < count, let merge = merge(symbols[left], symbols[right]) else {
        return
      }
      heap.insert(
        Candidate(
          merge: merge, left: left, right: right, leftSymbol: symbols[left],
          rightSymbol: symbols[right]))
    }
    for index in 1..<count { queue(index - 1, index, symbols) }
    while let best = heap.popMin() {
      guard symbols[best.left] == best.leftSymbol, symbols[best.right] == best.rightSymbol,
        next[best.left] == best.right
      else { continue }
      symbols[best.left] = best.merge.result
      symbols[best.right] = absent
      next[best.left] = next[best.right]
      if next[best.left] < count { previous[next[best.left]] = best.left }
      queue(previous[best.left], best.left, symbols)
      queue(best.left, next[best.left], symbols)
    }
    symbols.removeAll { $0 == absent }
  }
}
