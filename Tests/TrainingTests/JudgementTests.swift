import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// Losses of judges against PyTorch's autograd (Samples/Models/pretrain/compare_judgements.py), finite
/// differences, and what they are to mean.
@Suite struct JudgementTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var kind: String
    var logs: [Float]
    var offsets: [Double]
    var targets: [Double]
    var weights: [Double]
    var loss: Double
    var slopes: [Double]
    var offsetSlopes: [Double]

    var testDescription: String { "\(kind), offset \(offsets[0])" }

    var judgements: [Judgement] {
      targets.indices.map {
        Judgement(
          positive: 2 * $0, negative: 2 * $0 + 1, target: targets[$0], weight: weights[$0],
          offset: offsets[$0])
      }
    }

    var told: JudgementValue { value(logs, judgements) }

    func value(_ logs: [Float], _ judgements: [Judgement], total: Double? = nil) -> JudgementValue {
      kind == "cross-entropy"
        ? BinaryCrossEntropy.value(logs, judgements, total: total)
        : TemporalDifference.value(logs, judgements, total: total)
    }
  }

  static let cases = Result { try TorchFixture.read("judgements.json", as: [Case].self) }

  @Test("loss and slopes equal torch's", arguments: try cases.get())
  func torch(_ test: Case) {
    let told = test.told
    #expect(abs(told.value.loss - test.loss) < 1e-9)
    for (slope, expected) in zip(told.value.slopes, test.slopes) {
      #expect(abs(Double(slope) - expected) < 1e-7)
    }
    for (slope, expected) in zip(told.offsetSlopes, test.offsetSlopes) {
      #expect(abs(slope - expected) < 1e-9)
    }
  }

  @Test("slopes are the loss's differences", arguments: try cases.get())
  func differences(_ test: Case) {
    let slopes = test.told.value.slopes
    for index in test.logs.indices {
      let h: Float = 1.0 / 1024
      var (above, below) = (test.logs, test.logs)
      above[index] += h
      below[index] -= h
      let slope =
        (test.value(above, test.judgements).value.loss
          - test.value(below, test.judgements).value.loss) / Double(above[index] - below[index])
      #expect(abs(slope - Double(slopes[index])) < 1e-5)
    }
  }

  /// Gradients of passes add up to those of the batch.
  @Test("a batch may be cut anywhere", arguments: try cases.get())
  func cut(_ test: Case) {
    let total = test.weights.reduce(0, +)
    let parts = [Array(test.judgements[..<5]), Array(test.judgements[5...])].map {
      test.value(test.logs, $0, total: total).value
    }
    #expect(abs(parts[0].loss + parts[1].loss - test.told.value.loss) < 1e-12)
    for (index, slope) in test.told.value.slopes.enumerated() {
      #expect(abs(parts[0].slopes[index] + parts[1].slopes[index] - slope) < 1e-7)
    }
  }

  @Test("what counts nothing has no share") func weightless() throws {
    let test = try #require(try Self.cases.get().first)
    let index = try #require(test.weights.firstIndex(of: 0))
    #expect(test.told.value.slopes[2 * index] == 0)
    #expect(test.told.value.slopes[2 * index + 1] == 0)
    let none = BinaryCrossEntropy.value(test.logs, [])
    #expect(none.value.loss == 0)
  }

  /// A logit far out must neither overflow nor lose its label.
  @Test("a judge that is certain has a finite loss", arguments: [-1e4 as Float, 1e4])
  func certain(_ logit: Float) {
    let judgement = Judgement(positive: 0, negative: 1, target: 1)
    let told = BinaryCrossEntropy.value([min(0, logit), min(0, -logit)], [judgement])
    #expect(told.value.loss == Double(max(0, -logit)))
    #expect(Judgement.score(ofLogit: Double(logit)) == (logit > 0 ? 1 : 0))
  }

  /// The least loss of soft labels is at their mean, whatever their spread: that is what makes
  /// c / N as good a label as the chance itself.
  @Test("the best score of several labels is their mean") func mean() {
    let labels = [0, 0.25, 1, 0.75, 0.5, 1]
    let mean = labels.reduce(0, +) / Double(labels.count)
    let logs = [Float(log(mean)), Float(log(1 - mean))]
    let told = BinaryCrossEntropy.value(
      logs, labels.map { Judgement(positive: 0, negative: 1, target: $0) })
    #expect(abs(told.value.slopes[0]) < 1e-7)
  }

  // MARK: Rows

  static let configuration = ModelConfiguration.tiny(
    heads: 4, kvHeads: 2, headSize: 8, width: 32, feedForward: 40, vocabulary: 33)

  static func pass(_ store: InMemoryWeightStore? = nil) throws -> TrainingPass {
    let store = try store ?? InMemoryWeightStore.llama(configuration, format: .f32)
    return try TrainingPass(configuration, copying: store, name: "tiny", threads: 1)
  }

  /// Two words behind several places of a text are what two texts of one more token would tell.
  @Test("places are asked for words that need not stand there") func queries() throws {
    let prompt: [TokenID] = [3, 7, 1]
    let text: [TokenID] = [4, 12, 6, 9]
    var rows = PackedRows()
    let ranges = rows.add(
      prompt: prompt, continuations: [text, [2]],
      asking: [
        [.init(position: 0, tokens: [5, 8]), .init(position: 3, tokens: [5, 8])],
        [.init(position: 1, tokens: [9])],
      ])
    #expect(ranges == [[0..<2, 2..<4], [4..<5]])
    // Nothing is asked behind the third token, so that the fourth takes no row.
    #expect(rows.count == prompt.count + 3 + 1)
    let told = try Self.pass().forward(rows).logProbabilities
    for (place, target) in [(0, 0), (3, 2)] {
      for (offset, word) in [TokenID(5), 8].enumerated() {
        var single = PackedRows()
        let asked = single.add(
          prompt: prompt, continuations: [Array(text.prefix(place)) + [word]])
        let alone = try Self.pass().forward(single).logProbabilities
        #expect(abs(alone[asked[0].upperBound - 1] - told[target + offset]) < 1e-5)
      }
    }
  }

  /// The weights of a transformer, against differences of the loss in double precision.
  @Test("the gradient of a judge's weights is that of its loss", arguments: [true, false])
  func gradient(_ isClassifier: Bool) throws {
    let (prompt, words): ([TokenID], [TokenID]) = ([3, 7, 1], [5, 8])
    let texts: [[TokenID]] = [[4, 12, 6, 9], [2, 30]]
    let places = [[2, 4], [2]]
    var rows = PackedRows()
    let ranges = rows.add(
      prompt: prompt, continuations: texts,
      asking: places.map { $0.map { .init(position: $0, tokens: words) } }
    ).joined()
    let judgements = zip(ranges, [1, 0, 0.25]).map {
      Judgement(
        positive: $0.lowerBound, negative: $0.lowerBound + 1, target: $1, weight: 1.5, offset: 0.3)
    }
    let store = try InMemoryWeightStore.llama(Self.configuration, format: .f32)
    let pass = try Self.pass(store)
    let logs = try pass.forward(rows).logProbabilities
    try pass.backward(
      slopes: (isClassifier
        ? BinaryCrossEntropy.value(logs, judgements) : TemporalDifference.value(logs, judgements))
        .value.slopes)

    var model = ReferenceLlama(Self.configuration, store)
    /// Σ of the loss's terms, from logits alone.
    func loss() -> Double {
      var all: [Double] = []
      for (text, places) in zip(texts, places) {
        let logits = model.logits(prompt + text)
        all += places.map { place in
          let row = logits[prompt.count + place - 1]
          return row[Int(words[0])] - row[Int(words[1])] + 0.3
        }
      }
      return zip(all, judgements).reduce(0) { sum, pair in
        let score = 1 / (1 + exp(-pair.0))
        let target = pair.1.target
        let term =
          isClassifier
          ? -target * log(score) - (1 - target) * log(1 - score)
          : (score - target) * (score - target)
        return sum + term / 3
      }
    }
    for name in store.tensorNames {
      let gradient = try #require(pass.gradient(of: name))
      let scale = gradient.reduce(0) { max($0, abs(Double($1))) }
      #expect(scale > 0, "\(name) has a gradient")
      var worst = 0.0
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 7 | 1)) {
        let old = try #require(model.matrices[name]?[index])
        model.matrices[name]?[index] = old + 1e-5
        let above = loss()
        model.matrices[name]?[index] = old - 1e-5
        let below = loss()
        model.matrices[name]?[index] = old
        worst = max(worst, abs((above - below) / 2e-5 - Double(gradient[index])) / scale)
      }
      #expect(worst < 1e-4, "\(name)")
    }
  }
}
