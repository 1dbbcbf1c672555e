import Foundation
import TerminalUI
import Testing

@Suite struct RenderingTests {
  private func picture() -> CellBuffer {
    var buffer = CellBuffer(size: Size(width: 12, height: 3))
    buffer.box(buffer.bounds, style: Style(foreground: .rgb(0x5F, 0x87, 0xAF)), title: "a<b")
    buffer.put("世", x: 1, y: 1, style: Style(foreground: .indexed(9), attributes: .bold))
    buffer.put("█▍⠿✗", x: 4, y: 1, style: Style(background: .indexed(236)))
    return buffer
  }

  @Test func ansiText() {
    #expect(
      picture().ansiText(depth: .indexed256).split(separator: "\n")[1]
        == "\u{1B}[0;38;5;67m│\u{1B}[0;1;91m世\u{1B}[0m \u{1B}[0;48;5;236m█▍⠿✗\u{1B}[0m   \u{1B}[0;38;5;67m│\u{1B}[0m"
    )
    #expect(picture().ansiText(depth: .none).split(separator: "\n")[1] == "│世 █▍⠿✗   │")
    #expect(
      picture().ansiText(depth: .none, glyphs: .ascii)
        == "+ a<b -----+\n|?? #-:x   |\n+----------+\n")
    #expect(picture().ansiText(depth: .trueColor).contains("\u{1B}[0;38;2;95;135;175m"))
  }

  @Test func styledTextKeepsLineFeedsAndShowsControls() {
    let text = StyledText([.init("a\n", style: Style(foreground: .indexed(1))), .init("\u{1B}[2J")])
    #expect(text.ansiText(depth: .ansi16) == "\u{1B}[0;31ma\u{1B}[0m\n␛[2J")
    #expect(text.ansiText(depth: .none) == "a\n␛[2J")
  }

  @Test func svgIsWellFormed() throws {
    let svg = picture().svg(title: "a & \"b\"")
    let parser = XMLParserProbe(svg)
    #expect(parser.isWellFormed)
    #expect(svg.contains("a&lt;b"))
    #expect(svg.contains(">世</text>"))
    #expect(svg.contains("<circle"))
  }

  @Test(arguments: 0..<100) func asciiPicturesAreAsciiAndAsWide(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let picture = random.picture(Size(width: 20, height: 4))
    let ascii = picture.drawn(in: .ascii)
    #expect(ascii.cells.allSatisfy { $0.width == 1 && $0.text.utf8.count == 1 })
    #expect(ascii.cells.map(\.style) == picture.cells.map(\.style))
  }

  @Test(arguments: [
    (["LANG": "en_GB.UTF-8", "TERM": "xterm"], Glyphs.unicode),
    (["LANG": "C", "TERM": "xterm"], .ascii),
    (["LC_ALL": "C", "LANG": "en_GB.UTF-8", "TERM": "xterm"], .ascii),
    (["LC_ALL": "", "LC_CTYPE": "C.utf8", "LANG": "C", "TERM": "xterm"], .unicode),
    (["TERM": "xterm-256color"], .unicode), (["TERM": "vt100", "LANG": "en_GB.UTF-8"], .ascii),
    (["TERM": "linux"], .ascii), (["TERM": "linux", "PONDER_GLYPHS": "unicode"], .unicode),
    (["TERM": "xterm", "PONDER_GLYPHS": "ascii"], .ascii),
  ])
  func glyphsAreChosen(environment: [String: String], glyphs: Glyphs) {
    #expect(Glyphs.detect(environment: environment) == glyphs)
  }
}

/// Checks that tags of an XML text nest and close, attributes are quoted and nothing is unescaped.
private struct XMLParserProbe {
  let isWellFormed: Bool

  init(_ text: String) {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
      let content = rest[..<start]
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      let name = tag.prefix { $0.isLetter }
      let isBadText = content.replacing(/&(amp|lt|gt|quot);/, with: "").contains("&")
      if isBadText || tag.filter({ $0 == "\"" }).count % 2 != 0 {
        isWellFormed = false
        return
      }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else {
          isWellFormed = false
          return
        }
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    isWellFormed = open.isEmpty && !rest.contains("<")
  }
}
