import Decoding
import TerminalUI

/// Looking a text up in Tree: the selection follows what is typed.
extension PlaygroundState {
  mutating func beginTreeSearch() {
    tree.searchStart = tree.selected
    tree.field = TextField()
    tree.query = ""
  }

  /// A key while a text is typed; nil when none is.
  mutating func treeSearchKey(_ key: KeyEvent) -> [Effect]? {
    guard var field = tree.field else { return nil }
    switch (key.key, key.modifiers) {
    case (.escape, _), (.character("c"), .control):
      tree.field = nil
      tree.query = ""
      goToTreeLine(tree.searchStart)
    case (.enter, _): tree.field = nil
    case (.down, _): goToMatch(1, from: tree.selected)
    case (.up, _): goToMatch(-1, from: tree.selected)
    default:
      guard field.handle(key) else { return [] }
      tree.field = field
      lookUpTyped()
    }
    return []
  }

  /// Goes to the first line with the typed text, from where the search began.
  mutating func lookUpTyped() {
    tree.query = tree.field?.text ?? ""
    let start = tree.searchStart
    guard !tree.query.isEmpty else { return goToTreeLine(start) }
    goToMatch(0, from: start)
  }

  /// Goes to the line with the text that is so many further on (or, below 0, back) than a line;
  /// with 0 to the line itself, if it has the text, else to the next. Round at the ends.
  mutating func goToMatch(_ offset: Int, from start: NodeID) {
    guard !tree.query.isEmpty else {
      message = Message(.notice, "Type / and a text to look it up.")
      return
    }
    let explored = tree.tree
    let matches = explored.lines(containing: tree.query, below: tree.top)
    guard !matches.isEmpty else {
      message = Message(.notice, "No line has “\(tree.query)”.")
      return
    }
    let next: Int
    if let here = matches.firstIndex(of: start) {
      next = (here + offset + matches.count) % matches.count
    } else {
      // Between the lines that have it: those that come later stand later in the whole order.
      let order = explored.subtree(of: tree.top)
      let found = Set(matches)
      let here = order.firstIndex(of: start) ?? 0
      let after = order[here...].first { found.contains($0) } ?? matches[0]
      let place = matches.firstIndex(of: after) ?? 0
      next = offset < 0 ? (place - 1 + matches.count) % matches.count : place
    }
    goToTreeLine(matches[next])
    message = Message(.notice, "\(next + 1) of \(matches.count) lines with “\(tree.query)”")
  }
}
