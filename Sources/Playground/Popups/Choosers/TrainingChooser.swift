import Learning
import Problems
import TerminalUI
import Traces

/// Chooses what is trained: the recipe, what it is told most often, the problems, and how many steps.
/// While a training is under way it chooses the next one.
struct TrainingChooser: Popup {
  enum Row: Sendable, Hashable {
    case steps, levels
    case recipe(String)
    /// One of the settings that matter most; all of them are in the panel.
    case setting(Setting)
    case family(String)
    /// The user's file that is learned from, where there is one.
    case file
  }

  var position = ListPosition()
  /// The value or path being typed, when one is.
  var field: TextField?
  var error: String?

  static func open(_ state: inout PlaygroundState) {
    var chooser = TrainingChooser()
    let recipe = Row.recipe(state[TrainScreen.self].order.recipe)
    chooser.position.selected = chooser.rows(state).firstIndex(of: recipe) ?? 0
    state.popups.append(chooser)
  }

  private static let width = 78
  private static let footing = 3

  /// What is changed most.
  private static let settings: [Setting] = [.reward, .rate, .batch, .samples]

  private func rows(_ state: PlaygroundState) -> [Row] {
    let table = state[TrainScreen.self].order.table
    return RecipeRegistry.names.map { .recipe($0) } + [.steps]
      + Self.settings.filter { setting in table.contains { $0 == setting } }.map { .setting($0) }
      + [.file, .levels] + ProblemLibrary.families.map { .family($0.name) }
  }

  private func box(_ state: PlaygroundState) -> PopupList {
    let count = rows(state).count
    return PopupList(
      width: Self.width, height: count + Self.footing + 2, footing: Self.footing, count: count,
      position: position, in: state.size)
  }

  private func row(_ state: PlaygroundState) -> Row? {
    let rows = rows(state)
    return rows.indices.contains(position.selected) ? rows[position.selected] : nil
  }

  // MARK: Keys

