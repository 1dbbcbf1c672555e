/// How many colours a terminal shows, from fewest to most.
public enum ColorDepth: Int, CaseIterable, Comparable, Sendable {
  /// No colour: bold, dim, underline and reverse carry the styles.
  case none
  /// The 8 ANSI colours; bright foregrounds become bold.
  case ansi8
  /// The 16 ANSI colours.
  case ansi16
  /// xterm's 256 colours.
  case indexed256
  /// 24-bit colour.
  case trueColor

  public static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rawValue < b.rawValue }

  /// Reads the names that a flag or setting takes: `none`, `8`, `16`, `256`, `truecolor`.
  public init?(name: String) {
    switch name.lowercased() {
    case "none", "never", "0", "mono": self = .none
    case "8": self = .ansi8
    case "16": self = .ansi16
    case "256": self = .indexed256
    case "truecolor", "24bit", "rgb": self = .trueColor
    default: return nil
    }
  }

  /// What the terminal's terminfo entry says.
  public struct Terminfo: Hashable, Sendable {
    /// The `colors` capability; 0 where it is missing.
    public var colors: Int
    /// Whether the `RGB` or `Tc` extension is present.
    public var hasDirectColor: Bool

    public init(colors: Int, hasDirectColor: Bool) {
      self.colors = colors
      self.hasDirectColor = hasDirectColor
    }
  }

  /// The depth to use, by the first of these that decides: `preference` (a flag or setting),
  /// `NO_COLOR` (set and not empty), `TERM=dumb` or no terminal, then `RGB`/`Tc`/`COLORTERM`,
  /// then the number of colours in terminfo (or, without terminfo, the name in `TERM`).
  public static func detect(
    preference: ColorDepth? = nil, environment: [String: String], isTerminal: Bool,
    terminfo: Terminfo? = nil
  ) -> ColorDepth {
    if let preference { return preference }
    if let noColor = environment["NO_COLOR"], !noColor.isEmpty { return .none }
    let term = environment["TERM"] ?? ""
    if !isTerminal || term.isEmpty || term == "dumb" { return .none }
    if terminfo?.hasDirectColor == true { return .trueColor }
    if let colorTerm = environment["COLORTERM"], ["truecolor", "24bit"].contains(colorTerm) {
      return .trueColor
    }
    return ColorDepth(colors: terminfo?.colors ?? colors(ofTerm: term))
  }

  /// The deepest tier that a palette of this many colours can show.
  public init(colors: Int) {
    switch colors {
    case ..<8: self = .none
    case 8..<16: self = .ansi8
    case 16..<256: self = .ansi16
    case 256..<(1 << 24): self = .indexed256
    default: self = .trueColor
    }
  }

  /// A guess from the terminal's name, for output that does not read terminfo.
  private static func colors(ofTerm term: String) -> Int {
    if term.contains("direct") { return 1 << 24 }
    if term.contains("256color") { return 256 }
    if term.hasPrefix("vt") || term.contains("mono") { return 0 }
    return term.contains("16color") ? 16 : 8
  }
}
