/// The light box-drawing characters by the four directions in which they have an arm.
enum BoxDrawing {
  static let north = 1
  static let east = 2
  static let south = 4
  static let west = 8

  private static let glyphs: [Character] = [
    " ", "╵", "╶", "└", "╷", "│", "┌", "├", "╴", "┘", "─", "┴", "┐", "┤", "┬", "┼",
  ]
  private static let arms: [String: Int] = Dictionary(
    uniqueKeysWithValues: glyphs.enumerated().map { (String($1), $0) })

  static func glyph(arms: Int) -> String { String(glyphs[arms & 15]) }

  /// The arms of a drawn glyph; none for anything that is not a light box-drawing character.
  static func arms(of text: String) -> Int { text == " " ? 0 : arms[text] ?? 0 }
}

extension CellBuffer {
  /// Draws the outline of `rect`, joining lines already there (`├`, `┬`, `┼`), with an optional
  /// title in the top edge and an optional note at its right end.
  public mutating func box(
    _ rect: Rect, style: Style, title: String? = nil, titleStyle: Style? = nil, note: String? = nil
  ) {
    guard rect.width >= 2, rect.height >= 2 else { return }
    line(from: rect.origin, cells: rect.width, isRow: true, meets: true, style: style)
    line(
      from: Point(x: rect.x, y: rect.bottom - 1), cells: rect.width, isRow: true, meets: true,
      style: style)
    line(from: rect.origin, cells: rect.height, isRow: false, meets: true, style: style)
    line(
      from: Point(x: rect.right - 1, y: rect.y), cells: rect.height, isRow: false, meets: true,
      style: style)
    caption(
      Rect(x: rect.x, y: rect.y, width: rect.width, height: 1), title: title, note: note,
      style: titleStyle ?? style, lineStyle: style)
  }

  /// Writes a title at the left and a note at the right of a horizontal line.
  public mutating func caption(
    _ line: Rect, title: String?, note: String? = nil, style: Style, lineStyle: Style
  ) {
    let room = line.width - 4
    guard room > 2 else { return }
    var end = line.x + 1
    if let title, !title.isEmpty {
      end = put(" \(title) ", x: line.x + 1, y: line.y, style: style, width: room)
    }
    if let note, !note.isEmpty {
      let text = " \(note) "
      let width = DisplayWidth.of(text)
      guard line.right - 1 - width > end else { return }
      put(text, x: line.right - 1 - width, y: line.y, style: lineStyle)
    }
  }

  /// Draws a horizontal line of `width` cells; where its ends meet other lines it joins them.
  public mutating func horizontalLine(x: Int, y: Int, width: Int, style: Style) {
    line(from: Point(x: x, y: y), cells: width, isRow: true, meets: false, style: style)
  }

  /// Draws a vertical line of `height` cells; where its ends meet other lines it joins them.
  public mutating func verticalLine(x: Int, y: Int, height: Int, style: Style) {
    line(from: Point(x: x, y: y), cells: height, isRow: false, meets: false, style: style)
  }

  /// A line whose end cells have no outward arm if they join what is drawn there already, or if
  /// `meets` says that another line is about to be drawn there.
  private mutating func line(
    from start: Point, cells: Int, isRow: Bool, meets: Bool, style: Style
  ) {
    let back = isRow ? BoxDrawing.west : BoxDrawing.north
    let forward = isRow ? BoxDrawing.east : BoxDrawing.south
    for step in 0..<max(0, cells) {
      let x = isRow ? start.x + step : start.x
      let y = isRow ? start.y : start.y + step
      let present = BoxDrawing.arms(of: self[x, y].text)
      let joins = (meets || present != 0) && cells > 1
      var arms = back | forward
      if joins, step == 0 { arms &= ~back }
      if joins, step == cells - 1 { arms &= ~forward }
      let glyph = BoxDrawing.glyph(arms: arms | present)
      set(x, y, Cell(text: glyph, width: 1, style: style.drawn(over: self[x, y].style)))
    }
  }
}
