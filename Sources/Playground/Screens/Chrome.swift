import TerminalUI

/// What surrounds every screen: the title with the runs and the tabs, the line of keys or of a
/// message, the status line. Here is where each of them lies; `TitleLines` and `ChromeView` draw
/// them.
enum Chrome {
  /// From this width on a screen stands beside its companion.
  static let sideBySideWidth = 140

  /// The part of the terminal that belongs to the screens.
  static func content(_ session: SessionState) -> Rect {
    LessonPane.split(middle(session.size), session).screens
  }

  /// What lies between the title and the hint line.
  static func middle(_ size: Size) -> Rect {
    let top = TitleLines.height(size)
    return Rect(x: 0, y: top, width: size.width, height: size.height - top - 2)
  }

  static func hintLine(_ size: Size) -> Rect {
    Rect(x: 0, y: size.height - 2, width: size.width, height: 1)
  }

  static func statusLine(_ size: Size) -> Rect {
    Rect(x: 0, y: size.height - 1, width: size.width, height: 1)
  }

  static func isTooSmall(_ size: Size) -> Bool {
    size.width < PlaygroundView.minimumSize.width || size.height < PlaygroundView.minimumSize.height
  }

  /// The screens on view and where they lie, from left to right. On a wide terminal a
  /// screen and its companion show together; the session's screen is the one that keys go to.
  static func panes(_ session: SessionState) -> [(screen: ScreenID, rect: Rect)] {
    let content = content(session)
    let all = session.screens
    guard content.width >= sideBySideWidth, let companion = all.companion(of: session.screen)
    else { return [(session.screen, content)] }
    let pair = all.ids.filter { $0 == session.screen || $0 == companion }
    return Array(zip(pair, content.splitColumns([.fill, .fill])))
  }

  /// Where a screen lies; nil when it is not on view.
  static func rect(of screen: ScreenID, _ session: SessionState) -> Rect? {
    panes(session).first { $0.screen == screen }?.rect
  }

  /// The screen drawn at a place.
  static func pane(at point: Point, _ session: SessionState) -> ScreenID? {
    panes(session).first { $0.rect.contains(point) }?.screen
  }
}
