import TerminalUI

extension Reducer {
  func openPopup(_ command: Command, _ state: inout PlaygroundState) -> [Effect] {
    switch command {
    case .help: state.popups.append(.help(scroll: 0))
    case .commandLine: return openCommandLine("", &state)
    case .openSettings: state.popups.append(.settings(SettingsState()))
    case .openModels: state.popups.append(.models(ModelPickerState(state)))
    case .openThemes: state.popups.append(.themes(ThemeChooserState(state)))
    case .pickProblem: state.popups.append(.problems(PickerState(state)))
    case .openLessons: state.popups.append(.lessons(ListPosition()))
    case .openSessions: state.popups.append(.sessions(ListPosition()))
    default: break
    }
    return []
  }

  /// A key while a popup is open; nil when none is.
  func popupKey(_ key: KeyEvent, _ state: inout PlaygroundState) -> [Effect]? {
    guard let popup = state.popups.last else { return nil }
    let command = KeyMap.standard.command(for: key, in: popup.contexts)
    if command == nil, let global = globalCommand(for: key, over: popup) {
      return perform(global, &state)
    }
    return popupKey(key, command, popup, &state)
  }

  /// The commands for everywhere that work over a popup: help, and those with Ctrl.
  private func globalCommand(for key: KeyEvent, over popup: Popup) -> Command? {
    switch KeyMap.standard.command(for: key, in: [.global]) {
    case .help where key.typed == nil || !popup.takesText: .help
    case .quit where key.modifiers.contains(.control): .quit
    case .suspend: .suspend
    default: nil
    }
  }

  private func popupKey(
    _ key: KeyEvent, _ command: Command?, _ popup: Popup, _ state: inout PlaygroundState
  ) -> [Effect] {
    switch popup {
    case .settings(let settings): return settingsKey(key, command, settings, &state)
    case .problems(let picker): return pickerKey(key, command, picker, &state)
    case .themes(let chooser): return themeKey(command, chooser, &state)
    default: break
    }
    if command == .dismiss {
      state.popups.removeLast()
      return []
    }
    switch popup {
    case .help(let scroll): scrollHelp(scroll, command, &state)
    case .commandLine(let line): return commandLineKey(key, command, line, &state)
    case .models(let picker): return modelsKey(key, command, picker, &state)
    case .lessons(let position): return lessonsKey(command, position, &state)
    case .sessions(let position): return sessionsKey(command, position, &state)
    case .settings, .problems, .themes: break
    }
    return []
  }

  func popupMouse(_ mouse: MouseEvent, _ state: inout PlaygroundState) -> [Effect] {
    guard let popup = state.popups.last else { return [] }
    switch mouse.action {
    case .wheelUp: return popupKey(KeyEvent(.up), .up, popup, &state)
    case .wheelDown: return popupKey(KeyEvent(.down), .down, popup, &state)
    case .press(.left): return popupClick(mouse.position, popup, &state)
    default: return []
    }
  }

  /// A click chooses what it hits; outside the popup it closes it.
  private func popupClick(
    _ point: Point, _ popup: Popup, _ state: inout PlaygroundState
  ) -> [Effect] {
    guard let list = popup.list(state) else { return [] }
    guard list.frame.contains(point) else {
      return popupKey(KeyEvent(.escape), .dismiss, popup, &state)
    }
    guard let item = list.item(at: point) else { return [] }
    let isAgain = item == list.position.selected
    state.replaceTop(popup.selecting(item))
    guard isAgain, let top = state.popups.last else {
      return state.popups.last.map { selected($0, &state) } ?? []
    }
    return popupKey(KeyEvent(.enter), .activate, top, &state)
  }

  /// What follows when a row is selected by the mouse.
  private func selected(_ popup: Popup, _ state: inout PlaygroundState) -> [Effect] {
    if case .themes(let chooser) = popup { return chooser.preview(state) }
    if case .problems(var picker) = popup {
      picker.showsSolution = false
      state.replaceTop(.problems(picker))
    }
    return []
  }

  func popupPaste(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    guard let popup = state.popups.last, popup.takesText else { return [] }
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    switch popup {
    case .commandLine(var state_):
      state_.field.insert(line)
      let effects = edited(&state_, state)
      state.replaceTop(.commandLine(state_))
      return effects
    case .settings(var settings):
      settings.field?.insert(line)
      state.replaceTop(.settings(settings))
    case .models(var picker):
      picker.field.insert(line)
      state.replaceTop(.models(picker))
      return picker.edited(&state)
    case .problems(var picker):
      picker.insert(line)
      state.replaceTop(.problems(picker))
    case .help, .themes, .lessons, .sessions: break
    }
    return []
  }
}

extension PlaygroundState {
  /// Puts another popup in place of the topmost one.
  mutating func replaceTop(_ popup: Popup) {
    guard !popups.isEmpty else { return }
    popups[popups.count - 1] = popup
  }
}
