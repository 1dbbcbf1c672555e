import Decoding
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct PopupTests {
  // MARK: Settings

  @Test func everySettingRoundTripsThroughItsText() throws {
    for setting in SettingTable.standard {
      var settings = RunSettings()
      #expect(setting.isDefault(settings))
      setting.step(&settings, by: 1)
      setting.step(&settings, by: -1)
      setting.step(&settings, by: -1)
      let text = setting.text(of: settings)
      guard text != "each strategy's own" else { continue }
      var other = RunSettings()
      try setting.set(text, in: &other)
      #expect(setting.text(of: other) == text)
      try setting.set("default", in: &other)
      #expect(other == RunSettings())
    }
  }

  /// Every setting that any strategy heeds has its row, and only those.
  @Test func thePanelHasEverySetting() {
    let rows = SettingsState.Row.all(.standard).compactMap { row in
      if case .setting(let setting) = row { setting } else { nil }
    }
    #expect(Set(rows) == Set(SettingTable.standard))
    #expect(rows.count == Set(rows).count)
    let heeded = StrategyRegistry.all.flatMap { $0.description.settings }
    #expect(Set(heeded).isSubset(of: rows))
  }

  @Test func stepsUpThenDownComeBack() {
    for setting in SettingTable.standard {
      var settings = RunSettings()
      for _ in 0..<3 { setting.step(&settings, by: -1) }
      let before = setting.text(of: settings)
      setting.step(&settings, by: 1)
      guard setting.text(of: settings) != before else { continue }
      setting.step(&settings, by: -1)
      #expect(setting.text(of: settings) == before)
    }
  }

  @Test(arguments: [
    (Setting.temperature, "-1"), (.temperature, "nan"), (.topK, "0"),
    (.topP, "1.5"), (.minP, "-0.1"), (.samples, "0"), (.branches, "x"), (.seed, "-3"),
    (.aggregate, "median"), (.verifier, "gold"), (.vote, "x"), (.rationales, "0"),
    (.weighting, "mode"), (.maxTokens, "1e9"), (.thinkingBudget, "-1"),
    (.lookahead, "-1"), (.exploration, "x"), (.leaves, "0"),
    (.waits, "101"), (.prompting, ""),
    (.waits, "101"), (.answerOverTime, "1"), (.earlyStop, "x"),
    (.passages, "0"), (.corpus, ""), (.with, ""), (.combine, "x"), (.system, ""),
    (.thinking, "maybe"), (.template, "x"), (.template, ""),
  ])
  func badValueIsRefusedInOneLine(setting: Setting, value: String) {
    var settings = RunSettings()
    let error = #expect(throws: SettingError.self) { try setting.set(value, in: &settings) }
    #expect(error?.description.hasPrefix(setting.name) == true)
    #expect(error?.description.contains("\n") == false)
    #expect(settings == RunSettings())
  }

  @Test func panelChangesTakeEffectAtOnce() {
    var play = Play(80, 24)
    play.type("s")
    play.press(.right)
    #expect(play.state.settings.temperature == 0.8)
    play.type("d")
    #expect(play.state.settings.temperature == nil)
    play.press(.enter)
    play.type("1x")
    play.press(.enter)
    #expect(play.settings?.error == "temperature must be a number from 0 to 1000, not “1x”")
    play.press(.backspace, .enter)
    #expect(play.state.settings.temperature == 1)
    #expect(play.settings?.field == nil)
    play.press(.down, .left)
    #expect(play.state.settings.topK == 160)
    play.press(.escape)
    #expect(play.state.popups.isEmpty)
  }

  @Test func panelShowsEverySetting() {
    let rows = SettingsState.Row.all(.standard)
    for setting in SettingTable.standard {
      #expect(rows.contains(.setting(setting)))
    }
  }

  // MARK: Help

  @Test func helpListsEveryBinding() {
    let keyMap = KeyMap.standard
    let text = HelpText(keyMap, contexts: [.screen(.votes), .global], width: 90)
    #expect(text.lines.first == .heading("Votes"))
    let helps = text.lines.compactMap { line in
      if case .binding(_, let help) = line { help } else { nil }
    }.joined(separator: " ")
    for context in keyMap.contexts {
      for binding in keyMap.bindings[context] ?? [] { #expect(helps.contains(binding.help)) }
    }
  }

  @Test func hintsNameKeysThatDoWhatTheySay() {
    let keyMap = KeyMap.standard
    let contexts: [KeyContext] = [.lesson, .screen(.branches), .global]
    for hint in keyMap.hints(in: contexts) {
      let key = keyMap.bindings.values.joined().flatMap(\.keys)
        .first { $0.description == hint.key }
      #expect(key.flatMap { keyMap.command(for: $0, in: contexts) } == hint.command)
    }
    #expect(keyMap.hints(in: contexts).filter { $0.key == "Enter" }.map(\.word) == ["go on"])
  }

  @Test func everyContextHasKeysAndTitle() {
    let contexts = KeyMap.standard.contexts
    for context in contexts {
      #expect(KeyMap.standard.bindings[context]?.isEmpty == false)
    }
    #expect(Set(contexts.map(\.title)).count == contexts.count)
  }

  @Test func noKeyMeansTwoThingsInOneContext() {
    for (context, bindings) in KeyMap.standard.bindings {
      let keys = bindings.flatMap(\.keys)
      #expect(Set(keys).count == keys.count, "\(context)")
    }
  }

  @Test func noScreenTakesAKeyFromEverywhere() {
    let keyMap = KeyMap.standard
    let global = Set(keyMap.bindings[.global]?.flatMap(\.keys) ?? [])
    for context in ScreenID.allCases.map(KeyContext.screen) {
      let own = keyMap.bindings[context]?.flatMap(\.keys) ?? []
      #expect(global.isDisjoint(with: own), "\(context.title)")
    }
  }

  @Test func helpScrollsToItsEndAndNoFurther() {
    var play = Play(80, 24)
    play.type("?")
    for _ in 0..<900 { play.press(.down) }
    guard let help = play.state.popups.last as? HelpPopup else {
      Issue.record("no help")
      return
    }
    let (scroll, rows) = (help.scroll, help.text(play.state).rows)
    #expect(scroll == rows - HelpPopup.inside(play.state.size).height)
    play.press(.up)
    play.type("g")
    guard (play.state.popups.last as? HelpPopup)?.scroll == 0 else {
      Issue.record("not at the top")
      return
    }
    play.type("?")
    #expect(play.state.popups.isEmpty)
  }

  @Test func helpOverAPopupTellsThatPopupsKeysFirst() {
    var play = Play(80, 24)
    play.type("s")
    play.type("?")
    #expect(
      (play.state.popups.last as? HelpPopup)?.text(play.state).lines.first == .heading("Settings"))
    play.press(.escape)
    #expect(play.settings != nil)
    // Where text is typed, ? is text and F1 is help.
    play.press(.enter)
    play.type("?")
    #expect(play.settings?.field?.text == "?")
    play.press(KeyEvent(.function(1)))
    #expect(
      (play.state.popups.last as? HelpPopup)?.text(play.state).lines.first
        == .heading("Typing a value"))
  }

  // MARK: Problems

  @Test func emblemIsAskedAnew() {
    var play = Play(80, 24)
    play.state.screen = .votes
    play.state.votes.run = 1
    play.state.activities[1] = Activity(strategy: "self-consistency", paths: 40)
    play.type("p")
    #expect(play.picker?.selectedRow == .emblem)
    play.press(.enter)
    #expect(play.state.popups.isEmpty)
    #expect(play.state.question == Question(ProblemLibrary.apples))
    #expect(play.state.shownRuns.isEmpty)
    let kinds = play.effects.map { effect in
      switch effect {
      case .run(.cancel(let run)): "cancel \(run)"
      case .decode(.explore(let run, let question, _)): "begin \(run) \(question.problem ?? "")"
      default: "other"
      }
    }
    #expect(kinds == ["cancel 1", "begin 2 apples"])
  }

  @Test func filterNarrowsAndOwnQuestionStays() {
    var play = Play(80, 24)
    play.type("pcoin")
    #expect(play.picker?.rows.compactMap(\.family) == ["coin"])
    #expect(play.picker?.rows.last == .own)
    play.press(.down, .enter)
    play.type(" flips?")
    #expect(play.state.popups.count == 1)
    play.press(.tab)
    play.type("yes")
    play.press(.enter)
    #expect(play.state.question == Question(text: "coin flips?", gold: "yes", kind: .yesNo))
    #expect(play.state.message?.kind == .warning, "the bundled model does not know this form")
  }

  @Test func questionOfAKnownFormIsAskedWithoutWarning() {
    var play = Play(80, 24)
    play.type("p")
    play.press(.pageDown, .pageDown, .pageDown, .enter)
    play.type(
      "I have 4 pears, my aunt has 5 more pears than me. How many pears do we have in total")
    #expect(!play.text.contains("The bundled model was trained"))
    play.press(.enter)
    #expect(play.state.message == nil)
    #expect(play.state.question.gold == nil)
  }

  @Test func familyListsTemplatesThenProblemsOfEveryLevel() throws {
    var play = Play(80, 24)
    play.type("pstory")
    play.press(.enter)
    let rows = try #require(play.picker?.rows)
    let levels = Set(rows.compactMap(\.problem?.level))
    #expect(levels == Set(try ProblemLibrary.family("story").levels))
    guard case .template = rows.first else {
      Issue.record("no template")
      return
    }
    // Every problem listed can be asked again by its id.
    for problem in rows.compactMap(\.problem) {
      #expect(try ProblemLibrary.problem(id: problem.id) == problem)
    }
    play.press(KeyEvent(.character("n"), .control))
    #expect(play.picker?.rows.compactMap(\.problem) != rows.compactMap(\.problem))
    play.press(.escape)
    #expect(play.picker?.contexts == [.problems])
    #expect(play.picker?.selectedRow?.family == "story")
  }

  @Test func solutionIsShownOnRequestOnly() {
    var play = Play(80, 24)
    play.type("p")
    #expect(!play.text.contains("3 + 5 = 8"))
    play.press(.right)
    #expect(play.text.contains("3 + 5 = 8"))
    play.press(.down, .up)
    #expect(!play.text.contains("3 + 5 = 8"))
  }

  @Test func templateComputesItsAnswer() {
    var play = Play(80, 24)
    play.type("p")
    play.press(.tab)
    #expect(play.text.contains("answer 8"))
    play.press(.backspace)
    #expect(play.text.contains("cannot be"))
    play.press(.enter)
    #expect(play.picker != nil, "a template that does not fit is not asked")
    play.type("7")
    #expect(play.text.contains("answer 16"))
    // What is typed first takes the place of what a field held.
    play.press(KeyEvent(.tab, .shift), KeyEvent(.tab))
    play.type("7")
    #expect(play.text.contains("answer 16"))
    play.press(.tab, .right)
    #expect(play.text.contains("my mom has"))
    play.press(.enter)
    #expect(play.state.popups.isEmpty)
    #expect(play.state.question.gold == "16")
    #expect(play.state.question.family == "compare")
  }

  // MARK: Models, themes, sessions

  @Test func modelIsOpenedAndItsErrorShownInPlace() {
    var play = Play(80, 24)
    play.type("m")
    play.press(.down, .enter)
    #expect(play.models?.wanted == "Samples/Models/base-0.9m.gguf")
    play.send(
      .model(.failed(name: "base-0.9m", why: "base-0.9m.gguf is cut short; download it again.")))
    #expect(play.text.contains("is cut short"))
    play.type("x/")
    #expect(play.models?.isTyping == true)
    play.send(.file(.listed("x/", .done(["x/one.gguf", "x/two.gguf"]))))
    play.press(.down, .enter)
    guard case .model(.load("x/two.gguf")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
    play.send(.model(.ready(Fixtures.summary, Fixtures.model.vocabulary)))
    #expect(play.state.popups.isEmpty, "the switcher closes when its model is there")
  }

  @Test func tabCompletesAsFarAsFilesAgree() {
    var play = Play(80, 24)
    play.type("ma")
    play.send(.file(.listed("a", .done(["alpha-1.gguf", "alpha-2.gguf"]))))
    play.press(.tab)
    #expect(play.models?.field.text == "alpha-")
  }

  @Test func themeIsTriedAndTakenBack() {
    var play = Play(80, 24)
    play.type("C")
    play.press(.down)
    guard case .shell(.loadTheme("ponder-light")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
    play.send(.shell(.theme("ponder-light", .done(()))))
    play.press(.escape)
    guard case .shell(.loadTheme("ponder-dark")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
  }

  @Test func sessionIsOpened() {
    var play = Play(80, 24)
    play.type("O")
    play.press(.down, .enter)
    guard case .file(.open("sessions/2026-11-20.jsonl")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
    #expect(play.state.popups.isEmpty)
  }

  // MARK: Mouse

  @Test func clickSelectsThenChoosesAndOutsideCloses() throws {
    var play = Play(80, 24)
    play.type("O")
    let list = try #require(play.state.popups.last?.list(play.state))
    let second = Point(x: list.rows.x + 3, y: list.rows.y + 1)
    let before = play.effects.count
    play.send(.mouse(MouseEvent(.press(.left), at: second)))
    #expect(play.effects.count == before)
    play.send(.mouse(MouseEvent(.press(.left), at: second)))
    guard case .file(.open("sessions/2026-11-20.jsonl")) = play.effects.last else {
      Issue.record("\(play.effects)")
      return
    }
    play.type("s")
    play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 0, y: 12))))
    #expect(play.state.popups.isEmpty)
  }

  @Test func quittingStopsWhatRuns() {
    var play = Play(80, 24)
    play.state.activities[3] = Activity(strategy: "self-consistency", paths: 40)
    play.state.decode.isStreaming = true
    play.type("q")
    let kinds = play.effects.map { effect in
      switch effect {
      case .run(.cancel(3)): "cancel"
      case .decode(.stopStream): "stop"
      case .shell(.quit): "quit"
      default: "other"
      }
    }
    #expect(kinds == ["cancel", "stop", "quit"])
    #expect(play.state.isQuitting)
  }
}

extension Play {
  /// What is on screen.
  var text: String { Fixtures.draw(state).textSnapshot() }
}
