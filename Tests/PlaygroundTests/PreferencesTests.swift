import Foundation
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

@Suite struct ConfigFileTests {
  private static let text = """
    # what I like
    theme = ponder-light   # easy on the eyes

    samples=20
      temperature =  0.3
    key.votes.run = #
    """

  @Test func linesAreNamesAndValues() {
    let file = ConfigFile(Self.text)
    #expect(
      file.entries.map { "\($0.line) \($0.name) \($0.value)" }
        == ["2 theme ponder-light", "4 samples 20", "5 temperature 0.3", "6 key.votes.run #"])
    #expect(file.unreadable.isEmpty)
    #expect(ConfigFile("samples\n\n# x = 1\n= 3\ntheme =\n").unreadable == [1, 4, 5])
  }

  @Test func aChangeLeavesEverythingElseAsItIs() {
    var file = ConfigFile(Self.text)
    file.set("theme", to: "nord")
    file.set("seed", to: "7")
    file.set("samples", to: nil)
    #expect(
      file.text == """
        # what I like
        theme = nord  # easy on the eyes

          temperature =  0.3
        key.votes.run = #
        seed = 7

        """)
  }

  /// Whatever is written is read back, and the rest of the file stays.
  @Test(arguments: 0..<100)
  func whatIsSetIsRead(seed: UInt64) {
    var random = SeededRandom(state: seed)
    let names = ["theme", "model", "samples", "key.votes.run"]
    let values = ["a", "#", "0.3", "x = y", "~/a b.gguf", "Ctrl-R Space"]
    var file = ConfigFile(Self.text)
    var wanted: [String: String] = [:]
    for entry in file.entries { wanted[entry.name] = entry.value }
    for _ in 0..<12 {
      guard let name = names.randomElement(using: &random) else { return }
      let value = Bool.random(using: &random) ? values.randomElement(using: &random) : nil
      file.set(name, to: value)
      wanted[name] = value
      let read = ConfigFile(file.text)
      #expect(read == file)
      #expect(read.text.contains("# what I like"))
      for name in names + ["temperature"] { #expect(read[name] == wanted[name]) }
    }
  }
}

@Suite struct PreferencesTests {
  private func preferences(_ text: String) -> Preferences { Preferences(ConfigFile(text)) }

  @Test func whatIsPreferredIsReadByTheTableOfSettings() {
    let known = preferences("theme = nord\nmodel = 0.9m\nsamples = 20\nearly-stop = likely\n")
    #expect(known.problems.isEmpty)
    #expect(known.theme == "nord")
    #expect(known.model == "0.9m")
    var settings = RunSettings()
    settings.samples = 3
    known.apply(to: &settings) { $0 == .samples }
    #expect(settings.samples == 3, "the command line wins")
    #expect(settings.earlyStop == .likely)
  }

  @Test(arguments: [
    ("smaples = 20", "line 1: there is no setting “smaples”; did you mean samples?"),
    ("\nsamples = many", "line 2: samples must be a whole number from 1 to 1000000, not “many”"),
    ("theme", "line 1: write name = value"),
    ("seed = 1\nseed = 2", "line 2: seed stands in line 1 as well"),
    ("key.vote.run = v", "line 1: there is no screen “vote”; did you mean votes?"),
    ("key.votes.runn = v", "line 1: votes has no command “runn”; did you mean run?"),
    ("key.votes.run = Hyper", "line 1: there is no key “Hyper”; write v, Space, Ctrl-R, F5 or Up"),
    ("key.votes = v", "line 1: write key.SCREEN.COMMAND, such as key.votes.run"),
    (
      "key.votes.run = v\nkey.votes.compare = v",
      "line 2: key.votes.run in line 1 has that key as well"
    ),
  ])
  func whatIsWrongIsToldWithItsLine(text: String, problem: String) {
    #expect(preferences(text).problems == [problem])
  }

