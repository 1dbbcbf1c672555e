import TerminalUI

/// The command line: the last line of the screen, with what it can be completed to and what was
/// found above.
extension CommandLineState {
  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let text = theme.popupText
    let bottom = buffer.bounds.row(buffer.size.height - 1)
    buffer.fill(bottom, style: text)
    buffer.put(":", x: 1, y: bottom.y, style: theme.popup(.key))
    let cursor = field.draw(
      in: Rect(x: 2, y: bottom.y, width: bottom.width - 3, height: 1), style: text,
      placeholder: "a command, or anything to find", placeholderStyle: theme.popup(.dim),
      on: &buffer)
    let above = Rect(x: 0, y: 0, width: buffer.size.width, height: bottom.y)
    if let error {
      let wrapped = WrappedText(
        StyledText(error, style: theme.popup(.error)), width: above.width - 3)
      let height = min(wrapped.lines.count, 3)
      let rect = Rect(x: 0, y: max(0, above.height - height), width: above.width, height: height)
      buffer.fill(rect, style: text)
      wrapped.draw(
        in: Rect(x: 2, y: rect.y, width: rect.width - 3, height: rect.height), on: &buffer)
    } else if rowCount == 0 {
      drawHints(hints(state), above, view: view, on: &buffer)
    } else {
      drawRows(state, view: view, on: &buffer)
    }
    return cursor
  }

  private func drawHints(
    _ hints: [KeyHint], _ above: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) {
    let row = above.row(above.height - 1)
    buffer.fill(row, style: view.theme.popupText)
    KeyHints.draw(
      hints, in: row.inset(horizontal: 2, vertical: 0), keyStyle: view.theme.popup(.key),
      labelStyle: view.theme.popup(.dim), on: &buffer)
  }

  private func drawRows(
    _ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer
  ) {
    let theme = view.theme
    let rows = listedRows(state.size)
    guard rows > 0 else { return }
    let frame = box(state.size)
    buffer.fill(frame, style: theme.popupText)
    buffer.box(frame, style: theme.popup(.border), note: rowCount > rows ? "\(rowCount)" : nil)
    let titles =
      completion.candidates.map { DisplayWidth.of($0.title) }
      + found.map { DisplayWidth.of($0.entry.title) }
    // Kinds show where there is more than commands.
    let kinds = found.isEmpty ? 0 : 8
    let room = min(max(12, titles.max() ?? 0), frame.width / 2)
    let table = Table(
      columns: [.init("", .fixed(room)), .init("", .fixed(kinds)), .init("", .fill)],
      styles: PopupFrame.tableStyles(theme), showsHeading: false)
    let completions = completion.candidates.map { candidate in
      [
        StyledText(candidate.title), StyledText("command", style: theme[.dim]),
        StyledText(candidate.detail, style: theme[.dim]),
      ]
    }
    let finds = found.map { found in
      [
        Self.lit(found, theme), StyledText(found.entry.kind.rawValue, style: theme[.notice]),
        StyledText(found.entry.detail, style: theme[.dim]),
      ]
    }
    table.draw(
      rows: completions + finds, position: listPosition(state.size), in: frame.inset(),
      on: &buffer)
  }

  /// The title with the letters that matched lit.
  private static func lit(_ found: Palette.Found, _ theme: Theme) -> StyledText {
    let lit = Set(found.match.places)
    return StyledText(
      found.entry.title.enumerated().map { index, character in
        StyledText.Run(
          String(character),
          style: lit.contains(index) ? theme[.key].adding([.bold, .underline]) : .plain)
      })
  }
}
