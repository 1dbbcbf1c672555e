import TerminalUI

/// Where the parts of Tree lie.
struct TreeLayout {
  var header: Rect
  /// The lines, with one of headings.
  var list: Rect
  /// The selected line in full, under a line with its title.
  var detail: Rect
  /// Where a text to be found is typed, and what the signs mean otherwise.
  var note: Rect

  init(in rect: Rect) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 2))
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      (list, detail) = (parts[0], parts[1])
    } else {
      let below = body.height < 14 ? 3 : min(9, body.height / 3)
      let parts = body.splitRows([.fill, .fixed(below)])
      (list, detail) = (parts[0], parts[1])
    }
  }

  /// How many lines show at once.
  var visibleRows: Int { max(1, list.height - 1) }

  /// The columns of a row.
  struct Columns {
    /// The signs of the selection, of a bookmark and of Decode's place.
    var marks: Rect
    var text: Rect
    var bar: Rect
    var probability: Rect
    var paths: Rect
    /// How many of the paths were right and wrong, or the answer.
    var answer: Rect
  }

  /// The row at some place of the list, headings counted.
  func columns(row: Int) -> Columns {
    let bar = list.width >= 110 ? 14 : list.width >= 76 ? 8 : 0
    let answer = list.width >= 100 ? 18 : list.width >= 76 ? 14 : 11
    // The last column is the scrollbar's.
    let line = Rect(
      x: list.x, y: list.y + row, width: list.width - 1, height: row < list.height ? 1 : 0)
    let cells = line.splitColumns(
      [.fixed(3), .fill, .fixed(bar), .fixed(5), .fixed(5), .fixed(answer)], gap: 1)
    return Columns(
      marks: cells[0], text: cells[1], bar: cells[2], probability: cells[3], paths: cells[4],
      answer: cells[5])
  }

  /// The row of the list at a place, from the first that shows.
  func row(at point: Point) -> Int? {
    guard list.contains(point), point.y > list.y else { return nil }
    return point.y - list.y - 1
  }

  /// How many forks a line is set in by; each takes two columns, a third of the list in all.
  static func forks(columns: Int) -> Int { max(2, columns / 6) }
}
