import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

/// Random tables: texts of up to `length` tokens over a few letters, each prefix with
/// probabilities of its own.
enum RandomTable {
  static func model(
    seed: UInt64, letters: Int = 3, length: Int = 4
  ) -> TableLanguageModel {
    let pieces = ["Q"] + (0..<letters).map { " \($0 + 1)" } + ["<end>"]
    let end = TokenID(letters + 1)
    return TableLanguageModel(name: "random", pieces: pieces, end: end) { prefix in
      let path = Array(prefix.dropFirst())
      guard path.count < length - 1 else { return [end: 1] }
      // The numbers of a prefix are its own, whenever they are asked for.
      let key = path.reduce(seed &* 31 &+ 7) { ($0 &* 131) &+ UInt64($1) &+ 3 }
      let random = PathRandom(seed: key, path: 0)
      var chances: [TokenID: Double] = [:]
      for token in 1...end { chances[token] = 0.05 + random.uniform(at: Int(token)) }
      let sum = chances.values.reduce(0, +)
      return chances.mapValues { $0 / sum }
    }
  }

  /// All texts, the likeliest first.
  static func ranked(_ model: TableLanguageModel) -> [(tokens: [TokenID], probability: Double)] {
    model.enumerate(after: [0]).sorted { $0.probability > $1.probability }
  }

  /// The tokens of a path.
  static func tokens(_ path: PathTrace?, _ run: RunTrace) -> [TokenID] {
    path?.nodes.compactMap { run.nodes[$0]?.token.id } ?? []
  }
}

@Suite struct BeamTests {
  private func bench(_ model: @escaping @Sendable () -> TableLanguageModel) -> StrategyBench {
    StrategyBench(model: model)
  }

  /// The paths that ended by themselves, the likeliest first.
  private func finished(_ run: RunTrace) -> [(tokens: [TokenID], sum: Double)] {
    let pruned = Set(run.prunings.filter { $0.token == nil }.compactMap(\.path))
    return run.paths.filter { $0.value.end?.reason == "end_of_text" && !pruned.contains($0.key) }
      .map { (RandomTable.tokens($0.value, run), $0.value.score(.likelihood)?.value ?? 0) }
      .sorted { $0.1 > $1.1 }
  }

  /// A beam that holds every beginning finds the likeliest of all texts.
  @Test func aFullBeamIsExhaustive() async throws {
    for seed in 1...300 as ClosedRange<UInt64> {
      let model = RandomTable.model(seed: seed)
      let best = try #require(RandomTable.ranked(model).first)
      // Four tokens to choose from, at most four of them in a text: |V|^(L−1).
      let run = try await bench { RandomTable.model(seed: seed) }.trace(
        Beam(), RunSettings(branches: 64, maxTokens: 4, detail: 0))
      let found = try #require(finished(run).first)
      #expect(found.tokens == best.tokens)
      #expect(abs(found.sum - log(best.probability)) < 1e-5)
    }
  }

