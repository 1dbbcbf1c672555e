import TerminalUI

/// Where the parts of Search lie.
struct SearchLayout {
  var header: Rect
  /// Where the iterations are: a track with a mark.
  var track: Rect
  /// The places, with a line of headings.
  var tree: Rect
  /// The selected step in full, under a line with its title.
  var text: Rect
  /// What was given up, with a line that is its title.
  var graves: Rect
  var note: Rect

  init(in rect: Rect, graves count: Int) {
    header = rect.row(0)
    track = rect.row(1)
    note = rect.row(rect.height - 1)
    let body = Rect(
      x: rect.x, y: rect.y + 2, width: rect.width, height: max(0, rect.height - 3))
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      let right = parts[1].splitRows([.fixed(min(7, parts[1].height)), .fill])
      (tree, text, graves) = (parts[0], right[0], right[1])
    } else {
      let below = count == 0 ? 0 : min(count + 1, max(2, body.height / 4))
      let words = body.height < 12 ? 2 : 3
      let parts = body.splitRows([.fill, .fixed(words), .fixed(below)])
      (tree, text, graves) = (parts[0], parts[1], parts[2])
    }
  }

  var visibleLines: Int { max(1, tree.height - 1) }
  var visibleGraves: Int { max(1, graves.height - 1) }
}
