import TerminalUI

/// The popups that are a list and nothing else.
enum ChooserView {
  // MARK: Themes

  static func draw(
    _ chooser: ThemeChooserState, _ state: PlaygroundState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) {
    let list = chooser.list(state)
    let body = PopupFrame.draw(
      title: "Theme", width: list.frame.width, height: list.frame.height, contexts: [.list],
      view: view, on: &buffer)
    let names = state.catalog.themes
    drawRows(
      names.map {
        [StyledText($0), StyledText($0 == chooser.original ? "now" : "", style: view.theme[.dim])]
      },
      columns: [.init("", .fill), .init("", .fixed(4))], list, view.theme,
      empty: "No themes are found; set PONDER_HOME to the folder with Themes.", on: &buffer)
    drawSample(
      Rect(
        x: body.x, y: list.rows.bottom + 1, width: body.width,
        height: max(0, body.bottom - list.rows.bottom - 1)), view.theme, on: &buffer)
  }

  /// The scales and roles that tell themes apart.
  private static func drawSample(_ rect: Rect, _ theme: Theme, on buffer: inout CellBuffer) {
    guard rect.height >= 2 else { return }
    let background = PopupFrame.textStyle(theme).background
    var heat = StyledText([.init("torn ", style: PopupFrame.style(.dim, theme))])
    for level in 0..<Role.heatLevels {
      heat.append(
        " .\(level * 2 + 1) ", style: theme.level(.tokenHeat, level).onDefault(background))
    }
    heat.append(" sure", style: PopupFrame.style(.dim, theme))
    buffer.put(heat, x: rect.x, y: rect.y, width: rect.width)
    var roles = StyledText()
    for (text, role) in [
      ("8 ✓ ", Role.answerCorrect), ("5 ✗ ", .answerWrong), ("★ best ", .nodeBest),
      ("✗ pruned ", .nodePruned), ("error", .error),
    ] {
      roles.append(text, style: theme[role].onDefault(background))
    }
    buffer.put(roles, x: rect.x, y: rect.y + 1, width: rect.width)
  }

  // MARK: Lessons and sessions

  static func drawLessons(
    _ position: ListPosition, _ state: PlaygroundState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) {
    let list = Choosers.lessons(state, position)
    let body = PopupFrame.draw(
      title: "Lessons", width: list.frame.width, height: list.frame.height, contexts: [.list],
      view: view, on: &buffer)
    body.drawHeading(
      "Each step explains, then does what it says with the model.", view.theme, &buffer)
    let rows = state.catalog.lessons.map { lesson in
      let isOn = lesson.path == state.lesson?.name
      let mark = isOn ? state.activeLesson == nil ? "go on" : "begin again" : ""
      return [StyledText(lesson.title), StyledText(mark, style: view.theme[.key])]
    }
    drawRows(
      rows, columns: [.init("", .fill), .init("", .fixed(11))], list, view.theme,
      empty: "No lessons are found; :lesson FILE plays one.", on: &buffer)
    guard state.catalog.lessons.indices.contains(position.selected) else { return }
    let summary = state.catalog.lessons[position.selected].summary ?? ""
    WrappedText(
      StyledText(summary, style: PopupFrame.textStyle(view.theme)), width: body.width
    ).draw(
      in: Rect(x: body.x, y: list.rows.bottom + 1, width: body.width, height: 2), on: &buffer)
  }

  static func drawSessions(
    _ position: ListPosition, _ state: PlaygroundState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) {
    let list = Choosers.sessions(state, position)
    PopupFrame.draw(
      title: "Saved sessions", width: list.frame.width, height: list.frame.height,
      contexts: [.list], view: view, on: &buffer
    ).drawHeading(
      "Everything explored is kept; opened again, it needs no model.", view.theme, &buffer)
    let rows = state.catalog.sessions.map { path in
      [
        StyledText(sessionTitle(path)),
        StyledText(folder(path), style: view.theme[.dim]),
      ]
    }
    drawRows(
      rows, columns: [.init("", .fraction(0.5)), .init("", .fill)], list, view.theme,
      empty: "None yet; :open FILE opens any trace.", on: &buffer)
  }

  /// A journal's name as date and time, `2026-11-21 11:09:46`; another file's as it is.
  private static func sessionTitle(_ path: String) -> String {
    let name = CommandCompletion.fileName(path)
    let parts = name.split(separator: "T", maxSplits: 1)
    guard parts.count == 2, parts[0].count == 10, let time = parts[1].split(separator: "-").first,
      time.count == 6, time.allSatisfy(\.isNumber)
    else { return name }
    return "\(parts[0]) \(time.prefix(2)):\(time.dropFirst(2).prefix(2)):\(time.suffix(2))"
  }

  private static func folder(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  static func drawRows(
    _ rows: [[StyledText]], columns: [Table.Column], _ list: PopupList, _ theme: Theme,
    empty: String, on buffer: inout CellBuffer
  ) {
    if rows.isEmpty {
      WrappedText(
        StyledText(empty, style: PopupFrame.style(.dim, theme)), width: list.rows.width
      ).draw(in: list.rows, on: &buffer)
    }
    Table(columns: columns, styles: PopupFrame.tableStyles(theme), showsHeading: false).draw(
      rows: rows, position: list.position, in: list.rows, on: &buffer)
  }
}

extension Rect {
  /// Writes a dim line at the top of a popup's body.
  func drawHeading(_ text: String, _ theme: Theme, _ buffer: inout CellBuffer) {
    buffer.put(text, x: x, y: y, style: PopupFrame.style(.dim, theme), width: width)
  }
}

extension Style {
  /// This style on a background, unless it has one of its own.
  func onDefault(_ other: Color) -> Style { background == .default ? on(other) : self }
}
