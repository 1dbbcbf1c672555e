import Decoding
import Reasoning
import TerminalUI
import Traces

/// Where the parts of Tree lie.
struct TreeLayout {
  var header: Rect
  /// The lines, under one of headings.
  var list: Rect
  /// The selected line in full, under a line with its title.
  var detail: Rect
  /// The text to be found while one is typed, else what the signs mean.
  var note: Rect

  init(in rect: Rect) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = rect.inset(horizontal: 0, vertical: 1)
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      (list, detail) = (parts[0], parts[1])
    } else {
      let below = body.height < 14 ? 3 : min(9, body.height / 3)
      let parts = body.splitRows([.fill, .fixed(below)])
      (list, detail) = (parts[0], parts[1])
    }
  }

  /// How many lines show at once.
  var visibleRows: Int { max(1, list.height - 1) }

  /// The columns of a row.
  struct Columns {
    /// The signs of the selection, of a bookmark and of Decode's place.
    var marks: Rect
    var text: Rect
    var bar: Rect
    var probability: Rect
    var paths: Rect
    /// How many of the paths were right and wrong, or the answer.
    var answer: Rect
  }

  /// The row at some place of the list, headings counted.
  func columns(row: Int) -> Columns {
    let bar = list.width >= 110 ? 14 : list.width >= 76 ? 8 : 0
    let answer = list.width >= 100 ? 18 : list.width >= 76 ? 14 : 11
    // The last column is the scrollbar's.
    let line = Rect(
      x: list.x, y: list.y + row, width: list.width - 1, height: row < list.height ? 1 : 0)
    let cells = line.splitColumns(
      [.fixed(3), .fill, .fixed(bar), .fixed(5), .fixed(5), .fixed(answer)], gap: 1)
    return Columns(
      marks: cells[0], text: cells[1], bar: cells[2], probability: cells[3], paths: cells[4],
      answer: cells[5])
  }

  /// How many forks a line is indented by; each takes two columns, a third of the list in all.
  static func forks(columns: Int) -> Int { max(2, columns / 6) }
}

extension TreeScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    guard !isBare else { return nil }
    let layout = TreeLayout(in: rect)
    drawHeader(in: layout.header, theme: theme, on: &buffer)
    TreeList(page: page, selected: selected, layout: layout, theme: theme).draw(on: &buffer)
    if let detail = page.detail {
      TreeDetailPanel(detail: detail, theme: theme).draw(in: layout.detail, on: &buffer)
    }
    return drawNote(in: layout.note, theme: theme, on: &buffer)
  }

  /// Whether there is nothing but prompts.
  private var isBare: Bool { page.rowCount == 0 || hoists.isEmpty && page.counts.paths == 0 }

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard isBare else { return nil }
    return EmptyText(
      title: "Nothing explored yet",
      purpose: "Every token that is sampled, taken or put in on any screen is kept here: one line "
        + "for each run of tokens, indented where paths fork.",
      starts: [
        .init(.screen(DecodeScreen.id), "explore token by token"),
        .init(.screen(VotesScreen.id), "sample paths"),
      ])
  }

  private func drawHeader(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    var left = StyledText("Everything explored", style: theme[.title])
    for hoist in page.hoists {
      left.append(" › ", style: theme[.dim])
      left.append(hoist, style: theme[.notice])
    }
    if page.hoists.isEmpty, rect.width >= 76 {
      left.append(
        "  \(Panel.count(tree.tokenCount, "token")) on \(Panel.count(tree.lineCount, "line"))",
        style: theme[.text])
    }
    let counts = page.counts
    var right = StyledText(Panel.count(counts.paths, "path"), style: theme[.text])
    right.append("  ")
    right.runs += TreeList.verdicts(counts, theme: theme, base: theme[.text]).runs
    Panel.header(left, right, in: rect, on: &buffer)
  }

  /// The text to be found while one is typed, else what the signs mean.
  private func drawNote(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) -> Point? {
    guard let field else {
      let text =
        rect.width >= 100
        ? "p is the first token's chance at its fork · + folded · ◆ bookmark · ● Decode is here · "
          + "✓ right ✗ wrong" : "p at the fork · + folded · ◆ bookmark · ● Decode is here"
      buffer.put(text, x: rect.x + 1, y: rect.y, style: theme[.dim], width: rect.width - 2)
      return nil
    }
    let x = buffer.put("/", x: rect.x + 1, y: rect.y, style: theme[.key])
    return field.draw(
      in: Rect(x: x, y: rect.y, width: rect.right - 1 - x, height: 1),
      style: theme[.input], placeholder: "a text in any line", placeholderStyle: theme[.dim],
      on: &buffer)
  }
}

