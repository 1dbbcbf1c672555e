import Measuring
import TerminalUI

/// Where the parts of Scale lie.
struct ScaleLayout {
  var header: Rect
  /// How far a study under way is; empty when none is.
  var progress: Rect
  /// The chart with its edges, under a line with its title.
  var chart: Rect
  /// The inside of the chart.
  var plot: Rect
  /// The curves, with a line of headings.
  var table: Rect
  /// All points of curves, each under a title and a line of headings: of all curves where there is
  /// room, else of the selected one, else of none.
  var points: [(curve: Int, rect: Rect)] = []
  var note: Rect

  /// What stands at the left of the chart.
  static let edge = 7
  private static let wide = 140

  init(in rect: Rect, _ state: PlaygroundState) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let line = state.scale.activity == nil ? 0 : 1
    progress = Rect(x: rect.x + 1, y: rect.y + 1, width: max(0, rect.width - 2), height: line)
    let body = Rect(
      x: rect.x, y: rect.y + 1 + line, width: rect.width, height: max(0, rect.height - 2 - line))
    let curves = state.scale.curves
    if rect.width >= Self.wide {
      let parts = body.splitColumns([.fill, .fixed(76)], gap: 2)
      chart = parts[0]
      let right = parts[1].splitRows([.fixed(min(curves.count + 1, body.height)), .fill])
      table = right[0]
      points = Self.points(of: curves, selected: state.scale.position.selected, in: right[1])
    } else {
      // The chart keeps at least half.
      let list = min(curves.count + 1, max(3, body.height / 2))
      let parts = body.splitRows([.fill, .fixed(list)])
      (chart, table) = (parts[0], parts[1])
    }
    plot = Rect(
      x: chart.x + Self.edge, y: chart.y + 1, width: chart.width - Self.edge - 2,
      height: chart.height - 3)
  }

  private static func points(
    of curves: [StudyCurve], selected: Int, in rect: Rect
  ) -> [(curve: Int, rect: Rect)] {
    // A blank line, a title and a line of headings stand above the points.
    let heights = curves.map { $0.points.count + 3 }
    let isRoomForAll = heights.reduce(0, +) <= rect.height
    var y = rect.y
    return curves.indices.filter { isRoomForAll || $0 == selected }.map { curve in
      let height = min(heights[curve], max(0, rect.bottom - y))
      defer { y += height }
      return (
        curve, Rect(x: rect.x, y: y + 1, width: rect.width, height: max(0, height - 1))
      )
    }
  }

  var visibleCurves: Int { max(1, table.height - 1) }
}
