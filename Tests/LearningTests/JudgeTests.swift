import Decoding
import DecodingFixtures
import Foundation
import LearningFixtures
import Measuring
import Problems
import Reasoning
import Synchronization
import Testing
import Traces
import Training

@testable import Learning

/// Recipes that train judges, on a table whose steps have known chances, and on a bundled model.
@Suite struct JudgeTests {
  private typealias Table = StepTable

  /// A training of the table as a judge.
  private func training(
    _ recipe: String, steps: Int = 50, _ more: [String: any JSONScalar] = [:]
  ) -> TableTraining {
    TableTraining(
      recipe, steps: steps, batch: 1, samples: 32, problems: [Table.problem],
      more.merging(
        ["rate": 6.0, "schedule": RateCourse.constant, "warmup": 0], uniquingKeysWith: { a, _ in a }
      ))
  }

  /// The score behind the last of some steps, all before it marked as right.
  private func score(_ trainee: TableTrainee, _ steps: [TokenID]) -> Double {
    var prefix = Table.prompt
    for step in steps { prefix += [step, Table.tag, Table.plus] }
    let logs = trainee.logProbabilities(after: prefix.dropLast())
    return Judgement.score(ofLogit: logs[Int(Table.plus)] - logs[Int(Table.minus)])
  }

  private func outcomeScore(_ trainee: TableTrainee, _ steps: [TokenID]) -> Double {
    let logs = trainee.logProbabilities(after: Table.prompt + steps + [12])
    return Judgement.score(ofLogit: logs[Int(Table.yes)] - logs[Int(Table.no)])
  }

  // MARK: What recipes learn

  /// The labels are right in the mean, and so is what is learned from them: the chance of success.
  @Test(arguments: [StepLabelling.outcome, .shepherdSoft])
  func aClassifierLearnsTheChanceOfSuccess(labels: StepLabelling) async throws {
    let trainee = Table.trainee()
    _ = try await training("prm", ["labels": labels, "rollouts": 8]).train(trainee)
    for (steps, chance) in Table.chances {
      #expect(abs(score(trainee, steps) - chance) < 0.12, "\(steps)")
    }
  }

  /// Hard labels teach how likely any of N completions is right, which is more.
  @Test func hardLabelsTeachTooMuch() async throws {
    let trainee = Table.trainee()
    _ = try await training("prm", ["labels": StepLabelling.shepherdHard, "rollouts": 8])
      .train(trainee)
    let odd = score(trainee, [Table.good, Table.odd])
    #expect(odd > 0.8)
    #expect(abs(score(trainee, [Table.bad, Table.fine]) - (1 - pow(0.9, 8.0))) < 0.2)
  }

  @Test func omegaLabelsAreLearned() async throws {
    let trainee = Table.trainee()
    let told = try await training(
      "prm", ["labels": StepLabelling.omega, "rollouts": 16, "searches": 4]
    ).train(trainee)
    #expect(score(trainee, [Table.good]) > 0.9)
    #expect(score(trainee, [Table.bad, Table.odd]) < 0.1)
    #expect(told.steps.allSatisfy { ($0[.labelTokens] ?? 0) > 0 })
  }

  @Test func valuesOfThePolicyAreItsChances() async throws {
    let trainee = Table.trainee()
    _ = try await training("value", steps: 90).train(trainee)
    for (steps, chance) in Table.chances {
      #expect(abs(score(trainee, steps) - chance) < 0.15, "\(steps)")
    }
  }

  /// The best that is sampled behind Good is right nearly always, behind Bad less often.
  @Test func valuesOfTheBestAreAboveThoseOfThePolicy() async throws {
    let trainee = Table.trainee()
    _ = try await training("value", steps: 90, ["target": ValueTarget.optimal]).train(trainee)
    #expect(score(trainee, [Table.good, Table.odd]) > 0.6)
    #expect(score(trainee, [Table.good]) > 0.8)
    #expect(score(trainee, [Table.bad, Table.odd]) < 0.2)
  }

