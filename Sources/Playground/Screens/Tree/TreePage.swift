import Decoding
import Reasoning
import TerminalUI
import Traces

/// The part of the tree that is on view, made anew after every action.
struct TreePage: Sendable, Hashable {
  /// The rows on view, in all `rowCount`.
  var rows: Range<Int> = 0..<0
  var rowCount = 0
  var lines: [TreeLine] = []
  /// The selected line's row.
  var selectedRow = 0
  /// The paths in the view.
  var counts = PathCounts()
  /// The first words of the lines that were made the root, each below the one before.
  var hoists: [String] = []
  var detail: TreeDetail?
}

/// A line as it is drawn.
struct TreeLine: Sendable, Hashable {
  enum Fold: Sendable, Hashable { case none, open, folded }

  var id: NodeID
  /// For each fork above it on view whether the way to it is the last one there.
  var lasts: [Bool] = []
  /// Whether there are more forks above than are drawn.
  var isDeep = false
  var fold = Fold.none
  /// The text in three parts: up to the match of what is looked for, the match, the rest.
  var before = ""
  var match = ""
  var after = ""
  /// Where its first token comes from.
  var origin = NodeTrace.Origin.generated
  /// The first token's probability at the fork, at temperature 1; nil for text that was put in.
  var probability: Double?
  var counts = PathCounts()
  /// The answers of the paths that end in it.
  var answers: [Answer] = []
  var isBookmarked = false
  /// Whether Decode is at one of its tokens.
  var isHere = false

  struct Answer: Sendable, Hashable {
    /// nil when none was found.
    var answer: String?
    var isCorrect: Bool?
    var paths: Int

    /// ` ×3` where several paths gave it.
    var times: String { paths > 1 ? " ×\(paths)" : "" }
  }
}

/// The selected line in full, with the text that leads to it.
struct TreeDetail: Sendable, Hashable {
  struct Piece: Sendable, Hashable {
    var text: String
    var origin: NodeTrace.Origin
    /// The token's probability at temperature 1.
    var probability: Double?
    /// Whether it belongs to the line itself.
    var isOwn: Bool
  }

  var pieces: [Piece]
  /// How many tokens the line has, and how many there are up to its end.
  var tokens: Int
  var depth: Int
  /// Σ log p of the sampled tokens from the prompt's end to the end of the line; nil without any.
  var logProbability: Double?
  var counts: PathCounts
  var answers: [TreeLine.Answer]

  /// How many tokens are drawn of a line, and of what leads to it.
  static let most = 2000
}

// MARK: Making it

extension TreeScreen {
  /// Brings the page up to date. Only the lines on view are looked at.
  mutating func makePage(_ layout: TreeLayout, _ session: SessionState) {
    hoists.removeAll { tree.lines[$0] == nil }
    let top = top
    var row = tree.row(of: selected, below: top)
    if row == nil {
      // In place of a line that is folded away, the one that hides it is selected.
      selected =
        tree.visibleLine(above: selected, below: top) ?? tree.line(atRow: 0, below: top) ?? .root
      row = tree.row(of: selected, below: top)
    }
    var position = ListPosition(selected: row ?? 0, firstVisible: firstVisible)
    var page = TreePage()
    page.rowCount = rowCount
    page.rows = position.reveal(count: page.rowCount, height: layout.visibleRows)
    firstVisible = position.firstVisible
    page.selectedRow = row ?? 0
    page.counts = tree.lines[top]?.counts ?? PathCounts()
    page.lines = tree.lines(inRows: page.rows, below: top).map {
      line($0, columns: layout.list.width, session)
    }
    page.hoists = hoists.map {
      PathText.head(words(tree.lines[$0]?.entries ?? [], columns: 16, session), columns: 16)
    }
    if layout.detail.height > 1 { page.detail = detail(of: selected, session) }
    self.page = page
  }

  private func line(_ id: NodeID, columns: Int, _ session: SessionState) -> TreeLine {
    var line = TreeLine(id: id)
    guard let known = tree.lines[id], let first = known.entries.first else { return line }
    let limit = TreeLayout.forks(columns: columns)
    let lasts = tree.lastOfForks(id, below: top, limit: limit + 1)
    line.isDeep = lasts.count > limit
    line.lasts = Array(lasts.suffix(limit))
    line.fold = known.children.isEmpty ? .none : known.isFolded ? .folded : .open
    line.origin = first.origin
    line.probability = first.logProbability.map(TokenDistribution.probability(ofLog:))
    line.counts = known.counts
    line.answers = answers(of: id)
    line.isBookmarked = bookmarks.contains { tree.places[$0]?.line == id }
    line.isHere = tree.places[session.cursor]?.line == id
    (line.before, line.match, line.after) = marked(known.entries, columns: columns, session)
    return line
  }

