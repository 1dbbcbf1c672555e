import Yams

/// A palette in tinted-theming's base16 or base24 format.
///
/// Both forms in use are read: the newer one with `system`, `name`, `author`, `variant` and a
/// `palette` of `base00` to `base0F` (`base17` in base24), and the older flat one with `scheme`,
/// `author` and the colours at the top level. Colours may have a `#`. Source: the base16 0.11 and
/// base24 styling and file specifications of the tinted-theming project.
public struct Palette: Hashable, Sendable {
  /// A colour's place: `base00`–`base07` run from the background to the brightest foreground,
  /// `base08`–`base0F` are accents, `base10`–`base17` darker backgrounds and brighter accents.
  public struct Slot: Hashable, Sendable, CustomStringConvertible {
    /// 0x00...0x17.
    public let index: Int

    public init?(index: Int) {
      guard (0...0x17).contains(index) else { return nil }
      self.index = index
    }

    /// Reads `base0A`; the digits may be in either case.
    public init?(name: some StringProtocol) {
      guard name.utf8.count == 6, name.hasPrefix("base"),
        let index = Int(name.dropFirst(4), radix: 16)
      else { return nil }
      self.init(index: index)
    }

    public var description: String {
      let digits = String(index, radix: 16, uppercase: true)
      return "base" + (index < 16 ? "0" : "") + digits
    }
  }

  /// The name of the file without its extension, by which the theme is chosen.
  public let name: String
  /// What the author calls it.
  public let title: String
  public let author: String
  /// Whether the background is light: by `variant`, else by comparing background and foreground.
  public let isLight: Bool
  public let colors: [Slot: Color]

  /// The 16 colours that every palette must have.
  static let required = (0..<16).compactMap(Slot.init(index:))

  /// Reads a palette file's text.
  ///
  /// - Throws: `ThemeError` naming the file, the line and a remedy.
  public init(yaml text: String, name: String, path: String) throws(ThemeError) {
    let file = try YamlFile(text, path: path)
    let palette = file.root["palette"]?.mapping ?? file.root
    var colors: [Slot: Color] = [:]
    for (key, value) in palette {
      guard let keyText = key.string, let slot = Slot(name: keyText) else { continue }
      let written = file.scalar(value, key: key) ?? ""
      guard let color = Color(hex: written) else {
        throw file.error(
          at: key, "\(slot) is '\(written)'",
          "write a colour as six hexadecimal digits in quotes, such as \"1d1f21\"")
      }
      colors[slot] = color
    }
    let missing = Palette.required.filter { colors[$0] == nil }
    guard missing.isEmpty else {
      throw file.error(
        at: file.root["palette"], "\(missing.map(\.description).joined(separator: ", ")) missing",
        "a base16 palette has base00 to base0F, either under 'palette:' or at the top level")
    }
    self.name = name
    self.title = file.root["name"]?.string ?? file.root["scheme"]?.string ?? name
    self.author = file.root["author"]?.string ?? ""
    self.colors = Palette.completed(colors)
    switch file.root["variant"]?.string {
    case "light": isLight = true
    case "dark": isLight = false
    default:
      isLight = (Palette.luminance(colors, 0x00) ?? 0) > (Palette.luminance(colors, 0x05) ?? 1)
    }
  }

  public subscript(slot: Slot) -> Color { colors[slot] ?? .default }

  /// base24's colours for a base16 palette, as the specification falls back: darker backgrounds to
  /// the background, bright accents to the accents.
  private static func completed(_ colors: [Slot: Color]) -> [Slot: Color] {
    let fallbacks = [
      0x10: 0x00, 0x11: 0x00, 0x12: 0x08, 0x13: 0x0A, 0x14: 0x0B, 0x15: 0x0C, 0x16: 0x0D,
      0x17: 0x0E,
    ]
    var result = colors
    for (index, source) in fallbacks {
      guard let slot = Slot(index: index), let from = Slot(index: source) else { continue }
      result[slot] = colors[slot] ?? colors[from]
    }
    return result
  }

  private static func luminance(_ colors: [Slot: Color], _ index: Int) -> Double? {
    Slot(index: index).flatMap { colors[$0]?.relativeLuminance }
  }
}
