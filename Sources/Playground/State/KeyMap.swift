public import TerminalUI

/// Where a key is pressed; a key means the same wherever its context applies.
enum KeyContext: Sendable, Hashable {
  case global
  case screen(ScreenID)
  /// Two paths side by side, on whatever screen.
  case compare
  /// What lies over a screen.
  case lesson, guess, list, screens, training, help, helpSearch, settings, value, commandLine,
    problems, question,
    template, family, models, runs, sessions, deletion, name, unkept

  var title: String {
    switch self {
    case .global: "Everywhere"
    case .screen(let screen): screen.title
    case .compare: "Comparing two paths"
    case .lesson: "In a lesson"
    case .guess: "Guessing the next token"
    case .list: "Lists"
    case .screens: "Choosing a screen"
    case .training: "Choosing a training"
    case .help: "This help"
    case .helpSearch: "Searching in this help"
    case .settings: "Settings"
    case .value: "Typing a value"
    case .commandLine: "Command line"
    case .problems: "Choosing a problem"
    case .question: "Typing a question"
    case .template: "Filling in a template"
    case .family: "Choosing within the model family"
    case .models: "Choosing a model"
    case .sessions: "Choosing a session"
    case .deletion: "Deleting a session"
    case .name: "Typing a name"
    case .unkept: "Quitting while events are not on disk"
    case .runs: "Choosing a run"
    }
  }
}

/// One line of the key map: keys, what they do, and how help tells it.
struct KeyBinding: Sendable, Hashable {
  var keys: [KeyEvent]
  var command: Command
  /// What it does, for the help overlay.
  var help: String
  /// A word for the hint line; nil keeps it out.
  var hint: String?

  init(_ keys: [KeyEvent], _ command: Command, _ help: String, hint: String? = nil) {
    self.keys = keys
    self.command = command
    self.help = help
    self.hint = hint
  }

  /// Bound on every screen that shows paths.
  static let openSteps = KeyBinding(
    ["S"], .openSteps, "go through the path step by step in Steps", hint: "steps")
}

/// Which key does what. Help and hint lines are made from it, so they cannot be wrong.
struct KeyMap: Sendable {
  var bindings: [KeyContext: [KeyBinding]]
  /// All contexts, in the order in which help lists them.
  let contexts: [KeyContext]

  /// - Parameter screens: each has keys of its own; the first nine have a number.
  init(_ screens: ScreenList) {
    contexts = [.global] + screens.ids.map { .screen($0) } + [.compare] + Self.popups.map(\.context)
    bindings = [.global: Self.numbers(screens.ids) + Self.global, .compare: Self.compare]
    for screen in screens.types { bindings[.screen(screen.id)] = screen.bindings }
    for (context, keys) in Self.popups { bindings[context] = keys }
  }

  static let standard = KeyMap(.standard)

  func command(for key: KeyEvent, in contexts: [KeyContext]) -> Command? {
    for context in contexts {
      if let binding = bindings[context]?.first(where: { $0.keys.contains(key) }) {
        return binding.command
      }
    }
    return nil
  }

  /// The first key that does something in some contexts, as hints write it.
  func key(for command: Command, in contexts: [KeyContext]) -> String? {
    for context in contexts {
      for binding in bindings[context] ?? [] where binding.command == command {
        let key = binding.keys.first { self.command(for: $0, in: contexts) == command }
        if let key { return key.description }
      }
    }
    return nil
  }

  /// Keys with their hint words, of the first contexts first. Each is shown by its first key that
  /// means nothing else nearer by.
  func hints(in contexts: [KeyContext]) -> [(key: String, word: String, command: Command)] {
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

/// Keys as bindings write them: `["k", .up, .control("p")]`.
extension KeyEvent: ExpressibleByExtendedGraphemeClusterLiteral {
  public init(extendedGraphemeClusterLiteral character: Character) { self.init(character) }

  static let (up, down, left, right) = (Self(.up), Self(.down), Self(.left), Self(.right))
  static let (home, end, pageUp, pageDown) = (
    Self(.home), Self(.end), Self(.pageUp), Self(.pageDown)
  )
  static let (enter, escape, tab) = (Self(.enter), Self(.escape), Self(.tab))
  static let (backspace, delete) = (Self(.backspace), Self(.delete))
  static let shiftTab = Self(.tab, .shift)

  static func function(_ number: Int) -> KeyEvent { KeyEvent(.function(number)) }
  static func control(_ character: Character) -> KeyEvent {
    KeyEvent(.character(character), .control)
  }
}

extension KeyMap {
  private static func numbers(_ screens: [ScreenID]) -> [KeyBinding] {
    screens.prefix(9).enumerated().map { index, screen in
      KeyBinding([KeyEvent(Character(String(index + 1)))], .screen(screen), "show \(screen.title)")
    }
  }

  private static let global: [KeyBinding] =
    [
      KeyBinding([.tab], .nextScreen, "next screen that has something to show"),
      KeyBinding([.shiftTab], .previousScreen, "previous screen that has something to show"),
      KeyBinding(["g"], .openScreens, "all screens, each by its letter; gg goes to the top"),
      KeyBinding(["?", .function(1)], .help, "keys and symbols, to search in", hint: "keys"),
      KeyBinding([":"], .commandLine, "find or type a command", hint: "find"),
      KeyBinding(["]"], .goToRun(1), "next run"),
      KeyBinding(["["], .goToRun(-1), "previous run"),
      KeyBinding(["R"], .openRuns, "all runs of this session", hint: "runs"),
      KeyBinding(["p"], .pickProblem, "choose or type a question", hint: "problem"),
      KeyBinding(["s"], .openSettings, "settings"),
      KeyBinding(["m"], .openModels, "choose a model"),
      KeyBinding(["M"], .nextSize, "next size of the bundled model"),
      KeyBinding(["<"], .checkpoint(-1), "earlier checkpoint of the model"),
      KeyBinding([">"], .checkpoint(1), "later checkpoint of the model"),
      KeyBinding(["B"], .nextStage, "base model or thinking model"),
      KeyBinding(["L"], .openLessons, "lessons"),
      KeyBinding(["O"], .openSessions, "open a saved session"),
      KeyBinding(["c"], .nextTheme, "next theme"),
      KeyBinding(["C"], .openThemes, "choose a theme"),
      KeyBinding(["t"], .temperature(-1), "lower the temperature by 0.1"),
      KeyBinding(["T"], .temperature(1), "raise the temperature by 0.1"),
      KeyBinding([.escape], .dismiss, "close a popup, or stop what is running"),
      KeyBinding([.control("z")], .suspend, "suspend to the shell"),
      KeyBinding(["q"], .quit, "save and quit", hint: "quit"),
      KeyBinding([.control("c")], .interrupt, "stop what runs; quit when nothing does"),
    ]

  private static let compare: [KeyBinding] = [
    KeyBinding([.up, "k"], .up, "scroll up"), KeyBinding([.down, "j"], .down, "scroll down"),
    KeyBinding([.pageUp], .pageUp, "scroll a page up"),
    KeyBinding([.pageDown], .pageDown, "scroll a page down"),
    KeyBinding([.home], .top, "back to the fork"),
    KeyBinding([.enter], .openInDecode, "open the fork in Decode", hint: "open"),
    KeyBinding([.escape, .left, "h", "v"], .back, "close", hint: "close"),
  ]
}
