import Decoding
import Reasoning
import TerminalUI
import Traces

/// What keys, commands and the mouse do in Search.
extension PlaygroundState {
  mutating func searchCommand(_ command: Command) -> [Effect] {
    switch command {
    case .run, .streamOrStop: return runSearch()
    case .nextIteration(let offset): search.scrub(by: offset)
    case .firstIteration: search.scrub(to: 1)
    case .lastIteration: search.scrub(to: .max)
    case .turnKnob(let offset): rankOtherwise(by: offset, wraps: false)
    case .cycleWeighting: rankOtherwise(by: 1, wraps: true)
    case .undo: rank(by: nil)
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
    case .activate, .take, .openInDecode:
      guard let run = search.run, let place = search.selected else { return [] }
      if search.selectedGrave?.pruning.token != nil {
        message = Message(.notice, "No path took this token: here it could have come next.")
      }
      return open(place, of: run)
    default: moveInSearch(command)
    }
    return []
  }

  /// Takes back, one thing after the other, what was done to the view; false when there was
  /// nothing.
  mutating func dismissInSearch() -> Bool {
    if search.focus == .graves {
      search.focus = .tree
    } else if search.ranking != nil {
      rank(by: nil)
    } else {
      return false
    }
    return true
  }

  var searchLayout: SearchLayout {
    SearchLayout(
      in: Chrome.rect(of: .search, self) ?? Chrome.content(self), graves: search.graves.count)
  }

  // MARK: Moving

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

  /// Along the way that was chosen, else to the first step after.
  private mutating func goToSearchChild() {
    guard search.focus == .tree, let place = search.selected,
      let children = search.map.nodes[place]?.children,
      let child = children.first(where: search.standings.way.contains) ?? children.first,
      let row = search.order.firstIndex(of: child)
    else { return }
    search.position.selected = row
  }

  // MARK: Ranking otherwise

  private mutating func rankOtherwise(by offset: Int, wraps: Bool) {
    let rankings = search.map.rankings
    guard rankings.count > 1 else {
      let isToken = search.map.kind == .tokens
      message = Message(
        .notice,
        search.run == nil
          ? "Nothing has been searched yet."
          : isToken
            ? "A beam of tokens has one figure, Σ log p: there is no other way to rank by it."
            : "The steps have no scores of their own here; a process verifier gives them some.")
      return
    }
    let here = rankings.firstIndex(of: search.ranking) ?? 0
    let next = here + offset
    let row = wraps ? next % rankings.count : min(max(0, next), rankings.count - 1)
    rank(by: rankings[row])
  }

  private mutating func rank(by ranking: SearchRanking?) {
    search.ranking = ranking
    search.arrange()
  }

  // MARK: Running

  /// Stops the search on screen, or starts it again with the settings at hand.
  private mutating func runSearch() -> [Effect] {
    if let run = search.run, activities[run] != nil {
      activities[run]?.isCancelling = true
      return [.run(.cancel(run: run))]
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

  /// Notes that the search on screen has gone on. Single tokens do not matter for it.
  mutating func noteSearched(_ record: TraceRecord) {
    guard record.run == runs.search else { return }
    switch record.event {
    case .run, .injected, .fork, .score, .span, .visit, .backup, .pruned, .pathFinished, .finished:
      search.isStale = true
    default: break
    }
  }

  /// Brings what Search draws up to date, when it is on view: the search is read anew once for a
  /// batch of events, and only places on view are looked at.
  mutating func refreshSearchPage() {
    guard let rect = Chrome.rect(of: .search, self), !Chrome.isTooSmall(size) else { return }
    if search.run != runs.search {
      search = SearchState()
      search.run = runs.search
      search.isStale = true
    }
    if search.isStale, let run = runs.search.flatMap({ trace.runs[$0] }) { search.read(run) }
    let rows = SearchLayout(in: rect, graves: search.graves.count)
    search.makePage(rows)
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
  static let defaultStrategy = MCTS.description.name
}
