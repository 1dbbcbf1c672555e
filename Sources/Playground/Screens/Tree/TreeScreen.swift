import Decoding
import Reasoning
import TerminalUI
import Traces

/// Everything explored so far, as a tree: a line for every run of tokens in which nothing forks.
struct TreeScreen: Screen {
  static let id = ScreenID("tree")
  static let group = ScreenGroup.shows
  static let summary = "everything explored, as a tree"

  var tree = ExploredTree()
  /// The model whose runs are in it.
  private var model: String?
  /// The selected line, by the node of its first token.
  var selected: NodeID = .root
  /// The first row that shows.
  var firstVisible = 0
  /// The lines that were made the root of the view, each below the one before.
  var hoists: [NodeID] = []
  /// The nodes that the user marked, the oldest mark first.
  var bookmarks: [NodeID] = []
  /// The text being typed to be found; nil while none is.
  var field: TextField?
  /// The text that is looked for; empty when none is.
  var query = ""
  /// The line that was selected before the text was typed.
  private var searchStart: NodeID = .root
  /// The lines on view, with everything that is drawn of them.
  var page = TreePage()

  init() {}

  /// The root of the view.
  var top: NodeID { hoists.last ?? .root }

  /// How many lines can be scrolled through.
  var rowCount: Int { tree.rowCount(below: top) }

  private var position: ListPosition {
    ListPosition(selected: page.selectedRow, firstVisible: firstVisible)
  }

  func layout(_ session: SessionState) -> TreeLayout { TreeLayout(in: rect(session)) }
}

/// The commands that only Tree knows.
enum TreeCommand: ScreenCommand {
  /// Folds or unfolds the selected line, or every one.
  case fold, foldAll
  /// Makes the selected line the root of the view.
  case hoist
  case bookmark
  /// Goes to the next (1) or previous (-1) bookmark.
  case nextBookmark(Int)
  /// Asks for a text to find, or goes to the next (1) or previous (-1) line with it.
  case findText
  case nextMatch(Int)
}

// MARK: Keys and mouse

extension TreeScreen {
  static let bindings =
    KeyBinding.moving("line") + [
      KeyBinding([.right, "l"], .right, "unfold; then to the likeliest branch"),
      KeyBinding([.left, "h"], .left, "fold; then to the line above"),
      KeyBinding([" "], .own(TreeCommand.fold), "fold or unfold the line", hint: "fold"),
      KeyBinding(
        ["z"], .own(TreeCommand.foldAll), "fold every line; again to unfold all",
        hint: "all"),
      KeyBinding([.enter], .openInDecode, "open the line's end in Decode", hint: "open"),
      KeyBinding(["o"], .openParting, "open the fork before the line in Decode", hint: "fork"),
      KeyBinding(
        ["r"], .own(TreeCommand.hoist), "make the line the root of the view", hint: "root"),
      KeyBinding([.backspace, "u"], .back, "to the previous root", hint: "back"),
      KeyBinding(["/"], .own(TreeCommand.findText), "find a text in any line", hint: "find"),
      KeyBinding(["n"], .own(TreeCommand.nextMatch(1)), "next line with the text"),
      KeyBinding(["N"], .own(TreeCommand.nextMatch(-1)), "previous line with the text"),
      KeyBinding(["b"], .own(TreeCommand.bookmark), "set or remove a bookmark", hint: "mark"),
      KeyBinding(["}"], .own(TreeCommand.nextBookmark(1)), "next bookmark", hint: "next mark"),
      KeyBinding(["{"], .own(TreeCommand.nextBookmark(-1)), "previous bookmark"), .openSteps,
    ]

  static let legend: [LegendRow] = [
    .selected,
    LegendRow("p", .text, "the chance of the line’s first token where it forks off"),
    LegendRow("+ -", .dim, "folded, unfolded"),
    LegendRow("◆", .notice, "a bookmark"),
    LegendRow("●", .nodeBest, "the line that Decode is on"),
    .right,
    .wrong,
    LegendRow("∅", .dim, "no answer was found"),
    .bytes,
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    let line = tree.lines[selected]
    if let own: TreeCommand = command.own() { return offers(own, line) }
    return switch command {
    case .openInDecode: line?.entries.isEmpty == false
    case .openParting: lineAbove(selected)?.entries.isEmpty == false
    case .back: !hoists.isEmpty
    default: true
    }
  }

