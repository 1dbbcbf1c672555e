import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// The part of a search that is on view.
struct SearchPage: Sendable, Hashable {
  var lines: [SearchLine] = []
  var graves: [SearchLine] = []
  /// The selected step in full, the text before it where that is no place of its own, and the
  /// figures that speak for it.
  var text = ""
  var lead = ""
  var why = ""
  /// Whether a model trained to judge has valued any place.
  var hasLearned = false
  /// How many paths ended by themselves, and with a right or a wrong answer.
  var finished = 0
  var right = 0
  var wrong = 0
}

/// A place, or something that was given up, as it is drawn.
struct SearchLine: Sendable, Hashable {
  enum Sign: Sendable, Hashable {
    case none
    /// On the way that the iteration chose; the ranking on view chooses it too.
    case chosen
    /// On that way, but the ranking on view would choose another.
    case passedOver
    /// What the ranking on view would choose and the search's own would not.
    case instead
    case givenUp
    /// Kept, or given up, by the ranking on view alone.
    case nowKept, nowGivenUp
  }

  var id: NodeID
  var sign = Sign.none
  var lasts: [Bool] = []
  var isDeep = false
  var lead = ""
  var text = ""
  var standing: RecordedTreeSearch.Standing?
  /// What it is ranked by.
  var score: Double?
  var scoreKind: Score.Kind?
  /// V: what a model trained to judge made of it.
  var learned: Double?
  /// Its rank and of how many.
  var rank: Int?
  var rivals: Int?
  /// Why it was given up.
  var why: String?
  var hasEnded = false
  var answer: String?
  var isCorrect: Bool?
}

// MARK: Making it

extension SearchScreen {
  /// Brings the page up to date. Only the places on view are looked at.
  mutating func makePage(_ layout: SearchLayout) {
    let rows = position.reveal(count: order.count, height: layout.visibleLines)
    let below = grave.reveal(count: graves.count, height: layout.visibleGraves)
    var page = SearchPage()
    page.lines = order[rows].map { line($0, columns: layout.tree.width) }
    page.graves = graves[below].map { line($0, columns: layout.graves.width) }
    if let buried = selectedGrave {
      page.text = Self.text(buried.bytes)
      page.lead = Self.text(buried.lead)
      page.why = why(buried)
    } else if let node = selected.flatMap({ map.nodes[$0] }) {
      page.text =
        node.id == map.root
        ? PathText.oneLine((start?.question.text ?? "").utf8) : Self.text(node.bytes)
      let judged = node.learned.map { "V \(SearchTable.score($0.value)) by \($0.judge)" }
      page.why = [why(node), judged ?? ""].filter { !$0.isEmpty }.joined(separator: " · ")
    }
    page.hasLearned = order.contains { map.nodes[$0]?.learned != nil }
    for id in order {
      guard let node = map.nodes[id], node.end != nil, node.pruning == nil else { continue }
      page.finished += 1
      if node.isCorrect == true { page.right += 1 }
      if node.isCorrect == false { page.wrong += 1 }
    }
    self.page = page
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(PathText.oneLine(bytes).drop { $0 == " " })
  }

  // MARK: Lines

  private func line(_ id: NodeID, columns: Int) -> SearchLine {
    var line = SearchLine(id: id)
    guard let node = map.nodes[id] else { return line }
    let limit = TreeLayout.forks(columns: columns)
    let lasts = map.lastOfForks(id, upTo: chosen, limit: limit + 1)
    line.isDeep = lasts.count > limit
    line.lasts = Array(lasts.suffix(limit))
    line.text = id == map.root ? "" : Self.text(Array(node.bytes.prefix(columns * 4)))
    line.standing = standings.tree[id]
    line.learned = node.learned?.value
    if let standing = standings.steps[id] {
      line.score = standing.value
      (line.rank, line.rivals) = (standing.rank, standing.count)
    } else if map.kind == .tokens, id != map.root {
      line.score = node.logProbability
    } else {
      line.score = node.score?.value
    }
    // What a later iteration gave up still stands.
    let isGivenUp = node.pruning != nil && graves.contains { $0.place == id }
    if isGivenUp { line.why = node.pruning?.reason }
    line.sign = sign(id, isGivenUp: isGivenUp)
    line.hasEnded = node.end?.answer != nil
    line.answer = node.end?.answer
    line.isCorrect = node.isCorrect
    return line
  }