  /// Sums are those of the tokens, not divided by their number.
  @Test func theScoreIsTheTextsLogProbability() async throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let model = RandomTable.model(seed: seed)
      let exact = Dictionary(
        uniqueKeysWithValues: model.enumerate(after: [0]).map { ($0.tokens, $0.probability) })
      let run = try await bench { RandomTable.model(seed: seed) }.trace(
        Beam(), RunSettings(branches: 3, detail: 0))
      for (tokens, sum) in finished(run) {
        #expect(abs(exp(sum) - (exact[tokens] ?? -1)) < 1e-6)
      }
    }
  }

  @Test func aBeamOfOneIsGreedy() async throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let bench = bench { RandomTable.model(seed: seed) }
      let beam = try await bench.trace(Beam(), RunSettings(branches: 1))
      let greedy = try await bench.trace(Greedy())
      #expect(beam.paths[0]?.nodes == greedy.paths[0]?.nodes)
      #expect(beam.end?.answer == greedy.end?.answer)
      #expect(beam.paths.count == 1)
    }
  }

  /// .5, .45, .05 at first: behind the first a text of .4 · .5, behind the second one of 1/6 · .45
  /// that begins so well that two beams hold nothing else. Wider is worse.
  static func garden() -> TableLanguageModel {
    let pieces = ["Q", " a", " b", " c", " 1", " 2", " 3", " 4", " 5", " 6", "<end>"]
    return TableLanguageModel(name: "garden", pieces: pieces, end: 10) { prefix in
      switch Array(prefix.dropFirst()) {
      case []: [1: 0.5, 2: 0.45, 3: 0.05]
      // The greedy way: one good token after two of the same chance.
      case [1]: [4: 0.4, 5: 0.3, 6: 0.3]
      case [1, 4]: [10: 1]
      case [2]: [7: 0.5, 8: 0.5]
      case [2, 7], [2, 8]: [4: 0.163, 5: 0.163, 6: 0.163, 7: 0.163, 8: 0.163, 9: 0.185]
      default: [10: 1]
      }
    }
  }

  @Test func aWiderBeamMayFindALessLikelyText() async throws {
    let bench = bench { Self.garden() }
    let one = try await bench.trace(Beam(), RunSettings(branches: 1))
    let two = try await bench.trace(Beam(), RunSettings(branches: 2))
    let all = try await bench.trace(Beam(), RunSettings(branches: 200))
    let sums = try [one, two, all].map { try #require(finished($0).first).sum }
    #expect(abs(exp(sums[0]) - 0.2) < 1e-6)
    #expect(sums[1] < sums[0])
    #expect(abs(sums[2] - sums[0]) < 1e-9)
  }

  /// Whatever falls out is told with the score that was too low: no better than any that goes on.
  @Test func prunedCandidatesCarryTheScoreThatPrunedThem() async throws {
    var checked = 0
    for seed in 1...10 as ClosedRange<UInt64> {
      let records = await bench { RandomTable.model(seed: seed) }.run(
        Beam(), RunSettings(branches: 3))
      let run = try #require(Trace(records).runs[1])
      #expect(!run.prunings.isEmpty)
      var sums: [NodeID: Double] = [run.promptEnd: 0]
      // What fell out at this step; the tokens that go on follow.
      var fallen: [Double] = []
      var goesOn = false
      for record in records {
        switch record.event {
        case .pruned(let pruning):
          if goesOn { fallen = [] }
          goesOn = false
          let value = try #require(pruning.value)
          #expect(pruning.kind == .likelihood)
          if let token = pruning.token, let parent = pruning.parent {
            // The sum of the tokens before the candidate, and the candidate's own.
            #expect(pruning.node == parent.appending(token.id))
            // Where the whole line falls out, no token of it tells the distribution.
            if let rows = run.distributions[parent]?.summary {
              let place = try #require(rows.tokens.firstIndex(of: token.id))
              let own = Double(rows.logits[place]) - rows.logSumExp
              #expect(abs((sums[parent] ?? 0) + own - value) < 1e-6)
              checked += 1
            }
          }
          fallen.append(value)
        case .node(let node):
          let sum = (sums[node.parent] ?? 0) + (node.logProbability ?? 0)
          sums[node.id] = sum
          #expect(fallen.allSatisfy { $0 <= sum + 1e-9 })
          goesOn = true
        default: break
        }
      }
      // Every path has an end.
      #expect(run.paths.values.allSatisfy { $0.end != nil })
    }
    #expect(checked > 10)
  }

  @Test func equalSumsGoToTheFirst() {
    let candidates = [
      TokenBeam.Candidate(line: 1, token: 5, logProbability: -1),
      TokenBeam.Candidate(line: 0, token: 9, logProbability: -1),
      TokenBeam.Candidate(line: 2, token: nil, logProbability: -0.5),
    ]
    let ranked = TokenBeam.ranked(candidates)
    #expect(ranked.map(\.line) == [2, 1, 0])
    let even = TokenDistribution(logits: [0, 0, 0, 0])
    let beam = TokenBeam(width: 2, start: .root)
    #expect(beam.candidates([0: even]).map(\.token) == [0, 1])
  }

  @Test(arguments: [1, 3, 40])
  func theFoldedTraceIsTheSameAtAnyNumberOfSlots(slots: Int) async throws {
    let model: @Sendable () -> TableLanguageModel = { RandomTable.model(seed: 5, length: 6) }
    let settings = RunSettings(branches: 4, detail: 3)
    let reference = try await StrategyBench(model: model).trace(Beam(), settings)
    let other = try await StrategyBench(model: model, slots: slots).trace(Beam(), settings)
    #expect(reference == other)
  }

  @Test func tokensAreCountedWhereTheyAreChosen() async throws {
    var nodes = 0
    let bench = bench { RandomTable.model(seed: 3) }
    let records = await bench.run(Beam(), RunSettings(branches: 3))
    for record in records { if case .node = record.event { nodes += 1 } }
    let run = try #require(Trace(records).runs[1])
    #expect(run.end?.tokens.generated == nodes)
    #expect(run.end?.tokens.prompt == 1)
    #expect(run.end?.tokens.injected == 0)
  }
}
