import Foundation
import Testing

@testable import Measuring

@Suite struct StatisticsTests {
  @Test(arguments: [
    (18, 27, 0.478, 0.814), (7, 27, 0.132, 0.447), (2, 27, 0.021, 0.234),
    // Brown, Cai & DasGupta's own check: 0 of 10 gives z²/(n+z²).
    (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0),
  ])
  func wilsonGolden(successes: Int, trials: Int, low: Double, high: Double) {
    let interval = Statistics.wilsonInterval(successes: successes, trials: trials)
    #expect(abs(interval.lowerBound - low) < 0.0006)
    #expect(abs(interval.upperBound - high) < 0.0006)
  }

  @Test func wilsonContainsTheShareAndShrinks() {
    #expect(Statistics.wilsonInterval(successes: 0, trials: 0) == 0...1)
    for trials in 1...60 {
      for successes in 0...trials {
        let interval = Statistics.wilsonInterval(successes: successes, trials: trials)
        #expect(interval.contains(Double(successes) / Double(trials)))
        #expect(interval.lowerBound >= 0)
        #expect(interval.upperBound <= 1)
        let more = Statistics.wilsonInterval(successes: 4 * successes, trials: 4 * trials)
        #expect(
          more.upperBound - more.lowerBound < interval.upperBound - interval.lowerBound)
        let mirror = Statistics.wilsonInterval(successes: trials - successes, trials: trials)
        #expect(abs(mirror.lowerBound - (1 - interval.upperBound)) < 1e-12)
      }
    }
  }

  /// Every subset of k of n samples, of which the first c are correct.
  @Test func passAtKEqualsEnumeration() throws {
    for n in 1...8 {
      for c in 0...n {
        for k in 1...n {
          let subsets = (0..<(1 << n)).filter { $0.nonzeroBitCount == k }
          let hits = subsets.filter { $0 & ((1 << c) - 1) != 0 }
          let estimate = try #require(Statistics.passAtK(samples: n, correct: c, k: k))
          #expect(abs(estimate - Double(hits.count) / Double(subsets.count)) < 1e-12)
        }
      }
    }
    #expect(Statistics.passAtK(samples: 3, correct: 4, k: 1) == nil)
    #expect(Statistics.passAtK(samples: 3, correct: 1, k: 4) == nil)
    #expect(Statistics.passAtK(samples: 3, correct: 1, k: 0) == nil)
  }

  /// Every subset in every order, a tie going to the answer seen first.
  @Test func majorityAtKEqualsEnumeration() throws {
    for tally in [[3, 2, 1], [2, 2, 2], [1, 4], [0, 3, 2], [1, 1, 1, 1]] {
      for unparsed in 0...1 {
        var samples = tally.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        samples += Array(repeating: -1, count: unparsed)
        for k in 1...samples.count {
          let wins = enumerateVotes(samples, k: k, answers: tally.count)
          for index in tally.indices {
            let exact = try #require(
              VoteProbability.majorityAtK(tally: tally, unparsed: unparsed, index: index, k: k))
            #expect(abs(exact - wins[index]) < 1e-10, "\(tally) +\(unparsed), k \(k), \(index)")
          }
        }
      }
    }
    #expect(VoteProbability.majorityAtK(tally: [1, 2], index: 0, k: 4) == nil)
    #expect(VoteProbability.majorityAtK(tally: [1, 2], index: 2, k: 1) == nil)
    #expect(VoteProbability.majorityAtK(tally: [], index: 0, k: 1) == nil)
  }

  private func enumerateVotes(_ samples: [Int], k: Int, answers: Int) -> [Double] {
    var wins = Array(repeating: 0.0, count: answers)
    var total = 0.0
    func extend(_ chosen: [Int], _ left: [Int]) {
      if chosen.count == k {
        total += 1
        var counts: [Int: Int] = [:]
        for answer in chosen where answer >= 0 { counts[answer, default: 0] += 1 }
        let top = counts.values.max()
        if let winner = chosen.first(where: { $0 >= 0 && counts[$0] == top }) { wins[winner] += 1 }
        return
      }
      for position in left.indices {
        var rest = left
        let next = rest.remove(at: position)
        extend(chosen + [next], rest)
      }
    }
    extend([], samples)
    return wins.map { $0 / total }
  }

  /// The APPLES table: a vote converges to the mode of the sampler's marginal.
  @Test(arguments: [(1, 0.621), (5, 0.764), (10, 0.843), (40, 0.979)])
  func voteOnApples(votes: Int, expected: Double) throws {
    let first = (direct: 0.34, reasoned: 0.66)
    let shares = [
      first.direct * 0.08 + first.reasoned * 0.90, first.direct * 0.80 + first.reasoned * 0.07,
      first.direct * 0.12, first.reasoned * 0.03,
    ]
    let chance = try #require(VoteProbability.sampling(shares: shares, index: 0, votes: votes))
    #expect(abs(chance - expected) < 0.0006)
    let all = try shares.indices.map {
      try #require(VoteProbability.sampling(shares: shares, index: $0, votes: votes))
    }
    #expect(abs(all.reduce(0, +) - 1) < 1e-9)
  }

  /// Majority is not truth: where the truth is not the mode, votes make it worse.
  @Test func voteAgainstTheTruth() throws {
    let shares = [0.45, 0.35, 0.20]
    let one = try #require(VoteProbability.sampling(shares: shares, index: 1, votes: 1))
    let forty = try #require(VoteProbability.sampling(shares: shares, index: 1, votes: 40))
    #expect(abs(one - 0.35) < 1e-9)
    #expect(abs(forty - 0.236) < 0.0006)
    #expect(VoteProbability.sampling(shares: [0.7, 0.7], index: 0, votes: 3) == nil)
  }

  @Test func unparsedSamplesVoteForNothing() throws {
    let chance = try #require(VoteProbability.sampling(shares: [0.3], index: 0, votes: 5))
    #expect(abs(chance - (1 - pow(0.7, 5))) < 1e-12)
  }

  @Test func areaUnderCurveEqualsPairCounting() throws {
    var random = SeededBits(seed: 7)
    for _ in 0..<200 {
      let scored = (0..<12).map { _ in
        (score: Double(random.next() % 5), isPositive: random.next() % 2 == 0)
      }
      let positives = scored.filter(\.isPositive).map(\.score)
      let negatives = scored.filter { !$0.isPositive }.map(\.score)
      guard !positives.isEmpty, !negatives.isEmpty else {
        #expect(RankingQuality.area(under: scored) == nil)
        continue
      }
      var wins = 0.0
      for p in positives { for n in negatives { wins += p > n ? 1 : p == n ? 0.5 : 0 } }
      let area = try #require(RankingQuality.area(under: scored))
      #expect(abs(area - wins / Double(positives.count * negatives.count)) < 1e-12)
    }
  }

  // MARK: Means of what is bounded

  /// Wherever the values lie, the interval stays in their range, contains the mean and has a width.
  @Test(arguments: 0..<300) func intervalsStayInBounds(seed: UInt64) throws {
    var random = SeededBits(seed: seed)
    let range = [0.0...1.0, -1.0...1.0][Int(seed % 2)]
    // Many of them at an end, as answers are that a model is sure of.
    let families = (0..<Int.random(in: 1...4, using: &random)).map { family in
      (0..<Int.random(in: 2...9, using: &random)).map { question in
        let value =
          Bool.random(using: &random) ? range.upperBound : Double.random(in: range, using: &random)
        return (question: question, value: value)
      }
    }
    let estimate = try #require(
      Estimate(families: families, within: range, question: \.question, value: \.value))
    let interval = try #require(estimate.interval)
    #expect(interval.lowerBound >= range.lowerBound)
    #expect(interval.upperBound <= range.upperBound)
    #expect(interval.contains(estimate.value))
    #expect(interval.upperBound > interval.lowerBound)
  }

  /// Of a single question nobody knows how much another would differ.
  @Test func oneValueHasNoInterval() throws {
    func estimate(_ families: [[Double]]) -> Estimate? {
      Estimate(
        families: families.map { Array($0.enumerated()) }, within: 0...1, question: \.offset,
        value: \.element)
    }
    #expect(estimate([[0.3]]) == Estimate(value: 0.3, interval: nil))
    #expect(estimate([[0.3], []]) == Estimate(value: 0.3, interval: nil))
    #expect(estimate([[0.3], [0.5, 0.7]])?.interval == nil)
    #expect(estimate([[0.3, 0.4], [0.5, 0.7]])?.interval != nil)
    #expect(estimate([]) == nil)
    #expect(estimate([[]]) == nil)
    // Two branches of one question are one value.
    let branches = [(question: 1, value: 0.2), (question: 1, value: 0.8)]
    let one = Estimate(
      families: [branches], within: 0...1, question: \.question, value: \.value)
    #expect(one == Estimate(value: 0.5, interval: nil))
  }

  /// Of yes and no it is nearly Wilson's own.
  @Test func theIntervalOfYesAndNoIsWilsons() throws {
    for successes in [1, 7, 15, 24, 29] {
      let values = (0..<30).map { $0 < successes ? 1.0 : 0 }
      let moments = Statistics.boundedMoments(of: values, within: 0...1)
      let interval = Statistics.boundedInterval(
        mean: moments.mean, variance: try #require(moments.variance), count: 30, within: 0...1)
      let wilson = Statistics.wilsonInterval(successes: successes, trials: 30)
      #expect(abs(interval.lowerBound - wilson.lowerBound) < 0.01)
      #expect(abs(interval.upperBound - wilson.upperBound) < 0.01)
    }
  }

  /// Values that hardly differ give a narrower interval than values that do.
  @Test func theIntervalFollowsTheSpread() throws {
    func width(_ spread: Double) throws -> Double {
      let values = (0..<20).map { (index: $0, value: 0.5 + (Double($0 % 5) - 2) * spread) }
      let interval = try #require(
        Estimate(families: [values], within: 0...1, question: \.index, value: \.value)?.interval)
      return interval.upperBound - interval.lowerBound
    }
    #expect(try width(0.01) < width(0.1))
    #expect(try width(0.1) < width(0.2))
  }

  @Test func meanAndStandardError() throws {
    let estimate = try #require(Statistics.mean([2, 4, 4, 4, 5, 5, 7, 9]))
    #expect(estimate.mean == 5)
    let standardError = try #require(estimate.standardError)
    #expect(abs(standardError - (32.0 / 7 / 8).squareRoot()) < 1e-12)
    #expect(Statistics.mean([3])?.standardError == nil)
    #expect(Statistics.mean([]) == nil)
  }
}

/// Repeatable random bits for property tests (the SplitMix64 sequence).
struct SeededBits: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
