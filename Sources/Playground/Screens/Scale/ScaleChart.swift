import Measuring
import TerminalUI

/// The chart with its edges and the cursor.
struct ScaleChart {
  let scale: ScaleState
  let chart: StudyChart
  let theme: Theme

  func draw(_ layout: ScaleLayout, on buffer: inout CellBuffer) {
    let plot = layout.plot
    guard !plot.isEmpty else { return }
    Panel.draw(
      "\(StudyChart.title(of: chart.measure)) by \(StudyChart.title(of: chart.axis))",
      note: reading, in: layout.chart, theme: theme, on: &buffer)
    drawLeftEdge(plot, on: &buffer)
    drawLowerEdge(layout, on: &buffer)
    drawCursor(plot, on: &buffer)
    // The selected curve lies on top, and it alone has its intervals drawn; the table has all.
    let selected = scale.position.selected
    let lines =
      chart.lines.filter { $0.index != selected } + chart.lines.filter { $0.index == selected }
    PointChart(
      series: lines.map { line in
        PointChart.Series(
          points: line.points.map { point in
            PointChart.Point(
              x: chart.x.position(of: point.x), y: chart.y.position(of: point.y.value),
              interval: line.index == selected
                ? point.y.interval.map {
                  chart.y.position(of: $0.lowerBound)...chart.y.position(of: $0.upperBound)
                } : nil)
          },
          mark: ScaleState.mark(of: line.index),
          style: line.index == selected
            ? theme.series(line.index).adding(.bold) : theme.series(line.index))
      }, intervalStyle: theme.series(selected).adding(.dim)
    ).draw(in: plot, on: &buffer)
  }

  /// Where the cursor stands.
  private var reading: String? {
    scale.stop.map { stop in
      let value = StudyChart.text(stop, on: chart.axis)
      return scale.chart?.axis == .level ? "at level \(value)" : "read at \(value)"
    }
  }

  private func drawLeftEdge(_ plot: Rect, on buffer: inout CellBuffer) {
    for tick in chart.y.ticks(atMost: max(2, min(6, plot.height / 2 + 1))) {
      let row = PointChart.cell(x: 0, y: chart.y.position(of: tick), in: plot).y
      let text = StudyChart.tick(tick, of: chart.measure)
      let width = DisplayWidth.of(text)
      buffer.put(text, x: plot.x - 1 - width, y: row, style: theme[.dim], width: width)
      buffer.put(
        String(repeating: "╌", count: plot.width), x: plot.x, y: row, style: theme[.chartGrid])
    }
  }

  private func drawLowerEdge(_ layout: ScaleLayout, on buffer: inout CellBuffer) {
    let plot = layout.plot
    buffer.put(
      String(repeating: "─", count: plot.width), x: plot.x, y: plot.bottom, style: theme[.border])
    var end = plot.x
    for tick in chart.x.ticks(atMost: max(2, plot.width / 9)) {
      let column = PointChart.cell(x: chart.x.position(of: tick), y: 0, in: plot).x
      let text = StudyChart.text(tick, on: chart.axis)
      let width = DisplayWidth.of(text)
      let start = max(plot.x, min(column - width / 2, plot.right - width))
      buffer.put("┴", x: column, y: plot.bottom, style: theme[.border])
      guard start >= end else { continue }
      end = buffer.put(text, x: start, y: plot.bottom + 1, style: theme[.dim]) + 1
    }
  }

  private func drawCursor(_ plot: Rect, on buffer: inout CellBuffer) {
    guard let stop = scale.stop else { return }
    let column = PointChart.cell(x: chart.x.position(of: stop), y: 0, in: plot).x
    for row in plot.y..<plot.bottom {
      buffer.put("┆", x: column, y: row, style: theme[.dim])
    }
    buffer.put("▲", x: column, y: plot.bottom, style: theme[.key])
  }
}
