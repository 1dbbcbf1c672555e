import TerminalUI

/// The command line: the last line of the screen, with its completions above.
extension CommandLineState {
  private static let listed = 8

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let text = theme.popupText
    let bottom = buffer.bounds.row(buffer.size.height - 1)
    buffer.fill(bottom, style: text)
    buffer.put(":", x: 1, y: bottom.y, style: theme.popup(.key))
    let cursor = field.draw(
      in: Rect(x: 2, y: bottom.y, width: bottom.width - 3, height: 1), style: text,
      placeholder: "a command", placeholderStyle: theme.popup(.dim), on: &buffer)
    let above = Rect(x: 0, y: 0, width: buffer.size.width, height: bottom.y)
    if let error {
      let wrapped = WrappedText(
        StyledText(error, style: theme.popup(.error)), width: above.width - 3)
      let height = min(wrapped.lines.count, 3)
      let rect = Rect(x: 0, y: max(0, above.height - height), width: above.width, height: height)
      buffer.fill(rect, style: text)
      wrapped.draw(
        in: Rect(x: 2, y: rect.y, width: rect.width - 3, height: rect.height), on: &buffer)
    } else if completion.candidates.isEmpty {
      drawHints(above, view: view, on: &buffer)
    } else {
      drawCandidates(above, view: view, on: &buffer)
    }
    return cursor
  }

  private func drawHints(_ above: Rect, view: PlaygroundView, on buffer: inout CellBuffer) {
    let row = above.row(above.height - 1)
    buffer.fill(row, style: view.theme.popupText)
    KeyHints.draw(
      KeyMap.standard.hints(in: [.commandLine]).map { (key: $0.key, label: $0.word) },
      in: row.inset(horizontal: 2, vertical: 0), keyStyle: view.theme.popup(.key),
      labelStyle: view.theme.popup(.dim), on: &buffer)
  }

  private func drawCandidates(_ above: Rect, view: PlaygroundView, on buffer: inout CellBuffer) {
    let theme = view.theme
    let candidates = completion.candidates
    let rows = min(candidates.count, Self.listed, max(0, above.height - 3))
    guard rows > 0 else { return }
    let frame = Rect(
      x: 0, y: above.height - rows - 2, width: min(above.width, 110), height: rows + 2)
    buffer.fill(frame, style: theme.popupText)
    buffer.box(
      frame, style: theme.popup(.border),
      note: candidates.count > rows ? "\(candidates.count)" : nil)
    let titles = candidates.map { DisplayWidth.of($0.title) }.max() ?? 0
    let table = Table(
      columns: [
        .init("", .fixed(min(max(12, titles), frame.width * 2 / 3))), .init("", .fill),
      ], styles: PopupFrame.tableStyles(theme), showsHeading: false)
    table.draw(
      rows: candidates.map {
        [StyledText($0.title), StyledText($0.detail, style: theme[.dim])]
      }, position: ListPosition(selected: chosen ?? -1).clamped(candidates.count, rows),
      in: frame.inset(), on: &buffer)
  }
}

extension ListPosition {
  /// A position for drawing in which nothing need be selected.
  fileprivate func clamped(_ count: Int, _ rows: Int) -> ListPosition {
    ListPosition(
      selected: selected, firstVisible: min(max(0, selected - rows + 1), max(0, count - rows)))
  }
}
