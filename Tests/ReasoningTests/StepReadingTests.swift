import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

/// A process verifier that reads solutions as they grow.
@Suite struct StepReadingTests {
  private func run(_ model: TableLanguageModel) -> Run {
    let text = model.vocabulary.token(0).text
    return Run(
      number: 1, question: Question(text: text, kind: .number, isRaw: true),
      settings: RunSettings(), decoder: Decoder(model: model, slots: 8),
      prompt: Prompt(text: text), sink: { _ in })
  }

  @Test(arguments: [false, true])
  func readingOnGivesWhatReadingAnewGives(restates: Bool) async throws {
    func model() -> TableLanguageModel {
      restates
        ? RestatingStepVerifierTests.model() : StepVerifierTests.model(StepVerifierTests.digest)
    }
    let verifier = StepVerifier(aggregate: .min, restates: restates)
    let run = run(model())
    var readings = [StepReading(), StepReading()]
    let stages = [["a.", "b."], ["a. c.", "b."], ["a. c. b.", "b. a. a."]]
    for texts in stages {
      let solutions = texts.enumerated().map { CandidateSolution(path: $0, text: $1) }
      readings = try await verifier.read(solutions, after: readings, in: run)
      for (text, reading) in zip(texts, readings) {
        let (anew, _, _) = try await VerifierTable.assess(verifier, [text], model: model())
        #expect(reading.scores == anew[0].steps)
        #expect(verifier.assessment(reading) == anew[0])
      }
    }
    // Only what is new is put in: the question, and each step with its marks once.
    guard !restates else { return }
    #expect(run.counts.injected == 1 + (3 * 3 - 1) + (3 * 3 - 1))
  }

  @Test func whatDoesNotFitHasNoScoreAndIsNotReadOn() async throws {
    let small = TableLanguageModel(
      name: "small", pieces: StepVerifierTests.pieces, end: 7, contextLength: 6
    ) { prefix in prefix.last == 4 ? [5: 0.5, 6: 0.5] : [7: 1] }
    let run = run(small)
    let verifier = StepVerifier(aggregate: .last)
    var readings = [StepReading()]
    for (text, value) in [("a.", 0.5), ("a. b.", nil), ("a. b. c.", nil)] {
      readings = try await verifier.read(
        [CandidateSolution(path: 0, text: text)], after: readings, in: run)
      #expect(verifier.assessment(readings[0]).value == value)
    }
    #expect(readings[0].scores == [0.5])
  }
}
