public import TerminalUI

/// Where a key is pressed; a key means the same wherever its context applies.
public enum KeyContext: Sendable, Hashable, CaseIterable {
  case global, decode, branches, votes, tree, verify, search, steps, scale, compare
  /// What lies over a screen.
  case lesson, guess, list, help, settings, value, commandLine, problems, question, template,
    family, models

  public var title: String {
    switch self {
    case .global: "Everywhere"
    case .decode: "Decode"
    case .branches: "Branches"
    case .votes: "Votes"
    case .tree: "Tree"
    case .verify: "Verify"
    case .search: "Search"
    case .steps: "Steps"
    case .scale: "Scale"
    case .compare: "Comparing two paths"
    case .lesson: "In a lesson"
    case .guess: "Guessing the next token"
    case .list: "Lists"
    case .help: "This help"
    case .settings: "Settings"
    case .value: "Typing a value"
    case .commandLine: "Command line"
    case .problems: "Choosing a problem"
    case .question: "Typing a question"
    case .template: "Filling in a template"
    case .family: "Choosing within the model family"
    case .models: "Choosing a model"
    }
  }
}

/// One line of the key map: keys, what they do, and how help tells it.
public struct KeyBinding: Sendable, Hashable {
  public var keys: [KeyEvent]
  public var command: Command
  /// What it does, for the help overlay.
  public var help: String
  /// A word for the hint line; nil keeps it out.
  public var hint: String?

  init(_ keys: [KeyEvent], _ command: Command, _ help: String, hint: String? = nil) {
    self.keys = keys
    self.command = command
    self.help = help
    self.hint = hint
  }
}

/// Which key does what. Help and hint lines are made from it, so they cannot be wrong.
public struct KeyMap: Sendable {
  public var bindings: [KeyContext: [KeyBinding]]

  public func command(for key: KeyEvent, in contexts: [KeyContext]) -> Command? {
    for context in contexts {
      if let binding = bindings[context]?.first(where: { $0.keys.contains(key) }) {
        return binding.command
      }
    }
    return nil
  }

  /// Keys with their hint words, of the first contexts first. Each is shown by its first key that
  /// means nothing else nearer by.
  public func hints(
    in contexts: [KeyContext]
  ) -> [(key: String, word: String, command: Command)] {
    var taken: Set<KeyEvent> = []
    var hints: [(key: String, word: String, command: Command)] = []
    for context in contexts {
      let bindings = bindings[context] ?? []
      for binding in bindings {
        let key = binding.keys.first { !taken.contains($0) }
        if let hint = binding.hint, let key {
          hints.append((key.description, hint, binding.command))
        }
      }
      taken.formUnion(bindings.flatMap(\.keys))
    }
    return hints
  }
}

extension KeyMap {
  public static let standard = KeyMap(
    bindings: [
      .global: global, .decode: decode, .branches: branches, .votes: votes, .tree: tree,
      .verify: verify, .search: search, .steps: steps, .scale: scale, .compare: compare,
    ].merging(popups) { screen, _ in screen }
      .merging(
        [.decode, .branches, .votes, .tree, .verify, .search].map { ($0, [openSteps]) },
        uniquingKeysWith: +))

  static func key(_ character: Character) -> KeyEvent { KeyEvent(character) }

  private static let global: [KeyBinding] =
    ScreenID.allCases.map { screen in
      KeyBinding(
        [KeyEvent(Character(String(screen.rawValue)))], .screen(screen),
        "show \(screen.title)")
    } + [
      KeyBinding([KeyEvent(.tab)], .nextScreen, "next screen"),
      KeyBinding([KeyEvent(.tab, .shift)], .previousScreen, "previous screen"),
      KeyBinding(
        [key("?"), KeyEvent(.function(1))], .help, "show or hide these keys", hint: "keys"),
      KeyBinding([key(":")], .commandLine, "type a command"),
      KeyBinding([key("p")], .pickProblem, "choose or type a question", hint: "problem"),
      KeyBinding([key("s")], .openSettings, "settings"),
      KeyBinding([key("m")], .openModels, "choose a model"),
      KeyBinding([key("M")], .nextSize, "the next size of the model's family"),
      KeyBinding([key("<")], .checkpoint(-1), "the model at an earlier checkpoint"),
      KeyBinding([key(">")], .checkpoint(1), "the model at a later checkpoint"),
      KeyBinding([key("B")], .nextStage, "base model, or the one that thinks in tags"),
      KeyBinding([key("L")], .openLessons, "lessons"),
      KeyBinding([key("O")], .openSessions, "open a saved session"),
      KeyBinding([key("c")], .nextTheme, "next theme"),
      KeyBinding([key("C")], .openThemes, "choose a theme"),
      KeyBinding([key("t")], .temperature(-1), "lower the temperature by 0.1"),
      KeyBinding([key("T")], .temperature(1), "raise the temperature by 0.1"),
      KeyBinding([KeyEvent(.escape)], .dismiss, "close what is on top, or stop what runs"),
      KeyBinding([KeyEvent(.character("z"), .control)], .suspend, "suspend to the shell"),
      KeyBinding(
        [key("q"), KeyEvent(.character("c"), .control)], .quit, "save and quit", hint: "quit"),
    ]

