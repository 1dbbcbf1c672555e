/// Which item of a list is selected, and which one is at the top of what shows.
public struct ListPosition: Hashable, Sendable {
  public var selected: Int
  public var firstVisible: Int

  public init(selected: Int = 0, firstVisible: Int = 0) {
    self.selected = selected
    self.firstVisible = firstVisible
  }

  /// Moves the selection by `offset` items, staying in the list.
  public mutating func move(by offset: Int, count: Int) {
    selected = min(max(0, count - 1), max(0, selected + offset))
  }

  /// The items that show in `height` rows, scrolled as little as it takes to show the selection.
  public mutating func reveal(count: Int, height: Int) -> Range<Int> {
    let rows = visible(count: count, height: height)
    firstVisible = rows.lowerBound
    return rows
  }

  /// What `reveal` returns, without remembering where the list was scrolled to.
  public func visible(count: Int, height: Int) -> Range<Int> {
    guard count > 0, height > 0 else { return 0..<0 }
    let chosen = min(count - 1, max(0, selected))
    var first = min(max(0, firstVisible), max(0, count - height))
    if chosen < first { first = chosen }
    if chosen >= first + height { first = chosen - height + 1 }
    return first..<min(count, first + height)
  }
}

public enum Alignment: Hashable, Sendable { case left, right }

/// Rows of aligned columns, with a heading, a selection and a scrollbar.
public struct Table {
  public struct Column: Hashable, Sendable {
    public var title: String
    public var length: Length
    public var alignment: Alignment

    public init(_ title: String = "", _ length: Length, _ alignment: Alignment = .left) {
      self.title = title
      self.length = length
      self.alignment = alignment
    }
  }

  /// How the parts look.
  public struct Styles: Hashable, Sendable {
    public var heading: Style
    public var text: Style
    public var selection: Style
    public var scrollbar: Style

    public init(theme: Theme) {
      heading = theme[.dim]
      text = theme[.text]
      selection = theme[.selection]
      scrollbar = theme[.dim]
    }
  }

  public var columns: [Column]
  public var styles: Styles
  /// Whether the first row holds the columns' titles.
  public var showsHeading: Bool
  /// Whether the selection is shown, with `▸` before the row as well as by its style.
  public var showsSelection: Bool

  public init(
    columns: [Column], styles: Styles, showsHeading: Bool = true, showsSelection: Bool = true
  ) {
    self.columns = columns
    self.styles = styles
    self.showsHeading = showsHeading
    self.showsSelection = showsSelection
  }

  /// The rows of items that fit into `rect`.
  public func itemRows(in rect: Rect) -> Int { max(0, rect.height - (showsHeading ? 1 : 0)) }

  /// The item drawn at `point` if the list is drawn in `rect`.
  public func item(at point: Point, in rect: Rect, count: Int, position: ListPosition) -> Int? {
    let row = point.y - rect.y - (showsHeading ? 1 : 0)
    let visible = position.visible(count: count, height: itemRows(in: rect))
    guard rect.contains(point), row >= 0, row < visible.count else { return nil }
    return visible.lowerBound + row
  }

  /// The cells of the columns in the row at `row` of `rect`.
  public func cells(in rect: Rect, row: Int) -> [Rect] {
    let line = rect.row(row)
    let marker = showsSelection ? 2 : 0
    return Rect(
      x: line.x + marker, y: line.y, width: line.width - marker, height: line.height
    ).splitColumns(columns.map(\.length), gap: 1)
  }

  /// Draws the part of the list that shows. `drawCell` draws column `column` of item `item` into
  /// its cell, in `base` unless it has reason to differ.
  public func draw(
    count: Int, position: ListPosition, in rect: Rect, on buffer: inout CellBuffer,
    drawCell: (
      _ item: Int, _ column: Int, _ cell: Rect, _ base: Style, _ buffer: inout CellBuffer
    ) -> Void
  ) {
    guard !rect.isEmpty else { return }
    let visible = position.visible(count: count, height: itemRows(in: rect))
    let needsBar = visible.count < count
    var area = rect
    if needsBar { area.width = max(0, area.width - 1) }
    if showsHeading {
      for (column, cell) in zip(columns, cells(in: area, row: 0)) {
        Table.put(
          StyledText(column.title, style: styles.heading), in: cell, alignment: column.alignment,
          on: &buffer)
      }
    }
    let top = showsHeading ? 1 : 0
    for item in visible {
      let row = top + item - visible.lowerBound
      let isSelected = showsSelection && item == position.selected
      let base = isSelected ? styles.text.overlaid(by: styles.selection) : styles.text
      if isSelected { buffer.fill(area.row(row), style: base) }
      if showsSelection {
        buffer.put(isSelected ? "▸" : " ", x: area.x, y: area.y + row, style: base)
      }
      for (column, cell) in cells(in: area, row: row).enumerated() where !cell.isEmpty {
        buffer.clipped(to: cell) { drawCell(item, column, cell, base, &$0) }
      }
    }
    if needsBar {
      let track = Rect(
        x: rect.right - 1, y: rect.y + top, width: 1, height: max(0, rect.height - top))
      Scrollbar.draw(
        visible: visible, count: count, in: track, style: styles.scrollbar, on: &buffer)
    }
  }

  /// Draws the list from texts, each in its own style over the row's.
  public func draw(
    rows: [[StyledText]], position: ListPosition, in rect: Rect, on buffer: inout CellBuffer
  ) {
    draw(count: rows.count, position: position, in: rect, on: &buffer) {
      item, column, cell, base, buffer in
      guard column < rows[item].count else { return }
      Table.put(
        rows[item][column].over(base), in: cell, alignment: columns[column].alignment, on: &buffer)
    }
  }

  /// Draws a text on the first row of a cell, aligned and cut to its width.
  public static func put(
    _ text: StyledText, in cell: Rect, alignment: Alignment, on buffer: inout CellBuffer
  ) {
    let spare = max(0, cell.width - DisplayWidth.of(text.text))
    let x = alignment == .right ? cell.x + spare : cell.x
    buffer.put(text, x: x, y: cell.y, width: cell.width)
  }
}

/// A bar that shows which part of a list or text is in view. It stands in a column of its own, and
/// its thumb keeps clear of what ends before it, such as a full `Bar`.
public enum Scrollbar {
  public static func draw(
    visible: Range<Int>, count: Int, in rect: Rect, style: Style, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty, count > 0 else { return }
    let length = min(rect.height, max(1, rect.height * visible.count / count))
    let room = rect.height - length
    let hidden = max(1, count - visible.count)
    let start = min(room, (visible.lowerBound * room + hidden / 2) / hidden)
    for row in 0..<rect.height {
      let isThumb = row >= start && row < start + length
      buffer.put(isThumb ? "▐" : "│", x: rect.x, y: rect.y + row, style: style)
    }
  }
}
