import Decoding
import Problems
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

@Suite struct FuzzyMatchTests {
  private static let texts = [
    "temperature", "top-k", "self-consistency", "3 mcts 8 ✓", "ponder-base-0.2m", "\" My\"",
    "Three apples", "story/2/0", "2026-11-21 11:09:46", "ÄÖ İstanbul", "",
  ]

  private func part(_ text: String, _ random: inout SeededRandom) -> String {
    String(text.filter { _ in Bool.random(using: &random) })
  }

  @Test(arguments: 0..<60)
  func aSubsequenceAlwaysMatches(seed: UInt64) {
    var random = SeededRandom(state: seed)
    for text in Self.texts {
      let typed = part(text, &random)
      let match = FuzzyMatch(typed, in: text)
      #expect(match != nil, "\(typed) in \(text)")
      // What is lit is what was typed.
      let characters = Array(text)
      let lit = (match?.places ?? []).map { characters[$0].lowercased() }
      let wanted = typed.lowercased().filter { $0 != " " }.map { String($0) }
      #expect(Set(lit) == Set(wanted), "\(typed) in \(text)")
    }
  }

  @Test(arguments: 0..<60)
  func anotherLetterNeverAddsMatches(seed: UInt64) {
    var random = SeededRandom(state: seed)
    for text in Self.texts {
      let typed = part(Self.texts.randomElement(using: &random) ?? "", &random)
      let letter = "abemst 0-8\"".randomElement(using: &random) ?? "a"
      if FuzzyMatch(typed + String(letter), in: text) != nil {
        #expect(FuzzyMatch(typed, in: text) != nil, "\(typed)\(letter) in \(text)")
      }
    }
  }

  @Test(arguments: ["tem", "t", "self-con", "three a", "2026"])
  func aPrefixRanksAboveLettersThatLieApart(typed: String) throws {
    let scattered = "x" + typed.map { "\($0)x" }.joined()
    for text in Self.texts where text.lowercased().hasPrefix(typed) {
      let prefix = try #require(FuzzyMatch(typed, in: text))
      let apart = try #require(FuzzyMatch(typed, in: scattered))
      #expect(FuzzyMatch.isBetter(prefix, apart))
      #expect(!FuzzyMatch.isBetter(apart, prefix))
    }
  }

  @Test(arguments: [
    ("cons", "self-consistency", "lexiconsort"), ("bm", "base-2m", "abmx"),
    ("top", "top-k", "stop"), ("mcts", "3 mcts 8", "my cats"), ("ss", "story sum", "lesson"),
  ])
  func wordStartsRankAboveTheMiddle(typed: String, better: String, worse: String) throws {
    let a = try #require(FuzzyMatch(typed, in: better))
    let b = try #require(FuzzyMatch(typed, in: worse))
    #expect(FuzzyMatch.isBetter(a, b))
  }

  @Test func wordsMatchInAnyOrder() {
    #expect(FuzzyMatch("mcts 3", in: "3 mcts 8") != nil)
    #expect(FuzzyMatch("mcts 4", in: "3 mcts 8") == nil)
    #expect(FuzzyMatch("MCTS", in: "3 mcts 8")?.places == [2, 3, 4, 5])
  }
}

/// Numbers from a seed.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}

/// The command line finds everything there is.
@Suite struct PaletteTests {
  private func played(_ line: String, _ play: Play = Play(80, 24)) -> Play {
    var play = play
    play.type(":" + line)
    return play
  }

  @Test func theProblemIsOfferedAndAsked() {
    var play = played("appl")
    #expect(play.line?.found.first?.entry.line == "problem apples")
    #expect(play.line?.selectedRow == 0)
    play.press(.enter)
    #expect(play.state.popups.isEmpty)
    #expect(play.state.question == Question(ProblemLibrary.apples))
  }

  @Test func theModelIsOffered() {
    var play = played("base-0.9")
    #expect(play.line?.found.first?.entry.kind == .model)
    play.press(.enter)
    guard case .model(.load(let path))? = play.effects.last else {
      Issue.record("no model is opened")
      return
    }
    #expect(path == "Samples/Models/base-0.9m.gguf")
  }

  @Test func theRunIsOfferedAndShown() async throws {
    var play = Play(80, 24)
    for (number, name) in [(3, "self-consistency"), (4, "cot-decoding")] {
      play.send(.trace(try await Fixtures.records(of: name, number: number)))
    }
    play = played("3 self", play)
    #expect(play.line?.found.first?.entry.kind == .run)
    play.press(.enter)
    #expect(play.state.screen == .votes)
    #expect(play.state.votes.run == 3)
  }

  @MainActor @Test(.timeLimit(.minutes(10)))
  func aTokenAtTheCursorIsFoundAndTaken() async {
    let driver = Driver()
    await driver.start()
    let label = driver.state.decode.table?.rows[1].label ?? ""
    let token = driver.state.decode.table?.rows[1].token.id
    driver.type(":take \(label)")
    driver.press(.enter)
    await driver.settle()
    #expect(driver.state.decode.line.last?.token.id == token)
    await driver.finish()
  }

