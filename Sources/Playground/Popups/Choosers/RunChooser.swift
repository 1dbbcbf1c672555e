import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// All runs of the session, those of the question on view and of any other, with a filter.
struct RunChooser: Popup {
  var field = TextField()
  var position = ListPosition()

  init(_ state: PlaygroundState) {
    let runs = RunList(state.session).entries
    position.selected = runs.firstIndex { $0.run == state.currentRun } ?? 0
  }

  private static let width = 100

  /// The runs that have every typed word in what is listed of them.
  func runs(_ state: PlaygroundState) -> [RunEntry] {
    let words = field.text.lowercased().split(separator: " ")
    return RunList(state.session).entries.filter { entry in
      let texts = [
        entry.label, entry.question.text, entry.question.problem ?? "", entry.strategy, entry.name,
        entry.model?.name ?? "", entry.answer ?? "",
      ]
      return words.allSatisfy { word in texts.contains { $0.lowercased().contains(word) } }
    }
  }

  private func box(_ state: PlaygroundState) -> PopupList {
    PopupList(
      width: Self.width, height: max(4, RunList(state.session).entries.count) + 5, heading: 3,
      count: runs(state).count, position: position, in: state.size)
  }

  // MARK: Keys

  let contexts: [KeyContext] = [.runs]
  let takesText = true

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    command != .activate || !runs(state).isEmpty
  }

  func list(_ state: PlaygroundState) -> PopupList? { box(state) }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    let list = box(state)
    if chooser.position.move(command, count: list.count, page: list.rows.height) {
      state.replaceTop(chooser)
      return []
    }
    switch command {
    case .dismiss: state.popups.removeLast()
    case .activate:
      let runs = runs(state)
      guard runs.indices.contains(position.selected) else { return [] }
      state.popups.removeLast()
      return state.bringBack(runs[position.selected].run)
    default:
      guard chooser.field.handle(key) else { return [] }
      chooser.edited(since: self, &state)
    }
    return []
  }

  private mutating func edited(since old: RunChooser, _ state: inout PlaygroundState) {
    if field.text != old.field.text { position = ListPosition() }
    state.replaceTop(self)
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.position.selected = item
    state.replaceTop(chooser)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.field.insert(line)
    chooser.edited(since: self, &state)
    return []
  }

  // MARK: Drawing

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    let runs = runs(state)
    let body = PopupFrame.draw(
      title: "Runs", note: Panel.count(runs.count, "run"), width: list.frame.width,
      height: list.frame.height, hints: hints(state), view: view, on: &buffer)
    buffer.put("find: ", x: body.x, y: body.y, style: theme.popup(.dim))
    let cursor = field.draw(
      in: Rect(x: body.x + 6, y: body.y, width: max(1, body.width - 6), height: 1),
      style: theme.popup(.input), placeholder: "a question, a model, a strategy, an answer",
      placeholderStyle: theme.popup(.dim), on: &buffer)
    let columns = Self.columns(width: body.width)
    var styles = PopupFrame.tableStyles(theme)
    styles.text = theme.popup(.dim)
    let heading = Rect(x: body.x, y: list.rows.y - 1, width: body.width, height: 1)
    Table(columns: columns.map(\.heading), styles: styles).draw(
      rows: [], position: ListPosition(), in: heading, on: &buffer)
    list.draw(
      runs.map { entry in columns.map { $0.write(entry, state, theme) } },
      columns: columns.map(\.heading), theme: theme,
      empty: field.isEmpty ? "Nothing has run yet." : "No run has that.", on: &buffer)
    return cursor
  }

  private struct Column {
    var heading: Table.Column
    var write: (RunEntry, PlaygroundState, Theme) -> StyledText
  }

  private static func columns(width: Int) -> [Column] {
    var columns = [
      Column(heading: .init("", .fixed(4), .right)) { entry, state, theme in
        StyledText(
          (entry.run == state.currentRun ? "●" : "") + entry.label, style: theme[.dim])
      },
      Column(heading: .init("question", .fill)) { entry, _, _ in
        StyledText(PathText.oneLine(entry.question.text.utf8))
      },
      Column(heading: .init("strategy", .fixed(width < 70 ? 12 : 18))) { entry, _, _ in
        StyledText(width < 70 ? entry.title : entry.isWalk ? "walk" : entry.strategy)
      },
      Column(heading: .init("model", .fixed(width < 70 ? 8 : 14))) { entry, _, theme in
        StyledText(entry.model?.shortName ?? "—", style: theme[.dim])
      },
      Column(heading: .init("answer", .fixed(14))) { entry, _, theme in outcome(entry, theme) },
    ]
    if width >= 70 {
      columns.append(
        Column(heading: .init("tokens", .fixed(6), .right)) { entry, _, theme in
          StyledText(Format.count(entry.tokens), style: theme[.dim])
        })
    }
    return columns
  }

  private static func outcome(_ entry: RunEntry, _ theme: Theme) -> StyledText {
    var text = StyledText()
    if let answer = entry.answer {
      text = RunChip.answer(answer, entry.isCorrect, columns: 8, theme: theme, base: .plain)
      text.append(" ")
    }
    switch entry.progress {
    case .underWay(let done, let all):
      text.append("\(done)" + (all.map { "/\($0)" } ?? ""), style: theme[.notice])
    case .cancelled: text.append("stopped", style: theme[.warning])
    case .failed: text.append("failed", style: theme[.error])
    case .open where !entry.isWalk: text.append("cut off", style: theme[.warning])
    case .completed, .open:
      if let share = entry.share { text.append(Format.probability(share), style: theme[.dim]) }
    }
    return text
  }
}
