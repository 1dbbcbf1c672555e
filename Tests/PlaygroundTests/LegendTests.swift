import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground

/// Every symbol that a screen draws is explained in its legend.
@Suite struct LegendTests {
  /// The pictures of a screen, without the lines around it.
  private func pictures(of screen: ScreenID) throws -> [(name: String, text: Substring)] {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Snapshots/Playground")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try files.filter { $0.hasPrefix("\(screen.name)-") }.map { file in
      (file, try String(contentsOf: folder.appending(path: file), encoding: .utf8)[...])
    }
  }

  private func symbols(_ text: some StringProtocol) -> Set<Unicode.Scalar> {
    Set(text.unicodeScalars).intersection(Glyphs.symbols)
  }

  @Test(arguments: ScreenID.allCases)
  func everySymbolOnItsPicturesIsInItsLegend(screen: ScreenID) throws {
    let type = try #require(ScreenList.standard.types.first { $0.id == screen })
    let rows = type.legend + LegendRow.everywhere
    let explained = symbols(rows.map(\.symbol).joined())
    let pictures = try pictures(of: screen)
    #expect(!pictures.isEmpty)
    for (name, text) in pictures {
      let missing = symbols(text).subtracting(explained)
      #expect(missing.isEmpty, "\(name): \(missing.map { String($0) })")
    }
  }

  @Test(arguments: ScreenID.allCases)
  func noLegendSaysTheSameTwice(screen: ScreenID) throws {
    let type = try #require(ScreenList.standard.types.first { $0.id == screen })
    #expect(!type.legend.isEmpty)
    #expect(Set(type.legend.map(\.symbol)).count == type.legend.count)
    for row in type.legend {
      #expect(!row.meaning.isEmpty)
      #expect(!row.meaning.hasSuffix("."))
    }
  }

  /// What stands for a symbol where a terminal has only ASCII stands for it in the legend, too.
  @Test func theLegendIsDrawnInTheTerminalsOwnGlyphs() {
    var play = Play(120, 40)
    play.type("3?")
    let unicode = Fixtures.draw(play.state).textSnapshot()
    #expect(unicode.contains("★"))
    let ascii = Fixtures.draw(play.state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.contains("★"))
    #expect(ascii.contains(Glyphs.ascii(for: "★")))
  }

  // MARK: Help

  @Test func helpTellsKeysSymbolsAndSettings() {
    var play = Play(200, 60)
    play.type("3?")
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("Symbols and columns"))
    #expect(picture.contains("the answer that wins"))
    #expect(picture.contains("What the settings mean"))
    #expect(picture.contains("how many paths are sampled"))
  }

  @Test func typingNarrowsTheHelp() {
    var play = Play(80, 24)
    play.type("3?")
    play.type("wilson")
    var picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("find: wilson"))
    #expect(picture.contains("├ 95 % ┤"))
    #expect(!picture.contains("the answer that wins"))
    // Letters that are keys of the help are text behind a slash.
    play.press(.escape)
    play.type("/quit")
    picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("save and quit"))
    #expect(!play.state.isQuitting)
    play.press(.enter)
    play.type("q")
    #expect(play.state.popups.count == 1)
    play.type("q")
    #expect(play.state.popups.isEmpty)
  }

  @Test func aFilterThatNothingMatchesSaysSo() {
    var play = Play(80, 24)
    play.type("?/zzzz")
    #expect(Fixtures.draw(play.state).textSnapshot().contains("nothing here matches"))
    play.press(.escape)
    #expect(!Fixtures.draw(play.state).textSnapshot().contains("nothing here matches"))
    play.press(.escape)
    #expect(play.state.popups.isEmpty)
  }
}
