import Learning
import Problems
import TerminalUI
import Traces

/// Chooses what is trained: the recipe, the families and levels of problems, and how many steps.
struct TrainingChooser: Popup {
  enum Row: Sendable, Hashable {
    case steps, levels
    case recipe(String)
    case family(String)
    /// The user's file that is learned from.
    case file(String)
  }

  var position = ListPosition()

  /// Nothing is chosen while a training is under way.
  static func open(_ state: inout PlaygroundState) {
    guard state[TrainScreen.self].activity == nil else {
      return state.session.tell("A training is under way; Ctrl-C stops it and keeps what there is.")
    }
    var chooser = TrainingChooser()
    let recipe = Row.recipe(state[TrainScreen.self].order.recipe)
    chooser.position.selected = chooser.rows(state).firstIndex(of: recipe) ?? 0
    state.popups.append(chooser)
  }

  private static let width = 78
  private static let footing = 3

  private func rows(_ state: PlaygroundState) -> [Row] {
    var rows: [Row] = RecipeRegistry.names.map { .recipe($0) } + [.steps]
    if case .file(let path) = state[TrainScreen.self].order.source { rows.append(.file(path)) }
    return rows + [.levels] + ProblemLibrary.families.map { .family($0.name) }
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

  let contexts: [KeyContext] = [.training]

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    switch command {
    case .left, .right, .activate, .reset:
      let order = state[TrainScreen.self].order
      return self.order(order, after: command, on: row(state)) != order
    default: return true
    }
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    let list = box(state)
    if chooser.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(chooser)
      return []
    }
    if command == .dismiss {
      state.popups.removeLast()
    } else if let command {
      let row = row(state)
      state[TrainScreen.self].change { $0 = order($0, after: command, on: row) }
    }
    return []
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.position.selected = item
    state.replaceTop(chooser)
    return []
  }

  private static let steps = [1, 2, 4, 6, 8, 10, 12, 16, 20, 30, 40, 60, 80, 100, 200, 500, 1000]

  /// What is asked once a command was done on a row.
  private func order(_ old: TrainingOrder, after command: Command, on row: Row?) -> TrainingOrder {
    var order = old
    switch (command, row) {
    case (.reset, _): return .usual
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
    case (.activate, .file?): order.source = TrainingOrder.usual.source
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
      title: "What to train", note: "Space in Train starts it", width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    list.draw(
      rows(state).map { Self.cells($0, order, theme) },
      columns: [.init("", .fixed(9)), .init("", .fixed(18)), .init("", .fill)], theme: theme,
      empty: "", on: &buffer)
    let footing = Rect(
      x: body.x, y: list.rows.bottom, width: body.width, height: body.bottom - list.rows.bottom)
    guard footing.height > 1 else { return nil }
    buffer.horizontalLine(
      x: footing.x, y: footing.y, width: footing.width, style: theme.popup(.border))
    WrappedText(
      StyledText(Self.explanation(row(state)), style: theme.popup(.dim)), width: footing.width
    ).draw(
      in: Rect(x: footing.x, y: footing.y + 1, width: footing.width, height: 2), on: &buffer)
    return nil
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
    case .file(let path): return cells("file", "■", path, "")
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
    case .file: return "Space takes families of the library in its place."
    case .family: return "Training problems only; what is measured is measured on others."
    case nil: return ""
    }
  }
}