  @Test func anOutcomeIsJudgedBehindTheWholeSolution() async throws {
    let trainee = Table.trainee()
    let told = try await training("orm").train(trainee)
    #expect(outcomeScore(trainee, [Table.good, Table.fine, Table.right]) > 0.95)
    #expect(outcomeScore(trainee, [Table.good, Table.fine, Table.wrong]) < 0.05)
    #expect(told.steps.last?[.solutionArea] == 1)
    #expect(told.steps.last?[.bestOfN] == 1)
  }

  /// What is learned is only ever + or − behind a tag: the labels are no texts that it could say.
  @Test func nothingElseIsLearned() async throws {
    let trainee = Table.trainee()
    _ = try await training("prm", steps: 4, ["labels": StepLabelling.outcome]).train(trainee)
    #expect(!trainee.learned.isEmpty)
    #expect(trainee.learned.allSatisfy { [Table.plus, Table.minus].contains($0.token) })
    #expect(trainee.learned.allSatisfy { $0.prefix.last == Table.tag })
  }

  /// Samples come from the weights before training, however long it goes on.
  @Test func solutionsAreOfTheModelAtItsStart() async throws {
    let trainee = Table.trainee()
    let told = try await training("prm", steps: 12, ["labels": StepLabelling.outcome])
      .train(trainee)
    let share = told.steps.compactMap { $0[.exact] }.reduce(0, +) / 12
    // .6 · .72 + .4 · .05
    #expect(abs(share - 0.452) <= 4 * (0.452 * 0.548 / (12 * 32)).squareRoot())
  }

  @Test func balancedLessonsCountAlike() async throws {
    let trainee = Table.trainee()
    let run = try training("prm", ["balance": true]).run(trainee) { _ in }
    let groups = [StepLabelTests.group()]
    let lessons = run.lessons(groups, groups.map(\.outcomeLabels), isBalanced: true)
      .joined().compactMap { $0 }
    let right = lessons.reduce(0) { $0 + $1.weight * $1.target }
    let wrong = lessons.reduce(0) { $0 + $1.weight * (1 - $1.target) }
    #expect(abs(right - wrong) < 1e-9)
  }

  // MARK: Temporal differences

