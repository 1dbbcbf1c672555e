import Decoding
import Reasoning
import TerminalUI
import Traces

/// A search as it grows: the tree of a beam or of a tree search at one of its iterations, what every
/// place is worth, and what was given up.
struct SearchScreen: Screen {
  static let id = ScreenID("search")
  static let group = ScreenGroup.judges
  static let summary = "a search over steps, choice by choice"

  enum Focus: Sendable, Hashable { case tree, graves }

  var run: Int?
  var start: RunStart?
  var end: RunEnd?
  var map = SearchMap()
  /// Whether the run has gone on since the map was made.
  private var isStale = false
  /// The iteration that the user went back to; nil is after the last one, and goes on with it.
  var chosen: Int?
  /// Another ranking of the recorded search; nil is the search's own.
  var ranking: SearchRanking?
  /// The places that the iteration knows, and what was given up by then.
  var order: [NodeID] = []
  var graves: [SearchMap.Grave] = []
  /// How the places stand in that iteration.
  var standings = SearchStandings()
  var position = ListPosition()
  var grave = ListPosition()
  var focus = Focus.tree
  /// The part on view, with everything that is drawn of it.
  var page = SearchPage()

  init() {}

  var iteration: Int { min(chosen ?? map.iterations, map.iterations) }

  /// The selected place; in the graveyard the place where the selected grave can be seen.
  var selected: NodeID? {
    switch focus {
    case .tree: order.indices.contains(position.selected) ? order[position.selected] : nil
    case .graves: selectedGrave?.place
    }
  }

  var selectedGrave: SearchMap.Grave? {
    guard focus == .graves, graves.indices.contains(grave.selected) else { return nil }
    return graves[grave.selected]
  }

  func layout(_ session: SessionState) -> SearchLayout {
    SearchLayout(in: rect(session), graves: graves.count)
  }
}

/// The commands that only Search knows.
enum SearchCommand: ScreenCommand {
  /// Goes on (1) or back (-1) among the iterations.
  case nextIteration(Int)
  case firstIteration, lastIteration
  /// Goes from the tree to what was given up, and back.
  case switchList
}

// MARK: Keys and mouse

extension SearchScreen {
  static let bindings =
    [
      KeyBinding([" "], .run, "search; again to stop", hint: "search"),
      KeyBinding(["n", "."], .own(SearchCommand.nextIteration(1)), "next iteration"),
      KeyBinding(
        ["N", ","], .own(SearchCommand.nextIteration(-1)), "previous iteration", hint: "back"),
      KeyBinding(["{"], .own(SearchCommand.firstIteration), "the first iteration"),
      KeyBinding(
        ["}"], .own(SearchCommand.lastIteration),
        "last iteration; then follow the search"),
    ] + KeyBinding.moving("step") + [
      KeyBinding([.left, "h"], .left, "to the parent step"),
      KeyBinding([.right, "l"], .right, "to the step chosen next"),
      KeyBinding(["+", "="], .turn(1), "re-rank: more exploration, or next way", hint: "re-rank"),
      KeyBinding(["-"], .turn(-1), "less exploration, or previous way"),
      KeyBinding(["w"], .cycleWeighting, "each ranking in turn"),
      KeyBinding(["u", .backspace], .undo, "back to the search's own ranking"),
      KeyBinding(
        ["x"], .own(SearchCommand.switchList), "to the graveyard and back", hint: "graveyard"),
      KeyBinding([.enter], .openInDecode, "open the step's end in Decode", hint: "open"),
      .openSteps,
    ]

