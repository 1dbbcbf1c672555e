import Decoding
import DecodingFixtures
import Foundation
import Testing

/// Texts that are given, scored by a model whose every probability is known.
@Suite struct TextScoreTests {
  let decoder = Decoder(model: TableLanguageModel.apples, slots: 1)

  @Test func figuresAreThoseOfTheTable() async throws {
    // " 5" after the question has .34, " The answer is" 1, " 8" then .08.
    let score = try await decoder.score([1, 6, 7], after: [0], alternatives: 2, asked: [1])
    let figures = score.tokens.compactMap(\.figures)
    #expect(figures.map(\.rank) == [1, 1, 3])
    for (figure, p) in zip(figures, [0.34, 1, 0.08]) {
      #expect(abs(figure.probability - p) < 1e-6)
      #expect(abs(figure.surprisal + log2(p)) < 1e-5)
    }
    #expect(figures[2].alternatives.map(\.id) == [1, 8])
    #expect(abs(exp(figures[2].asked[0]) - 0.8) < 1e-6)
    #expect(abs(score.bits + log2(0.34 * 0.08)) < 1e-5)
    let bytes = " 5 The answer is 8".utf8.count
    #expect(score.bytes == bytes)
    #expect(abs(try #require(score.bitsPerByte) - score.bits / Double(bytes)) < 1e-12)
    #expect(abs(try #require(score.perplexity) - pow(2, score.bits / 3)) < 1e-6)
  }

  @Test func aTokenThatNothingStandsBeforeHasNoFigures() async throws {
    let score = try await decoder.score([0, 1])
    #expect(score.tokens[0].figures == nil)
    #expect(score.scored == 1)
    #expect(score.bytes == 2)
    let alone = try await decoder.score([0])
    #expect(alone.perplexity == nil)
    #expect(alone.bitsPerByte == nil)
  }

  @Test func whatCannotComeIsInfinitelySurprising() async throws {
    let score = try await decoder.score([7], after: [0])
    #expect(score.bits == .infinity)
    #expect(score.tokens[0].figures?.probability == 0)
  }

  /// Σ log p of a text is that of the path a model would have decoded, in pieces or not.
  @Test func aLongTextIsScoredLikeAShortOne() async throws {
    let text = Array(repeating: [1, 6, 1, 10] as [TokenID], count: 65).flatMap { $0 }
    let whole = try await decoder.score(text, after: [0], alternatives: 1)
    #expect(whole.tokens.map(\.id) == text)
    for cut in [1, 127, 128, 129] {
      let rest = try await decoder.score(
        Array(text[cut...]), after: [0] + text[..<cut], alternatives: 1)
      #expect(rest.tokens == Array(whole.tokens[cut...]))
    }
  }

  @Test func whatTheModelDoesNotHaveIsRefused() async throws {
    await #expect(throws: LanguageModelError.tokenOutOfRange(13, vocabularySize: 13)) {
      try await decoder.score([13], after: [0])
    }
    await #expect(throws: LanguageModelError.tokenOutOfRange(-1, vocabularySize: 13)) {
      try await decoder.score([1], after: [0], asked: [-1])
    }
    let short = Decoder(
      model: TableLanguageModel(
        name: "short", pieces: ["a", "<end>"], end: 1, contextLength: 8
      ) { _ in [0: 1] }, slots: 1)
    await #expect(throws: LanguageModelError.contextExceeded(length: 9, limit: 8)) {
      try await short.score(Array(repeating: 0, count: 8), after: [0])
    }
    let longest = try await short.score(Array(repeating: 0, count: 7), after: [0])
    #expect(longest.scored == 7)
  }
}