  private static let decode: [KeyBinding] = [
    KeyBinding(
      [KeyEvent(.right), key("l"), KeyEvent(.enter)], .take, "take the selected token",
      hint: "take"),
    KeyBinding(
      [KeyEvent(.left), key("h"), KeyEvent(.backspace), key("u")], .undo, "undo: back one token",
      hint: "undo"),
    KeyBinding([key("r"), KeyEvent(.character("r"), .control)], .redo, "redo", hint: "redo"),
    KeyBinding([key(" ")], .streamOrStop, "go on sampling; again to stop", hint: "run"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous candidate"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next candidate"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "back to the prompt's end"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "to the end of this line"),
    KeyBinding([key("f")], .markFork, "mark a fork here", hint: "fork"),
    KeyBinding([key("]"), key("n")], .nextFork, "next fork or line's end"),
    KeyBinding([key("["), key("N")], .previousFork, "previous fork or line's end"),
    KeyBinding([key("i")], .insertText, "put in any text", hint: "insert"),
    KeyBinding([key("/")], .findToken, "find any token, and take it", hint: "find"),
    KeyBinding([key("a")], .answerNow, "ask for the answer now", hint: "answer"),
    KeyBinding(
      [key("w")], .wait, "put \"Wait,\" in: budget forcing at the cursor", hint: "wait"),
    KeyBinding(
      [key("e")], .cycleHeat, "heat shows probability, entropy, margin, nothing", hint: "heat"),
    KeyBinding([key("x")], .nextKnob, "next setting: T, top-k, top-p, min-p"),
    KeyBinding([key("-")], .turnKnob(-1), "turn that setting down", hint: "setting"),
    KeyBinding([key("+"), key("=")], .turnKnob(1), "turn that setting up"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "scroll the text up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "scroll the text down"),
  ]

  private static let branches: [KeyBinding] = [
    KeyBinding([key(" "), key("r")], .run, "grow the branches; again to stop", hint: "grow"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous branch"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next branch"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first branch"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last branch"),
    KeyBinding(
      [KeyEvent(.enter), KeyEvent(.right), key("l")], .openInDecode, "open the branch in Decode",
      hint: "open"),
    KeyBinding(
      [key("v")], .compare, "mark a branch; on a second one, compare the two", hint: "compare"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "scroll the branch's text up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "scroll the branch's text down"),
  ]

  private static let votes: [KeyBinding] = [
    KeyBinding(
      [key(" ")], .run, "sample and vote; again to stop, and to go on", hint: "vote"),
    KeyBinding([key("+"), key("=")], .moreSamples, "20 more samples", hint: "more"),
    KeyBinding(
      [key("w")], .cycleWeighting, "weigh the same samples otherwise", hint: "weight"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous answer or path"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next answer or path"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last"),
    KeyBinding(
      [KeyEvent(.enter), KeyEvent(.right), key("l")], .activate,
      "the answer's paths; then open a path in Decode", hint: "open"),
    KeyBinding([KeyEvent(.left), key("h"), KeyEvent(.backspace)], .back, "back to the answers"),
    KeyBinding(
      [key("o")], .openParting, "open the fork where the answer leaves the others in Decode",
      hint: "fork"),
    KeyBinding([key("v")], .compare, "mark a path; on a second one, compare the two"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "scroll the path's text up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "scroll the path's text down"),
    KeyBinding([key("r")], .runAnew, "vote anew from the first sample"),
  ]

  private static let compare: [KeyBinding] = [
    KeyBinding([KeyEvent(.up), key("k")], .up, "scroll up"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "scroll down"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "scroll a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "scroll a page down"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "back to the parting"),
    KeyBinding(
      [KeyEvent(.enter)], .openInDecode, "open the parting token in Decode", hint: "open"),
    KeyBinding(
      [KeyEvent(.escape), KeyEvent(.left), key("h"), key("v")], .back, "close", hint: "close"),
  ]
}
