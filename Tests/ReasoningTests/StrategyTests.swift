import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// Runs strategies on exact tables, whose outcomes can be enumerated.
struct StrategyBench: Sendable {
  var model: @Sendable () -> TableLanguageModel = { .apples }
  var slots = 8

  func question(_ decoder: Decoder) -> Question {
    Question(
      text: decoder.model.vocabulary.token(0).text, gold: "8", kind: .number, isRaw: true)
  }

  /// - Parameter stopAfter: cancels the run once this many paths have ended.
  func run(
    _ strategy: any Strategy, _ settings: RunSettings = RunSettings(), previous: RunTrace? = nil,
    stopAfter limit: Int? = nil
  ) async -> [TraceRecord] {
    let decoder = Decoder(model: model(), slots: slots)
    let log = Mutex<[TraceRecord]>([])
    let ended = Mutex(0)
    let task = Mutex<Task<Void, Never>?>(nil)
    let question = question(decoder)
    let (started, go) = AsyncStream<Void>.makeStream()
    let work = Task {
      for await _ in started { break }
      await strategy.run(
        question, settings: settings, decoder: decoder, library: PromptLibrary(directory: ""),
        previous: previous
      ) { record in
        log.withLock { $0.append(record) }
        guard let limit, case .pathFinished = record.event else { return }
        if ended.withLock({
          $0 += 1
          return $0
        }) == limit {
          task.withLock { $0 }?.cancel()
        }
      }
    }
    task.withLock { $0 = work }
    go.yield()
    await work.value
    return log.withLock { $0 }
  }

  func trace(
    _ strategy: any Strategy, _ settings: RunSettings = RunSettings()
  ) async throws -> RunTrace {
    try #require(Trace(await run(strategy, settings)).runs[1])
  }
}

@Suite struct GreedyStrategyTests {
  @Test func greedyAnswersApplesAtOnceAndWrongly() async throws {
    let run = try await StrategyBench().trace(Greedy())
    #expect(run.end?.answer == "5")
    #expect(run.end?.correct == false)
    #expect(run.end?.tokens == TokenCounts(prompt: 1, generated: 5, injected: 0, reused: 0))
  }
}

/// A model that thinks between tags, which are tokens of its own.
@Suite struct TaggedThinkingTests {
  private static let pieces = [
    "Q: How many?\nA:", " <think>", "<think>", " Maybe 5.", " The answer is", " 6", "</think>",
    " 8", ".", "<end>",
  ]

  /// Follows a script; `closes` says whether the thinking ends within it.
  private static func bench(closes: Bool) -> StrategyBench {
    let thought: [TokenID] = [2, 3, 4, 5, 8]
    let script = closes ? thought + [6, 4, 7, 8, 9] : thought + [9]
    return StrategyBench(
      model: {
        TableLanguageModel(name: "tagged", pieces: pieces, end: 9) { prefix in
          let said = prefix.drop { $0 == 0 }
          // Asked behind its thinking it says 8, within it 6.
          if said.last == 4 { return [said.contains(6) ? 7 : 5: 1] }
          if said.last == 7 || said.count > script.count { return [8: 1] }
          if said.last == 8, said.count > thought.count { return [9: 1] }
          return [script[min(said.count, script.count - 1)]: 1]
        }
      })
  }

  @Test func tagsAreDeclaredByTheVocabulary() {
    let model = Self.bench(closes: true).model()
    #expect(ThinkingTags(declaredBy: model.vocabulary) == .think)
    #expect(ThinkingTags(declaredBy: TableLanguageModel.apples.vocabulary) == nil)
    let halves = TableLanguageModel(name: "x", pieces: ["<think>", "<", "/think>", "e"], end: 3) {
      _ in [:]
    }
    #expect(ThinkingTags(declaredBy: halves.vocabulary) == nil)
  }

  @Test func theAnswerStandsBehindTheThinking() async throws {
    let run = try await Self.bench(closes: true).trace(Greedy())
    #expect(run.end?.answer == "8")
    let path = try #require(run.paths[0])
    let span = try #require(path.answerSpan)
    #expect(path.nodes.firstIndex(of: span.first) == 7)
    #expect(run.text(ofPath: 0).hasPrefix("<think> Maybe 5. The answer is 6.</think>"))
  }

  @Test func whatIsStillThoughtIsNoAnswer() async throws {
    let run = try await Self.bench(closes: false).trace(Greedy())
    #expect(run.end?.answer == nil)
    #expect(run.end?.reason == .completed)
  }

