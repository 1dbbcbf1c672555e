import Decoding
import Foundation
import Testing

/// Lists of the likeliest tokens: what they tell is exact, and what they do not tell stays unknown.
@Suite struct TruncatedDistributionTests {
  private static let full: [Double] = (0..<40).map { exp(-Double($0) / 3) }.normalized

  /// A distribution, and what is left of it where only the likeliest are told.
  private static func pair(_ count: Int) -> (whole: TokenDistribution, part: TokenDistribution) {
    let logs = full.map { log($0) }
    let listed = logs.enumerated().prefix(count).map {
      (token: TokenID($0.offset), logProbability: $0.element)
    }
    return (
      TokenDistribution(logits: logs.map(Float.init)),
      TokenDistribution(listed: listed, vocabularySize: full.count)
    )
  }

  @Test(arguments: [1, 2, 5, 20, 39])
  func listedProbabilitiesAreExactAndTheRestIsANumber(count: Int) {
    let (whole, part) = Self.pair(count)
    #expect(!part.isComplete)
    #expect(part.isProper)
    #expect(part.unlistedCount == 40 - count)
    for token in 0..<TokenID(count) {
      #expect(abs(part.probability(of: token) - whole.probability(of: token)) < 1e-6)
      #expect(part.rank(of: token) == whole.rank(of: token))
    }
    #expect(abs(part.restMass - Self.full[count...].reduce(0, +)) < 1e-9)
    #expect(part.knownLogProbability(of: TokenID(count)) == nil)
    #expect(part.rank(of: 39) == count + 1)
  }

  @Test(arguments: 1...39)
  func entropyIsALowerBound(count: Int) {
    let (whole, part) = Self.pair(count)
    #expect(part.entropy <= whole.entropy + 1e-6)
  }

  /// Longer lists tell more.
  @Test func theBoundRisesWithTheList() {
    let bounds = (1...39).map { Self.pair($0).part.entropy }
    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 <= $1 + 1e-9 })
    #expect(abs((bounds.last ?? 0) - Self.pair(39).whole.entropy) < 1e-2)
  }

  @Test func aWholeListIsAWholeDistribution() {
    let (whole, part) = Self.pair(40)
    #expect(part.isComplete)
    #expect(part.restMass == 0)
    #expect(part.logits == whole.logits)
    #expect(part.logSumExp == whole.logSumExp)
  }

  /// Sampling chooses as top-k would with as many tokens as are listed.
  @Test(arguments: [0.3, 0.7, 1, 1.6])
  func samplingIsTopKOfTheListed(temperature: Double) {
    let (whole, part) = Self.pair(6)
    for step in 0..<400 {
      let u = PathRandom(seed: 3, path: 0).uniform(at: step)
      let expected = whole.sample(SamplingSettings(temperature: temperature, topK: 6), at: u)
      #expect(part.sample(SamplingSettings(temperature: temperature, topK: 6), at: u) == expected)
      #expect(part.sample(SamplingSettings(temperature: temperature), at: u) < 6)
    }
  }

  @Test(arguments: [
    SamplingSettings(temperature: 1), SamplingSettings(temperature: 1.5),
    SamplingSettings(temperature: 1, topP: 0.9), SamplingSettings(temperature: 0.5, topK: 30),
    SamplingSettings(temperature: 1, minP: 0.01),
  ])
  func theTableShowsTheRestAndWhatTheSamplerDoes(settings: SamplingSettings) {
    let (_, part) = Self.pair(6)
    let live = NextTokenTable(part, settings: settings, rows: 10)
    #expect(live.isTruncated)
    #expect(live.rows.count == 6)
    #expect(live.restCount == 34)
    #expect(abs(live.restRaw - part.restMass) < 1e-6)
    #expect(abs(live.rows.reduce(0) { $0 + ($1.shaped ?? 0) } - 1) < 1e-9)
    #expect(live.restShaped == 0)
    // What was saved says the same.
    let saved = NextTokenTable(part.summary(), settings: settings, rows: 10)
    #expect(saved == live)
  }

  /// Where fewer are saved than were told, what they have after the settings cannot be told.
  @Test func aSummaryOfFewerIsUnknownAfterTheSettings() {
    let summary = Self.pair(6).part.summary(detail: 3)
    #expect(summary.listedCount == 6)
    let table = NextTokenTable(summary, settings: SamplingSettings(temperature: 1.5), rows: 10)
    #expect(table.rows.allSatisfy { $0.shaped == nil })
    let greedy = NextTokenTable(summary, settings: .greedy, rows: 10)
    #expect(greedy.rows.first?.shaped == 1)
  }

  @Test func nothingListedCannotBeSampled() {
    #expect(!TokenDistribution(listed: [], vocabularySize: 4).isProper)
    let impossible = [(token: TokenID(0), logProbability: -Double.infinity)]
    #expect(!TokenDistribution(listed: impossible, vocabularySize: 4).isProper)
  }

  @Test func tokensOutsideTheVocabularyAreLeftOut() {
    let listed = [
      (token: TokenID(9), logProbability: -0.1), (token: TokenID(1), logProbability: -1),
    ]
    let distribution = TokenDistribution(listed: listed, vocabularySize: 4)
    #expect(distribution.likeliest(4) == [1])
    #expect(distribution.unlistedCount == 3)
  }
}

extension [Double] {
  fileprivate var normalized: [Double] {
    let sum = reduce(0, +)
    return map { $0 / sum }
  }
}
