import Problems
import Reasoning
import TerminalUI
import Traces

/// The settings panel.
enum SettingsView {
  static func draw(
    _ settings: SettingsState, _ state: PlaygroundState, view: PlaygroundView,
    on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let list = settings.list(state)
    let context: KeyContext = settings.field == nil ? .settings : .value
    let body = PopupFrame.draw(
      title: "Settings", note: "takes effect immediately", width: list.frame.width,
      height: list.frame.height, contexts: [context], view: view, on: &buffer)
    let table = Table(
      columns: [.init("", .fixed(16)), .init("", .fixed(21)), .init("", .fill)],
      styles: PopupFrame.tableStyles(theme), showsHeading: false)
    table.draw(
      rows: SettingsState.Row.all(state.settingTable).map { cells($0, state, theme) },
      position: settings.position,
      in: list.rows, on: &buffer)
    let footing = Rect(
      x: body.x, y: list.rows.bottom, width: body.width,
      height: max(0, body.bottom - list.rows.bottom))
    drawFooting(settings, state.settingTable, footing, theme: theme, on: &buffer)
    return drawField(settings, list, table, theme: theme, on: &buffer)
  }

  private static func cells(
    _ row: SettingsState.Row, _ state: PlaygroundState, _ theme: Theme
  ) -> [StyledText] {
    let dim = theme[.dim]
    switch row {
    case .setting(let setting):
      let isDefault = setting.isDefault(state.settings)
      let value = setting.text(of: state.settings)
      return [
        StyledText(row.title),
        StyledText(isDefault ? value : "\(value) *", style: isDefault ? theme[.text] : theme[.key]),
        StyledText(gauge(setting, state), style: dim),
      ]
    case .theme: return [StyledText(row.title), StyledText(state.themeName), StyledText()]
    case .parallel, .threads:
      let number = row == .parallel ? state.readyModel?.slots : state.readyModel?.threads
      return [
        StyledText(row.title, style: dim),
        StyledText(number.map { String($0) } ?? "—", style: dim),
        StyledText("fixed while the program runs", style: dim),
      ]
    }
  }

  /// What the value amounts to, in a few words.
  private static func gauge(
    _ setting: Setting, _ state: PlaygroundState
  ) -> String {
    let settings = state.settings
    switch setting {
    case .temperature:
      let value = settings.temperature ?? SelfConsistency.defaultTemperature
      return value == 0 ? "greedy" : value == 1 ? "the model's own" : value < 1 ? "surer" : "wilder"
    case .topK, .topP, .minP: return setting.text(of: settings) == "off" ? "keeps all tokens" : ""
    case .prompting:
      return settings.prompting == nil ? "plain or think" : "for every strategy"
    case .template: return templateUsed(state)
    default: return ""
    }
  }

  /// What the choice of a template comes to with the model at hand.
  private static func templateUsed(_ state: PlaygroundState) -> String {
    guard let model = state.readyModel else { return "" }
    let choice = state.settings.template.flatMap { TemplateChoice($0) } ?? .auto
    if let chat = ChatTemplate.chosen(choice, declared: model.chatTemplate) {
      let name = choice == .auto ? "the model's: \(chat.family.rawValue)" : "chosen"
      return chat.thinking.map { "\(name), \($0.open)" } ?? name
    }
    if choice == TemplateChoice.none { return "raw text" }
    return model.chatTemplate == nil ? "the model has none: raw text" : "not known: raw text"
  }

  private static func drawFooting(
    _ settings: SettingsState, _ table: SettingTable, _ rect: Rect, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    guard rect.height > 1 else { return }
    let text = PopupFrame.textStyle(theme)
    let dim = PopupFrame.style(.dim, theme)
    buffer.horizontalLine(
      x: rect.x, y: rect.y, width: rect.width, style: PopupFrame.style(.border, theme))
    if let error = settings.error {
      WrappedText(
        StyledText(error, style: PopupFrame.style(.error, theme)), width: rect.width
      ).draw(in: Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: 2), on: &buffer)
      return
    }
    let (what, who) = explanation(settings.row(table))
    buffer.put(what, x: rect.x, y: rect.y + 1, style: text, width: rect.width)
    buffer.put(who, x: rect.x, y: rect.y + 2, style: dim, width: rect.width)
  }

  private static func explanation(_ row: SettingsState.Row) -> (what: String, who: String) {
    switch row {
    case .setting(let setting):
      let names =
        (setting.invalidates == .sampler ? ["Decode"] : []) + setting.strategies.map(\.name)
      return (setting.help, names.isEmpty ? "" : "used by \(names.joined(separator: ", "))")
    case .theme: return ("the colours; C shows them all", "")
    case .parallel:
      return (
        "how many paths are decoded together; it changes the time, never the result",
        "set with --parallel"
      )
    case .threads:
      return (
        "how many threads compute; it changes the time, never the result", "set with --threads"
      )
    }
  }

  private static func drawField(
    _ settings: SettingsState, _ list: PopupList, _ table: Table, theme: Theme,
    on buffer: inout CellBuffer
  ) -> Point? {
    guard let field = settings.field else { return nil }
    let visible = settings.position.visible(count: list.count, height: list.rows.height)
    let row = settings.position.selected - visible.lowerBound
    let cells = table.cells(in: list.rows, row: row)
    guard cells.count > 2, visible.contains(settings.position.selected) else { return nil }
    var cell = cells[1]
    cell.width = max(cell.width, list.rows.right - cell.x - 1)
    return field.draw(
      in: cell, style: PopupFrame.style(.input, theme),
      placeholder: "a value, or default", placeholderStyle: PopupFrame.style(.dim, theme),
      on: &buffer)
  }
}
