import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine
@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// Everything that the program shows comes from the weights. With weights drawn at random nothing
/// of it may be left: accuracy falls to chance, Δ no longer tells anything, and a vote is no
/// better than a path.
@Suite struct AblationTests {
  static let samples = Program.fixtures.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Samples")

  struct Measured {
    var greedy: Double
    var vote: Double
    /// Mean Δ of the CoT-decoding branches.
    var delta: Double
    /// Mean Δ of right paths less mean Δ of wrong ones; 0 when there are none of either.
    var gap: Double
  }

  /// Questions whose answers cannot be guessed: chance is next to 0.
  static func questions() throws -> [Question] {
    try ["compare", "story"].flatMap {
      try ProblemLibrary.problems(family: $0, split: .dev, count: 12, seed: 3).map(Question.init)
    }
  }

  static func measure(_ model: TransformerModel) async throws -> Measured {
    let evaluation = Evaluation(
      decoder: Decoder(model: model, slots: 16),
      prompts: PromptLibrary(directory: samples.appending(path: "Prompts").path),
      settings: RunSettings(samples: 10, branches: 10, maxTokens: 96))
    let questions = try questions()
    func accuracy(_ results: [Evaluation.Result]) -> Double {
      Double(results.count(where: \.isCorrect)) / Double(results.count)
    }
    let greedy = try await evaluation.results(of: Greedy(), on: questions)
    let vote = try await evaluation.results(of: SelfConsistency(), on: questions)
    let branches = try await evaluation.results(of: CoTDecoding(), on: questions)
    let scored = branches.flatMap(\.scored)
    func mean(_ values: [Double]) -> Double {
      values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
    let right = scored.filter(\.isPositive).map(\.score)
    let wrong = scored.filter { !$0.isPositive }.map(\.score)
    return Measured(
      greedy: accuracy(greedy), vote: accuracy(vote), delta: mean(scored.map(\.score)),
      gap: right.isEmpty || wrong.isEmpty ? 0 : mean(right) - mean(wrong))
  }

  /// The bundled model, and one like it whose weights are drawn at random.
  static func models() throws -> (trained: TransformerModel, random: TransformerModel) {
    let folder = samples.appending(path: "Models")
    let name = try String(
      contentsOf: folder.appending(path: "default.txt"), encoding: .utf8
    ).trimmingCharacters(in: .whitespacesAndNewlines)
    let file = try GGUFFile(path: folder.appending(path: name).path)
    let trained = try ModelLoader.load(file, name: "trained", options: EngineOptions(threads: 2))
    let random = try TransformerModel(
      configuration: trained.configuration,
      weights: InMemoryWeightStore.randomized(
        like: MappedWeightStore(file, name: "random"), seed: 11),
      vocabulary: file.vocabulary(), options: EngineOptions(threads: 2))
    #expect(random.identity.hash != trained.identity.hash)
    return (trained, random)
  }

  @Test func randomWeightsKnowNothing() async throws {
    let (trained, random) = try Self.models()
    // The trained model is the control: the same measurement must find something in it.
    let control = try await Self.measure(trained)
    #expect(control.vote >= 0.5)
    #expect(control.vote > control.greedy)
    #expect(control.gap > 0.2)

    let chance = try await Self.measure(random)
    #expect(chance.greedy <= 0.1)
    #expect(chance.vote <= 0.1)
    #expect(chance.delta < 0.2)
    #expect(abs(chance.gap) < 0.2)
  }

  /// How well verifiers tell right solutions from corrupted ones: areas under the curve.
  private static func areas(_ model: TransformerModel) async throws -> [Double] {
    let pairs = try ["compare", "story"].flatMap {
      JudgedPair.pairs(
        family: try ProblemLibrary.family($0), split: .dev, count: 10, seed: 3)
    }
    let verifiers = [VerifierName.prmRestated, .genrm]
    let rows = try await Evaluation(
      decoder: Decoder(model: model, slots: 16),
      prompts: PromptLibrary(directory: samples.appending(path: "Prompts").path),
      settings: RunSettings(aggregate: .min, rationales: 2)
    ).compareVerifiers(of: verifiers, samplesOf: [], pairs: pairs).quality
    return verifiers.compactMap { name in
      rows.first {
        $0.subject.verifier == name && $0.subject.target == .solution && $0.family == "pooled"
      }?.quality.area
    }
  }

  /// Searching, thinking longer and looking again make nothing of nothing.
  @Test func randomWeightsGainNothingByTechnique() async throws {
    let (trained, random) = try Self.models()
    for (model, isTrained) in [(trained, true), (random, false)] {
      let areas = try await Self.areas(model)
      #expect(areas.count == 2)
      // 20 pairs: a standard error of about .09 where nothing is told apart.
      #expect(areas.allSatisfy { isTrained ? $0 > 0.7 : abs($0 - 0.5) < 0.3 }, "\(areas)")
      let evaluation = Evaluation(
        decoder: Decoder(model: model, slots: 16),
        prompts: PromptLibrary(directory: Self.samples.appending(path: "Prompts").path),
        settings: RunSettings(
          samples: 4, branches: 2, maxTokens: 48, verifier: .prm, thinkingBudget: 40))
      let questions = try ProblemLibrary.problems(
        family: "compare", split: .dev, count: 8, seed: 3
      ).map(Question.init)
      let strategies: [any Strategy] = [StepBeam(), BudgetForcing(), SelfCorrect()]
      for strategy in strategies {
        let results = try await evaluation.results(of: strategy, on: questions)
        let right = results.count(where: \.isCorrect)
        let name = type(of: strategy).description.name
        #expect(isTrained ? right >= 3 : right <= 1, "\(name): \(right) of \(results.count)")
      }
    }
  }
}
