import Decoding
import Foundation
import Testing

@testable import Measuring

@Suite struct SampleEstimatesTests {
  /// Samples with few different scores, so that there are ties; some without a score or an answer.
  private func samples(_ count: Int, seed: UInt64) -> [StudySample] {
    var random = SeededBits(seed: seed)
    return (0..<count).map { _ in
      let answer = ["8", "5", "3", nil][Int(random.next() % 4)]
      return StudySample(
        answer: answer, isCorrect: answer == "8", generated: 1 + Int(random.next() % 9),
        score: random.next() % 5 == 0 ? nil : Double(random.next() % 3),
        weight: Double(random.next() % 4))
    }
  }

  private func subsets(of count: Int, size: Int) -> [[Int]] {
    (0..<(1 << count)).filter { $0.nonzeroBitCount == size }.map { bits in
      (0..<count).filter { bits & (1 << $0) != 0 }
    }
  }

  /// Every choice of k of the samples, equals at the top being as likely as each other.
  @Test func bestOfKEqualsEnumeration() throws {
    for seed in 0..<40 {
      let samples = samples(3 + seed % 7, seed: UInt64(seed))
      let estimates = SampleEstimates(samples)
      for k in 1...samples.count {
        let all = subsets(of: samples.count, size: k)
        let chances = all.map { subset -> Double in
          let answered = subset.map { samples[$0] }.filter { $0.answer != nil }
          let top = answered.map { $0.score ?? -.infinity }.max()
          let best = answered.filter { ($0.score ?? -.infinity) == top }
          return best.isEmpty
            ? 0 : Double(best.count { $0.isCorrect }) / Double(best.count)
        }
        let exact = chances.reduce(0, +) / Double(all.count)
        #expect(abs(try #require(estimates.bestOfK(k)) - exact) < 1e-12, "seed \(seed), k \(k)")
      }
    }
  }

  /// P(the sample of rank i is the first of k) = C(i−1, k−1)/C(n, k).
  @Test func theRankLaw() throws {
    func choose(_ n: Int, _ k: Int) -> Double {
      k > n ? 0 : (0..<k).reduce(1) { $0 * Double(n - $1) / Double($1 + 1) }
    }
    for rank in 1...12 {
      let samples = (1...12).map {
        StudySample(
          answer: "\($0)", isCorrect: $0 == rank, generated: 1, score: Double($0), weight: 1)
      }
      for k in 1...12 {
        let chance = try #require(SampleEstimates(samples.shuffled()).bestOfK(k))
        #expect(abs(chance - choose(rank - 1, k - 1) / choose(12, k)) < 1e-12)
      }
    }
  }

  /// Every choice of k in every order; two answers may both be right.
  @Test func majorityAtKEqualsEnumeration() throws {
    for seed in 0..<12 {
      var samples = samples(5, seed: UInt64(100 + seed))
      if seed % 2 == 0 {
        for index in samples.indices where samples[index].answer == "3" {
          samples[index].isCorrect = true
        }
      }
      for k in 1...5 {
        var (right, all) = (0.0, 0.0)
        func extend(_ chosen: [Int]) {
          guard chosen.count < k else {
            all += 1
            var counts: [String: Int] = [:]
            for index in chosen {
              if let answer = samples[index].answer { counts[answer, default: 0] += 1 }
            }
            let top = counts.values.max()
            let winner = chosen.first { samples[$0].answer.map { counts[$0] == top } ?? false }
            if let winner, samples[winner].isCorrect { right += 1 }
            return
          }
          for next in samples.indices where !chosen.contains(next) { extend(chosen + [next]) }
        }
        extend([])
        let estimate = try #require(SampleEstimates(samples).majorityAtK(k))
        #expect(abs(estimate - right / all) < 1e-10, "seed \(seed), k \(k)")
      }
    }
  }

  @Test func weightedVotesAreCountedInGroupsOfTheirOrder() throws {
    func sample(_ answer: String?, _ weight: Double) -> StudySample {
      StudySample(answer: answer, isCorrect: answer == "8", generated: 1, weight: weight)
    }
    let samples = [
      sample("8", 0.9), sample("5", 0.2), sample("5", 0.5), sample("8", 0.5), sample(nil, 1),
      sample("8", 0.1), sample("5", 3),
    ]
    let estimates = SampleEstimates(samples)
    // Singles: right where the sample is. Pairs: 8, then a tie that 5 came first in, then 8.
    #expect(estimates.weightedAtK(1) == 3.0 / 7)
    #expect(estimates.weightedAtK(2) == 2.0 / 3)
    // .9 against .7, then .6 against nothing; the seventh is in no group of three.
    #expect(estimates.weightedAtK(3) == 1)
    #expect(estimates.weightedAtK(7) == 0)
  }

  /// With one group left over for nobody, a vote of all is one vote.
  @Test func outsideOneToNThereIsNoEstimate() {
    let estimates = SampleEstimates(samples(4, seed: 9))
    for k in [-1, 0, 5] {
      #expect(estimates.passAtK(k) == nil)
      #expect(estimates.majorityAtK(k) == nil)
      #expect(estimates.bestOfK(k) == nil)
      #expect(estimates.weightedAtK(k) == nil)
    }
    #expect(SampleEstimates([]).majorityAtK(1) == nil)
    #expect(SampleEstimates([]).bestOfK(0) == nil)
  }

