import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@Suite struct DecoderTests {
  let model = TableLanguageModel.apples

  func paths(_ count: Int, from start: NodeID, temperature: Double = 1) -> [Continuation] {
    (0..<count).map {
      Continuation(
        start: start, path: $0,
        sampler: SamplingSettings(temperature: temperature).sampler(seed: 9, path: $0),
        stop: StopRule(endTokens: [11]), budget: 64)
    }
  }

  @Test(arguments: [1, 3, 8, 64])
  func pathsDoNotDependOnTheNumberOfSlots(slots: Int) async {
    let decoder = Decoder(model: model, slots: slots)
    let reference = Decoder(model: model, slots: 5)
    let results = await decoder.decode(paths(30, from: decoder.insert([0])))
    let expected = await reference.decode(paths(30, from: reference.insert([0])))
    #expect(results.map(\.tokens) == expected.map(\.tokens))
    #expect(results.map(\.path) == Array(0..<30))
    #expect(results.allSatisfy { $0.reason == .endOfText })
  }

  @Test func branchesDifferInTheFirstTokenAndGoOnGreedily() async {
    let decoder = Decoder(model: model, slots: 4)
    let start = decoder.insert([0])
    let branches = (0..<5).map {
      Continuation(
        start: start, path: $0, sampler: BranchSampler(rank: $0),
        stop: StopRule(endTokens: [11]), budget: 64)
    }
    let results = await decoder.decode(branches)
    #expect(results.map { $0.tokens.first } == [1, 2, 3, 4, 5])
    for result in results {
      // The same first token, then plain greedy decoding.
      let forced = decoder.insert(result.tokens.prefix(1), after: start)
      let greedy = await decoder.decode([
        Continuation(
          start: forced, path: 0, sampler: GreedySampler(), stop: StopRule(endTokens: [11]),
          budget: 64)
      ])
      #expect(greedy.first?.tokens == Array(result.tokens.dropFirst()))
    }
  }

  @Test func pathsStopAtTextAcrossTokenBoundariesAndAtTheirBudget() async {
    let decoder = Decoder(model: model, slots: 2)
    let start = decoder.insert([0])
    let stop = StopRule(endTokens: [11], stopSequences: ["is 5"])
    let results = await decoder.decode([
      Continuation(start: start, path: 0, sampler: GreedySampler(), stop: stop, budget: 64),
      Continuation(start: start, path: 1, sampler: GreedySampler(), stop: stop, budget: 2),
      Continuation(start: start, path: 2, sampler: GreedySampler(), stop: stop, budget: 0),
    ])
    #expect(results.map(\.reason) == [.stopSequence("is 5"), .budget, .budget])
    #expect(results.map(\.tokens) == [[1, 6, 1], [1, 6], []])
  }

  @Test func costsAreBookedOnceForSharedTokens() async {
    let decoder = Decoder(model: TableLanguageModel.fresh(), slots: 3)
    let start = decoder.insert([1, 2, 3, 4])
    let results = await decoder.decode(paths(6, from: start))
    #expect(results.map(\.prefilled).reduce(0, +) == 4)
    #expect(results.map { $0.prefilled + $0.reused } == Array(repeating: 4, count: 6))
  }

  @Test func aCancelEndsEveryPathAndKeepsWhatThereIs() async {
    let decoder = Decoder(model: TableLanguageModel.endless(), slots: 2)
    let start = decoder.insert([0])
    let chosen = Atomic(0)
    let reached = AsyncStream<Void>.makeStream()
    let task = Task {
      await decoder.decode(
        (0..<4).map {
          Continuation(
            start: start, path: $0, sampler: GreedySampler(), stop: StopRule(endTokens: []),
            budget: .max)
        }
      ) { _ in
        if chosen.add(1, ordering: .relaxed).newValue == 10 { reached.continuation.yield() }
      }
    }
    for await _ in reached.stream { break }
    task.cancel()
    let results = await task.value
    #expect(results.count == 4)
    #expect(results.allSatisfy { $0.reason == .cancelled })
    #expect(results[0].tokens.count >= 5)
    #expect(results[3].tokens.isEmpty)
  }

  @Test func aPersonsStepIsAnsweredWhileAVoteRuns() async throws {
    let decoder = Decoder(model: TableLanguageModel.endless(), slots: 2)
    let start = decoder.insert([0])
    let vote = Task {
      await decoder.decode(
        (0..<8).map {
          Continuation(
            start: start, path: $0, sampler: GreedySampler(), stop: StopRule(endTokens: []),
            budget: .max)
        })
    }
    // Every slot is taken by a path that never ends, so only the interactive lane can answer.
    for _ in 0..<20 {
      let distribution = try await decoder.distribution(after: start)
      #expect(distribution.argmax == 0)
    }
    vote.cancel()
    _ = await vote.value
  }

  @Test func aFullContextEndsThePath() async throws {
    let decoder = Decoder(model: TableLanguageModel.endless(contextLength: 16), slots: 1)
    let results = await decoder.decode([
      Continuation(
        start: decoder.insert([0]), path: 0, sampler: GreedySampler(),
        stop: StopRule(endTokens: []), budget: 1000)
    ])
    #expect(results.first?.reason == .contextFull)
    #expect(results.first?.tokens.count == 15)
    let full = decoder.insert(Array(repeating: 0, count: 16))
    await #expect(throws: LanguageModelError.self) {
      try await decoder.distribution(after: full)
    }
  }

  @Test func anUnknownNodeIsAnError() async {
    let decoder = Decoder(model: model, slots: 1)
    await #expect(throws: (any Error).self) {
      try await decoder.distribution(after: NodeID(rawValue: 42))
    }
  }
}

extension TableLanguageModel {
  /// Five tokens in a circle, ending at random, with nothing looked up yet.
  static func fresh() -> TableLanguageModel {
    TableLanguageModel(name: "circle", pieces: ["a", "b", "c", "d", "e", "."], end: 5) { prefix in
      [TokenID(prefix.count % 5): 0.7, 5: 0.3]
    }
  }

  /// Never ends.
  static func endless(contextLength: Int = 1 << 20) -> TableLanguageModel {
    TableLanguageModel(
      name: "endless", pieces: ["a", "."], end: 1, contextLength: contextLength
    ) { _ in [0: 1] }
  }
}
