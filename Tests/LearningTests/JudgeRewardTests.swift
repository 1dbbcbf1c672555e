import Decoding
import Foundation
import LearningFixtures
import Problems
import Reasoning
import Testing
import Traces
import Training

@testable import Learning

/// A judge as the reward: what it says of a completion, and what comes of optimising for it.
@Suite struct JudgeRewardTests {
  private typealias Table = StepTable

  /// A judge of the steps that likes Odd best, which in truth is worth least, and Fine least.
  private static func fooledJudge() -> Judge {
    let table = TableTrainee(name: "judge", pieces: Table.pieces, end: Table.end) { prefix in
      if prefix.last == Table.tag {
        let step = prefix.dropLast().last
        let chance = step == Table.odd ? 0.9 : step == Table.fine ? 0.2 : 0.95
        return [Table.plus: chance * 0.8, Table.minus: (1 - chance) * 0.8, Table.end: 0.2]
      }
      if prefix.last == 12 { return [Table.yes: 0.3, Table.no: 0.1, Table.end: 0.6] }
      return [Table.end: 1]
    }
    return Judge(Decoder(model: table.model, slots: 8), verifier: .prm)
  }

  private static func group(_ texts: [[TokenID]]) -> CompletionGroup {
    let vocabulary = Table.trainee().model.vocabulary
    return CompletionGroup(
      question: Question(Table.problem), prompt: Table.prompt,
      completions: texts.map { tokens in
        let text = String(decoding: vocabulary.bytes(of: tokens), as: UTF8.self)
        return Completion(
          tokens: tokens, text: text, answer: nil, isRight: false, reasons: true, isCut: false,
          announces: true)
      })
  }

  /// The weakest step counts, whatever the order in which solutions share their beginnings.
  @Test func aJudgeOfStepsRewardsWithTheWeakest() async throws {
    let group = Self.group([
      [Table.good, Table.odd, Table.right], [Table.good, Table.fine, Table.right], [Table.good],
      [Table.good, Table.odd, Table.right], [],
    ])
    let rewards = try await Self.fooledJudge().rewards(
      of: [group], by: Table.trainee().model.vocabulary)
    for (reward, expected) in zip(try #require(rewards.first), [0.9, 0.2, 0.95, 0.9, 0]) {
      #expect(abs(reward - expected) < 1e-6)
    }
  }

  @Test func aJudgeOfOutcomesRewardsWithItsYes() async throws {
    var judge = Self.fooledJudge()
    judge.verifier = .orm
    let rewards = try await judge.rewards(
      of: [Self.group([[Table.good, Table.fine, Table.right]])],
      by: Table.trainee().model.vocabulary)
    #expect(abs((rewards.first?.first ?? 0) - 0.75) < 1e-6)
  }

  /// α Σ log p of all tokens and the end; what cannot be read is worth as little as the worst.
  @Test func anImplicitJudgeRewardsWithItsLikelihood() async throws {
    let table = Table.trainee()
    let judge = Judge(
      Decoder(model: table.model, slots: 8), verifier: .implicit,
      numbers: [ImplicitVerifier.scaleName: 0.5])
    let rewards = try await judge.rewards(
      of: [
        Self.group([
          [Table.good, Table.fine, Table.right], [Table.bad, Table.odd, Table.wrong], [],
        ])
      ],
      by: table.model.vocabulary)
    let expected = [0.6 * 0.7 * 0.9, 0.4 * 0.5 * 1].map { 0.5 * log($0) }
    for (reward, expected) in zip(try #require(rewards.first), expected + [expected[1]]) {
      #expect(abs(reward - expected) < 1e-4)
    }
  }

  /// Over-optimisation: the judge's score rises, and what is right falls.
  @Test func whoIsRewardedByAFooledJudgeComesToPleaseIt() async throws {
    let trainee = Table.trainee()
    var training = TableTraining(
      "grpo", steps: 12, batch: 1, samples: 32, problems: [Table.problem],
      ["reward": "judge", "rate": 8.0])
    training.materials = TrainingMaterials(judge: Self.fooledJudge())
    let told = try await training.train(trainee)
    let (first, last) = (try #require(told.steps.first), try #require(told.steps.last))
    #expect((last[.reward] ?? 0) > (first[.reward] ?? 1) + 0.2)
    #expect((last[.exact] ?? 1) < (first[.exact] ?? 0))
  }

  @Test func withoutAJudgeThereIsNoSuchReward() throws {
    let training = TableTraining(
      "grpo", steps: 1, batch: 1, samples: 4, problems: [Table.problem], ["reward": "judge"])
    #expect(throws: LearningError.lacksJudge) {
      try training.run(Table.trainee()) { _ in }
    }
  }

  /// A model that was not trained to judge is none.
  @Test func anyOtherModelIsRefused() throws {
    var training = TableTraining(
      "grpo", steps: 1, batch: 1, samples: 4, problems: [Table.problem], ["reward": "judge"])
    training.materials = TrainingMaterials(
      judge: Judge(Decoder(model: Table.trainee().model, slots: 1)))
    #expect(throws: LearningError.lacksJudge) {
      try training.run(Table.trainee()) { _ in }
    }
  }
}