  private func answers(of line: NodeID) -> [TreeLine.Answer] {
    tree.ends(in: line).reduce(into: []) { answers, end in
      if let index = answers.firstIndex(where: { $0.answer == end.answer }) {
        answers[index].paths += 1
      } else {
        answers.append(TreeLine.Answer(answer: end.answer, isCorrect: end.isCorrect, paths: 1))
      }
    }
  }

  /// The text of some tokens on one line, as much as may show in some columns.
  private func words(
    _ entries: [ExploredTree.Entry], columns: Int, _ session: SessionState
  ) -> String {
    // Tokens without text are few: those that show take no more tokens than columns.
    let shown = entries.prefix(columns + 1)
    let pieces = zip(shown, TokenText.pieces(shown.map(\.token.bytes))).map { entry, text in
      // Without a model a token that stands for no text has no name, only a number.
      let sign = session.vocabulary == nil ? "∅" : session.name(of: entry.token.id)
      return entry.token.bytes.isEmpty ? sign : text
    }
    let text = PathText.oneLine(pieces.joined().utf8)
    let trimmed = text.drop { $0 == " " }
    return trimmed.isEmpty ? String(repeating: "␣", count: text.count) : String(trimmed)
  }

  /// A line's text with the match of what is looked for. Where that lies further on, the text
  /// begins shortly before it.
  private func marked(
    _ entries: [ExploredTree.Entry], columns: Int, _ session: SessionState
  ) -> (before: String, match: String, after: String) {
    let plain = (before: words(entries, columns: columns, session), match: "", after: "")
    let wanted = query.utf8.map(ExploredTree.folded)
    guard !wanted.isEmpty else { return plain }
    let bytes = entries.flatMap { $0.token.bytes.map(ExploredTree.folded) }
    guard let range = bytes.firstRange(of: wanted) else { return plain }
    let own = entries.flatMap(\.token.bytes)
    let start = range.lowerBound < columns / 2 ? 0 : max(0, range.lowerBound - 12)
    func text(_ bytes: ArraySlice<UInt8>) -> String {
      PathText.oneLine((TokenText.pieces([Array(bytes)]).first ?? "").utf8)
    }
    var before = text(own[start..<range.lowerBound])
    if start == 0 { before = String(before.drop { $0 == " " }) } else { before = "…" + before }
    return (before, text(own[range]), text(own[range.upperBound...].prefix(columns * 4)))
  }

  private func detail(of id: NodeID, _ session: SessionState) -> TreeDetail? {
    guard let line = tree.lines[id], !line.entries.isEmpty else { return nil }
    var above: [[ExploredTree.Entry]] = []
    var current = line.parent
    while let parent = current, let known = tree.lines[parent] {
      above.append(known.entries)
      current = known.parent
    }
    let before = above.reversed().flatMap { $0 }
    // No terminal shows more than this of it.
    let shown = before.suffix(TreeDetail.most) + line.entries.prefix(TreeDetail.most)
    let own = min(before.count, TreeDetail.most)
    let texts = TokenText.pieces(shown.map(\.token.bytes))
    let sampled = (before + line.entries).compactMap(\.logProbability)
    return TreeDetail(
      pieces: zip(shown, texts).enumerated().map { index, piece in
        let (entry, text) = piece
        return TreeDetail.Piece(
          text: entry.token.bytes.isEmpty ? session.name(of: entry.token.id) : text,
          origin: entry.origin,
          probability: entry.logProbability.map(TokenDistribution.probability(ofLog:)),
          isOwn: index >= own)
      }, tokens: line.entries.count, depth: before.count + line.entries.count,
      logProbability: sampled.isEmpty ? nil : sampled.reduce(0, +), counts: line.counts,
      answers: answers(of: id))
  }
}

// MARK: Rows

/// Reading lines by their row. Only the lines asked for, and siblings on the way down to them, are
/// looked at.
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
    { found.append(next) }
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

  /// Whether a line and each of the lines above it, from the root of the view down, is the last of
  /// its fork, from which the guides before its row are drawn. At most `limit`, the nearest.
  func lastOfForks(_ line: NodeID, below top: NodeID, limit: Int) -> [Bool] {
    var lasts: [Bool] = []
    var current = line
    // Prompts, which begin at the tree's own root, are not indented.
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

  /// The lines in which a text ends, in the order of rows. It may begin in the lines above.
  /// ASCII letters match whatever their case.
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

  /// The line nearest above that shows; nil outside of the view.
  func visibleLine(above line: NodeID, below top: NodeID) -> NodeID? {
    var current = lines[line]?.parent
    while let id = current {
      if row(of: id, below: top) != nil { return id }
      current = lines[id]?.parent
    }
    return nil
  }
}
