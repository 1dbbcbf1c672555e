import Decoding
import Testing

@testable import Reasoning
@testable import Traces

/// What a trace keeps of a search is enough to choose again as it chose.
@Suite struct RecordedTreeSearchTests {
  private func trace(
    _ simulations: Int, leaves: Int, exploration: Double? = nil, seed: Int = 12
  ) async throws -> RunTrace {
    let value = StepTable.digest(seed)
    return try await StrategyBench(model: { StepTable.model(value: value) }, slots: 64).trace(
      MCTS(),
      RunSettings(
        samples: simulations, branches: 12, temperature: 1, verifier: .prm,
        exploration: exploration, leaves: leaves, detail: 0))
  }

  /// Virtual losses of visits in flight included.
  @Test(arguments: [1, 3, 8]) func everyChoiceIsFoundAgain(leaves: Int) async throws {
    let run = try await trace(40, leaves: leaves)
    let search = RecordedTreeSearch(run)
    #expect(search.iterations == 40)
    for iteration in 1...40 {
      let visits = run.visits.filter { $0.iteration == iteration }
      #expect(search.line(of: iteration) == visits.map(\.node))
      let standings = search.standings(at: iteration)
      for visit in visits {
        let standing = try #require(standings[visit.node])
        #expect(standing.isChosen)
        #expect(standing.visits == visit.visits)
        #expect(standing.prior == visit.prior)
        #expect(abs((standing.q ?? -1) - visit.q) < 1e-12)
        #expect(abs((standing.u ?? -1) - visit.u) < 1e-12)
      }
      #expect(search.value(of: iteration) == run.backups.first { $0.iteration == iteration }?.value)
    }
  }

  @Test(arguments: [1, 8]) func inTheEndAllHasComeBack(leaves: Int) async throws {
    let run = try await trace(40, leaves: leaves)
    let search = RecordedTreeSearch(run)
    let standings = search.standings(at: nil)
    for (node, backups) in Dictionary(grouping: run.backups, by: \.node) {
      let standing = try #require(standings[node])
      #expect(standing.visits == backups.last?.visits)
      #expect(standing.inFlight == 0)
      #expect(abs((standing.q ?? -1) - (backups.last?.q ?? 0)) < 1e-12)
      // N(parent) = ΣN(child): every visit of a parent goes on to a child.
      let children = search.nodes[node]?.children ?? []
      guard !children.isEmpty else { continue }
      #expect(children.reduce(0) { $0 + (standings[$1]?.visits ?? 0) } == standing.visits)
      #expect(children.count { standings[$0]?.isChosen == true } == 1)
    }
    #expect(standings[search.root]?.visits == 40)
    // What was never visited is held for what the verifier made of it.
    for (id, node) in search.nodes where id != search.root {
      let choices = StepTable.choices(run.tokens(to: id).map(\.id))
      #expect(abs((node.initial ?? -1) - StepTable.digest(12)(choices)) < 1e-6)
    }
  }

  /// Two searches that differ in their constant alone go the same way until it decides: there the
  /// re-ranking of the one chooses what the other chose.
  @Test(arguments: [0, 0.25, 4, 16], [1, 8])
  func anotherConstantChoosesAsASearchWithItDoes(other: Double, leaves: Int) async throws {
    var decided = 0
    for seed in 1...4 {
      let own = try await trace(30, leaves: leaves, seed: seed)
      let rival = try await trace(30, leaves: leaves, exploration: other, seed: seed)
      let parting = zip(own.visits, rival.visits).first { $0.node != $1.node }
      guard let (mine, theirs) = parting else { continue }
      decided += 1
      #expect(mine.iteration == theirs.iteration)
      let search = RecordedTreeSearch(own)
      #expect(search.standings(at: mine.iteration)[mine.node]?.isChosen == true)
      let standings = search.standings(at: mine.iteration, exploration: other)
      #expect(standings[theirs.node]?.isChosen == true)
      #expect(standings[mine.node]?.isChosen == false)
      #expect(abs((standings[theirs.node]?.u ?? -1) - theirs.u) < 1e-12)
    }
    #expect(decided > 0)
  }

