import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

/// A table that samples one of four solutions and judges them with known probabilities.
enum VerifierTable {
  static let question: TokenID = 0
  /// How likely each solution is sampled, worst first.
  static let shares = [0.1, 0.4, 0.3, 0.2]
  /// p(Yes) and p(No) at once, behind each solution.
  static let verdicts = [(0.10, 0.60), (0.15, 0.05), (0.50, 0.40), (0.80, 0.10)]
  /// How likely each rationale is, and p(Yes) behind it.
  static let rationales = [(0.5, 0.9), (0.3, 0.4), (0.2, 0.05)]

  static let pieces =
    [
      "Q: How many?\nA:", " The answer is 1.", " The answer is 2.", " The answer is 3.",
      " The answer is 4.", PromptFormat.verdict, PromptFormat.verdictWithRationale,
      PromptFormat.yes, PromptFormat.no, ".", " It says so", " It may be", " Hm", "<end>",
    ]
  static let end = TokenID(13)

  /// - Parameter givesUp: the last rationale comes to no verdict.
  static func model(givesUp: Bool = false) -> TableLanguageModel {
    TableLanguageModel(name: "verifier", pieces: pieces, end: end) { prefix in
      let path = Array(prefix.dropFirst())
      switch path.count {
      case 0: return Dictionary(uniqueKeysWithValues: zip(1...4, shares))
      case 2 where path[1] == 5:
        let (yes, no) = verdicts[Int(path[0]) - 1]
        return [7: yes, 8: no, 12: 1 - yes - no]
      case 2 where path[1] == 6:
        return Dictionary(uniqueKeysWithValues: zip(10...12, rationales.map(\.0)))
      case 3 where path[1] == 6:
        if givesUp && path[2] == 12 { return [end: 1] }
        // A full stop first, so that the verdict is a sentence of its own.
        return [9: 1]
      case 4 where path[1] == 6:
        let yes = rationales[Int(path[2]) - 10].1
        return [7: yes, 8: 1 - yes]
      case 5: return [9: 1]
      default: return [end: 1]
      }
    }
  }

  /// Judges solutions outside any strategy.
  static func assess(
    _ verifier: some Verifier, _ texts: [String], model: TableLanguageModel = model(),
    settings: RunSettings = RunSettings(temperature: 1), slots: Int = 8
  ) async throws -> (assessments: [Assessment], trace: RunTrace, run: Run) {
    let decoder = Decoder(model: model, slots: slots)
    let log = Mutex<[TraceRecord]>([])
    let text = model.vocabulary.token(0).text
    let run = Run(
      number: 1, question: Question(text: text, gold: "4", kind: .number, isRaw: true),
      settings: settings, decoder: decoder, prompt: Prompt(text: text)
    ) { record in log.withLock { $0.append(record) } }
    let solutions = texts.enumerated().map { CandidateSolution(path: $0, text: $1) }
    let assessments = try await verifier.assess(solutions, in: run)
    return (assessments, try #require(Trace(log.withLock { $0 }).runs[1]), run)
  }
}

@Suite struct OutcomeVerifierTests {
  @Test func bothReadingsAreExactAndToldApart() async throws {
    let texts = (1...4).map { "The answer is \($0)." }
    for reading in [OutcomeVerifier.Reading.raw, .renormalized] {
      let (assessments, trace, _) = try await VerifierTable.assess(
        OutcomeVerifier(reading: reading), texts)
      for (path, (yes, no)) in VerifierTable.verdicts.enumerated() {
        let scores = try #require(trace.paths[path])
        #expect(abs(try #require(scores.score(.genrm)).value - yes) < 1e-6)
        #expect(abs(try #require(scores.score(.orm)).value - yes / (yes + no)) < 1e-6)
        let value = try #require(assessments[path].value)
        #expect(abs(value - (reading == .raw ? yes : yes / (yes + no))) < 1e-6)
      }
    }
  }

