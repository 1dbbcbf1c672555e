/// Draws a picture of the screen as SVG: text as text, and lines, blocks and braille dots as shapes,
/// so that they meet whatever font is used.
struct SvgPicture {
  private let buffer: CellBuffer
  private let foreground: String
  private let background: String
  private var shapes: [String] = []

  private static let cellWidth = 8.43
  private static let cellHeight = 18.0
  private static let baseline = 13.5
  private static let margin = 10.0

  init(_ buffer: CellBuffer, style: Style) {
    self.buffer = buffer
    foreground = style.foreground.hex ?? "#d0d0d0"
    background = style.background.hex ?? "#101010"
  }

  func svg(title: String) -> String {
    var picture = self
    for y in 0..<buffer.size.height { picture.drawRow(y) }
    let width = Self.text(Double(buffer.size.width) * Self.cellWidth + 2 * Self.margin)
    let height = Self.text(Double(buffer.size.height) * Self.cellHeight + 2 * Self.margin)
    let font = "'DejaVu Sans Mono',Menlo,Consolas,'Noto Sans Mono',ui-monospace,monospace"
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" aria-label="\(Self.escaped(title))">
      <title>\(Self.escaped(title))</title>
      <rect width="100%" height="100%" rx="8" fill="\(background)"/>
      <g font-family="\(font)" font-size="14" xml:space="preserve">
      \(picture.shapes.joined(separator: "\n"))
      </g>
      </svg>

      """
  }

  private mutating func drawRow(_ y: Int) {
    var x = 0
    while x < buffer.size.width {
      let style = buffer[x, y].style
      var end = x + 1
      while end < buffer.size.width, buffer[end, y].style == style { end += 1 }
      drawBackground(from: x, to: end, y: y, style: style)
      x = end
    }
    x = 0
    while x < buffer.size.width { x = drawGlyphs(from: x, y: y) }
  }

  private mutating func drawBackground(from x: Int, to end: Int, y: Int, style: Style) {
    let fill = colors(style).background
    guard fill != background else { return }
    shapes.append(
      Self.rect(left(x), top(y), Double(end - x) * Self.cellWidth, Self.cellHeight, fill: fill))
  }

  /// Draws the cells from `x` that form one shape or one stretch of text; returns where they end.
  private mutating func drawGlyphs(from x: Int, y: Int) -> Int {
    let cell = buffer[x, y]
    if cell.isContinuation || cell.text == " " { return x + 1 }
    let fill = colors(cell.style).foreground
    let opacity = cell.style.attributes.contains(.dim) ? 0.6 : 1
    // Shapes that go on in the next cell are drawn in one, without a seam.
    var last = x + 1
    while ["█", "─"].contains(cell.text), buffer[last, y] == cell, last < buffer.size.width {
      last += 1
    }
    if let found = SvgGlyph.shapes(
      for: cell.text, x: left(x), y: top(y), width: Double(last - x) * Self.cellWidth,
      height: Self.cellHeight)
    {
      for shape in found {
        shapes.append(
          shape.replacing("FILL", with: fill)
            .replacing("/>", with: opacity < 1 ? " opacity=\"\(opacity)\"/>" : "/>"))
      }
      return last
    }
    var text = ""
    var end = x
    while end < buffer.size.width {
      let next = buffer[end, y]
      // A wide or unusual character has a stretch of its own, so that it cannot push others aside.
      let isPlain = next.text.utf8.count == 1
      if end > x, !isPlain || next.style != cell.style { break }
      text += next.text
      end += max(1, Int(next.width))
      if !isPlain { break }
    }
    while text.last == " " { text.removeLast() }
    appendText(text, x: x, y: y, cells: DisplayWidth.of(text), style: cell.style, opacity: opacity)
    return end
  }

  private mutating func appendText(
    _ text: String, x: Int, y: Int, cells: Int, style: Style, opacity: Double
  ) {
    var attributes = ""
    if style.attributes.contains(.bold) { attributes += " font-weight=\"bold\"" }
    if style.attributes.contains(.italic) { attributes += " font-style=\"italic\"" }
    var decorations: [String] = []
    if style.attributes.contains(.underline) { decorations.append("underline") }
    if style.attributes.contains(.strikethrough) { decorations.append("line-through") }
    if !decorations.isEmpty {
      attributes += " text-decoration=\"\(decorations.joined(separator: " "))\""
    }
    if opacity < 1 { attributes += " opacity=\"\(opacity)\"" }
    let length = Self.text(Double(cells) * Self.cellWidth)
    shapes.append(
      """
      <text x="\(Self.text(left(x)))" y="\(Self.text(top(y) + Self.baseline))" \
      fill="\(colors(style).foreground)" textLength="\(length)"\(attributes)>\
      \(Self.escaped(text))</text>
      """)
  }

  private func colors(_ style: Style) -> (foreground: String, background: String) {
    let front = style.foreground.hex ?? foreground
    let back = style.background.hex ?? background
    return style.attributes.contains(.reverse) ? (back, front) : (front, back)
  }

  private func left(_ x: Int) -> Double { Self.margin + Double(x) * Self.cellWidth }
  private func top(_ y: Int) -> Double { Self.margin + Double(y) * Self.cellHeight }

  static func rect(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, fill: String = "FILL"
  ) -> String {
    """
    <rect x="\(text(x))" y="\(text(y))" width="\(text(width))" height="\(text(height))" \
    fill="\(fill)"/>
    """
  }

  /// A number with at most two decimals.
  static func text(_ value: Double) -> String {
    let rounded = (value * 100).rounded() / 100
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}

/// The characters that SVG pictures draw as shapes.
enum SvgGlyph {
  /// The shapes of a line, block or braille character in a cell; nil for any other.
  static func shapes(
    for text: String, x: Double, y: Double, width: Double, height: Double
  ) -> [String]? {
    guard text.unicodeScalars.count == 1, let value = text.unicodeScalars.first?.value else {
      return nil
    }
    let arms = BoxDrawing.arms(of: text)
    if arms != 0 { return line(arms: arms, x: x, y: y, width: width, height: height) }
    switch value {
    // Lower blocks of one to eight eighths.
    case 0x2581...0x2588:
      let part = height * Double(value - 0x2580) / 8
      return [SvgPicture.rect(x, y + height - part, width, part)]
    // Left blocks of seven eighths to one eighth.
    case 0x2589...0x258F: return [SvgPicture.rect(x, y, width * Double(0x2590 - value) / 8, height)]
    case 0x2801...0x28FF:
      return braille(UInt8(value & 0xFF), x: x, y: y, width: width, height: height)
    default: return nil
    }
  }

  private static func line(
    arms: Int, x: Double, y: Double, width: Double, height: Double
  ) -> [String] {
    let stroke = 1.2
    let middleX = x + width / 2 - stroke / 2
    let middleY = y + height / 2 - stroke / 2
    var result: [String] = []
    let west = arms & BoxDrawing.west != 0
    let east = arms & BoxDrawing.east != 0
    let north = arms & BoxDrawing.north != 0
    let south = arms & BoxDrawing.south != 0
    if west || east {
      let start = west ? x : middleX
      let end = east ? x + width : middleX + stroke
      result.append(SvgPicture.rect(start, middleY, end - start, stroke))
    }
    if north || south {
      let start = north ? y : middleY
      let end = south ? y + height : middleY + stroke
      result.append(SvgPicture.rect(middleX, start, stroke, end - start))
    }
    return result
  }

  private static func braille(
    _ dots: UInt8, x: Double, y: Double, width: Double, height: Double
  ) -> [String] {
    let order = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    return order.enumerated().filter { dots >> UInt8($0.offset) & 1 == 1 }.map { _, place in
      let centerX = SvgPicture.text(x + width * (Double(place.0) + 0.5) / 2)
      let centerY = SvgPicture.text(y + height * (Double(place.1) + 0.5) / 4)
      return "<circle cx=\"\(centerX)\" cy=\"\(centerY)\" r=\"1.3\" fill=\"FILL\"/>"
    }
  }
}

extension CellBuffer {
  /// The picture as an SVG file. `style` gives the colours that stand for the terminal's own.
  public func svg(title: String, style: Style = .plain) -> String {
    SvgPicture(self, style: style).svg(title: title)
  }
}