  /// The second call comes behind the thinking, which it closes where the model has not.
  @Test(arguments: [true, false]) func zeroShotAsksBehindTheThinking(closes: Bool) async throws {
    let run = try await Self.bench(closes: closes).trace(ZeroShotCoT())
    #expect(run.end?.answer == "8")
    let text = run.text(ofPath: 0)
    #expect(text.components(separatedBy: "</think>").count == 2)
    #expect(text.contains("</think> The answer is 8"))
  }

  @Test(arguments: [true, false]) func answerNowClosesTheThinking(isThinking: Bool) async throws {
    let decoder = Decoder(model: Self.bench(closes: true).model(), slots: 2)
    let question = Question(text: "Q: How many?\nA:", gold: "8", kind: .number, isRaw: true)
    let exploration = Exploration(
      Run(
        number: 1, question: question, settings: RunSettings(), decoder: decoder,
        prompt: Prompt(text: question.text), sink: { _ in }))
    var node = try exploration.begin()
    let said = isThinking ? "<think> Maybe 5." : "<think> Maybe 5.</think>"
    node = exploration.insert(said, after: node)
    let answer = try await exploration.answerNow(after: node, said: Array(said.utf8))
    #expect(answer?.outcome.answer == "8")
  }
}

@Suite struct CoTDecodingTests {
  @Test func branchesDifferInTheFirstTokenAndReasoningWins() async throws {
    let run = try await StrategyBench().trace(CoTDecoding(), RunSettings(branches: 5))
    let first = run.pathNumbers.compactMap { run.paths[$0]?.nodes.first }
    #expect(Set(first).count == 5)
    // In the order of the first tokens' probabilities: .34 and four times .165.
    let chances = first.compactMap { run.nodes[$0]?.logProbability.map { exp($0) } }
    #expect(zip(chances, [0.34, 0.165, 0.165, 0.165, 0.165]).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(run.pathNumbers.map { run.paths[$0]?.answer } == ["5", "8", "8", "8", "8"])
    #expect(run.end?.answer == "8")
    #expect(run.end?.correct == true)
    // Δ is .80 − .12 after the direct answer, .90 − .07 after each opener.
    let votes = try #require(run.tally(.delta)?.votes)
    #expect(abs((votes["5"] ?? 0) - 0.68) < 1e-6)
    #expect(abs((votes["8"] ?? 0) - 4 * 0.83) < 1e-6)
  }

  /// A branch is what greedy decoding makes of its first token, forced.
  @Test func everyBranchIsGreedyBehindItsFirstToken() async throws {
    let run = try await StrategyBench().trace(CoTDecoding(), RunSettings(branches: 5))
    for number in run.pathNumbers {
      let path = RandomTable.tokens(run.paths[number], run)
      let decoder = Decoder(model: TableLanguageModel.apples, slots: 1)
      let prefix = run.tokens(to: run.promptEnd).map(\.id) + path.prefix(1)
      let greedy = await decoder.decode([
        Continuation(
          start: decoder.insert(prefix), path: 0, sampler: GreedySampler(),
          stop: StopRule(endTokens: decoder.model.vocabulary.endOfText), budget: 64)
      ])
      #expect(greedy.first?.tokens == Array(path.dropFirst()))
    }
  }

  /// Six branches whose answers are of one token (60) or of two (48): the votes are for 60, ΣΔ
  /// for 48, and a Δ over more than the answer's tokens would see the certain words around it.
  static func fixture() -> TableLanguageModel {
    let pieces = ["Q: ?", " A", " B", " C", " D", " E", " so", " 60", " 4", "8", "0", ".", "<end>"]
    let deltas: [TokenID: [Double]] = [1: [0.20], 2: [0.22], 3: [0.18], 4: [0.90], 5: [0.93]]
    return TableLanguageModel(name: "sixty", pieces: pieces, end: 12) { prefix in
      let path = Array(prefix.dropFirst())
      guard let first = path.first, let delta = deltas[first]?.first else {
        return [1: 0.3, 2: 0.25, 3: 0.2, 4: 0.15, 5: 0.1]
      }
      /// Two tokens of which the likelier leads by `delta`.
      func pair(_ a: TokenID, _ b: TokenID, _ delta: Double) -> [TokenID: Double] {
        [a: (1 + delta) / 2, b: (1 - delta) / 2]
      }
      let isSixty = first <= 3
      switch (path.count, isSixty) {
      case (1, _): return [6: 1]
      case (2, true): return pair(7, 8, delta)
      // Two tokens spell 48; their margins are delta ± .05.
      case (2, false): return pair(8, 7, delta + 0.05)
      case (3, false): return pair(9, 10, delta - 0.05)
      case (3, true), (4, false): return [11: 1]
      default: return [12: 1]
      }
    }
  }

