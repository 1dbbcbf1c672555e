import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Measuring
@testable import Reasoning
@testable import Traces

@Suite struct AnswerOverTimeTests {
  private static let pieces = [
    "Q: How many?\nA:", " One.", " Two.", " The answer is", " 5", " 8", ".", "<end>",
  ]

  /// Says two steps and then 8; asked early it says 8 with a chance that depends on how many steps
  /// it has made.
  private static func model(_ chances: [Double]) -> TableLanguageModel {
    TableLanguageModel(name: "steps", pieces: pieces, end: 7) { prefix in
      let steps = prefix.count { $0 == 1 || $0 == 2 }
      switch prefix.last {
      case 3: return [5: chances[steps], 4: 1 - chances[steps]]
      case 4, 5: return [6: 1]
      case 6: return [7: 1]
      case 0: return [1: 1]
      case 1: return [2: 1]
      default: return [3: 1]
      }
    }
  }

  private func records(_ chances: [Double], on: Bool? = true) async -> [TraceRecord] {
    await StrategyBench(model: { Self.model(chances) }).run(
      Greedy(), RunSettings(answerOverTime: on))
  }

  @Test(arguments: [[0.2, 0.5, 0.9], [0.9, 0.9, 0.9], [0.95, 0.1, 0.6]])
  func everyStepHasTheTablesOwnChance(chances: [Double]) async throws {
    let run = try #require(Trace(await records(chances)).runs[1])
    let path = try #require(run.paths[0])
    #expect(path.answer == "8")
    let scores = path.scores.filter { $0.kind == .earlyAnswer }
    #expect(scores.count == 3)
    for (score, chance) in zip(scores, chances) { #expect(abs(score.value - chance) < 1e-6) }
    // Before the first step, behind it, and behind the second.
    #expect(scores.map(\.node) == [run.promptEnd, path.nodes[0], path.nodes[1]])
  }

  @Test func theRunItselfIsTheSame() async throws {
    let chances = [0.2, 0.5, 0.9]
    let with = try #require(Trace(await records(chances)).runs[1])
    let without = try #require(Trace(await records(chances, on: nil)).runs[1])
    #expect(with.end?.answer == without.end?.answer)
    #expect(with.paths[0]?.nodes == without.paths[0]?.nodes)
    #expect(with.paths[0]?.end == without.paths[0]?.end)
    #expect(without.paths[0]?.scores.contains { $0.kind == .earlyAnswer } == false)
    // Asking costs what is put in, and nothing is sampled.
    #expect(with.end?.tokens.generated == without.end?.tokens.generated)
    #expect(with.end?.tokens.injected == 3)
    #expect(without.end?.tokens.injected == 0)
  }

  @Test func anAnswerAtOnceIsAStepOfItsOwn() async throws {
    let run = try await StrategyBench().trace(Greedy(), RunSettings(answerOverTime: true))
    #expect(run.end?.answer == "5")
    // In the apples table " 5" stands before the marker: before it and behind it is asked.
    let curve = run.paths[0]?.scores.filter { $0.kind == .earlyAnswer } ?? []
    #expect(curve.count == 2)
  }

  @Test func everyPathOfAVoteIsAsked() async throws {
    let run = try await StrategyBench().trace(
      SelfConsistency(), RunSettings(samples: 6, temperature: 1, answerOverTime: true))
    for number in run.pathNumbers {
      let path = try #require(run.paths[number])
      let curve = path.scores.filter { $0.kind == .earlyAnswer }
      // Behind the last step stands what the path itself was chosen from.
      let span = try #require(path.answerSpan)
      let chance = try #require(run.nodes[span.first]?.logProbability.map { exp($0) })
      #expect(abs(try #require(curve.last).value - chance) < 1e-6)
    }
  }

  @Test func curvesAreMeasuredByShareOfTheWay() throws {
    func curve(_ values: [Double], question: Int = 0) -> AnswerCurves.Curve {
      AnswerCurves.Curve(family: "a", question: question, values: values)
    }
    let rows = AnswerCurves.rows(
      [
        curve([0, 1]), curve([0.5, 0.5, 0.5], question: 1), curve([0, 0.4, 0.8], question: 2),
      ], strategy: "cot")
    let row = try #require(rows.first)
    #expect(rows.count == 2)
    #expect(row.paths == 3)
    let expected = [0.5 / 3, (0.25 + 0.5 + 0.2) / 3, (0.5 + 0.5 + 0.4) / 3]
    #expect(zip(row.curve, expected).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs(row.rise - 0.6) < 1e-12)
    #expect(abs(row.flat - 1.0 / 3) < 1e-12)
    #expect(row.interval?.contains(row.rise) == true)
  }

  /// A value of which there is one has no interval, and its JSON says so.
  @Test func ofOneQuestionThereIsNoInterval() throws {
    let curve = AnswerCurves.Curve(family: "a", question: 0, values: [0.25, 0.5])
    let branch = BranchSurvey.Branch(
      family: "a", question: 0, kind: .reasonedRight, delta: 0.75)
    let over = try #require(AnswerCurves.rows([curve], strategy: "cot").first)
    let survey = try #require(
      BranchSurvey.rows([branch], strategy: "cot").first { $0.kind == .reasonedRight })
    #expect(over.rise == 0.25)
    #expect(over.interval == nil)
    #expect(survey.delta == 0.75)
    #expect(survey.interval == nil)
    for json in [try JSONEncoder().encode(over), try JSONEncoder().encode(survey)] {
      let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      #expect(object["ci95"] is NSNull)
    }
  }

  /// A path that becomes wholly sure rises by at most 1, whatever the spread.
  @Test func theIntervalOfARiseStaysWithinOne() throws {
    let curves = (0..<6).map {
      AnswerCurves.Curve(family: "a", question: $0, values: [$0 == 0 ? 0.4 : 0.001, 1])
    }
    for row in AnswerCurves.rows(curves, strategy: "cot") {
      let interval = try #require(row.interval)
      #expect(interval.upperBound <= 1)
      #expect(interval.contains(row.rise))
    }
  }
}
