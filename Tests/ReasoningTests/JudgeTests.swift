import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// A judge of the solutions that `VerifierTable` samples, whose tokens are other texts than the
/// table's: a solution is one token there, and two here.
enum JudgeTable {
  static let end = TokenID(0)
  static let pieces = [
    "<end>", "Q: How many?\nA:", " The answer is", " 1.", " 2.", " 3.", " 4.",
    PromptFormat.verdict, PromptFormat.yes, PromptFormat.no, " Then it is so.",
  ]
  /// How likely each answer is to the judge, 1 first.
  static let chances = [0.05, 0.1, 0.6, 0.25]

  static func model() -> TableLanguageModel {
    TableLanguageModel(name: "judge", pieces: pieces, end: end) { prefix in
      switch prefix.last {
      case 1: return [2: 0.8, 10: 0.2]
      case 10: return [2: 0.5, 10: 0.5]
      case 2: return Dictionary(uniqueKeysWithValues: zip(3...6, chances))
      case 7: return prefix.contains(5) ? [8: 0.9, 9: 0.1] : [8: 0.2, 9: 0.8]
      default: return [end: 0.5, 10: 0.5]
      }
    }
  }

  static func judge(_ verifier: VerifierName? = .implicit, scale: Double = 0.5) -> Judge {
    Judge(
      Decoder(model: model(), slots: 8), verifier: verifier,
      numbers: [ImplicitVerifier.scaleName: scale])
  }

  /// Σ log p of the n-th answer and the end behind it.
  static func logProbability(_ answer: Int) -> Double {
    log(0.8) + log(chances[answer - 1]) + log(0.5)
  }

  /// Runs a strategy on `VerifierTable`'s model with the judge beside it.
  static func trace(
    _ strategy: any Strategy, _ settings: RunSettings, judge: Judge? = judge()
  ) async throws -> RunTrace {
    let model = VerifierTable.model()
    let log = Mutex<[TraceRecord]>([])
    await strategy.run(
      Question(text: model.vocabulary.token(0).text, gold: "3", kind: .number, isRaw: true),
      settings: settings, decoder: Decoder(model: model, slots: 8),
      library: PromptLibrary(directory: ""), judge: judge
    ) { record in log.withLock { $0.append(record) } }
    return try #require(Trace(log.withLock { $0 }).runs[1])
  }

  static func run(_ judge: Judge?) -> Run {
    let model = VerifierTable.model()
    let text = model.vocabulary.token(0).text
    return Run(
      number: 1, question: Question(text: text, kind: .number, isRaw: true),
      settings: RunSettings(), decoder: Decoder(model: model, slots: 8), prompt: Prompt(text: text),
      judge: judge, sink: { _ in })
  }
}

@Suite struct JudgeTests {
  private let sampled = RunSettings(samples: 8, temperature: 1)

  /// Texts go to the judge and scores come back, whatever its vocabulary.
  @Test func scoresAreTheJudgesOwnLikelihoods() async throws {
    let trace = try await JudgeTable.trace(BestOfN(), sampled)
    #expect(trace.start?.verifier == .implicit)
    var seen = 0
    for path in 0..<8 {
      let answer = try #require(trace.paths[path]?.answer.flatMap { Int($0) })
      let score = try #require(trace.paths[path]?.wholeScore(.implicit)?.value)
      #expect(abs(score - 0.5 * JudgeTable.logProbability(answer)) < 1e-6)
      seen += 1
    }
    #expect(seen == 8)
    #expect(trace.end?.answer == "3")
  }

