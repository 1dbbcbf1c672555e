import Foundation
import TerminalUI
import Traces

/// The saved sessions: what was asked in each, by which models, and what came of it. Typing
/// narrows the list; sessions can be opened, named and deleted.
struct SessionChooser: Popup {
  enum Own: ScreenCommand { case name, delete }

  private enum Mode: Hashable {
    case list
    /// A name being typed for the selected session.
    case naming(TextField)
    /// Whether to delete the selected session.
    case deleting
  }

  /// What a session must contain.
  private(set) var filter = TextField()
  private(set) var position = ListPosition()
  private var mode = Mode.list
  private var known: SessionList
  /// Whether the sessions have been read at least as far as the names of their files.
  private var isListed = false
  /// Those of the known sessions that the filter leaves.
  private(set) var rows: [SessionEntry] = []

  /// Begins with what is known from before.
  init(_ state: PlaygroundState) {
    known = SessionList(
      state.catalog.sessions.map { path in
        SessionEntry(
          path: path, name: CommandCompletion.fileName(path), bytes: 0, modified: .distantPast)
      })
    refilter()
  }

  var selected: SessionEntry? {
    rows.indices.contains(position.selected) ? rows[position.selected] : nil
  }

  /// Takes what is known now; the selection stays where it is.
  mutating func receive(_ list: SessionList) {
    let path = selected?.path
    known = list
    isListed = true
    refilter()
    if let index = rows.firstIndex(where: { $0.path == path }) { position.selected = index }
  }

  private mutating func refilter() {
    let words = filter.text.lowercased().split(separator: " ")
    rows = known.sessions.filter { entry in
      let text = Self.searchText(entry)
      return words.allSatisfy { text.contains($0) }
    }
    position.move(by: 0, count: rows.count)
  }

  private static func searchText(_ entry: SessionEntry) -> String {
    let summary = entry.summary
    let models = summary?.models.map(\.title) ?? []
    return ([title(entry), entry.name, summary?.question ?? "", summary?.answer ?? ""] + models)
      .joined(separator: " ").lowercased()
  }

  /// A session's name, of one that has none when it began, `2026-11-21 11:09:46`.
  static func title(_ entry: SessionEntry) -> String { title(ofFile: entry.name) }

  /// - Parameter name: without its ending.
  static func title(ofFile name: String) -> String {
    let parts = name.split(separator: "T", maxSplits: 1)
    guard parts.count == 2, parts[0].count == 10, let time = parts[1].split(separator: "-").first,
      time.count == 6, time.allSatisfy(\.isNumber)
    else { return name }
    // The rest distinguishes copies, and sessions that began in the same second.
    let rest = parts[1].split(separator: "-").dropFirst(2).map { "-\($0)" }.joined()
    return "\(parts[0]) \(time.prefix(2)):\(time.dropFirst(2).prefix(2)):\(time.suffix(2))\(rest)"
  }
}

// MARK: Keys

extension SessionChooser {
  var contexts: [KeyContext] {
    switch mode {
    case .list: [.sessions]
    case .naming: [.name]
    case .deleting: [.deletion]
    }
  }

  var takesText: Bool { mode != .deleting }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    let isAboutOne = command == .activate || command.own(Own.self) != nil
    return !isAboutOne || selected != nil
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    let effects: [Effect]
    switch mode {
    case .list: effects = chooser.pressInList(key, command, &state)
    case .naming(var field):
      effects = chooser.answer(command) {
        field.text == $0.name || field.isEmpty
          ? [] : [.file(.rename(path: $0.path, name: field.text))]
      }
      if command == nil, field.handle(key) { chooser.mode = .naming(field) }
    case .deleting: effects = chooser.answer(command) { [.file(.delete(path: $0.path))] }
    }
    if state.popups.last is SessionChooser { state.replaceTop(chooser) }
    return effects
  }

  /// Does what was asked about, or not, and goes back to the list.
  private mutating func answer(
    _ command: Command?, _ work: (SessionEntry) -> [Effect]
  ) -> [Effect] {
    switch command {
    case .activate:
      mode = .list
      return selected.map(work) ?? []
    case .dismiss: mode = .list
    default: break
    }
    return []
  }

  private mutating func pressInList(
    _ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState
  ) -> [Effect] {
    let list = box(state)
    if position.move(command, count: list.count, page: list.rows.height) { return [] }
    switch command {
    case .dismiss:
      state.popups.removeLast()
      return [.file(.stopListing)]
    case .activate:
      guard let selected else { return [] }
      state.popups.removeLast()
      return [.file(.stopListing), .file(.open(path: selected.path))]
    case nil:
      if filter.handle(key) { refilter() }
    default: ask(command?.own(), &state)
    }
    return []
  }

  private mutating func ask(_ command: Own?, _ state: inout PlaygroundState) {
    guard let command, let selected else { return }
    let isOwn = selected.path == known.own
    switch command {
    case .name where selected.isInUse && !isOwn:
      state.session.tell("Another Ponder is writing this session; it keeps its name.", .warning)
    case .delete where selected.isInUse:
      let who = isOwn ? "This session is open here" : "Another Ponder is writing this session"
      state.session.tell("\(who); it is not deleted.", .warning)
    case .name:
      // Nobody wants to go on from the time it began.
      let isNamed = Self.title(selected) == selected.name
      mode = .naming(TextField(isNamed ? selected.name : ""))
    case .delete: mode = .deleting
    }
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    chooser.position.selected = item
    state.replaceTop(chooser)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var chooser = self
    if case .naming(var field) = mode {
      field.insert(line)
      chooser.mode = .naming(field)
    } else {
      chooser.filter.insert(line)
      chooser.refilter()
    }
    state.replaceTop(chooser)
    return []
  }
}

