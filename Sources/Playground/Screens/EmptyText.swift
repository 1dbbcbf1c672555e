import TerminalUI

/// What a screen says where it has nothing to show yet: what it is for, and which keys begin.
struct EmptyText: Sendable, Hashable {
  /// A key by what it does, so that the key itself is always the one that is bound.
  struct Start: Sendable, Hashable {
    var command: Command
    /// What comes of it, in a few words.
    var label: String

    init(_ command: Command, _ label: String) { (self.command, self.label) = (command, label) }
  }

  var title: String
  var purpose: String
  var starts: [Start] = []
  /// Where the method is from.
  var source: String?

  /// The keys in pairs with what they begin; a command that no key has is left out.
  func hints(on screen: any Screen, _ session: SessionState) -> [KeyHint] {
    let map = session.keyMap
    let own = screen.contexts + [.global]
    return starts.compactMap { start in
      let key = map.key(for: start.command, in: own) ?? map.anyKey(for: start.command)
      return key.map { (key: $0, label: start.label) }
    }
  }

  /// Draws the text in the middle of a rectangle.
  func draw(
    in rect: Rect, on screen: any Screen, _ session: SessionState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) {
    let width = min(64, rect.width - 2)
    guard width > 8, rect.height > 0 else { return }
    let rows = rows(width: width, height: rect.height, hints(on: screen, session), view)
    // Where there is room a line is left free between them.
    let isRoomy = rect.height >= rows.reduce(0) { $0 + $1.lines.count + 1 }
    let gap = isRoomy ? 1 : 0
    let height = rows.reduce(-gap) { $0 + $1.lines.count + gap }
    let box = rect.centered(width: width, height: min(max(1, height), rect.height))
    var y = box.y
    for row in rows {
      row.draw(in: Rect(x: box.x, y: y, width: width, height: max(0, box.bottom - y)), on: &buffer)
      y += row.lines.count + gap
    }
  }

  /// The parts in their order. Where they do not all fit, the keys come first, then what it is for.
  private func rows(
    width: Int, height: Int, _ hints: [KeyHint], _ view: PlaygroundView
  ) -> [WrappedText] {
    let lines = Self.lines(of: hints, width: width)
    var keys = StyledText()
    for (index, line) in lines.enumerated() {
      keys.runs += Self.line(line, view, endsLine: index + 1 < lines.count).runs
    }
    // With what is given up first.
    let parts: [(order: Int, text: StyledText)] = [
      (3, StyledText(source ?? "", style: view.style(.dim))),
      (0, StyledText(title, style: view.style(.title))),
      (1, StyledText(purpose, style: view.style(.text))), (2, keys),
    ]
    var kept = parts.filter { !$0.text.runs.allSatisfy(\.text.isEmpty) }.map {
      (order: $0.order, text: WrappedText($0.text, width: width))
    }
    while kept.count > 1, kept.reduce(0, { $0 + $1.text.lines.count }) > height {
      kept.removeFirst()
    }
    return kept.sorted { $0.order < $1.order }.map(\.text)
  }

  private static let gap = 3

  /// Hints on as few lines as hold them; none is cut in two.
  static func lines(of hints: [KeyHint], width: Int) -> [[KeyHint]] {
    var lines: [[KeyHint]] = []
    var used = 0
    for hint in hints {
      let needed = DisplayWidth.of(hint.key) + 1 + DisplayWidth.of(hint.label)
      if lines.isEmpty || used + gap + needed > width {
        lines.append([hint])
        used = needed
      } else {
        lines[lines.count - 1].append(hint)
        used += gap + needed
      }
    }
    return lines
  }

  static func line(_ hints: [KeyHint], _ view: PlaygroundView, endsLine: Bool = false) -> StyledText
  {
    var text = StyledText()
    for (index, hint) in hints.enumerated() {
      if index > 0 { text.append(String(repeating: " ", count: gap), style: view.style(.text)) }
      text.append(hint.key, style: view.style(.key))
      text.append(" \(hint.label)", style: view.style(.text))
    }
    if endsLine { text.append("\n", style: view.style(.text)) }
    return text
  }
}

extension KeyMap {
  /// The first key that has a command on any screen.
  func anyKey(for command: Command) -> String? {
    contexts.lazy.compactMap { self.key(for: command, in: [$0]) }.first
  }
}