  @Test func everyKindIsFound() async throws {
    var play = Play(80, 24)
    play.send(.trace(try await Fixtures.records(of: "self-consistency", number: 3)))
    let kinds = Set(Palette(play.state).entries.map(\.kind))
    #expect(
      kinds.isSuperset(of: [
        .command, .screen, .setting, .strategy, .problem, .run, .session, .lesson, .theme, .model,
      ]))
  }

  /// What the palette offers, the command line understands.
  @Test func everyEntryIsACommand() async throws {
    var play = Play(80, 24)
    play.send(.trace(try await Fixtures.records(of: "self-consistency", number: 3)))
    for entry in Palette(play.state).entries where !entry.line.hasSuffix(" ") {
      #expect(throws: Never.self, "\(entry.line)") {
        try TypedCommand(parsing: entry.line, settings: play.state.commandSettings)
      }
    }
  }

  @Test func whatIsTypedExactlyWins() {
    var play = played("temperature 5")
    #expect(play.line?.selectedRow == nil)
    play.press(.enter)
    #expect(play.state.settings.temperature == 5)
    var quit = played("q")
    quit.press(.enter)
    #expect(quit.state.isQuitting)
  }

  @Test func downChoosesAndEnterDoesIt() {
    var play = played("light")
    #expect(play.line?.found.first?.entry.kind == .theme)
    play.press(.down)
    #expect(play.line?.field.text == "theme ponder-light")
    play.press(.up)
    #expect(play.line?.field.text == "light")
    play.press(.down, .enter)
    guard case .shell(.loadTheme(let name))? = play.effects.last else {
      Issue.record("no theme is loaded")
      return
    }
    #expect(name == "ponder-light")
  }

  @Test func whatMatchedIsLitAndTheKindIsSaid() {
    let play = played("appl")
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("problem"))
    let lit = Fixtures.draw(play.state).cells.filter { $0.style.attributes.contains(.underline) }
    #expect(lit.map(\.text).joined().contains("appl"))
    Snapshot.check(Fixtures.draw(play.state), named: "palette-80x24")
  }

  @Test func allValuesOfASettingAreOffered() {
    var play = played("early-stop")
    play.press(.tab)
    #expect(play.line?.field.text == "early-stop ")
    let offered = play.line?.completion.candidates.map(\.title)
    #expect(offered == ["off", "decided", "likely", "default"])
    for value in ["off", "decided", "likely", "default"] {
      play.press(.tab)
      #expect(play.line?.field.text == "early-stop \(value)")
      #expect(play.line?.completion.candidates.count == 4)
    }
  }

  @Test func aClickOnARowChoosesItAndASecondDoesIt() throws {
    var play = played("appl")
    let list = try #require(play.line?.list(play.state))
    let point = Point(x: list.rows.x + 3, y: list.rows.y)
    play.send(.mouse(MouseEvent(.press(.left), at: point)))
    #expect(play.state.question == Question(ProblemLibrary.apples) || play.line != nil)
    if play.line != nil { play.send(.mouse(MouseEvent(.press(.left), at: point))) }
    #expect(play.state.question == Question(ProblemLibrary.apples))
  }

  // MARK: Popups

  @Test(arguments: ["p", "s", "m", "L", "O", "C", "?", ":"])
  func aClickOutsideAPopupClosesIt(key: String) {
    var play = Play(200, 60)
    play.type(key)
    #expect(play.state.popups.count == 1)
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 0, y: 0))))
    #expect(play.state.popups.isEmpty)
  }

  @Test func aClickOutsideClosesAPopupWhateverItsPage() {
    var play = Play(200, 60)
    play.type("p")
    play.press(.down, .enter, .tab)
    play.type("x")
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 0, y: 0))))
    #expect(play.state.popups.isEmpty)
    play.type("s")
    play.press(.enter)
    #expect(play.settings?.field != nil)
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 0, y: 0))))
    #expect(play.state.popups.isEmpty)
  }

  @Test func aClickOutsideTheThemesBringsTheOldOneBack() {
    var play = Play(200, 60)
    play.type("C")
    play.press(.down)
    play.send(.shell(.theme("ponder-light", .done(()))))
    play.effects = []
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 0, y: 0))))
    guard case .shell(.loadTheme("ponder-dark"))? = play.effects.first else {
      Issue.record("the old theme does not come back")
      return
    }
  }

  // MARK: Pasted text

  @Test func aPastedControlCharacterIsNeitherAKeyNorText() {
    let pasted = "a\u{03}b\u{1B}[A\u{04}\r\nc\td\u{7F}\u{85}"
    #expect(PastedText.line(pasted) == "ab[A c d")
    var play = Play(80, 24)
    play.type(":question ")
    play.send(.paste(pasted))
    #expect(play.line?.field.text == "question ab[A c d")
    #expect(!play.state.isQuitting)
    play.press(.escape)
    play.state.decode.insertion = TextField()
    play.send(.paste(pasted))
    #expect(play.state.decode.insertion?.text == "ab[A\nc\td")
  }
}
