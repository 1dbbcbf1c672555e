import Decoding
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces
import Training

@testable import Learning

/// Learning from rewards on a policy whose texts can all be enumerated: expectations are sums.
@Suite struct TablePolicyTests {
  private let prompt = TwoQuestions.prompts[0]

  /// Adds the gradient that recipes add, of every text there is, weighted by its probability.
  ///
  /// - Parameter spoil: what is done to the objective's value before it is handed on.
  private func learn(
    _ trainee: any Trainee, of table: TableTrainee, temperature: Double, baseline: Double,
    reward: ([TokenID]) -> Double,
    spoil: (inout ObjectiveValue, PolicyUpdate.Pass) -> Void = { _, _ in }
  ) throws {
    let texts = table.texts(after: prompt, temperature: temperature)
    let completions = texts.map { text in
      Completion(
        tokens: text.tokens, text: "", answer: nil, isRight: false, reasons: false, isCut: false,
        announces: false, reward: text.probability * (reward(text.tokens) - baseline))
    }
    let group = CompletionGroup(
      question: Question(TwoQuestions.problems[0]), prompt: prompt, completions: completions)
    var update = PolicyUpdate(
      [group], rowLimit: trainee.rowLimit, temperature: temperature
    ) { _ in true }
    _ = try update.accumulate(trainee, step: 1, isFirst: true) { pass, outcome, update in
      let sampled = update.completions(of: pass) { _, number in
        completions[number].tokens.map { _ in completions[number].reward }
      }
      var value = PolicyGradient.value(
        outcome.logProbabilities, sampled, batchCompletions: 1)
      spoil(&value, pass)
      return (value, ())
    }
  }

  private func expected(
    _ trainee: TableTrainee, temperature: Double = 1, reward: ([TokenID]) -> Double
  ) -> Double {
    trainee.texts(after: prompt, temperature: temperature)
      .reduce(0) { $0 + $1.probability * reward($1.tokens) }
  }

  private func isRight(_ text: [TokenID]) -> Double {
    [TwoQuestions.reasoned[0], TwoQuestions.guessed].contains(text) ? 1 : 0
  }

  /// Prefixes after which the policy has a choice.
  private var choices: [[TokenID]] { [prompt, prompt + [5, 7], prompt + [7]] }

  /// How far the gradients that have added up are from that of −E[R], by central differences.
  private func deviation(_ trainee: TableTrainee, temperature: Double) -> Double {
    var worst = 0.0
    for prefix in choices {
      for token: TokenID in [5, 7, 8, 10] {
        let h = 1e-5
        trainee.add(h, toLogitOf: token, after: prefix)
        let above = expected(trainee, temperature: temperature, reward: isRight)
        trainee.add(-2 * h, toLogitOf: token, after: prefix)
        let below = expected(trainee, temperature: temperature, reward: isRight)
        trainee.add(h, toLogitOf: token, after: prefix)
        let slope = -(above - below) / (2 * h)
        worst = max(worst, abs(slope - trainee.gradient(after: prefix)[Int(token)]))
      }
    }
    return worst
  }

  @Test(arguments: [0, 0.3, 2], [1, 1.5, 0.6]) func theMeanStepIsTheGradientOfTheExpectedReward(
    baseline: Double, temperature: Double
  ) throws {
    let trainee = TwoQuestions.trainee()
    try learn(
      trainee, of: trainee, temperature: temperature, baseline: baseline, reward: isRight)
    #expect(deviation(trainee, temperature: temperature) < 1e-6)
  }

  @Test(arguments: [0, 1, -3], [1, 1.5]) func aConstantRewardTeachesNothing(
    baseline: Double, temperature: Double
  ) throws {
    let trainee = TwoQuestions.trainee()
    try learn(trainee, of: trainee, temperature: temperature, baseline: baseline) { _ in 1 }
    for prefix in choices {
      #expect(trainee.gradient(after: prefix).allSatisfy { abs($0) < 1e-6 })
    }
  }

  // MARK: Faults that the law above must notice

  @Test(arguments: FaultyTrainee.Fault.allCases) func aFaultyTraineeIsNoticed(
    fault: FaultyTrainee.Fault
  ) throws {
    let table = TwoQuestions.trainee()
    try learn(
      FaultyTrainee(table, fault), of: table, temperature: 1.5, baseline: 0.3, reward: isRight)
    #expect(deviation(table, temperature: 1.5) > 0.01)
  }

  /// With b = E[R] left in the graph the loss −(R − b) log p has another slope, log p · ∇b.
  @Test func aBaselineThatGradientsFlowThroughIsNoticed() throws {
    let table = TwoQuestions.trainee()
    let texts = table.texts(after: prompt)
    let meanLog = texts.reduce(0) { $0 + $1.probability * log($1.probability) }
    try learn(
      table, of: table, temperature: 1, baseline: expected(table, reward: isRight),
      reward: isRight
    ) { value, pass in
      // ∇b = Σ p R ∇ log p.
      for place in pass.places {
        let text = texts[place.number]
        for target in place.targets {
          value.slopes[target] += Float(meanLog * text.probability * isRight(text.tokens))
        }
      }
    }
    #expect(deviation(table, temperature: 1) > 0.01)
  }

  // MARK: Recipes

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

/// A table with a fault where a trainee differentiates.
final class FaultyTrainee: Trainee {
  enum Fault: CaseIterable {
    /// What should become likelier becomes less likely.
    case sign
    /// No gradient flows through log p.
    case detached
    /// The policy is taken to be the one at temperature 1.
    case temperature
    /// A token of the gradient is lost.
    case lostTarget
  }

  private let table: TableTrainee
  private let fault: Fault

  init(_ table: TableTrainee, _ fault: Fault) { (self.table, self.fault) = (table, fault) }

  func forward(_ rows: PackedRows) -> TrainingPass.Outcome {
    var rows = rows
    if fault == .temperature { rows.temperature = 1 }
    return table.forward(rows)
  }

  func backward(slopes: [Float], entropySlopes: [Float]?) {
    var slopes = slopes
    switch fault {
    case .sign: slopes = slopes.map { -$0 }
    case .detached: slopes = slopes.map { _ in 0 }
    case .temperature: break
    case .lostTarget: if !slopes.isEmpty { slopes[0] = 0 }
    }
    table.backward(slopes: slopes, entropySlopes: entropySlopes)
  }

  var model: any LanguageModel { table.model }
  var modelAtStart: any LanguageModel { table.modelAtStart }
  var parameterCount: Int { table.parameterCount }
  var step: Int { table.step }
  func forwardAtStart(_ rows: PackedRows) -> TrainingPass.Outcome { table.forwardAtStart(rows) }
  func update(rate: Double, maxNorm: Double) throws -> Double {
    try table.update(rate: rate, maxNorm: maxNorm)
  }
  func restart() { table.restart() }
}
