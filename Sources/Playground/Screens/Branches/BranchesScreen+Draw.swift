import Decoding
import Foundation
import Reasoning
public import TerminalUI
import Traces

extension BranchesScreen {
  public func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    if let comparison {
      comparison.draw(digest, in: rect, theme: theme, on: &buffer)
      return nil
    }
    guard digest.run != nil, rowCount > 0 else {
      drawBlank(session, in: rect, theme: theme, on: &buffer)
      return nil
    }
    let layout = layout(in: rect)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    BranchTable(branches: self, theme: theme).draw(in: layout.rows, on: &buffer)
    drawDetail(in: layout.detail, theme: theme, on: &buffer)
    AnswerBoard(branches: self, theme: theme).draw(in: layout.board, on: &buffer)
    buffer.put(
      note(width: rect.width), x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: max(0, layout.note.width - 2))
    return nil
  }

  func layout(_ session: SessionState) -> BranchesLayout { layout(in: rect(session)) }

  private func layout(in rect: Rect) -> BranchesLayout {
    let answers =
      isByDelta ? digest.standings[.delta]?.count ?? 0 : AnswerBoard.rows(digest).count
    return BranchesLayout(in: rect, branches: rowCount, answers: answers)
  }

  private func note(width: Int) -> String {
    if strategy.shape.searches, !strategy.shape.ranksCandidates {
      return "The likeliest text need not have the likeliest answer; wider is not better."
    }
    if !isByDelta {
      return strategy.shape.takesVotes
        ? "Δ tells how sure a path is of its answer; Votes counts the answers."
        : "Δ tells how sure a path is of its answer; here it decides nothing."
    }
    return width >= 120
      ? "Δ tells a reasoned answer from a guessed one better than a right one from a wrong one:"
        + " a branch can be sure and wrong."
      : "Δ parts reasoned from guessed better than right from wrong."
  }

  private func drawBlank(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    if digest.run != nil {
      let begins = digest.end == nil
      Panel.blank(
        title: strategy.title + (begins ? " begins" : " has left no path"),
        lines: [strategy.summary], hint: StyledText(), in: rect, theme: theme, on: &buffer)
      return
    }
    let count = session.settings.branches ?? CoTDecoding.defaultBranches
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

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let count = rowCount
    var left = StyledText(strategy.title, style: theme[.title])
    left.append(
      isByDelta ? "  k = \(count)" : "  " + Panel.count(count, "path"), style: theme[.text])
    if let prompting = digest.start?.settings.prompting, rect.width >= 70 {
      left.append("  \(prompting) prompt", style: theme[.dim])
    }
    var right = StyledText()
    let activity = digest.run.flatMap { session.activities[$0] }
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

  private func drawDetail(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    guard let path = digest.paths[selected] else {
      Panel.draw(
        "branch \(selected + 1) waits for a free slot", in: rect, theme: theme, on: &buffer)
      return
    }
    PathPanel(
      path: path,
      name: path.number == 0 && isByDelta
        ? "branch 1, the greedy path" : "branch \(path.number + 1)",
      scroll: textScroll, theme: theme
    ).draw(in: rect, on: &buffer)
  }
}

/// Where the parts of Branches lie.
struct BranchesLayout {
  var header: Rect
  /// The branches, with a line of headings.
  var rows: Rect
  /// The answers by ΣΔ, under (or, in a row of its own, after) a title.
  var board: Rect
  /// The selected branch in full, under a line with its title.
  var detail: Rect
  var note: Rect

  /// - Parameters:
  ///   - branches: how many rows there are.
  ///   - answers: how many answers the board lists.
  init(in rect: Rect, branches: Int, answers: Int) {
    let isWide = rect.width >= 110
    let isLow = rect.height < 17
    header = rect.row(0)
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - (isLow ? 1 : 2))
    note = isLow ? rect.row(rect.height) : rect.row(rect.height - 1)
    let wanted = max(2, branches + 1)
    // The text keeps at least three lines, the board a title and a few answers.
    let boardHeight = isLow ? 1 : 1 + min(rect.height < 24 ? 3 : 6, max(1, answers))
    let below = isWide ? max(5, boardHeight) : boardHeight + (isLow ? 3 : 4)
    let parts = body.splitRows([.fixed(max(3, min(wanted, body.height - below))), .fill])
    rows = parts[0]
    if isWide {
      let columns = parts[1].splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 1)
      (detail, board) = (columns[0], columns[1])
    } else {
      let bottom = parts[1].splitRows([.fixed(min(boardHeight, parts[1].height)), .fill])
      (board, detail) = (bottom[0], bottom[1])
    }
  }

  /// How many branches show at once.
  var visibleRows: Int { max(1, rows.height - 1) }
}

/// The branches as rows.
private struct BranchTable {
  let branches: BranchesScreen
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
    let dim = theme.style(.dim, over: base)
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
        Bar.draw(delta, in: cell, style: theme.style(.barShaped, over: base), on: &buffer)
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
    guard let answer = path.answer else {
      guard !path.isGrowing else { return }
      let why = path.isCut ? "cut" : path.reason == "pruned" ? "pruned" : "none"
      buffer.put(
        why, x: cell.x, y: cell.y, style: theme.style(.dim, over: base), width: cell.width)
      return
    }
    let digest = branches.digest
    buffer.put(
      PathText.head(PathText.oneLine(answer.utf8), columns: max(1, cell.width - 3)), x: cell.x,
      y: cell.y, style: digest.style(of: answer, theme: theme, base: base))
    buffer.put(
      digest.marks(of: answer, winner: winner, theme: theme, base: base), x: cell.right - 2,
      y: cell.y)
  }
}
