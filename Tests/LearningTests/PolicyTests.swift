import Decoding
import DecodingFixtures
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces
import Training

@testable import Learning

/// Recipes that learn from samples of their own, on a policy that can be enumerated.
@Suite struct PolicyTests {
  /// The chance that the policy answers the first question rightly.
  private func rightShare(_ trainee: TableTrainee) -> Double {
    trainee.texts(after: TwoQuestions.prompts[0]).filter { $0.tokens.contains(8) }
      .reduce(0) { $0 + $1.probability }
  }

  @Test(arguments: ["grpo", "reinforce"])
  func whatIsRewardedBecomesLikelier(recipe: String) async throws {
    let trainee = TwoQuestions.trainee()
    let before = rightShare(trainee)
    _ = try await TableTraining(
      recipe, steps: 8, batch: 2, samples: 16, problems: [TwoQuestions.problems[0]]
    ).train(trainee)
    #expect(rightShare(trainee) > before + 0.3)
  }

  /// What is never said is never rewarded, so that it is never learned.
  @Test func anAnswerThatIsNeverSampledIsNotLearned() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining(
      "grpo", steps: 4, batch: 1, samples: 16, problems: [TwoQuestions.problems[1]]
    ).train(trainee)
    #expect(told.steps.allSatisfy { $0[.exact] == 0 })
    #expect(told.steps.allSatisfy { $0[.deadGroups] == 1 })
  }

  @Test func twoUpdatesLeaveTheRatioOne() async throws {
    let told = try await TableTraining(
      "grpo", steps: 1, batch: 2, samples: 16, problems: [TwoQuestions.problems[0]],
      ["updates": 3, "rate": 5.0]
    ).train(TwoQuestions.trainee())
    let ratios = told.samples.flatMap(\.samples).compactMap(\.ratio)
    #expect(ratios.contains { abs($0 - 1) > 0.01 })
    #expect((told.steps.first?[.clipped] ?? 0) > 0)
  }

  /// In the first of two updates nothing has moved, so that nothing is clipped.
  @Test func allUpdatesOfABatchAreTold() async throws {
    let told = try await TableTraining(
      "grpo", steps: 1, batch: 2, samples: 16, ["updates": 2, "rate": 50.0]
    ).train(TwoQuestions.trainee())
    let samples = told.samples.flatMap(\.samples)
    let tokens = samples.reduce(0) { $0 + $1.said.tokens.count }
    let last = samples.reduce(0) { $0 + ($1.clipped ?? .nan) * Double($1.said.tokens.count) }
    #expect(last > 0)
    let share = try #require(told.steps.first?[.clipped])
    #expect(abs(share - last / Double(tokens) / 2) < 1e-9)
  }

  /// As TRL counts them: once each, with the prompt before every completion.
  @Test(arguments: ["grpo", "reinforce", "reft"]) func tokensAreCountedOnceWithTheirPrompts(
    recipe: String
  ) async throws {
    let trainee = HeadedTableTrainee(TwoQuestions.trainee())
    let told = try await TableTraining(recipe, steps: 1, batch: 2, samples: 16).train(trainee)
    let samples = told.samples.flatMap(\.samples)
    #expect(samples.count == 32)
    // The table's prompts are one token each.
    let tokens = samples.reduce(0) { $0 + 1 + $1.said.tokens.count }
    #expect(told.steps.first?[.tokens] == Double(tokens))
  }

  // MARK: The policy that samples

  /// What is learned is the policy that was sampled, which the temperature is part of.
  @Test(arguments: ["grpo", "reinforce", "reft"]) func logProbabilitiesAreThoseAtTheTemperature(
    recipe: String
  ) async throws {
    let trainee = HeadedTableTrainee(TwoQuestions.trainee())
    let start = TwoQuestions.trainee()
    var training = TableTraining(recipe, steps: 1, batch: 2, samples: 16)
    training.plan.settings.temperature = 1.5
    let told = try await training.train(trainee)
    var (sum, count) = (0.0, 0)
    for group in told.samples {
      let prompt = TwoQuestions.prompts[group.question.text == "How many?" ? 0 : 1]
      for sample in group.samples {
        let said = sample.said.tokens.map(\.id)
        for index in said.indices {
          let logs = start.logProbabilities(after: prompt + said[..<index], temperature: 1.5)
          sum -= logs.reduce(0) { $0 + exp($1) * $1 }
          count += 1
        }
      }
    }
    let entropy = try #require(told.steps.first?[.entropy])
    #expect(abs(entropy - sum / Double(count)) < 1e-5)
    let cold = try await TableTraining(recipe, steps: 1, batch: 2, samples: 16)
      .train(HeadedTableTrainee(TwoQuestions.trainee()))
    #expect(abs(entropy - (cold.steps.first?[.entropy] ?? entropy)) > 0.01)
  }

  /// Filters make it another policy, whose gradient nobody computes.
  @Test(arguments: ["grpo", "reinforce", "reft"]) func aPolicyThatCannotBeFollowedIsRefused(
    recipe: String
  ) {
    for (change, name) in [
      ({ $0.topK = 5 }, "top-k"), ({ $0.topP = 0.9 }, "top-p"), ({ $0.minP = 0.1 }, "min-p"),
      ({ $0.temperature = 0 }, "temperature"),
    ] as [((inout RunSettings) -> Void, String)] {
      let plan = TrainingPlan.small(recipe, steps: 1, change)
      #expect(throws: LearningError.offPolicy(recipe: recipe, setting: name)) { try plan.check() }
      #expect(throws: LearningError.offPolicy(recipe: recipe, setting: name)) {
        try TrainingRun(plan, trainee: TwoQuestions.trainee(), library: TableTraining.library) {
          _ in
        }
      }
    }
    #expect(throws: Never.self) { try TrainingPlan.small(recipe, steps: 1).check() }
    #expect(throws: Never.self) { try TrainingPlan.small("rft", steps: 3) { $0.topK = 5 }.check() }
  }

  // MARK: The baseline

  /// REINFORCE compares with the rewards of earlier steps only: a baseline made of the samples that
  /// it is taken from would pull the gradient to 0.
  @Test func theBaselineIsTheRunningMeanOfEarlierSteps() async throws {
    let told = try await TableTraining(
      "reinforce", steps: 5, batch: 2, samples: 16, ["rate": 0.5]
    ).train(TwoQuestions.trainee())
    var baseline: Double?
    for step in 1...5 {
      let samples = told.samples.filter { $0.step == step }.flatMap(\.samples)
      #expect(samples.count == 32)
      for sample in samples {
        #expect(abs(try #require(sample.advantage) - (sample.reward - (baseline ?? 0))) < 1e-12)
      }
      let mean = samples.reduce(0) { $0 + $1.reward } / 32
      baseline = baseline.map { 0.9 * $0 + 0.1 * mean } ?? mean
    }
    #expect(try #require(baseline) > 0)
  }

  @Test func aReferenceIsAskedWhereDivergenceCosts() async throws {
    let told = try await TableTraining(
      "grpo", steps: 3, batch: 2, samples: 16, problems: [TwoQuestions.problems[0]], ["beta": 0.04]
    ).train(TwoQuestions.trainee())
    #expect(told.steps.first?[.divergence] == 0)
    #expect((told.steps.last?[.divergence] ?? 0) > 0)
    #expect(told.samples.last?.samples.allSatisfy { $0.divergence != nil } == true)
  }

  // MARK: Packing

  private func groups(_ trainee: TransformerTrainee) async throws -> [CompletionGroup] {
    var settings = RunSettings(seed: 3)
    settings[extra: "max-completion-length"] = 20
    let rollouts = Rollouts(
      model: trainee.model, library: BundledTrainee.library, settings: TrainingSettings(settings))
    let questions = try ProblemLibrary.problems(family: "compare", count: 4, seed: 7)
    return try await rollouts.answer(
      questions.map { Question($0) }, count: 4,
      .init(sampling: SamplingSettings(temperature: 1), seed: 3, firstPath: 0))
  }

  /// The norm of the gradients that a batch gives, and what was pushed.
  private func learned(
    _ trainee: TransformerTrainee, _ groups: [CompletionGroup], rowLimit: Int
  ) throws -> (norm: Double, pushes: [[[Float]]], passes: Int) {
    var update = PolicyUpdate(groups, rowLimit: rowLimit) { _ in true }
    _ = try update.accumulate(trainee, step: 1, isFirst: true) { pass, outcome, update in
      let completions = update.completions(of: pass) { group, number in
        Array(
          repeating: Double(number) - 1.5, count: groups[group].completions[number].tokens.count)
      }
      let (value, _) = GRPO.value(
        outcome.logProbabilities, completions, GRPO.Settings(), batchTokens: update.tokenCount,
        batchCompletions: update.completionCount)
      return (value, ())
    }
    return (try trainee.update(rate: 0, maxNorm: 1), update.pushes, update.passes.count)
  }

  @Test func aBatchThatIsCutIntoPassesGivesTheSameGradients() async throws {
    let trainee = try BundledTrainee.make()
    let groups = try await groups(trainee)
    let whole = try learned(trainee, groups, rowLimit: 4096)
    #expect(whole.passes == 1)
    let texts = groups.reduce(0) { $0 + $1.completions.count(where: { !$0.tokens.isEmpty }) }
    for limit in [1, 70, 200] {
      let cut = try learned(trainee, groups, rowLimit: limit)
      #expect(cut.passes > 1)
      #expect(cut.passes <= texts)
      #expect(abs(cut.norm / whole.norm - 1) < 1e-4)
      let differences = zip(cut.pushes.joined().joined(), whole.pushes.joined().joined())
        .map { abs($0 - $1) }
      #expect(differences.count > 50)
      #expect(differences.allSatisfy { $0 < 1e-5 })
    }
  }

  // MARK: What a completion is

  /// A base model goes on with a question of its own; what it says then is none of the answer.
  @Test func whatSpellsAStopIsNotLearned() async throws {
    let pieces = ["Q: How many?\nA:", " The answer is 8", ".\n", "\nQ: ", "And", "<end>"]
    let model = TableLanguageModel(name: "on", pieces: pieces, end: 5) { prefix in
      [TokenID(prefix.count): 1]
    }
    let rollouts = Rollouts(
      model: model, library: TableTraining.library, settings: TrainingSettings(RunSettings()))
    let question = Question(text: "How many?", gold: "8")
    let group = try #require(try await rollouts.answer([question], .greedy).first)
    let completion = try #require(group.completions.first)
    // The stop begins within the full stop's token.
    #expect(completion.tokens == [1])
    #expect(completion.text == " The answer is 8.")
    #expect(completion.isRight)
    #expect(!completion.isCut)
  }

  @Test func theEndIsLearnedAndALimitIsTold() async throws {
    let trainee = TwoQuestions.trainee()
    var settings = RunSettings()
    let question = Question(TwoQuestions.problems[0])
    func answer() async throws -> Completion {
      let rollouts = Rollouts(
        model: trainee.model, library: TableTraining.library,
        settings: TrainingSettings(settings))
      return try #require(
        try await rollouts.answer([question], .greedy).first?.completions.first)
    }
    #expect(try await answer().tokens.last == TwoQuestions.end)
    #expect(try await answer().isCut == false)
    settings[extra: "max-completion-length"] = 1
    #expect(try await answer().tokens == [7])
    #expect(try await answer().isCut)
  }

  @Test func reasonsWhoSaysSomethingBeforeTheAnswer() async throws {
    let trainee = TwoQuestions.trainee()
    let rollouts = Rollouts(
      model: trainee.model, library: TableTraining.library,
      settings: TrainingSettings(RunSettings()))
    let question = Question(TwoQuestions.problems[0])
    let group = try #require(
      try await rollouts.answer(
        [question], count: 40,
        .init(sampling: SamplingSettings(temperature: 1), seed: 1, firstPath: 0)
      ).first)
    for completion in group.completions {
      #expect(completion.reasons == completion.tokens.contains(5))
    }
    #expect(Set(group.completions.map(\.reasons)).count == 2)
  }

  @Test func theModelsOwnVerdictIsAProbability() async throws {
    let trainee = try BundledTrainee.make()
    let groups = try await groups(trainee)
    let rollouts = Rollouts(
      model: trainee.model, library: BundledTrainee.library,
      settings: TrainingSettings(RunSettings()))
    let verdicts = try await rollouts.verdicts(on: groups).joined()
    #expect(verdicts.count == 16)
    #expect(verdicts.allSatisfy { (0...1).contains($0) })
    #expect(Set(verdicts).count > 4)
  }
}
