import Decoding

/// Reading the lines that show, by their row. Nothing here looks at lines outside of what is asked
/// for but the siblings on the way down.
extension ExploredTree {
  /// How many rows show below the root of a view. The tree's own root takes none; another line
  /// is the first row itself.
  func rowCount(below top: NodeID) -> Int {
    let height = lines[top]?.height ?? 0
    return top == .root ? max(0, height - 1) : height
  }

  /// The line in a row; nil outside of the rows.
  func line(atRow row: Int, below top: NodeID) -> NodeID? {
    var rest = top == .root ? row + 1 : row
    guard row >= 0, rest < lines[top]?.height ?? 0 else { return nil }
    var current = top
    while rest > 0 {
      rest -= 1
      guard let line = lines[current] else { return nil }
      var next: NodeID?
      for child in line.children {
        let height = lines[child]?.height ?? 0
        if rest < height {
          next = child
          break
        }
        rest -= height
      }
      guard let next else { return nil }
      current = next
    }
    return current
  }

  /// The row of a line; nil when it is folded away or not below the root of the view.
  func row(of line: NodeID, below top: NodeID) -> Int? {
    guard line != top else { return top == .root ? nil : 0 }
    var row = top == .root ? -1 : 0
    var current = line
    while current != top {
      guard let parent = lines[current]?.parent, let above = lines[parent], !above.isFolded else {
        return nil
      }
      row += 1
      for child in above.children {
        if child == current { break }
        row += lines[child]?.height ?? 0
      }
      current = parent
    }
    return row
  }

  /// The lines in some rows, from the top.
  func lines(inRows rows: Range<Int>, below top: NodeID) -> [NodeID] {
    guard let first = line(atRow: rows.lowerBound, below: top) else { return [] }
    var found = [first]
    while found.count < rows.count, let last = found.last, let next = next(after: last, below: top)
    {
      found.append(next)
    }
    return found
  }

  /// The line in the row below.
  private func next(after line: NodeID, below top: NodeID) -> NodeID? {
    if let known = lines[line], !known.isFolded, let child = known.children.first { return child }
    var current = line
    while current != top, let parent = lines[current]?.parent {
      let siblings = lines[parent]?.children ?? []
      if let index = siblings.firstIndex(of: current), index + 1 < siblings.count {
        return siblings[index + 1]
      }
      current = parent
    }
    return nil
  }

  /// Which of a line and the lines above it, down from the root of the view, are the last of their
  /// fork: what the lines before a row are drawn by. At most `limit`, the nearest.
  func lastOfForks(_ line: NodeID, below top: NodeID, limit: Int) -> [Bool] {
    var lasts: [Bool] = []
    var current = line
    // What begins at the tree's own root, the prompts, is not set in.
    while current != top, lasts.count < limit, let parent = lines[current]?.parent, parent != .root
    {
      lasts.append(lines[parent]?.children.last == current)
      current = parent
    }
    return lasts.reversed()
  }

  /// Whether a line lies below another, or is it.
  func isLine(_ line: NodeID, below top: NodeID) -> Bool {
    var current: NodeID? = line
    while let id = current {
      if id == top { return true }
      current = lines[id]?.parent
    }
    return false
  }

  /// The lines below a line and itself, in the order of rows, folds or not. The root is left out.
  func subtree(of top: NodeID) -> [NodeID] {
    var found: [NodeID] = []
    var open = [top]
    while let id = open.popLast() {
      if id != .root { found.append(id) }
      open += (lines[id]?.children ?? []).reversed()
    }
    return found
  }

  /// The lines that a text ends in, in the order of rows. A text may begin in the lines above.
  /// Capital letters of ASCII are as small ones.
  func lines(containing text: String, below top: NodeID) -> [NodeID] {
    let wanted = text.utf8.map(Self.folded)
    guard !wanted.isEmpty else { return [] }
    var found: [NodeID] = []
    var open: [(line: NodeID, before: ArraySlice<UInt8>)] = [(top, [])]
    while let (id, before) = open.popLast() {
      guard let line = lines[id] else { continue }
      let bytes = before + line.entries.flatMap { $0.token.bytes.map(Self.folded) }
      if Self.contains(bytes, wanted) { found.append(id) }
      let end = bytes.suffix(wanted.count - 1)
      for child in line.children.reversed() { open.append((child, end)) }
    }
    return found
  }

  static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

  private static func contains(_ bytes: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
    guard bytes.count >= wanted.count else { return false }
    return (bytes.startIndex...(bytes.endIndex - wanted.count)).contains { start in
      bytes[start] == wanted[0] && bytes[start...].starts(with: wanted)
    }
  }
}
