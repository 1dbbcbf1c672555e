import Problems
import Reasoning
import TerminalUI
import Traces

/// The settings panel.
extension SettingsState {
  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    let body = PopupFrame.draw(
      title: state.panelSettings.title, note: "takes effect immediately", width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    let table = Table(
      columns: [.init("", .fixed(16)), .init("", .fixed(21)), .init("", .fill)],
      styles: PopupFrame.tableStyles(theme), showsHeading: false)
    table.draw(
      rows: Row.all(state.panelSettings.table).map { Self.cells($0, state, theme) },
      position: position,
      in: list.rows, on: &buffer)
    let footing = Rect(
      x: body.x, y: list.rows.bottom, width: body.width, height: body.bottom - list.rows.bottom)
    drawFooting(row(state.panelSettings.table), in: footing, theme, on: &buffer)
    return drawField(list, table, theme, on: &buffer)
  }

  private static func cells(_ row: Row, _ state: PlaygroundState, _ theme: Theme) -> [StyledText] {
    let dim = theme[.dim]
    switch row {
    case .setting(let setting):
      let panel = state.panelSettings
      let isDefault = setting.isDefault(panel.values)
      let value = setting.text(of: panel.filled(setting))
      return [
        StyledText(row.title),
        StyledText(isDefault ? value : "\(value) *", style: isDefault ? theme[.text] : theme[.key]),
        StyledText(gauge(setting, state), style: dim),
      ]
    case .theme: return [StyledText(row.title), StyledText(state.themeName), StyledText()]
    case .parallel, .threads:
      let number = row == .parallel ? state.readyModel?.slots : state.readyModel?.threads
      return [
        StyledText(row.title, style: dim), StyledText(number.map { String($0) } ?? "—", style: dim),
        StyledText("fixed while the program runs", style: dim),
      ]
    }
  }

  /// What the value amounts to, in a few words.
  private static func gauge(_ setting: Setting, _ state: PlaygroundState) -> String {
    // What is said of values holds for runs.
    guard state.screens[state.current].ownSettings == nil else { return "" }
    let settings = state.settings
    switch setting {
    case .temperature:
      let value = settings.temperature ?? SelfConsistency.defaultTemperature
      return value == 0 ? "greedy" : value == 1 ? "the model's own" : value < 1 ? "surer" : "wilder"
    case .topK, .topP, .minP: return setting.text(of: settings) == "off" ? "keeps all tokens" : ""
    case .prompting: return settings.prompting == nil ? "plain or think" : "for every strategy"
    case .template: return templateUsed(state)
    case .thinking: return thinkingUsed(state)
    default: return ""
    }
  }

  /// What the choice of a template comes to with the model at hand.
  private static func templateUsed(_ state: PlaygroundState) -> String {
    guard let model = state.readyModel else { return "" }
    let choice = state.settings.template.flatMap { TemplateChoice($0) } ?? .auto
    if case .file = choice { return "a file of your own" }
    do {
      if let chat = try ChatTemplate.chosen(choice, declared: model.chatTemplate) {
        let name = choice == .auto ? "the model's: \(chat.name)" : "chosen"
        return chat.thinking.map { "\(name), \($0.open)" } ?? name
      }
      return choice == TemplateChoice.none ? "raw text" : "the model has none: raw text"
    } catch {
      return "cannot be used"
    }
  }

  /// What the template does about thinking by itself.
  private static func thinkingUsed(_ state: PlaygroundState) -> String {
    guard let model = state.readyModel else { return "" }
    let choice = state.settings.template.flatMap { TemplateChoice($0) } ?? .auto
    if case .file = choice { return "" }
    let chosen = try? ChatTemplate.chosen(choice, declared: model.chatTemplate)
    guard let chat = chosen ?? nil else { return "no template to tell" }
    return (try? chat.thinkingInWords) ?? ""
  }

  private func drawFooting(_ row: Row, in rect: Rect, _ theme: Theme, on buffer: inout CellBuffer) {
    guard rect.height > 1 else { return }
    buffer.horizontalLine(x: rect.x, y: rect.y, width: rect.width, style: theme.popup(.border))
    if let error {
      WrappedText(
        StyledText(error, style: theme.popup(.error)), width: rect.width
      ).draw(in: Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: 2), on: &buffer)
      return
    }
    let (what, who) = Self.explanation(row)
    buffer.put(what, x: rect.x, y: rect.y + 1, style: theme.popupText, width: rect.width)
    buffer.put(who, x: rect.x, y: rect.y + 2, style: theme.popup(.dim), width: rect.width)
  }

  private static func explanation(_ row: Row) -> (what: String, who: String) {
    switch row {
    case .setting(let setting):
      let names =
        (setting.invalidates == .sampler ? ["Decode"] : []) + setting.strategies.map(\.name)
      return (setting.help, names.isEmpty ? "" : "used by \(names.joined(separator: ", "))")
    case .theme: return ("the colour theme; C lists all", "")
    case .parallel:
      return (
        "how many paths are decoded at once; affects speed, never the result",
        "set with --parallel"
      )
    case .threads:
      return ("how many threads compute; affects speed, never the result", "set with --threads")
    }
  }

  private func drawField(
    _ list: PopupList, _ table: Table, _ theme: Theme, on buffer: inout CellBuffer
  ) -> Point? {
    guard let field else { return nil }
    let visible = position.visible(count: list.count, height: list.rows.height)
    let cells = table.cells(in: list.rows, row: position.selected - visible.lowerBound)
    guard cells.count > 2, visible.contains(position.selected) else { return nil }
    var cell = cells[1]
    cell.width = max(cell.width, list.rows.right - cell.x - 1)
    return field.draw(
      in: cell, style: theme.popup(.input),
      placeholder: "a value, or default", placeholderStyle: theme.popup(.dim),
      on: &buffer)
  }
}