  @Test func whatCannotBeReadHasNoScore() async throws {
    let small = TableLanguageModel(
      name: "small", pieces: VerifierTable.pieces, end: VerifierTable.end, contextLength: 3
    ) { _ in [7: 0.5, 8: 0.5] }
    let long = "The answer is 1. The answer is 2."
    for verifier in [VerifierName.orm, .genrmDirect, .genrm] {
      let (assessments, trace, _) = try await VerifierTable.assess(
        verifier.verifier(RunSettings()), ["", long], model: small)
      #expect(assessments.map(\.value) == [nil, nil])
      #expect(trace.paths.isEmpty)
    }
  }

  @Test func nothingIsSampledAndTheCostIsBooked() async throws {
    let (_, _, run) = try await VerifierTable.assess(
      OutcomeVerifier(reading: .raw), ["The answer is 1.", "The answer is 1."])
    // The question, and twice a solution with the words that ask.
    #expect(run.counts == TokenCounts(prompt: 0, generated: 0, injected: 1 + 2 + 2, reused: 0))
  }
}

@Suite struct GenerativeVerifierTests {
  static let exact = VerifierTable.rationales.reduce(0) { $0 + $1.0 * $1.1 }
  static let variance = VerifierTable.rationales.reduce(0) {
    $0 + $1.0 * ($1.1 - exact) * ($1.1 - exact)
  }

  private func means(rationales: Int, seeds: ClosedRange<UInt64>) async throws -> [Double] {
    var means: [Double] = []
    for seed in seeds {
      let (assessments, _, _) = try await VerifierTable.assess(
        GenerativeVerifier(rationales: rationales), ["The answer is 4."],
        settings: RunSettings(seed: seed, temperature: 1, detail: 0), slots: 64)
      means.append(try #require(assessments[0].value))
    }
    return means
  }

  @Test func theMeanIsTheEnumeratedExpectation() async throws {
    let means = try await means(rationales: 400, seeds: 1...4)
    let error = (Self.variance / 1600).squareRoot()
    #expect(abs(means.reduce(0, +) / 4 - Self.exact) < 4 * error)
  }

  @Test func theVarianceFallsAsOneOverK() async throws {
    for rationales in [1, 4, 16] {
      let means = try await means(rationales: rationales, seeds: 1...300)
      let mean = means.reduce(0, +) / 300
      let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 299
      let ratio = spread / (Self.variance / Double(rationales))
      // A sample variance of 300 values is within a third of the true one.
      #expect((0.67...1.5).contains(ratio))
    }
  }

  @Test func everyRationaleCountsItsProbabilityNotItsWord() async throws {
    let (assessments, trace, _) = try await VerifierTable.assess(
      GenerativeVerifier(rationales: 12), ["The answer is 4.", "The answer is 1."])
    for (path, assessment) in assessments.enumerated() {
      let score = try #require(trace.paths[path]?.score(.genrm))
      let terms = try #require(score.terms)
      #expect(terms.count == 12)
      #expect(abs(terms.reduce(0, +) / 12 - score.value) < 1e-12)
      #expect(assessment.value == score.value)
      #expect(assessment.verdicts.map(\.yes) == terms)
      #expect(
        terms.allSatisfy { term in
          VerifierTable.rationales.contains { abs($0.1 - term) < 1e-6 }
        })
      #expect(Set(terms).count > 1)
      // Each rationale is a path of its own whose score says where it was read.
      for (index, term) in terms.enumerated() {
        let review = try #require(trace.paths[2 + 12 * path + index])
        let read = try #require(review.score(.genrm))
        #expect(read.value == term)
        #expect(review.end?.answer == nil)
        let place = try #require(read.node.flatMap { trace.nodes[$0] })
        #expect(place.token.text == ".")
      }
    }
  }

