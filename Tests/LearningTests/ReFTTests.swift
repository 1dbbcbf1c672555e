import Decoding
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces

@testable import Learning
@testable import Training

/// Proximal policy optimisation on a policy whose texts can be enumerated.
@Suite struct ReFTTests {
  private func trainee() -> HeadedTableTrainee { HeadedTableTrainee(TwoQuestions.trainee()) }

  /// The chance that the policy answers the first question rightly.
  private func rightShare(_ trainee: HeadedTableTrainee) -> Double {
    trainee.table.texts(after: TwoQuestions.prompts[0]).filter { $0.tokens.contains(8) }
      .reduce(0) { $0 + $1.probability }
  }

  @Test func whatIsRewardedBecomesLikelier() async throws {
    let trainee = trainee()
    let before = rightShare(trainee)
    _ = try await TableTraining(
      "reft", steps: 8, batch: 4, samples: 16, problems: [TwoQuestions.problems[0]],
      ["beta": 0, "rate": 10.0]
    ).train(trainee)
    #expect(rightShare(trainee) > before + 0.3)
  }

  @Test func withoutHiddenStatesThereAreNoValues() async {
    await #expect(throws: LearningError.lacksHiddenStates("reft")) {
      try await TableTraining("reft", steps: 1, batch: 2).train(TwoQuestions.trainee())
    }
  }

  /// 1 for the right answer, a little for any, unless something else is asked for.
  @Test func answersAreRewardedAsInThePaper() async throws {
    func samples(_ more: [String: any JSONScalar] = [:]) async throws -> [TrainingSample] {
      try await TableTraining("reft", steps: 1, batch: 2, samples: 16, more).train(trainee())
        .samples.flatMap(\.samples)
    }
    let told = try await samples()
    #expect(Set(told.map(\.reward)) == [1, 0.1])
    for sample in told { #expect(sample.reward == (sample.isRight ? 1 : 0.1)) }
    // Three tokens are too few for the longest answer, and too many for none.
    let cut = try await samples(["max-completion-length": 1])
    #expect(cut.allSatisfy { $0.answer == nil })
    #expect(cut.allSatisfy { $0.reward == 0 })
    for sample in try await samples(["reward": "exact:0.5"]) {
      #expect(sample.reward == (sample.isRight ? 0.5 : 0))
    }
  }

  // MARK: What belongs to what

  /// Every token's advantage follows from its own reward and its own values, whichever minibatch it
  /// is in.
  @Test func advantagesAreOfTheCompletionsOwnRewardsAndValues() async throws {
    let trainee = trainee()
    var head = ValueHead(width: trainee.width).numbers
    head.weights = head.weights.indices.map { Float($0 * 7 % 11) / 5 - 1 }
    let recipe = ReFTRecipe()
    try recipe.restore(Array(try JSONEncoder().encode(head)))
    let run = try TableTraining(
      "reft", steps: 1, batch: 3, samples: 5,
      ["minibatches": 2, "epochs": 2, "lambda": 0.9, "gamma": 0.95]
    ).run(trainee) { _ in }
    run.step = 1
    _ = try await recipe.step(run)

    func values(_ group: TrainingSamples, _ sample: TrainingSample) -> [Double] {
      let prompt = TwoQuestions.prompts[group.question.text == "How many?" ? 0 : 1]
      let said = sample.said.tokens.map(\.id)
      return said.indices.map { index in
        let state = trainee.state(after: prompt + said[..<index])
        return zip(state, head.weights).reduce(Double(head.weights[trainee.width])) {
          $0 + Double($1.0) * Double($1.1)
        }
      }
    }
    /// Σ over later l of (γλ)^l δ, by its definition.
    func advantages(_ values: [Double], reward: Double) -> [Double] {
      let surprises = values.indices.map { index in
        index + 1 < values.count ? 0.95 * values[index + 1] - values[index] : reward - values[index]
      }
      return values.indices.map { first in
        (first..<values.count).reduce(0) { sum, later in
          sum + pow(0.95 * 0.9, Double(later - first)) * surprises[later]
        }
      }
    }
    let expected = run.samples.flatMap { group in
      group.samples.map { advantages(values(group, $0), reward: $0.reward) }
    }
    let all = expected.flatMap { $0 }
    let mean = all.reduce(0, +) / Double(all.count)
    let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)
    let found = run.samples.flatMap { $0.samples.map(\.advantage) }
    #expect(found.count == 15)
    for (found, expected) in zip(found, expected) {
      let own = expected.reduce(0, +) / Double(expected.count)
      #expect(abs(try #require(found) - (own - mean) / variance.squareRoot()) < 1e-5)
    }
  }

  @Test func minibatchesAreDrawnAnewInEveryEpoch() throws {
    func draw(step: Int, epoch: Int, seed: UInt64 = 1, minibatches: Int = 2) -> [[Int]] {
      var settings = RunSettings(seed: seed)
      settings[extra: "minibatches"] = minibatches
      return ReFTRecipe.minibatches(of: 24, TrainingSettings(settings), step: step, epoch: epoch)
    }
    let first = draw(step: 1, epoch: 0)
    #expect(first.map(\.count) == [12, 12])
    #expect(first.joined().sorted() == Array(0..<24))
    #expect(draw(step: 1, epoch: 0) == first)
    #expect(draw(step: 1, epoch: 1) != first)
    #expect(draw(step: 2, epoch: 0) != first)
    #expect(draw(step: 1, epoch: 0, seed: 2) != first)
    // Families take turns in a batch: no part is of every other one.
    #expect(Set(first[0].map { $0 % 2 }) == [0, 1])
    #expect(draw(step: 1, epoch: 0, minibatches: 7).allSatisfy { (3...4).contains($0.count) })
    let single = draw(step: 1, epoch: 0, minibatches: 100)
    #expect(single.count == 24)
    #expect(single.allSatisfy { $0.count == 1 })
  }

  // MARK: What is told

  /// With one epoch every token is updated once, so that the group table has all that was clipped.
  @Test func theGroupTableTellsWhichTokensWereClipped() async throws {
    let told = try await TableTraining(
      "reft", steps: 1, batch: 3, samples: 16, problems: [TwoQuestions.problems[0]],
      ["minibatches": 3, "epochs": 1, "rate": 100.0]
    ).train(trainee())
    let samples = told.samples.flatMap(\.samples)
    #expect(samples.count == 48)
    let tokens = samples.reduce(0) { $0 + $1.said.tokens.count }
    let clipped = samples.reduce(0) { $0 + ($1.clipped ?? .nan) * Double($1.said.tokens.count) }
    let share = try #require(told.steps[0][.clipped])
    #expect(share > 0)
    #expect(abs(clipped / Double(tokens) - share) < 1e-9)
  }

  @Test func metricsAreTRLsByName() async throws {
    let told = try await TableTraining("reft", steps: 2, batch: 3, samples: 8).train(trainee())
    let samples = told.samples.filter { $0.step == 2 }.flatMap(\.samples)
    let step = try #require(told.steps.last)
    #expect(samples.count == 24)
    let scores = samples.reduce(0) { $0 + $1.reward } / 24
    #expect(abs((step.metrics["objective/scores"] ?? .nan) - scores) < 1e-12)
    let divergence = try #require(step.metrics["objective/kl"])
    let cost = try #require(step.metrics["objective/non_score_reward"])
    #expect(told.steps[0].metrics["objective/kl"] == 0)
    #expect(divergence > 0)
    #expect(abs(cost + 0.05 * divergence) < 1e-12)
    #expect(abs((step.metrics["objective/rlhf_reward"] ?? .nan) - scores - cost) < 1e-12)
    #expect((step.metrics["policy/entropy_avg"] ?? -1) > 0)
    #expect((step.metrics["val/ratio_var"] ?? -1) > 0)
    #expect((step[.divergence] ?? -1) > 0)
  }

  /// The first epoch's metrics count, too: there nothing has moved.
  @Test func allUpdatesOfAStepAreTold() async throws {
    func told(epochs: Int) async throws -> TrainingStep {
      try #require(
        try await TableTraining(
          "reft", steps: 1, batch: 3, samples: 8, ["minibatches": 1, "epochs": epochs]
        ).train(trainee()).steps.first)
    }
    let name = "policy/approxkl_avg"
    let (one, two) = (try await told(epochs: 1), try await told(epochs: 2))
    let three = try await told(epochs: 3)
    #expect(one.metrics[name] == 0)
    let second = 2 * (two.metrics[name] ?? .nan)
    #expect(second > 0)
    // A third update moves on from where the second left.
    #expect(3 * (three.metrics[name] ?? .nan) > second)
    #expect(one[.tokens] == three[.tokens])
  }
}
