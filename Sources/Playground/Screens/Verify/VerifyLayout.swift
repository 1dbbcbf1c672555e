import TerminalUI

/// Where the parts of Verify lie.
struct VerifyLayout {
  var header: Rect
  /// The candidates, with a line of headings.
  var table: Rect
  /// The text of what is selected, under a line with its title.
  var text: Rect
  /// What the verifier judged of the candidate, with a line of headings.
  var judgements: Rect
  var note: Rect

  init(in rect: Rect, candidates: Int, judgements count: Int) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 2))
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      table = parts[0]
      let list = count == 0 ? 0 : min(count + 1, parts[1].height / 2)
      let right = parts[1].splitRows([.fill, .fixed(list)])
      (text, judgements) = (right[0], right[1])
    } else {
      let list = count == 0 ? 0 : min(count + 1, max(3, body.height / 3))
      let words = body.height < 15 ? 3 : 4
      let tableHeight = max(3, min(candidates + 1, body.height - list - words))
      let parts = body.splitRows([.fixed(tableHeight), .fill, .fixed(list)])
      (table, text, judgements) = (parts[0], parts[1], parts[2])
    }
  }

  var visibleCandidates: Int { max(1, table.height - 1) }
  var visibleJudgements: Int { max(1, judgements.height - 1) }

  /// How many columns stand at the right for what the exact checker says, its line included.
  static let oracleWidth = 9
}
