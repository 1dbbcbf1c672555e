/// A merge of two neighbouring symbols.
struct Merge<Symbol: Equatable>: Equatable {
  /// The lowest is applied first.
  var rank: Int32
  /// What replaces the two.
  var result: Symbol
}

extension Merge: Sendable where Symbol: Sendable {}

/// Which symbols merge, and the loop that merges them: the one of byte-pair encoding (Sennrich et
/// al. 2016) and of SentencePiece's, which differ in what ranks a merge.
protocol MergeRule {
  associatedtype Symbol: Equatable

  func merge(_ left: Symbol, _ right: Symbol) -> Merge<Symbol>?
}

extension MergeRule {
  /// Applies the lowest-ranked merge, the leftmost first, until none applies.
  func apply(to symbols: inout [Symbol]) {
    // Up to so many symbols the quadratic loop is faster than a heap.
    if symbols.count <= 32 {
      applyByScanning(to: &symbols)
    } else {
      applyByHeap(to: &symbols)
    }
  }

  func applyByScanning(to symbols: inout [Symbol]) {
    guard symbols.count > 1 else { return }
    var candidates = (1..<symbols.count).map { merge(symbols[$0 - 1], symbols[$0]) }
    while true {
      var best: (index: Int, merge: Merge<Symbol>)?
      for (index, candidate) in candidates.enumerated() {
        guard let candidate else { continue }
        if let best, candidate.rank >= best.merge.rank { continue }
        best = (index, candidate)
      }
      guard let (index, merged) = best else { return }
      symbols[index] = merged.result
      symbols.remove(at: index + 1)
      candidates.remove(at: index)
      if index > 0 { candidates[index - 1] = merge(symbols[index - 1], symbols[index]) }
      if index < candidates.count { candidates[index] = merge(symbols[index], symbols[index + 1]) }
    }
  }

  /// The same result in O(n log n): a linked list of symbols and a heap of possible merges, whose
  /// outdated entries are recognised by their symbols.
  func applyByHeap(to symbols: inout [Symbol]) {
    let count = symbols.count
    guard count > 1 else { return }
    var previous = Array(-1..<count - 1)
    var next = Array(1...count)
    var isAlive = [Bool](repeating: true, count: count)
    var heap = MinHeap<QueuedMerge<Symbol>>(minimumCapacity: count)
    func queue(_ left: Int, _ right: Int, _ symbols: [Symbol]) {
      guard left >= 0, right < count, let merge = merge(symbols[left], symbols[right]) else {
        return
      }
      heap.insert(
        QueuedMerge(
          merge: merge, left: left, right: right, leftSymbol: symbols[left],
          rightSymbol: symbols[right]))
    }
    for index in 1..<count { queue(index - 1, index, symbols) }
    while let best = heap.popMin() {
      guard isAlive[best.left], isAlive[best.right], next[best.left] == best.right,
        symbols[best.left] == best.leftSymbol, symbols[best.right] == best.rightSymbol
      else { continue }
      symbols[best.left] = best.merge.result
      isAlive[best.right] = false
      next[best.left] = next[best.right]
      if next[best.left] < count { previous[next[best.left]] = best.left }
      queue(previous[best.left], best.left, symbols)
      queue(best.left, next[best.left], symbols)
    }
    var kept: [Symbol] = []
    for (symbol, isAlive) in zip(symbols, isAlive) where isAlive { kept.append(symbol) }
    symbols = kept
  }
}

/// A merge that was possible when it was queued.
private struct QueuedMerge<Symbol: Equatable>: Comparable {
  var merge: Merge<Symbol>
  var left: Int
  var right: Int
  var leftSymbol: Symbol
  var rightSymbol: Symbol

  static func < (a: Self, b: Self) -> Bool { (a.merge.rank, a.left) < (b.merge.rank, b.left) }

  static func == (a: Self, b: Self) -> Bool { (a.merge.rank, a.left) == (b.merge.rank, b.left) }
}
