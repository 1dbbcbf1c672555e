import TerminalUI

/// All screens in their groups, each with its letter, what it is for, and what it holds now. `g` and
/// the letter go there at once.
struct ScreenChooser: Popup {
  enum Row: Sendable, Hashable {
    case group(ScreenGroup)
    case screen(ScreenID)
  }

  var position = ListPosition()
  let rows: [Row]

  init(_ state: PlaygroundState) {
    let all = Array(zip(state.session.screens.ids, state.session.screens.groups))
    rows = ScreenGroup.allCases.flatMap { group in
      let members = all.filter { $0.1 == group }.map { Row.screen($0.0) }
      return members.isEmpty ? [] : [.group(group)] + members
    }
    position.selected = rows.firstIndex(of: .screen(state.screen)) ?? 1
  }

  private static let width = 78

  private func box(_ state: PlaygroundState) -> PopupList {
    PopupList(
      width: Self.width, height: rows.count + 2, count: rows.count, position: position,
      in: state.size)
  }

  private var selected: ScreenID? {
    guard rows.indices.contains(position.selected) else { return nil }
    if case .screen(let screen) = rows[position.selected] { return screen }
    return nil
  }

  // MARK: Keys

  let contexts: [KeyContext] = [.screens]

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    let screens = state.session.screens
    switch command {
    case .up, .down:
      var chooser = self
      let step = command == .up ? -1 : 1
      let places = rows.indices.filter { if case .screen = rows[$0] { true } else { false } }
      chooser.position.selected =
        places.cycled(from: position.selected, by: step) ?? position.selected
      let list = chooser.box(state)
      _ = chooser.position.reveal(count: list.count, height: list.rows.height)
      state.replaceTop(chooser)
      return []
    case .activate: return selected.map { show($0, &state) } ?? []
    case .top:
      state.popups.removeLast()
      return state.onScreen { $0.perform(.top, &$1) }
    case .dismiss:
      state.popups.removeLast()
      return []
    default: break
    }
    guard let typed = key.typed else { return [] }
    if let number = typed.wholeNumberValue, screens.ids.indices.contains(number - 1) {
      return show(screens.ids[number - 1], &state)
    }
    guard let place = screens.letters.firstIndex(of: typed) else { return [] }
    return show(screens.ids[place], &state)
  }

  private func show(_ screen: ScreenID, _ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeLast()
    return state.show(screen)
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    guard rows.indices.contains(item), case .screen = rows[item] else { return [] }
    var chooser = self
    chooser.position.selected = item
    state.replaceTop(chooser)
    return []
  }

  // MARK: Drawing

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    PopupFrame.draw(
      title: "Screens", note: "you are in \(state.screen.title)", width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    let isWide = list.rows.width >= 70
    list.draw(
      rows.map { cells($0, state, theme) },
      columns: [
        .init("", .fixed(2)), .init("", .fixed(1)), .init("", .fixed(isWide ? 10 : 9)),
        .init("", .fill), .init("", .fixed(isWide ? 16 : 8)),
      ], theme: theme, empty: "", on: &buffer)
    return nil
  }

  private func cells(_ row: Row, _ state: PlaygroundState, _ theme: Theme) -> [StyledText] {
    let screens = state.session.screens
    switch row {
    case .group(let group):
      let empty = StyledText()
      return [empty, empty, empty, StyledText(group.title, style: theme.popup(.dim)), empty]
    case .screen(let id):
      let place = screens.ids.firstIndex(of: id) ?? 0
      let type = screens.types[place]
      return [
        StyledText(String(screens.letters[place]), style: theme.popup(.key)),
        StyledText(place < 9 ? "\(place + 1)" : "", style: theme.popup(.dim)),
        StyledText(id.title), StyledText(type.summary, style: theme.popup(.dim)),
        StyledText(Self.holds(state.screens[place], state), style: theme.popup(.notice)),
      ]
    }
  }

  /// What a screen has to show now, in a few words.
  private static func holds(_ screen: any Screen, _ state: PlaygroundState) -> String {
    if let work = screen.work { return work.text(width: 16) }
    guard state.isFilled(screen) else { return "—" }
    if let run = screen.run,
      let entry = RunList(state.session).entries.first(where: { $0.run == run })
    {
      return "\(entry.label) \(entry.title)"
    }
    return "filled"
  }
}
