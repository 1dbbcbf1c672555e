import Decoding
import TerminalUI
import Traces

/// What keys, commands and the mouse do in Tree.
extension PlaygroundState {
  mutating func treeCommand(_ command: Command) -> [Effect] {
    let page = max(1, treeLayout.visibleRows - 1)
    switch command {
    case .up: selectTreeRow(tree.page.selectedRow - 1)
    case .down: selectTreeRow(tree.page.selectedRow + 1)
    case .pageUp: selectTreeRow(tree.page.selectedRow - page)
    case .pageDown: selectTreeRow(tree.page.selectedRow + page)
    case .top: selectTreeRow(0)
    case .bottom: selectTreeRow(tree.rowCount - 1)
    case .right: goIn()
    case .left: goOut()
    case .fold, .run, .streamOrStop: toggleFold(tree.selected)
    case .foldAll: foldAll()
    case .hoist: hoist()
    case .back, .undo: leaveHoist()
    case .bookmark: return toggleBookmark()
    case .nextBookmark(let offset): jump(offset)
    case .findText: beginTreeSearch()
    case .nextMatch(let offset): goToMatch(offset, from: tree.selected)
    case .openParting: return openFork()
    case .activate, .take, .openInDecode:
      guard let last = tree.tree.lines[tree.selected]?.entries.last else { return [] }
      return openFromTree(last.node)
    default: break
    }
    return []
  }

  var treeLayout: TreeLayout {
    TreeLayout(in: Chrome.rect(of: .tree, self) ?? Chrome.content(self))
  }

  // MARK: Moving

  private mutating func selectTreeRow(_ row: Int) {
    let row = max(0, min(tree.rowCount - 1, row))
    if let line = tree.tree.line(atRow: row, below: tree.top) { tree.selected = line }
  }

  /// Unfolds; once that is done goes to the likeliest of what follows.
  private mutating func goIn() {
    guard let line = tree.tree.lines[tree.selected], let first = line.children.first else {
      return
    }
    if line.isFolded {
      tree.tree.fold(tree.selected, false)
    } else {
      tree.selected = first
    }
  }

  /// Folds; where there is nothing to fold goes to the line above.
  private mutating func goOut() {
    guard let line = tree.tree.lines[tree.selected] else { return }
    if !line.isFolded, !line.children.isEmpty, tree.selected != tree.top {
      tree.tree.fold(tree.selected, true)
    } else if let parent = line.parent, parent != .root, tree.selected != tree.top {
      tree.selected = parent
    }
  }

  private mutating func toggleFold(_ line: NodeID) {
    guard let known = tree.tree.lines[line], line != tree.top else { return }
    tree.tree.fold(line, !known.isFolded)
  }

  /// Folds all forks below the view's root; where all are folded unfolds them.
  private mutating func foldAll() {
    let lines = tree.tree.subtree(of: tree.top).filter {
      $0 != tree.top && tree.tree.lines[$0]?.children.isEmpty == false
    }
    let isFolding = lines.contains { tree.tree.lines[$0]?.isFolded == false }
    // From below, so that what shows above changes once.
    for line in lines.reversed() { tree.tree.fold(line, isFolding) }
  }

  // MARK: The view's root

  private mutating func hoist() {
    guard tree.selected != tree.top, let line = tree.tree.lines[tree.selected] else { return }
    guard !line.children.isEmpty else {
      message = Message(.notice, "Nothing forks off this line.")
      return
    }
    tree.hoists.append(tree.selected)
    tree.tree.fold(tree.selected, false)
    tree.firstVisible = 0
  }

  private mutating func leaveHoist() {
    guard let left = tree.hoists.popLast() else { return }
    tree.tree.reveal(left)
    tree.selected = left
  }

  /// Closes what is on top; false when there is nothing.
  mutating func dismissInTree() -> Bool {
    if !tree.query.isEmpty {
      tree.query = ""
      return true
    }
    guard !tree.hoists.isEmpty else { return false }
    leaveHoist()
    return true
  }

  /// Goes to a line wherever it is, unfolding and leaving roots as far as it takes.
  mutating func goToTreeLine(_ line: NodeID) {
    while !tree.hoists.isEmpty, !tree.tree.isLine(line, below: tree.top) {
      tree.hoists.removeLast()
    }
    tree.tree.reveal(line)
    tree.selected = line
  }

  // MARK: Bookmarks

  private mutating func toggleBookmark() -> [Effect] {
    guard let line = tree.tree.lines[tree.selected], let last = line.entries.last else { return [] }
    let nodes = Set(line.entries.map(\.node))
    if let index = tree.bookmarks.firstIndex(where: nodes.contains) {
      return note(.bookmark, tree.bookmarks.remove(at: index))
    }
    tree.bookmarks.append(last.node)
    return note(.bookmark, last.node)
  }

  private mutating func jump(_ offset: Int) {
    let marks = tree.bookmarks.compactMap { tree.tree.places[$0]?.line }
    guard !marks.isEmpty else {
      message = Message(.notice, "There is no bookmark yet; b sets one on the selected line.")
      return
    }
    let here = marks.firstIndex(of: tree.selected)
    let next =
      here.map { ($0 + offset + marks.count) % marks.count } ?? (offset > 0 ? 0 : marks.count - 1)
    goToTreeLine(marks[next])
  }

  // MARK: Decode

  /// Opens the place before the line's first token, where the table shows what it was chosen from.
  private mutating func openFork() -> [Effect] {
    guard let line = tree.tree.lines[tree.selected], let parent = line.parent,
      let last = tree.tree.lines[parent]?.entries.last
    else { return [] }
    return openFromTree(last.node)
  }

  private mutating func openFromTree(_ node: NodeID) -> [Effect] {
    let runs = trace.runs.filter { trace.considers($0.value) && $0.value.nodes[node] != nil }
    guard let run = runs.keys.max() else { return [] }
    return open(node, of: run)
  }

  // MARK: News

  /// Makes the tree anew from the trace: another one is shown, or another model's.
  mutating func plantTree() {
    let bookmarks = tree.bookmarks
    tree = TreeState()
    tree.tree = ExploredTree(trace)
    // A mark is noted when it is set and when it is taken off.
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
    tree.bookmarks = marks.isEmpty ? bookmarks : marks
  }

  /// Takes up an event that the trace has already folded in.
  mutating func growTree(_ record: TraceRecord) {
    guard let run = trace.runs[record.run], trace.considers(run) else { return }
    tree.tree.apply(record.event, in: record.run, run)
  }

  // MARK: Mouse

  mutating func treeMouse(_ mouse: MouseEvent) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return treeCommand(.up)
    case .wheelDown: return treeCommand(.down)
    case .press(.right): return treeCommand(.back)
    case .press(.left):
      let layout = treeLayout
      guard let row = layout.row(at: mouse.position), tree.page.lines.indices.contains(row) else {
        return []
      }
      let line = tree.page.lines[row]
      let fold = layout.columns(row: row + 1).text.x + 2 * line.lasts.count
      if line.fold != .none, (fold - 1...fold + 1).contains(mouse.position.x) {
        toggleFold(line.id)
        return []
      }
      // A second click on the same line opens it.
      if line.id == tree.selected { return treeCommand(.openInDecode) }
      tree.selected = line.id
      return []
    default: return []
    }
  }
}
