import Decoding
import Foundation
import Testing

@Suite struct SamplingTests {
  static func randomDistribution(_ random: inout SplitMix64, count: Int) -> TokenDistribution {
    TokenDistribution(logits: (0..<count).map { _ in Float.random(in: -6...6, using: &random) })
  }

  /// An independent statement of the rules, over plain arrays.
  static func shapedByDefinition(
    _ distribution: TokenDistribution, _ settings: SamplingSettings
  ) -> [Double] {
    let logits = distribution.logits.map(Double.init)
    let order = logits.indices.sorted {
      logits[$0] > logits[$1] || (logits[$0] == logits[$1] && $0 < $1)
    }
    if settings.temperature == 0 {
      return logits.indices.map { $0 == order[0] ? 1 : 0 }
    }
    var p = logits.map { exp($0 / settings.temperature) }
    func renormalise() {
      let sum = p.reduce(0, +)
      p = p.map { $0 / sum }
    }
    renormalise()
    if let k = settings.topK {
      for index in order.dropFirst(k) { p[index] = 0 }
      renormalise()
    }
    if let topP = settings.topP {
      var sum = 0.0
      for index in order {
        if sum >= topP { p[index] = 0 }
        sum += p[index]
      }
      renormalise()
    }
    if let minP = settings.minP {
      for index in order where p[index] < minP * p[order[0]] { p[index] = 0 }
      renormalise()
    }
    return p
  }

  @Test(arguments: [
    SamplingSettings(temperature: 0), SamplingSettings(temperature: 1),
    SamplingSettings(temperature: 0.7, topK: 5), SamplingSettings(temperature: 1.3, topP: 0.8),
    SamplingSettings(temperature: 0.5, minP: 0.1),
    SamplingSettings(temperature: 0.9, topK: 12, topP: 0.7, minP: 0.05),
    SamplingSettings(temperature: 1, topK: 1),
  ])
  func theTableShowsWhatTheDefinitionGives(settings: SamplingSettings) {
    var random = SplitMix64(state: 1)
    for count in [1, 2, 7, 40] {
      let distribution = Self.randomDistribution(&random, count: count)
      let expected = Self.shapedByDefinition(distribution, settings)
      let table = NextTokenTable(distribution, settings: settings, rows: count)
      for row in table.rows {
        #expect(abs((row.shaped ?? -1) - expected[Int(row.token)]) < 1e-9)
        #expect((row.cut != nil) == (row.shaped == 0))
        #expect(abs(row.raw - distribution.probability(of: row.token)) < 1e-12)
      }
      #expect(table.restCount == 0)
      #expect(table.restRaw < 1e-9)
    }
  }

  @Test func samplesFollowTheShapedDistribution() {
    var random = SplitMix64(state: 2)
    for settings in [
      SamplingSettings(temperature: 0.8), SamplingSettings(temperature: 1, topK: 4),
      SamplingSettings(temperature: 1.2, topP: 0.9),
    ] {
      let distribution = Self.randomDistribution(&random, count: 12)
      let expected = Self.shapedByDefinition(distribution, settings)
      let draws = 20_000
      var counts = [Int](repeating: 0, count: 12)
      for path in 0..<draws {
        let u = PathRandom(seed: 3, path: path).uniform(at: 0)
        counts[Int(distribution.sample(settings, at: u))] += 1
      }
      for (count, p) in zip(counts, expected) {
        // Five standard errors: with fixed seeds this either always or never holds.
        let error = 5 * (p * (1 - p) * Double(draws)).squareRoot() + 1e-9
        #expect(abs(Double(count) - p * Double(draws)) <= error)
      }
    }
  }

  @Test func ofEqualLogitsTheLowestIDComesFirst() {
    let distribution = TokenDistribution(logits: [1, 3, 3, 0, 3])
    #expect(distribution.argmax == 1)
    #expect(distribution.likeliest(4) == [1, 2, 4, 0])
    #expect(distribution.likeliest(99).count == 5)
  }

