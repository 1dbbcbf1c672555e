import Decoding
import Foundation
import Reasoning
import TerminalUI
import Traces

/// The paths of a run as they grow, and how sure each is of its answer. Of CoT-decoding these are
/// the likeliest first tokens, each grown greedily.
enum BranchesView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let branches = state.branches
    if let comparison = branches.comparison {
      return ComparisonView.draw(
        comparison, branches.digest, in: rect, view: view, on: &buffer)
    }
    guard branches.digest.run != nil, branches.rowCount > 0 else {
      drawBlank(state, in: rect, theme: view.theme, on: &buffer)
      return nil
    }
    let layout = BranchesLayout(
      in: rect, branches: branches.rowCount, answers: branches.answerCount)
    drawHeader(state, in: layout.header, theme: view.theme, on: &buffer)
    BranchTable(branches: branches, theme: view.theme).draw(in: layout.rows, on: &buffer)
    drawDetail(branches, in: layout.detail, theme: view.theme, on: &buffer)
    if branches.isByDelta {
      Scoreboard(branches: branches, theme: view.theme).draw(in: layout.board, on: &buffer)
    } else {
      AnswerBoard(branches: branches, theme: view.theme).draw(in: layout.board, on: &buffer)
    }
    buffer.put(
      note(branches, width: rect.width), x: layout.note.x + 1, y: layout.note.y,
      style: view.theme[.dim], width: max(0, layout.note.width - 2))
    return nil
  }

  private static func note(_ branches: BranchesState, width: Int) -> String {
    if branches.digest.start?.strategy == Beam.description.name {
      return "The likeliest text need not have the likeliest answer; wider is not better."
    }
    if !branches.isByDelta {
      return branches.description.takesVotes
        ? "Δ tells how sure a path is of its answer; Votes counts the answers."
        : "Δ tells how sure a path is of its answer; here it decides nothing."
    }
    return width >= 120
      ? "Δ tells a reasoned answer from a guessed one better than a right one from a wrong one:"
        + " a branch can be sure and wrong."
      : "Δ parts reasoned from guessed better than right from wrong."
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    if state.branches.digest.run != nil {
      let begins = state.branches.digest.end == nil
      Panel.blank(
        title: state.branches.description.title + (begins ? " begins" : " has left no path"),
        lines: [state.branches.description.summary], hint: StyledText(), in: rect, theme: theme,
        on: &buffer)
      return
    }
    let count = state.settings.branches ?? CoTDecoding.defaultBranches
    Panel.blank(
      title: "CoT-decoding has not run yet",
      lines: [
        "\(count) branches start with the \(count) likeliest first tokens and go on greedily. "
          + "Where the model reasons before it answers, the tokens of the answer leave less "
          + "doubt: their mean p₁ − p₂, Δ, is greater. The answer with the greatest ΣΔ wins.",
        "Wang and Zhou 2024, arXiv 2402.10200",
      ],
      hint: StyledText([
        .init("Press ", style: theme[.text]), .init("Space", style: theme[.key]),
        .init(" to grow the branches.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  private static func drawHeader(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let digest = state.branches.digest
    let count = state.branches.rowCount
    var left = StyledText(state.branches.description.title, style: theme[.title])
    left.append(
      state.branches.isByDelta ? "  k = \(count)" : "  " + Panel.count(count, "path"),
      style: theme[.text])
    if let prompting = digest.start?.settings.prompting, rect.width >= 70 {
      left.append("  \(prompting) prompt", style: theme[.dim])
    }
    var right = StyledText()
    let activity = digest.run.flatMap { state.activities[$0] }
    if activity?.isCancelling == true {
      right.append("stopping …", style: theme[.warning])
    } else if activity != nil {
      right.append("\(digest.finished) of \(count) grown  ", style: theme[.text])
      right.append("Space", style: theme[.key])
      right.append(" stops", style: theme[.dim])
    } else if let end = digest.end {
      switch end.reason {
      case .completed:
        right.append(
          "\(end.tokens.generated) tokens sampled, \(end.tokens.reused) reused",
          style: theme[.dim])
      case .cancelled:
        right.append("stopped at \(digest.finished) of \(count)", style: theme[.warning])
      case .failed: right.append("failed", style: theme[.error])
      }
    }
    Panel.header(left, right, in: rect, on: &buffer)
  }

  // MARK: The selected branch

  private static func drawDetail(
    _ branches: BranchesState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty else { return }
    guard let path = branches.digest.paths[branches.selected] else {
      Panel.draw(
        "branch \(branches.selected + 1) waits for a free slot", in: rect, theme: theme, on: &buffer
      )
      return
    }
    PathPanel(
      path: path,
      name: path.number == 0 && branches.isByDelta
        ? "branch 1, the greedy path" : "branch \(path.number + 1)",
      scroll: branches.textScroll, theme: theme
    ).draw(in: rect, on: &buffer)
  }
}

/// The branches as rows.
private struct BranchTable {
  let branches: BranchesState
  let theme: Theme

  private enum Column { case rank, probability, token, text, tokens, bar, delta, answer }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let columns = columns(width: rect.width)
    let table = Table(columns: columns.map(\.1), styles: Table.Styles(theme: theme))
    let (winner, numbers) = (branches.winner, branches.numbers)
    table.draw(
      count: branches.rowCount, position: branches.position, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      let number = numbers.indices.contains(item) ? numbers[item] : item
      draw(columns[column].0, of: number, winner: winner, in: cell, base: base, on: &buffer)
    }
    // The mark of a comparison stands before the row, where the selection's arrow would be.
    let visible = branches.position.visible(count: branches.rowCount, height: rect.height - 1)
    if let marked = branches.marked.flatMap({ numbers.firstIndex(of: $0) }),
      visible.contains(marked)
    {
      buffer.put(
        "◆", x: rect.x, y: rect.y + 1 + marked - visible.lowerBound, style: theme[.notice])
    }
  }

  private func columns(width: Int) -> [(Column, Table.Column)] {
    let isNarrow = width < 76
    var columns: [(Column, Table.Column)] = [
      (.rank, .init("", .fixed(2), .right)), (.probability, .init("p", .fixed(4), .right)),
    ]
    if width >= 100 { columns.append((.token, .init("first token", .fixed(12)))) }
    let text =
      !branches.isByDelta
      ? "text" : width >= 100 ? "then greedy" : "first token, then greedy"
    columns.append((.text, .init(text, .fill)))
    if width >= 110 { columns.append((.tokens, .init("tokens", .fixed(6), .right))) }
    columns.append(
      (
        .bar,
        .init(width < 110 ? "Δ" : "Δ of the answer", .fixed(isNarrow ? 5 : width < 110 ? 9 : 16))
      ))
    columns.append((.delta, .init("", .fixed(4), .right)))
    columns.append((.answer, .init("answer", .fixed(isNarrow ? 8 : 11))))
    return columns
  }

  private func draw(
    _ column: Column, of item: Int, winner: String?, in cell: Rect, base: Style,
    on buffer: inout CellBuffer
  ) {
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    func put(_ text: String, _ style: Style, _ alignment: Alignment = .right) {
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    guard let path = branches.digest.paths[item] else {
      if column == .rank { put("\(item + 1)", dim) }
      if column == .text { put("waits for a free slot", dim, .left) }
      return
    }
    switch column {
    case .rank: put("\(item + 1)", base)
    case .probability:
      put(path.logProbabilities.first?.map { Format.smallProbability(exp($0)) } ?? "—", base)
    case .token: put(PathText.quoted(path.first?.bytes ?? []), base, .left)
    case .text:
      let styles = PathText.Styles(theme: theme, base: base)
      buffer.put(
        PathText.line(path, columns: cell.width, styles: styles), x: cell.x, y: cell.y,
        width: cell.width)
    case .tokens: put("\(path.generated)", dim)
    case .bar:
      if let delta = path.delta {
        let bar = base.overlaid(by: theme[.barShaped]).on(base.background)
        Bar.draw(delta, in: cell, style: bar, on: &buffer)
      } else if path.isGrowing {
        put("grows …", dim, .left)
      }
    case .delta: put(path.delta.map(Format.probability) ?? "", base)
    case .answer: drawAnswer(path, winner: winner, in: cell, base: base, on: &buffer)
    }
  }

  private func drawAnswer(
    _ path: PathDigest, winner: String?, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    guard let answer = path.answer else {
      guard !path.isGrowing else { return }
      let why = path.isCut ? "cut" : path.reason == "pruned" ? "pruned" : "none"
      buffer.put(why, x: cell.x, y: cell.y, style: dim, width: cell.width)
      return
    }
    let isCorrect = branches.digest.isCorrect(answer)
    let style = Panel.answerStyle(answer, isCorrect: isCorrect, theme: theme, base: base)
    buffer.put(
      PathText.head(PathText.oneLine(answer.utf8), columns: max(1, cell.width - 3)), x: cell.x,
      y: cell.y, style: style)
    buffer.put(
      Panel.marks(
        isWinner: answer == winner, isCorrect: isCorrect, theme: theme, base: base),
      x: cell.right - 2, y: cell.y)
  }
}
