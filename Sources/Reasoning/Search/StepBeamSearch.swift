import Decoding
import Traces

/// Beam search over steps with a verifier, in one group of beams or in several that do not know of
/// each other.
///
/// Each beam goes on in `branches` ways; of a group's new steps the `width` with the greatest
/// scores are kept, less the places of those that have ended (Wang et al. 2024, "OpenR",
/// arXiv 2410.09671; Snell et al. 2024, arXiv 2408.03314, section 5.2). Of equal scores the path
/// with the lower number is kept.
struct StepBeamSearch: Sendable {
  /// How many groups there are, and how many beams each keeps.
  var groups: Int
  var width: Int
  /// How many ways each beam goes on; at the first step each place of a beam has as many.
  var branches: Int
  /// How many steps are simulated before a step is scored.
  var lookahead = 0

  /// N samples a step shared out to groups: with one group the N/M best are kept, with N/M groups
  /// the best of each.
  init(samples: Int, branches: Int, isDiverse: Bool, lookahead: Int = 0) {
    let (samples, branches) = (max(1, samples), max(1, branches))
    let beams = max(1, samples / branches)
    (groups, width) = isDiverse ? (beams, 1) : (1, beams)
    self.branches = min(branches, samples)
    self.lookahead = max(0, lookahead)
  }

  /// Searches until every group's places have ended, or the task is cancelled.
  func answer(_ expansion: StepExpansion, from start: NodeID) async throws -> String? {
    let run = expansion.run
    var finished: [PartialSolution] = []
    var beams = Array(repeating: [PartialSolution(tip: start)], count: groups)
    var places = Array(repeating: width, count: groups)
    do {
      while beams.contains(where: { !$0.isEmpty }) {
        let requests = beams.flatMap { group in
          group.map { (solution: $0, samples: $0.path == nil ? branches * width : branches) }
        }
        var steps = try await expansion.expand(requests)[...]
        var candidates: [[PartialSolution]] = beams.map { group in
          defer { steps = steps.dropFirst(group.count) }
          return steps.prefix(group.count).flatMap { $0 }
        }
        if lookahead > 0 {
          candidates = try await Lookahead.scored(candidates, depth: lookahead, expansion)
        }
        for group in beams.indices {
          let ranked = Self.ranked(candidates[group])
          let kept = ranked.prefix(places[group])
          tell(ranked.dropFirst(kept.count), of: kept.count, expansion)
          finished += kept.filter(\.isFinished)
          beams[group] = kept.filter { !$0.isFinished }
          places[group] -= kept.count(where: \.isFinished)
        }
      }
    } catch is CancellationError {
      // What has ended by now is what there is.
    }
    return run.decide(finished)
  }

  /// By falling score; of equals the lower path first.
  static func ranked(_ solutions: [PartialSolution]) -> [PartialSolution] {
    solutions.sorted { a, b in
      a.rank > b.rank || (a.rank == b.rank && (a.path ?? 0) < (b.path ?? 0))
    }
  }

  /// Tells of those that fall out, with the score that was too low.
  private func tell(_ rest: ArraySlice<PartialSolution>, of kept: Int, _ expansion: StepExpansion) {
    for (index, solution) in rest.enumerated() {
      let pruning = Pruning(
        node: solution.tip, path: solution.path, why: "rank \(kept + index + 1), \(kept) kept",
        kind: lookahead > 0 ? .lookahead : expansion.kind, value: solution.score)
      // A path that had ended keeps its own end.
      if solution.isFinished {
        expansion.run.emit(.pruned(pruning))
      } else {
        expansion.run.prune(pruning)
      }
    }
  }
}
