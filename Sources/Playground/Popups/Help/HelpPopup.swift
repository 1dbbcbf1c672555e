import TerminalUI

/// The lines of the help overlay, made from the key map, so that they cannot be wrong.
struct HelpText {
  enum Line: Hashable {
    case heading(String)
    /// Keys with what they do; what does not fit on a line goes on without keys.
    case binding(keys: String, help: String)
    case blank
  }

  static let width = 168
  /// The narrowest column where there is more than one.
  static let minimumColumn = 46

  let lines: [Line]
  let columns: Int
  let columnWidth: Int
  let keyWidth = 18

  /// - Parameter contexts: where the user is, the nearest first; these come first.
  init(_ keyMap: KeyMap, contexts: [KeyContext], width: Int) {
    columns = min(3, max(1, (width + 2) / (Self.minimumColumn + 2)))
    columnWidth = max(10, (width - (columns - 1) * 2) / columns)
    let others = keyMap.contexts.filter { !contexts.contains($0) }
    var lines: [Line] = []
    for context in contexts + others {
      guard let bindings = keyMap.bindings[context], !bindings.isEmpty else { continue }
      if !lines.isEmpty { lines.append(.blank) }
      lines.append(.heading(context.title))
      for binding in Self.merged(bindings) {
        lines += Self.lines(binding, helpWidth: columnWidth - keyWidth - 1)
      }
    }
    self.lines = lines
  }

  /// The bindings with those that say the same in one.
  private static func merged(_ bindings: [KeyBinding]) -> [KeyBinding] {
    bindings.reduce(into: []) { merged, binding in
      if merged.last?.help == binding.help {
        merged[merged.count - 1].keys += binding.keys
      } else {
        merged.append(binding)
      }
    }
  }

  private static func lines(_ binding: KeyBinding, helpWidth: Int) -> [Line] {
    let keys = binding.keys.map(\.description).joined(separator: " ")
    let wrapped = WrappedText(StyledText(binding.help), width: max(8, helpWidth))
    return wrapped.lines.enumerated().map { index, line in
      .binding(keys: index == 0 ? keys : "", help: line.clusters.map(\.cluster.text).joined())
    }
  }

  /// The rows that the lines take.
  var rows: Int { (lines.count + columns - 1) / columns }

  func line(row: Int, column: Int) -> Line? {
    let index = column * rows + row
    return row < rows && lines.indices.contains(index) ? lines[index] : nil
  }
}

/// The help overlay.
struct HelpPopup: Popup {
  /// The first line that shows.
  var scroll = 0

  var contexts: [KeyContext] { [.help] }

  static func inside(_ size: Size) -> Rect {
    PopupFrame.inside(width: HelpText.width, height: size.height, in: size)
  }

  static func text(_ state: PlaygroundState) -> HelpText {
    var below = state
    below.popups.removeLast()
    return HelpText(state.keyMap, contexts: below.contexts, width: inside(state.size).width - 2)
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    let height = Self.inside(state.size).height
    let last = max(0, Self.text(state).rows - height)
    let page = max(1, height - 1)
    let now = min(scroll, last)
    let wanted: Int
    switch command {
    case .dismiss:
      state.popups.removeLast()
      return []
    case .up: wanted = now - 1
    case .down: wanted = now + 1
    case .pageUp: wanted = now - page
    case .pageDown: wanted = now + page
    case .top: wanted = 0
    case .bottom: wanted = last
    default: wanted = now
    }
    state.replaceTop(HelpPopup(scroll: min(last, max(0, wanted))))
    return []
  }

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let text = Self.text(state)
    let body = PopupFrame.draw(
      title: "Keys", note: "\(state.screen.title)", width: HelpText.width,
      height: buffer.size.height, contexts: contexts, view: view, on: &buffer)
    let first = min(scroll, max(0, text.rows - body.height))
    for row in 0..<body.height {
      for column in 0..<text.columns {
        guard let line = text.line(row: first + row, column: column) else { continue }
        let place = Point(x: body.x + column * (text.columnWidth + 2), y: body.y + row)
        draw(line, text, at: place, theme: view.theme, on: &buffer)
      }
    }
    let visible = first..<min(text.rows, first + body.height)
    if visible.count < text.rows {
      Scrollbar.draw(
        visible: visible, count: text.rows,
        in: Rect(x: body.right - 1, y: body.y, width: 1, height: body.height),
        style: view.theme.popup(.dim), on: &buffer)
    }
    return nil
  }

  private func draw(
    _ line: HelpText.Line, _ text: HelpText, at place: Point, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let (x, y) = (place.x, place.y)
    switch line {
    case .blank: break
    case .heading(let title):
      buffer.put(title, x: x, y: y, style: theme.popup(.title), width: text.columnWidth)
    case .binding(let keys, let help):
      buffer.put(keys, x: x, y: y, style: theme.popup(.key), width: text.keyWidth)
      buffer.put(
        help, x: x + text.keyWidth + 1, y: y, style: theme.popupText,
        width: text.columnWidth - text.keyWidth - 1)
    }
  }
}
