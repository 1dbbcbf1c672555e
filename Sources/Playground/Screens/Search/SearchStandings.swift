public import Decoding
public import Reasoning
public import Traces

/// Another way to rank what a search recorded.
public enum SearchRanking: Sendable, Hashable {
  /// A tree search's c.
  case exploration(Double)
  /// What is made of the scores of steps.
  case aggregate(StepAggregate)

  /// As it is told: `c 4` or `min`.
  public var title: String {
    switch self {
    case .exploration(let constant): "c \(Format.constant(constant))"
    case .aggregate(let aggregate): aggregate.rawValue
    }
  }
}

extension SearchMap {
  /// What the search itself ranked by; nil where that is a single figure.
  var ownTitle: String? {
    if let treeSearch { return SearchRanking.exploration(treeSearch.exploration).title }
    return stepSearch.map { $0.looksAhead ? "lookahead" : $0.aggregate.rawValue }
  }

  /// The ways to rank, in order; nil is the search's own.
  var rankings: [SearchRanking?] {
    if let treeSearch {
      let own = treeSearch.exploration
      let others = [0, 0.25, 0.5, 1, 2, 4, 8, 16].filter { $0 != own }
      return (others + [own]).sorted().map { $0 == own ? nil : .exploration($0) }
    }
    guard let stepSearch else { return [nil] }
    return [nil]
      + StepAggregate.allCases.filter { stepSearch.looksAhead || $0 != stepSearch.aggregate }
      .map { .aggregate($0) }
  }
}

/// How the places of a search stand in one of its iterations.
public struct SearchStandings: Sendable, Hashable {
  public private(set) var tree: [NodeID: RecordedTreeSearch.Standing] = [:]
  public private(set) var steps: [NodeID: RecordedStepSearch.Standing] = [:]
  /// The way that the iteration chose, or behind the last one where the next would go.
  public private(set) var way: Set<NodeID> = []
  /// What the search's own constant chooses.
  public private(set) var own: Set<NodeID> = []
  /// What an iteration brought back.
  public private(set) var value: Double?
  /// How many choices there are, and how many of them the ranking on view would make otherwise.
  public private(set) var choices = 0
  public private(set) var differences = 0

  init() {}

  /// - Parameters:
  ///   - iteration: nil is behind the last one.
  ///   - ranking: nil is the search's own.
  ///   - seen: the places that count.
  init(_ map: SearchMap, at iteration: Int?, _ ranking: SearchRanking?, seen: [NodeID]) {
    switch map.kind {
    case .tree(let search): weigh(search, at: iteration, ranking, seen)
    case .steps(let search?): rank(search, ranking, seen)
    case .steps(nil), .tokens: break
    }
  }

  private mutating func weigh(
    _ search: RecordedTreeSearch, at iteration: Int?, _ ranking: SearchRanking?, _ seen: [NodeID]
  ) {
    let before = search.standings(at: iteration)
    own = Set(before.filter(\.value.isChosen).keys)
    way = [search.root]
    way.formUnion(iteration.map { search.line(of: $0) } ?? search.nextLine(before))
    value = iteration.flatMap { search.value(of: $0) }
    tree = before
    if case .exploration(let constant) = ranking {
      tree = search.standings(at: iteration, exploration: constant)
    }
    let known = Set(seen)
    for id in seen {
      let children = (search.nodes[id]?.children ?? []).filter(known.contains)
      guard children.count > 1 else { continue }
      choices += 1
      if children.contains(where: { tree[$0]?.isChosen == true && !own.contains($0) }) {
        differences += 1
      }
    }
  }

  private mutating func rank(
    _ search: RecordedStepSearch, _ ranking: SearchRanking?, _ seen: [NodeID]
  ) {
    if case .aggregate(let aggregate) = ranking {
      steps = search.standings(by: aggregate)
    } else {
      steps = search.standings()
    }
    for standing in seen.compactMap({ steps[$0] }) {
      choices += 1
      if standing.isKept != standing.wasKept { differences += 1 }
    }
  }
}
