import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct AnalogicalTests {
  private static let pieces = [
    "Q: What is 3 + 1?\nA:", "\nRelated:", " What is 2 + 2?", " 2 + 2 = 4.", " 2 + 2 = 5.",
    " The answer is", " 4", " 5", ".", "\nNow:", " So.", "<end>",
  ]
  private static let end = TokenID(11)
  /// p(4) with the right solution recalled, with the wrong one, and with nothing recalled.
  private static let chances = (right: 0.9, wrong: 0.4, none: 0.5)

  /// - Parameters:
  ///   - comesToIt: goes on with "Now:" by itself.
  ///   - answers: answers the question behind it.
  private static func model(
    comesToIt: Bool = true, answers: Bool = true
  ) -> TableLanguageModel {
    TableLanguageModel(name: "recall", pieces: pieces, end: end) { prefix in
      let isSolving = prefix.contains(9)
      switch prefix.last {
      case 0: return [1: 1]
      case 1: return [2: 1]
      case 2: return [3: 0.7, 4: 0.3]
      case 3, 4: return [5: 1]
      case 5 where !isSolving: return prefix.contains(3) ? [6: 1] : [7: 1]
      case 5:
        let chance =
          prefix.contains(3) ? chances.right : prefix.contains(4) ? chances.wrong : chances.none
        return [6: chance, 7: 1 - chance]
      case 6, 7: return [8: 1]
      case 8 where !isSolving: return comesToIt ? [9: 1] : [end: 1]
      case 9: return answers ? [10: 1] : [end: 1]
      case 10: return [5: 1]
      default: return [end: 1]
      }
    }
  }

  private func trace(
    seed: UInt64 = 1, temperature: Double? = nil, comesToIt: Bool = true, answers: Bool = true
  ) async throws -> RunTrace {
    try await StrategyBench(model: { Self.model(comesToIt: comesToIt, answers: answers) }).trace(
      Analogical(), RunSettings(seed: seed, temperature: temperature))
  }

  @Test func takingTheRecollectionOutMovesTheAnswerAsTheTableSays() async throws {
    var seen: Set<Bool> = []
    for seed in 1...20 as ClosedRange<UInt64> {
      let run = try await trace(seed: seed, temperature: 1)
      let path = try #require(run.paths[0])
      let isRight = run.text(ofPath: 0).contains("= 4.")
      seen.insert(isRight)
      let answer = try #require(path.answer)
      func chance(_ four: Double) -> Double { answer == "4" ? four : 1 - four }
      let with = chance(isRight ? Self.chances.right : Self.chances.wrong)
      let shift = try #require(path.score(.contextShift))
      #expect(abs(shift.value - log(with / chance(Self.chances.none))) < 1e-5)
      #expect(shift.terms?.count == 2)
      // That it is solved wrongly does not make it less related, nor the other way round.
      #expect(path.score(.solved)?.value == (isRight ? 1 : 0))
      #expect(try #require(path.score(.overlap)).value < 1)
    }
    #expect(seen == [true, false])
  }

  @Test func theRecalledProblemIsMarkedAndIsNotTheAnswer() async throws {
    let run = try await trace()
    let path = try #require(run.paths[0])
    let span = try #require(path.spans.first { $0.kind == .recalled })
    let range = try #require(path.range(of: span))
    let text = range.flatMap { run.nodes[path.nodes[$0]]?.token.bytes ?? [] }
    #expect(
      String(decoding: text, as: UTF8.self)
        == "\nRelated: What is 2 + 2? 2 + 2 = 4. The answer is 4.")
    let answer = try #require(path.answerSpan.flatMap { path.range(of: $0) })
    #expect(answer.lowerBound > range.upperBound)
    // Where the question itself is not answered there is no answer.
    let silent = try await trace(answers: false)
    #expect(silent.text(ofPath: 0).contains("The answer is 4."))
    #expect(silent.end?.answer == nil)
  }

  @Test func aRecollectionThatEndsIsLedToTheQuestion() async throws {
    let run = try await trace(comesToIt: false)
    #expect(run.text(ofPath: 0) == (try await trace()).text(ofPath: 0))
    #expect(run.end?.answer == "4")
    // "Now:", and the path without the recollection.
    #expect(run.end?.tokens.injected == 1 + 3)
  }

  @Test func relevanceIsTheKindOfProblemAndNotItsWords() throws {
    let apples = ProblemLibrary.apples.question
    func recalled(_ id: String) throws -> RecalledProblem {
      let problem = try ProblemLibrary.problem(id: id)
      return RecalledProblem(bytes: 0..<0, question: problem.question, solution: "")
    }
    #expect(try recalled("compare/3/4").isRelevant(to: apples) == true)
    #expect(try recalled("coin/3/4").isRelevant(to: apples) == false)
    #expect(
      RecalledProblem(bytes: 0..<0, question: "Why is the sky blue?", solution: "")
        .isRelevant(to: apples) == nil)
    let copy = RecalledProblem(bytes: 0..<0, question: apples, solution: "")
    #expect(copy.overlap(with: apples) == 1)
    #expect(try recalled("coin/3/4").overlap(with: apples) < 1)
  }

  @Test(arguments: [
    ("So 2 + 3 = 5. The answer is 5.", true), ("So 2 + 3 = 6. The answer is 6.", false),
    ("So 2 + 3 = 5. The answer is 6.", false), ("It is blue.", nil as Bool?),
  ])
  func aSolutionHoldsOrNot(solution: String, expected: Bool?) {
    let problem = RecalledProblem(bytes: 0..<0, question: "What?", solution: solution)
    #expect(problem.isSolved == expected)
  }

  @Test func severalProblemsAreToldApart() {
    let said = "\nRelated: A? One.\nRelated: B? Two.\nNow: C."
    let all = RecalledProblem.all(in: Array(said.utf8))
    #expect(all.map(\.question) == ["A?", "B?"])
    #expect(all.map(\.solution) == ["One.", "Two."])
  }
}

@Suite struct StepBackTests {
  private static let pieces = [
    "Q: ?\nA:", " Add up.", " Take away.", " So it is.", " The answer is", " 8", " 5", ".", "<end>",
  ]

  private static func model() -> TableLanguageModel {
    TableLanguageModel(name: "principle", pieces: pieces, end: 8) { prefix in
      switch prefix.last {
      case 0: return [1: 0.6, 2: 0.4]
      case 1, 2: return [3: 1]
      case 3: return [4: 1]
      case 4:
        let chance = prefix.contains(1) ? 0.8 : prefix.contains(2) ? 0.1 : 0.5
        return [5: chance, 6: 1 - chance]
      case 5, 6: return [7: 1]
      default: return [8: 1]
      }
    }
  }

  @Test func thePrincipleIsMarkedAndWhatItDidIsMeasured() async throws {
    let run = try await StrategyBench(model: { Self.model() }).trace(StepBack())
    let path = try #require(run.paths[0])
    let span = try #require(path.spans.first { $0.kind == .principle })
    #expect(span.first == path.nodes[0])
    #expect(span.last == path.nodes[0])
    #expect(run.end?.answer == "8")
    let shift = try #require(path.score(.contextShift))
    #expect(abs(shift.value - log(0.8 / 0.5)) < 1e-5)
  }

  @Test func anAnswerAtOnceHasNoPrinciple() async throws {
    let run = try await StrategyBench().trace(StepBack(), RunSettings(maxTokens: 8))
    #expect(run.end?.answer == "5")
    #expect(run.paths[0]?.spans.contains { $0.kind == .principle } == false)
  }
}
