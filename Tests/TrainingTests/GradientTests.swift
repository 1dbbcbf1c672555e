import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// Gradients against the plain double-precision forward pass, differentiated by central differences.
@Suite struct GradientTests {
  struct Case: CustomStringConvertible, Sendable {
    var configuration: ModelConfiguration
    var name: String
    var description: String { name }
  }

  static let cases: [Case] = [
    Case(
      configuration: .tiny(
        heads: 6, kvHeads: 2, headSize: 10, width: 36, feedForward: 44, vocabulary: 33),
      name: "grouped, odd head size"),
    Case(
      configuration: .tiny(
        heads: 3, kvHeads: 3, headSize: 6, width: 21, feedForward: 17, vocabulary: 29, tied: true),
      name: "tied, sizes that fit no vector"),
    Case(
      configuration: .tiny(
        layers: 1, heads: 4, kvHeads: 1, headSize: 8, width: 16, feedForward: 24, vocabulary: 40,
        tied: true),
      name: "one key head"),
  ]

  /// Two groups: one prompt with three continuations, one of them empty, and a single text.
  static func rows(temperature: Float = 1) -> PackedRows {
    var rows = PackedRows()
    rows.temperature = temperature
    rows.add(prompt: [3, 7, 1, 9], continuations: [[4, 4, 12, 6], [], [2], [11, 5, 0]])
    rows.add(prompt: [8], continuations: [[1, 2, 3, 5, 8, 13, 21]], at: 3)
    return rows
  }

  /// The texts of `rows`, with the number of prompt tokens and the first position of each.
  static let texts: [(prompt: Int, tokens: [TokenID], position: Int)] = [
    (4, [3, 7, 1, 9, 4, 4, 12, 6], 0), (4, [3, 7, 1, 9], 0), (4, [3, 7, 1, 9, 2], 0),
    (4, [3, 7, 1, 9, 11, 5, 0], 0), (1, [8, 1, 2, 3, 5, 8, 13, 21], 3),
  ]

  /// log p and entropy of every target by the reference.
  static func reference(
    _ model: ReferenceLlama, temperature: Double = 1
  ) -> (logs: [Double], entropies: [Double]) {
    var (logs, entropies): ([Double], [Double]) = ([], [])
    for text in texts {
      let logits = model.logits(text.tokens, at: text.position)
      for index in text.prompt..<text.tokens.count {
        let row = logits[index - 1].map { $0 / temperature }
        let top = row.max() ?? 0
        let sum = top + log(row.reduce(0) { $0 + exp($1 - top) })
        logs.append(row[Int(text.tokens[index])] - sum)
        entropies.append(row.reduce(0) { $0 - exp($1 - sum) * ($1 - sum) })
      }
    }
    return (logs, entropies)
  }

  /// Arbitrary slopes, some of them zero.
  static func slopes(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7 + seed) % 5 - 2) / 3 }
  }

  @Test("log p and entropies agree with the reference", arguments: cases, InstructionSet.available)
  func forward(_ test: Case, _ set: InstructionSet) throws {
    for temperature in [1, 1.5, 0.25] { try forward(test, set, temperature: temperature) }
  }

  private func forward(_ test: Case, _ set: InstructionSet, temperature: Double) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let pass = try TrainingPass(
      test.configuration, copying: store, name: "tiny", threads: 2, instructionSet: set)
    let outcome = try pass.forward(Self.rows(temperature: Float(temperature)))
    let expected = Self.reference(
      ReferenceLlama(test.configuration, store), temperature: temperature)
    #expect(outcome.logProbabilities.count == expected.logs.count)
    let worst = zip(outcome.logProbabilities, expected.logs).map { abs(Double($0) - $1) }.max()
    #expect(worst ?? 1 < 1e-5)
    let worstEntropy = zip(outcome.entropies, expected.entropies)
      .map { abs(Double($0) - $1) }.max()
    #expect(worstEntropy ?? 1 < 1e-5)
  }

  @Test("gradients agree with central differences", arguments: cases, InstructionSet.available)
  func backward(_ test: Case, _ set: InstructionSet) throws {
    try backward(test, set, temperature: 1)
  }

  @Test(
    "so they do where logits are divided by a temperature",
    arguments: zip([cases[0], cases[2]], [1.5, 0.6]))
  func backward(_ test: Case, temperature: Double) throws {
    try backward(test, InstructionSet.available[0], temperature: temperature)
  }

  private func backward(_ test: Case, _ set: InstructionSet, temperature: Double) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let pass = try TrainingPass(
      test.configuration, copying: store, name: "tiny", threads: 2, instructionSet: set)
    let outcome = try pass.forward(Self.rows(temperature: Float(temperature)))
    let slopes = Self.slopes(outcome.logProbabilities.count, 1)
    let entropySlopes = Self.slopes(outcome.logProbabilities.count, 3)
    try pass.backward(slopes: slopes, entropySlopes: entropySlopes)

    var model = ReferenceLlama(test.configuration, store)
    func loss() -> Double {
      let told = Self.reference(model, temperature: temperature)
      return zip(told.logs, slopes).reduce(0) { $0 + $1.0 * Double($1.1) }
        + zip(told.entropies, entropySlopes).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    for name in store.tensorNames {
      let gradient = try #require(pass.gradient(of: name))
      let scale = gradient.reduce(0) { max($0, abs(Double($1))) }
      #expect(scale > 0, "\(name) has a gradient")
      // A prime stride meets every row and column in the end.
      var worst = 0.0
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 23 | 1)) {
        let step = 1e-5
        let old = try #require(model.matrices[name]?[index])
        model.matrices[name]?[index] = old + step
        let above = loss()
        model.matrices[name]?[index] = old - step
        let below = loss()
        model.matrices[name]?[index] = old
        worst = max(worst, abs((above - below) / (2 * step) - Double(gradient[index])) / scale)
      }
      #expect(worst < 1e-4, "\(name)")
    }
  }

  @Test("gradients are the same to the bit at any number of threads", arguments: cases)
  func threads(_ test: Case) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    func bits(_ threads: Int) throws -> [UInt32] {
      let pass = try TrainingPass(
        test.configuration, copying: store, name: "tiny", threads: threads)
      let outcome = try pass.forward(Self.rows())
      try pass.backward(slopes: Self.slopes(outcome.logProbabilities.count, 1))
      return store.tensorNames.flatMap { pass.gradient(of: $0) ?? [] }.map(\.bitPattern)
    }
    let one = try bits(1)
    #expect(try bits(2) == one)
    #expect(try bits(5) == one)
  }
}
