import TerminalUI

/// A column of a table, which knows how it writes an item.
struct ItemColumn<Item> {
  let heading: Table.Column
  fileprivate let draw: (Item, Cell, inout CellBuffer) -> Void

  /// A column of texts; where there is none the cell stays empty.
  init(
    _ title: String, _ length: Length, _ alignment: Alignment = .left,
    write: @escaping (Item, Cell) -> StyledText?
  ) {
    self.init(title, length, alignment) { item, cell, buffer in
      guard let text = write(item, cell) else { return }
      Table.put(text, in: cell.rect, alignment: alignment, on: &buffer)
    }
  }

  /// A column of something else than texts.
  init(
    _ title: String, _ length: Length, _ alignment: Alignment = .left,
    draw: @escaping (Item, Cell, inout CellBuffer) -> Void
  ) {
    heading = Table.Column(title, length, alignment)
    self.draw = draw
  }
}

extension Array {
  /// Draws these items, which are no list to move in.
  func draw(
    _ columns: [ItemColumn<Element>], showsHeading: Bool = false, in rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    let rows = Swift.min(count, rect.height - (showsHeading ? 1 : 0))
    Table.draw(
      columns, count: rows, position: ListPosition(), in: rect, theme: theme,
      showsHeading: showsHeading, showsSelection: false, on: &buffer
    ) { self[$0] }
  }
}

/// A cell of a table: where it is, and how its row looks.
struct Cell {
  /// The item's place in the list.
  let row: Int
  let rect: Rect
  let base: Style
  let theme: Theme

  var width: Int { rect.width }

  /// The style of a role in this row; of plain text the row's own.
  func style(_ role: Role) -> Style { role == .text ? base : theme.style(role, over: base) }

  func text(_ text: String, _ role: Role = .text) -> StyledText {
    StyledText(text, style: style(role))
  }

  /// A text, or a dim dash where there is none.
  func text(orDash text: String?) -> StyledText {
    self.text(text ?? "—", text == nil ? .dim : .text)
  }

  func bar(_ fraction: Double, _ style: Style) -> StyledText {
    StyledText(Bar.text(fraction, width: width), style: style)
  }

  func path(_ path: PathDigest) -> StyledText {
    PathText.line(path, columns: width, styles: PathText.Styles(theme: theme, base: base))
  }
}

extension Table {
  /// Draws a list of items by its columns.
  ///
  /// - Parameters:
  ///   - base: the style of an item's row, from the one that it would have.
  ///   - item: the item at a place of the list; nil leaves its row empty.
  static func draw<Item>(
    _ columns: [ItemColumn<Item>], count: Int, position: ListPosition, in rect: Rect, theme: Theme,
    styles: Styles? = nil, showsHeading: Bool = true, showsSelection: Bool = true,
    on buffer: inout CellBuffer, base: (Int, Style) -> Style = { $1 }, item: (Int) -> Item?
  ) {
    let table = Table(
      columns: columns.map(\.heading), styles: styles ?? Styles(theme: theme),
      showsHeading: showsHeading, showsSelection: showsSelection)
    table.draw(count: count, position: position, in: rect, on: &buffer) {
      row, column, rect, style, buffer in
      guard let item = item(row) else { return }
      let cell = Cell(row: row, rect: rect, base: base(row, style), theme: theme)
      columns[column].draw(item, cell, &buffer)
    }
  }
}
