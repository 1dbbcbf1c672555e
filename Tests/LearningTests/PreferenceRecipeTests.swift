import Decoding
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces
import Training

@testable import Learning

/// Learning from pairs, on a policy whose texts can be enumerated.
@Suite struct PreferenceRecipeTests {
  private let prompt = TwoQuestions.prompts[0]

  private func training(
    _ recipe: String, steps: Int = 12, _ more: [String: any JSONScalar] = [:]
  ) -> TableTraining {
    let own: [String: any JSONScalar] = ["pair-problems": 2, "pairs-per-problem": 8]
    return TableTraining(
      recipe, steps: steps, batch: 4, samples: 400, own.merging(more, uniquingKeysWith: { $1 }))
  }

  private func probability(_ texts: [[TokenID]], _ trainee: TableTrainee) -> Double {
    trainee.texts(after: prompt).filter { texts.contains($0.tokens) }
      .reduce(0) { $0 + $1.probability }
  }

  private static let right = [TwoQuestions.reasoned[0], TwoQuestions.guessed]

  @Test(arguments: [("dpo", "tdpo2"), ("tdpo", "tdpo1"), ("tdpo", "tdpo2")])
  func rightAnswersBecomeLikely(recipe: String, variant: String) async throws {
    let trainee = TwoQuestions.trainee()
    let before = probability(Self.right, trainee)
    let training = training(recipe, recipe == "tdpo" ? ["variant": variant] : [:])
    let told = try await training.train(trainee)
    #expect(probability(Self.right, trainee) > before + 0.3)
    let losses = told.steps.compactMap { $0[.loss] }
    #expect(abs(losses[0] - log(2)) < 1e-6)
    #expect(try #require(losses.last) < 0.9 * losses[0])
    let last = try #require(told.steps.last).metrics
    #expect(try #require(last["rewards/accuracies"]) == 1)
    #expect(try #require(last["rewards/margins"]) > 0)
    #expect(try #require(last["kl/rejected"]) > 0)
  }

  /// Card 17's check, through all that a recipe does: the first step of the three is the same.
  @Test func theFirstStepIsTheSameForAll() async throws {
    var left: [[Double]] = []
    for (recipe, variant) in [("dpo", nil), ("tdpo", "tdpo1"), ("tdpo", "tdpo2")] {
      let trainee = TwoQuestions.trainee()
      _ = try await training(recipe, steps: 1, variant.map { ["variant": $0] } ?? [:])
        .train(trainee)
      left.append(trainee.logProbabilities(after: prompt + [7]))
    }
    for other in left[1...] {
      #expect(zip(left[0], other).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  /// And the later ones are not: tdpo2 stays nearer to where it began.
  @Test func tdpo2StaysNearest() async throws {
    func divergence(_ recipe: String) async throws -> Double {
      let told = try await training(recipe, steps: 30)
        .train(TwoQuestions.trainee())
      return try #require(told.steps.last?.metrics["kl/rejected"])
    }
    let (dpo, tdpo) = (try await divergence("dpo"), try await divergence("tdpo"))
    #expect(tdpo < 0.9 * dpo)
  }

  /// Pairs are of samples of the starting weights, each text once, and none of one question's
  /// answers is compared with another's.
  @Test func pairsAreRightAndWrongSamples() async throws {
    let run = try training("dpo").run(TwoQuestions.trainee()) { _ in }
    let (kept, told) = try await run.preferencePairs()
    // The second question is never answered rightly, and the first in two ways.
    #expect(kept.pairs.count == 2)
    #expect(Set(kept.pairs.map(\.chosen.tokens)) == Set(Self.right))
    #expect(kept.pairs.allSatisfy { $0.prompt == prompt })
    #expect(
      kept.pairs.allSatisfy { !$0.rejected.isRight && !Self.right.contains($0.rejected.tokens) })
    #expect(Set(kept.pairs.map(\.rejected.tokens)).count == 2)
    #expect(told[.exact].map { $0 > 0.1 && $0 < 0.3 } == true)
  }

  @Test func aProblemGivesNoMorePairsThanAsked() async throws {
    let run = try training("dpo", ["pairs-per-problem": 1]).run(TwoQuestions.trainee()) { _ in }
    #expect(try await run.preferencePairs().0.pairs.count == 1)
  }

  @Test func withoutBothKindsOfAnswersThereAreNoPairs() async throws {
    var training = training("dpo")
    training.plan.source = .problems([TwoQuestions.problems[1]], name: "one")
    await #expect(throws: LearningError.noPairs) {
      try await training.train(TwoQuestions.trainee())
    }
  }

