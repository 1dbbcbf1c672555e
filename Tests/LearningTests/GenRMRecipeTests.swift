import Decoding
import LearningFixtures
import Reasoning
import Testing
import Traces

@testable import Learning
@testable import Problems

/// A model of two solutions that verifies them in words: where the right answer stands in the question
/// it is always right, and otherwise it guesses.
enum VerifyingTable {
  static let pieces = [
    "Q: How many?\nA:", "Q: How many? The answer is 8.\nA:", " Let's think step by step.",
    " The answer is 8.", " The answer is 5.", PromptFormat.verdictWithRationale, " It adds up.",
    " It does not.", PromptFormat.yes, PromptFormat.no, ".", "<end>",
  ]
  static let end = TokenID(11)

  static func trainee() -> TableTrainee {
    TableTrainee(name: "verifying", pieces: pieces, end: end) { prefix in
      let isReferenced = prefix.first == 1
      switch prefix.last {
      case 2: return [3: 0.5, 4: 0.5]
      case 5:
        guard isReferenced else { return [6: 0.5, 7: 0.5] }
        return prefix.contains(3) ? [6: 0.9, 7: 0.1] : [6: 0.1, 7: 0.9]
      case 6: return [8: 1]
      case 7: return [9: 1]
      case 8, 9: return [10: 1]
      default: return [end: 1]
      }
    }
  }

  static func problem(answer: String = "8") -> Problem {
    Problem(
      id: "verify/1", family: "verify", level: 1, question: "How many?", answer: answer,
      steps: ["We add"])
  }
}

@Suite struct GenRMRecipeTests {
  private func train(
    _ trainee: TableTrainee, steps: Int = 60, _ more: [String: any JSONScalar] = [:]
  ) async throws -> TableTraining.Told {
    try await TableTraining(
      "genrm", steps: steps, batch: 1, samples: 16, problems: [VerifyingTable.problem()],
      ["rate": 2.0, "schedule": "constant", "warmup": 0].merging(more) { $1 }
    ).train(trainee)
  }

  /// p(Yes) on a solution, with the rationale summed out.
  private func yes(_ solution: TokenID, _ trainee: TableTrainee) -> Double {
    trainee.texts(after: [0, solution, 5]).filter { $0.tokens.contains(8) }
      .reduce(0) { $0 + $1.probability }
  }

  /// The right answer guides what is sampled, and is absent from what is learned.
  @Test func verdictsBecomeRightWithoutTheReference() async throws {
    let trainee = VerifyingTable.trainee()
    #expect(abs(yes(3, trainee) - 0.5) < 1e-9)
    _ = try await train(trainee)
    #expect(yes(3, trainee) > 0.9)
    #expect(yes(4, trainee) < 0.1)
    #expect(trainee.learned.allSatisfy { $0.prefix.first == 0 })
  }

  @Test func solvingIsLearnedBesideByItsWeight() async throws {
    let (both, alone) = (VerifyingTable.trainee(), VerifyingTable.trainee())
    let told = try await train(both)
    let without = try await train(alone, ["solution-weight": 0.0])
    func solves(_ trainee: TableTrainee) -> Double {
      trainee.texts(after: [0, 2]).first { $0.tokens.first == 3 }?.probability ?? 0
    }
    #expect(solves(both) > 0.8)
    #expect(abs(solves(alone) - 0.5) < 1e-9)
    let step = told.steps[0]
    let (verify, solve) = (try #require(step[.verifyLoss]), try #require(step[.solveLoss]))
    #expect(abs(try #require(step[.loss]) - (verify + solve / 3)) < 1e-5)
    #expect(without.steps.allSatisfy { $0[.solveLoss] == nil })
  }

  @Test func asManyVerdictsSayYesAsNo() {
    func verified(_ isRight: Bool, _ text: String) -> GenRMRecipe.Verified {
      .init(
        solution: .init(
          question: Question(VerifyingTable.problem()), text: text, isRight: isRight),
        rationale: " Yes.")
    }
    let all = [
      verified(true, "a"), verified(true, "b"), verified(false, "c"), verified(true, "d"),
    ]
    #expect(GenRMRecipe.balanced(all).map(\.solution.text) == ["a", "c"])
    #expect(GenRMRecipe.balanced([verified(true, "a")]).isEmpty)
  }

  @Test func aRationaleWhoseVerdictIsWrongIsDropped() async throws {
    let told = try await train(VerifyingTable.trainee(), steps: 1)
    let samples = try #require(told.samples.first).samples
    #expect(!samples.isEmpty)
    for sample in samples {
      #expect(sample.said.text.hasSuffix(sample.isRight ? " Yes." : " No."))
    }
  }
}