  @Test func aRationaleWithoutAVerdictNeverSaysYes() async throws {
    let (assessments, _, _) = try await VerifierTable.assess(
      GenerativeVerifier(rationales: 40), ["The answer is 4."],
      model: VerifierTable.model(givesUp: true))
    let chances = assessments[0].verdicts.map(\.yes)
    #expect(chances.contains(0))
    #expect(!chances.contains { abs($0 - 0.05) < 1e-6 })
    // Nor does one whose tokens are used up.
    let (cut, _, _) = try await VerifierTable.assess(
      GenerativeVerifier(rationales: 3), ["The answer is 4."],
      settings: RunSettings(temperature: 1, maxTokens: 2))
    #expect(cut[0].value == 0)
  }
}

@Suite struct StepVerifierTests {
  @Test(arguments: [
    ("So 3 + 2 = 5. The answer is 5.", ["So 3 + 2 = 5.", "The answer is 5."]),
    (
      "Compare 9.11 and 9.80. 80 is more than 11. The answer is 9.8.",
      ["Compare 9.11 and 9.80.", "80 is more than 11.", "The answer is 9.8."]
    ),
    (" Begin with Tom: \"m\".\nStop", ["Begin with Tom: \"m\".", "Stop"]),
    ("", []), (" \n", []), ("3.5", ["3.5"]), ("é. ü", ["é.", "ü"]),
  ])
  func stepsAreSentences(text: String, steps: [String]) {
    let found = SolutionStep.steps(of: text)
    #expect(found.map(\.text) == steps)
    #expect(found.allSatisfy { Array(text.utf8)[$0.bytes].elementsEqual($0.text.utf8) })
  }

  static let pieces = [
    "Q: ?", " a.", " b.", " c.", PromptFormat.stepTag, PromptFormat.rightStep,
    PromptFormat.wrongStep, "<end>",
  ]

  /// What is said behind a tag depends on every token before it.
  static func model(_ chance: @escaping @Sendable ([TokenID]) -> Double) -> TableLanguageModel {
    TableLanguageModel(name: "steps", pieces: pieces, end: 7) { prefix in
      guard prefix.last == 4 else { return [7: 1] }
      let right = chance(prefix)
      // Something else takes a share, so that scores must be renormalised.
      return [5: right * 0.8, 6: (1 - right) * 0.8, 7: 0.2]
    }
  }

  static func digest(_ prefix: [TokenID]) -> Double {
    Double(prefix.reduce(17) { ($0 * 31 + Int($1) + 7) % 1009 } + 1) / 1011
  }

  @Test func scoresAreThoseBehindTheTagsOfAllRightSteps() async throws {
    let (assessments, trace, _) = try await VerifierTable.assess(
      StepVerifier(aggregate: .min), ["a. b. c."], model: Self.model(Self.digest))
    let expected = [[0, 1, 4], [0, 1, 4, 5, 2, 4], [0, 1, 4, 5, 2, 4, 5, 3, 4] as [TokenID]]
      .map(Self.digest)
    #expect(zip(assessments[0].steps, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(assessments[0].steps.count == 3)
    #expect(trace.paths[0]?.score(.prm)?.terms == assessments[0].steps)
  }

  @Test func changingALaterStepLeavesEarlierScoresTheSameToTheBit() async throws {
    let verifier = StepVerifier(aggregate: .last)
    let texts = ["a. b. c.", "a. b. a.", "a. c. c.", "a. b."]
    let (together, _, _) = try await VerifierTable.assess(
      verifier, texts, model: Self.model(Self.digest))
    for (text, assessment) in zip(texts, together) {
      let (alone, _, _) = try await VerifierTable.assess(
        verifier, [text], model: Self.model(Self.digest), slots: 1)
      #expect(alone[0] == assessment)
    }
    #expect(together[0].steps[..<2] == together[1].steps[..<2])
    #expect(together[0].steps[2] != together[1].steps[2])
    #expect(together[0].steps[0] == together[2].steps[0])
    #expect(together[0].steps[1] != together[2].steps[1])
    #expect(together[3].steps[...] == together[0].steps[..<2])
  }

