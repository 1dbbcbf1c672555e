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
      .binding(
        keys: index == 0 ? keys : "", help: line.clusters.map(\.cluster.text).joined())
    }
  }

  /// The rows that the lines take.
  var rows: Int { (lines.count + columns - 1) / columns }

  func line(row: Int, column: Int) -> Line? {
    let index = column * rows + row
    return row < rows && lines.indices.contains(index) ? lines[index] : nil
  }
}

enum HelpView {
  static func inside(_ size: Size) -> Rect {
    PopupFrame.inside(width: HelpText.width, height: size.height, in: size)
  }

  static func text(_ state: PlaygroundState) -> HelpText {
    var below = state
    below.popups.removeLast()
    return HelpText(
      state.keyMap, contexts: below.contexts, width: inside(state.size).width - 2)
  }

  static func draw(
    _ scroll: Int, _ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer
  ) {
    let text = text(state)
    let body = PopupFrame.draw(
      title: "Keys", note: "\(state.screen.title)", width: HelpText.width,
      height: buffer.size.height, contexts: [.help], view: view, on: &buffer)
    let first = min(scroll, max(0, text.rows - body.height))
    let area = Rect(x: body.x, y: body.y, width: body.width - 2, height: body.height)
    for row in 0..<area.height {
      for column in 0..<text.columns {
        guard let line = text.line(row: first + row, column: column) else { continue }
        let x = area.x + column * (text.columnWidth + 2)
        draw(line, text, x: x, y: area.y + row, theme: view.theme, on: &buffer)
      }
    }
    let visible = first..<min(text.rows, first + body.height)
    if visible.count < text.rows {
      Scrollbar.draw(
        visible: visible, count: text.rows,
        in: Rect(x: body.right - 1, y: body.y, width: 1, height: body.height),
        style: PopupFrame.style(.dim, view.theme), on: &buffer)
    }
  }

  private static func draw(
    _ line: HelpText.Line, _ text: HelpText, x: Int, y: Int, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    switch line {
    case .blank: break
    case .heading(let title):
      buffer.put(
        title, x: x, y: y, style: PopupFrame.style(.title, theme), width: text.columnWidth)
    case .binding(let keys, let help):
      buffer.put(keys, x: x, y: y, style: PopupFrame.style(.key, theme), width: text.keyWidth)
      buffer.put(
        help, x: x + text.keyWidth + 1, y: y, style: PopupFrame.textStyle(theme),
        width: text.columnWidth - text.keyWidth - 1)
    }
  }
}

extension Reducer {
  func scrollHelp(_ scroll: Int, _ command: Command?, _ state: inout PlaygroundState) {
    let height = HelpView.inside(state.size).height
    let last = max(0, HelpView.text(state).rows - height)
    let page = max(1, height - 1)
    let now = min(scroll, last)
    let wanted =
      switch command {
      case .up: now - 1
      case .down: now + 1
      case .pageUp: now - page
      case .pageDown: now + page
      case .top: 0
      case .bottom: last
      default: now
      }
    state.replaceTop(.help(scroll: min(last, max(0, wanted))))
  }
}