  private func offers(_ command: TreeCommand, _ line: ExploredTree.Line?) -> Bool {
    switch command {
    case .fold: selected != top && line?.children.isEmpty == false
    case .foldAll:
      tree.lines[top]?.children.contains { tree.lines[$0]?.children.isEmpty == false } ?? false
    case .hoist: selected != top && line != nil
    case .bookmark: line?.entries.isEmpty == false
    case .nextBookmark:
      bookmarks.isEmpty || bookmarks.contains { tree.places[$0]?.line != selected }
    case .findText, .nextMatch: rowCount > 0
    }
  }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if let own: TreeCommand = command.own() { return perform(own, &session) }
    switch command {
    case .right: goIn()
    case .left: goOut()
    case .back: leaveHoist()
    case .openInDecode: open(tree.lines[selected]?.entries.last, &session)
    // There the table shows what the line's first token was chosen from.
    case .openParting:
      open(
        lineAbove(selected)?.entries.last, towards: tree.lines[selected]?.entries.last?.node,
        &session)
    default:
      // A page leaves a line of the one before on view.
      let page = max(1, layout(session).visibleRows - 1)
      var position = position
      if position.move(command, count: rowCount, page: page),
        let line = tree.line(atRow: position.selected, below: top)
      {
        selected = line
      }
    }
    return []
  }

  private mutating func perform(_ command: TreeCommand, _ session: inout SessionState) -> [Effect] {
    switch command {
    case .fold: toggleFold(selected)
    case .foldAll: foldAll()
    case .hoist: hoist(&session)
    case .bookmark: return toggleBookmark(session)
    case .nextBookmark(let offset): jump(offset, &session)
    case .findText: (searchStart, field, query) = (selected, TextField(), "")
    case .nextMatch(let offset): goToMatch(offset, from: selected, &session)
    }
    return []
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return perform(.up, &session)
    case .wheelDown: return perform(.down, &session)
    case .press(.right): leaveHoist()
    case .press(.left):
      let layout = layout(session)
      let item = position.item(at: mouse.position, in: layout.list, count: page.rowCount)
      guard let item, page.rows.contains(item) else { return [] }
      let line = page.lines[item - page.rows.lowerBound]
      let sign = layout.columns(row: 0).text.x + 2 * line.lasts.count
      if line.fold != .none, abs(mouse.position.x - sign) <= 1 {
        toggleFold(line.id)
      } else if line.id == selected {
        // A second click on the same line opens it.
        return perform(.openInDecode, &session)
      } else {
        selected = line.id
      }
    default: break
    }
    return []
  }

  mutating func dismiss(_ session: inout SessionState) -> [Effect]? {
    if !query.isEmpty {
      query = ""
    } else if !hoists.isEmpty {
      leaveHoist()
    } else {
      return nil
    }
    return []
  }
}

// MARK: News

extension TreeScreen {
  /// Another question changes nothing here: everything explored stays on view.
  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    if reason != .question { plant(session.trace) }
    return []
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    guard let run = session.trace.runs[record.run], session.trace.considers(run) else { return }
    tree.apply(record.event, in: record.run, run)
  }

  mutating func prepare(_ session: inout SessionState) -> [Effect] {
    // Decode has gone to another model's places.
    if session.trace.model != model { plant(session.trace) }
    if let rect = Chrome.rect(of: Self.id, session), !Chrome.isTooSmall(session.size) {
      makePage(TreeLayout(in: rect), session)
    }
    return []
  }

  func selection(_ session: SessionState) -> PathSelection? {
    tree.lines[selected]?.entries.last.map { .place($0.node, run: nil, towards: nil) }
  }

  /// Makes the tree from a whole trace. Bookmarks stay where the trace has none.
  private mutating func plant(_ trace: Trace) {
    // An edit sets a mark where there is none, else it takes the mark off.
    var marks: [NodeID] = []
    for (_, run) in trace.runs.sorted(by: { $0.key < $1.key }) where trace.considers(run) {
      for edit in run.edits where edit.action == .bookmark {
        if let index = marks.firstIndex(of: edit.node) {
          marks.remove(at: index)
        } else {
          marks.append(edit.node)
        }
      }
    }
    if marks.isEmpty { marks = bookmarks }
    self = TreeScreen()
    model = trace.model
    tree = ExploredTree(trace)
    bookmarks = marks
  }
}

// MARK: Moving and folding

extension TreeScreen {
  private func lineAbove(_ line: NodeID) -> ExploredTree.Line? {
    tree.lines[line]?.parent.flatMap { tree.lines[$0] }
  }

  /// Unfolds the line, or goes on to the likeliest of what follows it.
  private mutating func goIn() {
    guard let line = tree.lines[selected], let first = line.children.first else { return }
    if line.isFolded { tree.fold(selected, false) } else { selected = first }
  }

  /// Folds the line; where there is nothing to fold goes to the line above.
  private mutating func goOut() {
    guard let line = tree.lines[selected], selected != top else { return }
    if !line.isFolded, !line.children.isEmpty {
      tree.fold(selected, true)
    } else if let parent = line.parent, parent != .root {
      selected = parent
    }
  }

  private mutating func toggleFold(_ line: NodeID) {
    guard let known = tree.lines[line], line != top else { return }
    tree.fold(line, !known.isFolded)
  }

