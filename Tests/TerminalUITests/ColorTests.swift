import TerminalUI
import Testing

@Suite struct ColorTests {
  @Test(arguments: [
    (
      ["TERM": "xterm-256color"], true, ColorDepth.Terminfo(colors: 256, hasDirectColor: false),
      ColorDepth.indexed256
    ),
    (
      ["TERM": "xterm-256color", "COLORTERM": "truecolor"], true,
      .init(colors: 256, hasDirectColor: false), .trueColor
    ),
    (["TERM": "xterm-direct"], true, .init(colors: 1 << 24, hasDirectColor: true), .trueColor),
    (
      ["TERM": "xterm", "NO_COLOR": "1", "COLORTERM": "truecolor"], true,
      .init(colors: 8, hasDirectColor: false), .none
    ),
    (["TERM": "xterm", "NO_COLOR": ""], true, .init(colors: 8, hasDirectColor: false), .ansi8),
    (["TERM": "xterm-16color"], true, .init(colors: 16, hasDirectColor: false), .ansi16),
    (
      ["TERM": "dumb", "COLORTERM": "truecolor"], true, .init(colors: 0, hasDirectColor: false),
      .none
    ),
    (["TERM": "xterm-256color"], false, .init(colors: 256, hasDirectColor: false), .none),
    (["TERM": "vt100"], true, .init(colors: 0, hasDirectColor: false), .none),
    ([:], true, .init(colors: 8, hasDirectColor: false), .none),
  ])
  func depthIsDetectedInOrder(
    environment: [String: String], isTerminal: Bool, terminfo: ColorDepth.Terminfo,
    depth: ColorDepth
  ) {
    let found = ColorDepth.detect(
      environment: environment, isTerminal: isTerminal, terminfo: terminfo)
    #expect(found == depth)
    #expect(
      ColorDepth.detect(
        preference: .ansi16, environment: environment, isTerminal: isTerminal, terminfo: terminfo)
        == .ansi16)
  }

  @Test func paletteColoursQuantiseToThemselves() {
    var to256 = Quantizer(depth: .indexed256)
    for index in UInt8(16)...255 {
      let color = Color.indexed(index)
      #expect(to256.nearest(to: color) == color)
      guard let (red, green, blue) = color.components else { continue }
      // Some greys are in the cube and in the ramp.
      let found = to256.nearest(to: .rgb(red, green, blue))
      #expect(found.hex == color.hex)
    }
    var to16 = Quantizer(depth: .ansi16)
    for index in UInt8(0)..<16 {
      guard let (red, green, blue) = Color.indexed(index).components else { continue }
      #expect(to16.nearest(to: .rgb(red, green, blue)) == .indexed(index))
    }
  }

  @Test func quantisingOnlyEverNamesColoursOfItsTier() {
    for depth in ColorDepth.allCases {
      var quantizer = Quantizer(depth: depth)
      for value in stride(from: 0, to: 1 << 24, by: 99_991) {
        let color = Color.rgb(UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255))
        let style = quantizer(Style(foreground: color, background: color))
        for shown in [style.foreground, style.background] {
          switch (depth, shown) {
          case (.none, .default), (.trueColor, .rgb): break
          case (.ansi8, .indexed(let index)): #expect(index < 8)
          case (.ansi16, .indexed(let index)): #expect(index < 16)
          case (.indexed256, .indexed(let index)): #expect(index >= 16)
          default: Issue.record("\(shown) at \(depth)")
          }
        }
      }
    }
  }

  @Test func brightForegroundsBecomeBoldOnEightColours() {
    var quantizer = Quantizer(depth: .ansi8)
    #expect(
      quantizer(Style(foreground: .indexed(9)))
        == Style(foreground: .indexed(1), attributes: .bold))
    #expect(
      quantizer(Style(foreground: .indexed(8))) == Style(foreground: .indexed(7), attributes: .dim))
  }

  @Test func contrastIsThatOfWcag() throws {
    let black = Color.rgb(0, 0, 0)
    let white = Color.rgb(255, 255, 255)
    #expect(abs(try #require(black.contrast(with: white)) - 21) < 1e-9)
    // The lightest grey that passes for text on white, a known reference point.
    #expect(try #require(Color.rgb(118, 118, 118).contrast(with: white)) >= 4.5)
    #expect(try #require(Color.rgb(119, 119, 119).contrast(with: white)) < 4.5)
    #expect(Color.default.contrast(with: white) == nil)
  }

  @Test(arguments: [
    ("#ff8000", Color.rgb(255, 128, 0)), ("FF8000", .rgb(255, 128, 0)), ("f80", nil),
    ("#ff80000", nil), ("gg0000", nil), ("+f8000", nil), ("", nil),
  ])
  func readsHexadecimalColours(text: String, color: Color?) {
    #expect(Color(hex: text) == color)
  }
}
