import TerminalUI

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
  /// Whether the board is but one line.
  var isBoardOneLine: Bool { board.height == 1 }

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
