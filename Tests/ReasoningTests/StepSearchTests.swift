import Decoding
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct StepBeamTests {
  private func bench(
    _ value: @escaping @Sendable ([Int]) -> Double, slots: Int = 64
  ) -> StrategyBench {
    StrategyBench(model: { StepTable.model(value: value) }, slots: slots)
  }

  private let prm = RunSettings(temperature: 1, verifier: .prm, detail: 0)

  private func settings(
    _ samples: Int, _ branches: Int, _ aggregate: RunSettings.Aggregate? = nil
  ) -> RunSettings {
    var settings = prm
    (settings.samples, settings.branches, settings.aggregate) = (samples, branches, aggregate)
    return settings
  }

  /// The score of a whole solution, by hand.
  private func score(
    _ choices: [Int], _ value: ([Int]) -> Double, _ aggregate: StepAggregate
  ) -> Double {
    // The answer is a step, too; the value behind it is that of the three choices.
    let steps = [1, 2, 3, 3].map { value(Array(choices[..<$0])) }
    return aggregate.of(steps) ?? 0
  }

  /// As wide as the tree, with so many samples that none is missed, it finds the best of all.
  @Test(arguments: [RunSettings.Aggregate.last, .min, .prod], [1, 2, 3])
  func atFullWidthItIsExhaustive(aggregate: RunSettings.Aggregate, seed: Int) async throws {
    let value = StepTable.digest(seed)
    let run = try await bench(value).trace(StepBeam(), settings(27 * 30, 30, aggregate))
    let how = try #require(aggregate.ofSteps)
    let exact = StepTable.all.map { score($0, value, how) }
    let answer = try #require(run.end?.answer.flatMap { Int($0) })
    #expect(abs(exact[answer] - (exact.max() ?? 0)) < 1e-6)
    // Every solution there is has ended with its own score.
    let ended = run.paths.values.filter { $0.end?.answer != nil }
    #expect(ended.count == 27)
    for path in ended {
      let number = Int(path.end?.answer ?? "") ?? 0
      #expect(abs((path.score(.prm)?.value ?? -1) - exact[number]) < 1e-6)
    }
    // Steps that were drawn twice are one step.
    #expect(run.prunings.allSatisfy { $0.why.hasPrefix("same as path") })
  }

  /// What falls out is told with its score, and nothing that was kept at that step was worse.
  @Test(arguments: 1...6) func prunedStepsCarryTheScoreThatPrunedThem(seed: Int) async throws {
    let value = StepTable.digest(seed)
    let run = try await bench(value).trace(StepBeam(), settings(12, 6))
    let fallen = run.prunings.filter { $0.value != nil }
    #expect(!fallen.isEmpty)
    for pruning in fallen {
      let own = StepTable.choices(run.tokens(to: pruning.node).map(\.id))
      #expect(pruning.kind == .prm)
      #expect(pruning.why.hasPrefix("rank "))
      #expect(abs((pruning.value ?? -1) - value(own)) < 1e-6)
      // Those that went on from the same step have one choice more.
      let kept = run.paths.values.compactMap(\.end).map {
        StepTable.choices(run.tokens(to: $0.end).map(\.id))
      }.filter { $0.count > own.count }.map { Array($0[..<own.count]) }
      for survivor in Set(kept) { #expect(value(survivor) >= value(own) - 1e-6) }
    }
    #expect(run.paths.values.allSatisfy { $0.end != nil })
  }

  /// The first step is best by one way of counting and worst by another.
  @Test func theAggregateDecidesWhatIsKept() async throws {
    // ` a.` is doubtful at first and right in the end; ` b.` the other way round.
    let value: @Sendable ([Int]) -> Double = { choices in
      let isLate = choices.count > 1
      return switch choices.first {
      case 0: isLate ? 0.9 : 0.3
      case 1: isLate ? 0.5 : 0.8
      default: 0.1
      }
    }
    let last = try await bench(value).trace(StepBeam(), settings(27 * 20, 20, .last))
    let min = try await bench(value).trace(StepBeam(), settings(27 * 20, 20, .min))
    #expect(Int(last.end?.answer ?? "").map { $0 / 9 } == 0)
    #expect(Int(min.end?.answer ?? "").map { $0 / 9 } == 1)
  }

  /// A path has all its steps, those before a fork included, and is scored as if it stood alone.
  @Test func forkedPathsAreWholeAndScoredAsIfAlone() async throws {
    let value = StepTable.digest(4)
    let run = try await bench(value).trace(StepBeam(), settings(16, 4))
    var forks = 0
    for (_, path) in run.paths where path.end?.answer != nil {
      let tokens = path.nodes.compactMap { run.nodes[$0]?.token.id }
      let choices = StepTable.choices(tokens)
      #expect(choices.count == 3)
      #expect(tokens.last == StepTable.end)
      #expect(path.end?.answer == String(StepTable.number(choices)))
      let texts = tokens.map { StepTable.pieces[Int($0)] }.dropLast().joined()
      let (alone, _, _) = try await VerifierTable.assess(
        StepVerifier(aggregate: .last), [String(texts.dropFirst())],
        model: StepTable.model(value: value))
      #expect(path.score(.prm)?.terms == alone[0].steps)
      #expect(path.end?.generated == 5)
      forks += 1
    }
    #expect(forks == 4)
    // What was sampled is counted once, however many paths go on from it.
    let all = run.paths.values.reduce(0) { $0 + ($1.end?.generated ?? 0) }
    #expect((run.end?.tokens.generated ?? 0) < all)
  }

  @Test func equalScoresGoToTheLowerPath() {
    func solution(_ path: Int, _ score: Double?) -> PartialSolution {
      var solution = PartialSolution(path: path, tip: .root)
      solution.score = score
      return solution
    }
    let ranked = StepBeamSearch.ranked([
      solution(4, nil), solution(3, 0.5), solution(1, 0.5), solution(2, 0.9), solution(0, nil),
    ])
    #expect(ranked.map(\.path) == [2, 1, 3, 0, 4])
  }

  @Test func samplesAreSharedOutToBeamsAndGroups() {
    let beam = StepBeamSearch(samples: 16, branches: 4, isDiverse: false)
    #expect(beam.groups == 1)
    #expect(beam.width == 4)
    #expect(beam.branches == 4)
    let diverse = StepBeamSearch(samples: 16, branches: 4, isDiverse: true)
    #expect(diverse.groups == 4)
    #expect(diverse.width == 1)
    #expect(diverse.branches == 4)
    let few = StepBeamSearch(samples: 2, branches: 4, isDiverse: false)
    #expect(few.groups == 1)
    #expect(few.width == 1)
    #expect(few.branches == 2)
  }

  /// Each finished solution votes once with its score, in path order; here every solution has an
  /// answer of its own.
  @Test func solutionsVoteWithTheirScores() async throws {
    let value = StepTable.digest(5)
    var weighted = settings(27 * 30, 30, .last)
    weighted.vote = .weighted
    let run = try await bench(value).trace(StepBeam(), weighted)
    let tally = try #require(run.tally(.verifier))
    #expect(tally.votes.count == 27)
    #expect(run.end?.answer == tally.winner)
    for (answer, weight) in tally.votes {
      let choices = StepTable.all[Int(answer) ?? 0]
      #expect(abs(weight - value(choices)) < 1e-6)
    }
    let voters = run.tallies[.verifier]?.compactMap(\.path) ?? []
    #expect(voters.count == 27)
    #expect(voters == voters.sorted())
  }

  @Test(arguments: ["step-beam", "dvts", "lookahead", "mcts"], [1, 3, 64])
  func theFoldedTraceIsTheSameAtAnyNumberOfSlots(name: String, slots: Int) async throws {
    let strategy = try StrategyRegistry.strategy(named: name)
    var settings = settings(12, 3)
    settings.detail = 2
    let value = StepTable.digest(6)
    let reference = try await bench(value, slots: 8).trace(strategy, settings)
    let other = try await bench(value, slots: slots).trace(strategy, settings)
    #expect(reference == other)
    settings.seed = 2
    let another = try await bench(value, slots: slots).trace(strategy, settings)
    #expect(another.paths != reference.paths)
  }

  @Test(arguments: ["beam", "step-beam", "dvts", "lookahead", "mcts"], [1, 2, 6])
  func aCancelKeepsWhatThereIs(name: String, limit: Int) async throws {
    let strategy = try StrategyRegistry.strategy(named: name)
    var settings = settings(40, 4)
    settings.leaves = 2
    let bench = bench(StepTable.digest(7), slots: 2)
    let records = await bench.run(strategy, settings, stopAfter: limit)
    let run = try #require(Trace(records).runs[1])
    let end = try #require(run.end)
    #expect(end.reason == .cancelled || name == "beam")
    let answers = Set(run.paths.values.compactMap(\.answer))
    #expect(end.answer.map { answers.contains($0) } ?? true)
    if let winner = run.tally(.majority) { #expect(winner.order.allSatisfy(answers.contains)) }
    #expect(run.paths.values.allSatisfy { $0.end != nil })
  }

  @Test(arguments: VerifierName.allCases.filter { $0 != .exact && !$0.needsJudge })
  func anyVerifierCanRank(name: VerifierName) async throws {
    var settings = settings(8, 4)
    (settings.verifier, settings.rationales) = (name, 1)
    settings.maxTokens = 12
    for strategy in [StepBeam() as any Strategy, Lookahead(), MCTS()] {
      let run = try await bench(StepTable.digest(8)).trace(strategy, settings)
      #expect(run.end?.reason == .completed)
      #expect(run.paths.values.allSatisfy { $0.end != nil })
    }
  }
}

@Suite struct DiverseTreeSearchTests {
  /// Every first step ` a.` looks better than any other.
  private let favourite: @Sendable ([Int]) -> Double = { choices in
    choices.first == 0 ? 0.9 : 0.2 + 0.1 * Double(choices.last ?? 0)
  }

  private func trace(_ strategy: any Strategy, _ settings: RunSettings) async throws -> RunTrace {
    let value = favourite
    return try await StrategyBench(model: { StepTable.model(value: value) }).trace(
      strategy, settings)
  }

  @Test func subtreesDoNotKnowOfEachOther() async throws {
    // With one sample each there is nothing to choose among: plain samples, all of them kept.
    let settings = RunSettings(
      samples: 24, branches: 1, temperature: 1, verifier: .prm, detail: 0)
    let diverse = try await trace(DiverseTreeSearch(), settings)
    let firsts = diverse.paths.values.filter { $0.end?.answer != nil }
    #expect(firsts.count == 24)
    #expect(diverse.prunings.isEmpty)
    let ways = Set(firsts.compactMap { Int($0.answer ?? "").map { $0 / 9 } })
    #expect(ways == [0, 1, 2])
    // One group of the same size lets the favourite crowd out the rest.
    var wide = settings
    (wide.samples, wide.branches) = (24, 8)
    let beam = try await trace(StepBeam(), wide)
    let kept = Set(beam.paths.values.compactMap { Int($0.answer ?? "").map { $0 / 9 } })
    #expect(kept.contains(0))
    #expect(beam.end?.answer.flatMap { Int($0) }.map { $0 / 9 } == 0)
  }

  @Test func eachSubtreeKeepsItsOwnBest() async throws {
    let run = try await trace(
      DiverseTreeSearch(),
      RunSettings(samples: 12, branches: 3, temperature: 1, verifier: .prm, detail: 0))
    // Four subtrees, one solution each.
    #expect(run.tally(.majority).map { $0.votes.values.reduce(0, +) } == 4)
    #expect(run.prunings.allSatisfy { $0.why.hasSuffix(", 1 kept") || $0.why.hasPrefix("same") })
  }
}

@Suite struct LookaheadTests {
  /// ` a.` looks best at first and leads nowhere.
  private let trap: @Sendable ([Int]) -> Double = { choices in
    switch (choices.first, choices.count) {
    case (0, 1): 0.9
    case (0, _): 0.1
    case (1, 1): 0.6
    case (1, _): 0.8
    default: 0.3
    }
  }

  private func trace(_ strategy: any Strategy, lookahead: Int? = nil) async throws -> RunTrace {
    let trap = trap
    return try await StrategyBench(model: { StepTable.model(value: trap) }).trace(
      strategy,
      RunSettings(
        samples: 20, branches: 20, temperature: 1, verifier: .prm, lookahead: lookahead,
        detail: 0))
  }

  @Test func aStepIsScoredByWhereItLeads() async throws {
    let beam = try await trace(StepBeam())
    let lookahead = try await trace(Lookahead(), lookahead: 1)
    #expect(beam.end?.answer.flatMap { Int($0) }.map { $0 / 9 } == 0)
    #expect(lookahead.end?.answer.flatMap { Int($0) }.map { $0 / 9 } == 1)
    // The score that pruned ` a.` is what lies behind it.
    let first = try #require(
      lookahead.prunings.first {
        StepTable.choices(lookahead.tokens(to: $0.node).map(\.id)) == [0] && $0.value != nil
      })
    #expect(first.kind == .lookahead)
    #expect(abs((first.value ?? 0) - 0.1) < 1e-6)
    // Simulated paths are told apart and have no say.
    let simulated = lookahead.paths.values.filter { $0.end?.reason == "lookahead" }
    #expect(!simulated.isEmpty)
    #expect(simulated.allSatisfy { $0.answer == nil })
  }

  @Test func withoutSimulationItIsAStepBeam() async throws {
    let beam = try await trace(StepBeam())
    let none = try await trace(Lookahead(), lookahead: 0)
    #expect(beam.paths == none.paths)
    #expect(beam.prunings == none.prunings)
    #expect(beam.end == none.end)
  }
}
