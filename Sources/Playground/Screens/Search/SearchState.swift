public import Decoding
public import Reasoning
public import TerminalUI

/// What Search shows: the tree of a beam or of a tree search, at one of its iterations.
public struct SearchState: Sendable {
  public enum Focus: Sendable, Hashable { case tree, graves }

  /// The run's number, nil when there is none.
  public var run: Int?
  public var start: RunStart?
  public var end: RunEnd?
  public var map = SearchMap()
  /// The iteration that the user went back to; nil follows the last one.
  public var chosen: Int?
  /// The places that the iteration knows, and those given up by then.
  public var order: [NodeID] = []
  public var graves: [NodeID] = []
  public var position = ListPosition()
  public var grave = ListPosition()
  public var focus = Focus.tree
  /// What is drawn of them.
  public internal(set) var page = SearchPage()

  public init() {}

  public var iteration: Int { min(chosen ?? map.iterations, map.iterations) }

  /// The selected place.
  public var selected: NodeID? {
    switch focus {
    case .tree: order.indices.contains(position.selected) ? order[position.selected] : nil
    case .graves: graves.indices.contains(grave.selected) ? graves[grave.selected] : nil
    }
  }

  /// Takes up what a run has so far, and keeps what is selected.
  mutating func read(_ trace: RunTrace) {
    start = trace.start
    end = trace.end
    map = SearchMap(trace)
    arrange()
  }

  /// Lists what the iteration knows.
  mutating func arrange() {
    let place = order.indices.contains(position.selected) ? order[position.selected] : nil
    order = map.order(upTo: iteration)
    graves = map.graves.filter { (map.nodes[$0]?.birth ?? 0) <= iteration }
    position.selected =
      place.flatMap { order.firstIndex(of: $0) } ?? max(0, min(position.selected, order.count - 1))
    grave.selected = max(0, min(grave.selected, graves.count - 1))
    if graves.isEmpty { focus = .tree }
  }
}

/// The part of a search that is on view.
public struct SearchPage: Sendable, Hashable {
  public var lines: [SearchLine] = []
  public var graves: [SearchLine] = []
  /// The selected place's step in full.
  public var text = ""
  /// The best answer so far: of the finished places that are not given up the one with the
  /// greatest value.
  public var finished = 0
  public var right = 0
  public var wrong = 0
}

/// A place as it is drawn.
public struct SearchLine: Sendable, Hashable {
  public var id: NodeID
  public var lasts: [Bool] = []
  public var isDeep = false
  public var text = ""
  /// N and Q after the iteration.
  public var visits: Int?
  public var q: Double?
  /// Prior and U of the last descent to it.
  public var prior: Double?
  public var u: Double?
  /// What a verifier gave it, and as what.
  public var score: Double?
  public var scoreKind: Score.Kind?
  /// Whether the iteration went through it.
  public var isOnWay = false
  /// Why it was given up.
  public var why: String?
  public var hasEnded = false
  public var answer: String?
  public var isCorrect: Bool?

  init(id: NodeID) { self.id = id }
}