  static let legend: [LegendRow] = [
    .selected,
    LegendRow("▶", .nodeBest, "chosen next: the greatest Q + U"),
    LegendRow("◆", .notice, "chosen by the other ranking instead"),
    .prunings,
    LegendRow("↑ ↓", .notice, "kept, or given up, only by the other ranking"),
    LegendRow("●", .nodeBest, "the iteration on view"),
    .right,
    .wrong,
    LegendRow("12+3", .dim, "visits, and simulations that have not come back yet"),
    LegendRow("N", .text, "visits of the step"),
    LegendRow("Q", .text, "mean value of the solutions behind it"),
    LegendRow("V", .text, "what a model trained to judge makes of the step’s end"),
    LegendRow("P", .text, "prior: how much it was favoured before it was tried"),
    LegendRow("U", .text, "bonus for what was rarely tried: P · c · √ΣN / (1 + N)"),
    LegendRow("Σ log p", .text, "how likely the text is after the prompt"),
    LegendRow("rank", .text, "place among the steps of the round, of how many"),
  ]

  func offers(_ command: Command, _ session: SessionState) -> Bool {
    switch command {
    case .own where run == nil, .turn where run == nil: false
    case .own: command != .own(SearchCommand.nextIteration(-1)) || hasEarlier
    case .turn(1) where map.rankings.count > 1: ranking != map.rankings.last
    case .openInDecode: run != nil && selected != nil
    default: true
    }
  }

  private var hasEarlier: Bool { map.iterations > 0 && (chosen ?? lastSlot) > 1 }

  mutating func perform(_ command: Command, _ session: inout SessionState) -> [Effect] {
    if let own: SearchCommand = command.own() {
      perform(own, &session)
      return []
    }
    switch command {
    case .run:
      let strategy = start?.strategy ?? Self.defaultStrategy.name
      session.ask(.run(strategy: strategy))
    case .turn(let offset): rankOtherwise(by: offset, wraps: false, &session)
    case .cycleWeighting: rankOtherwise(by: 1, wraps: true, &session)
    case .undo: rank(by: nil)
    case .left: goToParent()
    case .right: goToChild()
    case .openInDecode:
      guard let run, let place = selected else { return [] }
      if selectedGrave?.pruning.token != nil {
        session.tell("No path took this token; it could have come next here.")
      }
      session.ask(.open(place, run: run))
    default:
      let layout = layout(session)
      switch focus {
      case .tree: _ = position.move(command, count: order.count, page: layout.visibleLines)
      case .graves: _ = grave.move(command, count: graves.count, page: layout.visibleGraves)
      }
    }
    return []
  }

  /// What Space starts where no search has run yet.
  private static let defaultStrategy = MCTS.description

  private mutating func perform(_ command: SearchCommand, _ session: inout SessionState) {
    switch command {
    case .nextIteration(let offset): scrub(to: (chosen ?? lastSlot) + offset)
    case .firstIteration: scrub(to: 1)
    case .lastIteration: scrub(to: lastSlot)
    case .switchList:
      if focus == .graves {
        focus = .tree
      } else if graves.isEmpty {
        session.tell("Nothing has been given up yet.")
      } else {
        focus = .graves
      }
    }
  }

  mutating func mouse(_ mouse: MouseEvent, _ session: inout SessionState) -> [Effect] {
    let (layout, point) = (layout(session), mouse.position)
    switch mouse.action {
    case .wheelUp, .wheelDown:
      if layout.graves.contains(point), !graves.isEmpty {
        focus = .graves
      } else if layout.tree.contains(point) {
        focus = .tree
      }
      return perform(mouse.action == .wheelUp ? .up : .down, &session)
    case .press(.left):
      let before = (focus, focus == .tree ? position.selected : grave.selected)
      if let row = position.item(at: point, in: layout.tree, count: order.count) {
        (focus, position.selected) = (.tree, row)
        if before == (.tree, row) { return perform(.openInDecode, &session) }
      } else if let row = grave.item(at: point, in: layout.graves, count: graves.count) {
        (focus, grave.selected) = (.graves, row)
        if before == (.graves, row) { return perform(.openInDecode, &session) }
      }
      return []
    default: return []
    }
  }

  /// Undoes one by one what was done to the view.
  mutating func dismiss(_ session: inout SessionState) -> [Effect]? {
    if focus == .graves {
      focus = .tree
    } else if ranking != nil {
      rank(by: nil)
    } else {
      return nil
    }
    return []
  }
}

// MARK: News

extension SearchScreen {
  static let shapes: Set<StrategyShape> = [.tokensSearch, .stepSearch, .treeSearch]

