/// A picture of the screen in cells, which views draw into.
///
/// Every write is clipped to `clip`. A wide cluster always keeps both of its cells: writing over
/// one half blanks the other, and a wide cluster that would be cut by an edge is drawn as blanks.
/// `fill` sets styles outright; everything else is drawn over what is there, so that colours left
/// at `.default`, and reverse video, show through: text on a selected row stays selected.
/// Coordinates are the buffer's own, whatever the clip.
public struct CellBuffer: Hashable, Sendable {
  public let size: Size
  /// Row after row, `size.height` × `size.width`.
  public internal(set) var cells: [Cell]
  /// Where drawing has an effect, always within the buffer.
  private(set) var clip: Rect

  public init(size: Size, style: Style = .plain) {
    self.size = size
    self.cells = Array(repeating: .blank(style), count: size.width * size.height)
    self.clip = Rect(size)
  }

  public var bounds: Rect { Rect(size) }

  /// The cell at a position; a blank outside the buffer.
  public subscript(x: Int, y: Int) -> Cell {
    guard bounds.contains(Point(x: x, y: y)) else { return .blank() }
    return cells[y * size.width + x]
  }

  /// Draws with the clip narrowed to `rect`.
  public mutating func clipped<Result>(
    to rect: Rect, _ draw: (inout CellBuffer) throws -> Result
  ) rethrows -> Result {
    let outer = clip
    clip = clip.intersection(rect)
    defer { clip = outer }
    return try draw(&self)
  }

  /// Draws `text` on one line and returns the column after it, clipped or not. At most `width`
  /// columns are used; a text that needs more ends in `…`.
  @discardableResult
  public mutating func put(
    _ text: some StringProtocol, x: Int, y: Int, style: Style = .plain, width: Int? = nil
  ) -> Int {
    put(DisplayClusters(text).lazy.map { ($0, style) }, x: x, y: y, width: width)
  }

  /// Draws clusters on one line, each in its style, as `put` does the text they are of.
  ///
  /// - Parameter clusters: gone through twice where there is a width.
  @discardableResult
  mutating func put(
    _ clusters: some Sequence<(DisplayCluster, Style)>, x: Int, y: Int, width: Int?
  ) -> Int {
    var limit = Int.max
    if let width, clusters.reduce(0, { $0 + $1.0.width }) > width { limit = width - 1 }
    guard limit >= 0 else { return x }
    var column = x
    for (cluster, style) in clusters {
      if column - x + cluster.width > limit { return put("…", x: column, y: y, style: style) }
      put(cluster, x: column, y: y, style: style)
      column += cluster.width
    }
    return column
  }

  /// Draws one cluster.
  public mutating func put(_ cluster: DisplayCluster, x: Int, y: Int, style: Style) {
    guard y >= clip.y, y < clip.bottom else { return }
    let style = style.drawn(over: self[max(x, clip.x), y].style)
    if cluster.width == 2 {
      guard x >= clip.x, x + 1 < clip.right else {
        set(x, y, .blank(style))
        set(x + 1, y, .blank(style))
        return
      }
      set(x, y, Cell(cluster, style: style))
      breakWide(atColumn: x + 1, row: y, keepingLead: true)
      cells[y * size.width + x + 1] = .continuation(style)
    } else {
      set(x, y, Cell(cluster, style: style))
    }
  }

  /// Fills the part of `rect` inside the clip with blanks.
  public mutating func fill(_ rect: Rect, style: Style) {
    let area = rect.intersection(clip)
    guard !area.isEmpty else { return }
    for y in area.y..<area.bottom {
      for x in area.x..<area.right { set(x, y, .blank(style)) }
    }
  }

  /// Changes the style of what is already drawn in `rect`, whole wide clusters at a time.
  public mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
    let area = rect.intersection(clip)
    guard !area.isEmpty else { return }
    for y in area.y..<area.bottom {
      for x in area.x..<area.right {
        let index = y * size.width + x
        if cells[index].isContinuation && x > area.x { continue }
        let style = change(cells[index].style)
        cells[index].style = style
        if cells[index].width == 2 { cells[index + 1].style = style }
        if cells[index].isContinuation { cells[index - 1].style = style }
      }
    }
  }

  /// Writes a cell that is one column wide, or the lead of a wide one.
  mutating func set(_ x: Int, _ y: Int, _ cell: Cell) {
    guard clip.contains(Point(x: x, y: y)) else { return }
    breakWide(atColumn: x, row: y, keepingLead: false)
    cells[y * size.width + x] = cell
  }

  /// Blanks the other half of the wide cluster, if any, that has a half at this column.
  private mutating func breakWide(atColumn x: Int, row y: Int, keepingLead: Bool) {
    let index = y * size.width + x
    if cells[index].isContinuation, x > 0, !keepingLead {
      cells[index - 1] = .blank(cells[index - 1].style)
    }
    if cells[index].width == 2, x + 1 < size.width {
      cells[index + 1] = .blank(cells[index + 1].style)
    }
  }
}
