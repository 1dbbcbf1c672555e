import Decoding
import Reasoning
import TerminalUI

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
    let note =
      search.map.isTreeSearch
      ? "N visits · Q mean value · P prior · U what speaks for trying it · ▶ this iteration's way"
      : "the verifier's figure behind each step · ✂ given up, with the figure that was too low"
    buffer.put(
      note, x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: max(0, layout.note.width - 2))
    return nil
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let isUnderWay = state.search.run.flatMap { state.activities[$0] } != nil
    Panel.blank(
      title: isUnderWay ? "The search begins" : "Nothing has been searched yet",
      lines: [
        "Beams keep the steps that a verifier likes best; a tree search goes where they are good "
          + "or untried, and comes back with what they led to. Both give steps up: they lie in "
          + "the graveyard, with the figure that killed them.",
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
    left.append("  \(Panel.count(max(0, search.order.count - 1), "step"))", style: theme[.text])
    if !search.graves.isEmpty {
      left.append("  ✂ \(search.graves.count)", style: theme[.nodePruned])
    }
    var right = StyledText()
    let activity = search.run.flatMap { state.activities[$0] }
    if activity != nil {
      right.append(
        activity?.isCancelling == true ? "stopping …" : "searching …", style: theme[.notice])
    } else if let end = search.end, end.reason != .completed {
      right.append(end.reason == .cancelled ? "stopped" : "failed", style: theme[.warning])
    } else if let answer = search.end?.answer {
      right.append("answers ", style: theme[.dim])
      let isCorrect = search.end?.correct
      right.append(
        PathText.oneLine(answer.utf8) + (isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""),
        style: Panel.answerStyle(
          answer, isCorrect: isCorrect, theme: theme, base: theme[.text]))
    }
    let page = search.page
    var long = StyledText("\(page.finished) finished", style: theme[.dim])
    if page.right > 0 { long.append(" ✓ \(page.right)", style: theme[.answerCorrect]) }
    if page.wrong > 0 { long.append(" ✗ \(page.wrong)", style: theme[.answerWrong]) }
    long.append("  ")
    long.runs += right.runs
    Panel.header(left, long, right, in: rect, on: &buffer)
  }

  /// The iterations as a line with the one on view on it.
  private static func drawTrack(
    _ search: SearchState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty else { return }
    let noun = search.map.isTreeSearch ? "iteration" : "step"
    let label = "\(noun) \(search.iteration) of \(search.map.iterations) "
    let x = buffer.put(
      label, x: rect.x + 1, y: rect.y,
      style: theme[search.chosen == nil ? .text : .notice], width: rect.width - 2)
    let hint = " [ ]"
    let room = rect.right - 1 - DisplayWidth.of(hint) - x
    guard room > 8 else { return }
    buffer.put(String(repeating: "─", count: room), x: x, y: rect.y, style: theme[.border])
    let place =
      search.map.iterations > 0 ? (room - 1) * search.iteration / search.map.iterations : 0
    buffer.put("●", x: x + place, y: rect.y, style: theme[.nodeBest])
    buffer.put(hint, x: x + room, y: rect.y, style: theme[.key])
  }

  private static func drawText(
    _ search: SearchState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let inside = Panel.draw("the step", in: rect, theme: theme, on: &buffer)
    guard inside.height > 0, inside.width > 4 else { return }
    WrappedText(StyledText(search.page.text, style: theme[.text]), width: inside.width - 2).draw(
      in: Rect(
        x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height),
      on: &buffer)
  }
}