  /// The estimates are unbiased: over many draws their mean is what k samples of the distribution
  /// give. The truth is not the mode, so votes get worse with k while pass@k goes to 1.
  @Test func votesFallAndPassRisesWhereTheTruthIsNotTheMode() throws {
    let shares = [0.45, 0.35, 0.20]
    let draws = 600
    var random = SeededBits(seed: 5)
    var (majority, pass, best): ([Int: Double], [Int: Double], [Int: Double]) = ([:], [:], [:])
    for _ in 0..<draws {
      let samples = (0..<40).map { _ in
        let u = Double(random.next() >> 11) * 0x1p-53
        let answer = u < 0.45 ? 0 : u < 0.8 ? 1 : 2
        // A verifier that cannot tell anything.
        return StudySample(
          answer: "\(answer)", isCorrect: answer == 1, generated: 1,
          score: Double(random.next() % 1000))
      }
      let estimates = SampleEstimates(samples)
      for k in [1, 5, 40] {
        majority[k, default: 0] += try #require(estimates.majorityAtK(k)) / Double(draws)
        pass[k, default: 0] += try #require(estimates.passAtK(k)) / Double(draws)
        best[k, default: 0] += try #require(estimates.bestOfK(k)) / Double(draws)
      }
    }
    for k in [1, 5, 40] {
      let exact = try #require(VoteProbability.sampling(shares: shares, index: 1, votes: k))
      // Four standard errors of a vote that is simply right or wrong.
      #expect(abs(try #require(majority[k]) - exact) < 4 * (0.25 / Double(draws)).squareRoot())
      #expect(abs(try #require(pass[k]) - (1 - pow(0.65, Double(k)))) < 0.015)
      #expect(abs(try #require(best[k]) - 0.35) < 0.08)
    }
    let first = try #require(majority[1])
    let last = try #require(majority[40])
    #expect(last < first - 0.05)
    #expect(try #require(pass[40]) > 0.999)
  }

  // MARK: Intervals

  @Test func accuraciesOfRightAndWrongHaveWilsonsInterval() {
    #expect(
      Statistics.accuracyInterval(of: [1, 0, 1, 1])
        == Statistics.wilsonInterval(successes: 3, trials: 4))
    #expect(Statistics.accuracyInterval(of: []) == 0...1)
    #expect(Statistics.accuracyInterval(of: [0.5]) == 0...1)
    #expect(Statistics.bootstrapInterval(ofMean: [3]) == nil)
    #expect(Statistics.bootstrapInterval(ofMean: [3, .nan]) == nil)
  }

  /// Twenty shares of nearly 1 are no more certain than twenty of 1.
  @Test func nearlyAlikeIsNotCertain() {
    for count in [3, 20, 100] {
      let wilson = Statistics.wilsonInterval(successes: count, trials: count)
      for share in [0.9, 0.99, 0.9999] {
        let interval = Statistics.accuracyInterval(of: Array(repeating: share, count: count))
        #expect(interval.contains(share))
        #expect(interval.upperBound <= 1)
        #expect(interval.lowerBound < share - (1 - wilson.lowerBound) / 3)
        #expect(interval.lowerBound > wilson.lowerBound - 0.2)
      }
    }
  }

  /// Few problems, most of them nearly always right: the interval still holds the true accuracy.
  @Test func accuraciesNearOneAreCovered() {
    var random = SeededBits(seed: 11)
    var covered = 0
    for trial in 0..<200 {
      // Nine in ten problems have .98, the others .2: .902 in all.
      let shares = (0..<20).map { _ in random.next() % 10 == 0 ? 0.2 : 0.98 }
      if Statistics.accuracyInterval(of: shares, seed: UInt64(trial)).contains(0.902) {
        covered += 1
      }
    }
    #expect(covered >= 180, "\(covered) of 200")
  }

  /// In about 95 of 100 cases the interval holds the true mean.
  @Test func theBootstrapCoversTheMean() throws {
    var random = SeededBits(seed: 3)
    var covered = 0
    for trial in 0..<300 {
      let values = (0..<40).map { _ in Double(random.next() >> 11) * 0x1p-53 }
      let interval = try #require(
        Statistics.bootstrapInterval(ofMean: values, seed: UInt64(trial), resamples: 300))
      #expect(interval.contains(values.reduce(0, +) / 40))
      if interval.contains(0.5) { covered += 1 }
    }
    // A binomial of 300 with .93, the bootstrap's own cover at this size: four standard errors.
    #expect((264...297).contains(covered), "\(covered) of 300")
    let values = [0.1, 0.5, 0.9, 0.3]
    #expect(
      Statistics.bootstrapInterval(ofMean: values, seed: 4)
        == Statistics.bootstrapInterval(ofMean: values, seed: 4))
  }
}
