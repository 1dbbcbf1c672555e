import TerminalUI

/// Lists that are moved through by keys and the mouse: every list on a screen or in a popup has
/// its keys, its steps and its hit test from here.
extension KeyBinding {
  /// The keys that move through a list of somethings, such as `answer` or `step`.
  ///
  /// - Parameter first: the keys that go to the first one; on screens `g` alone lists the screens.
  static func moving(
    _ noun: String? = nil, pages: Bool = true, first: [KeyEvent] = [.home]
  ) -> [KeyBinding] {
    let noun = noun.map { " \($0)" } ?? ""
    return [
      KeyBinding([.up, "k"], .up, "previous\(noun)"),
      KeyBinding([.down, "j"], .down, "next\(noun)"),
    ] + (pages ? paging : []) + [
      KeyBinding(first, .top, "first\(noun)"),
      KeyBinding([.end, "G"], .bottom, "last\(noun)"),
    ]
  }

  static let paging = [
    KeyBinding([.pageUp], .pageUp, "a page up"), KeyBinding([.pageDown], .pageDown, "a page down"),
  ]

  /// The keys that scroll a text beside a list.
  static func scrolling(_ noun: String) -> [KeyBinding] {
    [
      KeyBinding([.pageUp], .pageUp, "scroll the \(noun) up"),
      KeyBinding([.pageDown], .pageDown, "scroll the \(noun) down"),
    ]
  }
}

extension ListPosition {
  /// Moves by a command; false for a command that moves nothing.
  ///
  /// - Parameter page: how many rows show at once.
  mutating func move(_ command: Command?, count: Int, page: Int) -> Bool {
    switch command {
    case .up: move(by: -1, count: count)
    case .down: move(by: 1, count: count)
    case .pageUp: move(by: -max(1, page), count: count)
    case .pageDown: move(by: max(1, page), count: count)
    case .top: selected = 0
    case .bottom: selected = max(0, count - 1)
    default: return false
    }
    _ = reveal(count: count, height: page)
    return true
  }

  /// Selects a row, the nearest there is.
  mutating func select(_ row: Int, count: Int, page: Int) {
    selected = max(0, min(count - 1, row))
    _ = reveal(count: count, height: page)
  }

  /// The item under a point of a list that is drawn in a rectangle under some lines of headings.
  func item(at point: Point, in rect: Rect, count: Int, heading: Int = 1) -> Int? {
    let visible = visible(count: count, height: rect.height - heading)
    let row = point.y - rect.y - heading
    guard rect.contains(point), row >= 0, row < visible.count else { return nil }
    return visible.lowerBound + row
  }
}