  @Test func theProductFavoursShortSolutionsAndTheMinimumDoesNot() async throws {
    func value(_ aggregate: StepAggregate, _ text: String) async throws -> Double {
      let (assessments, _, _) = try await VerifierTable.assess(
        StepVerifier(aggregate: aggregate), [text], model: Self.model { _ in 0.9 })
      return try #require(assessments[0].value)
    }
    for aggregate in StepAggregate.allCases {
      let (once, twice) = (
        try await value(aggregate, "a."), try await value(aggregate, "a. a.")
      )
      #expect(abs(once - 0.9) < 1e-6)
      #expect(abs(twice - (aggregate == .prod ? 0.81 : 0.9)) < 1e-6)
    }
    #expect(StepAggregate.allCases.allSatisfy { $0.of([]) == nil })
    #expect(StepAggregate.allCases.map { $0.of([0.5, 0.25, 0.75]) } == [0.25, 0.75, 0.09375, 0.5])
  }
}

@Suite struct RestatingStepVerifierTests {
  /// Says a and b again as they are, b for c, and nothing for d.
  static func model() -> TableLanguageModel {
    let pieces = StepVerifierTests.pieces + [PromptFormat.stepRestatement, " d."]
    return TableLanguageModel(name: "restates", pieces: pieces, end: 7) { prefix in
      let path = Array(prefix)
      if path.last == 8 {
        let said: [TokenID: TokenID] = [1: 1, 2: 2, 3: 2]
        return [said[path.dropLast().last ?? 0] ?? 7: 1]
      }
      if path.dropLast().last == 8 { return [4: 1] }
      guard path.last == 4 else { return [7: 1] }
      let right = StepVerifierTests.digest(path)
      return [5: right * 0.8, 6: (1 - right) * 0.8, 7: 0.2]
    }
  }

  @Test func eachStepIsJudgedBehindItsOwnRestatement() async throws {
    let (assessments, trace, run) = try await VerifierTable.assess(
      StepVerifier(aggregate: .last, restates: true), ["a. c. b."], model: Self.model())
    // What was right is restated word for word; the step in question by the model.
    let expected = [
      [0, 1, 8, 1, 4], [0, 1, 8, 1, 4, 5, 3, 8, 2, 4],
      [0, 1, 8, 1, 4, 5, 3, 8, 3, 4, 5, 2, 8, 2, 4] as [TokenID],
    ].map(StepVerifierTests.digest)
    #expect(assessments[0].steps.count == 3)
    #expect(zip(assessments[0].steps, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(trace.paths[0]?.score(.prm)?.terms == assessments[0].steps)
    // Each restatement is a sentence and a tag.
    #expect(run.counts.generated == 6)
  }

  @Test func aStepThatIsNotRestatedScoresNothing() async throws {
    let (assessments, _, _) = try await VerifierTable.assess(
      StepVerifier(aggregate: .min, restates: true), ["a. d. b.", "a."], model: Self.model())
    #expect(assessments[0].steps.count == 3)
    #expect(assessments[0].steps[1] == 0)
    #expect(assessments[0].value == 0)
    // The others keep their own scores.
    #expect(assessments[0].steps[0] == assessments[1].steps[0])
    #expect(assessments[0].steps[2] > 0)
  }
}

@Suite struct BestOfNTests {
  @Test func theBestIsRankedFirstAsOftenAsEnumerated() async throws {
    // The chance that the best of N is solution i is F_i^N − F_{i−1}^N, with F summed from the
    // solution that the verifier likes least.
    let verdicts = VerifierTable.verdicts.map(\.0)
    #expect(verdicts == verdicts.sorted())
    let (count, runs) = (3, 400)
    var below = 0.0
    let exact = VerifierTable.shares.map { share in
      defer { below += share }
      return pow(below + share, Double(count)) - pow(below, Double(count))
    }
    var wins = [Double](repeating: 0, count: 4)
    for seed in 1...UInt64(runs) {
      let run = try await StrategyBench(model: { VerifierTable.model() }).trace(
        BestOfN(),
        RunSettings(
          seed: seed, samples: count, temperature: 1, verifier: .genrmDirect, detail: 0))
      wins[(Int(run.end?.answer ?? "") ?? 1) - 1] += 1
    }
    let chiSquared = zip(wins, exact).reduce(0) { sum, pair in
      let wanted = pair.1 * Double(runs)
      return sum + (pair.0 - wanted) * (pair.0 - wanted) / wanted
    }
    // Three degrees of freedom: exceeded once in a thousand.
    #expect(chiSquared < 16.27)
  }

