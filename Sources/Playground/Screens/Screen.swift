import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// A screen's name: what tabs, the command line and lessons call it.
public struct ScreenID: Sendable, Hashable {
  /// In lower case, one word, such as `votes`.
  public let name: String

  public init(_ name: String) { self.name = name }

  /// The name as a title, such as `Votes`.
  var title: String { name.prefix(1).uppercased() + name.dropFirst() }
}

/// One screen of the playground: its state, its keys, what they do, and how it is drawn.
///
/// Adding a screen is one type that conforms to this and one line in `ScreenList`. Everything else
/// (tabs, number keys, help, the mouse, `Esc`, resets, lessons) asks the screen itself. A screen
/// owns its state. It reads what all screens share in the `SessionState`, and asks there for what
/// is not its own: that a run starts, that Decode opens a place, that a message shows.
///
/// Only `id`, `init`, `bindings`, `perform` and `draw` have to be written; everything else has a
/// default for screens that have nothing to say about it.
protocol Screen: Sendable {
  static var id: ScreenID { get }

  /// Its keys with their help, in the order in which help lists them.
  static var bindings: [KeyBinding] { get }

  /// What its symbols and columns mean, in the order in which help lists them. Every symbol of
  /// `Glyphs.symbols` that it draws belongs here.
  static var legend: [LegendRow] { get }

  /// The screen that shows beside it where there is room for two.
  static var companion: ScreenID? { get }

  /// The shapes of the strategies whose runs open on this screen.
  static var shapes: Set<StrategyShape> { get }

  /// What it is for, among the groups in which its tab stands.
  static var group: ScreenGroup { get }

  /// What it shows, in a few words, for the list of screens.
  static var summary: String { get }

  init()

  // MARK: Keys and mouse

  /// Where keys are looked up, the nearest first; `global` follows by itself.
  var contexts: [KeyContext] { get }

  /// The keys to show while a text is typed on the screen; nil when none is.
  var typingHints: [KeyHint]? { get }

  /// What a key does now, where that differs from its usual hint. While something runs here,
  /// `PlaygroundState.hints` says what stops it.
  func hint(for command: Command, _ session: SessionState) -> String?

  /// Whether a key does something now; one that does not is not offered.
  func offers(_ command: Command, _ session: SessionState) -> Bool

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect]

  /// Takes a key while a text is typed on the screen; nil when none is.
  mutating func type(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]?

  /// Takes a pasted text while one is typed; false when none is.
  mutating func paste(_ text: String, _ session: inout SessionState) -> Bool

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect]

  /// `Esc`: closes what lies on top within the screen; nil when there is nothing to close.
  mutating func dismiss(_ session: inout SessionState) -> [Effect]?

  /// Stops what runs on this screen alone; nil when nothing does. Runs are stopped for it.
  mutating func stop(_ session: inout SessionState) -> [Effect]?

  // MARK: News

  /// The screen comes on view.
  mutating func appear(_ session: inout SessionState) -> [Effect]

  /// What it showed is no longer what is asked, saved or loaded.
  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect]

  /// The user has changed settings.
  mutating func adapt(from old: RunSettings, _ session: inout SessionState)

  /// A run begins, or a saved one is to be shown: takes it up if it belongs here.
  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState)

  /// Shows a run of the trace in place of what it showed; nil when the run is none for this screen.
  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]?

  /// Reads the run that it shows anew, from the whole trace.
  mutating func restore(_ session: inout SessionState)

  /// Takes up an event that the trace has already folded in.
  mutating func take(_ record: TraceRecord, _ session: inout SessionState)

  /// Brings up to date what is derived from the trace, once for a batch of events.
  mutating func refresh(after records: [TraceRecord], _ session: inout SessionState) -> [Effect]

  /// Takes what came of an effect. Every screen sees all news.
  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect]

  /// Does what another screen asked for; nil when that is not for this one.
  mutating func answer(_ request: ScreenRequest, _ session: inout SessionState) -> [Effect]?

  /// Makes ready what is drawn. Called after every action.
  mutating func prepare(_ session: inout SessionState) -> [Effect]

  // MARK: What others may know

  /// The run on view, which `stop` stops first.
  var run: Int? { get }

  /// The path or place that `S` shows in Steps.
  func selection(_ session: SessionState) -> PathSelection?

  /// The settings that the panel shows while it is on view, in place of those of runs; nil for these.
  var ownSettings: OwnSettings? { get set }

  /// What is under way here besides runs, and how far it is; nil when nothing is.
  var work: Progress? { get }

  // MARK: Lessons

  /// Moves the selection to a place that a lesson names; nil when there is no such place here.
  mutating func go(to place: LessonCommand.Place, _ session: inout SessionState) -> [Effect]?

  // MARK: Drawing

  /// What it says where there is nothing to show; nil where there is.
  func emptyText(_ session: SessionState) -> EmptyText?

  /// Where that is written.
  func emptyArea(in rect: Rect, _ session: SessionState) -> Rect

  /// Draws into a part of the picture.
  ///
  /// - Returns: where the cursor goes; nil hides it.
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point?
}

