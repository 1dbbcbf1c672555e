public import TerminalUI

/// What the problem picker shows.
public struct PickerState: Sendable {
  public var field = TextField()
  public var position = ListPosition()
}

/// What the settings panel shows.
public struct SettingsState: Sendable {
  public var position = ListPosition()
}

/// What the model switcher shows.
public struct ModelPickerState: Sendable {
  public var field = TextField()
  public var position = ListPosition()
}

extension Reducer {
  func openPopup(_ command: Command, _ state: inout PlaygroundState) -> [Effect] {
    switch command {
    case .help: state.popups.append(.help(scroll: 0))
    default: break
    }
    return []
  }

  /// A key while a popup is open; nil when none is.
  func popupKey(_ key: KeyEvent, _ state: inout PlaygroundState) -> [Effect]? {
    guard !state.popups.isEmpty else { return nil }
    if key.key == .escape || key.key == .character("?") { state.popups.removeLast() }
    return []
  }

  func popupMouse(_ mouse: MouseEvent, _ state: inout PlaygroundState) -> [Effect] { [] }

  func popupPaste(_ text: String, _ state: inout PlaygroundState) -> [Effect] { [] }
}