  /// Semi-gradient TD on a table of logits comes to what backward induction says of the same tree.
  @Test(arguments: ValueTarget.allCases) func temporalDifferencesComeToBackwardInduction(
    target: ValueTarget
  ) throws {
    let trainee = Table.trainee()
    let solutions: [[TokenID]] =
      StepLabelTests.everySolution + [
        [Table.good, Table.fine, Table.right], [Table.good, Table.fine, Table.wrong],
        [Table.bad, Table.odd, Table.right],
      ]
    let group = StepLabelTests.group(solutions)
    // What solutions are worth where they end: numbers that are far from each other.
    for (number, solution) in solutions.enumerated() {
      var prefix = Table.prompt
      for step in solution { prefix += [step, Table.tag, Table.plus] }
      trainee.add(Double(number) * 0.7 - 2, toLogitOf: Table.plus, after: prefix.dropLast())
    }
    let judged = JudgedGroups([group], at: .steps, for: trainee.model, rowLimit: trainee.rowLimit)
    let states = group.tree.states
    var likelihood: LikelihoodTerm?
    var values: [Double] = []
    for _ in 0..<400 {
      let told = try judged.learn(
        trainee, step: 1, total: 1, likelihood: &likelihood, by: TemporalDifference.value
      ) { _, logits in
        zip(states, group.targets(target, logits: logits)).map { state, target in
          state.children.isEmpty ? nil : Lesson(target: target, weight: 1)
        }
      }
      try trainee.update(rate: 4, maxNorm: 1e9)
      values = told.logits[0].map { Judgement.score(ofLogit: $0 ?? 0) }
    }
    /// Backward induction from the ends.
    func exact(_ state: Int) -> Double {
      let next = states[state].children
      guard !next.isEmpty else { return values[state] }
      if target == .optimal { return next.map(exact).max() ?? 0 }
      let sum = next.reduce(0) { $0 + Double(states[$1].visits) * exact($1) }
      return sum / Double(states[state].visits)
    }
    #expect(Set(states.indices.map(exact)).count > 4)
    for state in states.indices.dropFirst() { #expect(abs(values[state] - exact(state)) < 1e-6) }
  }

  // MARK: How judges read

  /// What is trained is what a verifier reads later: the same texts, the same scores.
  @Test func scoresAreThoseOfTheVerifier() async throws {
    let steps: [TokenID] = [Table.good, Table.odd, Table.wrong]
    let trainee = TableTrainee(name: "said", pieces: Table.pieces, end: Table.end) { prefix in
      if prefix.last == Table.tag {
        let chance = 0.2 * Double(prefix.count { $0 == Table.tag })
        return [Table.plus: chance, Table.minus: 0.9 - chance, Table.end: 0.1]
      }
      if prefix.last == 12 { return [Table.yes: 0.3, Table.no: 0.1, Table.end: 0.6] }
      let said = prefix.dropFirst()
      return said.count < steps.count && said.elementsEqual(steps.prefix(said.count))
        ? [steps[said.count]: 1] : [Table.end: 1]
    }
    let group = StepLabelTests.group([steps])
    let read = try [JudgementPlace.steps, .outcome].map { place in
      try JudgedGroups([group], at: place, for: trainee.model, rowLimit: trainee.rowLimit).logits(
        of: trainee)[0]
        .compactMap { $0 }.map { Judgement.score(ofLogit: $0) }
    }
    #expect(read.map(\.count) == [3, 1])
    for (verifier, expected) in zip([VerifierName.prm, .orm], read) {
      var settings = RunSettings(seed: 1)
      settings.prompting = "plain"
      settings.samples = 1
      settings.verifier = verifier
      let scores = Mutex<[Score]>([])
      _ = await (try StrategyRegistry.strategy(named: "best-of-n")).run(
        Question(Table.problem), settings: settings,
        decoder: Decoder(model: trainee.table, slots: 4), library: TableTraining.library, peers: []
      ) { record in
        if case .score(let score) = record.event { scores.withLock { $0.append(score) } }
      }
      let kind: Score.Kind = verifier == .prm ? .prm : .orm
      let told = scores.withLock { $0 }.last { $0.kind == kind }
      let values = verifier == .prm ? told?.terms : told.map { [$0.value] }
      #expect(values?.count == expected.count)
      for (value, score) in zip(values ?? [], expected) { #expect(abs(value - score) < 1e-6) }
    }
  }

  /// A step's score depends on nothing that comes later.
  @Test func aLaterStepChangesNoEarlierScore() throws {
    let trainee = try BundledTrainee.make()
    let vocabulary = trainee.model.vocabulary
    func logits(_ last: String) throws -> [UInt64] {
      let text = " First we add 3 + 4 = 7. Then we add 7 + 2 = 9." + last
      let solution = SteppedSolution(
        Completion(
          tokens: vocabulary.tokenize(continuing: text), text: text, answer: nil, isRight: false,
          reasons: true, isCut: false, announces: true), vocabulary)
      let group = SolutionGroup(
        try ProblemLibrary.problem(id: "apples"), prompt: [], [solution])
      let read = try JudgedGroups(
        [group], at: .steps, for: trainee.model, rowLimit: trainee.rowLimit
      ).logits(of: trainee)[0]
      return group.paths[0].map { (read[$0] ?? .nan).bitPattern }
    }
    let (one, other) = (
      try logits(" The answer is 9."), try logits(" The answer is 700 and nothing else.")
    )
    #expect(one.count == 3)
    #expect(one.prefix(2) == other.prefix(2))
    #expect(one[2] != other[2])
  }

  /// A judge that was taught the right labels tells them apart, and shuffled ones it does not.
  @Test func shuffledLabelsCannotBeTold() async throws {
    let trainee = Table.trainee()
    _ = try await training("orm", steps: 30).train(trainee)
    var random = SplitMix64(state: 4)
    var scored: [(score: Double, isPositive: Bool)] = []
    for _ in 0..<2000 {
      let solution = try #require(StepLabelTests.everySolution.randomElement(using: &random))
      scored.append((outcomeScore(trainee, solution), solution.last == Table.right))
    }
    #expect(RankingQuality.area(under: scored) == 1)
    let labels = scored.map(\.isPositive).shuffled(using: &random)
    let area = try #require(
      RankingQuality.area(under: zip(scored, labels).map { ($0.score, $1) }))
    #expect(abs(area - 0.5) < 4 * 0.5 / 2000.0.squareRoot() * 1.2)
  }

  // MARK: The likelihood of steps

  /// A judge that sees how likely a step was learns its weight: here, doubtful steps are wrong.
  @Test func theLikelihoodOfStepsIsWeighed() throws {
    let trainee = Table.trainee()
    let group = StepLabelTests.group()
    let judged = JudgedGroups([group], at: .steps, for: trainee.model, rowLimit: trainee.rowLimit)
    var likelihood: LikelihoodTerm? = LikelihoodTerm()
    var losses: [Double] = []
    for _ in 0..<200 {
      let told = try judged.learn(
        trainee, step: 1, total: 1, likelihood: &likelihood, by: BinaryCrossEntropy.value
      ) { _, _ in
        group.stepLikelihoods.enumerated().map { state, log in
          state == 0 ? nil : Lesson(target: log < -0.5 ? 0 : 1, weight: 1)
        }
      }
      losses.append(told.loss)
      likelihood?.update(rate: LikelihoodTerm.rate)
    }
    let term = try #require(likelihood)
    #expect(term.weight > 0.5)
    #expect(try #require(losses.last) < 0.5 * losses[0])
    // What the file tells is what it learned.
    let read = try #require(LikelihoodTerm(term.named))
    #expect(read.offset(group, 1) == term.offset(group, 1))
  }

  @Test func aTrainingThatGoesOnKeepsTheWeightOfLikelihoods() throws {
    let numbers = ValueHead.Numbers(weights: [1.5, -0.25])
    let recipe = PRMRecipe()
    try recipe.restore(Array(try JSONEncoder().encode(numbers)))
    #expect(
      recipe.verifier == TrainedVerifier(.prm, numbers: ["step_weight": 1.5, "step_bias": -0.25]))
    let other = PRMRecipe()
    try other.restore(try recipe.state)
    #expect(other.verifier == recipe.verifier)
    #expect(throws: LearningError.damagedState("prm")) { try other.restore([1, 2]) }
  }

