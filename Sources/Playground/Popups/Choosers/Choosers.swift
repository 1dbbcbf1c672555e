import TerminalUI

/// A popup that is a list and nothing else.
protocol Chooser: Popup {
  var position: ListPosition { get set }
  var title: String { get }
  /// A line above the list; nil where there is none.
  var heading: String? { get }
  /// How many lines lie below the list.
  var footing: Int { get }
  var width: Int { get }
  var columns: [Table.Column] { get }
  /// What is said where there is nothing to choose from.
  var empty: String { get }

  func count(_ state: PlaygroundState) -> Int
  func rows(_ state: PlaygroundState, _ theme: Theme) -> [[StyledText]]
  func drawFooting(
    in rect: Rect, _ state: PlaygroundState, _ theme: Theme, on buffer: inout CellBuffer)

  /// Another row is selected.
  func moved(_ state: PlaygroundState) -> [Effect]
  /// Does what the selected row stands for, and closes the list.
  func choose(_ state: inout PlaygroundState) -> [Effect]
  /// The list is closed without a choice.
  func cancel(_ state: PlaygroundState) -> [Effect]
}

extension Chooser {
  var heading: String? { nil }
  var footing: Int { 0 }
  var width: Int { 72 }
  func moved(_ state: PlaygroundState) -> [Effect] { [] }
  func cancel(_ state: PlaygroundState) -> [Effect] { [] }
  func drawFooting(
    in rect: Rect, _ state: PlaygroundState, _ theme: Theme, on buffer: inout CellBuffer
  ) {}

  var contexts: [KeyContext] { [.list] }

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  private func box(_ state: PlaygroundState) -> PopupList {
    let (count, above) = (count(state), heading == nil ? 0 : 2)
    return PopupList(
      width: width, height: max(1, count) + 2 + above + footing, heading: above, footing: footing,
      count: count, position: position, in: state.size)
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    let list = box(state)
    if chooser.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(chooser)
      return chooser.moved(state)
    }
    switch command {
    case .activate: return choose(&state)
    case .dismiss: return close(&state)
    default: return []
    }
  }

  func close(_ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeLast()
    return cancel(state)
  }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    command != .activate || count(state) > 0
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.position.selected = item
    state.replaceTop(chooser)
    return chooser.moved(state)
  }

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let list = box(state)
    let body = PopupFrame.draw(
      title: title, width: list.frame.width, height: list.frame.height, hints: hints(state),
      view: view, on: &buffer)
    if let heading {
      buffer.put(heading, x: body.x, y: body.y, style: view.theme.popup(.dim), width: body.width)
    }
    list.draw(
      rows(state, view.theme), columns: columns, theme: view.theme, empty: empty, on: &buffer)
    let top = list.rows.bottom + 1
    let below = Rect(x: body.x, y: top, width: body.width, height: body.bottom - top)
    drawFooting(in: below, state, view.theme, on: &buffer)
    return nil
  }
}

/// The themes. Moving shows each theme at once; closing brings back the old one.
struct ThemeChooser: Chooser {
  var position: ListPosition
  /// The theme before.
  let original: String

  init(_ state: PlaygroundState) {
    original = state.themeName
    position = ListPosition(selected: state.catalog.themes.firstIndex(of: original) ?? 0)
  }

  let title = "Theme"
  let width = 40
  /// Lines for the sample of colours.
  let footing = 3
  var columns: [Table.Column] { [.init("", .fill), .init("", .fixed(4))] }
  let empty = "No themes found; set PONDER_HOME to the folder with Themes."

  func count(_ state: PlaygroundState) -> Int { state.catalog.themes.count }

  func rows(_ state: PlaygroundState, _ theme: Theme) -> [[StyledText]] {
    state.catalog.themes.map {
      [StyledText($0), StyledText($0 == original ? "now" : "", style: theme[.dim])]
    }
  }

  func moved(_ state: PlaygroundState) -> [Effect] {
    guard state.catalog.themes.indices.contains(position.selected) else { return [] }
    let name = state.catalog.themes[position.selected]
    return name == state.themeName ? [] : [.shell(.loadTheme(name))]
  }

  func choose(_ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeLast()
    guard state.catalog.themes.indices.contains(position.selected) else { return [] }
    // It may still be on its way.
    state.chosenTheme = state.catalog.themes[position.selected]
    return state.keepTheme()
  }

  func cancel(_ state: PlaygroundState) -> [Effect] {
    state.themeName == original ? [] : [.shell(.loadTheme(original))]
  }

  /// The scales and roles that tell themes apart.
  func drawFooting(
    in rect: Rect, _ state: PlaygroundState, _ theme: Theme, on buffer: inout CellBuffer
  ) {
    guard rect.height >= 2 else { return }
    let background = theme.popupText.background
    var heat = StyledText([.init("torn ", style: theme.popup(.dim))])
    for level in 0..<Role.heatLevels {
      heat.append(
        " .\(level * 2 + 1) ", style: theme.level(.tokenHeat, level).onDefault(background))
    }
    heat.append(" sure", style: theme.popup(.dim))
    buffer.put(heat, x: rect.x, y: rect.y, width: rect.width)
    var roles = StyledText()
    for (text, role) in [
      ("8 ✓ ", Role.answerCorrect), ("5 ✗ ", .answerWrong), ("★ best ", .nodeBest),
      ("✗ pruned ", .nodePruned), ("error", .error),
    ] { roles.append(text, style: theme[role].onDefault(background)) }
    buffer.put(roles, x: rect.x, y: rect.y + 1, width: rect.width)
  }
}

/// The lessons, with what the selected one is about.
struct LessonChooser: Chooser {
  var position = ListPosition()

  let title = "Lessons"
  let heading: String? = "Each step explains, then does what it says with the model."
  let footing = 3
  var columns: [Table.Column] { [.init("", .fill), .init("", .fixed(11))] }
  let empty = "No lessons found; :lesson FILE plays one."

  func count(_ state: PlaygroundState) -> Int { state.catalog.lessons.count }

  private func selected(_ state: PlaygroundState) -> Catalog.LessonEntry? {
    let lessons = state.catalog.lessons
    return lessons.indices.contains(position.selected) ? lessons[position.selected] : nil
  }

  func rows(_ state: PlaygroundState, _ theme: Theme) -> [[StyledText]] {
    state.catalog.lessons.map { lesson in
      let isOn = lesson.path == state.lesson?.name
      let mark = isOn ? state.activeLesson == nil ? "go on" : "begin again" : ""
      return [StyledText(lesson.title), StyledText(mark, style: theme[.key])]
    }
  }

  func choose(_ state: inout PlaygroundState) -> [Effect] {
    guard let path = selected(state)?.path else { return [] }
    state.popups.removeLast()
    // One that waits goes on; one that is on view begins again.
    if state.lesson?.name == path, state.lesson?.isHidden == true {
      state.lesson?.isHidden = false
      return []
    }
    return [.file(.lesson(path: path))]
  }

  func drawFooting(
    in rect: Rect, _ state: PlaygroundState, _ theme: Theme, on buffer: inout CellBuffer
  ) {
    let summary = selected(state)?.summary ?? ""
    WrappedText(StyledText(summary, style: theme.popupText), width: rect.width)
      .draw(in: Rect(x: rect.x, y: rect.y, width: rect.width, height: 2), on: &buffer)
  }
}

extension Style {
  /// This style on a background, unless it has one of its own.
  func onDefault(_ other: Color) -> Style { background == .default ? on(other) : self }
}