  mutating func begin(_ run: Int, _ strategy: StrategyDescription, _ session: SessionState) {
    guard Self.shapes.contains(strategy.shape), run != self.run else { return }
    self = SearchScreen()
    self.run = run
    isStale = true
  }

  mutating func show(_ run: Int, _ session: inout SessionState) -> [Effect]? {
    guard let description = session.trace.runs[run]?.start?.description,
      Self.shapes.contains(description.shape)
    else { return nil }
    begin(run, description, session)
    return []
  }

  mutating func restore(_ session: inout SessionState) { isStale = true }

  /// Notes that the search on screen has gone on. Single tokens do not change it.
  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    guard record.run == run else { return }
    switch record.event {
    case .run, .injected, .fork, .score, .span, .visit, .backup, .pruned, .pathFinished, .finished:
      isStale = true
    default: break
    }
  }

  /// When it is on view, reads the search anew if it has gone on, and makes the part on view.
  mutating func prepare(_ session: inout SessionState) -> [Effect] {
    guard let rect = Chrome.rect(of: Self.id, session), !Chrome.isTooSmall(session.size) else {
      return []
    }
    if isStale, let trace = run.flatMap({ session.trace.runs[$0] }) { read(trace) }
    makePage(SearchLayout(in: rect, graves: graves.count))
    return []
  }

  func selection(_ session: SessionState) -> PathSelection? {
    selected.map { .place($0, run: run, towards: nil) }
  }

  /// Reads what a run has so far, and keeps what is selected.
  mutating func read(_ trace: RunTrace) {
    isStale = false
    start = trace.start
    end = trace.end
    map = SearchMap(trace)
    arrange()
  }
}

// MARK: Iterations, moving, ranking

extension SearchScreen {
  /// Lists what the iteration on view knows.
  private mutating func arrange() {
    let place = order.indices.contains(position.selected) ? order[position.selected] : nil
    order = map.order(upTo: chosen)
    graves = map.graves.filter { $0.death <= iteration }
    standings = SearchStandings(map, at: chosen, ranking, seen: order)
    position.selected =
      place.flatMap { order.firstIndex(of: $0) } ?? max(0, min(position.selected, order.count - 1))
    grave.selected = max(0, min(grave.selected, graves.count - 1))
    if graves.isEmpty { focus = .tree }
  }

  /// The iteration that is shown as "after the last one". A tree search has such a place of its
  /// own, with where it would go next; a beam ends with its last round.
  private var lastSlot: Int { map.iterations + (map.treeSearch == nil ? 0 : 1) }

  private mutating func scrub(to slot: Int) {
    chosen = slot >= lastSlot ? nil : max(1, slot)
    arrange()
  }

  private mutating func goToParent() {
    guard focus == .tree, let parent = selected.flatMap({ map.nodes[$0]?.parent }) else { return }
    if let row = order.firstIndex(of: parent) { position.selected = row }
  }

  /// Goes along the way that was chosen, else to the first step after.
  private mutating func goToChild() {
    guard focus == .tree, let children = selected.flatMap({ map.nodes[$0]?.children }),
      let child = children.first(where: standings.way.contains) ?? children.first,
      let row = order.firstIndex(of: child)
    else { return }
    position.selected = row
  }

  private mutating func rankOtherwise(by offset: Int, wraps: Bool, _ session: inout SessionState) {
    let rankings = map.rankings
    guard rankings.count > 1 else {
      return session.tell(
        run == nil
          ? "Nothing has been searched yet."
          : map.kind == .tokens
            ? "A beam of tokens is ranked by Σ log p; there is no other way to rank it."
            : "These steps have no scores of their own; a process verifier gives them some.")
    }
    let next = (rankings.firstIndex(of: ranking) ?? 0) + offset
    rank(by: rankings[wraps ? next % rankings.count : min(max(0, next), rankings.count - 1)])
  }

  private mutating func rank(by ranking: SearchRanking?) {
    self.ranking = ranking
    arrange()
  }
}
