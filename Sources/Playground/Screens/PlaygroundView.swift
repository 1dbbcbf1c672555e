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
    return nil
  }
}
