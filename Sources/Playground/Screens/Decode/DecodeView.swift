import TerminalUI

/// Draws the Decode screen.
enum DecodeView {
  /// - Returns: where the cursor goes; nil hides it.
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    buffer.box(rect, style: view.borderStyle(of: .decode, state), title: "Decode")
    return nil
  }
}
