import Foundation
import TerminalUI
import Testing

@Suite struct ThemeTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Themes").path
  static let library = ThemeLibrary(folders: [folder])

  /// A base16 file in the newer form, as other people write them.
  static let newer = """
    system: "base16"
    name: "Somebody's Night"
    slug: "somebodys-night"
    author: "Somebody (https://example.com)"
    variant: "dark"
    palette:
      base00: "#101020" # background
      base01: "#202030"
      base02: "#303040"
      base03: "#606070"
      base04: "#a0a0b0"
      base05: "#d0d0e0"
      base06: "#e0e0f0"
      base07: "#f0f0ff"
      base08: "#ff8080"
      base09: "#ffb080"
      base0A: "#ffe080"
      base0B: "#80e080"
      base0C: "#80e0e0"
      base0D: "#80b0ff"
      base0E: "#d090ff"
      base0F: "#c09070"
    """

  /// The older flat form: no `#`, no quotes where YAML does not ask for them, digits only.
  static let older = """
    scheme: Day
    author: "Somebody Else"
    base00: "ffffff"
    base01: eeeeee
    base02: DDDDDD
    base03: 999999
    base04: 555555
    base05: 333333
    base06: 222222
    base07: 000000
    base08: "aa0000"
    base09: "aa5500"
    base0A: "777700"
    base0B: 006600
    base0C: "006666"
    base0D: 1e1000
    base0E: "660066"
    base0F: 010101
    """

  private func palette(_ text: String) throws -> Palette {
    try Palette(yaml: text, name: "it", path: "it.yaml")
  }

  private func slot(_ index: Int) throws -> Palette.Slot {
    try #require(Palette.Slot(index: index))
  }

  @Test func readsTheNewerForm() throws {
    let palette = try palette(Self.newer)
    #expect(palette.title == "Somebody's Night")
    #expect(!palette.isLight)
    #expect(try palette[slot(0x0D)] == .rgb(0x80, 0xB0, 0xFF))
    #expect(try palette[slot(0x16)] == palette[slot(0x0D)])
  }

  @Test func readsTheOlderForm() throws {
    let palette = try palette(Self.older)
    #expect(palette.title == "Day")
    #expect(palette.author == "Somebody Else")
    #expect(palette.isLight)
    #expect(try palette[slot(0x07)] == .rgb(0, 0, 0))
    #expect(try palette[slot(0x0D)] == .rgb(0x1E, 0x10, 0))
    #expect(try palette[slot(0x0F)] == .rgb(1, 1, 1))
  }

  @Test func readsBase24() throws {
    let more = (0x10...0x17).map { "  base\(String($0, radix: 16)): \"#0000\($0)\"" }
    let palette = try palette(Self.newer + "\n" + more.joined(separator: "\n"))
    #expect(try palette[slot(0x10)] == .rgb(0, 0, 0x16))
    #expect(try palette[slot(0x17)] == .rgb(0, 0, 0x23))
  }

  @Test func readsColoursThatYamlTakesForComments() throws {
    let palette = try palette(Self.newer.replacing("\"#ff8080\"", with: "#ff8080"))
    #expect(try palette[slot(8)] == .rgb(0xFF, 0x80, 0x80))
  }

  @Test(arguments: [
    (newer.replacing("#80e0e0", with: "teal"), 19, "base0C is 'teal'"),
    (newer.replacing("base0C: \"#80e0e0\"", with: ""), 7, "base0C missing"),
    (newer.replacing("system: \"base16\"", with: "system: \"base16"), 2, "not valid YAML"),
    (newer.replacing("  base0E", with: "\tbase0E"), 21, "not valid YAML"),
    (newer + "\n  base00: \"000000\"", 7, "comes twice"),
    ("- a list", 1, "not a mapping"), ("", 1, "not a mapping"), ("a: b", nil, "missing"),
  ])
  func errorsNameFileLineAndRemedy(text: String, line: Int?, problem: String) throws {
    let error = try #require(throws: ThemeError.self) { try palette(text) }
    #expect(error.file == "it.yaml")
    #expect(error.line == line)
    #expect(error.description.contains(problem))
    #expect(!error.remedy.isEmpty)
  }

  @Test func anUnknownThemeNamesTheOthers() throws {
    let error = try #require(throws: ThemeError.self) {
      try Self.library.theme("nope", depth: .trueColor)
    }
    #expect(error.description.contains("ponder-dark"))
    let missing = try #require(throws: ThemeError.self) {
      try Self.library.theme("/nowhere/it.yaml", depth: .trueColor)
    }
    #expect(missing.file == "/nowhere/it.yaml")
  }

  @Test(arguments: [
    ("ui.text: base05", "has no parts"), ("ui.text: { fg: nothing }", "not a colour"),
    ("ui.text: { fgg: base05 }", "unknown part"),
    ("ui.text: { modifiers: [blink] }", "not a modifier"),
    ("token.heat: { ramp: base08 }", "not a list"),
    ("token.heat: { ramp: [base08], strongest: middle }", "'middle'"),
  ])
  func roleMapErrorsNameTheLine(text: String, problem: String) throws {
    let error = try #require(throws: ThemeError.self) {
      try RoleMap(yaml: "# roles\n" + text, path: "roles.yaml")
    }
    #expect(error.line == 2)
    #expect(error.description.contains(problem))
  }

  @Test(arguments: library.names) func ourThemesPassTheirOwnCheck(name: String) throws {
    let problems = ThemeCheck.problems(
      palette: try Self.library.palette(name), roles: try Self.library.roleMap())
    #expect(problems == [])
  }

  @Test func theCheckFindsWhatIsWrong() throws {
    let faint = Self.newer.replacing("#d0d0e0", with: "#303040")
    let roles = try Self.library.roleMap()
    let problems = ThemeCheck.problems(palette: try palette(faint), roles: roles)
    #expect(problems.contains { $0.hasPrefix("ui.text has a contrast of") })
    let few = try RoleMap(
      yaml: """
        ui.text: { fg: base05, bg: base00 }
        token.heat.0: { fg: base04 }
        token.heat.1: { fg: base07 }
        token.heat.2: { fg: base06 }
        """, path: "roles.yaml")
    let missing = ThemeCheck.problems(palette: try palette(Self.newer), roles: few)
    #expect(missing.contains("ui.selection has no style"))
    #expect(missing.contains { $0.hasPrefix("the lightness of token.heat ") })
  }

  /// Whatever the palette, the scales must be readable and in order.
  @Test(arguments: [newer, older]) func scalesOfForeignPalettesAreInOrder(text: String) throws {
    let problems = ThemeCheck.problems(
      palette: try palette(text), roles: try Self.library.roleMap())
    #expect(!problems.contains { $0.contains("token.") && !$0.contains("token.chosen") })
  }

  /// On few colours no role may melt into plain text, nor text into its background.
  @Test(arguments: library.names, [ColorDepth.none, .ansi8, .ansi16, .indexed256])
  func rolesStayApartOnFewColours(name: String, depth: ColorDepth) throws {
    let theme = try Self.library.theme(name, depth: depth)
    let text = theme[.text]
    for role: Role in [.selection, .tabActive, .error, .answerSpan, .answerCorrect, .nodeBest] {
      #expect(text.overlaid(by: theme[role]) != text, "\(role)")
    }
    for role in Role.all {
      let style = text.overlaid(by: theme[role])
      #expect(style.foreground != style.background || style.foreground == .default, "\(role)")
    }
    let levels = (0..<Role.heatLevels).map { text.overlaid(by: theme.level(.tokenHeat, $0)) }
    #expect(Set(levels).count == Role.heatLevels)
  }

  @Test func rolesFallBackAlongTheirNames() {
    let theme = Theme(
      name: "t",
      styles: [
        .text: Style(foreground: .indexed(1)), "token": Style(foreground: .indexed(2)),
        "token.entropy": Style(foreground: .indexed(3)),
      ])
    #expect(theme["token.entropy.high"].foreground == .indexed(3))
    #expect(theme["token.heat.3"].foreground == .indexed(2))
    #expect(theme["vote.1"].foreground == .indexed(1))
  }
}
