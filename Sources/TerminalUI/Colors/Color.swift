/// A colour as a theme names it; what the terminal shows depends on its `ColorDepth`.
public enum Color: Hashable, Sendable {
  /// The terminal's own foreground or background.
  case `default`
  /// An entry of the terminal's palette: 0–7 normal, 8–15 bright, 16–255 the xterm cube and greys.
  case indexed(UInt8)
  /// A colour in sRGB.
  case rgb(UInt8, UInt8, UInt8)

  /// Reads `#rrggbb` or `rrggbb`; nil for anything else.
  public init?(hex: some StringProtocol) {
    let digits = hex.hasPrefix("#") ? hex.dropFirst() : hex[...]
    guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit),
      let value = UInt32(digits, radix: 16)
    else { return nil }
    self = .rgb(UInt8(value >> 16), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF))
  }

  /// `#rrggbb` of an RGB or palette colour (xterm's default palette); nil for `.default`.
  public var hex: String? {
    guard let (red, green, blue) = components else { return nil }
    return "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The red, green and blue parts, taking xterm's default palette for `.indexed`.
  public var components: (red: UInt8, green: UInt8, blue: UInt8)? {
    switch self {
    case .default: nil
    case .indexed(let index): XtermPalette.components(of: index)
    case .rgb(let red, let green, let blue): (red, green, blue)
    }
  }
}

/// xterm's default 256-colour palette.
enum XtermPalette {
  /// The 16 system colours. Terminals let users change them, so these are only a likely look.
  private static let system: [(UInt8, UInt8, UInt8)] = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205),
    (0, 205, 205), (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0),
    (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
  ]
  private static let levels: [UInt8] = [0, 95, 135, 175, 215, 255]

  static func components(of index: UInt8) -> (red: UInt8, green: UInt8, blue: UInt8) {
    switch index {
    case 0..<16: return system[Int(index)]
    case 16..<232:
      let cube = Int(index) - 16
      return (levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6])
    default:
      let grey = 8 + 10 * (index - 232)
      return (grey, grey, grey)
    }
  }
}
