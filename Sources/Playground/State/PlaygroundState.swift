import Decoding
public import Problems
import Reasoning
public import TerminalUI
public import Traces

/// Everything the playground shows: what all screens share, the screens, and what lies over them.
/// Changed only by the `Reducer`, read only by the views.
@dynamicMemberLookup
public struct PlaygroundState: Sendable {
  var session: SessionState
  /// In the order of the tabs. Each holds its own state.
  var screens: [any Screen]
  /// What lies over the screens, topmost last.
  var popups: [any Popup] = []
  var isQuitting = false
  /// A strategy that runs as soon as there is a model.
  public var strategyAtStart: String?
  /// How that puts its question; nil as the settings say.
  var promptingAtStart: String?
  /// What was typed on the command line, oldest first.
  var commandHistory: [String] = []

  public init(
    size: Size, question: Question, settings: RunSettings, catalog: Catalog = Catalog(),
    themeName: String = "ponder-dark", screens: ScreenList = .standard
  ) {
    session = SessionState(
      size: size, screens: screens, question: question, settings: settings, catalog: catalog,
      themeName: themeName, keyMap: KeyMap(screens))
    self.screens = screens.types.map { $0.init() }
  }

  public subscript<Value>(dynamicMember path: KeyPath<SessionState, Value>) -> Value {
    session[keyPath: path]
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<SessionState, Value>) -> Value {
    get { session[keyPath: path] }
    set { session[keyPath: path] = newValue }
  }

  /// A screen's own state, by its type; a blank one where the list does not have it.
  subscript<Kind: Screen>(_ kind: Kind.Type) -> Kind {
    get { screens.lazy.compactMap { $0 as? Kind }.first ?? Kind() }
    set {
      guard let index = screens.firstIndex(where: { $0 is Kind }) else { return }
      screens[index] = newValue
    }
  }

  /// The place in the list of the screen that keys go to.
  var current: Int { screens.firstIndex { $0.id == session.screen } ?? 0 }

  /// Whether something is under way, so that rates and estimates move.
  var isAnimated: Bool {
    !session.activities.isEmpty || session.opening != nil || screens.contains { $0.work != nil }
  }

  /// Whether the tokens of a run come from work under way, not from a person's typing.
  func isAtWork(_ run: Int) -> Bool {
    if session.activities[session.trace.ensemble(of: run) ?? run] != nil { return true }
    return screens.contains { $0.work != nil }
  }

  /// The contexts in which a key is looked up, the nearest first.
  var contexts: [KeyContext] {
    if let popup = popups.last { return popup.contexts }
    let lesson: [KeyContext] = session.activeLesson == nil ? [] : [.lesson]
    let guess: [KeyContext] = session.isGuessing ? [.guess] : []
    return guess + lesson + screens[current].contexts + [.global]
  }
}
