import Decoding
import Foundation
import Testing

@testable import Training

@Suite struct PairwiseRankingTests {
  private static let groups = [
    PairwiseRanking.Group(right: [0..<3, 3..<4], wrong: [4..<6]),
    PairwiseRanking.Group(right: [6..<8], wrong: [8..<9, 9..<12]),
    // Nothing to compare.
    PairwiseRanking.Group(right: [12..<14], wrong: []),
  ]

  private func logs(_ seed: UInt64) -> [Float] {
    var random = SplitMix64(state: seed)
    return (0..<14).map { _ in Float.random(in: -3...0, using: &random) }
  }

  private func loss(_ logs: [Float], _ scale: Double) -> Double {
    PairwiseRanking.value(logs, Self.groups, scale: scale).value.loss
  }

  @Test func theLossIsSoftplusAveragedByProblem() {
    let logs = logs(1)
    func s(_ range: Range<Int>) -> Double { 0.7 * logs[range].reduce(0) { $0 + Double($1) } }
    func pair(_ right: Range<Int>, _ wrong: Range<Int>) -> Double {
      log(1 + exp(s(wrong) - s(right)))
    }
    let first = (pair(0..<3, 4..<6) + pair(3..<4, 4..<6)) / 2
    let second = (pair(6..<8, 8..<9) + pair(6..<8, 9..<12)) / 2
    #expect(abs(loss(logs, 0.7) - (first + second) / 2) < 1e-9)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func slopesAreFiniteDifferences(seed: UInt64) {
    let (logs, step) = (logs(seed), Float(1e-2))
    let slopes = PairwiseRanking.value(logs, Self.groups, scale: 0.4).value.slopes
    for index in logs.indices {
      var (up, down) = (logs, logs)
      up[index] += step
      down[index] -= step
      let expected = (loss(up, 0.4) - loss(down, 0.4)) / Double(up[index] - down[index])
      #expect(abs(Double(slopes[index]) - expected) < 1e-5)
    }
    let h = 1e-5
    let scaleSlope = PairwiseRanking.value(logs, Self.groups, scale: 0.4).scaleSlope
    let expected = (loss(logs, 0.4 * exp(h)) - loss(logs, 0.4 * exp(-h))) / (2 * h)
    #expect(abs(scaleSlope - expected) < 1e-7)
  }

  @Test func equalScoresAreWorthLn2() {
    let value = PairwiseRanking.value(Array(repeating: 0, count: 14), Self.groups, scale: 0.5)
    #expect(abs(value.value.loss - log(2)) < 1e-12)
    #expect(value.metrics == .init(accuracy: 0.5, margin: 0))
    #expect(value.scaleSlope == 0)
  }

  /// What is common to all texts of a problem, such as how hard it is, teaches nothing.
  @Test func slopesOfAProblemSumToNothing() {
    let slopes = PairwiseRanking.value(logs(5), Self.groups, scale: 0.3).value.slopes
    for group in Self.groups.prefix(2) {
      let texts = (group.right + group.wrong).compactMap { slopes[$0].first }
      #expect(abs(texts.reduce(0, +)) < 1e-6)
    }
    #expect(slopes[12] == 0)
  }

  @Test func passesAddUpToTheBatch() {
    let logs = logs(6)
    let whole = PairwiseRanking.value(logs, Self.groups, scale: 0.6)
    let parts = Self.groups.map {
      PairwiseRanking.value(logs, [$0], scale: 0.6, batchGroups: 2)
    }
    #expect(abs(parts.reduce(0) { $0 + $1.value.loss } - whole.value.loss) < 1e-12)
    for index in logs.indices {
      let sum = parts.reduce(0) { $0 + $1.value.slopes[index] }
      #expect(abs(sum - whole.value.slopes[index]) < 1e-6)
    }
    let metrics = PairwiseRanking.Metrics.sum(parts.map(\.metrics))
    #expect(abs(metrics.accuracy - whole.metrics.accuracy) < 1e-12)
    #expect(abs(metrics.margin - whole.metrics.margin) < 1e-12)
  }

  @Test func farApartScoresDoNotOverflow() {
    let group = [PairwiseRanking.Group(right: [0..<1], wrong: [1..<2])]
    for (logs, loss) in [([Float(0), -1e6], 0.0), ([-1e6, 0], 1e6)] {
      let value = PairwiseRanking.value(logs, group, scale: 1)
      #expect(value.value.loss == loss)
      #expect(value.value.slopes.allSatisfy { $0.isFinite })
    }
  }

  @Test func aScalarMovesByTheRateAndStopsAtTheLeast() {
    var first = ScalarAdam(1)
    first.update(slope: 123, rate: 0.01)
    #expect(abs(first.value - 0.99) < 1e-6)
    var number = ScalarAdam(3)
    for step in 0..<4000 {
      number.update(slope: 2 * (number.value - 1), rate: 0.01 * (1 - Double(step) / 4000))
    }
    #expect(abs(number.value - 1) < 1e-2)
  }
}