  /// How often each answer is given after ranking so many candidates.
  private func answers(of samples: Int, runs: Int) async throws -> [Double] {
    var counts = [Double](repeating: 0, count: 4)
    for seed in 1...UInt64(runs) {
      let run = try await StrategyBench(model: { VerifierTable.model() }).trace(
        BestOfN(),
        RunSettings(
          seed: seed, samples: samples, temperature: 1, verifier: .genrmDirect, vote: .top,
          detail: 0))
      counts[(Int(run.end?.answer ?? "") ?? 1) - 1] += 1
    }
    return counts.map { $0 / Double(runs) }
  }

  /// Choosing the best of N moves the sampler's distribution by at most log N − (N − 1)/N nats
  /// (Beirami et al. 2024, arXiv 2401.01879).
  @Test(arguments: [1, 2, 4, 8]) func rankingMovesNoFurtherThanItsBound(samples: Int) async throws {
    let runs = 400
    let shares = try await answers(of: samples, runs: runs)
    let divergence = zip(shares, VerifierTable.shares).reduce(0) { sum, pair in
      pair.0 > 0 ? sum + pair.0 * log(pair.0 / pair.1) : sum
    }
    let bound = log(Double(samples)) - Double(samples - 1) / Double(samples)
    // The estimate from counts is too large by about χ² over twice the runs; 16.27 is exceeded once
    // in a thousand.
    #expect(divergence <= bound + 16.27 / Double(2 * runs))
    // It does move, and the more the more there is to choose from.
    #expect(samples == 1 || divergence > bound / 3)
  }

  /// A verifier that likes a wrong solution best is followed the more faithfully the more candidates
  /// there are: what it says of them rises, and how often they are right falls.
  @Test func aVerifierThatErrsIsOveroptimised() async throws {
    // The answer 3 is right; 4, which is sampled less often, is judged better.
    let runs = 300
    let exact = [1, 2, 16].map { pow(0.8, Double($0)) - pow(0.5, Double($0)) }
    #expect(exact[1] > exact[0])
    #expect(exact[2] < exact[0] / 8)
    var judged: [Double] = []
    for (samples, chance) in zip([1, 2, 16], exact) {
      let shares = try await answers(of: samples, runs: runs)
      let error = (chance * (1 - chance) / Double(runs)).squareRoot()
      #expect(abs(shares[2] - chance) < 4 * error)
      judged.append(zip(shares, VerifierTable.verdicts).reduce(0) { $0 + $1.0 * $1.1.0 })
    }
    #expect(judged == judged.sorted())
  }

  /// The same samples, judged alike, whichever of the two strategies drew them.
  @Test(arguments: [VerifierName.genrmDirect, .orm, .genrm])
  func aVoteByAVerifierIsBestOfNsWeightedVote(verifier: VerifierName) async throws {
    let bench = StrategyBench(model: { VerifierTable.model() })
    var differs = 0
    for seed in 1...20 as ClosedRange<UInt64> {
      var settings = RunSettings(
        seed: seed, samples: 5, temperature: 1, verifier: verifier, rationales: 2, vote: .weighted)
      let best = try await bench.trace(BestOfN(), settings)
      settings.vote = nil
      let plain = try await bench.trace(SelfConsistency(), settings)
      settings.weighting = .verifier
      let judged = try await bench.trace(SelfConsistency(), settings)
      #expect(judged.end?.answer != nil)
      #expect(judged.end?.answer == best.end?.answer)
      #expect(judged.tallies[.verifier] == best.tallies[.verifier])
      #expect(plain.tallies[.verifier] == nil)
      for method in [Tally.Method.majority, .delta, .likelihood, .normalizedLikelihood] {
        #expect(judged.tallies[method] == plain.tallies[method])
      }
      if judged.end?.answer != plain.end?.answer { differs += 1 }
    }
    #expect(differs > 0)
  }

