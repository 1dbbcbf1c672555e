/// A row of tabs, each with the key that opens it. A tab without a title is its key alone.
public enum TabBar {
  /// The columns that a tab takes, space around it included.
  public static func width(_ tab: (key: String, title: String)) -> Int {
    let title = DisplayWidth.of(tab.title)
    return DisplayWidth.of(tab.key) + (title == 0 ? 2 : title + 3)
  }

  /// Draws the tabs from the left of `rect` and returns the rectangle of each that fits.
  @discardableResult
  public static func draw(
    _ tabs: [(key: String, title: String)], active: Int, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) -> [Rect] {
    var rects: [Rect] = []
    var x = rect.x
    for (index, tab) in tabs.enumerated() {
      let isActive = index == active
      let style = theme[isActive ? .tabActive : .tab]
      let width = width(tab)
      guard x + width <= rect.right else { break }
      let cell = Rect(x: x, y: rect.y, width: width, height: 1)
      buffer.put(String(repeating: " ", count: width), x: x, y: rect.y, style: style)
      let next = buffer.put(
        tab.key, x: x + 1, y: rect.y, style: isActive ? style : style.overlaid(by: theme[.key]))
      buffer.put(tab.title, x: next + 1, y: rect.y, style: style)
      rects.append(cell)
      x += width
    }
    return rects
  }
}

/// A line of keys and what they do: `→ take  ← undo`.
public enum KeyHints {
  /// Draws as many hints as fit whole, in order, and returns the column after the last one.
  @discardableResult
  public static func draw(
    _ hints: [(key: String, label: String)], in rect: Rect, keyStyle: Style, labelStyle: Style,
    on buffer: inout CellBuffer
  ) -> Int {
    var x = rect.x
    for (index, hint) in hints.enumerated() {
      let gap = index == 0 ? 0 : 2
      let width = DisplayWidth.of(hint.key) + 1 + DisplayWidth.of(hint.label)
      guard x + gap + width <= rect.right else { break }
      let next = buffer.put(hint.key, x: x + gap, y: rect.y, style: keyStyle)
      x = buffer.put(hint.label, x: next + 1, y: rect.y, style: labelStyle)
    }
    return x
  }
}

/// A box in the middle of the screen, over everything else.
public enum Popup {
  /// Clears and frames a box of at most the given size inside `rect` and returns its inside.
  @discardableResult
  public static func draw(
    title: String, note: String? = nil, width: Int, height: Int, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) -> Rect {
    let frame = rect.centered(width: width, height: height)
    let style = theme[.text].overlaid(by: theme[.popup])
    buffer.fill(frame, style: style)
    buffer.box(
      frame, style: theme[.borderFocus], title: title, titleStyle: theme[.title], note: note)
    return frame.inset(horizontal: 2, vertical: 1)
  }
}
