import Decoding
import Reasoning
import TerminalUI
import Traces

/// The places of a search as rows.
struct SearchTable {
  let search: SearchState
  let theme: Theme

  private enum Column { case text, visits, q, bar, prior, u, sum, score, rank, fate }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let columns = columns(width: rect.width)
    var styles = Table.Styles(theme: theme)
    if search.focus == .graves { styles.selection = theme[.text] }
    let table = Table(columns: columns.map(\.1), styles: styles)
    // The page holds what is on view, from the first row that shows.
    let first = search.position.visible(
      count: search.order.count, height: table.itemRows(in: rect)
    ).lowerBound
    table.draw(
      count: search.order.count, position: search.position, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      guard search.page.lines.indices.contains(item - first) else { return }
      draw(
        columns[column].0, of: search.page.lines[item - first], in: cell, base: base, on: &buffer)
    }
  }

  private func columns(width: Int) -> [(Column, Table.Column)] {
    let isNarrow = width < 76
    let isWide = width >= 100
    var columns: [(Column, Table.Column)] = [(.text, .init("step", .fill))]
    switch search.map.kind {
    case .tree:
      columns.append((.visits, .init("N", .fixed(5), .right)))
      columns.append((.q, .init("Q", .fixed(4), .right)))
      if isWide { columns.append((.bar, .init("", .fixed(10)))) }
      if !isNarrow { columns.append((.prior, .init("P", .fixed(4), .right))) }
      columns.append((.u, .init("U", .fixed(4), .right)))
      if !isNarrow { columns.append((.sum, .init("Q+U", .fixed(4), .right))) }
    case .steps(let steps):
      columns.append((.score, .init("score", .fixed(6), .right)))
      if !isNarrow { columns.append((.bar, .init("", .fixed(10)))) }
      if steps != nil { columns.append((.rank, .init("rank", .fixed(5), .right))) }
    case .tokens:
      columns.append((.score, .init("Σ log p", .fixed(7), .right)))
    }
    columns.append((.fate, .init("", .fixed(isNarrow ? 8 : 12))))
    return columns
  }

  private func draw(
    _ column: Column, of line: SearchLine, in cell: Rect, base: Style,
    on buffer: inout CellBuffer
  ) {
    func on(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
    func put(_ text: String, _ style: Style? = nil) {
      Table.put(StyledText(text, style: style ?? base), in: cell, alignment: .right, on: &buffer)
    }
    func put(_ value: Double?) {
      put(value.map(Self.figure) ?? "—", value == nil ? on(.dim) : base)
    }
    let standing = line.standing
    switch column {
    case .text: drawText(line, in: cell, base: base, on: &buffer)
    case .visits:
      var text = StyledText(Format.count(standing?.visits ?? 0), style: base)
      // Visits that have not come back are told apart.
      if let count = standing?.inFlight, count > 0 { text.append("+\(count)", style: on(.dim)) }
      Table.put(text, in: cell, alignment: .right, on: &buffer)
    case .q: put(standing?.q)
    case .prior: put(standing?.prior)
    case .u: put(standing?.u)
    case .sum: put(standing?.sum)
    case .score:
      put(line.score.map(Self.score) ?? "—", line.score == nil ? on(.dim) : base)
    case .rank:
      guard let rank = line.rank, let rivals = line.rivals else { return put(nil) }
      put("\(rank)/\(rivals)")
    case .bar:
      let value = search.map.treeSearch == nil ? line.score : standing?.q
      guard let value, (0...1).contains(value) else { return }
      Bar.draw(value, in: cell, style: on(.barShaped), on: &buffer)
    case .fate: drawFate(line, in: cell, base: base, on: &buffer)
    }
  }

  private func drawText(
    _ line: SearchLine, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    func on(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
    let x = buffer.put(
      TreeList.guides(line.lasts, isDeep: line.isDeep), x: cell.x, y: cell.y, style: on(.dim))
    let (sign, signRole): (String, Role) =
      switch line.sign {
      case .none: ("·", .dim)
      case .chosen: ("▶", .nodeBest)
      case .passedOver: ("▶", .dim)
      case .instead: ("◆", .notice)
      case .givenUp: ("✂", .nodePruned)
      case .nowKept: ("↑", .notice)
      case .nowGivenUp: ("↓", .notice)
      }
    buffer.put(sign, x: x, y: cell.y, style: on(signRole))
    let isRoot = line.id == search.map.root
    // A step may be nothing but the end of the text.
    let text = isRoot ? "the question" : line.text.isEmpty ? "(the end)" : line.text
    let role: Role? =
      line.sign == .givenUp
      ? .nodePruned : isRoot ? .tokenPrompt : line.text.isEmpty ? .tokenEnd : nil
    buffer.put(
      text, x: x + 2, y: cell.y, style: role.map(on) ?? base, width: max(0, cell.right - x - 2))
  }

  private func drawFate(
    _ line: SearchLine, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    guard line.hasEnded else {
      let style = base.overlaid(by: theme[.nodePruned]).on(base.background)
      buffer.put(line.why ?? "", x: cell.x, y: cell.y, style: style, width: cell.width)
      return
    }
    let mark = line.isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""
    let answer = PathText.oneLine((line.answer ?? "").utf8)
    buffer.put(
      PathText.head(answer, columns: cell.width - DisplayWidth.of(mark)) + mark, x: cell.x,
      y: cell.y,
      style: Panel.answerStyle(
        line.answer, isCorrect: line.isCorrect, theme: theme, base: base))
  }

  /// A score, to five digits where fewer would not tell it from 1: there they decide.
  static func score(_ value: Double) -> String {
    let text = Format.fixed(value, 5)
    guard (0.995..<1).contains(value), text.hasPrefix("0") else { return figure(value) }
    return String(text.dropFirst())
  }

  static func figure(_ value: Double) -> String {
    abs(value) < 1 ? Format.probability(value) : Format.fixed(value, abs(value) < 10 ? 2 : 0)
  }
}

/// What a search gave up, with the figure that decided.
struct GraveTable {
  let search: SearchState
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1, !search.graves.isEmpty else { return }
    var styles = Table.Styles(theme: theme)
    if search.focus == .tree { styles.selection = theme[.text] }
    let table = Table(
      columns: [
        .init("given up", .fill), .init("why", .fixed(rect.width < 76 ? 11 : 14)),
        .init("by", .fixed(10)), .init("", .fixed(6), .right),
      ], styles: styles)
    let first = search.grave.visible(
      count: search.graves.count, height: table.itemRows(in: rect)
    ).lowerBound
    table.draw(count: search.graves.count, position: search.grave, in: rect, on: &buffer) {
      item, column, cell, base, buffer in
      guard search.page.graves.indices.contains(item - first) else { return }
      let line = search.page.graves[item - first]
      func style(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
      func put(_ text: String, _ role: Role, _ alignment: Alignment = .left) {
        Table.put(
          StyledText(text, style: style(role)), in: cell, alignment: alignment, on: &buffer)
      }
      switch column {
      case 0:
        var text = StyledText("✂ ", style: style(.nodePruned))
        if !line.lead.isEmpty { text.append("… \(line.lead) ", style: style(.dim)) }
        text.append(
          PathText.head(line.text, columns: max(0, cell.width - DisplayWidth.of(text.text))),
          style: style(.nodePruned))
        Table.put(text, in: cell, alignment: .left, on: &buffer)
      case 1: put(line.why ?? "", .text)
      case 2: put(line.scoreKind?.rawValue ?? "", .dim)
      default: put(line.score.map(SearchTable.score) ?? "—", .text, .right)
      }
    }
  }
}
