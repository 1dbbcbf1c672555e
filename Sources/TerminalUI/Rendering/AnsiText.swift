/// Turns styles into the escape sequences of ECMA-48 (SGR) and xterm's extensions, for output that
/// scrolls by instead of filling a screen.
public struct AnsiStyles: Sendable {
  private var quantizer: Quantizer
  private var current = Style.plain
  private let depth: ColorDepth

  public init(depth: ColorDepth) {
    self.depth = depth
    quantizer = Quantizer(depth: depth)
  }

  /// The text in this style, after whatever sequence it takes to change to it. A depth of `.none`
  /// adds no sequences at all, since it is also that of files and pipes.
  public mutating func text(_ text: String, style: Style) -> String { change(to: style) + text }

  /// The sequence that ends the last style; nothing if it was plain.
  public mutating func end() -> String { change(to: .plain) }

  private mutating func change(to style: Style) -> String {
    guard depth != .none, style != current else { return "" }
    current = style
    let shown = quantizer(style)
    var codes = ["0"]
    let attributes: [(Style.Attributes, String)] = [
      (.bold, "1"), (.dim, "2"), (.italic, "3"), (.underline, "4"), (.reverse, "7"),
      (.strikethrough, "9"),
    ]
    codes += attributes.filter { shown.attributes.contains($0.0) }.map(\.1)
    codes += AnsiStyles.codes(shown.foreground, base: 30)
    codes += AnsiStyles.codes(shown.background, base: 40)
    return "\u{1B}[" + codes.joined(separator: ";") + "m"
  }

  private static func codes(_ color: Color, base: Int) -> [String] {
    switch color {
    case .default: []
    case .indexed(let index) where index < 8: ["\(base + Int(index))"]
    case .indexed(let index) where index < 16: ["\(base + 52 + Int(index))"]
    case .indexed(let index): ["\(base + 8)", "5", "\(index)"]
    case .rgb(let red, let green, let blue): ["\(base + 8)", "2", "\(red)", "\(green)", "\(blue)"]
    }
  }
}

extension CellBuffer {
  /// The cells of each row, top to bottom.
  public func rows() -> [ArraySlice<Cell>] {
    (0..<size.height).map { cells[$0 * size.width..<($0 + 1) * size.width] }
  }

  /// The picture as lines of text with escape sequences, each line ending in a plain style.
  public func ansiText(depth: ColorDepth, glyphs: Glyphs = .unicode) -> String {
    var styles = AnsiStyles(depth: depth)
    return drawn(in: glyphs).rows().map { row in
      row.map { styles.text($0.text, style: $0.style) }.joined() + styles.end() + "\n"
    }.joined()
  }
}

extension StyledText {
  /// The text with escape sequences. Control characters other than line feeds are shown as symbols.
  public func ansiText(depth: ColorDepth) -> String {
    var styles = AnsiStyles(depth: depth)
    return clusters().map { cluster, run in
      cluster.isNewline ? styles.end() + "\n" : styles.text(cluster.text, style: runs[run].style)
    }.joined() + styles.end()
  }
}