  @Test func problemsAreToldOnceAndAreNotFatal() {
    var play = Play(80, 24)
    play.state.prefer(preferences("smaples = 20\nx = 3\nsamples = 7"))
    #expect(
      play.state.message?.text
        == "The config file: line 1: there is no setting “smaples”; did you mean samples?; "
        + "and 1 more (ponder config lists them).")
    play.press(.down)
    #expect(play.state.message == nil)
  }

  // MARK: Keys

  @Test func anotherKeyDoesItAndIsShown() {
    var play = Play(80, 24)
    play.state.prefer(preferences("key.votes.run = x F5"))
    play.type("3x")
    #expect(play.state.activities.count == 1)
    #expect(play.state.hints.first.map { "\($0.key) \($0.label)" } == "x stop")
    play.type("?")
    #expect(Fixtures.draw(play.state).textSnapshot().contains("x F5"))
  }

  @Test func aKeyThatIsGivenAwayDoesNothingElseThere() {
    var play = Play(80, 24)
    play.state.prefer(preferences("key.votes.run = w"))
    let bindings = play.state.keyMap.bindings[.screen(.votes)] ?? []
    let keys = bindings.flatMap(\.keys)
    #expect(Set(keys).count == keys.count)
    #expect(
      play.state.keyMap.command(for: "w", in: [.screen(.votes)]) == .run)
    #expect(play.state.keyMap.command(for: " ", in: [.screen(.votes)]) == nil)
  }

  @Test func everyCommandHasANameOfItsOwn() {
    for (_, context) in KeyMap.standard.rebindable {
      let names = (KeyMap.standard.bindings[context] ?? []).map(\.command.name)
      #expect(Set(names).count == names.count, "\(names)")
      for name in names { #expect(!name.contains { $0.isWhitespace || "()=#.".contains($0) }) }
    }
    let names = Preferences.commands.map(\.name)
    #expect(names.contains("key.votes.run"))
    #expect(names.contains("key.everywhere.temperature-1"))
    #expect(names.contains("key.decode.hop+1"))
  }

  /// What help shows of a key is what the file takes for it.
  @Test func everyKeyIsReadBackByItsName() {
    for binding in KeyMap.standard.bindings.values.flatMap({ $0 }) {
      for key in binding.keys { #expect(KeyEvent(named: key.description) == key) }
    }
    #expect(KeyEvent(named: "ctrl-R") == .control("r"))
    #expect(KeyEvent(named: "Up") == .up)
    #expect(KeyEvent(named: "nothing") == nil)
  }

  // MARK: Keeping

  private func kept(_ play: Play) -> [String] {
    play.effects.compactMap { effect in
      if case .config(.keep(let name, let value, _)) = effect {
        "\(name)=\(value ?? "nothing")"
      } else {
        nil
      }
    }
  }

  @Test func aThemeThatIsChosenIsKeptAndOneThatIsLookedAtIsNot() {
    var play = Play(80, 24)
    play.type("C")
    play.press(.down)
    play.send(.shell(.theme("ponder-light", .done(()))))
    #expect(kept(play).isEmpty)
    play.press(.enter)
    #expect(kept(play) == ["theme=ponder-light"])
    play.effects = []
    play.type("c")
    #expect(kept(play).isEmpty)
    play.send(.shell(.theme("ponder-monochrome", .done(()))))
    #expect(kept(play) == ["theme=ponder-monochrome"])
  }

  @Test func aThemeThatCannotBeReadIsNotKept() {
    var play = Play(80, 24)
    play.type("c")
    play.send(.shell(.theme("ponder-light", .failed("no"))))
    #expect(kept(play).isEmpty)
  }

  @Test func aSettingIsKeptAsItIs() {
    var play = Play(80, 24)
    play.state.settings.samples = 20
    play.type(":set-default samples")
    play.press(.enter)
    #expect(kept(play) == ["samples=20"])
    play.send(.config(.kept("samples", "20", isAsked: true, .done("/home/me/config"))))
    #expect(
      play.state.message?.text
        == "Ponder starts with samples = 20 from now on (/home/me/config).")
    play.effects = []
    play.state.settings.samples = nil
    play.type(":set-default samples")
    play.press(.enter)
    #expect(kept(play) == ["samples=nothing"])
    play.type(":set-default smaples")
    play.press(.enter)
    #expect(play.line?.error == "there is no setting “smaples”; did you mean samples?")
  }

  @Test(.timeLimit(.minutes(10))) func theFileIsWrittenWholeWithItsComments() async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "config-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let real = folder.appending(path: "dotfiles/config")
    let link = folder.appending(path: "ponder/config")
    for file in [real, link] {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    }
    try "# mine\ntheme = nord\n".write(to: real, atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: real)
    let inbox = ActionInbox()
    let worker = ConfigWorker(
      Workbench(
        PlaygroundSession.Configuration(
          opener: TemperedOpener(temper: Temper()), prompts: PromptLibrary(directory: ""),
          keep: nil, config: link), inbox: inbox))
    for number in 1...9 { worker.perform(.keep("samples", "\(number)", isAsked: false)) }
    worker.perform(.keep("theme", "ponder-light", isAsked: false))
    await worker.allEnded()
    #expect(
      try String(contentsOf: real, encoding: .utf8).hasPrefix("# mine\ntheme = ponder-light\n"))
    #expect(ConfigFile(try String(contentsOf: link, encoding: .utf8))["samples"] == "9")
    let type = try FileManager.default.attributesOfItem(atPath: link.path)[.type]
    #expect(type as? FileAttributeType == .typeSymbolicLink)
  }
}
