import TerminalUI

/// The popups that are a list and nothing else.
enum Choosers {
  static let width = 72

  static func lessons(_ state: PlaygroundState, _ position: ListPosition) -> PopupList {
    let count = state.catalog.lessons.count
    return PopupList(
      width: width, height: max(1, count) + 7, heading: 2, footing: 3, count: count,
      position: position, in: state.size)
  }

  static func sessions(_ state: PlaygroundState, _ position: ListPosition) -> PopupList {
    let count = state.catalog.sessions.count
    return PopupList(
      width: width, height: max(1, count) + 4, heading: 2, count: count, position: position,
      in: state.size)
  }
}

/// What the theme chooser shows. Moving shows each theme at once; closing brings back the old one.
public struct ThemeChooserState: Sendable {
  var position: ListPosition
  /// The theme before.
  var original: String

  init(_ state: PlaygroundState) {
    original = state.themeName
    position = ListPosition(selected: state.catalog.themes.firstIndex(of: original) ?? 0)
  }

  func list(_ state: PlaygroundState) -> PopupList {
    let count = state.catalog.themes.count
    return PopupList(
      width: 40, height: max(1, count) + 2 + Self.footing, footing: Self.footing, count: count,
      position: position, in: state.size)
  }

  /// Lines for the sample of colours.
  static let footing = 3

  func preview(_ state: PlaygroundState) -> [Effect] {
    guard state.catalog.themes.indices.contains(position.selected) else { return [] }
    let name = state.catalog.themes[position.selected]
    return name == state.themeName ? [] : [.shell(.loadTheme(name))]
  }
}

extension Reducer {
  func themeKey(
    _ command: Command?, _ old: ThemeChooserState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var chooser = old
    let list = chooser.list(state)
    if chooser.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(.themes(chooser))
      return chooser.preview(state)
    }
    switch command {
    case .activate: state.popups.removeLast()
    case .dismiss:
      state.popups.removeLast()
      if state.themeName != chooser.original { return [.shell(.loadTheme(chooser.original))] }
    default: break
    }
    return []
  }

  func lessonsKey(
    _ command: Command?, _ old: ListPosition, _ state: inout PlaygroundState
  ) -> [Effect] {
    var position = old
    let list = Choosers.lessons(state, position)
    if position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(.lessons(position))
    } else if command == .activate, state.catalog.lessons.indices.contains(position.selected) {
      state.popups.removeLast()
      let path = state.catalog.lessons[position.selected].path
      // One that waits goes on; one that is on view begins again.
      if state.lesson?.name == path, state.lesson?.isHidden == true {
        state.lesson?.isHidden = false
        return []
      }
      return [.file(.lesson(path: path))]
    }
    return []
  }

  func sessionsKey(
    _ command: Command?, _ old: ListPosition, _ state: inout PlaygroundState
  ) -> [Effect] {
    var position = old
    let list = Choosers.sessions(state, position)
    if position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(.sessions(position))
    } else if command == .activate, state.catalog.sessions.indices.contains(position.selected) {
      state.popups.removeLast()
      return [.file(.open(path: state.catalog.sessions[position.selected]))]
    }
    return []
  }
}
