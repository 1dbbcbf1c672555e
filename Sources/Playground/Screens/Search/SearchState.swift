public import Decoding
public import Reasoning
public import TerminalUI
public import Traces

/// What Search shows: the tree of a beam or of a tree search, at one of its iterations.
public struct SearchState: Sendable {
  public enum Focus: Sendable, Hashable { case tree, graves }

  /// The run's number, nil when there is none.
  public var run: Int?
  public var start: RunStart?
  public var end: RunEnd?
  public var map = SearchMap()
  /// Whether the run has gone on since the map was made.
  var isStale = false
  /// The iteration that the user went back to; nil is after the last one, and goes on with it.
  public var chosen: Int?
  /// Another way to rank what was recorded; nil is the run's own.
  public var ranking: SearchRanking?
  /// The places that the iteration knows, and what was given up by then.
  public var order: [NodeID] = []
  public var graves: [SearchMap.Grave] = []
  /// How the places stand in that iteration.
  public internal(set) var standings = SearchStandings()
  public var position = ListPosition()
  public var grave = ListPosition()
  public var focus = Focus.tree
  /// What is drawn of them.
  public internal(set) var page = SearchPage()

  public init() {}

  public var iteration: Int { min(chosen ?? map.iterations, map.iterations) }

  /// The place that is selected, or where the selected grave can be seen.
  public var selected: NodeID? {
    switch focus {
    case .tree: order.indices.contains(position.selected) ? order[position.selected] : nil
    case .graves: selectedGrave?.place
    }
  }

  public var selectedGrave: SearchMap.Grave? {
    guard focus == .graves, graves.indices.contains(grave.selected) else { return nil }
    return graves[grave.selected]
  }

  /// Takes up what a run has so far, and keeps what is selected.
  mutating func read(_ trace: RunTrace) {
    isStale = false
    start = trace.start
    end = trace.end
    map = SearchMap(trace)
    arrange()
  }

  /// Lists what the iteration knows.
  mutating func arrange() {
    let place = order.indices.contains(position.selected) ? order[position.selected] : nil
    order = map.order(upTo: chosen)
    graves = map.graves.filter { $0.death <= iteration }
    standings = SearchStandings(map, at: chosen, ranking, seen: order)
    position.selected =
      place.flatMap { order.firstIndex(of: $0) } ?? max(0, min(position.selected, order.count - 1))
    grave.selected = max(0, min(grave.selected, graves.count - 1))
    if graves.isEmpty { focus = .tree }
  }

  /// Goes on or back among the iterations. What a tree search comes to stands behind its last one;
  /// of a beam the last round is that.
  mutating func scrub(by offset: Int) {
    scrub(to: (chosen ?? lastSlot) + offset)
  }

  mutating func scrub(to slot: Int) {
    chosen = slot >= lastSlot ? nil : max(1, slot)
    arrange()
  }

  private var lastSlot: Int { map.iterations + (map.treeSearch == nil ? 0 : 1) }
}

/// The part of a search that is on view.
public struct SearchPage: Sendable, Hashable {
  public var lines: [SearchLine] = []
  public var graves: [SearchLine] = []
  /// The selected step in full, what stands before it when that is not a place, and what speaks
  /// for it.
  public var text = ""
  public var lead = ""
  public var why = ""
  /// How many paths ended by themselves, and with a right or a wrong answer.
  public var finished = 0
  public var right = 0
  public var wrong = 0
}

/// A place, or something that was given up, as it is drawn.
public struct SearchLine: Sendable, Hashable {
  public enum Sign: Sendable, Hashable {
    case none
    /// On the way that the iteration chose, and it would choose so by the ranking on view.
    case chosen
    /// On that way, but by the ranking on view another one would be.
    case passedOver
    /// What the ranking on view would choose, where the search's own would not.
    case instead
    case givenUp
    /// Kept, or given up, by the ranking on view only.
    case nowKept, nowGivenUp
  }

  public var id: NodeID
  public var sign = Sign.none
  public var lasts: [Bool] = []
  public var isDeep = false
  public var lead = ""
  public var text = ""
  public var standing: RecordedTreeSearch.Standing?
  /// What it is ranked by.
  public var score: Double?
  public var scoreKind: Score.Kind?
  /// Its rank and of how many.
  public var rank: Int?
  public var rivals: Int?
  /// Why it was given up.
  public var why: String?
  public var hasEnded = false
  public var answer: String?
  public var isCorrect: Bool?

  init(id: NodeID) { self.id = id }
}