/// The lines on view.
struct TreeList {
  let page: TreePage
  let selected: NodeID
  let layout: TreeLayout
  let theme: Theme

  func draw(on buffer: inout CellBuffer) {
    drawHeadings(layout.columns(row: 0), on: &buffer)
    for (row, line) in page.lines.enumerated() where row < layout.list.height - 1 {
      let isSelected = line.id == selected
      let base = isSelected ? theme[.text].overlaid(by: theme[.selection]) : theme[.text]
      let cells = layout.columns(row: row + 1)
      if isSelected {
        let whole = layout.list.row(row + 1)
        buffer.fill(Rect(x: whole.x, y: whole.y, width: whole.width - 1, height: 1), style: base)
      }
      draw(line, isSelected: isSelected, cells, base: base, on: &buffer)
    }
    let track = Rect(
      x: layout.list.right - 1, y: layout.list.y + 1, width: 1, height: layout.list.height - 1)
    if page.rows.count < page.rowCount {
      Scrollbar.draw(
        visible: page.rows, count: page.rowCount, in: track, style: theme[.dim], on: &buffer)
    }
  }

  private func drawHeadings(_ cells: TreeLayout.Columns, on buffer: inout CellBuffer) {
    func put(_ text: String, _ cell: Rect, _ alignment: Alignment = .left) {
      Table.put(StyledText(text, style: theme[.dim]), in: cell, alignment: alignment, on: &buffer)
    }
    put("text", cells.text)
    put("p", cells.probability, .right)
    put("paths", cells.paths, .right)
    put("answer", cells.answer)
  }

  private func draw(
    _ line: TreeLine, isSelected: Bool, _ cells: TreeLayout.Columns, base: Style,
    on buffer: inout CellBuffer
  ) {
    func on(_ role: Role) -> Style { theme.style(role, over: base) }
    let y = cells.marks.y
    buffer.put(isSelected ? "▸" : " ", x: cells.marks.x, y: y, style: base)
    if line.isBookmarked { buffer.put("◆", x: cells.marks.x + 1, y: y, style: on(.notice)) }
    if line.isHere { buffer.put("●", x: cells.marks.x + 2, y: y, style: on(.nodeBest)) }
    buffer.clipped(to: cells.text) { drawText(line, in: cells.text, base: base, on: &$0) }
    if let probability = line.probability {
      let style = base.overlaid(by: theme.heat(probability)).on(base.background)
      if !cells.bar.isEmpty { Bar.draw(probability, in: cells.bar, style: style, on: &buffer) }
      Table.put(
        StyledText(Format.smallProbability(probability), style: base), in: cells.probability,
        alignment: .right, on: &buffer)
    } else {
      Table.put(
        StyledText("—", style: on(.dim)), in: cells.probability, alignment: .right, on: &buffer)
    }
    Table.put(
      StyledText(line.counts.paths > 0 ? Format.count(line.counts.paths) : "—", style: base),
      in: cells.paths, alignment: .right, on: &buffer)
    Table.put(
      Self.outcome(line, theme: theme, base: base, columns: cells.answer.width),
      in: cells.answer, alignment: .left, on: &buffer)
  }

  private func drawText(_ line: TreeLine, in cell: Rect, base: Style, on buffer: inout CellBuffer) {
    let dim = theme.style(.dim, over: base)
    let guides = Self.guides(line.lasts, isDeep: line.isDeep)
    var x = buffer.put(guides, x: cell.x, y: cell.y, style: dim)
    let sign = line.fold == .folded ? "+" : line.fold == .open ? "-" : "·"
    x = buffer.put(
      sign, x: x, y: cell.y, style: line.fold == .none ? dim : theme.style(.key, over: base))
    let role: Role =
      switch line.origin {
      case .prompt: .tokenPrompt
      case .injected: .tokenInjected
      case .generated: .text
      }
    let style = theme.style(role, over: base)
    var text = StyledText(line.before, style: style)
    text.append(line.match, style: base.overlaid(by: theme[.answerSpan]).adding(.underline))
    text.append(line.after, style: style)
    buffer.put(text, x: x + 1, y: cell.y, width: max(0, cell.right - x - 1))
  }

