import Measuring
import TerminalUI

/// The chart with its edges and the cursor.
struct ScaleChart {
  let scale: ScaleScreen
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
            ChartPoint(
              x: chart.x.position(of: point.x), y: chart.y.position(of: point.y.value),
              interval: line.index == selected
                ? point.y.interval.map {
                  chart.y.position(of: $0.lowerBound)...chart.y.position(of: $0.upperBound)
                } : nil)
          },
          mark: ScaleScreen.mark(of: line.index),
          style: line.index == selected
            ? theme.series(line.index).adding(.bold) : theme.series(line.index))
      }, intervalStyle: theme.series(selected).adding(.dim)
    ).draw(in: plot, on: &buffer)
  }

  /// Where the cursor stands.
  private var reading: String? {
    scale.stop.map { stop in
      let value = StudyChart.text(stop, on: chart.axis)
      return chart.axis == .level ? "at level \(value)" : "read at \(value)"
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

/// The columns that tell a point, for the curves at the cursor and for the points of one curve.
private struct PointColumns {
  let kind: StudyKind
  let isWide: Bool

  enum Column { case place, tokens, flops, accuracy, interval, problems }

  var columns: [Column] {
    isWide
      ? [.place, .tokens, .flops, .accuracy, .interval, .problems]
      : [.place, .tokens, .accuracy, .interval]
  }

  func column(_ column: Column) -> Table.Column {
    switch column {
    case .place: .init(placeTitle, .fixed(kind == .size ? 8 : 5), .right)
    case .tokens: .init("tokens", .fixed(8), .right)
    case .flops: .init("FLOPs", .fixed(6), .right)
    case .accuracy: .init("accur.", .fixed(6), .right)
    case .interval: .init("95 %", .fixed(12))
    case .problems: .init("of", .fixed(4), .right)
    }
  }

  private var placeTitle: String {
    switch kind {
    case .samples: "k"
    case .size: "model"
    case .difficulty: "level"
    case .thinking, .strategies: "at"
    }
  }

  func text(_ column: Column, _ point: StudyPoint) -> String {
    switch column {
    case .place:
      switch kind {
      case .size: point.model.name
      case .difficulty: point.level.map { "\($0)" } ?? "—"
      default: point.knob.map { "\($0)" } ?? "—"
      }
    case .tokens: point.tokens.map { Format.fixed($0.value, 1) } ?? "—"
    case .flops: point.flops.map { StudyChart.text($0.value, of: .flops) } ?? "—"
    case .accuracy: point.accuracy.map { Format.probability($0.value) } ?? "—"
    case .interval:
      point.accuracy?.interval.map {
        "[\(Format.probability($0.lowerBound)), \(Format.probability($0.upperBound))]"
      } ?? "—"
    case .problems: "\(point.problems)"
    }
  }
}

/// All curves with what each has at the cursor.
struct CurveTable {
  let scale: ScaleScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1 else { return }
    let columns = PointColumns(kind: scale.kind, isWide: rect.width >= 62)
    let table = Table(
      columns: [.init("", .fixed(1)), .init("curve", .fill)]
        + columns.columns.map(columns.column), styles: Table.Styles(theme: theme))
    table.draw(count: scale.curves.count, position: scale.position, in: rect, on: &buffer) {
      item, column, cell, base, buffer in
      let curve = scale.curves[item]
      let isHidden = scale.hidden.contains(item)
      let dim = base.overlaid(by: theme[.dim]).on(base.background)
      func put(_ text: String, _ alignment: Alignment, _ style: Style) {
        Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
      }
      switch column {
      case 0:
        let own = base.overlaid(by: theme.series(item)).on(base.background)
        put(isHidden ? "·" : ScaleScreen.mark(of: item), .left, isHidden ? dim : own.adding(.bold))
      case 1:
        let name = curve.name + (curve.isOracle ? " (oracle)" : "")
        put(isHidden ? "\(name), hidden" : name, .left, isHidden ? dim : base)
      default:
        guard columns.columns.indices.contains(column - 2) else { return }
        let kind = columns.columns[column - 2]
        let point = scale.reading(of: item)?.point
        put(
          point.map { columns.text(kind, $0) } ?? "—",
          kind == .interval ? .left : .right, point == nil || kind == .problems ? dim : base)
      }
    }
  }
}

/// All points of a curve.
struct PointTable {
  let curve: Int
  let scale: ScaleScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 2, scale.curves.indices.contains(self.curve) else { return }
    let curve = scale.curves[self.curve]
    let inside = Panel.draw(
      "\(ScaleScreen.mark(of: self.curve))  \(curve.name)", note: "all points", in: rect,
      theme: theme, on: &buffer)
    let columns = PointColumns(kind: scale.kind, isWide: true)
    let table = Table(
      columns: columns.columns.map(columns.column) + [.init("", .fill)],
      styles: Table.Styles(theme: theme), showsSelection: false)
    table.draw(
      rows: curve.points.map { point in
        columns.columns.map { StyledText(columns.text($0, point), style: theme[.text]) }
      }, position: ListPosition(), in: inside, on: &buffer)
  }
}
