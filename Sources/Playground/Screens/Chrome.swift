import TerminalUI

/// What surrounds every screen: the title line with the tabs, the line of keys or of a message,
/// the status line. Here is where each of them lies; `ChromeView` draws them.
enum Chrome {
  /// From this width on a screen stands beside its companion.
  static let sideBySideWidth = 140

  /// The part of the terminal that belongs to the screens.
  static func content(_ session: SessionState) -> Rect {
    LessonPane.split(middle(session.size), session).screens
  }

  /// What lies between the title line and the hint line.
  static func middle(_ size: Size) -> Rect {
    Rect(x: 0, y: 1, width: size.width, height: size.height - 3)
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

  // MARK: Tabs

  static let helpHint = "? keys"

  /// What the tabs leave to the model's name and the temperature.
  private static let titleWidth = 24

  /// The tabs with the keys that open them, as `TabBar` takes them. Where there is no room for all
  /// titles the active one alone has its own.
  static func tabs(_ session: SessionState) -> [(key: String, title: String)] {
    let all = session.screens.ids.enumerated().map {
      (key: "\($0.offset + 1)", title: $0.element.title)
    }
    guard titleWidth + width(of: all) > tabsEnd(session.size) else { return all }
    return all.map { (key: $0.key, title: $0.title == session.screen.title ? $0.title : "") }
  }

  private static func width(of tabs: [(key: String, title: String)]) -> Int {
    tabs.reduce(0) { $0 + TabBar.width($1) }
  }

  private static func tabsEnd(_ size: Size) -> Int {
    max(0, size.width - DisplayWidth.of(helpHint) - 2)
  }

  /// Where the tabs lie: at the right of the title line, before the hint to the help.
  static func tabLine(_ session: SessionState) -> Rect {
    let (width, right) = (width(of: tabs(session)), tabsEnd(session.size))
    return Rect(x: max(0, right - width), y: 0, width: min(width, right), height: 1)
  }

  /// The tab under a place, if there is one.
  static func tab(at point: Point, _ session: SessionState) -> ScreenID? {
    let line = tabLine(session)
    var x = line.x
    for (screen, tab) in zip(session.screens.ids, tabs(session)) {
      let width = TabBar.width(tab)
      if point.y == line.y, (x..<x + width).contains(point.x), x + width <= line.right {
        return screen
      }
      x += width
    }
    return nil
  }

  /// Whether a place is the hint to the help.
  static func isHelpHint(_ point: Point, _ session: SessionState) -> Bool {
    point.y == 0 && point.x >= tabLine(session).right && point.x < session.size.width
  }
}