  /// A file may claim anything.
  @Test func damagedEventsAreNoHarm() async throws {
    var run = try await trace(6, leaves: 2)
    let node = try #require(run.visits.first?.node)
    for iteration in [Int.min, -1, 0, Int.max] {
      run.apply(
        .visit(Visit(iteration: iteration, node: node, visits: 0, q: .nan, prior: 0, u: 0)))
      run.apply(
        .backup(Backup(iteration: iteration, node: .root, value: .infinity, visits: -1, q: 0)))
    }
    let search = RecordedTreeSearch(run)
    for iteration in [nil, 0, 1, search.iterations] { _ = search.standings(at: iteration) }
  }
}

@Suite struct RecordedStepSearchTests {
  /// Values that differ much from step to step.
  private static func values(_ seed: Int) -> @Sendable ([Int]) -> Double {
    { choices in
      let mixed = choices.reduce(seed &* 2_654_435_761 &+ 99) {
        (($0 &* 1_103_515_245) &+ ($1 + 1) &* 7919) & 0x7FFF_FFFF
      }
      return 0.05 + 0.9 * Double((mixed >> 8) % 997) / 997
    }
  }

  private func trace(
    _ strategy: any Strategy, _ aggregate: RunSettings.Aggregate? = nil, seed: Int
  ) async throws -> RunTrace {
    let value = Self.values(seed)
    return try await StrategyBench(model: { StepTable.model(value: value) }, slots: 64).trace(
      strategy,
      RunSettings(
        samples: 12, branches: 4, temperature: 1, aggregate: aggregate, verifier: .prm,
        detail: 0))
  }

  private static let strategies: [any Strategy] = [StepBeam(), Lookahead(), DiverseTreeSearch()]

  /// By its own figure every round is ranked as it was.
  @Test(arguments: strategies.indices, [RunSettings.Aggregate.last, .min, .prod])
  func theRecordedRanksAreFoundAgain(kind: Int, aggregate: RunSettings.Aggregate) async throws {
    var given = 0
    for seed in 1...4 {
      let run = try await trace(Self.strategies[kind], aggregate, seed: seed)
      let search = try #require(RecordedStepSearch(run))
      #expect(search.looksAhead == (kind == 1))
      let standings = search.standings()
      #expect(standings.values.allSatisfy { $0.isKept == $0.wasKept })
      for pruning in run.prunings where pruning.value != nil {
        given += 1
        let place = search.candidates.last { run.line(to: pruning.node).contains($0.node) }
        let own = try #require(place.flatMap { standings[$0.node] })
        #expect(own.value == pruning.value)
        // In separate groups the same step may stand twice.
        guard search.candidates.count(where: { $0.node == place?.node }) == 1 else { continue }
        #expect("rank \(own.rank), \(own.kept) kept" == pruning.why)
      }
    }
    #expect(given > 0)
  }

  /// Two beams that differ in the aggregate alone have the same candidates in the second round,
  /// the first in which it can decide: the re-ranking of the one keeps what the other kept.
  @Test func anotherAggregateKeepsWhatABeamWithItKeeps() async throws {
    var decided = 0
    for seed in 1...12 {
      let own = try #require(RecordedStepSearch(try await trace(StepBeam(), .last, seed: seed)))
      let rival = try #require(RecordedStepSearch(try await trace(StepBeam(), .min, seed: seed)))
      let standings = own.standings(by: .min)
      func kept(_ search: RecordedStepSearch, _ round: Int) -> Set<NodeID> {
        Set(search.candidates.filter { $0.round == round && $0.wasKept }.map(\.node))
      }
      for round in 1...2 {
        let now = own.candidates.filter { $0.round == round && standings[$0.node]?.isKept == true }
        #expect(Set(now.map(\.node)) == kept(rival, round))
        if kept(own, round) != kept(rival, round) { decided += 1 }
      }
    }
    #expect(decided > 0)
  }

  @Test func withoutScoresOfStepsThereIsNothingToRank() async throws {
    let value = StepTable.digest(1)
    let run = try await StrategyBench(model: { StepTable.model(value: value) }).trace(
      StepBeam(),
      RunSettings(samples: 4, branches: 2, temperature: 1, verifier: .likelihood, detail: 0))
    #expect(RecordedStepSearch(run) == nil)
  }
}
