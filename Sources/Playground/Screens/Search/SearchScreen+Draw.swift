import Decoding
import Reasoning
import TerminalUI
import Traces

/// Where the parts of Search lie.
struct SearchLayout {
  var header: Rect
  /// Where the iterations are: a track with a mark.
  var track: Rect
  /// The places, with a line of headings.
  var tree: Rect
  /// The selected step in full, under a line with its title.
  var text: Rect
  /// What was given up, with a line that is its title.
  var graves: Rect
  var note: Rect

  init(in rect: Rect, graves count: Int) {
    header = rect.row(0)
    track = rect.row(1)
    note = rect.row(rect.height - 1)
    let body = Rect(x: rect.x, y: rect.y + 2, width: rect.width, height: max(0, rect.height - 3))
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      let right = parts[1].splitRows([.fixed(min(7, parts[1].height)), .fill])
      (tree, text, graves) = (parts[0], right[0], right[1])
    } else {
      let below = count == 0 ? 0 : min(count + 1, max(2, body.height / 4))
      let words = body.height < 12 ? 2 : 3
      let parts = body.splitRows([.fill, .fixed(words), .fixed(below)])
      (tree, text, graves) = (parts[0], parts[1], parts[2])
    }
  }

  var visibleLines: Int { max(1, tree.height - 1) }
  var visibleGraves: Int { max(1, graves.height - 1) }
}

