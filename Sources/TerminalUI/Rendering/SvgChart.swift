/// A chart of curves with their intervals as one SVG file, on white, for papers and slides.
///
/// Curves are told apart by colour (Okabe and Ito's, which colour-blind people tell apart, and then
/// some darker ones), by the shape of their points and, where the colours are used up, by dots.
public struct SvgChart: Sendable {
  public struct Series: Sendable, Hashable {
    public var name: String
    /// From left to right.
    public var points: [ChartPoint]
    /// Whether the line is dashed, as for what no one could choose.
    public var isDashed: Bool

    public init(name: String, points: [ChartPoint], isDashed: Bool = false) {
      self.name = name
      self.points = points
      self.isDashed = isDashed
    }
  }

  public var title: String
  /// Lines below the chart.
  public var notes: [String]
  public var xTitle: String
  public var yTitle: String
  public var x: ChartScale
  public var y: ChartScale
  public var series: [Series]
  /// How values are written beside the edges.
  public var xText: @Sendable (Double) -> String
  public var yText: @Sendable (Double) -> String

  public init(
    title: String, notes: [String], xTitle: String, yTitle: String, x: ChartScale, y: ChartScale,
    series: [Series], xText: @escaping @Sendable (Double) -> String,
    yText: @escaping @Sendable (Double) -> String
  ) {
    self.title = title
    self.notes = notes
    self.xTitle = xTitle
    self.yTitle = yTitle
    self.x = x
    self.y = y
    self.series = series
    self.xText = xText
    self.yText = yText
  }

