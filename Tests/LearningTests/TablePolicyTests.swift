import Decoding
import LearningFixtures
import Testing
import Traces
import Training

@testable import Learning

/// Learning from rewards on a policy whose texts can all be enumerated: expectations are sums.
@Suite struct TablePolicyTests {
  private let prompt = TwoQuestions.prompts[0]

  /// Adds the gradient of −E[(R − b) log p], every text weighted by its probability.
  private func learn(
    _ trainee: TableTrainee, baseline: Double, reward: ([TokenID]) -> Double
  ) {
    let texts = trainee.texts(after: prompt)
    var rows = PackedRows()
    let ranges = rows.add(prompt: prompt, continuations: texts.map(\.tokens))
    let outcome = trainee.forward(rows)
    let completions = zip(texts, ranges).map { text, targets in
      let advantage = text.probability * (reward(text.tokens) - baseline)
      return SampledCompletion(
        targets: targets, sampled: Array(outcome.logProbabilities[targets]),
        advantages: Array(repeating: advantage, count: targets.count))
    }
    let value = PolicyGradient.value(
      outcome.logProbabilities, completions, batchCompletions: 1)
    trainee.backward(slopes: value.slopes, entropySlopes: nil)
  }

  private func expected(_ trainee: TableTrainee, reward: ([TokenID]) -> Double) -> Double {
    trainee.texts(after: prompt).reduce(0) { $0 + $1.probability * reward($1.tokens) }
  }

  private func isRight(_ text: [TokenID]) -> Double {
    [TwoQuestions.reasoned[0], TwoQuestions.guessed].contains(text) ? 1 : 0
  }

  /// Prefixes after which the policy has a choice.
  private var choices: [[TokenID]] { [prompt, prompt + [5, 7], prompt + [7]] }

  @Test(arguments: [0, 0.3, 2]) func thePolicyGradientIsThatOfTheExpectedReward(
    baseline: Double
  ) {
    let trainee = TwoQuestions.trainee()
    learn(trainee, baseline: baseline, reward: isRight)
    for prefix in choices {
      for token: TokenID in [5, 7, 8, 10] {
        let h = 1e-5
        trainee.add(h, toLogitOf: token, after: prefix)
        let above = expected(trainee, reward: isRight)
        trainee.add(-2 * h, toLogitOf: token, after: prefix)
        let below = expected(trainee, reward: isRight)
        trainee.add(h, toLogitOf: token, after: prefix)
        let slope = -(above - below) / (2 * h)
        #expect(abs(slope - trainee.gradient(after: prefix)[Int(token)]) < 1e-6)
      }
    }
  }

  @Test(arguments: [0, 1, -3]) func aConstantRewardTeachesNothing(baseline: Double) {
    let trainee = TwoQuestions.trainee()
    learn(trainee, baseline: baseline) { _ in 1 }
    for prefix in choices {
      #expect(trainee.gradient(after: prefix).allSatisfy { abs($0) < 1e-6 })
    }
  }

  /// Equal rewards leave nothing to compare: no weight changes, and the step says so.
  @Test func groupsOfEqualRewardsAreDead() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining(
      "grpo", steps: 3, batch: 2, samples: 4, problems: [TwoQuestions.problems[1]]
    ).train(trainee)
    #expect(told.steps.allSatisfy { $0[.deadGroups] == 1 })
    #expect(told.steps.allSatisfy { $0[.gradientNorm] == 0 })
    #expect(trainee.learned.isEmpty)
  }

  @Test(arguments: ["grpo", "reinforce"]) func whatIsRewardedBecomesLikely(
    recipe: String
  ) async throws {
    let trainee = TwoQuestions.trainee()
    #expect(expected(trainee, reward: isRight) < 0.4)
    _ = try await TableTraining(
      recipe, steps: 40, batch: 4, samples: 16, problems: [TwoQuestions.problems[0]],
      ["rate": 1.0]
    ).train(trainee)
    #expect(expected(trainee, reward: isRight) > 0.95)
  }
}