  /// Folds all forks below the view's root; where all are folded unfolds them.
  private mutating func foldAll() {
    let lines = tree.subtree(of: top).filter {
      $0 != top && tree.lines[$0]?.children.isEmpty == false
    }
    let isFolding = lines.contains { tree.lines[$0]?.isFolded == false }
    let before = rowCount
    // From the bottom up, so that the heights above change once.
    for line in lines.reversed() { tree.fold(line, isFolding) }
    // Where only lines within folded ones were open, nobody saw a difference.
    if isFolding, rowCount == before {
      for line in lines.reversed() { tree.fold(line, false) }
    }
  }

  private mutating func hoist(_ session: inout SessionState) {
    guard selected != top, let line = tree.lines[selected] else { return }
    guard !line.children.isEmpty else { return session.tell("Nothing forks off this line.") }
    hoists.append(selected)
    tree.fold(selected, false)
    firstVisible = 0
  }

  private mutating func leaveHoist() {
    guard let left = hoists.popLast() else { return }
    tree.reveal(left)
    selected = left
  }

  /// Selects a line wherever it is, unfolding and leaving roots as far as it takes.
  private mutating func reveal(_ line: NodeID) {
    while !hoists.isEmpty, !tree.isLine(line, below: top) { hoists.removeLast() }
    tree.reveal(line)
    selected = line
  }

  /// - Parameter end: what lies ahead then.
  private func open(
    _ entry: ExploredTree.Entry?, towards end: NodeID? = nil, _ session: inout SessionState
  ) {
    guard let node = entry?.node else { return }
    let trace = session.trace
    let runs = trace.runs.filter { trace.considers($0.value) && $0.value.nodes[node] != nil }
    if let run = runs.keys.max() { session.ask(.open(node, run: run, towards: end)) }
  }
}

// MARK: Bookmarks

extension TreeScreen {
  private mutating func toggleBookmark(_ session: SessionState) -> [Effect] {
    guard let line = tree.lines[selected], let last = line.entries.last else { return [] }
    let nodes = Set(line.entries.map(\.node))
    if let index = bookmarks.firstIndex(where: nodes.contains) {
      return session.note(.bookmark, bookmarks.remove(at: index))
    }
    bookmarks.append(last.node)
    return session.note(.bookmark, last.node)
  }

  private mutating func jump(_ offset: Int, _ session: inout SessionState) {
    let marks = bookmarks.compactMap { tree.places[$0]?.line }
    guard let next = marks.cycled(from: selected, by: offset) else {
      return session.tell("There is no bookmark yet; b sets one on the selected line.")
    }
    reveal(next)
  }
}

// MARK: Finding a text

extension TreeScreen {
  var typingHints: [KeyHint]? {
    field == nil ? nil : [("Enter", "stay"), ("↓", "next"), ("↑", "previous"), ("Esc", "leave")]
  }

  mutating func type(_ key: KeyEvent, _ session: inout SessionState) -> [Effect]? {
    guard field != nil else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control):
      (field, query) = (nil, "")
      reveal(searchStart)
    case (.enter, _): field = nil
    case (.down, _): goToMatch(1, from: selected, &session)
    case (.up, _): goToMatch(-1, from: selected, &session)
    default: if field?.handle(key) == true { lookUp(&session) }
    }
    return []
  }

  mutating func paste(_ text: String, _ session: inout SessionState) -> Bool {
    guard field != nil else { return false }
    field?.insert(String(text.map { $0.isNewline ? " " : $0 }))
    lookUp(&session)
    return true
  }

  /// Goes to the first line with the typed text, from where the search began.
  private mutating func lookUp(_ session: inout SessionState) {
    query = field?.text ?? ""
    if query.isEmpty { reveal(searchStart) } else { goToMatch(0, from: searchStart, &session) }
  }

  /// Goes to the line with the text that is so many further on (or, below 0, back) than a line;
  /// with 0 to the line itself, if it has the text, else to the next. Round at the ends.
  private mutating func goToMatch(
    _ offset: Int, from start: NodeID, _ session: inout SessionState
  ) {
    guard !query.isEmpty else { return session.tell("Type / and a text to find it.") }
    let matches = tree.lines(containing: query, below: top)
    guard !matches.isEmpty else { return session.tell("No line has “\(query)”.") }
    let next: Int
    if let here = matches.firstIndex(of: start) {
      next = (here + offset + matches.count) % matches.count
    } else {
      // The first match after the line in the order of all lines; going back the one before that.
      let order = tree.subtree(of: top)
      let found = Set(matches)
      let after = order[(order.firstIndex(of: start) ?? 0)...].first(where: found.contains)
      let place = after.flatMap { matches.firstIndex(of: $0) } ?? 0
      next = offset < 0 ? (place - 1 + matches.count) % matches.count : place
    }
    reveal(matches[next])
    session.tell("\(next + 1) of \(matches.count) lines with “\(query)”")
  }
}
