/// The characters that a terminal can show.
///
/// Views always draw in Unicode; on a terminal that cannot show it, the picture is put into ASCII
/// cell by cell, so no view needs a second form.
public enum Glyphs: Hashable, Sendable {
  case unicode
  case ascii

  /// Chooses by `PONDER_GLYPHS` (`unicode` or `ascii`), then by the terminals whose fonts lack
  /// blocks and braille, then by the character set of the locale (`LC_ALL`, `LC_CTYPE`, `LANG`).
  /// Where no locale is set at all, as in many containers, a modern terminal is assumed.
  public static func detect(environment: [String: String]) -> Glyphs {
    switch environment["PONDER_GLYPHS"]?.lowercased() {
    case "ascii": return .ascii
    case "unicode": return .unicode
    default: break
    }
    let term = environment["TERM"] ?? ""
    let limited = ["linux", "dumb", "ansi", "cons25", "sun"]
    if term.hasPrefix("vt") || limited.contains(term) { return .ascii }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy
      .compactMap { environment[$0] }.first { !$0.isEmpty }
    guard let locale = locale?.lowercased() else { return .unicode }
    return locale.contains("utf-8") || locale.contains("utf8") ? .unicode : .ascii
  }

  /// The ASCII character that stands for what is drawn in a column.
  public static func ascii(for text: String) -> String {
    guard let scalar = text.unicodeScalars.first else { return "" }
    if scalar.isASCII { return String(scalar) }
    if let known = table[scalar] { return String(known) }
    switch scalar.value {
    case 0x2800: return " "
    case 0x2801...0x28FF: return String(ascii(forBraille: UInt8(scalar.value & 0xFF)))
    case 0x2500...0x257F: return "+"
    case 0x2400...0x241F: return "^"
    default: return "?"
    }
  }

  /// Dots 1, 4 are the top row of a braille cell, 7 and 8 (bits 6 and 7) the bottom row.
  private static func ascii(forBraille dots: UInt8) -> Character {
    let hasTop = dots & 0b0001_1011 != 0
    let hasBottom = dots & 0b1110_0100 != 0
    if hasTop, hasBottom { return ":" }
    return hasTop ? "'" : "."
  }

  /// The signs that stand for something by themselves, so that a legend has to say what: not those
  /// of frames, bars, charts, arrows and text.
  public static let symbols: Set<Unicode.Scalar> = Set(pairs(signs).keys)

  private static let signs: [(String, Character)] = [
    ("▸▶", ">"), ("◂◀", "<"), ("●⬤◉", "@"), ("◑◐", "o"), ("○◯◌", "."), ("★☆✶", "*"),
    ("✗✘✕", "x"), ("✓✔", "v"), ("✂", "x"), ("▲", "^"), ("▼", "v"), ("≈", "~"), ("Δ", "D"),
    ("Σ∑", "S"), ("∅", "0"), ("■◼▪◆", "#"), ("□◻▫◇", "o"), ("⚠", "!"), ("␣", "_"),
    ("↵⏎", "<"),
  ]

  private static let table: [Unicode.Scalar: Character] = pairs(
    signs + [
      ("─━╌┄╴╶", "-"), ("│┃╎┆╵╷", "|"), ("═", "="), ("║", "|"),
      ("█▉▊", "#"), ("▋▌", "="), ("▍▎", "-"), ("▏", "|"),
      ("▁", "_"), ("▂", "."), ("▃", ":"), ("▄", "-"), ("▅", "="), ("▆", "+"), ("▇", "*"),
      ("░", "."), ("▒", ":"), ("▓", "%"), ("▐", "|"), ("▀", "'"),
      ("►→⇒›»⟩", ">"), ("◄←‹«⟨", "<"), ("↑", "^"), ("↓", "v"), ("×", "x"),
      ("•·∙", "."), ("…", "~"), ("–—−", "-"), ("‘’‚′", "'"), ("“”„″", "\""),
      ("≤", "<"), ("≥", ">"), ("≠", "!"), ("∞", "8"), ("\u{A0}", " "), ("ß", "s"),
      ("⌫", "<"), ("⇧", "^"), ("⇥", ">"), ("┊┋", ":"), ("╭╮╰╯", "+"), ("½", "h"),
      ("₀⁰", "0"), ("₁¹", "1"), ("₂²", "2"), ("₃³", "3"),
      // Accented letters become their base letters.
      ("ÀÁÂÃÄÅĀĂĄ", "A"), ("àáâãäåāăą", "a"), ("ÇĆĈĊČ", "C"), ("çćĉċč", "c"),
      ("ÈÉÊËĒĔĖĘĚ", "E"), ("èéêëēĕėęě", "e"), ("ÌÍÎÏĨĪĬĮİ", "I"), ("ìíîïĩīĭįı", "i"),
      ("ÑŃŅŇ", "N"), ("ñńņň", "n"), ("ÒÓÔÕÖØŌŎŐ", "O"), ("òóôõöøōŏő", "o"),
      ("ÙÚÛÜŨŪŬŮŰŲ", "U"), ("ùúûüũūŭůűų", "u"), ("ÝŸ", "Y"), ("ýÿ", "y"), ("ŚŜŞŠ", "S"),
      ("śŝşš", "s"), ("ŹŻŽ", "Z"), ("źżž", "z"), ("ŁĹĻĽ", "L"), ("łĺļľ", "l"), ("ĎĐ", "D"),
      ("ďđ", "d"), ("ŘŔ", "R"), ("řŕ", "r"), ("ŢŤ", "T"), ("ţť", "t"), ("ĞĢ", "G"), ("ğģ", "g"),
    ])

  private static func pairs(_ groups: [(String, Character)]) -> [Unicode.Scalar: Character] {
    var result: [Unicode.Scalar: Character] = [:]
    for (from, to) in groups {
      for scalar in from.unicodeScalars { result[scalar] = to }
    }
    return result
  }
}

extension CellBuffer {
  /// The picture in the characters of `glyphs`.
  public func drawn(in glyphs: Glyphs) -> CellBuffer {
    guard glyphs == .ascii else { return self }
    var result = self
    for (index, cell) in cells.enumerated() {
      let text = cell.isContinuation ? "?" : Glyphs.ascii(for: cell.text)
      result.cells[index] = Cell(text: text, width: 1, style: cell.style)
    }
    return result
  }
}
