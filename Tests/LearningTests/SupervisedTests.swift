import Decoding
import Foundation
import LearningFixtures
import Testing
import Traces
import Training

@testable import Learning
@testable import Problems

/// Recipes that learn from texts, on a policy whose texts can be enumerated.
@Suite struct SupervisedTests {
  private let first = TwoQuestions.prompts[0]
  private let second = TwoQuestions.prompts[1]

  private func probability(_ text: [TokenID], _ trainee: TableTrainee, _ prompt: [TokenID])
    -> Double
  {
    trainee.texts(after: prompt).first { $0.tokens == text }?.probability ?? 0
  }

  // MARK: sft

  @Test func goldSolutionsBecomeLikely() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining("sft", steps: 60, batch: 4).train(trainee)
    #expect(probability(TwoQuestions.reasoned[0], trainee, first) > 0.9)
    #expect(probability(TwoQuestions.reasoned[1], trainee, second) > 0.9)
    let losses = told.steps.compactMap { $0[.loss] }
    #expect(losses.count == 60)
    #expect(try #require(losses.last) < 0.2 * losses[0])
    #expect(told.steps.allSatisfy { $0[.texts] == 4 })
    #expect(told.steps.allSatisfy { $0[.reward] == nil })
  }

  /// The question is masked, and the end is learned.
  @Test func onlyTheAnswerIsLearned() async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await TableTraining("sft", steps: 2, batch: 2).train(trainee)
    var expected: Set<LearnedToken> = []
    for (prompt, text) in zip(TwoQuestions.prompts, TwoQuestions.reasoned) {
      for index in text.indices {
        expected.insert(LearnedToken(prefix: prompt + text[..<index], token: text[index]))
      }
    }
    #expect(trainee.learned == expected)
  }

  // MARK: continue

  @Test func wholeDocumentsAreLearned() async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await TableTraining("continue", steps: 1, batch: 2, ["replay": 0]).train(trainee)
    // The table's questions are one token each, which begins its text.
    #expect(trainee.learned.contains(LearnedToken(prefix: first, token: 5)))
    #expect(trainee.learned.allSatisfy { !$0.prefix.isEmpty })
  }

  @Test func replayIsMixedInByItsShare() async throws {
    func train(replay: Double) async throws -> TrainingStep {
      let plan = TrainingPlan.small("continue", steps: 1) { $0[extra: "replay"] = replay }
      let log = EventLog()
      try await TrainingRun(
        plan, trainee: BundledTrainee.make(), library: BundledTrainee.library, sink: log.sink
      ).train()
      return try #require(log.trace.steps[1])
    }
    let (alone, mixed) = (try await train(replay: 0), try await train(replay: 0.75))
    #expect(alone[.replayLoss] == nil)
    #expect(mixed[.replayLoss].map { $0 > 0 && $0 < 2 } == true)
    #expect(mixed[.texts] == 4)
    // The texts are the same, so their loss before the step is.
    #expect(mixed[.loss].map { abs($0 - (alone[.loss] ?? 0)) < 1e-5 } == true)
    #expect(try #require(mixed[.tokens]) > 2 * (alone[.tokens] ?? 0))
  }

  @Test func everyStepReplaysOtherDocuments() throws {
    let model = try BundledTrainee.make().model
    let replay = ReplayDocuments(seed: 1, for: model)
    let texts = try (1...3).flatMap { try replay.texts(step: $0, count: 5) }
    #expect(Set(texts).count == 15)
    #expect(
      try ReplayDocuments(seed: 1, for: model).texts(step: 2, count: 5) == Array(texts[5..<10]))
    let begin = model.vocabulary.beginningOfText
    #expect(texts.allSatisfy { $0.prompt.first == begin })
    #expect(texts.allSatisfy { $0.weights?.last == 1 })
  }

  // MARK: rft

  @Test func rightSamplesAreKeptAndLearned() async throws {
    let trainee = TwoQuestions.trainee()
    // Small steps: a step learns from a text or two, and both kinds are to be heard.
    let told = try await TableTraining(
      "rft", steps: 40, batch: 8, samples: 8, ["rate": 4.0]
    ).train(trainee)
    let luck = probability(TwoQuestions.guessed, trainee, first)
    let reasoned = probability(TwoQuestions.reasoned[0], trainee, first)
    #expect(luck + reasoned > 0.9)
    // What is right by luck is kept like what is reasoned.
    #expect(luck > 0.2)
    #expect(trainee.learned.allSatisfy { $0.prefix.first == 0 })
    #expect(
      told.samples.flatMap(\.samples).allSatisfy { $0.isRight || !$0.push.contains { $0 > 0 } })
  }

  @Test func aTextIsKeptOnceAProblem() async throws {
    let trainee = TwoQuestions.trainee()
    let told = try await TableTraining(
      "rft", steps: 1, batch: 2, samples: 64, ["iterations": 1]
    ).train(trainee)
    // Two texts to the first question are right, none to the second.
    #expect(told.steps[0][.texts] == 2)
    #expect(told.steps[0][.exact].map { $0 > 0.05 && $0 < 0.4 } == true)
  }

  /// What cannot be sampled cannot be kept: no training of this kind ever reaches it.
  @Test(arguments: ["rft", "star"]) func whatHasNoProbabilityStaysUnreachable(
    recipe: String
  ) async throws {
    let trainee = TwoQuestions.trainee()
    _ = try await TableTraining(recipe, steps: 30, batch: 4).train(trainee)
    #expect(probability(TwoQuestions.reasoned[1], trainee, second) == 0)
    #expect(trainee.texts(after: second).map(\.tokens) == [[7, 10, TwoQuestions.end]])
  }

  /// Kept samples are samples of p(r | x, right): that is where their cross-entropy is least, and it
  /// is that distribution's entropy there.
  @Test func theTargetIsTheDistributionOfRightTexts() throws {
    let trainee = TwoQuestions.trainee()
    let right = [TwoQuestions.reasoned[0], TwoQuestions.guessed]
    let joint = trainee.texts(after: first).filter { right.contains($0.tokens) }
    let total = joint.reduce(0) { $0 + $1.probability }
    #expect(abs(total - (0.2 * 0.9 + 0.8 * 0.25)) < 1e-12)
    let target = joint.map { ($0.tokens, $0.probability / total) }
    let texts = target.map { tokens, share in
      LearningText(
        prompt: first, continuation: tokens, weights: tokens.map { _ in Float(share) })
    }
    // The table becomes the target, prefix by prefix.
    var prefixes: [[TokenID]: [TokenID: Double]] = [:]
    for (tokens, share) in target {
      for index in tokens.indices {
        prefixes[first + tokens[..<index], default: [:]][tokens[index], default: 0] += share
      }
    }
    for (prefix, shares) in prefixes {
      let mass = shares.values.reduce(0, +)
      for (token, log) in trainee.logProbabilities(after: prefix).enumerated() {
        let wanted = Foundation.log(max(1e-18, (shares[TokenID(token)] ?? 0) / mass))
        trainee.add(wanted - log, toLogitOf: TokenID(token), after: prefix)
      }
    }
    let loss = try trainee.learn(texts).reduce(TextLoss(), +)
    let entropy = -target.reduce(0) { $0 + $1.1 * log($1.1) }
    #expect(abs(loss.sum - entropy) < 1e-6)
    for prefix in prefixes.keys {
      #expect(trainee.gradient(after: prefix).allSatisfy { abs($0) < 1e-6 })
    }
  }

  /// The sampler and the filter are as the law above assumes.
  @Test func keptSamplesAreDistributedAsRightTexts() async throws {
    let trainee = TwoQuestions.trainee()
    let run = try TableTraining(
      "rft", steps: 1, batch: 1, samples: 4000, ["iterations": 1]
    ).run(trainee) { _ in }
    let groups = try await run.rollouts().answer(
      [Question(TwoQuestions.problems[0])], count: 4000,
      .init(sampling: .init(temperature: 1), seed: 7, firstPath: 0))
    let right = groups[0].completions.filter(\.isRight)
    let share = Double(right.count { $0.tokens == TwoQuestions.guessed }) / Double(right.count)
    let expected = 0.2 / (0.2 + 0.18)
    let deviation = (expected * (1 - expected) / Double(right.count)).squareRoot()
    #expect(abs(share - expected) < 4 * deviation)
    #expect(
      Set(groups[0].distinctRight.map(\.tokens)) == [
        TwoQuestions.guessed, TwoQuestions.reasoned[0],
      ])
  }

  /// An answer that is right before it is cut off would teach to stop in mid-sentence.
  @Test(arguments: ["rft", "star"]) func whatIsCutOffIsNotKept(recipe: String) async throws {
    let trainee = TwoQuestions.trainee()
    // As long as the longest answer, without its end.
    let told = try await TableTraining(
      recipe, steps: 1, batch: 2, samples: 64,
      ["iterations": 1, "hints": true, "max-completion-length": recipe == "rft" ? 2 : 3]
    ).train(trainee)
    #expect((told.steps[0][.exact] ?? 0) > 0)
    #expect(told.steps[0][.cutOff] == 1)
    #expect(told.steps[0][.texts] == 0)
    #expect(trainee.learned.isEmpty)
    #expect(told.samples.flatMap(\.samples).allSatisfy { !$0.push.contains { $0 > 0 } })
  }

  @Test func aTextIsKeptOnceHoweverItIsSpelled() {
    func completion(_ tokens: [TokenID], _ text: String) -> Completion {
      Completion(
        tokens: tokens, text: text, answer: "8", isRight: true, reasons: false, isCut: false,
        announces: true)
    }
    let group = CompletionGroup(
      question: Question(TwoQuestions.problems[0]), prompt: [0],
      completions: [
        completion([1, 2], " is 8."), completion([3], " is 8."), completion([4], " makes 8."),
      ])
    #expect(group.distinctRight.map(\.tokens) == [[1, 2], [4]])
  }

  // MARK: Iterations

  /// Every step is of one iteration, and iterations are as equal as can be.
  @Test(arguments: [(4, 3), (10, 3), (3, 3), (24, 5), (7, 1), (100, 7)])
  func stepsAreSharedOutAmongIterations(steps: Int, iterations: Int) {
    let ranges = (1...steps).map { TrainingRun.iteration(of: $0, steps: steps, iterations) }
    var distinct: [Range<Int>] = []
    for (index, range) in ranges.enumerated() {
      #expect(range.contains(index + 1))
      if range != distinct.last { distinct.append(range) }
    }
    #expect(distinct.count == iterations)
    #expect(distinct.flatMap { Array($0) } == Array(1...steps))
    let sizes = distinct.map(\.count)
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
  }

  @Test(arguments: ["rft", "star"]) func everyIterationSamplesOnce(recipe: String) async throws {
    let told = try await TableTraining(
      recipe, steps: 4, batch: 2, samples: 4, ["iterations": 3]
    ).train(TwoQuestions.trainee())
    #expect(told.steps.map { $0[.exact] != nil } == [true, true, true, false])
  }

  @Test func anIterationNeedsAStep() {
    let plan = TableTraining("star", steps: 2, batch: 2, ["iterations": 3]).plan
    #expect(throws: LearningError.tooManyIterations(3, steps: 2)) { try plan.check() }
  }

  /// The rate has risen before an iteration ends.
  @Test(arguments: ["rft", "star"]) func theWarmUpIsNoLongerThanAnIteration(
    recipe: String
  ) async throws {
    let told = try await TableTraining(
      recipe, steps: 6, batch: 2, samples: 16,
      ["iterations": 3, "warmup": 5, "rate": 1.0, "hints": true]
    ).train(TwoQuestions.trainee())
    let rates = told.steps.map { $0[.learningRate] }
    // star begins anew with each iteration.
    #expect(rates == (recipe == "rft" ? [0.5, 1, 1, 1, 1, 1] : [0.5, 1, 0.5, 1, 0.5, 1]))
  }

  // MARK: Parts of what is kept

  /// Every text is learned as often as there are epochs, whatever the number of steps.
  @Test(arguments: [(1, 1, 1), (7, 3, 1), (7, 3, 2), (5, 8, 1), (16, 4, 3)])
  func partsGoThroughAllThatIsKept(count: Int, steps: Int, epochs: Int) {
    let texts = (0..<count).map { LearningText(prompt: [0], continuation: [TokenID($0)]) }
    let kept = KeptSolutions(firstStep: 5, steps: steps, texts: texts)
    var times: [LearningText: Int] = [:]
    var sizes: [Int] = []
    for step in 5..<5 + steps {
      #expect(kept.serves(step))
      let part = kept.part(ofStep: step, epochs: epochs, seed: 3)
      sizes.append(part.count)
      for text in part { times[text, default: 0] += 1 }
    }
    #expect(times == Dictionary(uniqueKeysWithValues: texts.map { ($0, epochs) }))
    #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    #expect(!kept.serves(4))
    #expect(!kept.serves(5 + steps))
  }

  @Test func whatIsKeptIsRememberedAcrossCheckpoints() throws {
    let kept = KeptSolutions(
      firstStep: 3, steps: 4,
      texts: [LearningText(prompt: [0, 1], continuation: [2, 3], weights: [1, 0.5])])
    #expect(try KeptSolutions(state: kept.state, recipe: "rft") == kept)
    #expect(throws: LearningError.damagedState("star")) {
      try KeptSolutions(state: [1, 2, 3], recipe: "star")
    }
  }

  @Test func withoutARightSampleNothingIsLearned() async throws {
    let trainee = TwoQuestions.trainee()
    let training = TableTraining(
      "rft", steps: 2, batch: 1, samples: 4, problems: [TwoQuestions.problems[1]],
      ["iterations": 2])
    let told = try await training.train(trainee)
    #expect(told.steps.allSatisfy { $0[.texts] == 0 })
    #expect(trainee.learned.isEmpty)
    #expect(trainee.step == 0)
  }
}
