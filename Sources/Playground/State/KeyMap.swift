public import TerminalUI

/// Where a key is pressed; a key means the same wherever its context applies.
public enum KeyContext: Sendable, Hashable {
  case global
  case screen(ScreenID)
  /// Two paths side by side, on whatever screen.
  case compare
  /// What lies over a screen.
  case lesson, guess, list, help, settings, value, commandLine, problems, question, template,
    family, models

  public var title: String {
    switch self {
    case .global: "Everywhere"
    case .screen(let screen): screen.title
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

  /// Bound on every screen that shows paths.
  static let openSteps = KeyBinding(
    [KeyEvent("S")], .openSteps, "go through the path step by step in Steps", hint: "steps")
}

/// Which key does what. Help and hint lines are made from it, so they cannot be wrong.
struct KeyMap: Sendable {
  var bindings: [KeyContext: [KeyBinding]]
  /// All contexts, in the order in which help lists them.
  let contexts: [KeyContext]

  /// - Parameter screens: each has keys of its own; the first nine have a number.
  init(_ screens: ScreenList) {
    contexts =
      [.global] + screens.ids.map { .screen($0) } + [.compare] + Self.popups.map(\.context)
    bindings = [.global: Self.numbers(screens.ids) + Self.global, .compare: Self.compare]
    for screen in screens.types { bindings[.screen(screen.id)] = screen.bindings }
    for (context, keys) in Self.popups { bindings[context] = keys }
  }

  public static let standard = KeyMap(.standard)

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
  static func key(_ character: Character) -> KeyEvent { KeyEvent(character) }

  private static func numbers(_ screens: [ScreenID]) -> [KeyBinding] {
    screens.prefix(9).enumerated().map { index, screen in
      KeyBinding([key(Character(String(index + 1)))], .screen(screen), "show \(screen.title)")
    }
  }

  private static let global: [KeyBinding] =
    [
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