  var contexts: [KeyContext] { [field == nil ? .training : .value] }
  var takesText: Bool { field != nil }

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    if field != nil { return true }
    switch command {
    case .down: return position.selected < rows(state).count - 1
    case .activate where isTyped(row(state)): return true
    case .left, .right, .activate, .reset:
      let order = state[TrainScreen.self].order
      return self.order(order, after: command, on: row(state)) != order
    default: return true
    }
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    if field != nil {
      chooser.type(key, command, &state)
      state.replaceTop(chooser)
      return []
    }
    chooser.error = nil
    let list = box(state)
    if chooser.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(chooser)
      return []
    }
    let row = row(state)
    if command == .dismiss {
      state.popups.removeLast()
      return []
    }
    if command == .activate, isTyped(row) {
      chooser.field = TextField(startText(row, state))
    } else if let command {
      state[TrainScreen.self].change { $0 = order($0, after: command, on: row) }
    }
    state.replaceTop(chooser)
    return []
  }

  /// Whether Enter has a value typed there.
  private func isTyped(_ row: Row?) -> Bool {
    switch row {
    case .setting?, .steps?, .file?: true
    default: false
    }
  }

  /// What a value is typed over.
  private func startText(_ row: Row?, _ state: PlaygroundState) -> String {
    let order = state[TrainScreen.self].order
    switch row {
    case .setting(let setting)?:
      return setting.isDefault(order.settings) ? "" : setting.text(of: order.settings)
    case .file?: if case .file(let path) = order.source { return path } else { return "" }
    default: return ""
    }
  }

  private mutating func type(
    _ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState
  ) {
    switch command {
    case .dismiss: (field, error) = (nil, nil)
    case .activate:
      do {
        try take(field?.text ?? "", &state)
        (field, error) = (nil, nil)
      } catch {
        self.error = error.description
      }
    default:
      error = nil
      _ = field?.handle(key)
    }
  }

  /// Takes a typed value; an empty one changes nothing, but leaves out a file.
  private func take(
    _ typed: String, _ state: inout PlaygroundState
  ) throws(CommandLineError) {
    let text = typed.filter { !$0.isNewline }
    var order = state[TrainScreen.self].order
    switch row(state) {
    case .setting(let setting)? where !text.isEmpty:
      do {
        try setting.set(text, in: &order.settings)
      } catch { throw CommandLineError(error.description) }
    case .steps? where !text.isEmpty:
      guard let steps = Int(text), (1...1_000_000).contains(steps) else {
        throw CommandLineError("steps must be a whole number from 1 to 1000000, not “\(text)”")
      }
      order.steps = steps
    case .file?:
      if !text.isEmpty {
        order.source = .file(text)
      } else if case .file = order.source {
        order.source = TrainingOrder.usual.source
      }
    default: break
    }
    state[TrainScreen.self].change { $0 = order }
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.position.selected = item
    (chooser.field, chooser.error) = (nil, nil)
    state.replaceTop(chooser)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.field?.insert(line)
    state.replaceTop(chooser)
    return []
  }

  private static let steps = [1, 2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 200, 500, 1000]

  /// What is asked once a command was done on a row.
  private func order(_ old: TrainingOrder, after command: Command, on row: Row?) -> TrainingOrder {
    var order = old
    switch (command, row) {
    case (.reset, .setting(let setting)?): setting.reset(&order.settings)
    case (.reset, _): return .usual
    case (.left, .setting(let setting)?), (.right, .setting(let setting)?):
      // A step leads on from what holds.
      var filled = old.settings
      if let description = old.description { setting.fill(&filled, from: description.defaults) }
      let before = filled
      setting.step(&filled, by: command == .left ? -1 : 1)
      if filled != before { order.settings = filled }
    case (.left, .steps?): order.steps = Self.steps.last { $0 < old.steps } ?? old.steps
    case (.right, .steps?): order.steps = Self.steps.first { $0 > old.steps } ?? old.steps
    case (.left, .levels?), (.right, .levels?):
      guard case .families(let names, let levels) = old.source else { break }
      let next = Self.choices.cycled(from: levels, by: command == .left ? -1 : 1)
      order.source = .families(names, levels: next ?? nil)
    case (.activate, .recipe(let name)?): order.choose(recipe: name)
    case (.activate, .family(let name)?):
      guard case .families(var names, let levels) = old.source else {
        order.source = .families([name], levels: nil)
        break
      }
      if let place = names.firstIndex(of: name) {
        // Something has to be learned from.
        if names.count > 1 { names.remove(at: place) }
      } else {
        names.append(name)
      }
      order.source = .families(names, levels: levels)
    default: break
    }
    return order
  }

  /// All levels, each alone, and the lower and upper halves.
  private static let choices: [ClosedRange<Int>?] = {
    let levels = ProblemLibrary.families.flatMap(\.levels)
    guard let low = levels.min(), let high = levels.max() else { return [nil] }
    return [nil] + (low...high).map { $0...$0 } + (low + 1..<high).map { low...$0 }
  }()

  // MARK: Drawing

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    let order = state[TrainScreen.self].order
    let body = PopupFrame.draw(
      title: state[TrainScreen.self].activity == nil ? "What to train" : "What to train next",
      note: state[TrainScreen.self].activity == nil
        ? "Space in Train starts it" : "the training under way goes on",
      width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    let columns: [Table.Column] = [.init("", .fixed(9)), .init("", .fixed(18)), .init("", .fill)]
    list.draw(
      rows(state).map { Self.cells($0, order, theme) }, columns: columns, theme: theme, empty: "",
      on: &buffer)
    let footing = Rect(
      x: body.x, y: list.rows.bottom, width: body.width, height: body.bottom - list.rows.bottom)
    guard footing.height > 1 else { return nil }
    buffer.horizontalLine(
      x: footing.x, y: footing.y, width: footing.width, style: theme.popup(.border))
    WrappedText(
      StyledText(
        error ?? Self.explanation(row(state)), style: theme.popup(error == nil ? .dim : .error)),
      width: footing.width
    ).draw(
      in: Rect(x: footing.x, y: footing.y + 1, width: footing.width, height: 2), on: &buffer)
    return drawField(list, columns, theme, on: &buffer)
  }

  private func drawField(
    _ list: PopupList, _ columns: [Table.Column], _ theme: Theme, on buffer: inout CellBuffer
  ) -> Point? {
    guard let field else { return nil }
    let table = Table(
      columns: columns, styles: PopupFrame.tableStyles(theme), showsHeading: false)
    let visible = position.visible(count: list.count, height: list.rows.height)
    let cells = table.cells(in: list.rows, row: position.selected - visible.lowerBound)
    guard cells.count > 2, visible.contains(position.selected) else { return nil }
    var cell = cells[1]
    cell.width = max(cell.width, list.rows.right - cell.x - 1)
    return field.draw(
      in: cell, style: theme.popup(.input), placeholder: "a value",
      placeholderStyle: theme.popup(.dim), on: &buffer)
  }

  private static func cells(_ row: Row, _ order: TrainingOrder, _ theme: Theme) -> [StyledText] {
    func cells(_ kind: String, _ mark: String, _ name: String, _ detail: String) -> [StyledText] {
      let isOn = mark == "●" || mark == "■"
      return [
        StyledText(kind, style: theme.popup(.dim)),
        StyledText(
          mark.isEmpty ? name : "\(mark) \(name)", style: theme.popup(isOn ? .title : .text)),
        StyledText(detail, style: theme.popup(.dim)),
      ]
    }
    switch row {
    case .recipe(let name):
      let summary = RecipeRegistry.description(of: name)?.summary ?? ""
      return cells("recipe", order.recipe == name ? "●" : "○", name, summary)
    case .steps: return cells("steps", "", "\(order.steps)", "of the optimizer")
    case .levels:
      guard case .families(_, let levels) = order.source else {
        return cells("levels", "", "—", "of a file, all problems")
      }
      let text = levels.map {
        $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)"
      }
      return cells("levels", "", text ?? "all", "how hard the problems are")
    case .setting(let setting):
      var filled = order.settings
      if let description = order.description { setting.fill(&filled, from: description.defaults) }
      let isChanged = !setting.isDefault(order.settings)
      return cells(
        setting.name, "", setting.text(of: filled) + (isChanged ? " *" : ""), setting.help)
    case .file:
      guard case .file(let path) = order.source else {
        return cells("file", "□", "none", "your own problems, as JSON Lines; Enter types a path")
      }
      return cells("file", "■", PathText.middle(path, columns: 16), path)
    case .family(let name):
      let isOn =
        if case .families(let names, _) = order.source { names.contains(name) } else { false }
      let summary = ProblemLibrary.families.first { $0.name == name }?.summary ?? ""
      return cells("problems", isOn ? "■" : "□", name, summary)
    }
  }

  private static func explanation(_ row: Row?) -> String {
    switch row {
    case .recipe(let name):
      guard let recipe = RecipeRegistry.description(of: name) else { return "" }
      return "\(recipe.cost) · \(recipe.paper)"
    case .steps: return "The jump from guessing to reasoning takes about two to six."
    case .levels: return "Levels that a family does not have are left out."
    case .setting(let setting):
      return [setting.help + ".", setting.more].filter { !$0.isEmpty }
        .joined(separator: " ")
    case .file:
      return "A line for each problem, Ponder's or GSM8K's. An empty path takes families again."
    case .family: return "Training problems only; what is measured is measured on others."
    case nil: return ""
    }
  }
}
