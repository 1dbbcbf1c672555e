import Decoding
import Foundation
import LearningFixtures
import Reasoning
import Testing
import Traces

@testable import Learning
@testable import Problems

/// A judge that learns by comparing, on a policy whose texts can be enumerated.
@Suite struct ImplicitRecipeTests {
  /// The first question with the words that ask for reasoning.
  private let asked = TwoQuestions.prompts[0] + [TwoQuestions.trigger]

  private func logProbability(_ text: [TokenID], _ trainee: TableTrainee) -> Double {
    text.indices.reduce(0) { sum, index in
      sum + trainee.logProbabilities(after: asked + text[..<index])[Int(text[index])]
    }
  }

  private func training(
    steps: Int = 30, problems: [Problem] = TwoQuestions.problems,
    _ more: [String: any JSONScalar] = [:]
  ) -> TableTraining {
    TableTraining(
      "implicit", steps: steps, batch: 2, samples: 32, problems: problems,
      ["rate": 10.0, "epochs": 1, "warmup": 0].merging(more) { $1 })
  }

  @Test func rightTextsComeToScoreAboveWrongOnes() async throws {
    let trainee = TwoQuestions.trainee()
    let (right, wrong) = (TwoQuestions.reasoned[0], [5, 7, 10, TwoQuestions.end] as [TokenID])
    let before = logProbability(right, trainee) - logProbability(wrong, trainee)
    let told = try await training().train(trainee)
    #expect(logProbability(right, trainee) - logProbability(wrong, trainee) > before + 1)
    let margins = told.steps.compactMap { $0[.rewardMargin] }
    #expect(margins.count == 30)
    #expect(try #require(margins.last) > margins[0] + 0.5)
    #expect(try #require(told.steps.last?[.rewardAccuracy]) == 1)
    #expect(told.steps.allSatisfy { ($0[.rewardScale] ?? 0) > 0 })
  }

  /// What no answer to a problem gets right, or each does, cannot be compared.
  @Test func aProblemWithoutARightAnswerTeachesNothing() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await training(steps: 2).train(trainee)
    #expect(told.steps.allSatisfy { $0[.deadGroups] == 0.5 })
    #expect(trainee.learned.allSatisfy { $0.prefix.first == TwoQuestions.prompts[0][0] })
    let alone = TwoQuestions.trainee()
    let none = try await training(steps: 2, problems: [TwoQuestions.problems[1]]).train(alone)
    #expect(none.steps.allSatisfy { $0[.texts] == 0 })
    #expect(alone.step == 0)
  }

  /// Candidates are the model's of before training, so that a judge cannot choose what it is shown.
  @Test func candidatesDoNotChangeWhileTheJudgeLearns() async throws {
    let trainee = TwoQuestions.trainee()
    let run = try training().run(trainee) { _ in }
    let before = try await run.candidates(ofStep: 1)
    _ = try await training().train(trainee)
    #expect(try await run.candidates(ofStep: 1) == before)
  }

  @Test func textsAreReadBehindTheWordsThatAskForReasoningUpToTheirEnd() async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await training(steps: 1).train(trainee)
    #expect(trainee.learned.allSatisfy { $0.prefix.starts(with: asked) })
    #expect(trainee.learned.contains { $0.token == TwoQuestions.end })
  }

  /// Where right and wrong look alike before training, labels and their opposites teach exact
  /// opposites: shuffled labels teach nothing, and leave the area under the curve at one half.
  @Test func oppositeLabelsTeachOpposites() async throws {
    var margins: [Double] = []
    for answer in ["8", "5"] {
      let trainee = VerifyingTable.trainee()
      let problem = VerifyingTable.problem(answer: answer)
      _ = try await training(steps: 6, problems: [problem]).train(trainee)
      let logs = trainee.logProbabilities(after: [0, 2])
      margins.append(logs[3] - logs[4])
    }
    #expect(margins[0] > 0.5)
    #expect(abs(margins[0] + margins[1]) < 1e-4)
  }

  @Test func theFileSaysHowItJudges() async throws {
    let recipe = ImplicitPRMRecipe()
    #expect(recipe.verifier?.name == .implicit)
    let start = try #require(recipe.verifier?.numbers[ImplicitVerifier.scaleName])
    #expect(abs(start - ImplicitPRMRecipe.startingScale) < 1e-12)
    let again = ImplicitPRMRecipe()
    try again.restore(try recipe.state)
    #expect(again.verifier == recipe.verifier)
    #expect(throws: LearningError.damagedState("implicit")) { try again.restore([1, 2, 3]) }
  }

  @Test func differentTextsAreComparedAndNoMoreThanFiveOfAKind() throws {
    func completion(_ text: String, _ isRight: Bool, answer: String? = "8", isCut: Bool = false)
      -> Completion
    {
      Completion(
        tokens: [], text: text, answer: answer, isRight: isRight, reasons: true, isCut: isCut,
        announces: true)
    }
    let group = CompletionGroup(
      question: Question(TwoQuestions.problems[0]), prompt: [0],
      completions: [
        completion(" We add.", true), completion("We add. ", true),
        completion(" Let's think step by step. We add.", true), completion("", false),
        completion(" We guess.", false, answer: nil),
        completion(" The answer is 5.", false, isCut: true),
      ] + (0..<7).map { completion(String(repeating: " We guess.", count: $0 + 1), false) })
    let comparison = try #require(
      ImplicitPRMRecipe.comparisons([group], ImplicitReading(TwoQuestions.trainee().model)).first)
    #expect(comparison.right.count == 1)
    #expect(comparison.wrong.count == ImplicitPRMRecipe.mostTexts)
    #expect(comparison.wrong[0].tokens == [6, TwoQuestions.end])
    #expect(comparison.prompt == asked)
  }

  /// Of the bundled model, in a second: what is told beside the loss, and that going on is exact.
  @Test func devProblemsShowWhatTheJudgeIsWorth() async throws {
    let plan = TrainingPlan.small("implicit", steps: 2) { $0[extra: "evaluate-every"] = 2 }
    let log = EventLog()
    try await TrainingRun(
      plan, trainee: BundledTrainee.make(), library: BundledTrainee.library, sink: log.sink
    ).train()
    let step = try #require(log.trace.steps[2])
    for metric in [
      TrainingMetric.devMajority, .devLikelihood, .devBestOf, .devWeighted,
    ] {
      #expect(step[metric].map { (0...1).contains($0) } == true)
    }
    #expect(log.trace.steps[1]?[.devBestOf] == nil)
  }
}
