import Decoding
import Foundation
import LearningFixtures
import Testing

@testable import Training

/// The table that recipes are tested on is itself right.
@Suite struct TableTraineeTests {
  /// Two tokens or one behind a question, then the end.
  private func table() -> TableTrainee {
    TableTrainee(pieces: ["Q", " a", " b", " c", "<end>"], end: 4) { prefix in
      switch prefix.count {
      case 1: [1: 0.5, 2: 0.3, 3: 0.2]
      case 2: prefix.last == 3 ? [4: 1] : [1: 0.25, 4: 0.75]
      default: [4: 1]
      }
    }
  }

  private func rows() -> PackedRows {
    var rows = PackedRows()
    rows.add(prompt: [0], continuations: [[1, 4], [2, 1, 4], [3, 4]])
    rows.add(prompt: [0, 2], continuations: [[1, 4]])
    return rows
  }

  @Test func logProbabilitiesOfTextsAreThoseOfTheTable() {
    let table = table()
    let outcome = table.forward(rows())
    let expected = [0.5, 0.75, 0.3, 0.25, 1, 0.2, 1, 0.25, 1].map { Float(log($0)) }
    for (found, right) in zip(outcome.logProbabilities, expected) {
      #expect(abs(found - right) < 1e-6)
    }
    #expect(outcome.logProbabilities.count == expected.count)
    let texts = table.texts(after: [0])
    #expect(texts.count == 5)
    #expect(abs(texts.reduce(0) { $0 + $1.probability } - 1) < 1e-12)
  }

  /// Finite differences of Σ slope · log p + Σ slope · entropy.
  @Test func gradientsAreTheDerivatives() {
    let slopes: [Float] = [0.7, -1.3, 0.2, 0.4, 1, -0.6, 0.1, 2, -1]
    let entropySlopes: [Float] = [0.3, 0, -0.2, 0.5, 0, 1, 0, 0.4, 0]
    let table = table()
    table.forward(rows())
    table.backward(slopes: slopes, entropySlopes: entropySlopes)
    func loss() -> Double {
      var sum = 0.0
      for (index, prefix) in [
        [0], [0, 1], [0], [0, 2], [0, 2, 1], [0], [0, 3], [0, 2], [0, 2, 1],
      ]
      .enumerated() {
        let logs = table.logProbabilities(after: prefix.map { TokenID($0) })
        let token = Int(rows().targets[index].token)
        sum += Double(slopes[index]) * logs[token]
        sum -= Double(entropySlopes[index]) * logs.reduce(0) { $0 + exp($1) * $1 }
      }
      return sum
    }
    for prefix: [TokenID] in [[0], [0, 1], [0, 2], [0, 3]] {
      for token: TokenID in 0..<5 {
        let h = 1e-5
        table.add(h, toLogitOf: token, after: prefix)
        let above = loss()
        table.add(-2 * h, toLogitOf: token, after: prefix)
        let below = loss()
        table.add(h, toLogitOf: token, after: prefix)
        let difference = (above - below) / (2 * h)
        #expect(abs(difference - table.gradient(after: prefix)[Int(token)]) < 1e-6)
      }
    }
  }

  @Test func anUpdateFollowsTheGradientAndARestartTakesItBack() throws {
    let table = table()
    let before = table.forward(rows()).logProbabilities
    table.backward(slopes: [-1] + Array(repeating: 0, count: 8), entropySlopes: nil)
    let norm = try table.update(rate: 0.5, maxNorm: 1)
    #expect(abs(norm - (0.5 * 0.5 + 0.3 * 0.3 + 0.2 * 0.2).squareRoot()) < 1e-6)
    #expect(table.forward(rows()).logProbabilities[0] > before[0])
    #expect(table.forwardAtStart(rows()).logProbabilities == before)
    #expect(table.step == 1)
    table.restart()
    #expect(table.forward(rows()).logProbabilities == before)
    #expect(table.step == 0)
  }

  @Test func gradientsThatAreNoNumbersChangeNothing() {
    let table = table()
    let before = table.forward(rows()).logProbabilities
    table.backward(slopes: Array(repeating: .nan, count: 9), entropySlopes: nil)
    #expect(throws: TrainingError.notANumber(step: 1)) {
      try table.update(rate: 1, maxNorm: 1)
    }
    #expect(table.forward(rows()).logProbabilities == before)
  }
}
