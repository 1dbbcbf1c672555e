import Decoding
import Foundation
import Reasoning
import TerminalUI
import Traces

extension BranchesScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    if let comparison {
      comparison.draw(digest, in: rect, theme: theme, on: &buffer)
      return nil
    }
    guard digest.run != nil, rowCount > 0 else { return nil }
    let layout = layout(in: rect)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    BranchTable(branches: self, isUnderWay: session.isUnderWay(digest.run), theme: theme)
      .draw(in: layout.rows, on: &buffer)
    drawDetail(in: layout.detail, theme: theme, on: &buffer)
    AnswerBoard(branches: self, theme: theme).draw(in: layout.board, on: &buffer)
    Panel.note(note(width: rect.width), in: layout.note, theme: theme, on: &buffer)
    return nil
  }

  func layout(_ session: SessionState) -> BranchesLayout { layout(in: rect(session)) }

  private func layout(in rect: Rect) -> BranchesLayout {
    let answers = isByDelta ? digest.standings[.delta]?.count ?? 0 : AnswerBoard.rows(digest).count
    return BranchesLayout(in: rect, branches: rowCount, answers: answers)
  }

  private func note(width: Int) -> String {
    if strategy.shape.searches, !strategy.shape.ranksCandidates {
      return "The likeliest text need not have the likeliest answer; wider is not better."
    }
    if !isByDelta {
      return strategy.shape.takesVotes
        ? "Δ is how sure a path is of its answer; Votes counts the answers."
        : "Δ is how sure a path is of its answer; it decides nothing here."
    }
    return width >= 120
      ? "Δ tells reasoned answers from guessed ones better than right from wrong ones:"
        + " a branch can be sure and wrong."
      : "Δ tells reasoned from guessed better than right from wrong."
  }

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard comparison == nil, digest.run == nil || rowCount == 0 else { return nil }
    if digest.run != nil {
      let begins = session.isUnderWay(digest.run)
      return EmptyText(
        title: strategy.title + (begins ? " starts" : " left no path"), purpose: strategy.summary)
    }
    let count = session.settings.branches ?? CoTDecoding.defaultBranches
    return EmptyText(
      title: "\(count) ways to begin",
      purpose: "The \(count) likeliest first tokens, each continued greedily. Where the model "
        + "reasons first, it is surer of its answer, and the answer with the greatest ΣΔ wins.",
      starts: [.init(.run, "grow the branches"), .init(.openSettings, "how many, and more")],
      source: "Wang and Zhou 2024, arXiv 2402.10200")
  }

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    // A run that was stopped has as many branches as it was to have.
    let count = digest.end?.reason == .completed ? rowCount : max(rowCount, wanted)
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
      let told = session.progress(of: digest.run)
      right.append(told?.amount ?? "", style: theme[.text])
    } else if let end = digest.end {
      switch end.reason {
      case .completed:
        right.append(
          "\(end.tokens.generated) tokens sampled, \(end.tokens.reused) reused", style: theme[.dim])
      case .cancelled:
        let unit = isByDelta ? Progress.Unit.branches : .paths
        right.append(
          "stopped at \(Progress("", digest.finished, of: count, unit).amount)",
          style: theme[.warning])
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
  /// Whether the run is; the paths of one that was killed grow no more.
  let isUnderWay: Bool
  let theme: Theme

  /// A branch by its number; nil while it waits for a free slot.
  private typealias Branch = (number: Int, path: PathDigest?)

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let numbers = branches.numbers
    Table.draw(
      columns(width: rect.width), count: branches.rowCount, position: branches.position, in: rect,
      theme: theme, on: &buffer
    ) { row -> Branch? in
      let number = numbers.indices.contains(row) ? numbers[row] : row
      return (number, branches.digest.paths[number])
    }
    Panel.mark(
      branches.marked.flatMap { numbers.firstIndex(of: $0) }, of: branches.rowCount,
      branches.position, in: rect, theme: theme, on: &buffer)
  }

  private func columns(width: Int) -> [ItemColumn<Branch>] {
    let isNarrow = width < 76
    /// A column that is empty while a branch waits.
    func column(
      _ title: String, _ length: Length, _ alignment: Alignment = .left,
      write: @escaping (PathDigest, Cell) -> StyledText?
    ) -> ItemColumn<Branch> {
      .init(title, length, alignment) { branch, cell in
        branch.path.flatMap { write($0, cell) }
      }
    }
    var columns: [ItemColumn<Branch>] = [
      .init("", .fixed(2), .right) { $1.text("\($0.number + 1)", $0.path == nil ? .dim : .text) },
      column("p", .fixed(4), .right) {
        $1.text($0.logProbabilities.first?.map { Format.smallProbability(exp($0)) } ?? "—")
      },
    ]
    if width >= 100 {
      columns.append(
        column("first token", .fixed(12)) { $1.text(PathText.quoted($0.first?.bytes ?? [])) })
    }
    let text =
      !branches.isByDelta ? "text" : width >= 100 ? "then greedy" : "first token, then greedy"
    columns.append(
      .init(text, .fill) { branch, cell in
        branch.path.map(cell.path) ?? cell.text("waits for a free slot", .dim)
      })
    if width >= 110 {
      columns.append(column("tokens", .fixed(6), .right) { $1.text("\($0.generated)", .dim) })
    }
    let bar = (width < 110 ? "Δ" : "Δ of the answer", isNarrow ? 5 : width < 110 ? 9 : 16)
    columns.append(
      column(bar.0, .fixed(bar.1)) { path, cell in
        path.delta.map { cell.bar($0, cell.style(.barShaped)) }
          ?? (path.isGrowing ? cell.text(isUnderWay ? "grows …" : "cut off", .dim) : nil)
      })
    columns.append(
      column("", .fixed(4), .right) { $1.text($0.delta.map(Format.probability) ?? "") })
    let winner = branches.winner
    columns.append(
      column("answer", .fixed(isNarrow ? 8 : 11)) { answer(of: $0, winner: winner, $1) })
    return columns
  }

  private func answer(of path: PathDigest, winner: String?, _ cell: Cell) -> StyledText? {
    guard let answer = path.answer else {
      let why = path.isCut ? "cut" : path.reason == "pruned" ? "pruned" : "none"
      return path.isGrowing ? StyledText() : cell.text(why, .dim)
    }
    let digest = branches.digest
    let name = PathText.head(PathText.oneLine(answer.utf8), columns: max(1, cell.width - 3))
    var text = StyledText(name, style: digest.style(of: answer, theme: theme, base: cell.base))
    // The signs stand at the right.
    let gap = max(0, cell.width - 2 - DisplayWidth.of(name))
    text.append(String(repeating: " ", count: gap), style: cell.base)
    text.runs += digest.marks(of: answer, winner: winner, theme: theme, base: cell.base).runs
    return text
  }
}