  @Test func nothingButFiniteNumbersComesOutOfOddLogits() {
    let odd = TokenDistribution(logits: [.nan, -.infinity, 2, .nan])
    #expect(odd.argmax == 2)
    #expect(odd.probability(of: 2) == 1)
    #expect(odd.entropy == 0)
    #expect(odd.probability(of: 99) == 0)
    #expect(!TokenDistribution(logits: []).isProper)
    #expect(!TokenDistribution(logits: [.infinity, 0]).isProper)
    #expect(odd.sample(SamplingSettings(temperature: 1), at: 0.999_999) == 2)
  }

  @Test func aPathsRandomStreamIsItsOwn() {
    let a = PathRandom(seed: 1, path: 0)
    #expect(a.uniform(at: 5) == PathRandom(seed: 1, path: 0).uniform(at: 5))
    let draws = Set(
      (0..<40).flatMap { path in
        (0..<50).map { PathRandom(seed: 1, path: path).uniform(at: $0) }
      })
    #expect(draws.count == 2000)
    #expect(draws.allSatisfy { (0..<1).contains($0) })
  }
}

@Suite struct DistributionSummaryTests {
  @Test func gridTemperaturesAreExactAndOthersAreMarked() {
    var random = SplitMix64(state: 4)
    let distribution = SamplingTests.randomDistribution(&random, count: 300)
    let summary = distribution.summary(detail: 64)
    for (temperature, approximate) in [(1.0, false), (0.7, false), (0.75, true), (2.0, false)] {
      let settings = SamplingSettings(temperature: temperature)
      let live = NextTokenTable(distribution, settings: settings, rows: 10)
      let saved = NextTokenTable(summary, settings: settings, rows: 10)
      #expect(saved.isApproximate == approximate)
      for (a, b) in zip(live.rows, saved.rows) {
        #expect(a.token == b.token)
        #expect(abs(a.raw - b.raw) < 1e-12)
        #expect(abs((a.shaped ?? 0) - (b.shaped ?? 9)) < (approximate ? 2e-3 : 1e-6))
      }
      #expect(abs((live.restShaped ?? 0) - (saved.restShaped ?? 9)) < (approximate ? 5e-3 : 1e-6))
    }
  }

  @Test func whatTheSavedPartCannotTellIsNotMadeUp() {
    // A flat distribution: the nucleus of .9 reaches far beyond the saved 64 tokens.
    let flat = TokenDistribution(logits: (0..<1000).map { Float($0) * 1e-4 })
    let summary = flat.summary(detail: 64)
    let nucleus = NextTokenTable(
      summary, settings: SamplingSettings(temperature: 1, topP: 0.9), rows: 5)
    #expect(nucleus.rows.allSatisfy { $0.shaped == nil })
    let outside = NextTokenTable(summary, settings: SamplingSettings(temperature: 3), rows: 5)
    #expect(outside.rows.allSatisfy { $0.shaped == nil })
    let topK = NextTokenTable(
      summary, settings: SamplingSettings(temperature: 3, topK: 10), rows: 5)
    let live = NextTokenTable(flat, settings: SamplingSettings(temperature: 3, topK: 10), rows: 5)
    #expect(!topK.isApproximate)
    for (a, b) in zip(live.rows, topK.rows) {
      #expect(abs((a.shaped ?? 0) - (b.shaped ?? 9)) < 1e-9)
    }
    #expect(summary.margin == flat.margin)
  }

  @Test func aRestThatIsCutHasNoMassAtAll() {
    let distribution = TokenDistribution(logits: (0..<200).map { Float(($0 * 37) % 101) * 0.05 })
    for settings in [
      SamplingSettings(temperature: 0.7, topK: 5), SamplingSettings(temperature: 0.7, topK: 10),
      SamplingSettings(temperature: 0.3, minP: 0.9), .greedy,
    ] {
      let live = NextTokenTable(distribution, settings: settings, rows: 10)
      let saved = NextTokenTable(distribution.summary(), settings: settings, rows: 10)
      #expect(live.restShaped == 0)
      #expect(saved.restShaped == 0)
    }
  }
}
