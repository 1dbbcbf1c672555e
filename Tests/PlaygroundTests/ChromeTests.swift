import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground

@Suite struct ChromeTests {
  @Test(arguments: [(60, 16), (80, 24), (139, 30), (140, 40), (200, 60)])
  func everyTabCanBeClickedWhereItIsDrawn(width: Int, height: Int) throws {
    for screen in ScreenID.allCases {
      var state = Fixtures.ready(width, height)
      state.screen = screen
      let line = Chrome.tabLine(state.session)
      let rows = Fixtures.draw(state).textSnapshot().split(
        separator: "\n", omittingEmptySubsequences: false)
      let title = String(try #require(rows.first)).dropFirst(line.x)
      for (target, tab) in zip(ScreenID.allCases, Chrome.tabs(state.session)) {
        // A narrow terminal spells out only the screen it shows.
        if target == screen || width >= 120 { #expect(tab.title == target.title) }
        let label = tab.title.isEmpty ? " \(tab.key)" : "\(tab.key) \(tab.title)"
        let place = try #require(title.firstRange(of: label))
        let x = line.x + title.distance(from: title.startIndex, to: place.lowerBound)
        for column in x..<x + label.count {
          var clicked = state
          _ = Reducer().reduce(
            &clicked, .mouse(MouseEvent(.press(.left), at: Point(x: column, y: 0))))
          #expect(clicked.screen == target)
        }
      }
    }
  }

  /// However many tabs there are, the model's name and the temperature stand beside them.
  @Test(arguments: [60, 80, 100, 120, 160])
  func theModelAndTheTemperatureAreAlwaysSeen(width: Int) throws {
    for screen in ScreenID.allCases {
      var state = Fixtures.ready(width, 24)
      state.screen = screen
      let title = try #require(Fixtures.draw(state).textSnapshot().split(separator: "\n").first)
      // The smallest terminal may cut the name.
      #expect(title.contains(width < 80 ? " apples" : " apples·exact "))
      #expect(title.contains("T 0.7"))
    }
  }

  @Test func decodeAndBranchesStandSideBySideFromTheirWidthOn() {
    var state = Fixtures.ready(Chrome.sideBySideWidth, 40)
    #expect(Chrome.panes(state.session).map(\.screen) == [.decode, .branches])
    state.size.width -= 1
    #expect(Chrome.panes(state.session).map(\.screen) == [.decode])
    state.size.width += 1
    state.screen = .votes
    #expect(Chrome.panes(state.session).map(\.screen) == [.votes])
  }

  @Test func panesTileTheContent() {
    for width in 60...220 {
      var state = Fixtures.ready(width, 40)
      for screen in ScreenID.allCases {
        state.screen = screen
        let panes = Chrome.panes(state.session)
        #expect(panes.reduce(0) { $0 + $1.rect.width } == width)
        #expect(panes.contains { $0.screen == screen })
      }
    }
  }

  @Test(arguments: [(59, 16), (60, 15), (20, 5), (1, 1)])
  func aSmallTerminalIsToldWhatIsNeeded(width: Int, height: Int) {
    let picture = Fixtures.draw(Fixtures.ready(width, height))
    if width >= 20 { #expect(picture.textSnapshot().contains("ponder needs 60×16")) }
  }

  @Test func aMessageTakesTheLineOfKeysUntilTheNextKey() {
    var state = Fixtures.ready(80, 24)
    state.message = Message(.error, "The model file is cut short.")
    #expect(Fixtures.draw(state).textSnapshot().contains("✗ The model file is cut short."))
    _ = Reducer().reduce(&state, .key(KeyEvent(.down)))
    #expect(state.message == nil)
    #expect(Fixtures.draw(state).textSnapshot().contains("? keys  : find"))
  }

  @Test func figuresAreWrittenAlike() {
    #expect(Format.probability(0.3412) == ".341")
    #expect(Format.probability(0.99996) == "1.00")
    #expect(Format.smallProbability(0.00004) == "<.001")
    #expect(Format.smallProbability(0) == ".000")
    #expect(Format.share(0.95) == ".95")
    #expect(Format.share(0.5) == ".5")
    #expect(Format.count(960) == "960")
    #expect(Format.count(4100) == "4.1k")
    #expect(Format.count(65_536) == "66k")
    #expect(Format.rate(3.21) == "3.2")
    #expect(Format.duration(12.4) == "12 s")
    #expect(Format.duration(200) == "3 min")
  }
}