  @Test func theSumOfDeltasCanOverruleTheMajority() async throws {
    let bench = StrategyBench(model: { Self.fixture() })
    let run = try await bench.trace(CoTDecoding(), RunSettings(branches: 5))
    #expect(run.tally(.majority)?.winner == "60")
    #expect(run.tally(.majority)?.votes == ["60": 3, "48": 2])
    #expect(run.tally(.delta)?.winner == "48")
    #expect(run.end?.answer == "48")
    let sums = try #require(run.tally(.delta)?.votes)
    #expect(abs((sums["60"] ?? 0) - 0.60) < 1e-6)
    #expect(abs((sums["48"] ?? 0) - 1.83) < 1e-6)
    let surest = try await bench.trace(CoTDecoding(), RunSettings(branches: 5, aggregate: .max))
    #expect(surest.end?.answer == "48")
  }

  @Test func deltaIsTheMeanOverTheAnswersTokensAlone() async throws {
    let bench = StrategyBench(model: { Self.fixture() })
    let run = try await bench.trace(CoTDecoding(), RunSettings(branches: 5))
    for (number, margins) in [0: [0.20], 3: [0.95, 0.85], 4: [0.98, 0.88]] {
      let path = try #require(run.paths[number])
      let span = try #require(path.answerSpan)
      let range = try #require(path.range(of: span))
      let text = range.flatMap { run.nodes[path.nodes[$0]]?.token.bytes ?? [] }
      #expect(String(decoding: text, as: UTF8.self) == (number == 0 ? " 60" : " 48"))
      #expect(range.count == margins.count)
      let delta = try #require(path.score(.delta))
      #expect(zip(delta.terms ?? [], margins).allSatisfy { abs($0 - $1) < 1e-6 })
      #expect(abs(delta.value - margins.reduce(0, +) / Double(margins.count)) < 1e-6)
    }
  }
}

@Suite struct SelfConsistencyTests {
  static let answers = ["8", "5", "10", "6"]

  /// The exact shares of the apples table's answers at a temperature.
  static func shares(temperature: Double) -> [Double] {
    let model = TableLanguageModel.apples
    var shares: [String: Double] = [:]
    for (tokens, probability) in model.enumerate(after: [0], temperature: temperature) {
      let text = model.vocabulary.bytes(of: tokens)
      let answer = AnswerExtractor.extract(from: text, kind: .number)?.value ?? "none"
      shares[answer, default: 0] += probability
    }
    return answers.map { shares[$0] ?? 0 }
  }

  @Test func theExactMarginalIsTheCards() {
    let at1 = Self.shares(temperature: 1)
    #expect(abs(at1[0] - 0.6212) < 1e-6)
    #expect(abs(at1[1] - 0.3182) < 1e-6)
    let at07 = Self.shares(temperature: 0.7)
    #expect(abs(at07[0] - 0.5822) < 5e-5)
    #expect(abs(at07[1] - 0.3885) < 5e-5)
    #expect(abs(at07.reduce(0, +) - 1) < 1e-9)
  }