  /// Every pair comes once before any comes again, in an order of its own each time.
  @Test func pairsTakeTurns() {
    let pairs = PreferencePairs(
      (0..<10).map { number in
        func answer(_ token: Int) -> PreferencePair.Answer {
          .init(tokens: [TokenID(token)], answer: nil, isRight: true, reasons: false)
        }
        return PreferencePair(
          question: Question(text: "\(number)"), prompt: [0], chosen: answer(number),
          rejected: answer(100 + number))
      })
    let batches = (1...5).map { pairs.batch(4, ofStep: $0, seed: 3) }
    let all = batches.flatMap { $0 }
    #expect(batches.allSatisfy { $0.count == 4 })
    #expect(Set(all.prefix(10)) == Set(pairs.pairs))
    #expect(Set(all.suffix(10)) == Set(pairs.pairs))
    #expect(Array(all.prefix(10)) != Array(all.suffix(10)))
    #expect(PreferencePairs([]).batch(4, ofStep: 1, seed: 3).isEmpty)
  }

  /// Strips of the trace: of each token how far it has moved, which is what the metrics are sums of.
  @Test func theTraceTellsHowFarEachTokenHasMoved() async throws {
    let told = try await training("tdpo", steps: 4, ["pairs-per-problem": 1])
      .train(TwoQuestions.trainee())
    let first = try #require(told.samples.first?.samples)
    #expect(first.map(\.isChosen) == [true, false])
    #expect(first.allSatisfy { $0.logRatio?.allSatisfy { $0 == 0 } == true })
    let last = try #require(told.samples.last?.samples)
    let metrics = try #require(told.steps.last).metrics
    for (sample, name) in zip(last, ["chosen", "rejected"]) {
      let ratios = try #require(sample.logRatio)
      let divergences = try #require(sample.klPerToken)
      #expect(ratios.count == sample.said.tokens.count)
      #expect(divergences.count == sample.said.tokens.count)
      // All four pairs of a step are the same one.
      #expect(abs(0.1 * ratios.reduce(0, +) - (metrics["rewards/\(name)"] ?? .nan)) < 1e-4)
      #expect(abs(divergences.reduce(0, +) - (metrics["kl/\(name)"] ?? .nan)) < 1e-4)
    }
    #expect(last[0].push.allSatisfy { $0 > 0 })
    #expect(last[1].push.allSatisfy { $0 < 0 })
  }

  @Test func samplesOfPairsAreReadBack() throws {
    let sample = TrainingSample(
      said: SaidTokens([]), push: [1], answer: nil, reward: 0, isRight: true, reasons: false,
      isChosen: false, logRatio: [0.5], klPerToken: [0.25])
    let data = try JSONEncoder().encode(sample)
    #expect(try JSONDecoder().decode(TrainingSample.self, from: data) == sample)
    let old =
      #"{"said": {"text": "", "tokens": [], "bytes": []}, "push": [], "reward": 0, "#
      + #""right": true, "reasons": false}"#
    let read = try JSONDecoder().decode(TrainingSample.self, from: Data(old.utf8))
    #expect(read.logRatio == nil)
    #expect(read.isChosen == nil)
  }

  // MARK: A person's pairs

  @Test func aPersonsPairsAreLearned() async throws {
    let trainee = TwoQuestions.trainee()
    var training = training("dpo")
    training.materials.pairs = try PreferenceFile(
      #"{"prompt": "How much?", "chosen": "The answer is 9.", "rejected": "The answer is 5."}"#,
      path: "mine")
    let second = TwoQuestions.prompts[1]
    let before = trainee.logProbabilities(after: second + [7])
    let told = try await training.train(trainee)
    let after = trainee.logProbabilities(after: second + [7])
    #expect(after[9] - after[10] > before[9] - before[10] + 10)
    // Nothing was sampled: there is nothing to tell of samples.
    #expect(told.steps.allSatisfy { $0[.exact] == nil })
    #expect(told.samples.first?.question.text == "How much?")
  }

  @Test func thePairsAreRemembered() throws {
    let pairs = PreferencePairs([
      PreferencePair(
        question: Question(text: "?", gold: "8"), prompt: [0, 1],
        chosen: .init(tokens: [2], answer: "8", isRight: true, reasons: true),
        rejected: .init(tokens: [3], answer: nil, isRight: false, reasons: false))
    ])
    let recipe = DPORecipe()
    try recipe.restore(pairs.state)
    #expect(try PreferencePairs(state: recipe.state, recipe: "dpo") == pairs)
    #expect(throws: LearningError.damagedState("dpo")) { try recipe.restore([1, 2]) }
  }
}
