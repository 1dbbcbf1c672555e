import TerminalUI

/// Draws what lies over the screens.
enum PopupView {
  /// - Returns: where the cursor goes; nil hides it.
  static func draw(
    _ popup: Popup, _ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    nil
  }
}
