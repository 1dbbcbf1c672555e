import Decoding
import TerminalUI

/// What surrounds every screen: the title line with the tabs, the line of keys or of a message,
/// the status line. Here is where each of them lies; `ChromeView` draws them.
enum Chrome {
  /// From this width on Decode and Branches stand side by side.
  static let sideBySideWidth = 140

  /// The part of the terminal that belongs to the screens.
  static func content(_ state: PlaygroundState) -> Rect {
    LessonPane.split(middle(state.size), state).screens
  }

  /// What lies between the title line and the hint line.
  static func middle(_ size: Size) -> Rect {
    Rect(x: 0, y: 1, width: size.width, height: max(0, size.height - 3))
  }

  static func titleLine(_ size: Size) -> Rect {
    Rect(x: 0, y: 0, width: size.width, height: 1)
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

  /// The screens on view and where they lie, from left to right. On a wide terminal Decode and
  /// Branches show together; the state's screen is the one that keys go to.
  static func panes(_ state: PlaygroundState) -> [(screen: ScreenID, rect: Rect)] {
    let content = content(state)
    guard content.width >= sideBySideWidth, [.decode, .branches].contains(state.screen) else {
      return [(state.screen, content)]
    }
    let parts = content.splitColumns([.fill, .fill])
    return [(.decode, parts[0]), (.branches, parts[1])]
  }

  /// Where a screen lies; nil when it is not on view.
  static func rect(of screen: ScreenID, _ state: PlaygroundState) -> Rect? {
    panes(state).first { $0.screen == screen }?.rect
  }

  /// The screen drawn at a place.
  static func pane(at point: Point, _ state: PlaygroundState) -> ScreenID? {
    panes(state).first { $0.rect.contains(point) }?.screen
  }

  // MARK: Tabs

  static let helpHint = "? keys"

  /// What the tabs leave to the model's name and the temperature.
  private static let titleWidth = 24

  /// The tabs with the keys that open them, as `TabBar` takes them. Where there is no room for all
  /// titles the active one alone has its own.
  static func tabs(_ state: PlaygroundState) -> [(key: String, title: String)] {
    let all = ScreenID.allCases.map { (key: "\($0.rawValue)", title: $0.title) }
    guard titleWidth + width(of: all) > tabsEnd(state.size) else { return all }
    return ScreenID.allCases.map {
      (key: "\($0.rawValue)", title: $0 == state.screen ? $0.title : "")
    }
  }

  private static func width(of tabs: [(key: String, title: String)]) -> Int {
    tabs.reduce(0) { $0 + TabBar.width($1) }
  }

  private static func tabsEnd(_ size: Size) -> Int {
    max(0, size.width - DisplayWidth.of(helpHint) - 2)
  }

  /// Where the tabs lie: at the right of the title line, before the hint to the help.
  static func tabLine(_ state: PlaygroundState) -> Rect {
    let (width, right) = (width(of: tabs(state)), tabsEnd(state.size))
    return Rect(x: max(0, right - width), y: 0, width: min(width, right), height: 1)
  }

  /// The tab under a place, if there is one.
  static func tab(at point: Point, _ state: PlaygroundState) -> ScreenID? {
    let line = tabLine(state)
    var x = line.x
    for (screen, tab) in zip(ScreenID.allCases, tabs(state)) {
      let width = TabBar.width(tab)
      if point.y == line.y, (x..<x + width).contains(point.x), x + width <= line.right {
        return screen
      }
      x += width
    }
    return nil
  }

  /// Whether a place is the hint to the help.
  static func isHelpHint(_ point: Point, _ state: PlaygroundState) -> Bool {
    point.y == 0 && point.x >= tabLine(state).right && point.x < state.size.width
  }
}
