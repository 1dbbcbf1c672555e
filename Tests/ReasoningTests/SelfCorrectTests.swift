import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct SelfCorrectTests {
  private static let pieces = [
    "Q: How many?\nA:", " The answer is", " 5", " 8", ".", PromptFormat.recheck, "<end>",
  ]
  /// p(8) at first, and what looking again makes of either answer.
  private static let right = 0.4
  private static let mended = 0.5
  private static let spoiled = 0.25

  static func model() -> TableLanguageModel {
    TableLanguageModel(name: "second thoughts", pieces: pieces, end: 6) { prefix in
      switch prefix.last {
      case 0, 5: return [1: 1]
      case 1:
        guard let first = prefix.first(where: { $0 == 2 || $0 == 3 }) else {
          return [3: right, 2: 1 - right]
        }
        return first == 3 ? [2: spoiled, 3: 1 - spoiled] : [3: mended, 2: 1 - mended]
      case 2, 3: return [4: 1]
      default: return [6: 1]
      }
    }
  }

  private func run(_ seed: UInt64) async throws -> RunTrace {
    try await StrategyBench(model: { Self.model() }).trace(
      SelfCorrect(), RunSettings(seed: seed, temperature: 1, detail: 0))
  }

  /// Both ways are reported, as often as the table says.
  @Test func whatBecomesOfAnswersIsTheEnumeratedLaw() async throws {
    var counts: [String: Int] = [:]
    let runs = 400
    for seed in 1...UInt64(runs) {
      let end = try #require(try await run(seed).end)
      let revision = try #require(end.revision)
      #expect(revision.correct == (revision.of == "8"))
      #expect(end.correct == (end.answer == "8"))
      counts["\(revision.of ?? "") \(end.answer ?? "")", default: 0] += 1
    }
    let law = [
      "5 8": (1 - Self.right) * Self.mended, "8 5": Self.right * Self.spoiled,
      "5 5": (1 - Self.right) * (1 - Self.mended), "8 8": Self.right * (1 - Self.spoiled),
    ]
    for (outcome, chance) in law {
      let error = (chance * (1 - chance) / Double(runs)).squareRoot()
      #expect(abs(Double(counts[outcome] ?? 0) / Double(runs) - chance) < 4 * error, "\(outcome)")
    }
  }

  @Test func theFirstAttemptIsThatOfASinglePathAndStandsBeforeTheSecond() async throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      let single = try await StrategyBench(model: { Self.model() }).trace(
        Sample(), RunSettings(seed: seed, temperature: 1))
      let run = try await run(seed)
      let text = run.text(ofPath: 0)
      #expect(text.hasPrefix(single.text(ofPath: 0) + PromptFormat.recheck))
      #expect(text.components(separatedBy: PromptFormat.recheck).count == 2)
      #expect(run.end?.revision?.of == single.end?.answer)
      // One token is put in; two attempts are sampled, with an end each.
      #expect(run.end?.tokens.injected == 1)
      #expect(run.end?.tokens.generated == 8)
    }
  }

  @Test func aStrategyThatDoesNotLookAgainRevisesNothing() async throws {
    let run = try await StrategyBench(model: { Self.model() }).trace(Greedy())
    #expect(run.end != nil)
    #expect(run.end?.revision == nil)
  }

  @Test func evaluationCountsBothWays() throws {
    func result(_ before: Bool, _ after: Bool) -> Evaluation.Result {
      let end = RunEnd(
        reason: .completed, answer: "8", correct: after, tokens: TokenCounts(generated: 1),
        revision: Revision(of: "5", correct: before))
      return Evaluation.Result(family: "a", isCorrect: after, end: end, scored: [])
    }
    let results = [
      result(true, false), result(false, true), result(false, true), result(true, true),
      result(false, false),
    ]
    let rows = Evaluation.rows(results, strategy: "self-correct", questions: [], seconds: 1)
    #expect(
      rows.map(\.revisions)
        == Array(
          repeating: EvaluationRow.Revisions(
            wrongToRight: 2, rightToWrong: 1, stayedRight: 1, stayedWrong: 1), count: 2))
  }
}

@Suite struct GenRMTests {
  private static func run(
    seed: UInt64, samples: Int, rationales: Int, slots: Int = 16,
    vote: RunSettings.RankedVote? = nil
  ) async throws -> RunTrace {
    try await StrategyBench(model: { VerifierTable.model() }, slots: slots).trace(
      GenRM(),
      RunSettings(
        seed: seed, samples: samples, temperature: 1, rationales: rationales, vote: vote,
        detail: 0))
  }

  /// E[p(Yes | rationale)], enumerated over all that can be said behind a solution.
  private static func exact() -> Double {
    let model = VerifierTable.model()
    var sum = 0.0
    for (tokens, chance) in model.enumerate(after: [0, 4, 6]) {
      guard let verdict = tokens.firstIndex(where: { $0 == 7 || $0 == 8 }) else { continue }
      let rationale = VerifierTable.rationales[Int(tokens[0]) - 10]
      // Summed over both verdicts this is p(rationale) · p(Yes | rationale).
      sum += tokens[verdict] == 7 ? chance : 0
      #expect(chance <= rationale.0)
    }
    return sum
  }

  @Test func scoresEstimateTheEnumeratedExpectation() async throws {
    let exact = Self.exact()
    #expect(abs(exact - GenerativeVerifierTests.exact) < 1e-9)
    var means: [Double] = []
    for seed in 1...40 as ClosedRange<UInt64> {
      let run = try await Self.run(seed: seed, samples: 4, rationales: 8)
      means += (0..<4).compactMap { run.paths[$0]?.score(.genrm)?.value }
    }
    #expect(means.count == 160)
    let error = (GenerativeVerifierTests.variance / 8 / 160).squareRoot()
    #expect(abs(means.reduce(0, +) / 160 - exact) < 4 * error)
  }

  @Test func theGreatestMeanWinsAndProbabilitiesAreAveragedNotVerdicts() async throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let run = try await Self.run(seed: seed, samples: 5, rationales: 3)
      let scores = try (0..<5).map { path in
        let score = try #require(run.paths[path]?.score(.genrm))
        let terms = try #require(score.terms)
        #expect(terms.count == 3)
        #expect(abs(terms.reduce(0, +) / 3 - score.value) < 1e-12)
        #expect(!terms.contains(1))
        #expect(!terms.contains(0))
        return score.value
      }
      let best = try #require(scores.max())
      let winner = try #require(scores.firstIndex(of: best))
      #expect(run.end?.answer == run.paths[winner]?.answer)
    }
  }

  @Test func theWidthChangesNothing() async throws {
    let reference = try await Self.run(seed: 3, samples: 6, rationales: 4)
    for slots in [1, 5] {
      #expect(
        try await Self.run(seed: 3, samples: 6, rationales: 4, slots: slots) == reference)
    }
  }
}