// MARK: Drawing

extension SessionChooser {
  private static let width = 110
  /// Lines for the selected session.
  private static let footing = 4

  func list(_ state: PlaygroundState) -> PopupList? { mode == .list ? box(state) : nil }

  private func box(_ state: PlaygroundState) -> PopupList {
    PopupList(
      width: Self.width, height: max(1, known.sessions.count) + 3 + Self.footing, heading: 1,
      footing: Self.footing, count: rows.count, position: position, in: state.size)
  }

  func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) -> Point? {
    let theme = view.theme
    let list = box(state)
    let body = PopupFrame.draw(
      title: "Saved sessions", note: isListed ? "\(known.sessions.count)" : nil,
      width: list.frame.width, height: list.frame.height, hints: hints(state), view: view,
      on: &buffer)
    buffer.put("filter: ", x: body.x, y: body.y, style: theme.popup(.dim))
    var cursor: Point? = filter.draw(
      in: Rect(x: body.x + 8, y: body.y, width: body.width - 8, height: 1),
      style: theme.popup(.input), placeholder: "type to narrow the list",
      placeholderStyle: theme.popup(.dim), on: &buffer)
    list.draw(
      rows.map { cells($0, theme) }, columns: Self.columns(body.width), theme: theme, empty: empty,
      on: &buffer)
    let rule = list.rows.bottom
    buffer.horizontalLine(x: body.x, y: rule, width: body.width, style: theme.popup(.border))
    let below = Rect(x: body.x, y: rule + 1, width: body.width, height: body.bottom - rule - 1)
    switch mode {
    case .list: drawDetail(in: below, theme, &buffer)
    case .naming(let field):
      let label = "name: "
      buffer.put(label, x: below.x, y: below.y, style: theme.popup(.dim))
      cursor = field.draw(
        in: Rect(
          x: below.x + label.count, y: below.y, width: below.width - label.count, height: 1),
        style: theme.popup(.input), on: &buffer)
    case .deleting:
      cursor = nil
      let text = "Delete \(selected.map(Self.title) ?? "")? It cannot be brought back."
      buffer.put(text, x: below.x, y: below.y, style: theme.popup(.warning), width: below.width)
    }
    return cursor
  }

  private var empty: String {
    if !known.sessions.isEmpty { return "nothing here matches" }
    return isListed ? "None yet; :open FILE opens any trace." : "reading …"
  }

  private static func columns(_ width: Int) -> [Table.Column] {
    [
      .init("", .fixed(min(23, width / 3))), .init("", .fill), .init("", .fixed(10), .right),
      .init("", .fixed(9), .right),
    ]
  }

  private func cells(_ entry: SessionEntry, _ theme: Theme) -> [StyledText] {
    let dim = theme[.dim]
    let mark = entry.path == known.own ? "• " : entry.isInUse ? "✎ " : ""
    let name = StyledText(mark + Self.title(entry), style: theme[.key])
    let size = StyledText(entry.bytes > 0 ? Format.bytes(entry.bytes) : "", style: dim)
    guard let summary = entry.summary else {
      return [name, StyledText("…", style: dim), size, size]
    }
    let question = StyledText(summary.question.replacing("\n", with: " "))
    guard let answer = summary.answer else { return [name, question, StyledText(), size] }
    let role: Role? = summary.isCorrect.map { $0 ? .answerCorrect : .answerWrong }
    let verdict = summary.isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""
    return [
      name, question, StyledText(answer + verdict, style: role.map { theme[$0] } ?? theme[.text]),
      size,
    ]
  }

  /// The selected session in full.
  private func drawDetail(in rect: Rect, _ theme: Theme, _ buffer: inout CellBuffer) {
    guard let selected, let summary = selected.summary, rect.height > 1 else { return }
    let question = WrappedText(
      StyledText(summary.question, style: theme.popupText), width: rect.width)
    var upper = rect
    upper.height -= 1
    question.draw(in: upper, on: &buffer)
    var parts = [Self.count(summary.runs, "run")]
    if summary.questions > 1 { parts.append("\(summary.questions) questions, the last one above") }
    parts.append(summary.models.map(\.title).joined(separator: ", "))
    parts.append("written \(Self.date(selected.modified))")
    if selected.path == known.own {
      parts.append("open here")
    } else if selected.isInUse {
      parts.append("open in another Ponder")
    }
    buffer.put(
      parts.joined(separator: " · "), x: rect.x, y: rect.bottom - 1, style: theme.popup(.dim),
      width: rect.width)
  }

  private static func count(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }

  private static func date(_ date: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd HH:mm"
    return format.string(from: date)
  }
}