  @Test func aVoteCountsTheExponentOfScores() async throws {
    var settings = sampled
    (settings.vote, settings.sharpness) = (.weighted, 2)
    let trace = try await JudgeTable.trace(BestOfN(), settings)
    var sums: [String: Double] = [:]
    for path in trace.paths.values {
      guard let answer = path.answer, let number = Int(answer) else { continue }
      sums[answer, default: 0] += exp(2 * 0.5 * JudgeTable.logProbability(number))
    }
    let votes = try #require(trace.tally(.verifier)?.votes)
    #expect(Set(votes.keys) == Set(sums.keys))
    for (answer, sum) in sums { #expect(abs((votes[answer] ?? 0) - sum) < 1e-6) }
  }

  @Test func sharpnessNoughtIsTheMajority() async throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var settings = sampled
      (settings.seed, settings.vote, settings.sharpness) = (seed, .weighted, 0)
      let trace = try await JudgeTable.trace(BestOfN(), settings)
      #expect(trace.end?.answer == trace.tally(.majority)?.winner)
    }
  }

  @Test func theWritersOwnLikelihoodIsAddedByItsWeight() async throws {
    var settings = sampled
    settings.ownWeight = 0.25
    let trace = try await JudgeTable.trace(BestOfN(), settings)
    for path in trace.paths.values {
      let answer = try #require(path.answer.flatMap { Int($0) })
      let own = log(VerifierTable.shares[answer - 1])
      let score = try #require(path.wholeScore(.implicit))
      #expect(
        abs(score.value - 0.5 * JudgeTable.logProbability(answer) - 0.25 * own) < 1e-5)
      // The steps have the judge's part alone.
      let terms = try #require(score.terms)
      #expect(abs(terms.reduce(0, +) - 0.5 * JudgeTable.logProbability(answer)) < 1e-6)
    }
  }

  @Test func theTraceNamesTheJudgeAndKeepsItsTextsApart() async throws {
    let trace = try await JudgeTable.trace(BestOfN(), sampled)
    #expect(trace.start?.judge == JudgeTable.model().identity)
    // What the run's own tree says of a place is nothing that the judge has read.
    let own = trace.paths.values.flatMap(\.nodes).compactMap { trace.nodes[$0] }
    #expect(own.allSatisfy { $0.origin == .generated })
    let judged = trace.nodes.values.filter { $0.origin == .injected }
    #expect(judged.contains { $0.token.text == " 3." })
    #expect(trace.tokens(to: trace.promptEnd).map(\.text) == ["Q: How many?\nA:"])
    #expect(trace.children[.root]?.count == 1)
    let saved = try JSONDecoder().decode(
      RunStart.self, from: JSONEncoder().encode(try #require(trace.start)))
    #expect(saved.judge == trace.start?.judge)
  }

  /// Where a verifier is named, the judge only reads; p(Yes) is then the judge's.
  @Test func anyVerifierReadsWithTheJudge() async throws {
    var settings = sampled
    settings.verifier = .genrmDirect
    let trace = try await JudgeTable.trace(BestOfN(), settings)
    #expect(trace.start?.verifier == .genrmDirect)
    for path in trace.paths.values {
      let expected = path.answer == "3" ? 0.9 : 0.2
      #expect(abs(try #require(path.score(.genrm)).value - expected) < 1e-6)
    }
    #expect(trace.end?.answer == "3")
  }

  @Test func implicitNeedsAJudge() async throws {
    var settings = sampled
    settings.verifier = .implicit
    let trace = try await JudgeTable.trace(BestOfN(), settings, judge: nil)
    #expect(trace.end?.reason == .failed)
    #expect(trace.end?.message == StrategyError.noJudge.description)
  }

  /// Without a word on the verifier, a judge that was trained for none reads as the strategy would.
  @Test func anUntrainedJudgeReadsAsTheStrategyDoes() async throws {
    var settings = sampled
    settings.rationales = 1
    let trace = try await JudgeTable.trace(BestOfN(), settings, judge: JudgeTable.judge(nil))
    #expect(trace.start?.verifier == BestOfN.defaultVerifier)
  }

  @Test func everySearchCanFollowAJudge() async throws {
    for strategy in [StepBeam() as any Strategy, DiverseTreeSearch(), Lookahead(), MCTS()] {
      var settings = RunSettings(samples: 4, branches: 2, temperature: 1)
      settings.verifier = .implicit
      let trace = try await JudgeTable.trace(strategy, settings)
      #expect(trace.end?.reason == .completed)
      #expect(trace.end?.answer != nil)
      #expect(trace.paths.values.contains { $0.score(.implicit) != nil })
    }
  }

  @Test(arguments: [1, 3, 20])
  func theFoldedTraceIsTheSameAtAnyNumberOfSlots(slots: Int) async throws {
    let judge = Judge(
      Decoder(model: JudgeTable.model(), slots: slots), verifier: .implicit, numbers: [:])
    let other = Judge(
      Decoder(model: JudgeTable.model(), slots: 8), verifier: .implicit, numbers: [:])
    let first = try await JudgeTable.trace(BestOfN(), sampled, judge: judge)
    let second = try await JudgeTable.trace(BestOfN(), sampled, judge: other)
    #expect(first == second)
  }
}

@Suite struct ImplicitVerifierTests {
  private func verifier(_ scale: Double = 0.5) -> ImplicitVerifier {
    ImplicitVerifier(scale: scale, ownWeight: 0, sharpness: 1)
  }

  @Test func readingOnGivesWhatReadingAnewGives() async throws {
    let run = JudgeTable.run(JudgeTable.judge())
    var reading = [StepReading()]
    let stages = [
      ("Then it is so.", false), ("Then it is so. Then it is so.", false),
      ("Then it is so. Then it is so. The answer is 3.", true),
    ]
    for (text, isFinished) in stages {
      let solution = CandidateSolution(path: 0, text: text, isFinished: isFinished)
      reading = try await verifier().read([solution], after: reading, in: run)
      let anew = try await verifier().read(
        [solution], after: [StepReading()], in: JudgeTable.run(JudgeTable.judge()))
      #expect(reading == anew)
    }
    let expected = [log(0.2), log(0.5), log(0.5) + log(0.6) + log(0.5)].map { 0.5 * $0 }
    #expect(reading[0].scores.count == 3)
    for (score, value) in zip(reading[0].scores, expected) {
      #expect(abs(score - value) < 1e-6)
    }
  }

  /// A later step changes no earlier score, whatever it says.
  @Test func stepsAreJudgedByWhatStandsBeforeThem() async throws {
    let run = JudgeTable.run(JudgeTable.judge())
    let texts = ["Then it is so. The answer is 1.", "Then it is so. The answer is 3."]
    let readings = try await verifier().assess(
      texts.enumerated().map { CandidateSolution(path: $0, text: $1) }, in: run)
    #expect(readings[0].steps[0] == readings[1].steps[0])
    #expect(readings[0].steps[1] < readings[1].steps[1])
  }

  @Test func whatCannotBeReadHasNoScore() async throws {
    let small = TableLanguageModel(
      name: "small", pieces: JudgeTable.pieces, end: JudgeTable.end, contextLength: 4
    ) { _ in [JudgeTable.end: 1] }
    let run = JudgeTable.run(Judge(Decoder(model: small, slots: 2)))
    let found = try await verifier().assess(
      ["", "The answer is 1.", "The answer is 1. The answer is 1."].enumerated().map {
        CandidateSolution(path: $0, text: $1)
      }, in: run)
    #expect(found.map { $0.value == nil } == [true, false, true])
  }
}
