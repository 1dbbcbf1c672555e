/// Small curves over the same even axis, with the intervals of their points as bars, a level to
/// reach as a dashed line, and a place that is read, in braille dots.
public struct BandChart: Sendable {
  public struct Curve: Sendable, Hashable {
    /// Places from 0 to 1, from the left and from the bottom, in order.
    public var points: [ChartPoint]
    public var style: Style
    /// Whether the points are marked and not joined, which tells a second curve from the first
    /// without colours.
    public var isDotted: Bool

    public init(points: [ChartPoint], style: Style, isDotted: Bool = false) {
      self.points = points
      self.style = style
      self.isDotted = isDotted
    }
  }

  /// Where they meet, the later ones lie on top.
  public var curves: [Curve]
  /// The place of the dashed line from the bottom; nil for none.
  public var level: Double?
  /// The place that is read, from the left; nil for none.
  public var cursor: Double?
  public var intervalStyle: Style
  public var levelStyle: Style
  public var cursorStyle: Style

  public init(
    curves: [Curve], level: Double? = nil, cursor: Double? = nil, intervalStyle: Style,
    levelStyle: Style, cursorStyle: Style
  ) {
    self.curves = curves
    self.level = level
    self.cursor = cursor
    self.intervalStyle = intervalStyle
    self.levelStyle = levelStyle
    self.cursorStyle = cursorStyle
  }

  public func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    if let column = column(in: rect) {
      for row in rect.y..<rect.bottom { buffer.put("┆", x: column, y: row, style: cursorStyle) }
    }
    var canvas = BrailleCanvas(rect.size)
    let (intervals, goal) = (curves.count, curves.count + 1)
    if let level {
      let y = canvas.dot(0, level).y
      for x in 0...max(0, canvas.right) where x % 4 < 2 { canvas.mark(x, y, owner: goal) }
    }
    for curve in curves {
      for point in curve.points {
        guard let interval = point.interval else { continue }
        canvas.join(
          canvas.dot(point.x, interval.lowerBound), canvas.dot(point.x, interval.upperBound),
          owner: intervals)
      }
    }
    for (index, curve) in curves.enumerated() {
      let dots = curve.points.map { canvas.dot($0.x, $0.y) }
      for dot in dots { canvas.mark(dot.x, dot.y, owner: index) }
      guard !curve.isDotted else { continue }
      for (dot, next) in zip(dots, dots.dropFirst()) { canvas.join(dot, next, owner: index) }
    }
    canvas.draw(at: rect.origin, on: &buffer) { owner in
      curves.indices.contains(owner)
        ? curves[owner].style : owner == goal ? levelStyle : intervalStyle
    }
  }

  /// The column of the place that is read.
  private func column(in rect: Rect) -> Int? {
    cursor.map { rect.x + BrailleCanvas(rect.size).dot($0, 0).x / 2 }
  }
}
