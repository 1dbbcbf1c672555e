/// A row of tabs, each with the key that opens it.
///
/// Where a tab lies depends on the row's width and on what tabs there are, and in a narrow row on
/// which group is active; never on which tab of it: nobody has to look for the next one again.
public enum TabBar {
  /// A tab as it is written, and where.
  public struct Tab: Sendable, Hashable {
    public var key: String
    /// As much of the title as there is room for.
    public var title: String
    /// Its key and title; the column at either side is its own while it is active.
    public var rect: Rect
  }

  /// Lays the tabs out from the left of a rectangle: with whole titles, else with as much of each
  /// as there is room for, the longest cut first. Groups stand further apart where there is room.
  ///
  /// - Parameters:
  ///   - borders: the tabs with which a group begins, but for the first one.
  ///   - group: tabs that keep their whole titles as long as the others' keys have room.
  public static func layout(
    _ tabs: [(key: String, title: String)], borders: Set<Int> = [], whole group: Range<Int> = 0..<0,
    in rect: Rect
  ) -> [Tab] {
    let room = rect.width - 2
    let keys = tabs.reduce(0) { $0 + DisplayWidth.of($1.key) }
    let longest = tabs.map { DisplayWidth.of($0.title) }.max() ?? 0
    var group = group
    func columns(_ index: Int, _ limit: Int) -> Int { group.contains(index) ? longest : limit }
    func fits(_ limit: Int, gap: Int, border: Int) -> Bool {
      let titles = tabs.enumerated().reduce(0) { sum, tab in
        let columns = columns(tab.offset, limit)
        return sum + (columns > 0 ? 1 + min(columns, DisplayWidth.of(tab.element.title)) : 0)
      }
      return keys + titles + gap * max(0, tabs.count - 1) + border * borders.count <= room
    }
    if !fits(0, gap: 1, border: 0) { group = 0..<0 }
    let most = stride(from: longest, through: 1, by: -1).first { fits($0, gap: 1, border: 0) } ?? 0
    let gap = fits(most, gap: 2, border: 0) ? 2 : 1
    let border = [3, 2, 1].first { fits(most, gap: gap, border: $0) } ?? 0
    var x = rect.x + 1
    return tabs.enumerated().compactMap { index, tab in
      let limit = columns(index, most)
      let title = beginning(of: tab.title, columns: limit)
      let width = DisplayWidth.of(tab.key) + (limit > 0 ? 1 + DisplayWidth.of(title) : 0)
      if borders.contains(index) { x += border }
      guard x + width < rect.right else { return nil }
      defer { x += width + gap }
      return Tab(
        key: tab.key, title: title, rect: Rect(x: x, y: rect.y, width: width, height: 1))
    }
  }

  private static func beginning(of title: String, columns: Int) -> String {
    var (kept, width) = ("", 0)
    for cluster in DisplayClusters(title) {
      width += cluster.width
      if width > columns { break }
      kept += cluster.text
    }
    return kept
  }

  /// Draws tabs where they lie; the active one stands in brackets, whatever the colours.
  ///
  /// - Parameter filled: the tabs behind which there is something; nil for all.
  public static func draw(
    _ tabs: [Tab], active: Int, filled: Set<Int>? = nil, theme: Theme, on buffer: inout CellBuffer
  ) {
    for (index, tab) in tabs.enumerated() {
      let isActive = index == active
      let isFilled = filled?.contains(index) ?? false
      let style = theme[isActive ? .tabActive : isFilled ? .text : .tab]
      let (rect, y) = (tab.rect, tab.rect.y)
      if isActive {
        buffer.put("[", x: rect.x - 1, y: y, style: style)
        buffer.put("]", x: rect.right, y: y, style: style)
      }
      let x = buffer.put(
        tab.key, x: rect.x, y: y, style: isActive ? style : style.overlaid(by: theme[.key]))
      guard !tab.title.isEmpty else { continue }
      buffer.put(" " + tab.title, x: x, y: y, style: style)
    }
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