  private func sign(_ id: NodeID, isGivenUp: Bool) -> SearchLine.Sign {
    if let standing = standings.tree[id] {
      if ranking != nil, standing.isChosen, !standings.own.contains(id) { return .instead }
      guard standings.way.contains(id) else { return .none }
      let isPassedOver = standings.own.contains(id) && !standing.isChosen
      return ranking != nil && isPassedOver ? .passedOver : .chosen
    }
    if ranking != nil, let standing = standings.steps[id], standing.isKept != standing.wasKept {
      return standing.isKept ? .nowKept : .nowGivenUp
    }
    return isGivenUp ? .givenUp : .none
  }

  private func line(_ grave: SearchMap.Grave, columns: Int) -> SearchLine {
    var line = SearchLine(id: grave.pruning.node)
    line.sign = .givenUp
    line.lead = Self.text(grave.lead)
    line.text = Self.text(Array(grave.bytes.prefix(columns * 4)))
    line.why = grave.pruning.reason
    (line.score, line.scoreKind) = (grave.pruning.value, grave.pruning.kind)
    return line
  }

  // MARK: Why

  /// The figures that speak for a place, and its rank among those beside it.
  private func why(_ node: SearchMap.Node) -> String {
    if let standing = standings.tree[node.id] {
      guard let parent = node.parent, let sum = standing.sum else {
        let mean = standing.q.map { ", mean value \(SearchTable.figure($0))" } ?? ""
        return Panel.count(standing.visits, "visit") + mean
      }
      var text = standing.q.map { "Q \(SearchTable.figure($0)) + " } ?? ""
      text += "U \(SearchTable.figure(standing.u ?? 0)) = \(SearchTable.figure(sum))"
      let rivals = (map.nodes[parent]?.children ?? []).compactMap { standings.tree[$0]?.sum }
      guard rivals.count > 1 else { return text + ", the only one" }
      return text + ", rank \(1 + rivals.count { $0 > sum }) of \(rivals.count)"
    }
    if let standing = standings.steps[node.id] {
      let name = ranking?.title ?? map.ownTitle ?? ""
      let verb = ranking == nil ? "kept" : "would stay"
      return "\(name) \(SearchTable.score(standing.value)), rank \(standing.rank) of "
        + "\(standing.count), \(standing.kept) \(verb)"
    }
    if node.id == map.root { return "" }
    if map.kind == .tokens { return "Σ log p \(SearchTable.figure(node.logProbability))" }
    return node.score.map { "\($0.kind.rawValue) \(SearchTable.score($0.value))" } ?? ""
  }

  private func why(_ grave: SearchMap.Grave) -> String {
    let figure = grave.pruning.value.map { " by \(SearchTable.score($0))" } ?? ""
    return grave.pruning.reason + figure
  }
}

extension Pruning {
  /// Why something was given up. Older traces say `rank 5 of 4` of the fifth where four were kept.
  var reason: String {
    let words = why.split(separator: " ")
    guard words.count == 4, words[0] == "rank", words[2] == "of", let rank = Int(words[1]),
      let kept = Int(words[3]), rank > kept
    else { return why }
    return "rank \(rank), \(kept) kept"
  }
}

// MARK: Rankings

/// Another way to rank a recorded search; nothing is searched again.
enum SearchRanking: Sendable, Hashable {
  /// A tree search's c.
  case exploration(Double)
  /// How the scores of steps become one.
  case aggregate(StepAggregate)

  /// As it is shown: `c 4` or `min`.
  var title: String {
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
struct SearchStandings: Sendable, Hashable {
  private(set) var tree: [NodeID: RecordedTreeSearch.Standing] = [:]
  private(set) var steps: [NodeID: RecordedStepSearch.Standing] = [:]
  /// The way that the iteration chose; after the last one, the way that the next would take.
  private(set) var way: Set<NodeID> = []
  /// What the search's own constant chooses.
  private(set) var own: Set<NodeID> = []
  /// What an iteration brought back.
  private(set) var value: Double?
  /// How many choices there are, and how many of them the ranking on view would make otherwise.
  private(set) var choices = 0
  private(set) var differences = 0

  init() {}

  /// - Parameters:
  ///   - iteration: nil is after the last one.
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
