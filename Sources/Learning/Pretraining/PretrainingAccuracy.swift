public import Decoding
import Measuring
import Problems
public import Reasoning
import Traces

/// How often a model in training solves problems of the dev split, greedily and after the words "Let's
/// think step by step.": where chain of thought emerges.
public struct PretrainingAccuracy: Sendable {
  private let prompts: PromptLibrary
  /// Problems of each family.
  private let count: Int

  private static let slots = 24

  public init(prompts: PromptLibrary, count: Int) {
    self.prompts = prompts
    self.count = count
  }

  /// - Returns: accuracies by family, `all` for their mean, and strategy; nil when cancelled.
  /// - Throws: `StrategyError` when the model cannot go on.
  public func measure(_ model: any LanguageModel) async throws -> [String: [String: Double]]? {
    let questions = try ProblemLibrary.coreFamilies.flatMap { family in
      try ProblemLibrary.problems(family: family.name, split: .dev, count: count, seed: 1)
    }.map { Question($0) }
    let evaluation = Evaluation(
      decoder: Decoder(model: model, slots: Self.slots), prompts: prompts, settings: RunSettings())
    var accuracy: [String: [String: Double]] = [:]
    for name in ["greedy", "cot"] {
      let strategy = try StrategyRegistry.strategy(named: name)
      let results = try await evaluation.results(of: strategy, on: questions)
      guard results.count == questions.count else { return nil }
      for row in Evaluation.rows(results, strategy: name, questions: questions, seconds: 0) {
        accuracy[row.family, default: [:]][name] = (row.accuracy * 1e4).rounded() / 1e4
      }
    }
    return accuracy
  }
}
