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
          }, mark: ScaleScreen.mark(of: line.index),
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
    for row in plot.y..<plot.bottom { buffer.put("┆", x: column, y: row, style: theme[.dim]) }
    buffer.put("▲", x: column, y: plot.bottom, style: theme[.key])
  }
}

/// The columns that tell a point, for the curves at the cursor and for the points of one curve.
private func columns(
  of kind: StudyKind, isWide: Bool, counts: Role = .text
) -> [ItemColumn<StudyPoint?>] {
  func column(
    _ title: String, _ length: Length, _ alignment: Alignment = .right, _ role: Role = .text,
    _ text: @escaping (StudyPoint) -> String?
  ) -> ItemColumn<StudyPoint?> {
    .init(title, length, alignment) { point, cell in
      cell.text(point.map { text($0) ?? "—" } ?? "—", point == nil ? .dim : role)
    }
  }
  let place: ItemColumn<StudyPoint?> =
    switch kind {
    case .samples: column("k", .fixed(5)) { $0.knob.map { "\($0)" } }
    case .size: column("model", .fixed(8)) { $0.model.name }
    case .difficulty: column("level", .fixed(5)) { $0.level.map { "\($0)" } }
    case .thinking, .strategies: column("at", .fixed(5)) { $0.knob.map { "\($0)" } }
    }
  var columns = [
    place, column("tokens", .fixed(8)) { $0.tokens.map { Format.fixed($0.value, 1) } },
  ]
  if isWide {
    columns.append(
      column("FLOPs", .fixed(6)) { $0.flops.map { StudyChart.text($0.value, of: .flops) } })
  }
  columns += [
    column("accur.", .fixed(6)) { $0.accuracy.map { Format.probability($0.value) } },
    column("95 %", .fixed(12), .left) { $0.accuracy?.interval.map(Format.interval) },
  ]
  if isWide { columns.append(column("of", .fixed(4), .right, counts) { "\($0.problems)" }) }
  return columns
}

/// All curves with what each has at the cursor.
struct CurveTable {
  let scale: ScaleScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1 else { return }
    let own: [ItemColumn<StudyPoint?>] = [
      .init("", .fixed(1)) { _, cell in
        if scale.hidden.contains(cell.row) { return cell.text("·", .dim) }
        let style = cell.base.overlaid(by: theme.series(cell.row)).on(cell.base.background)
        return StyledText(ScaleScreen.mark(of: cell.row), style: style.adding(.bold))
      },
      .init("curve", .fill) { _, cell in
        let curve = scale.curves[cell.row]
        let name = curve.name + (curve.isOracle ? " (oracle)" : "")
        return scale.hidden.contains(cell.row)
          ? cell.text("\(name), hidden", .dim) : cell.text(name)
      },
    ]
    Table.draw(
      own + columns(of: scale.kind, isWide: rect.width >= 62, counts: .dim),
      count: scale.curves.count, position: scale.position, in: rect, theme: theme, on: &buffer
    ) { .some(scale.reading(of: $0)?.point) }
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
    let spare = ItemColumn<StudyPoint?>("", .fill) { _, _ in nil }
    Table.draw(
      columns(of: scale.kind, isWide: true) + [spare], count: curve.points.count,
      position: ListPosition(), in: inside, theme: theme, showsSelection: false, on: &buffer
    ) { .some(curve.points[$0]) }
  }
}
