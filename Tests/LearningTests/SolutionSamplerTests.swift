import Decoding
import Foundation
import LearningFixtures
import Testing
import Traces

@testable import Learning
@testable import Problems

/// Sampling solutions to a file.
@Suite struct SolutionSamplerTests {
  private func sampler(
    _ samples: Int = 8, seed: UInt64 = 3, temperature: Double? = nil
  ) -> SolutionSampler {
    var settings = RunSettings(seed: seed)
    settings.prompting = "plain"
    settings.samples = samples
    settings.temperature = temperature
    return SolutionSampler(
      model: TwoQuestions.trainee().model, library: BundledTrainee.library, settings: settings)
  }

  @Test func partsMakeTheWhole() async throws {
    let problems = TwoQuestions.problems
    let whole = try await sampler().sample(problems)
    let parts = [
      try await sampler().sample([problems[0]]),
      try await sampler().sample([problems[1]], first: 1),
    ]
    #expect(whole == parts.flatMap { $0 })
    #expect(zip(whole, problems).allSatisfy { sampler().made($0, of: $1) })
    #expect(!sampler(9).made(whole[0], of: problems[0]))
    #expect(!sampler(seed: 4).made(whole[0], of: problems[0]))
    #expect(!sampler().made(whole[0], of: problems[1]))
  }

  /// Whatever the temperature, Σ log p is the model's own.
  @Test(arguments: [1, 0.5, 3]) func probabilitiesAreTheModels(temperature: Double) async throws {
    let trainee = TwoQuestions.trainee()
    let line = try await sampler(40, temperature: temperature)
      .sample([TwoQuestions.problems[0]])[0]
    var chances: [String: Double] = [:]
    for text in trainee.texts(after: TwoQuestions.prompts[0]) {
      let words = text.tokens.filter { $0 != TwoQuestions.end }
        .map { trainee.model.vocabulary.token($0).text }.joined()
      chances[words, default: 0] += text.probability
    }
    #expect(Set(line.completions).count > 1)
    for (completion, value) in zip(line.completions, line.logProbabilities) {
      #expect(abs(exp(value) - (chances[completion] ?? 0)) < 1e-6, "\(completion)")
    }
    for (completion, isRight) in zip(line.completions, line.correct) {
      #expect(isRight == completion.hasSuffix(" 8."))
    }
  }
}
