import Reasoning
import TerminalUI
import Traces

/// What the settings panel shows.
struct SettingsState: Popup {
  var position = ListPosition()
  /// The value being typed, when one is.
  var field: TextField?
  var error: String?

  init() {}

  /// The panel's rows.
  enum Row: Sendable, Hashable {
    case setting(Setting)
    case theme
    /// Shown, and set with an option when the program starts.
    case parallel, threads

    static func all(_ table: SettingTable) -> [Row] {
      table.map { .setting($0) } + [.theme, .parallel, .threads]
    }

    var title: String {
      switch self {
      case .setting(let setting): setting.name
      case .theme: "theme"
      case .parallel: "parallel"
      case .threads: "threads"
      }
    }
  }

  func row(_ table: SettingTable) -> Row {
    let rows = Row.all(table)
    return rows[min(max(0, position.selected), rows.count - 1)]
  }

  static let width = 74
  /// A line, what a row does, and its strategies.
  static let footing = 3

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func box(_ state: PlaygroundState) -> PopupList {
    let count = Row.all(state.panelSettings.table).count
    let height = count + Self.footing + 2
    return PopupList(
      width: Self.width, height: height, footing: Self.footing, count: count,
      position: position, in: state.size)
  }
}

// MARK: Keys

extension SettingsState {
  var contexts: [KeyContext] { [field == nil ? .settings : .value] }
  var takesText: Bool { field != nil }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var settings = self
    if field != nil { return settings.typed(key, command, &state) }
    defer {
      if !state.popups.isEmpty, command != .dismiss { state.replaceTop(settings) }
    }
    settings.error = nil
    let row = settings.row(state.panelSettings.table)
    let list = box(state)
    if settings.position.move(command, count: list.count, page: list.rows.height) { return [] }
    switch command {
    case .left: return change(row, by: -1, &state)
    case .right: return change(row, by: 1, &state)
    case .reset:
      if case .setting(let setting) = row {
        return (try? state.changePanel(setting) { setting.reset(&$0) }) ?? []
      }
    case .activate:
      switch row {
      case .setting(let setting): settings.field = TextField(startText(setting, state))
      case .theme: return change(.theme, by: 1, &state)
      case .parallel, .threads: settings.error = "set it with --\(row.title) when you start ponder"
      }
    case .dismiss: state.popups.removeLast()
    default: break
    }
    return []
  }

  /// What a value is typed over: nothing where the default stands, as it may be words.
  private func startText(_ setting: Setting, _ state: PlaygroundState) -> String {
    let values = state.panelSettings.values
    return setting.isDefault(values) ? "" : setting.text(of: values)
  }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    guard field == nil, case .setting(let setting) = row(state.panelSettings.table) else {
      let isTheme = row(state.panelSettings.table) == .theme && state.catalog.themes.count > 1
      return field != nil || ![.left, .right, .reset].contains(command)
        || (isTheme && command != .reset)
    }
    let panel = state.panelSettings
    let values = panel.filled(setting)
    var stepped = values
    switch command {
    case .left: setting.step(&stepped, by: -1)
    case .right: setting.step(&stepped, by: 1)
    case .reset: return !setting.isDefault(panel.values)
    default: return true
    }
    return stepped != values
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var settings = self
    settings.position.selected = item
    settings.stopTyping()
    state.replaceTop(settings)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var settings = self
    settings.field?.insert(line)
    state.replaceTop(settings)
    return []
  }

  private mutating func stopTyping() { (field, error) = (nil, nil) }

  private mutating func typed(
    _ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState
  ) -> [Effect] {
    var effects: [Effect] = []
    switch command {
    case .dismiss: stopTyping()
    case .activate:
      let text = field?.text ?? ""
      do {
        if case .setting(let setting) = row(state.panelSettings.table), !text.isEmpty {
          effects = try state.changePanel(setting) { values throws(SettingError) in
            try setting.set(text, in: &values)
          }
        }
        stopTyping()
      } catch { self.error = error.description }
    default:
      error = nil
      _ = field?.handle(key)
    }
    state.replaceTop(self)
    return effects
  }

  private func change(
    _ row: SettingsState.Row, by steps: Int, _ state: inout PlaygroundState
  ) -> [Effect] {
    switch row {
    case .setting(let setting):
      let filled = state.panelSettings.filled(setting)
      return
        (try? state.changePanel(setting) { values in
          // A step leads on from what holds.
          let unset = values
          values = filled
          setting.step(&values, by: steps)
          if values == filled { values = unset }
        }) ?? []
    case .theme:
      let themes = state.catalog.themes
      guard !themes.isEmpty else { return [] }
      let index = themes.firstIndex(of: state.themeName) ?? 0
      return state.choose(theme: themes[(index + steps + themes.count) % themes.count])
    case .parallel, .threads: return []
    }
  }
}
