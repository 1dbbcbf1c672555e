import Decoding
import LearningFixtures
import Testing
import Traces

@testable import Learning
@testable import Problems

/// Self-taught reasoning on a policy whose texts can be enumerated.
@Suite struct STaRTests {
  private func probability(_ question: Int, _ trainee: TableTrainee) -> Double {
    trainee.texts(after: TwoQuestions.prompts[question])
      .first { $0.tokens == TwoQuestions.reasoned[question] }?.probability ?? 0
  }

  @Test func reasoningIsLearnedWithoutItsTrigger() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining("star", steps: 30, batch: 4).train(trainee)
    #expect(probability(0, trainee) > 0.9)
    #expect(!trainee.learned.isEmpty)
    #expect(trainee.learned.allSatisfy { !$0.prefix.contains(TwoQuestions.trigger) })
    #expect(told.steps[0][.exact] == 0.5)
    #expect(told.steps[0][.rationalised] == nil)
  }

  /// With the answer as a hint what had no probability is found, learned, and said without a hint.
  @Test func hintsReachWhatSamplingCannot() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining(
      "star", steps: 60, batch: 4, ["hints": true, "epochs": 20]
    ).train(trainee)
    #expect(probability(1, trainee) > 0.9)
    #expect(told.steps[0][.rationalised] == 1)
    #expect(trainee.learned.contains { $0.prefix.first == 1 })
  }

  @Test func noHintIsLearned() async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await TableTraining("star", steps: 12, batch: 4, ["hints": true]).train(trainee)
    let hidden = TwoQuestions.hintedQuestions.union([TwoQuestions.trigger])
    for learned in trainee.learned {
      #expect(hidden.isDisjoint(with: learned.prefix))
      #expect(!hidden.contains(learned.token))
    }
  }

  /// Each iteration learns from the base: after three of them the weights are those of a training
  /// that has had the last one's steps only, on what was kept in it.
  @Test func everyIterationLearnsFromTheBase() async throws {
    let (three, one) = (TwoQuestions.trainee(), TwoQuestions.trainee())
    // Both solve the same problems rightly in every iteration, so each learns the same texts.
    func training(steps: Int, iterations: Int) -> TableTraining {
      TableTraining(
        "star", steps: steps, batch: 2, ["hints": true, "iterations": iterations, "epochs": 4])
    }
    _ = try await training(steps: 12, iterations: 3).train(three)
    _ = try await training(steps: 4, iterations: 1).train(one)
    for question in 0...1 {
      #expect(abs(probability(question, three) - probability(question, one)) < 1e-9)
    }
    #expect(three.step == 4)
    #expect(three.restarts == 3)
  }

  /// The hint may be the answer itself; the answer to a question that is judged by its own text is
  /// judged by that, not by the hinted one.
  @Test func aHintIsTheAnswerBehindTheQuestion() throws {
    let problem = try ProblemLibrary.problem(id: "countdown.train/1/0")
    let hinted = STaRRecipe.hinted(problem)
    #expect(hinted.hasPrefix(problem.question))
    #expect(hinted.contains(problem.answer))
  }
}
