import Decoding
import DecodingFixtures
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct ExactVerifierTests {
  private func run(
    _ question: Question, log: @escaping @Sendable (TraceRecord) -> Void = { _ in }
  ) -> Run {
    Run(
      number: 1, question: question, settings: RunSettings(),
      decoder: Decoder(model: TableLanguageModel.apples, slots: 2),
      prompt: Prompt(text: question.text), sink: log)
  }

  @Test func theFamiliesAreThoseWithAChecker() {
    let names = ExactVerifier.families.map(\.name)
    #expect(names == ["countdown", "latin", "square", "puzzle2025"])
  }

  /// The checker's word, whatever the gold answer is said to be, and for no token.
  @Test(arguments: ["countdown", "latin", "puzzle2025"])
  func itSaysWhatTheFamilysCheckerSays(name: String) async throws {
    let family = try ProblemLibrary.family(name)
    let problem = try ProblemLibrary.problem(ProblemID(family: name, level: 1, seed: 3, index: 1))
    let wrong = try ProblemLibrary.problem(ProblemID(family: name, level: 1, seed: 3, index: 2))
    let answers = [wrong.answer, problem.answer, "5"]
    let texts = answers.map { "The answer is \($0)." } + ["Hm", ""]
    let checked = try answers.map { answer in
      try #require(family.check(answer, of: problem.question)).isRight ? 1.0 : 0
    }
    #expect(checked == [0, 1, 0])
    for gold in [nil, problem.answer, wrong.answer] {
      var question = Question(problem)
      question.gold = gold
      let log = Mutex<[TraceRecord]>([])
      let run = run(question) { record in log.withLock { $0.append(record) } }
      let found = try await ExactVerifier().assess(
        texts.enumerated().map { CandidateSolution(path: $0, text: $1) }, in: run)
      #expect(found.map(\.value) == checked + [0, nil])
      #expect(run.counts == TokenCounts())
      let told = log.withLock { $0 }.compactMap { record -> Double? in
        guard case .score(let score) = record.event, score.kind == .exact else { return nil }
        return score.value
      }
      #expect(told == checked + [0])
      let outcomes = texts.enumerated().map { path, text in
        PathOutcome(path: path, reason: .endOfText, answer: text, logProbability: 0, generated: 1)
      }
      #expect(BestOfN.top(outcomes, found.map(\.value))?.path == 1)
    }
  }

  @Test func aQuestionWithoutACheckerIsRefused() async throws {
    let story = Question(
      try ProblemLibrary.problem(ProblemID(family: "story", seed: 1, index: 1)))
    for question in [story, Question(text: "Use 2, 3 and 7 to make 13.")] {
      #expect(!ExactVerifier.canJudge(question))
      let run = run(question)
      await #expect(
        throws: StrategyError.uncheckable(["countdown", "latin", "square", "puzzle2025"])
      ) {
        try await ExactVerifier().assess([CandidateSolution(path: 0, text: "8")], in: run)
      }
    }
  }
}
