import Measuring
import TerminalUI

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
  let scale: ScaleState
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
        put(isHidden ? "·" : ScaleState.mark(of: item), .left, isHidden ? dim : own.adding(.bold))
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
  let scale: ScaleState
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 2, scale.curves.indices.contains(self.curve) else { return }
    let curve = scale.curves[self.curve]
    let inside = Panel.draw(
      "\(ScaleState.mark(of: self.curve))  \(curve.name)", note: "all points", in: rect,
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