  @Test(arguments: zip([1, 5, 10, 40], [0.621, 0.764, 0.843, 0.979]))
  func aVoteOfNPicksEightThisOften(votes: Int, chance: Double) throws {
    let exact = try #require(
      VoteProbability.sampling(shares: Self.shares(temperature: 1), index: 0, votes: votes))
    #expect(abs(exact - chance) < 5e-4)
  }

  @Test func talliesFollowTheSamplersMarginal() async throws {
    // 100 seeds of 40 samples: the counts are multinomial with the exact shares, so χ² with three
    // degrees of freedom exceeds 16.27 once in a thousand. The seeds are fixed.
    for temperature in [1.0, 0.7] {
      var counts: [String: Double] = [:]
      for seed in 1...100 as ClosedRange<UInt64> {
        let run = try await StrategyBench(slots: 40).trace(
          SelfConsistency(), RunSettings(seed: seed, temperature: temperature, detail: 0))
        let tally = try #require(run.tally(.majority))
        #expect(tally.unparsed == 0)
        #expect(tally.votes.values.reduce(0, +) == 40)
        counts.merge(tally.votes, uniquingKeysWith: +)
      }
      let chiSquared = zip(Self.answers, Self.shares(temperature: temperature)).reduce(0.0) {
        sum, expected in
        let wanted = expected.1 * 4000
        let difference = (counts[expected.0] ?? 0) - wanted
        return sum + difference * difference / wanted
      }
      #expect(chiSquared < 16.27)
    }
  }

  @Test func theVoteIsWonAsOftenAsEnumerated() async throws {
    // Among 200 votes of 5 the number that 8 wins is binomial with the exact chance .764: within
    // four standard errors.
    let exact = try #require(
      VoteProbability.sampling(shares: Self.shares(temperature: 1), index: 0, votes: 5))
    var wins = 0
    for seed in 1...200 as ClosedRange<UInt64> {
      let run = try await StrategyBench().trace(
        SelfConsistency(), RunSettings(seed: seed, samples: 5, temperature: 1, detail: 0))
      if run.end?.answer == "8" { wins += 1 }
    }
    let error = (exact * (1 - exact) / 200).squareRoot()
    #expect(abs(Double(wins) / 200 - exact) < 4 * error)
  }

  /// Answers 5, 8 and 10 with the chances .45, .35 and .20: what is right is not the sampler's
  /// favourite.
  private static func misled() -> TableLanguageModel {
    TableLanguageModel(
      name: "misled", pieces: ["Q: ?", " 5", " 8", " 10", "<end>"], end: 4
    ) { $0.count == 1 ? [1: 0.45, 2: 0.35, 3: 0.20] : [4: 1] }
  }

  /// The negative control: a larger vote is right less often, while more samples have it among them
  /// ever more often. A vote finds the sampler's favourite, not the truth.
  @Test(arguments: zip([1, 2, 4, 8, 40], [200, 400, 400, 400, 300]))
  func aVoteAgainstTheTruthGetsWorse(samples: Int, runs: Int) async throws {
    let exact = try #require(
      VoteProbability.sampling(shares: [0.45, 0.35, 0.20], index: 1, votes: samples))
    if samples == 40 { #expect(abs(exact - 0.236) < 5e-4) }
    var (right, any) = (0, 0)
    let decoder = Decoder(model: Self.misled(), slots: 40)
    for seed in 1...UInt64(runs) {
      let results = try await Evaluation(
        decoder: decoder, prompts: PromptLibrary(directory: ""),
        settings: RunSettings(seed: seed, samples: samples, temperature: 1, detail: 0)
      ).results(
        of: SelfConsistency(), on: [Question(text: "Q: ?", gold: "8", kind: .number, isRaw: true)])
      let result = try #require(results.first)
      right += result.isCorrect ? 1 : 0
      any += result.isAnyCorrect == true ? 1 : 0
    }
    // Any of n is right with 1 − .65ⁿ: the greatest of sampled values is above their mean.
    for (count, chance) in [(right, exact), (any, 1 - pow(0.65, Double(samples)))] {
      let error = (chance * (1 - chance) / Double(runs)).squareRoot()
      #expect(abs(Double(count) / Double(runs) - chance) < 4 * error + 1e-9)
    }
  }

  @Test func weightsAreWhatTheySay() async throws {
    let run = try await StrategyBench().trace(SelfConsistency(), RunSettings(samples: 12))
    var sums: [Tally.Method: [String: Double]] = [:]
    for number in run.pathNumbers {
      let path = try #require(run.paths[number])
      let answer = try #require(path.answer)
      let log = try #require(path.score(.likelihood)).value
      let length = Double(try #require(path.end).generated)
      sums[.majority, default: [:]][answer, default: 0] += 1
      sums[.delta, default: [:]][answer, default: 0] += try #require(path.score(.delta)).value
      sums[.likelihood, default: [:]][answer, default: 0] += exp(log)
      sums[.normalizedLikelihood, default: [:]][answer, default: 0] += exp(log / length)
      let tokens = path.nodes.compactMap { run.nodes[$0]?.logProbability }
      #expect(abs(tokens.reduce(0, +) - log) < 1e-9)
      #expect(Double(tokens.count) == length)
    }
    for (method, votes) in sums {
      let tally = try #require(run.tally(method))
      #expect(tally.votes.keys == votes.keys || Set(tally.votes.keys) == Set(votes.keys))
      for (answer, weight) in votes { #expect(abs((tally.votes[answer] ?? -1) - weight) < 1e-9) }
    }
  }

  @Test func pathsThatSayNothingAreCountedAsSuch() async throws {
    let bench = StrategyBench(model: {
      TableLanguageModel(name: "shy", pieces: ["Q: ?", " hm", " 8", "<end>"], end: 3) { prefix in
        prefix.count == 1 ? [1: 0.5, 2: 0.5] : [3: 1]
      }
    })
    let run = try await bench.trace(SelfConsistency(), RunSettings(samples: 30, temperature: 1))
    let tally = try #require(run.tally(.majority))
    let silent = run.pathNumbers.count { run.paths[$0]?.answer == nil }
    #expect(silent > 0)
    #expect(silent < 30)
    #expect(tally.unparsed == silent)
    #expect(tally.votes == ["8": Double(30 - silent)])
  }

  @Test(arguments: [1, 3, 40])
  func theFoldedTraceIsTheSameAtAnyNumberOfSlots(slots: Int) async throws {
    let settings = RunSettings(samples: 24, detail: 4)
    let reference = try await StrategyBench(slots: 8).trace(SelfConsistency(), settings)
    let other = try await StrategyBench(slots: slots).trace(SelfConsistency(), settings)
    #expect(reference == other)
  }

  @Test(arguments: [1, 3, 8], [1, 5, 13])
  func aCancelKeepsWhatIsCountedAndAVoteThatIsTakenUpAgainIsOneVote(slots: Int, limit: Int)
    async throws
  {
    let settings = RunSettings(samples: 20, temperature: 1, detail: 3)
    let bench = StrategyBench(slots: slots)
    let whole = try await bench.trace(SelfConsistency(), settings)
    let begun = await bench.run(SelfConsistency(), settings, stopAfter: limit)
    let stopped = try #require(Trace(begun).runs[1])
    let counted = stopped.tallies[.majority]?.count ?? 0
    #expect(stopped.isFinished)
    #expect(counted <= 20)
    // Whatever was counted is what the whole vote counted first.
    #expect(stopped.tallies[.majority] ?? [] == Array((whole.tallies[.majority] ?? [])[..<counted]))
    #expect(stopped.end?.answer == stopped.tally(.majority)?.winner)

    let rest = await bench.run(SelfConsistency(), settings, previous: stopped)
    var trace = Trace(begun)
    for record in rest { trace.apply(record) }
    let resumed = try #require(trace.runs[1])
    #expect(resumed.tallies == whole.tallies)
    #expect(resumed.paths == whole.paths)
    #expect(resumed.nodes == whole.nodes)
    #expect(resumed.distributions == whole.distributions)
    #expect(resumed.end?.answer == whole.end?.answer)
    #expect(resumed.end?.reason == .completed)
    // What was finished is not decoded again.
    let again = rest.compactMap { record -> Int? in
      if case .pathFinished(let end) = record.event { end.path } else { nil }
    }
    let finished = stopped.paths.filter { $0.value.end?.reason == "end_of_text" }.keys
    #expect(Set(again).isDisjoint(with: finished))
    #expect(again.count + finished.count == 20)
  }

  @Test func moreSamplesGoOnWhereTheVoteEnded() async throws {
    let bench = StrategyBench()
    let ten = await bench.run(SelfConsistency(), RunSettings(samples: 10))
    let previous = try #require(Trace(ten).runs[1])
    let more = await bench.run(
      SelfConsistency(), RunSettings(samples: 30), previous: previous)
    let trace = Trace(ten + more)
    let whole = try await bench.trace(SelfConsistency(), RunSettings(samples: 30))
    let run = try #require(trace.runs[1])
    #expect(run.tallies == whole.tallies)
    #expect(run.paths == whole.paths)
    #expect(run.start == whole.start)
    #expect(run.end?.tokens.generated == whole.end?.tokens.generated)
  }

  @Test func samplesOfAnotherPromptDoNotMix() async throws {
    let bench = StrategyBench()
    let other = StrategyBench(model: {
      TableLanguageModel(name: "other", pieces: ["x", "8", "<end>"], end: 2) { prefix in
        prefix.count == 1 ? [1: 1] : [2: 1]
      }
    })
    var previous = RunTrace()
    for record in await other.run(SelfConsistency(), RunSettings(samples: 2)) {
      previous.apply(record.event)
    }
    // Both prompts are token 0, so the nodes are the same: a longer prompt makes the difference.
    previous.apply(
      .injected(
        Injection(
          role: .prompt, path: nil, parent: .root, end: .root.appending(1),
          tokens: [Token(id: 1, bytes: [])])))
    let records = await bench.run(
      SelfConsistency(), RunSettings(samples: 4), previous: previous)
    guard case .finished(let end)? = records.last?.event else {
      Issue.record("a run ends with what became of it")
      return
    }
    #expect(end.reason == .failed)
    #expect(end.message == StrategyError.changedPrompt.description)
  }
}
