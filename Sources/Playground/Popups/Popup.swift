import TerminalUI

/// What can lie over a screen: its state, its keys, what they do, and how it is drawn.
///
/// A popup changes by putting a changed copy in its place (`PlaygroundState.replaceTop`), and closes
/// by taking itself off `popups`.
protocol Popup: Sendable {
  /// Where its keys are looked up, the nearest first.
  var contexts: [KeyContext] { get }

  /// Whether typed characters are text, so that `?` and the like are no commands.
  var takesText: Bool { get }

  /// The list that can be clicked; nil where there is none.
  func list(_ state: PlaygroundState) -> PopupList?

  /// Where it lies: a click elsewhere closes it.
  func frame(_ state: PlaygroundState) -> Rect?

  /// Whether a key does something now; one that does not is not shown.
  func offers(_ command: Command, _ state: PlaygroundState) -> Bool

  /// Takes itself off, whatever it shows.
  func close(_ state: inout PlaygroundState) -> [Effect]

  /// Takes a key, with the command that it has here.
  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect]

  /// Selects an item of the list.
  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect]

  /// Takes a pasted line while text is typed.
  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect]

  /// Takes the files whose paths begin with what was typed.
  func receive(files: [String], for path: String, _ state: inout PlaygroundState)

  /// - Returns: where the cursor goes; nil hides it.
  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point?
}

extension Popup {
  var takesText: Bool { false }
  func list(_ state: PlaygroundState) -> PopupList? { nil }
  func frame(_ state: PlaygroundState) -> Rect? { list(state)?.frame }
  func offers(_ command: Command, _ state: PlaygroundState) -> Bool { true }
  func close(_ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeLast()
    return []
  }

  /// The keys that do something now.
  func hints(_ state: PlaygroundState) -> [KeyHint] {
    state.keyMap.hints(in: contexts).filter { offers($0.command, state) }
      .map { ($0.key, $0.word) }
  }
  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] { [] }
  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] { [] }
  func receive(files: [String], for path: String, _ state: inout PlaygroundState) {}
}

/// Where the list of a popup is, for the mouse and for scrolling; the view draws it there.
struct PopupList {
  var frame: Rect
  /// The rows of items, one a row.
  var rows: Rect
  var count: Int
  var position: ListPosition

  func item(at point: Point) -> Int? {
    position.item(at: point, in: rows, count: count, heading: 0)
  }

  init(frame: Rect, rows: Rect, count: Int, position: ListPosition) {
    (self.frame, self.rows, self.count, self.position) = (frame, rows, count, position)
  }

  /// The list of a box of at most this size, under `heading` lines and above `footing` lines.
  init(
    width: Int, height: Int, heading: Int = 0, footing: Int = 0, count: Int,
    position: ListPosition, in size: Size
  ) {
    frame = Chrome.middle(size).centered(width: width, height: height)
    let body = frame.inset(horizontal: 2, vertical: 1)
    rows = Rect(
      x: body.x, y: body.y + heading, width: body.width, height: body.height - heading - footing)
    self.count = count
    self.position = position
  }

  /// Draws the rows, or what is said where there are none.
  func draw(
    _ rows: [[StyledText]], columns: [Table.Column], theme: Theme, empty: String,
    on buffer: inout CellBuffer
  ) {
    if rows.isEmpty {
      WrappedText(StyledText(empty, style: theme.popup(.dim)), width: self.rows.width)
        .draw(in: self.rows, on: &buffer)
    }
    Table(columns: columns, styles: PopupFrame.tableStyles(theme), showsHeading: false)
      .draw(rows: rows, position: position, in: self.rows, on: &buffer)
  }
}

/// Where popups lie: all but the title line and the lines at the bottom.
enum PopupFrame {
  /// The inside of a box of at most this size.
  static func inside(width: Int, height: Int, in size: Size) -> Rect {
    Chrome.middle(size).centered(width: width, height: height).inset(horizontal: 2, vertical: 1)
  }

  /// Draws the box with its keys in the bottom edge; returns its inside.
  @discardableResult
  static func draw(
    title: String, note: String? = nil, width: Int, height: Int, hints: [KeyHint],
    view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Rect {
    let area = Chrome.middle(buffer.size)
    let inside = TerminalUI.Popup.draw(
      title: title, note: note, width: width, height: height, in: area, theme: view.theme,
      on: &buffer)
    let frame = area.centered(width: width, height: height)
    let edge = Rect(x: frame.x + 2, y: frame.bottom - 1, width: frame.width - 4, height: 1)
    drawHints(hints.map { ($0.key, " " + $0.label) }, in: edge, view.theme, on: &buffer)
    return inside
  }

  /// Hints with a blank at either side, so that the line they stand in stays whole.
  private static func drawHints(
    _ hints: [(key: String, label: String)], in edge: Rect, _ theme: Theme,
    on buffer: inout CellBuffer
  ) {
    var x = edge.x
    for hint in hints {
      let width = DisplayWidth.of(hint.key) + DisplayWidth.of(hint.label) + 2
      guard x + width <= edge.right else { break }
      buffer.put(" ", x: x, y: edge.y, style: theme.popupText)
      let next = buffer.put(hint.key, x: x + 1, y: edge.y, style: theme.popup(.key))
      x = buffer.put(hint.label + " ", x: next, y: edge.y, style: theme.popup(.dim))
    }
  }

  static func tableStyles(_ theme: Theme) -> Table.Styles {
    var styles = Table.Styles(theme: theme)
    styles.text = theme.popupText
    styles.heading = theme.popup(.dim)
    styles.scrollbar = theme.popup(.dim)
    return styles
  }
}

extension Theme {
  var popupText: Style { self[.text].overlaid(by: self[.popup]) }

  /// A role's style on the popup's background.
  func popup(_ role: Role) -> Style { style(role, over: popupText) }
}
