import TerminalUI

/// Where the parts of Steps lie.
struct StepsLayout {
  var header: Rect
  /// The steps, with a line of headings.
  var table: Rect
  /// How the answers stood in each state, under a line with its title.
  var curve: Rect
  /// The action token by token, under a line with its title; empty where there is no room.
  var tokens: Rect
  /// The selected state, under a line with its title.
  var stack: Rect
  var note: Rect

  /// - Parameter isAsked: whether there is a curve to draw.
  init(in rect: Rect, steps: Int, isAsked: Bool) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 2))
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      let curveHeight = isAsked ? min(16, max(6, body.height / 3)) : 2
      let rows = parts[0].splitRows([
        .fixed(min(steps + 2, max(3, body.height - curveHeight))), .fixed(curveHeight), .fill,
      ])
      (table, curve, stack) = (rows[0], rows[1], parts[1])
      // Two rows would say nothing.
      tokens = rows[2].height < 4 ? Rect(x: 0, y: 0, width: 0, height: 0) : rows[2]
    } else {
      let curveHeight = isAsked ? (body.height >= 17 ? 6 : body.height >= 13 ? 4 : 0) : 2
      let tableHeight = min(steps + 1, max(3, (body.height - curveHeight) / 2))
      let rows = body.splitRows([.fixed(tableHeight), .fixed(curveHeight), .fill])
      (table, curve, stack) = (rows[0], rows[1], rows[2])
      tokens = Rect(x: 0, y: 0, width: 0, height: 0)
    }
  }

  var visibleSteps: Int { max(1, table.height - 1) }

  /// How many columns stand at the right for what the exact checker says, its line included.
  static let oracleWidth = 8
}
