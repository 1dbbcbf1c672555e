public import TerminalUI

/// What can lie over a screen.
public enum Popup: Sendable {
  case help(scroll: Int)
  case commandLine(CommandLineState)
  case settings(SettingsState)
  case problems(PickerState)
  case models(ModelPickerState)
  case themes(ThemeChooserState)
  case lessons(ListPosition)
  case sessions(ListPosition)

  /// Where its keys are looked up, the nearest first.
  var contexts: [KeyContext] {
    switch self {
    case .help: [.help]
    case .commandLine: [.commandLine]
    case .settings(let settings): [settings.field == nil ? .settings : .value]
    case .problems(let picker): [picker.context]
    case .models(let picker): picker.isOnFamily ? [.family, .models] : [.models]
    case .themes, .lessons, .sessions: [.list]
    }
  }

  /// Whether typed characters are text, so that `?` and the like are no commands.
  var takesText: Bool {
    switch self {
    case .commandLine, .problems, .models: true
    case .settings(let settings): settings.field != nil
    case .help, .themes, .lessons, .sessions: false
    }
  }
}

/// Where popups lie: all but the title line and the lines at the bottom.
enum PopupFrame {
  static func area(_ size: Size) -> Rect {
    Rect(x: 0, y: 1, width: size.width, height: max(0, size.height - 3))
  }

  /// The inside of a box of at most this size.
  static func inside(width: Int, height: Int, in size: Size) -> Rect {
    area(size).centered(width: width, height: height).inset(horizontal: 2, vertical: 1)
  }

  /// Draws the box with its keys in the bottom edge; returns its inside.
  @discardableResult
  static func draw(
    title: String, note: String? = nil, width: Int, height: Int, contexts: [KeyContext],
    view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Rect {
    let area = area(buffer.size)
    let inside = TerminalUI.Popup.draw(
      title: title, note: note, width: width, height: height, in: area, theme: view.theme,
      on: &buffer)
    let frame = area.centered(width: width, height: height)
    let hints = KeyMap.standard.hints(in: contexts).map { (key: $0.key, label: " " + $0.word) }
    let edge = Rect(x: frame.x + 2, y: frame.bottom - 1, width: frame.width - 4, height: 1)
    drawHints(hints, in: edge, view.theme, on: &buffer)
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
      buffer.put(" ", x: x, y: edge.y, style: textStyle(theme))
      let next = buffer.put(hint.key, x: x + 1, y: edge.y, style: style(.key, theme))
      x = buffer.put(hint.label + " ", x: next, y: edge.y, style: style(.dim, theme))
    }
  }

  static func textStyle(_ theme: Theme) -> Style { theme[.text].overlaid(by: theme[.popup]) }

  /// A role's style on the popup's background.
  static func style(_ role: Role, _ theme: Theme) -> Style {
    let base = textStyle(theme)
    return base.overlaid(by: theme[role]).on(base.background)
  }

  static func tableStyles(_ theme: Theme) -> Table.Styles {
    var styles = Table.Styles(theme: theme)
    styles.text = textStyle(theme)
    styles.heading = style(.dim, theme)
    styles.scrollbar = style(.dim, theme)
    return styles
  }
}
