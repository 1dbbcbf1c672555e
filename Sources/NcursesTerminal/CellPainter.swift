import CNcurses
import TerminalUI

/// Puts cells on ncurses' screen: attributes, colour pairs, and characters that libc knows.
struct CellPainter {
  private let glyphs: Glyphs
  private let hasDefaultColors: Bool
  private let isDirect: Bool
  private let pairLimit: Int
  private var quantizer: Quantizer
  private var pairs: [PairColors: Int32] = [:]
  private var known: [Style: Appearance] = [:]

  private struct PairColors: Hashable {
    var foreground: Int32
    var background: Int32
  }

  private struct Appearance {
    var attributes: attr_t
    var pair: Int32
  }

  /// - Parameter isDirect: whether colour numbers are 24-bit colours.
  init(depth: ColorDepth, isDirect: Bool, hasDefaultColors: Bool, glyphs: Glyphs) {
    self.glyphs = glyphs
    self.isDirect = isDirect
    self.hasDefaultColors = hasDefaultColors
    self.pairLimit = Int(ponder_color_pairs())
    self.quantizer = Quantizer(depth: depth)
  }

  mutating func paint(_ run: CellDifference.Run) {
    var x = run.x
    for cell in run.cells {
      paint(cell, x: x, y: run.y)
      x += 1
    }
  }

  private mutating func paint(_ cell: Cell, x: Int, y: Int) {
    let look = appearance(of: cell.style)
    switch glyphs {
    case .ascii:
      let text = cell.isContinuation ? "?" : Glyphs.ascii(for: cell.text)
      add(Array(text.unicodeScalars.prefix(1)), x: x, y: y, look)
    case .unicode:
      // ncurses fills the right half of a wide character by itself.
      if cell.isContinuation { return }
      add(drawable(cell), x: x, y: y, look)
      // Where libc knows no character as wide as this cell, a blank keeps the columns in line.
      if cell.width == 2, cell.text.unicodeScalars.first.map({ ponder_wcwidth($0.value) }) != 2 {
        add([" "], x: x + 1, y: y, look)
      }
    }
  }

  private func add(_ scalars: [Unicode.Scalar], x: Int, y: Int, _ look: Appearance) {
    let text = scalars.map(\.value)
    _ = ponder_add_cell(Int32(y), Int32(x), text, Int32(text.count), look.attributes, look.pair)
  }

  /// The cell's scalars as far as libc agrees about their width: ncurses counts columns by
  /// `wcwidth`, whose tables may be older or newer than ours.
  private func drawable(_ cell: Cell) -> [Unicode.Scalar] {
    let scalars = cell.text.unicodeScalars
    guard let first = scalars.first else { return [" "] }
    if first.isASCII, scalars.count == 1 { return [first] }
    guard ponder_wcwidth(first.value) == Int32(cell.width) else { return ["\u{FFFD}"] }
    return [first] + scalars.dropFirst().filter { ponder_wcwidth($0.value) == 0 }
  }

  private mutating func appearance(of style: Style) -> Appearance {
    if let look = known[style] { return look }
    let shown = quantizer(style)
    let look = Appearance(
      attributes: CellPainter.attributes(shown.attributes),
      pair: pair(foreground: number(shown.foreground), background: number(shown.background)))
    known[style] = look
    return look
  }

  /// The number of the pair with these colours. When a terminal has no more pairs, one with the
  /// same background is taken, since a wrong background shows more than a wrong foreground.
  private mutating func pair(foreground: Int32, background: Int32) -> Int32 {
    guard quantizer.depth != .none else { return 0 }
    let colors = PairColors(
      foreground: foreground < 0 && !hasDefaultColors ? 7 : foreground,
      background: background < 0 && !hasDefaultColors ? 0 : background)
    if colors.foreground < 0, colors.background < 0 { return 0 }
    if let pair = pairs[colors] { return pair }
    let next = Int32(pairs.count + 1)
    guard Int(next) < pairLimit,
      init_extended_pair(next, colors.foreground, colors.background) != ERR
    else { return pairs.first { $0.key.background == colors.background }?.value ?? 0 }
    pairs[colors] = next
    return next
  }

  /// The colour as ncurses numbers it; -1 is the terminal's own.
  private func number(_ color: Color) -> Int32 {
    guard isDirect else {
      if case .indexed(let index) = color { return Int32(index) }
      return -1
    }
    guard let (red, green, blue) = color.components else { return -1 }
    let value = Int32(red) << 16 | Int32(green) << 8 | Int32(blue)
    // Direct-colour entries keep 0 to 7 for the ANSI colours.
    return (1...7).contains(value) ? 8 : value
  }

  private static func attributes(_ attributes: Style.Attributes) -> attr_t {
    var result: attr_t = 0
    if attributes.contains(.bold) { result |= ponder_a_bold() }
    if attributes.contains(.dim) { result |= ponder_a_dim() }
    if attributes.contains(.italic) { result |= ponder_a_italic() }
    if attributes.contains(.underline) { result |= ponder_a_underline() }
    if attributes.contains(.reverse) { result |= ponder_a_reverse() }
    // ncurses has no strikethrough; what is struck out recedes instead.
    if attributes.contains(.strikethrough) { result |= ponder_a_dim() }
    return result
  }
}
