import TerminalUI
import Traces

/// The help overlay: the keys that work now, what the symbols on screen mean, and everything else
/// there is to know, to scroll and to search in.
struct HelpPopup: Popup {
  /// The first line that shows.
  var scroll = 0
  /// What rows must contain.
  var filter = TextField()
  /// Whether keys go to the filter.
  var isSearching = false

  var contexts: [KeyContext] { [isSearching ? .helpSearch : .help] }
  var takesText: Bool { isSearching }

  static func inside(_ size: Size) -> Rect {
    PopupFrame.inside(width: HelpText.width, height: size.height, in: size)
  }

  func frame(_ state: PlaygroundState) -> Rect? {
    Self.inside(state.size).inset(horizontal: -2, vertical: -1)
  }

  /// The rows of text, under the line of the filter where there is one.
  private func body(_ inside: Rect) -> Rect {
    let filter = isSearching || !filter.isEmpty ? 1 : 0
    return Rect(
      x: inside.x, y: inside.y + filter, width: inside.width, height: inside.height - filter)
  }

  func text(_ state: PlaygroundState) -> HelpText {
    var below = state
    below.popups.removeAll { $0 is HelpPopup }
    let screen = state.screens[state.current]
    let comparing = below.contexts.contains(.compare) ? LegendRow.comparing : []
    let settings = state.settingTable.map { setting in
      LegendRow(
        setting.name, .text, "\(setting.help) (\(setting.text(of: state.settings)))")
    }
    return HelpText(
      state.keyMap, contexts: below.contexts,
      legend: below.popups.isEmpty
        ? comparing + type(of: screen).legend + LegendRow.everywhere : [],
      settings: settings, filter: filter.text, width: Self.inside(state.size).width - 2)
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var help = self
    if case .dismiss? = command {
      // Esc empties the filter, then closes.
      guard isSearching || !filter.isEmpty else {
        state.popups.removeLast()
        return []
      }
      (help.isSearching, help.filter, help.scroll) = (false, TextField(), 0)
    } else if case .find? = command {
      help.isSearching = true
    } else if case .activate? = command {
      help.isSearching = false
    } else if !help.move(command, state), isSearching || key.typed != nil {
      // Any other letter begins to search.
      if help.filter.handle(key) { (help.isSearching, help.scroll) = (true, 0) }
    }
    state.replaceTop(help)
    return []
  }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    let last = lastScroll(state)
    return switch command {
    case .up: min(scroll, last) > 0
    case .down, .pageDown: scroll < last
    default: true
    }
  }

  private func lastScroll(_ state: PlaygroundState) -> Int {
    max(0, text(state).rows - body(Self.inside(state.size)).height)
  }

  /// Scrolls by a command; false for one that does not scroll.
  private mutating func move(_ command: Command?, _ state: PlaygroundState) -> Bool {
    let page = max(1, body(Self.inside(state.size)).height - 1)
    let last = lastScroll(state)
    let now = min(scroll, last)
    let wanted: Int
    switch command {
    case .up: wanted = now - 1
    case .down: wanted = now + 1
    case .pageUp: wanted = now - page
    case .pageDown: wanted = now + page
    case .top: wanted = 0
    case .bottom: wanted = last
    default: return false
    }
    scroll = min(last, max(0, wanted))
    return true
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var help = self
    help.filter.insert(line)
    help.scroll = 0
    state.replaceTop(help)
    return []
  }

  // MARK: Drawing

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let inside = PopupFrame.draw(
      title: "Keys and symbols", note: "\(state.screen.title)", width: HelpText.width,
      height: buffer.size.height, hints: hints(state), view: view, on: &buffer)
    let (text, body) = (text(state), body(inside))
    var cursor: Point?
    if body.y > inside.y {
      let x = buffer.put("find: ", x: inside.x, y: inside.y, style: theme.popup(.dim))
      let field = Rect(x: x, y: inside.y, width: max(1, inside.right - x), height: 1)
      let place = filter.draw(
        in: field, style: theme.popup(isSearching ? .input : .text),
        placeholder: "a key, a symbol, or what you want to do",
        placeholderStyle: theme.popup(.dim), on: &buffer)
      if isSearching { cursor = place }
    }
    if text.lines.isEmpty {
      buffer.put(
        "nothing here matches", x: body.x, y: body.y, style: theme.popup(.dim), width: body.width)
    }
    let first = min(scroll, max(0, text.rows - body.height))
    for row in 0..<max(0, body.height) {
      for column in 0..<text.columns {
        guard let line = text.line(row: first + row, column: column) else { continue }
        let place = Point(x: body.x + column * (text.columnWidth + 2), y: body.y + row)
        draw(line, text, at: place, theme: theme, on: &buffer)
      }
    }
    let visible = first..<max(first, min(text.rows, first + body.height))
    if visible.count < text.rows {
      Scrollbar.draw(
        visible: visible, count: text.rows,
        in: Rect(x: body.right - 1, y: body.y, width: 1, height: body.height),
        style: theme.popup(.dim), on: &buffer)
    }
    return cursor
  }

  private func draw(
    _ line: HelpText.Line, _ text: HelpText, at place: Point, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let (x, y) = (place.x, place.y)
    func put(_ label: String, _ style: Style, _ meaning: String) {
      buffer.put(label, x: x, y: y, style: style, width: text.keyWidth)
      buffer.put(
        meaning, x: x + text.keyWidth + 1, y: y, style: theme.popupText,
        width: text.columnWidth - text.keyWidth - 1)
    }
    switch line {
    case .blank: break
    case .heading(let title):
      buffer.put(title, x: x, y: y, style: theme.popup(.title), width: text.columnWidth)
    case .binding(let keys, let help): put(keys, theme.popup(.key), help)
    case .entry(let row): put(row.symbol, theme.popup(row.role), row.meaning)
    }
  }
}
