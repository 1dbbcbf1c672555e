/// Lines over an even grid of samples, drawn in braille dots: two columns and four rows a cell.
public struct LineChart: Sendable {
  public struct Series: Sendable {
    /// The values from left to right; a missing value leaves a gap.
    public var values: [Double?]
    public var style: Style

    public init(values: [Double?], style: Style) {
      self.values = values
      self.style = style
    }
  }

  public var series: [Series]
  /// The values at the bottom and at the top.
  public var range: ClosedRange<Double>
  /// How many samples the full width stands for; nil for as many as the longest series has.
  public var capacity: Int?

  public init(series: [Series], range: ClosedRange<Double> = 0...1, capacity: Int? = nil) {
    self.series = series
    self.range = range
    self.capacity = capacity
  }

  /// Draws the lines into `rect`; where lines share a cell the later one gives the style. Values
  /// with fewer dots than samples are joined by straight lines.
  public func draw(in rect: Rect, gridStyle: Style? = nil, on buffer: inout CellBuffer) {
    guard !rect.isEmpty else { return }
    if let gridStyle { drawGrid(in: rect, style: gridStyle, on: &buffer) }
    var canvas = BrailleCanvas(rect.size)
    let count = max(2, capacity ?? 0, series.map(\.values.count).max() ?? 0)
    for (index, line) in series.enumerated() {
      plot(line.values, count: count, owner: index, on: &canvas)
    }
    canvas.draw(at: rect.origin, on: &buffer) { series[$0].style }
  }

  private func drawGrid(in rect: Rect, style: Style, on buffer: inout CellBuffer) {
    for row in Set([0, (rect.height - 1) / 2, rect.height - 1]) {
      buffer.put(
        String(repeating: "╌", count: rect.width), x: rect.x, y: rect.y + row, style: style)
    }
  }

  private func plot(_ values: [Double?], count: Int, owner: Int, on canvas: inout BrailleCanvas) {
    let span = range.upperBound - range.lowerBound
    var previous: (x: Int, y: Int)?
    for (index, value) in values.prefix(count).enumerated() {
      guard let value, value.isFinite, span > 0 else {
        previous = nil
        continue
      }
      let dot = canvas.dot(Double(index) / Double(count - 1), (value - range.lowerBound) / span)
      canvas.join(previous ?? dot, dot, owner: owner)
      previous = dot
    }
  }
}
