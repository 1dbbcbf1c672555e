import TerminalUI

/// A small generator with a fixed seed, so that a failing property fails again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension SeededGenerator {
  /// Texts that have everything in them: words, wide characters, marks, emoji, controls.
  mutating func text(maximumLength: Int = 24) -> String {
    let pieces = [
      "a", "word", " ", "  ", "世", "界", "e\u{301}", "\u{301}", "👨‍👩‍👧", "🇫🇷", "❤️", "\n", "\t",
      "\u{1B}[31m", "한", "\u{1112}\u{1161}\u{11AB}", "क्ष", "\r\n", "longerthanmost", "．", "\u{202E}",
      "1 234.5", "12,345", "−3.5%", "7",
    ]
    return (0..<Int.random(in: 0...maximumLength, using: &self))
      .map { _ in pieces.randomElement(using: &self) ?? "" }.joined()
  }

  mutating func style() -> Style {
    let colors: [Color] = [.default, .indexed(3), .rgb(1, 2, 3)]
    return Style(
      foreground: colors.randomElement(using: &self) ?? .default,
      background: colors.randomElement(using: &self) ?? .default,
      attributes: Style.Attributes(rawValue: UInt8.random(in: 0..<64, using: &self)))
  }

  mutating func rect(in size: Size) -> Rect {
    Rect(
      x: Int.random(in: -3...size.width, using: &self),
      y: Int.random(in: -3...size.height, using: &self),
      width: Int.random(in: 0...size.width + 3, using: &self),
      height: Int.random(in: 0...size.height + 3, using: &self))
  }

  /// Draws something anywhere, in and out of the buffer.
  mutating func scribble(on buffer: inout CellBuffer) {
    let area = rect(in: buffer.size)
    let style = style()
    switch Int.random(in: 0..<6, using: &self) {
    case 0: buffer.fill(area, style: style)
    case 1: buffer.box(area, style: style, title: text(maximumLength: 4), note: "世")
    case 2: buffer.restyle(area) { _ in style }
    case 3: buffer.put(text(), x: area.x, y: area.y, style: style, width: area.width)
    case 4:
      let words = text()
      buffer.clipped(to: area) { _ = $0.put(words, x: area.x - 1, y: area.y, style: style) }
    default: buffer.put(text(), x: area.x, y: area.y, style: style)
    }
  }

  mutating func picture(_ size: Size) -> CellBuffer {
    var buffer = CellBuffer(size: size)
    for _ in 0..<Int.random(in: 0...8, using: &self) { scribble(on: &buffer) }
    return buffer
  }
}
