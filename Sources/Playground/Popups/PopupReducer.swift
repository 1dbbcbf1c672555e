import TerminalUI

extension Reducer {
  func openPopup(_ command: Command, _ state: inout PlaygroundState) -> [Effect] {
    switch command {
    case .help: state.popups.append(HelpPopup())
    case .commandLine: return CommandLineState.open(&state)
    case .openSettings: state.popups.append(SettingsState())
    case .openModels:
      state.popups.append(ModelPickerState(state))
      // Their list is long and seldom wanted: they are looked for when somebody chooses a model.
      guard !state.catalog.isSearched else { break }
      state.session.catalog.isSearched = true
      return [.model(.find)]
    case .openThemes: state.popups.append(ThemeChooser(state))
    case .pickProblem: state.popups.append(PickerState(state))
    case .openLessons: state.popups.append(LessonChooser())
    case .openScreens: state.popups.append(ScreenChooser(state))
    case .openTraining: TrainingChooser.open(&state)
    case .openBeside: BesideChooser.open(&state)
    case .openVerifiers: return VerifierChooser.open(&state)
    case .openRuns: state.popups.append(RunChooser(state))
    case .openSessions:
      state.popups.append(SessionChooser(state))
      return [.file(.listSessions)]
    default: break
    }
    return []
  }

  /// A key while a popup is open; nil when none is.
  func popupKey(_ key: KeyEvent, _ state: inout PlaygroundState) -> [Effect]? {
    guard let popup = state.popups.last else { return nil }
    let command = state.keyMap.command(for: key, in: popup.contexts)
    if command == nil, let global = globalCommand(for: key, over: popup, state.keyMap) {
      return perform(global, &state)
    }
    return popup.press(key, command, &state)
  }

  /// The commands for everywhere that work over a popup: help, and those with Ctrl.
  private func globalCommand(
    for key: KeyEvent, over popup: any Popup, _ keyMap: KeyMap
  ) -> Command? {
    switch keyMap.command(for: key, in: [.global]) {
    case .help where key.typed == nil || !popup.takesText: .help
    case .quit where key.modifiers.contains(.control): .quit
    case .interrupt: .interrupt
    case .suspend: .suspend
    default: nil
    }
  }

  func popupMouse(_ mouse: MouseEvent, _ state: inout PlaygroundState) -> [Effect] {
    guard let popup = state.popups.last else { return [] }
    switch mouse.action {
    case .wheelUp: return popup.press(KeyEvent(.up), .up, &state)
    case .wheelDown: return popup.press(KeyEvent(.down), .down, &state)
    case .press(.left): return popupClick(mouse.position, popup, &state)
    default: return []
    }
  }

  /// A click selects what it hits, a second one chooses it; outside the popup it closes it.
  private func popupClick(
    _ point: Point, _ popup: any Popup, _ state: inout PlaygroundState
  ) -> [Effect] {
    if popup.frame(state)?.contains(point) == false { return popup.close(&state) }
    guard let list = popup.list(state) else { return [] }
    guard let item = list.item(at: point) else { return [] }
    let effects = popup.select(item, &state)
    guard item == list.position.selected, let top = state.popups.last else { return effects }
    return top.press(KeyEvent(.enter), .activate, &state)
  }

  func popupPaste(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    guard let popup = state.popups.last, popup.takesText else { return [] }
    return popup.paste(PastedText.line(text), &state)
  }
}

extension PlaygroundState {
  /// Puts another popup in place of the topmost one.
  mutating func replaceTop(_ popup: any Popup) {
    guard !popups.isEmpty else { return }
    popups[popups.count - 1] = popup
  }
}
