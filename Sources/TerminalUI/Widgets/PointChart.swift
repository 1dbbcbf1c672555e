/// Curves through points anywhere on a plane, each point with a mark, in braille dots.
public struct PointChart: Sendable {
  public struct Series: Sendable, Hashable {
    /// Places from 0 to 1, from the left and from the bottom, in order.
    public var points: [ChartPoint]
    /// One column, such as a letter: what tells the curve apart without colours.
    public var mark: String
    public var style: Style

    public init(points: [ChartPoint], mark: String, style: Style) {
      self.points = points
      self.mark = mark
      self.style = style
    }
  }

  /// Where they meet, the later ones lie on top.
  public var series: [Series]
  /// How intervals look.
  public var intervalStyle: Style

  public init(series: [Series], intervalStyle: Style) {
    self.series = series
    self.intervalStyle = intervalStyle
  }

  public func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    var canvas = BrailleCanvas(rect.size)
    // Intervals lie below all curves, so that a curve is never hidden by another's.
    for line in series {
      for point in line.points {
        guard let interval = point.interval else { continue }
        canvas.join(
          canvas.dot(point.x, interval.lowerBound), canvas.dot(point.x, interval.upperBound),
          owner: series.count)
      }
    }
    for (index, line) in series.enumerated() {
      for (point, next) in zip(line.points, line.points.dropFirst()) {
        canvas.join(canvas.dot(point.x, point.y), canvas.dot(next.x, next.y), owner: index)
      }
    }
    canvas.draw(at: rect.origin, on: &buffer) { owner in
      series.indices.contains(owner) ? series[owner].style : intervalStyle
    }
    for line in series {
      for point in line.points {
        let cell = Self.cell(x: point.x, y: point.y, in: rect)
        buffer.put(line.mark, x: cell.x, y: cell.y, style: line.style, width: 1)
      }
    }
  }

  /// The cell of a place.
  public static func cell(x: Double, y: Double, in rect: Rect) -> Point {
    let dot = BrailleCanvas(rect.size).dot(x, y)
    return Point(x: rect.x + dot.x / 2, y: rect.y + dot.y / 4)
  }
}
