import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

/// The control of every strategy: a plain vote on as many tokens.
@Suite struct EqualTokenVoteTests {
  private static func evaluation(
    _ model: TableLanguageModel, _ settings: RunSettings
  ) -> Evaluation {
    Evaluation(
      decoder: Decoder(model: model, slots: 8), prompts: PromptLibrary(directory: ""),
      settings: settings, comparesVote: true)
  }

  private static func question(_ model: TableLanguageModel) -> Question {
    Question(text: model.vocabulary.token(0).text, gold: "8", kind: .number, isRaw: true)
  }

  /// A vote held against itself is itself, to the token.
  @Test(arguments: 1...12) func aVoteIsItsOwnControl(samples: Int) async throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let evaluation = Self.evaluation(
        .apples, RunSettings(seed: seed, samples: samples, temperature: 1))
      let results = try await evaluation.results(
        of: SelfConsistency(), on: [Self.question(.apples)])
      let result = try #require(results.first)
      #expect(result.isVoteCorrect == result.isCorrect)
      #expect(result.voteTokens == result.end.tokens.generated)
    }
  }

  /// No sample more fits in, and none is counted that does not fit, but for the first.
  @Test(arguments: [0, 1, 7, 40, 41, 150]) func theVoteStaysWithinItsBudget(budget: Int)
    async throws
  {
    let settings = RunSettings(seed: 3, temperature: 1)
    let vote = try #require(
      try await Self.evaluation(.apples, settings).vote(
        on: Self.question(.apples), within: budget))
    var whole = settings
    whole.samples = vote.samples + 1
    let run = try await StrategyBench().trace(SelfConsistency(), whole)
    let costs = try (0...vote.samples).map { try #require(run.paths[$0]?.end).generated }
    #expect(vote.tokens == costs.dropLast().reduce(0, +))
    #expect(vote.tokens <= budget || vote.samples == 1)
    #expect(costs.reduce(0, +) > budget)
    #expect(vote.answer == run.tallies[.majority]?[vote.samples - 1].winner)
  }

  /// Looking again takes eight tokens and one that is put in, two samples four each: a tie goes to the
  /// first, so that the control is right with p(8) = .4, and the strategy with .4 · .75 + .6 · .5 = .6.
  @Test func lookingAgainIsHeldAgainstTwoSamples() async throws {
    let runs = 300
    var (own, control) = (0, 0)
    for seed in 1...UInt64(runs) {
      let model = SelfCorrectTests.model()
      let results = try await Self.evaluation(model, RunSettings(seed: seed, temperature: 1))
        .results(of: SelfCorrect(), on: [Self.question(model)])
      let result = try #require(results.first)
      #expect(result.end.tokens.spent == 9)
      #expect(result.voteTokens == 8)
      if result.isCorrect { own += 1 }
      if result.isVoteCorrect == true { control += 1 }
    }
    for (count, chance) in [(own, 0.6), (control, 0.4)] {
      let error = (chance * (1 - chance) / Double(runs)).squareRoot()
      #expect(abs(Double(count) / Double(runs) - chance) < 4 * error)
    }
  }

  @Test func rowsTellOfItOnlyWhereItWasAskedFor() async throws {
    var evaluation = Self.evaluation(.apples, RunSettings(temperature: 1))
    let questions = [Self.question(.apples)]
    func rows() async throws -> [EvaluationRow] {
      Evaluation.rows(
        try await evaluation.results(of: Greedy(), on: questions), strategy: "greedy",
        questions: questions, seconds: 1)
    }
    let compared = try await rows()
    #expect(compared.count == 2)
    #expect(compared.allSatisfy { $0.equalTokenVote != nil })
    #expect(compared.allSatisfy { ($0.equalTokenVoteTokens ?? 0) > 0 })
    evaluation.comparesVote = false
    let plain = try await rows()
    #expect(plain.allSatisfy { $0.equalTokenVote == nil && $0.equalTokenVoteTokens == nil })
  }
}
