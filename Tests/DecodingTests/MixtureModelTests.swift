import DecodingFixtures
import Foundation
import Testing

@testable import Decoding

@Suite struct MixtureModelTests {
  private static let pieces = ["Q", " a", " b", " c", "<end>"]

  private static func table(
    _ name: String, _ chances: [[TokenID: Double]], pieces: [String] = pieces
  ) -> TableLanguageModel {
    TableLanguageModel(name: name, pieces: pieces, end: 4) { prefix in
      prefix.count <= chances.count ? chances[prefix.count - 1] : [4: 1]
    }
  }

  // New ones each time, with nothing looked up yet.
  private static var first: TableLanguageModel {
    table("first", [[1: 0.7, 2: 0.3], [3: 0.5, 4: 0.5]])
  }
  private static var second: TableLanguageModel {
    table("second", [[1: 0.1, 2: 0.2, 3: 0.7], [3: 1]])
  }

  /// The law of the mixture over whole texts: at every token the weighted mean.
  @Test(arguments: [[1.0, 1], [3, 1], [0, 1]])
  func everyDistributionIsTheWeightedMean(weights: [Double]) throws {
    let mixture = try MixtureModel([Self.first, Self.second], weights: weights)
    let total = weights.reduce(0, +)
    for prefix in [[0], [0, 1], [0, 2], [0, 3], [0, 1, 3]] as [[TokenID]] {
      let mixed = try mixture.distribution(after: prefix)
      let (a, b) = (
        try Self.first.distribution(after: prefix), try Self.second.distribution(after: prefix)
      )
      var sum = 0.0
      for token in 0..<TokenID(Self.pieces.count) {
        let mean =
          (weights[0] * a.probability(of: token) + weights[1] * b.probability(of: token)) / total
        #expect(abs(mixed.probability(of: token) - mean) < 1e-6)
        sum += mixed.probability(of: token)
      }
      #expect(abs(sum - 1) < 1e-6)
    }
  }

  /// It is no mean of logits: what one model rules out stays possible, and neither is it the mean of
  /// the texts' probabilities, which would never let the models change places within one text.
  @Test func whatOneModelRulesOutStaysPossible() throws {
    let mixture = try MixtureModel([Self.first, Self.second])
    let start = try mixture.distribution(after: [0])
    #expect(abs(start.probability(of: 3) - 0.35) < 1e-6)
    let then = try mixture.distribution(after: [0, 3])
    #expect(abs(start.probability(of: 3) * then.probability(of: 4) - 0.35 * 0.25) < 1e-6)
  }

  @Test func theDecoderRunsItLikeAnyModel() async throws {
    let decoder = Decoder(model: try MixtureModel([Self.first, Self.second]), slots: 4)
    let start = decoder.insert([0])
    let results = await decoder.decode([
      Continuation(
        start: start, path: 0, sampler: GreedySampler(), stop: StopRule(endTokens: [4]), budget: 9)
    ])
    // .40 for a, .25 for b, .35 for c; then .75 for c.
    #expect(results.first?.tokens == [1, 3, 4])
    #expect(results.first?.prefilled == 1)
    let chance = exp(try #require(results.first?.logProbability))
    #expect(abs(chance - 0.4 * 0.75) < 1e-6)
  }

  @Test func membersAreNamedByTheirHashes() throws {
    let identity = try MixtureModel([Self.first, Self.second]).identity
    #expect(identity.hash == "table-first+table-second")
    #expect(identity.name == "first + second")
  }

  @Test func onlyOneVocabularyCanBeMixed() {
    let other = Self.table("other", [], pieces: ["Q", " a", " x", " c", "<end>"])
    #expect(throws: MixtureError.vocabularies("first", "other", token: 2)) {
      try MixtureModel([Self.first, other])
    }
    let longer = Self.table("longer", [], pieces: Self.pieces + [" d"])
    #expect(throws: MixtureError.vocabularies("first", "longer", token: 5)) {
      try MixtureModel([Self.first, longer])
    }
    #expect(throws: MixtureError.tooFew) { try MixtureModel([Self.first]) }
    for weights in [[1.0], [1, -1], [0, 0], [.nan, 1]] {
      #expect(throws: MixtureError.weights) {
        try MixtureModel([Self.first, Self.second], weights: weights)
      }
    }
  }
}