extension SearchScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    guard run != nil, map.nodes.count > 1 else {
      drawBlank(session, in: rect, theme: theme, on: &buffer)
      return nil
    }
    let layout = SearchLayout(in: rect, graves: graves.count)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    drawTrack(in: layout.track, theme: theme, on: &buffer)
    SearchTable(search: self, theme: theme).draw(in: layout.tree, on: &buffer)
    drawText(in: layout.text, theme: theme, on: &buffer)
    GraveTable(search: self, theme: theme).draw(in: layout.graves, on: &buffer)
    let note = layout.note.inset(horizontal: 1, vertical: 0)
    let notes = notes
    buffer.put(
      notes.first { DisplayWidth.of($0) <= note.width } ?? notes.last ?? "", x: note.x, y: note.y,
      style: theme[ranking == nil ? .dim : .notice], width: note.width)
    return nil
  }

  private func drawBlank(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    Panel.blank(
      title: session.isUnderWay(run)
        ? "The search begins"
        : end?.reason == .cancelled
          ? "The search was stopped before a step had ended" : "Nothing has been searched yet",
      lines: [
        "A beam keeps the steps that a verifier likes best and gives the others up: they lie in "
          + "the graveyard, with the figure that killed them. A tree search gives nothing up: it "
          + "goes where steps are good or untried, and comes back with what they led to.",
        "Snell et al. 2024, arXiv 2408.03314; Silver et al. 2017",
      ],
      hint: StyledText([
        .init("Space", style: theme[.key]), .init(" searches, ", style: theme[.text]),
        .init(":strategy", style: theme[.key]), .init(" chooses how.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let name = start?.strategy ?? ""
    var left = StyledText(
      StrategyRegistry.description(of: name)?.title ?? name, style: theme[.title])
    let noun = map.kind == .tokens ? "place" : "step"
    left.append("  \(Panel.count(max(0, order.count - 1), noun))", style: theme[.text])
    if !graves.isEmpty { left.append("  ✂ \(graves.count)", style: theme[.nodePruned]) }
    let right = result(session, theme: theme)
    var long = StyledText("\(page.finished) finished", style: theme[.dim])
    if page.right > 0 { long.append(" ✓ \(page.right)", style: theme[.answerCorrect]) }
    if page.wrong > 0 { long.append(" ✗ \(page.wrong)", style: theme[.answerWrong]) }
    long.append("  ")
    long.runs += right.runs
    Panel.header(left, long, right, in: rect, on: &buffer)
  }

  /// What the search has come to.
  private func result(_ session: SessionState, theme: Theme) -> StyledText {
    if let activity = run.flatMap({ session.activities[$0] }) {
      return StyledText(activity.isCancelling ? "stopping …" : "searching …", style: theme[.notice])
    }
    var text = StyledText()
    switch end?.reason {
    case .cancelled: text.append("stopped  ", style: theme[.warning])
    case .failed: text.append("failed  ", style: theme[.error])
    case .completed, nil: break
    }
    if let answer = end?.answer {
      let isCorrect = end?.correct
      text.append("answers ", style: theme[.dim])
      text.append(
        PathText.oneLine(answer.utf8) + (isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""),
        style: Panel.answerStyle(answer, isCorrect: isCorrect, theme: theme, base: theme[.text]))
    }
    return text
  }

  // MARK: Iterations

  /// The iterations as a line with the one on view marked, and what the search has cost.
  private func drawTrack(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    let x = buffer.put(
      iterationTitle + " ", x: rect.x + 1, y: rect.y,
      style: theme[chosen == nil ? .text : .notice], width: rect.width - 2)
    var cost = ""
    if let tokens = end?.tokens {
      let computed = tokens.prompt + tokens.generated + tokens.injected
      cost = " \(Format.count(computed)) tokens computed, \(Format.count(tokens.reused)) reused"
    }
    if rect.right - 1 - DisplayWidth.of(cost) - x < 12 { cost = "" }
    let room = rect.right - 1 - DisplayWidth.of(cost) - x
    guard room > 4 else { return }
    buffer.put(String(repeating: "─", count: room), x: x, y: rect.y, style: theme[.border])
    let all = Double(max(1, map.iterations))
    let share = chosen == nil ? 1 : Double(iteration) / (all + 1)
    buffer.put("●", x: x + Int(Double(room - 1) * share), y: rect.y, style: theme[.nodeBest])
    buffer.put(cost, x: x + room, y: rect.y, style: theme[.dim])
  }

  private var iterationTitle: String {
    let all = map.iterations
    let noun =
      switch map.kind {
      case .tree: "iteration"
      case .steps: "round"
      case .tokens: "token"
      }
    guard chosen != nil else { return "after \(Panel.count(all, noun))" }
    let value = standings.value.map { " brought back \(SearchTable.figure($0))" } ?? ""
    return "\(noun) \(iteration) of \(all)" + value
  }

  // MARK: Words

  private func drawText(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    let inside = Panel.draw(
      focus == .graves ? "given up" : "the step",
      note: page.why.isEmpty ? nil : page.why, in: rect, theme: theme, on: &buffer)
    guard inside.height > 0, inside.width > 4 else { return }
    var text = StyledText()
    if !page.lead.isEmpty { text.append("… \(page.lead) ", style: theme[.dim]) }
    text.append(page.text, style: theme[.text])
    WrappedText(text, width: inside.width - 2).draw(
      in: Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height),
      on: &buffer)
  }

  /// What the figures mean, or what another ranking changes. The first that fits is shown.
  private var notes: [String] {
    if let ranking {
      let own = map.ownTitle ?? "—"
      let change = "\(standings.differences) of \(standings.choices)"
      let isTree = map.treeSearch != nil
      return [
        "Re-ranked by \(ranking.title) (run: \(own)), not searched anew: "
          + (isTree ? "◆ \(change) choices differ" : "\(change) would fare otherwise"),
        "\(ranking.title) for \(own): re-ranked, no new search; \(isTree ? "◆ " : "")\(change)",
      ]
    }
    switch map.kind {
    case .tree(let tree):
      let figures = "N visits, Q mean value, P prior, U bonus; "
      let way = "▶ \(chosen == nil ? "goes next" : "was chosen"): the greatest Q + U"
      let rule = "; U = P · c · √ΣN / (1 + N), c₀ = \(Format.constant(tree.exploration))"
      return [figures + way + rule, figures + way, way]
    case .steps(let steps):
      let given = "; ✂ given up"
      guard steps != nil else { return ["what a verifier gave a step, where it told" + given] }
      return ["by \(map.ownTitle ?? ""): the first in rank go on" + given]
    case .tokens:
      return [
        "Σ log p from the prompt's end on; ✂ given up, less likely than what was kept",
        "Σ log p from the prompt's end on; ✂ given up",
      ]
    }
  }
}

/// The places of a search as rows.
struct SearchTable {
  let search: SearchScreen
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
      // Visits that have not come back yet.
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
  let search: SearchScreen
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
        Table.put(StyledText(text, style: style(role)), in: cell, alignment: alignment, on: &buffer)
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
