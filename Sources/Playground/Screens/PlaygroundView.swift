public import TerminalUI

/// Draws the whole picture for a state. Reads the state and nothing else.
public struct PlaygroundView: Sendable {
  public var theme: Theme
  public var keyMap: KeyMap
  public var glyphs: Glyphs

  /// The smallest terminal that shows everything that matters.
  public static let minimumSize = Size(width: 60, height: 16)

  public init(theme: Theme, keyMap: KeyMap = .standard, glyphs: Glyphs) {
    self.theme = theme
    self.keyMap = keyMap
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
    for (screen, rect) in Chrome.panes(state) {
      let place = buffer.clipped(to: rect) { buffer in
        switch screen {
        case .decode: DecodeView.draw(state, in: rect, view: self, on: &buffer)
        case .branches: BranchesView.draw(state, in: rect, view: self, on: &buffer)
        case .votes: VotesView.draw(state, in: rect, view: self, on: &buffer)
        case .tree: TreeView.draw(state, in: rect, view: self, on: &buffer)
        case .verify: VerifyView.draw(state, in: rect, view: self, on: &buffer)
        case .search: SearchView.draw(state, in: rect, view: self, on: &buffer)
        case .steps: StepsView.draw(state, in: rect, view: self, on: &buffer)
        case .scale: ScaleView.draw(state, in: rect, view: self, on: &buffer)
        }
      }
      if screen == state.screen { cursor = place }
    }
    if let pane = LessonPane.split(Chrome.middle(state.size), state).pane {
      LessonPaneView.draw(state, in: pane, view: self, on: &buffer)
    }
    ChromeView.draw(state, view: self, on: &buffer)
    for popup in state.popups {
      cursor = PopupView.draw(popup, state, view: self, on: &buffer)
    }
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
  func borderStyle(of screen: ScreenID, _ state: PlaygroundState) -> Style {
    let hasFocus = state.screen == screen && Chrome.panes(state).count > 1
    return style(hasFocus ? .borderFocus : .border)
  }

  private func drawTooSmall(_ size: Size, _ buffer: inout CellBuffer) {
    let minimum = PlaygroundView.minimumSize
    let lines = [
      "ponder needs \(minimum.width)×\(minimum.height)",
      "this is \(size.width)×\(size.height)",
      "make it larger, or q to quit",
    ]
    let top = max(0, (size.height - lines.count) / 2)
    for (row, line) in lines.enumerated() {
      let x = max(0, (size.width - DisplayWidth.of(line)) / 2)
      buffer.put(
        line, x: x, y: top + row, style: style(row == 0 ? .title : .text),
        width: size.width - x)
    }
  }
}
