import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground

@Suite struct ChromeTests {
  @Test(arguments: [(60, 16), (80, 24), (80, 16), (139, 30), (140, 40), (200, 60)])
  func everyTabCanBeClickedWhereItIsDrawn(width: Int, height: Int) {
    for screen in ScreenID.allCases {
      var state = Fixtures.ready(width, height)
      state.screen = screen
      let tabs = TitleLines.Layout(state.session).tabs
      let rows = Fixtures.draw(state).textSnapshot().split(
        separator: "\n", omittingEmptySubsequences: false)
      #expect(tabs.count == ScreenID.allCases.count)
      for (target, tab) in zip(ScreenList.standard.tabs, tabs) {
        let label = "\(tab.key) \(tab.title)"
        #expect(rows[tab.rect.y].dropFirst(tab.rect.x).hasPrefix(label))
        #expect(target.title.hasPrefix(tab.title))
        // Of the group on view whole titles even on a low or narrow terminal.
        #expect(tab.title == target.title || Self.group(target) != Self.group(screen))
        for column in tab.rect.x..<tab.rect.right {
          var clicked = state
          let point = Point(x: column, y: tab.rect.y)
          _ = Reducer().reduce(&clicked, .mouse(MouseEvent(.press(.left), at: point)))
          #expect(clicked.screen == target)
        }
      }
    }
  }

  private static func group(_ screen: ScreenID) -> ScreenGroup? {
    ScreenList.standard.types.first { $0.id == screen }?.group
  }

  /// Which screen of a group is on view moves no tab; it stands in brackets, whatever the colours.
  @Test(arguments: [(60, 16), (80, 24), (200, 60)])
  func tabsKeepTheirPlaces(width: Int, height: Int) {
    var state = Fixtures.ready(width, height)
    var places: [ScreenGroup: [TabBar.Tab]] = [:]
    for (index, screen) in ScreenList.standard.tabs.enumerated() {
      state.screen = screen
      let tabs = TitleLines.Layout(state.session).tabs
      guard let group = Self.group(screen), tabs.indices.contains(index) else {
        Issue.record("\(screen) has no tab")
        continue
      }
      #expect(tabs == places[group, default: tabs])
      places[group] = tabs
      let tab = tabs[index]
      #expect(
        Fixtures.draw(state).textSnapshot().contains("[\(tab.key) \(tab.title)]"), "\(screen)")
    }
    // Where all titles have room, not even another group does.
    #expect(width < 200 || Set(places.values).count == 1)
  }

  /// What screens are for is told by how far apart their tabs stand.
  @Test(arguments: [(80, 24), (200, 60)]) func groupsStandApart(width: Int, height: Int) {
    let session = Fixtures.ready(width, height).session
    let tabs = TitleLines.Layout(session).tabs
    let groups = session.screens.tabs.map(Self.group)
    let gaps = zip(tabs, tabs.dropFirst()).map { $1.rect.x - $0.rect.right }
    let borders = gaps.indices.filter { groups[$0] != groups[$0 + 1] }
    #expect(borders.count == 2)
    let within = gaps.indices.filter { !borders.contains($0) }.map { gaps[$0] }
    #expect((borders.map { gaps[$0] }.min() ?? 0) > (within.max() ?? 0))
  }

  /// `g` lists all screens, and its letter shows each from wherever one is.
  @Test func everyScreenHasALetter() {
    let letters = ScreenList.standard.letters
    #expect(Set(letters).count == letters.count)
    for (screen, letter) in zip(ScreenID.allCases, letters) {
      for from in ScreenID.allCases {
        var play = Play(80, 24)
        play.state.screen = from
        play.type("g\(letter)")
        #expect(play.state.screen == screen)
        #expect(play.state.popups.isEmpty)
      }
    }
  }

  @Test func theListOfScreensSaysWhereOneIs() async throws {
    var play = Play(try await Fixtures.finished("self-consistency", 80, 24))
    play.type("g")
    let text = Fixtures.draw(play.state).textSnapshot()
    #expect(text.contains("you are in Votes"))
    for group in ScreenGroup.allCases { #expect(text.contains(group.title)) }
    #expect(text.contains("1 vote"))
    play.press(.down, .enter)
    #expect(play.state.screen == .tree)
    // g twice is the way to the top that it always was.
    play.press(.end)
    play.type("gg")
    #expect(play.state.popups.isEmpty)
    #expect(play.state.tree.page.selectedRow == 0)
  }

  /// Tab passes over what has nothing to show.
  @Test func tabGoesOnAmongWhatThereIs() async throws {
    var play = Play(try await Fixtures.finished("self-consistency", 80, 24))
    var seen: [ScreenID] = []
    for _ in ScreenID.allCases {
      play.press(.tab)
      seen.append(play.state.screen)
      let screen = play.state.screens[play.state.current]
      #expect(play.state.screen == .decode || play.state.isFilled(screen))
    }
    #expect(seen.contains(.votes))
    #expect(!seen.contains(.scale))
    #expect(!seen.contains(.train))
  }

  /// As many as there will be one day.
  @Test(arguments: [60, 80, 100, 120]) func elevenTabsFit(width: Int) {
    let titles = ScreenList.standard.tabs.map(\.title) + ["Load"]
    for whole in [0..<5, 5..<8, 8..<11] {
      let tabs = TabBar.layout(
        titles.enumerated().map { ($0.offset < 9 ? "\($0.offset + 1)" : "gx", $0.element) },
        borders: [5, 8], whole: whole, in: Rect(x: 0, y: 0, width: width, height: 1))
      #expect(tabs.count == titles.count)
      #expect(whole.allSatisfy { tabs[$0].title == titles[$0] })
      #expect(tabs.allSatisfy { $0.title.count >= (width < 80 ? 0 : width < 100 ? 2 : 4) })
      for (tab, next) in zip(tabs, tabs.dropFirst()) { #expect(tab.rect.right < next.rect.x) }
    }
  }

  /// On every screen, in every size: what is asked, what is right, and who answers.
  @Test(arguments: [(60, 16), (60, 24), (80, 24), (100, 24), (160, 40), (200, 60)])
  func theQuestionTheRightAnswerAndTheModelAreAlwaysSeen(width: Int, height: Int) {
    for screen in ScreenID.allCases {
      var state = Fixtures.ready(width, height)
      state.screen = screen
      let title = Fixtures.draw(state).textSnapshot().split(separator: "\n").prefix(3)
        .joined(separator: "\n")
      #expect(title.contains("Q: I have"))
      #expect(title.contains("right 8"))
      #expect(title.contains(" apples"))
      #expect(height == 16 || title.contains("T 0.7"))
    }
  }

  /// What the title takes on a low terminal is no more than one line.
  @Test func aLowTerminalKeepsItsContent() {
    #expect(Chrome.middle(Size(width: 60, height: 16)).height == 12)
    #expect(Chrome.middle(Size(width: 80, height: 24)).height == 19)
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
