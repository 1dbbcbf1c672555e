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
    var dots = Array(repeating: UInt8(0), count: rect.width * rect.height)
    var owners = Array(repeating: -1, count: dots.count)
    let count = max(2, capacity ?? 0, series.map(\.values.count).max() ?? 0)
    for (index, line) in series.enumerated() {
      plot(line.values, count: count, rect: rect) { x, y in
        let cell = y / 4 * rect.width + x / 2
        dots[cell] |= LineChart.dot(x: x % 2, y: y % 4)
        owners[cell] = index
      }
    }
    for cell in dots.indices where owners[cell] >= 0 {
      guard let scalar = Unicode.Scalar(0x2800 + UInt32(dots[cell])) else { continue }
      buffer.put(
        String(scalar), x: rect.x + cell % rect.width, y: rect.y + cell / rect.width,
        style: series[owners[cell]].style)
    }
  }

  private func drawGrid(in rect: Rect, style: Style, on buffer: inout CellBuffer) {
    for row in Set([0, (rect.height - 1) / 2, rect.height - 1]) {
      buffer.put(
        String(repeating: "╌", count: rect.width), x: rect.x, y: rect.y + row, style: style)
    }
  }

  private func plot(
    _ values: [Double?], count: Int, rect: Rect, mark: (_ x: Int, _ y: Int) -> Void
  ) {
    let right = rect.width * 2 - 1
    let bottom = rect.height * 4 - 1
    let span = range.upperBound - range.lowerBound
    var previous: (x: Int, y: Int)?
    for (index, value) in values.prefix(count).enumerated() {
      guard let value, value.isFinite, span > 0 else {
        previous = nil
        continue
      }
      let share = min(1, max(0, (value - range.lowerBound) / span))
      let x = Int((Double(index) / Double(count - 1) * Double(right)).rounded())
      let y = bottom - Int((share * Double(bottom)).rounded())
      if let previous { LineChart.join(previous, (x, y), mark) } else { mark(x, y) }
      previous = (x, y)
    }
  }

  private static func join(
    _ a: (x: Int, y: Int), _ b: (x: Int, y: Int), _ mark: (_ x: Int, _ y: Int) -> Void
  ) {
    let steps = max(abs(b.x - a.x), abs(b.y - a.y))
    guard steps > 0 else { return mark(b.x, b.y) }
    for step in 0...steps {
      let t = Double(step) / Double(steps)
      mark(
        a.x + Int((Double(b.x - a.x) * t).rounded()), a.y + Int((Double(b.y - a.y) * t).rounded()))
    }
  }

  /// Unicode numbers the dots of the upper three rows down each column, then the bottom row.
  private static func dot(x: Int, y: Int) -> UInt8 {
    y == 3 ? 0x40 << UInt8(x) : 1 << UInt8(y + 3 * x)
  }
}
