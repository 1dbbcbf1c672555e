import Decoding
import Reasoning
import TerminalUI

/// What keys, commands and the mouse do in Search.
extension PlaygroundState {
  mutating func searchCommand(_ command: Command) -> [Effect] {
    switch command {
    case .run, .streamOrStop: return runSearch()
    case .nextIteration(let offset): scrub(to: search.iteration + offset)
    case .firstIteration: scrub(to: 0)
    case .lastIteration: scrub(to: search.map.iterations)
    case .switchList:
      if search.focus == .graves {
        search.focus = .tree
      } else if search.graves.isEmpty {
        message = Message(.notice, "Nothing was given up so far.")
      } else {
        search.focus = .graves
      }
    case .left: goToSearchParent()
    case .right: goToSearchChild()
    case .back: search.focus = .tree
    case .activate, .take, .openInDecode:
      guard let run = search.run, let place = search.selected else { return [] }
      guard trace.runs[run]?.nodes[place] != nil else {
        message = Message(.notice, "No path took this token, so there is no place to open.")
        return []
      }
      return open(place, of: run)
    default: moveInSearch(command)
    }
    return []
  }

  var searchLayout: SearchLayout {
    SearchLayout(
      in: Chrome.rect(of: .search, self) ?? Chrome.content(self), graves: search.graves.count)
  }

  private mutating func moveInSearch(_ command: Command) {
    let layout = searchLayout
    switch search.focus {
    case .tree:
      _ = search.position.move(command, count: search.order.count, page: layout.visibleLines)
    case .graves:
      _ = search.grave.move(command, count: search.graves.count, page: layout.visibleGraves)
    }
  }

  private mutating func goToSearchParent() {
    guard search.focus == .tree, let place = search.selected,
      let parent = search.map.nodes[place]?.parent,
      let row = search.order.firstIndex(of: parent)
    else { return }
    search.position.selected = row
  }

  private mutating func goToSearchChild() {
    guard search.focus == .tree, let place = search.selected,
      let child = search.map.nodes[place]?.children.first,
      let row = search.order.firstIndex(of: child)
    else { return }
    search.position.selected = row
  }

  /// Shows an iteration; the last one is followed as it grows.
  private mutating func scrub(to iteration: Int) {
    let wanted = max(0, min(search.map.iterations, iteration))
    search.chosen = wanted == search.map.iterations ? nil : wanted
    search.arrange()
  }

  /// Stops the search on screen, or starts it again with the settings at hand.
  private mutating func runSearch() -> [Effect] {
    if let run = search.run, activities[run] != nil {
      activities[run]?.isCancelling = true
      return [.cancel(run: run)]
    }
    let name = search.start?.strategy ?? SearchState.defaultStrategy
    do {
      return try self.run(strategy: name).effects
    } catch {
      message = Message(.error, "\(error)")
      return []
    }
  }

  // MARK: News

  /// Shows a run's search.
  mutating func showSearch(_ run: Int) {
    runs.search = run
    search = SearchState()
    search.run = run
    if let trace = trace.runs[run] { search.read(trace) }
  }

  /// Reads the search anew, once for a batch of events, when one of them matters for it. Single
  /// tokens do not.
  mutating func refreshSearched(after records: [TraceRecord]) {
    guard let number = runs.search, let run = trace.runs[number] else { return }
    let isNew = search.run != number
    if isNew { showSearch(number) }
    let matters = records.contains { record in
      guard record.run == number else { return false }
      switch record.event {
      case .run, .injected, .score, .span, .visit, .backup, .pruned, .pathFinished, .finished:
        return true
      default: return false
      }
    }
    if matters, !isNew { search.read(run) }
  }

  /// Brings what Search draws up to date, when it is on view. Only places on view are looked at.
  mutating func refreshSearchPage() {
    guard let rect = Chrome.rect(of: .search, self), !Chrome.isTooSmall(size) else { return }
    let layout = SearchLayout(in: rect, graves: search.graves.count)
    let rows = search.position.reveal(count: search.order.count, height: layout.visibleLines)
    let graves = search.grave.reveal(count: search.graves.count, height: layout.visibleGraves)
    var page = SearchPage()
    page.lines = search.order[rows].map { searchLine($0, columns: layout.tree.width) }
    page.graves = search.graves[graves].map { searchLine($0, columns: layout.graves.width) }
    page.text =
      search.selected.flatMap { search.map.nodes[$0] }.map { searchText($0.bytes) } ?? ""
    for id in search.order {
      guard let node = search.map.nodes[id], node.end != nil, node.pruning == nil else { continue }
      page.finished += 1
      if node.isCorrect == true { page.right += 1 }
      if node.isCorrect == false { page.wrong += 1 }
    }
    search.page = page
  }

  private func searchText(_ bytes: [UInt8]) -> String {
    let text = PathText.oneLine(bytes)
    return String(text.drop { $0 == " " })
  }

  private func searchLine(_ id: NodeID, columns: Int) -> SearchLine {
    var line = SearchLine(id: id)
    guard let node = search.map.nodes[id] else { return line }
    let limit = TreeLayout.forks(columns: columns)
    let lasts = search.map.lastOfForks(id, upTo: search.iteration, limit: limit + 1)
    line.isDeep = lasts.count > limit
    line.lasts = Array(lasts.suffix(limit))
    line.text = searchText(Array(node.bytes.prefix(columns * 4)))
    let value = node.value(at: search.iteration)
    (line.visits, line.q) = (value?.visits, value?.q)
    let visit = node.visit(at: search.iteration)
    (line.prior, line.u) = (visit?.prior ?? node.prior, visit?.u)
    line.isOnWay = search.map.isTreeSearch && node.isVisited(in: search.iteration)
    if let pruning = node.pruning {
      line.why = pruning.why
      (line.score, line.scoreKind) = (pruning.value, pruning.kind)
    } else {
      (line.score, line.scoreKind) = (node.score?.value, node.score?.kind)
    }
    line.hasEnded = node.end?.answer != nil
    line.answer = node.end?.answer
    line.isCorrect = node.isCorrect
    return line
  }

  // MARK: Mouse

  mutating func searchMouse(_ mouse: MouseEvent) -> [Effect] {
    let layout = searchLayout
    switch mouse.action {
    case .wheelUp, .wheelDown:
      let isBelow = layout.graves.contains(mouse.position) && !search.graves.isEmpty
      if isBelow || layout.tree.contains(mouse.position) {
        search.focus = isBelow ? .graves : .tree
      }
      return searchCommand(mouse.action == .wheelUp ? .up : .down)
    case .press(.left):
      if let row = layout.tree.item(
        at: mouse.position, count: search.order.count, position: search.position)
      {
        let isAgain = search.focus == .tree && row == search.position.selected
        (search.focus, search.position.selected) = (.tree, row)
        return isAgain ? searchCommand(.openInDecode) : []
      }
      if let row = layout.graves.item(
        at: mouse.position, count: search.graves.count, position: search.grave)
      {
        let isAgain = search.focus == .graves && row == search.grave.selected
        (search.focus, search.grave.selected) = (.graves, row)
        return isAgain ? searchCommand(.openInDecode) : []
      }
      return []
    default: return []
    }
  }
}

extension SearchState {
  /// What Space starts where no search has run yet.
  static let defaultStrategy = "mcts"
}