  /// The file of a judge says how it is read.
  @Test(arguments: [("prm", "prm"), ("value", "prm"), ("orm", "orm")])
  func aJudgeSaysHowItIsRead(recipe: String, verifier: String) async throws {
    let run = try training(
      recipe, steps: 2, recipe == "prm" ? ["step-likelihood": true] : [:]
    ).run(Table.trainee()) { _ in }
    try await run.train()
    let lineage = run.lineage(step: 2)
    #expect(lineage.verifier == verifier)
    #expect(lineage.verifierNumbers.count == (recipe == "prm" ? 2 : 0))
  }

  /// Choices on held-out problems are told beside what needs no judge.
  @Test func figuresStandBesideTheMajority() async throws {
    var quality = JudgementQuality()
    let group = StepLabelTests.group([
      [Table.good, Table.fine, Table.right], [Table.good, Table.odd, Table.wrong],
      [Table.bad, Table.odd, Table.wrong],
    ])
    let right = try #require(group.paths[0].last)
    let logits = group.tree.states.indices.map { $0 == right ? 3.0 : $0 == 0 ? nil : -1 }
    quality.add([group], [logits], aggregate: .last)
    let row = try #require(quality.figures(samples: 3).rows.last)
    #expect(row.majority == 0)
    #expect(row.bestOfN.value == 1)
    #expect(row.bestOfN.gain == 1)
    #expect(row.weightedVote.value == 1)
    #expect(abs(row.one - 1 / 3.0) < 1e-12)
    #expect(row.solutions.area == 1)
  }
}
