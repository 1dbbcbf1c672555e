import Decoding
import TerminalUI

/// Making what Tree draws. Only the lines on view are looked at.
extension PlaygroundState {
  /// Brings what Tree shows up to date, when it is on view.
  mutating func refreshTree() {
    guard let rect = Chrome.rect(of: .tree, self), !Chrome.isTooSmall(size) else { return }
    let layout = TreeLayout(in: rect)
    tree.hoists.removeAll { tree.tree.lines[$0] == nil }
    let (explored, top) = (tree.tree, tree.top)
    let count = explored.rowCount(below: top)
    var row = explored.row(of: tree.selected, below: top)
    if row == nil {
      // What is folded away is stood for by the line that hides it.
      tree.selected =
        explored.visibleLine(above: tree.selected, below: top)
        ?? explored.line(atRow: 0, below: top) ?? .root
      row = explored.row(of: tree.selected, below: top)
    }
    var position = ListPosition(selected: row ?? 0, firstVisible: tree.firstVisible)
    let rows = position.reveal(count: count, height: layout.visibleRows)
    tree.firstVisible = position.firstVisible
    var page = TreePage()
    page.rows = rows
    page.rowCount = count
    page.selectedRow = row ?? 0
    page.counts = explored.lines[top]?.counts ?? PathCounts()
    page.lines = explored.lines(inRows: rows, below: top).map {
      treeLine($0, columns: layout.list.width)
    }
    page.hoists = tree.hoists.map {
      PathText.head(words(explored.lines[$0]?.entries ?? [], columns: 16), columns: 16)
    }
    if layout.detail.height > 1 { page.detail = treeDetail(tree.selected) }
    tree.page = page
  }

  private func treeLine(_ id: NodeID, columns: Int) -> TreeLine {
    var line = TreeLine(id: id)
    guard let known = tree.tree.lines[id], let first = known.entries.first else { return line }
    let limit = TreeLayout.forks(columns: columns)
    let lasts = tree.tree.lastOfForks(id, below: tree.top, limit: limit + 1)
    line.isDeep = lasts.count > limit
    line.lasts = Array(lasts.suffix(limit))
    line.fold = known.children.isEmpty ? .none : known.isFolded ? .folded : .open
    line.origin = first.origin
    line.probability = first.logProbability.map(TokenDistribution.probability(ofLog:))
    line.counts = known.counts
    line.answers = answers(of: id)
    line.isBookmarked = tree.bookmarks.contains { tree.tree.places[$0]?.line == id }
    line.isHere = tree.tree.places[decode.cursor]?.line == id
    (line.before, line.match, line.after) = marked(known.entries, columns: columns)
    return line
  }

  private func answers(of line: NodeID) -> [TreeLine.Answer] {
    tree.tree.ends(in: line).reduce(into: []) { answers, end in
      if let index = answers.firstIndex(where: { $0.answer == end.answer }) {
        answers[index].paths += 1
      } else {
        answers.append(
          TreeLine.Answer(answer: end.answer, isCorrect: end.isCorrect, paths: 1))
      }
    }
  }

  /// The text of some tokens on one line, as much as may show in some columns.
  private func words(_ entries: some Collection<ExploredTree.Entry>, columns: Int) -> String {
    // Tokens without text are few: those that show take no more tokens than columns.
    let shown = entries.prefix(columns + 1)
    let pieces = zip(shown, TokenText.pieces(shown.map(\.token.bytes))).map { entry, text in
      // Without a model a token that stands for no text has no name, only a number.
      let sign = vocabulary == nil ? "∅" : name(of: entry.token.id)
      return entry.token.bytes.isEmpty ? sign : text
    }
    let text = PathText.oneLine(pieces.joined().utf8)
    let trimmed = text.drop { $0 == " " }
    return trimmed.isEmpty ? String(repeating: "␣", count: text.count) : String(trimmed)
  }

  /// A line's text with what is looked for in it. Where that lies further on, the text begins
  /// shortly before it.
  private func marked(
    _ entries: [ExploredTree.Entry], columns: Int
  ) -> (before: String, match: String, after: String) {
    let plain = (before: words(entries, columns: columns), match: "", after: "")
    let wanted = tree.query.utf8.map(ExploredTree.folded)
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

  private func treeDetail(_ id: NodeID) -> TreeDetail? {
    let explored = tree.tree
    guard let line = explored.lines[id], !line.entries.isEmpty else { return nil }
    var above: [[ExploredTree.Entry]] = []
    var current = line.parent
    while let parent = current, let known = explored.lines[parent] {
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
        TreeDetail.Piece(
          text: piece.0.token.bytes.isEmpty ? name(of: piece.0.token.id) : piece.1,
          origin: piece.0.origin,
          probability: piece.0.logProbability.map(TokenDistribution.probability(ofLog:)),
          isOwn: index >= own)
      },
      tokens: line.entries.count, depth: before.count + line.entries.count,
      logProbability: sampled.isEmpty ? nil : sampled.reduce(0, +), counts: line.counts,
      answers: answers(of: id))
  }
}

extension TreeDetail {
  /// How many tokens are drawn of a line, and of what leads to it.
  static let most = 2000
}

extension ExploredTree {
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
