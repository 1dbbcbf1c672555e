import Decoding
import Foundation
import StrategyFixtures
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// Strategies that are turned up to a budget of tokens.
@Suite struct TokenBudgetTests {
  private let questions = (0..<6).map { _ in Question(text: "How many?", gold: "8") }

  private func evaluation(_ settings: RunSettings = RunSettings(maxTokens: 12)) -> Evaluation {
    Evaluation(
      decoder: Decoder(model: EveryTable.model(), slots: 4),
      prompts: PromptLibrary(directory: PromptTemplateTests.samples.path + "/Prompts"),
      settings: settings)
  }

  private func cost(_ strategy: any Strategy, _ settings: RunSettings) async throws -> Double {
    let results = try await evaluation(settings).results(of: strategy, on: questions)
    return Double(results.reduce(0) { $0 + $1.end.tokens.spent }) / Double(results.count)
  }

  /// What is chosen costs no more than the budget, and the next more would: by a run of its own.
  @Test(arguments: ["self-consistency", "best-of-n", "genrm", "cot-decoding", "step-beam"])
  func isTheMostThatFits(name: String) async throws {
    let strategy = try StrategyRegistry.strategy(named: name)
    let budget = 3 * (try await cost(strategy, RunSettings(samples: 4, branches: 2, maxTokens: 12)))
    let own = RunSettings(branches: name == "step-beam" ? 2 : nil, maxTokens: 12)
    let fit = try #require(
      try await evaluation(own).fit(strategy, to: questions, within: Int(budget)))
    let knob = try #require(fit.knob)
    let value = try #require(fit.value)
    #expect(fit.meanTokens <= budget)
    #expect(fit.meanTokens == (try await cost(strategy, fit.settings)))
    // A beam over first tokens cannot be wider than there are tokens.
    guard name != "cot-decoding" else { return }
    #expect(value > knob.least)
    #expect(
      try await cost(strategy, knob.turned(to: value + knob.step, in: own)) > Double(Int(budget)))
  }

  @Test func aStrategyThatCannotDoWithLessKeepsItsLeast() async throws {
    let fit = try await evaluation().fit(SelfConsistency(), to: questions, within: 1)
    #expect(fit?.value == 1)
    #expect((fit?.meanTokens ?? 0) > 1)
    let greedy = try await evaluation().fit(Greedy(), to: questions, within: 1)
    #expect(greedy?.knob == nil)
    #expect(greedy?.settings == RunSettings(maxTokens: 12))
  }

  /// A question that does not fit the model's context counts as unanswered, and the others go on.
  @Test func aQuestionThatDoesNotFitIsUnanswered() async throws {
    let long = Question(text: String(repeating: " a.", count: 5000), gold: "8")
    let results = try await evaluation().results(
      of: SelfConsistency(), on: [questions[0], long, questions[1]])
    #expect(results.map(\.fits) == [true, false, true])
    #expect(!results[1].isCorrect)
    #expect(results[1].isMajorityCorrect == false)
    #expect(results[1].end.tokens == TokenCounts())
    #expect(results[0].end.tokens.generated > 0)
  }

  /// Beams take as many samples at a time as they go ways on.
  @Test func knobs() {
    func knob(_ strategy: any Strategy.Type, branches: Int? = nil) -> StrategyKnob? {
      strategy.description.knob(RunSettings(branches: branches))
    }
    #expect(knob(StepBeam.self) == StrategyKnob(setting: .samples, least: 4, step: 4, most: 256))
    #expect(
      knob(StepBeam.self, branches: 3)
        == StrategyKnob(setting: .samples, least: 3, step: 3, most: 256))
    #expect(knob(MCTS.self) == StrategyKnob(setting: .samples, least: 1, step: 1, most: 256))
    #expect(knob(BudgetForcing.self) == StrategyKnob(setting: .waits, least: 0, step: 1, most: 6))
    #expect(knob(CoTDecoding.self)?.setting == .branches)
    #expect(knob(Greedy.self) == nil)
    #expect(knob(StepBeam.self)?.values(upTo: 20) == [4, 8, 16])
    #expect(knob(BudgetForcing.self)?.values(upTo: 5) == [0, 1, 2, 4])
  }
}