  @Test func aVoteByAVerifierDoesNotGoOnFromAnother() async throws {
    let bench = StrategyBench(model: { VerifierTable.model() })
    let settings = RunSettings(
      samples: 2, temperature: 1, weighting: .verifier, verifier: .genrmDirect)
    let first = try await bench.trace(SelfConsistency(), settings)
    let records = await bench.run(SelfConsistency(), settings, previous: first)
    guard case .finished(let end)? = records.last?.event else {
      Issue.record("a run ends with what became of it")
      return
    }
    #expect(end.message == StrategyError.unjudgedSamples.description)
  }

  @Test func theTraceTellsCandidatesScoresAndBothVotes() async throws {
    for verifier in VerifierName.allCases
    where ![.prm, .prmRestated, .implicit, .exact].contains(verifier) {
      let run = try await StrategyBench(model: { VerifierTable.model() }).trace(
        BestOfN(),
        RunSettings(samples: 8, temperature: 1, verifier: verifier, rationales: 2))
      #expect(run.tally(.majority)?.votes.values.reduce(0, +) == 8)
      #expect(run.tallies[.verifier]?.count == 8)
      let kind: Score.Kind =
        verifier == .orm ? .orm : verifier == .likelihood ? .likelihood : .genrm
      let scores = (0..<8).map { run.paths[$0]?.score(kind)?.value ?? -.infinity }
      let best = try #require(scores.firstIndex(of: scores.max() ?? 0))
      #expect(run.end?.answer == run.paths[best]?.answer)
      // Rationales are paths, but no candidates.
      #expect(run.paths.count == (verifier == .genrm ? 24 : 8))
      let weighted = try await StrategyBench(model: { VerifierTable.model() }).trace(
        BestOfN(),
        RunSettings(
          samples: 8, temperature: 1, verifier: verifier, rationales: 2, vote: .weighted))
      #expect(weighted.end?.answer == run.tally(.verifier)?.winner)
    }
  }

  @Test(arguments: [1, 5, 30])
  func theFoldedTraceIsTheSameAtAnyNumberOfSlots(slots: Int) async throws {
    let settings = RunSettings(
      samples: 6, temperature: 1, verifier: .genrm, rationales: 3, detail: 2)
    let model: @Sendable () -> TableLanguageModel = { VerifierTable.model() }
    let reference = try await StrategyBench(model: model, slots: 8).trace(BestOfN(), settings)
    let other = try await StrategyBench(model: model, slots: slots).trace(BestOfN(), settings)
    #expect(reference == other)
  }

  @Test func aCancelledRunAnswersNothing() async throws {
    let bench = StrategyBench(model: { VerifierTable.model() }, slots: 1)
    for limit in [1, 5, 9] {
      let records = await bench.run(
        BestOfN(),
        RunSettings(samples: 8, temperature: 1, verifier: .genrm, rationales: 50),
        stopAfter: limit)
      guard case .finished(let end)? = records.last?.event else {
        Issue.record("a run ends with what became of it")
        return
      }
      #expect(end.reason == .cancelled)
      #expect(end.answer == nil)
    }
  }

  @Test func candidatesWithoutAnAnswerOrAScoreDoNotWin() {
    func outcome(_ path: Int, _ answer: String?) -> PathOutcome {
      PathOutcome(
        path: path, reason: .endOfText, answer: answer, logProbability: 0, generated: 1)
    }
    let outcomes = [outcome(0, "1"), outcome(1, nil), outcome(2, "2"), outcome(3, "3")]
    #expect(BestOfN.top(outcomes, [nil, 0.9, 0.5, 0.5])?.answer == "2")
    #expect(BestOfN.top(outcomes, [nil, nil, nil, nil])?.answer == "1")
    #expect(BestOfN.top([outcome(0, nil)], [1]) == nil)
  }
}