  /// The lines before a row, two columns for each fork above it: `│ ├─`.
  static func guides(_ lasts: [Bool], isDeep: Bool) -> String {
    var guides = ""
    for (index, isLast) in lasts.enumerated() {
      let isOwn = index == lasts.count - 1
      guides += isOwn ? (isLast ? "└─" : "├─") : (isLast ? "  " : "│ ")
    }
    return isDeep ? "…" + guides.dropFirst() : guides
  }

  /// What the paths of a line came to: their answer where all that ended end in it with the same
  /// one, else how many were right and wrong.
  static func outcome(_ line: TreeLine, theme: Theme, base: Style, columns: Int) -> StyledText {
    let ended = line.answers.reduce(0) { $0 + $1.paths }
    guard let answer = line.answers.first, line.answers.count == 1, ended == line.counts.ended
    else { return verdicts(line.counts, theme: theme, base: base) }
    return Panel.answer(
      answer.answer, isCorrect: answer.isCorrect, suffix: answer.times, columns: columns,
      theme: theme, base: base)
  }

  /// How many paths were right and wrong: `✓ 12 ✗ 3`; nothing where none has ended.
  static func verdicts(_ counts: PathCounts, theme: Theme, base: Style) -> StyledText {
    func on(_ role: Role) -> Style { theme.style(role, over: base) }
    var text = StyledText()
    if counts.right > 0 { text.append("✓ \(counts.right)", style: on(.answerCorrect)) }
    if counts.wrong > 0 {
      text.append((counts.right > 0 ? " " : "") + "✗ \(counts.wrong)", style: on(.answerWrong))
    }
    if text.runs.isEmpty, counts.ended > 0 { text.append("\(counts.ended) ended", style: on(.dim)) }
    return text
  }
}

/// The selected line in full.
private struct TreeDetailPanel {
  let detail: TreeDetail
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let inside = Panel.draw(title, note: note, in: rect, theme: theme, on: &buffer)
    guard inside.height > 0, inside.width > 4 else { return }
    var area = Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height)
    // Several answers do not fit into the line's own row.
    if detail.answers.count > 1, area.height > 2 {
      area.height -= 1
      drawAnswers(area.x, area.bottom, area.width, on: &buffer)
    }
    let text = WrappedText(text, width: area.width, showsNewlines: false)
    // The line's own beginning shows, and as much of what leads to it as fits.
    let own = text.lines(withTag: 1)
    let first =
      own.map { max(0, min($0.lowerBound, text.lines.count - area.height)) }
      ?? max(0, text.lines.count - area.height)
    text.draw(in: area, firstLine: first, on: &buffer)
  }

  private var title: String { "\(Panel.count(detail.tokens, "token")) of \(detail.depth)" }

  private var note: String {
    var parts: [String] = []
    if let log = detail.logProbability { parts.append("log p \(Format.fixed(log, 2))") }
    parts.append(Panel.count(detail.counts.paths, "path"))
    return parts.joined(separator: " · ")
  }

  private var text: StyledText {
    var text = StyledText()
    for piece in detail.pieces {
      let style: Style =
        switch piece.origin {
        case .prompt: theme[.tokenPrompt]
        case .injected: theme[.tokenInjected]
        case .generated:
          piece.isOwn ? piece.probability.map(theme.heat) ?? theme[.text] : theme[.dim]
        }
      text.append(piece.text, style: style, tag: piece.isOwn ? 1 : 0)
    }
    return text
  }

  private func drawAnswers(_ x: Int, _ y: Int, _ width: Int, on buffer: inout CellBuffer) {
    var text = StyledText("ends here: ", style: theme[.dim])
    for answer in detail.answers {
      text.runs +=
        Panel.answer(
          answer.answer, isCorrect: answer.isCorrect, suffix: answer.times + "  ", theme: theme,
          base: theme[.text]
        ).runs
    }
    buffer.put(text, x: x, y: y, width: width)
  }
}