  private static let width = 760.0
  private static let plot = (left: 70.0, top: 46.0, right: 560.0, bottom: 370.0)
  private static let colors = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444", "#882255",
    "#999933", "#6a3d9a",
  ]

  public var svg: String {
    let height = Self.plot.bottom + 62 + 16 * Double(notes.count)
    var shapes = [
      Self.text(title, x: Self.plot.left, y: 26, size: 16, anchor: "start", weight: "bold")
    ]
    shapes += edges()
    // Bands lie below all lines.
    for (index, line) in series.enumerated() { shapes += band(line, color: color(index)) }
    for (index, line) in series.enumerated() { shapes += curve(line, index) }
    for (index, note) in notes.enumerated() {
      shapes.append(
        Self.text(
          note, x: Self.plot.left, y: Self.plot.bottom + 62 + 16 * Double(index), size: 11,
          anchor: "start", color: "#555555"))
    }
    let size = "\(Self.number(Self.width))\" height=\"\(Self.number(height))"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(size)" \
      viewBox="0 0 \(Self.number(Self.width)) \(Self.number(height))" role="img" \
      font-family="Helvetica,Arial,'DejaVu Sans',sans-serif">
      <title>\(SvgPicture.escaped(title))</title>
      <rect width="100%" height="100%" fill="#ffffff"/>
      \(shapes.joined(separator: "\n"))
      </svg>

      """
  }

  private func color(_ index: Int) -> String { Self.colors[index % Self.colors.count] }

  private func left(_ value: Double) -> Double {
    Self.plot.left + x.position(of: value) * (Self.plot.right - Self.plot.left)
  }

  private func top(_ value: Double) -> Double {
    let share = min(1, max(0, y.position(of: value)))
    return Self.plot.bottom - share * (Self.plot.bottom - Self.plot.top)
  }

  private func corner(_ x: Double, _ y: Double) -> String {
    "\(Self.number(left(x))),\(Self.number(top(y)))"
  }

  private func edges() -> [String] {
    let plot = Self.plot
    var shapes: [String] = []
    for tick in y.ticks(atMost: 6) {
      let at = top(tick)
      shapes.append(Self.line(plot.left, at, plot.right, at, color: "#dddddd"))
      shapes.append(Self.text(yText(tick), x: plot.left - 8, y: at + 4, size: 12, anchor: "end"))
    }
    for tick in x.ticks(atMost: 8) {
      let at = left(tick)
      shapes.append(Self.line(at, plot.bottom, at, plot.bottom + 5, color: "#333333"))
      shapes.append(Self.text(xText(tick), x: at, y: plot.bottom + 19, size: 12, anchor: "middle"))
    }
    shapes.append(Self.line(plot.left, plot.bottom, plot.right, plot.bottom, color: "#333333"))
    shapes.append(Self.line(plot.left, plot.top, plot.left, plot.bottom, color: "#333333"))
    let (middle, half) = ((plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2)
    shapes.append(Self.text(xTitle, x: middle, y: plot.bottom + 38, size: 13, anchor: "middle"))
    shapes.append(
      "<g transform=\"rotate(-90 18 \(Self.number(half)))\">"
        + Self.text(yTitle, x: 18, y: half, size: 13, anchor: "middle") + "</g>")
    return shapes
  }

  private func band(_ line: Series, color: String) -> [String] {
    let known = line.points.compactMap { point in point.interval.map { (point.x, $0) } }
    if known.count == 1, let (at, interval) = known.first {
      let (low, high) = (top(interval.lowerBound), top(interval.upperBound))
      return [
        "<path d=\"M\(Self.number(left(at))) \(Self.number(low))V\(Self.number(high))\" "
          + "stroke=\"\(color)\" stroke-opacity=\"0.5\" stroke-width=\"3\"/>"
      ]
    }
    guard known.count > 1 else { return [] }
    let upper = known.map { corner($0.0, $0.1.upperBound) }
    let lower = known.reversed().map { corner($0.0, $0.1.lowerBound) }
    let corners = (upper + lower).joined(separator: " ")
    return ["<polygon points=\"\(corners)\" fill=\"\(color)\" fill-opacity=\"0.12\"/>"]
  }

  private func curve(_ line: Series, _ index: Int) -> [String] {
    let color = color(index)
    let dash =
      switch (line.isDashed, index >= Self.colors.count) {
      case (false, false): ""
      case (true, false): " stroke-dasharray=\"6 4\""
      case (false, true): " stroke-dasharray=\"2 3\""
      case (true, true): " stroke-dasharray=\"8 3 2 3\""
      }
    var shapes: [String] = []
    if line.points.count > 1 {
      let corners = line.points.map { corner($0.x, $0.y) }
      shapes.append(
        "<polyline points=\"\(corners.joined(separator: " "))\" fill=\"none\" "
          + "stroke=\"\(color)\" stroke-width=\"2\"\(dash)/>")
    }
    shapes += line.points.map { Self.marker(index, left($0.x), top($0.y), color) }
    let row = Self.plot.top + 10 + 20 * Double(index)
    let key = Self.plot.right + 24
    shapes.append(
      "<path d=\"M\(Self.number(key - 8)) \(Self.number(row))h16\" stroke=\"\(color)\" "
        + "stroke-width=\"2\"\(dash)/>")
    shapes.append(Self.marker(index, key, row, color))
    shapes.append(Self.text(line.name, x: key + 14, y: row + 4, size: 12, anchor: "start"))
    return shapes
  }

  /// A point: circle, square, triangle, diamond, cross or plus, in turn.
  private static func marker(_ index: Int, _ x: Double, _ y: Double, _ color: String) -> String {
    let (x, y) = (number(x), number(y))
    let path =
      switch index % 6 {
      case 0: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
      case 1: "M-3.5 -3.5h7v7h-7z"
      case 2: "M0 -4.5L4.5 3.5H-4.5z"
      case 3: "M0 -5L5 0L0 5L-5 0z"
      case 4: "M-4 -4L4 4M-4 4L4 -4"
      default: "M-5 0H5M0 -5V5"
      }
    let fill = index % 6 < 4 ? color : "none"
    return "<path transform=\"translate(\(x) \(y))\" d=\"\(path)\" fill=\"\(fill)\" "
      + "stroke=\"\(color)\" stroke-width=\"1.5\"/>"
  }

  private static func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, color: String
  ) -> String {
    "<path d=\"M\(number(x1)) \(number(y1))L\(number(x2)) \(number(y2))\" stroke=\"\(color)\"/>"
  }

  private static func text(
    _ text: String, x: Double, y: Double, size: Int, anchor: String, color: String = "#222222",
    weight: String = "normal"
  ) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(size)\" text-anchor=\"\(anchor)\" "
      + "fill=\"\(color)\" font-weight=\"\(weight)\">\(SvgPicture.escaped(text))</text>"
  }

  /// A coordinate to a hundredth.
  private static func number(_ value: Double) -> String {
    SvgPicture.text(value.isFinite ? value : 0)
  }
}
