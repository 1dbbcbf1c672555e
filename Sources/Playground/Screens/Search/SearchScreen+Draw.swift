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
    let body = Rect(x: rect.x, y: rect.y + 2, width: rect.width, height: rect.height - 3)
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
    guard run != nil, map.nodes.count > 1 else { return nil }
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

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard run == nil || map.nodes.count <= 1 else { return nil }
    let title =
      session.isUnderWay(run)
      ? "Searching …"
      : end?.reason == .cancelled
        ? "The search was stopped before any step ended" : "Nothing searched yet"
    return EmptyText(
      title: title,
      purpose: "A beam keeps the steps that a verifier scores best; what it gives up goes to the "
        + "graveyard with its score. A tree search tries steps that are good or untried.",
      starts: session.isUnderWay(run)
        ? [] : [.init(.run, "search"), .init(.commandLine, "strategy NAME for another search")],
      source: "Snell et al. 2024, arXiv 2408.03314; Silver et al. 2017")
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
      return StyledText(
        activity.isCancelling ? "stopping …" : "searching, \(activity.progress.amount)",
        style: theme[.notice])
    }
    var text = StyledText()
    switch end?.reason {
    case .cancelled: text.append("stopped  ", style: theme[.warning])
    case .failed: text.append("failed  ", style: theme[.error])
    case .completed, nil: break
    }
    if let answer = end?.answer {
      text.append("answers ", style: theme[.dim])
      text.runs +=
        Panel.answer(answer, isCorrect: end?.correct, theme: theme, base: theme[.text]).runs
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
    let value = standings.value.map { " returned \(SearchTable.figure($0))" } ?? ""
    return "\(noun) \(iteration) of \(all)" + value
  }

  // MARK: Words

  private func drawText(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    var text = StyledText()
    if !page.lead.isEmpty { text.append("… \(page.lead) ", style: theme[.dim]) }
    text.append(page.text, style: theme[.text])
    Panel.draw(
      focus == .graves ? "given up" : "the step", note: page.why.isEmpty ? nil : page.why,
      text: text, in: rect, theme: theme, on: &buffer)
  }

  /// What the figures mean, or what another ranking changes. The first that fits is shown.
  private var notes: [String] {
    if let ranking {
      let own = map.ownTitle ?? "—"
      let change = "\(standings.differences) of \(standings.choices)"
      let isTree = map.treeSearch != nil
      return [
        "Re-ranked by \(ranking.title) (run: \(own)), no new search: "
          + (isTree ? "◆ \(change) choices differ" : "\(change) decisions differ"),
        "\(ranking.title), not \(own): re-ranked, not re-run; \(isTree ? "◆ " : "")\(change)",
      ]
    }
    switch map.kind {
    case .tree(let tree):
      // Visits that have not come back yet are told beside the others.
      let isOpen = page.lines.contains { $0.standing?.inFlight ?? 0 > 0 }
      let figures =
        "N visits\(isOpen ? " (+n on their way)" : ""), Q mean value, P prior, U bonus; "
      let way = "▶ \(chosen == nil ? "goes next" : "was chosen"): the greatest Q + U"
      let rule = "; U = P · c · √ΣN / (1 + N), c₀ = \(Format.constant(tree.exploration))"
      return [figures + way + rule, figures + way, way]
    case .steps(let steps):
      let given = "; ✂ given up"
      guard steps != nil else { return ["the verifier's score of a step, if any" + given] }
      return ["by \(map.ownTitle ?? ""): the top ranks are kept" + given]
    case .tokens:
      return [
        "Σ log p after the prompt; ✂ given up, less likely than what was kept",
        "Σ log p after the prompt; ✂ given up",
      ]
    }
  }
}

