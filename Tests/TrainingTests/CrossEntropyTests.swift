import Foundation
import Testing

@testable import Training

@Suite struct CrossEntropyTests {
  static let logs: [Float] = [-0.5, -1.2, -2.0, -0.1, -0.9]

  @Test("cross-entropy is a weighted mean, and its slopes sum to −1")
  func weightedMean() {
    let value = CrossEntropy.value(Self.logs, weights: [1, 0, 0.5, 1, 0])
    #expect(abs(value.loss - (0.5 + 1.0 + 0.1) / 2.5) < 1e-6)
    #expect(abs(value.slopes.reduce(0, +) + 1) < 1e-6)
    #expect(value.slopes[1] == 0)
  }

  @Test("what has no weight has no share in the loss")
  func masked() {
    let weights: [Float] = [1, 0, 0.5, 1, 0]
    var other = Self.logs
    (other[1], other[4]) = (-9, -0.01)
    #expect(
      CrossEntropy.value(other, weights: weights)
        == CrossEntropy.value(Self.logs, weights: weights))
  }

  @Test("without weights all count alike")
  func unweighted() {
    #expect(
      CrossEntropy.value(Self.logs)
        == CrossEntropy.value(Self.logs, weights: [2, 2, 2, 2, 2]))
  }

  @Test("nothing to learn is a loss of 0") func nothing() {
    let value = CrossEntropy.value(Self.logs, weights: [0, 0, 0, 0, 0])
    #expect(value == ObjectiveValue(loss: 0, slopes: [0, 0, 0, 0, 0]))
    #expect(CrossEntropy.value([]) == ObjectiveValue(loss: 0, slopes: []))
  }

  /// Card 4's check: at its best, the loss of a policy that is fitted to data is their entropy.
  @Test("the least loss is the entropy of the data")
  func floor() {
    let shares = [0.5, 0.25, 0.125, 0.125]
    func loss(_ p: [Double]) -> Double {
      CrossEntropy.value(
        p.map { Float(log($0)) }, weights: shares.map { Float($0) }
      ).loss
    }
    let entropy = shares.reduce(0) { $0 - $1 * log($1) }
    #expect(abs(loss(shares) - entropy) < 1e-6)
    #expect(loss([0.45, 0.3, 0.125, 0.125]) > entropy)
    #expect(loss([0.25, 0.25, 0.25, 0.25]) > entropy)
  }
}
