public import Decoding
public import Traces

/// A beam search over steps as its trace has it: the candidates of every round with the scores of
/// their steps, and how other ways of making one figure of these would have ranked them.
///
/// That is a re-ranking of what was recorded, not another search: one with another aggregate would
/// have gone on from other steps.
public struct RecordedStepSearch: Sendable, Hashable {
  public struct Candidate: Sendable, Hashable {
    /// Where its last step ends.
    public var node: NodeID
    /// The lowest path that has it.
    public var path: Int
    /// Groups do not know of each other; a plain step beam has one.
    public var group: Int
    /// How many steps it has, which is the round it stood in.
    public var round: Int
    /// The scores of its steps.
    public var scores: [Double]
    /// What its simulated continuation came to; nil without a lookahead.
    public var simulated: Double?
    /// Whether the search kept it.
    public var wasKept = false
  }

  /// The place of a candidate in its round.
  public struct Standing: Sendable, Hashable {
    /// What it is ranked by.
    public var value: Double
    /// From 1, of `count` in its group, of which `kept` go on.
    public var rank: Int
    public var count: Int
    public var kept: Int
    public var wasKept: Bool

    public var isKept: Bool { rank <= kept }
  }

  public private(set) var candidates: [Candidate] = []
  /// What the search made of the scores of steps.
  public let aggregate: StepAggregate
  /// Whether it ranked by simulated continuations.
  public private(set) var looksAhead = false

  private struct Key: Hashable {
    var group: Int
    var node: NodeID
  }

  /// - Returns: nil when no steps were scored: then there is nothing to make another figure of.
  public init?(_ run: RunTrace) {
    aggregate = run.start?.aggregate ?? StepBeam.defaultAggregate
    let groups = Self.groups(of: run)
    let pruned = Set(run.prunings.filter { $0.value != nil && $0.token == nil }.compactMap(\.path))
    var places: [Key: Int] = [:]
    for number in run.solutionPaths {
      guard let path = run.paths[number], path.end?.reason != "lookahead" else { continue }
      var depths: [NodeID: Int] = [:]
      for (depth, node) in path.nodes.enumerated() { depths[node] = depth }
      let steps = path.scores.compactMap { score in
        score.kind == .prm && score.review == nil
          ? score.node.flatMap { depths[$0] }.map { ($0, score.value) } : nil
      }
      let simulated = path.scores.compactMap { score in
        score.kind == .lookahead ? score.node.flatMap { depths[$0] }.map { ($0, score.value) } : nil
      }
      if !simulated.isEmpty { looksAhead = true }
      for (index, step) in steps.enumerated() {
        let key = Key(group: groups[number] ?? 0, node: path.nodes[step.0])
        let isLast = index == steps.count - 1
        let next = isLast ? Int.max : steps[index + 1].0
        let wasKept = !(isLast && pruned.contains(number))
        if let place = places[key] {
          candidates[place].wasKept = candidates[place].wasKept || wasKept
          continue
        }
        places[key] = candidates.count
        candidates.append(
          Candidate(
            node: key.node, path: number, group: key.group, round: index + 1,
            scores: steps[...index].map(\.1),
            // A step may end some blank tokens before the place that was simulated from.
            simulated: simulated.first { (step.0..<next).contains($0.0) }?.1, wasKept: wasKept))
      }
    }
    if candidates.isEmpty { return nil }
  }

  /// The groups of the paths, where there are several: each begins with as many paths, and a fork
  /// stays in its group.
  private static func groups(of run: RunTrace) -> [Int: Int] {
    guard let start = run.start, start.has(.searchesInGroups) else { return [:] }
    let search = StepBeamSearch(
      samples: start.samples, branches: start.branches ?? StepBeam.defaultBranches, isDiverse: true)
    var groups: [Int: Int] = [:]
    // A fork has a higher number than the path it begins as.
    let origins = Dictionary(run.forks.map { ($0.path, $0.from) }) { first, _ in first }
    for path in run.pathNumbers {
      groups[path] = origins[path].map { groups[$0] ?? 0 } ?? path / search.branches
    }
    return groups
  }

  // MARK: Reading

  /// How the candidates stand by the scores of their steps; nil by what the search itself ranked
  /// them by. Candidates of several groups at one place are told as the one that went furthest.
  public func standings(by aggregate: StepAggregate? = nil) -> [NodeID: Standing] {
    var standings: [NodeID: Standing] = [:]
    for round in Dictionary(grouping: candidates, by: { [$0.round, $0.group] }).values {
      let ranked = round.map { (candidate: $0, value: value($0, by: aggregate)) }.sorted { a, b in
        a.value > b.value || (a.value == b.value && a.candidate.path < b.candidate.path)
      }
      let kept = round.count { $0.wasKept }
      for (index, (candidate, value)) in ranked.enumerated() {
        let own = Standing(
          value: value, rank: index + 1, count: round.count, kept: kept, wasKept: candidate.wasKept)
        if let other = standings[candidate.node], Self.isAhead(other, of: own) { continue }
        standings[candidate.node] = own
      }
    }
    return standings
  }

  /// Whatever the order in which groups are looked at, the same one is told.
  private static func isAhead(_ a: Standing, of b: Standing) -> Bool {
    if a.wasKept != b.wasKept { return a.wasKept }
    if a.isKept != b.isKept { return a.isKept }
    return (a.rank, a.count, a.kept) <= (b.rank, b.count, b.kept)
  }

  private func value(_ candidate: Candidate, by aggregate: StepAggregate?) -> Double {
    if aggregate == nil, let simulated = candidate.simulated { return simulated }
    return (aggregate ?? self.aggregate).of(candidate.scores) ?? -.infinity
  }
}