/// The places of a search as rows.
struct SearchTable {
  let search: SearchScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    var styles = Table.Styles(theme: theme)
    if search.focus == .graves { styles.selection = theme[.text] }
    // The page holds what is on view, from the first row that shows.
    let (position, count) = (search.position, search.order.count)
    let first = position.visible(count: count, height: rect.height - 1).lowerBound
    let lines = search.page.lines
    Table.draw(
      columns(width: rect.width), count: count, position: position, in: rect, theme: theme,
      styles: styles, on: &buffer
    ) { lines.indices.contains($0 - first) ? lines[$0 - first] : nil }
  }

  private func columns(width: Int) -> [ItemColumn<SearchLine>] {
    let isNarrow = width < 76
    typealias Standing = RecordedTreeSearch.Standing
    func figure(_ title: String, _ value: @escaping (Standing) -> Double?) -> ItemColumn<SearchLine>
    {
      .init(title, .fixed(4), .right) {
        $1.text(orDash: $0.standing.flatMap(value).map(Self.figure))
      }
    }
    func bar(_ value: @escaping (SearchLine) -> Double?) -> ItemColumn<SearchLine> {
      .init("", .fixed(10)) { line, cell in
        guard let value = value(line), (0...1).contains(value) else { return nil }
        return cell.bar(value, cell.style(.barShaped))
      }
    }
    // Where one score needs five digits, all that are compared with it have as many.
    let isFine = search.page.lines.contains { $0.score.map(Self.isNearOne) ?? false }
    func score(_ title: String, _ width: Int) -> ItemColumn<SearchLine> {
      .init(title, .fixed(width), .right) {
        $1.text(orDash: $0.score.map { isFine ? Self.fine($0) : Self.figure($0) })
      }
    }
    var columns: [ItemColumn<SearchLine>] = [.init("step", .fill, write: text)]
    switch search.map.kind {
    case .tree:
      columns += [.init("N", .fixed(5), .right, write: visits), figure("Q", \.q)]
      if search.page.hasLearned { columns.append(learned) }
      if width >= 100 { columns.append(bar { $0.standing?.q }) }
      if !isNarrow { columns.append(figure("P", \.prior)) }
      columns.append(figure("U", \.u))
      if !isNarrow { columns.append(figure("Q+U", \.sum)) }
    case .steps(let steps):
      columns.append(score("score", 6))
      if search.page.hasLearned { columns.append(learned) }
      if !isNarrow { columns.append(bar(\.score)) }
      if steps != nil {
        columns.append(
          .init("rank", .fixed(5), .right) { line, cell in
            cell.text(orDash: line.rank.flatMap { rank in line.rivals.map { "\(rank)/\($0)" } })
          })
      }
    case .tokens: columns.append(score("Σ log p", 7))
    }
    return columns + [.init("", .fixed(isNarrow ? 8 : 14), write: fate)]
  }

  /// V, by a model trained to judge.
  private var learned: ItemColumn<SearchLine> {
    .init("V", .fixed(4), .right) { $1.text(orDash: $0.learned.map(Self.figure)) }
  }

  private func visits(of line: SearchLine, _ cell: Cell) -> StyledText {
    var text = cell.text(Format.count(line.standing?.visits ?? 0))
    // Visits that have not come back yet.
    if let count = line.standing?.inFlight, count > 0 {
      text.append("+\(count)", style: cell.style(.dim))
    }
    return text
  }

  private func text(of line: SearchLine, _ cell: Cell) -> StyledText {
    var text = cell.text(TreeList.guides(line.lasts, isDeep: line.isDeep), .dim)
    let (sign, role): (String, Role) =
      switch line.sign {
      case .none: ("·", .dim)
      case .chosen: ("▶", .nodeBest)
      case .passedOver: ("▶", .dim)
      case .instead: ("◆", .notice)
      case .givenUp: ("✂", .nodePruned)
      case .nowKept: ("↑", .notice)
      case .nowGivenUp: ("↓", .notice)
      }
    text.append(sign, style: cell.style(role))
    text.append(" ", style: cell.base)
    let isRoot = line.id == search.map.root
    // A step may be nothing but the end of the text.
    let words = isRoot ? "the question" : line.text.isEmpty ? "(the end)" : line.text
    let isEnd = !isRoot && line.text.isEmpty
    text.append(
      words,
      style: cell.style(
        line.sign == .givenUp ? .nodePruned : isRoot ? .tokenPrompt : isEnd ? .tokenEnd : .text))
    return text
  }

  private func fate(of line: SearchLine, _ cell: Cell) -> StyledText {
    guard line.hasEnded else { return cell.text(line.why ?? "", .nodePruned) }
    return Panel.answer(
      line.answer ?? "", isCorrect: line.isCorrect, columns: cell.width, theme: theme,
      base: cell.base)
  }

  /// A score on its own, to five digits where fewer would not tell it from 1: there they decide.
  static func score(_ value: Double) -> String {
    isNearOne(value) ? fine(value) : figure(value)
  }

  private static func isNearOne(_ value: Double) -> Bool { (0.995..<1).contains(value) }

  /// A score to five digits.
  private static func fine(_ value: Double) -> String {
    guard (0..<1).contains(value) else { return figure(value) }
    let text = Format.fixed(value, 5)
    return text.hasPrefix("0") ? String(text.dropFirst()) : text
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
    func style(_ role: Role, _ cell: Cell) -> Style { theme.style(role, over: cell.base) }
    let columns: [ItemColumn<SearchLine>] = [
      .init("given up", .fill) { line, cell in
        var text = cell.text("✂ ", .nodePruned)
        if !line.lead.isEmpty { text.append("… \(line.lead) ", style: cell.style(.dim)) }
        let room = max(0, cell.width - DisplayWidth.of(text.text))
        text.append(PathText.head(line.text, columns: room), style: cell.style(.nodePruned))
        return text
      },
      .init("why", .fixed(14)) {
        StyledText($0.why ?? "", style: style(.text, $1))
      }, .init("by", .fixed(10)) { $1.text($0.scoreKind?.rawValue ?? "", .dim) },
      .init("", .fixed(6), .right) {
        StyledText($0.score.map(SearchTable.score) ?? "—", style: style(.text, $1))
      },
    ]
    let (position, count) = (search.grave, search.graves.count)
    let first = position.visible(count: count, height: rect.height - 1).lowerBound
    let lines = search.page.graves
    Table.draw(
      columns, count: count, position: position, in: rect, theme: theme, styles: styles, on: &buffer
    ) { lines.indices.contains($0 - first) ? lines[$0 - first] : nil }
  }
}
