import Decoding
import Reasoning
import TerminalUI
import Traces

/// A search as it grows: its tree with what every place is worth, and what it gave up.
enum SearchView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let (search, theme) = (state.search, view.theme)
    guard search.run != nil, search.map.nodes.count > 1 else {
      drawBlank(state, in: rect, theme: theme, on: &buffer)
      return nil
    }
    let layout = SearchLayout(in: rect, graves: search.graves.count)
    drawHeader(state, in: layout.header, theme: theme, on: &buffer)
    drawTrack(search, in: layout.track, theme: theme, on: &buffer)
    SearchTable(search: search, theme: theme).draw(in: layout.tree, on: &buffer)
    drawText(search, in: layout.text, theme: theme, on: &buffer)
    GraveTable(search: search, theme: theme).draw(in: layout.graves, on: &buffer)
    let note = layout.note.inset(horizontal: 1, vertical: 0)
    let notes = Self.notes(search)
    buffer.put(
      notes.first { DisplayWidth.of($0) <= note.width } ?? notes.last ?? "", x: note.x, y: note.y,
      style: theme[search.ranking == nil ? .dim : .notice], width: note.width)
    return nil
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let isUnderWay = state.search.run.flatMap { state.activities[$0] } != nil
    Panel.blank(
      title: isUnderWay
        ? "The search begins"
        : state.search.end?.reason == .cancelled
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

  private static func drawHeader(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let search = state.search
    let name = search.start?.strategy ?? ""
    var left = StyledText(
      StrategyRegistry.description(of: name)?.title ?? name, style: theme[.title])
    let noun = search.map.kind == .tokens ? "place" : "step"
    left.append("  \(Panel.count(max(0, search.order.count - 1), noun))", style: theme[.text])
    if !search.graves.isEmpty {
      left.append("  ✂ \(search.graves.count)", style: theme[.nodePruned])
    }
    let right = result(state, theme: theme)
    let page = search.page
    var long = StyledText("\(page.finished) finished", style: theme[.dim])
    if page.right > 0 { long.append(" ✓ \(page.right)", style: theme[.answerCorrect]) }
    if page.wrong > 0 { long.append(" ✗ \(page.wrong)", style: theme[.answerWrong]) }
    long.append("  ")
    long.runs += right.runs
    Panel.header(left, long, right, in: rect, on: &buffer)
  }

  /// What the search has come to.
  private static func result(_ state: PlaygroundState, theme: Theme) -> StyledText {
    let search = state.search
    if let activity = search.run.flatMap({ state.activities[$0] }) {
      return StyledText(activity.isCancelling ? "stopping …" : "searching …", style: theme[.notice])
    }
    var text = StyledText()
    switch search.end?.reason {
    case .cancelled: text.append("stopped  ", style: theme[.warning])
    case .failed: text.append("failed  ", style: theme[.error])
    case .completed, nil: break
    }
    if let answer = search.end?.answer {
      let isCorrect = search.end?.correct
      text.append("answers ", style: theme[.dim])
      text.append(
        PathText.oneLine(answer.utf8) + (isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""),
        style: Panel.answerStyle(answer, isCorrect: isCorrect, theme: theme, base: theme[.text]))
    }
    return text
  }

  // MARK: Iterations

  /// The iterations as a line with the one on view on it, and what all of it has cost.
  private static func drawTrack(
    _ search: SearchState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty else { return }
    let x = buffer.put(
      place(search) + " ", x: rect.x + 1, y: rect.y,
      style: theme[search.chosen == nil ? .text : .notice], width: rect.width - 2)
    var cost = ""
    if let tokens = search.end?.tokens {
      let computed = tokens.prompt + tokens.generated + tokens.injected
      cost = " \(Format.count(computed)) tokens computed, \(Format.count(tokens.reused)) reused"
    }
    if rect.right - 1 - DisplayWidth.of(cost) - x < 12 { cost = "" }
    let room = rect.right - 1 - DisplayWidth.of(cost) - x
    guard room > 4 else { return }
    buffer.put(String(repeating: "─", count: room), x: x, y: rect.y, style: theme[.border])
    let all = Double(max(1, search.map.iterations))
    let share = search.chosen == nil ? 1 : Double(search.iteration) / (all + 1)
    buffer.put("●", x: x + Int(Double(room - 1) * share), y: rect.y, style: theme[.nodeBest])
    buffer.put(cost, x: x + room, y: rect.y, style: theme[.dim])
  }

  private static func place(_ search: SearchState) -> String {
    let all = search.map.iterations
    let noun =
      switch search.map.kind {
      case .tree: "iteration"
      case .steps: "round"
      case .tokens: "token"
      }
    guard search.chosen != nil else { return "after \(Panel.count(all, noun))" }
    let value = search.standings.value.map { " brought back \(SearchTable.figure($0))" } ?? ""
    return "\(noun) \(search.iteration) of \(all)" + value
  }

  // MARK: Words

  private static func drawText(
    _ search: SearchState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let inside = Panel.draw(
      search.focus == .graves ? "given up" : "the step",
      note: search.page.why.isEmpty ? nil : search.page.why, in: rect, theme: theme, on: &buffer)
    guard inside.height > 0, inside.width > 4 else { return }
    var text = StyledText()
    if !search.page.lead.isEmpty { text.append("… \(search.page.lead) ", style: theme[.dim]) }
    text.append(search.page.text, style: theme[.text])
    WrappedText(text, width: inside.width - 2).draw(
      in: Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height),
      on: &buffer)
  }

  /// What the figures are; by another ranking than the search's own, what that is and is not. The
  /// first that fits is taken.
  private static func notes(_ search: SearchState) -> [String] {
    if let ranking = search.ranking {
      let (standings, own) = (search.standings, search.map.ownTitle ?? "—")
      let change = "\(standings.differences) of \(standings.choices)"
      let isTree = search.map.treeSearch != nil
      return [
        "Re-ranked by \(ranking.title) (run: \(own)), not searched anew: "
          + (isTree ? "◆ \(change) choices differ" : "\(change) would fare otherwise"),
        "\(ranking.title) for \(own): re-ranked, no new search; \(isTree ? "◆ " : "")\(change)",
      ]
    }
    switch search.map.kind {
    case .tree(let tree):
      let figures = "N visits, Q mean value, P prior, U bonus; "
      let way = "▶ \(search.chosen == nil ? "goes next" : "was chosen"): the greatest Q + U"
      let rule = "; U = P · c · √ΣN / (1 + N), c₀ = \(Format.constant(tree.exploration))"
      return [figures + way + rule, figures + way, way]
    case .steps(let steps):
      let given = "; ✂ given up"
      guard steps != nil else { return ["what a verifier gave a step, where it told" + given] }
      return ["by \(search.map.ownTitle ?? ""): the first in rank go on" + given]
    case .tokens:
      return [
        "Σ log p from the prompt's end on; ✂ given up, less likely than what was kept",
        "Σ log p from the prompt's end on; ✂ given up",
      ]
    }
  }
}
