import TerminalUI

/// Where the parts of Decode lie. The view draws by it and clicks are read by it.
struct DecodeLayout: Hashable {
  var frame: Rect
  /// The text of the line.
  var text: Rect
  /// The column between the text and the table.
  var divider: Rect
  /// The table's heading and rows.
  var table: Rect
  /// The row for the tokens that the table does not list.
  var rest: Rect
  /// The row of the sampler's settings.
  var knobs: Rect
  /// What is told of the selected token; empty where there is no room.
  var detail: Rect
  /// The line across with the sparkline in it.
  var separator: Rect
  /// What is told of the place: one row or two.
  var info: Rect

  init(_ rect: Rect) {
    frame = rect
    let inside = rect.inset()
    let infoRows = inside.height >= 16 ? 2 : 1
    let upper = max(0, inside.height - infoRows - 1)
    let tableWidth = min(56, max(29, rect.width * 45 / 100))
    let textWidth = max(0, inside.width - tableWidth - 1)
    text = Rect(x: inside.x + 1, y: inside.y, width: textWidth - 2, height: upper)
    divider = Rect(x: inside.x + textWidth, y: inside.y, width: 1, height: upper)
    let right = Rect(
      x: divider.right, y: inside.y, width: inside.right - divider.right, height: upper)
    let detailRows = upper >= 26 ? 7 : 0
    let tableRows = max(0, upper - detailRows - 2)
    table = Rect(x: right.x, y: right.y, width: right.width, height: tableRows)
    rest = Rect(x: right.x, y: table.bottom, width: right.width, height: min(1, upper))
    knobs = Rect(x: right.x, y: rest.bottom, width: right.width, height: min(1, upper))
    detail = Rect(x: right.x, y: knobs.bottom, width: right.width, height: detailRows)
    separator = Rect(x: rect.x, y: inside.y + upper, width: rect.width, height: 1)
    info = Rect(x: inside.x + 1, y: separator.bottom, width: inside.width - 2, height: infoRows)
  }

  /// How many candidates show at once, below the heading.
  var visibleRows: Int { max(0, table.height - 1) }

  /// Where each of the sampler's settings is written.
  func knobRects(_ texts: [String]) -> [Rect] {
    var x = knobs.x + 1
    return texts.map { text in
      let width = DisplayWidth.of(text) + 2
      defer { x += width }
      return Rect(x: x, y: knobs.y, width: width, height: knobs.height).intersection(knobs)
    }
  }
}

extension DecodeScreen {
  /// Where Decode's parts lie; nil when it is not on view.
  func layout(_ session: SessionState) -> DecodeLayout? {
    Chrome.rect(of: Self.id, session).map(DecodeLayout.init)
  }
}
