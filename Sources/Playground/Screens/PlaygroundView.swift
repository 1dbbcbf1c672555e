public import TerminalUI

/// Draws the whole picture for a state. Reads the state and nothing else.
public struct PlaygroundView: Sendable {
  public var theme: Theme
  public var glyphs: Glyphs

  /// The smallest terminal that shows everything that matters.
  public static let minimumSize = Size(width: 60, height: 16)

  public init(theme: Theme, glyphs: Glyphs) {
    self.theme = theme
    self.glyphs = glyphs
  }

  /// - Returns: where the cursor goes; nil hides it.
  public func draw(_ state: PlaygroundState, on buffer: inout CellBuffer) -> Point? {
    buffer.fill(buffer.bounds, style: theme[.text])
    guard !Chrome.isTooSmall(state.size) else {
      drawTooSmall(state.size, &buffer)
      fillOpenColors(&buffer)
      return nil
    }
    var cursor: Point?
    for (id, rect) in Chrome.panes(state.session) {
      guard let screen = state.screens.first(where: { $0.id == id }) else { continue }
      let place = buffer.clipped(to: rect) { buffer in
        if let text = screen.emptyText(state.session) {
          let area = screen.emptyArea(in: rect, state.session)
          text.draw(in: area, on: screen, state.session, view: self, on: &buffer)
        }
        return screen.draw(in: rect, state.session, view: self, on: &buffer)
      }
      if id == state.screen { cursor = place }
    }
    if let pane = LessonPane.split(Chrome.middle(state.size), state.session).pane {
      LessonPaneView.draw(state.session, in: pane, view: self, on: &buffer)
    }
    ChromeView.draw(state, view: self, on: &buffer)
    for popup in state.popups { cursor = popup.draw(state, view: self, on: &buffer) }
    fillOpenColors(&buffer)
    return cursor
  }

  /// Gives what was drawn in the terminal's own colours those of the theme's text, so that a role
  /// that sets only a foreground never shows on another background.
  private func fillOpenColors(_ buffer: inout CellBuffer) {
    let text = theme[.text]
    buffer.restyle(buffer.bounds) { text.overlaid(by: $0) }
  }

  /// The style of a role over that of plain text, so that its background is never left open.
  func style(_ role: Role) -> Style { theme[.text].overlaid(by: theme[role]) }

  /// The frame's style of a screen: bright when keys go to it.
  func borderStyle(of screen: ScreenID, _ session: SessionState) -> Style {
    let hasFocus = session.screen == screen && Chrome.panes(session).count > 1
    return style(hasFocus ? .borderFocus : .border)
  }

  private func drawTooSmall(_ size: Size, _ buffer: inout CellBuffer) {
    let minimum = PlaygroundView.minimumSize
    let lines = [
      "ponder needs \(minimum.width)×\(minimum.height)", "this is \(size.width)×\(size.height)",
      "make it larger, or q to quit",
    ]
    let top = max(0, (size.height - lines.count) / 2)
    for (row, line) in lines.enumerated() {
      let x = max(0, (size.width - DisplayWidth.of(line)) / 2)
      buffer.put(
        line, x: x, y: top + row, style: style(row == 0 ? .title : .text), width: size.width - x)
    }
  }
}
