import TerminalUI

/// What surrounds every screen: the title line with the tabs, the hint line, the status line.
enum Chrome {
  /// The part of the terminal that belongs to the screen.
  static func content(_ size: Size) -> Rect {
    Rect(x: 0, y: 1, width: size.width, height: max(0, size.height - 3))
  }

  /// The tab under a place, if there is one.
  static func tab(at point: Point, _ state: PlaygroundState) -> ScreenID? { nil }
}