/// What screens are for: their tabs stand together.
enum ScreenGroup: Sendable, CaseIterable {
  case shows, judges, measures

  var title: String {
    switch self {
    case .shows: "what a question shows"
    case .judges: "what judges and searches"
    case .measures: "what measures and learns"
    }
  }
}

/// Why a screen is to start over.
enum ResetReason: Sendable, Hashable {
  /// Another question is asked; the trace goes on.
  case question
  /// Another trace is shown. `begin` for each of its runs follows, then `restore`.
  case trace
  /// Another model is loaded; the trace goes on.
  case model
  /// Runs of another model are shown; the trace and the loaded model stay.
  case view

  /// Whether nothing of what a screen showed is of interest any more.
  var startsOver: Bool { self == .question || self == .trace }
}

/// A path, or a place on one.
enum PathSelection: Sendable, Hashable {
  case path(Int, run: Int)
  /// A place in the tree; `towards` is the end of the line on screen, which chooses among several
  /// paths through it.
  case place(NodeID, run: Int?, towards: NodeID?)
}

/// What a screen asks of the others.
enum ScreenRequest: Sendable, Hashable {
  /// Show a screen.
  case show(ScreenID)
  /// Open a place of a run in Decode; `towards` is a later place of the same line, which lies ahead
  /// then.
  case open(NodeID, run: Int, towards: NodeID? = nil)
  /// Begin a walk of the question, where there is none yet.
  case explore
  /// Run a strategy on the current question.
  case run(strategy: String)
  /// Ask a question of the model of a file, by a strategy or, for nil, on a walk in Decode.
  /// `prompting` is how the strategy puts it, whatever the settings say; nil as they say.
  case ask(Question, path: String, strategy: String?, prompting: String?)
  /// Show a path step by step.
  case steps(PathSelection)
}

/// A key and what it does now, for the hint line.
typealias KeyHint = (key: String, label: String)

extension Screen {
  var id: ScreenID { Self.id }

  static var companion: ScreenID? { nil }
  static var shapes: Set<StrategyShape> { [] }
  static var group: ScreenGroup { .measures }
  static var summary: String { "" }
  static var legend: [LegendRow] { [] }

  var contexts: [KeyContext] { [.screen(Self.id)] }
  var typingHints: [KeyHint]? { nil }
  func hint(for command: Command, _ session: SessionState) -> String? { nil }
  func offers(_ command: Command, _ session: SessionState) -> Bool { true }
  mutating func type(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]? { nil }
  mutating func paste(_ text: String, _ session: inout SessionState) -> Bool { false }
  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] { [] }
  mutating func dismiss(_ session: inout SessionState) -> [Effect]? { nil }
  mutating func stop(_ session: inout SessionState) -> [Effect]? { nil }

  mutating func appear(_ session: inout SessionState) -> [Effect] { [] }
  /// Starts over for another question or trace; another model changes nothing.
  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    if reason.startsOver { self = Self() }
    return []
  }
  mutating func adapt(from old: RunSettings, _ session: inout SessionState) {}
  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {}
  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? { nil }
  mutating func restore(_ session: inout SessionState) {}
  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {}
  mutating func refresh(
    after records: [TraceRecord], _ session: inout SessionState
  ) -> [Effect] { [] }
  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] { [] }
  mutating func answer(_ request: ScreenRequest, _ session: inout SessionState) -> [Effect]? { nil }
  mutating func prepare(_ session: inout SessionState) -> [Effect] { [] }

  var run: Int? { nil }
  func selection(_ session: SessionState) -> PathSelection? { nil }
  var work: Progress? { nil }
  var ownSettings: OwnSettings? {
    get { nil }
    set {}
  }

  mutating func go(
    to place: LessonCommand.Place, _ session: inout SessionState
  ) -> [Effect]? { nil }

  func emptyText(_ session: SessionState) -> EmptyText? { nil }
  func emptyArea(in rect: Rect, _ session: SessionState) -> Rect { rect }

  /// Where the screen lies, or would lie, on the terminal.
  func rect(_ session: SessionState) -> Rect {
    Chrome.rect(of: Self.id, session) ?? Chrome.content(session)
  }
}
