import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// The engine against the plain double-precision forward pass.
@Suite struct TransformerReferenceTests {
  struct Case: CustomStringConvertible, Sendable {
    var configuration: ModelConfiguration
    var factors = false
    var name: String
    var description: String { name }
  }

  static let cases: [Case] = [
    Case(configuration: .tiny(), name: "grouped, odd head size"),
    Case(configuration: .tiny(tied: true), name: "tied"),
    Case(configuration: .tiny(heads: 3, kvHeads: 3, headSize: 24), name: "one head each"),
    Case(configuration: .tiny(heads: 5, kvHeads: 1, headSize: 22), name: "one key head"),
    Case(
      configuration: .tiny(layers: 1, heads: 2, kvHeads: 1, headSize: 72, vocabulary: 33),
      factors: true, name: "wide head, frequency factors"),
  ]

  static let tokens: [TokenID] = (0..<75).map { TokenID(($0 * 7 + $0 * $0) % 33) }

  @Test("F32 logits agree with the reference", arguments: cases, InstructionSet.available)
  func floats(_ test: Case, _ isa: InstructionSet) throws {
    let difference = try largestDifference(test, format: .f32, isa: isa)
    #expect(difference <= 1e-5)
  }

  @Test("F16 logits agree with the reference", arguments: cases, InstructionSet.available)
  func halves(_ test: Case, _ isa: InstructionSet) throws {
    let difference = try largestDifference(test, format: .f16, isa: isa)
    #expect(difference <= 1e-5)
  }

  /// max |Δ| / max |logit| over all positions.
  private func largestDifference(
    _ test: Case, format: TensorFormat, isa: InstructionSet
  ) throws -> Double {
    let store = try InMemoryWeightStore.llama(
      test.configuration, format: format, factors: test.factors)
    let model = try TransformerModel(
      configuration: test.configuration, weights: store,
      vocabulary: NumberedVocabulary(count: test.configuration.vocabularySize),
      options: EngineOptions(kvFormat: .f32, instructionSet: isa))
    let expected = ReferenceLlama(test.configuration, store).logits(Self.tokens)
    var tree = TokenTree()
    var nodes: [NodeID] = []
    for token in Self.tokens { nodes.append(tree.extend(nodes.last ?? .root, with: token)) }
    let actual = try model.distributions(at: nodes, in: tree)
    var difference = 0.0
    var largest = 0.0
    for (row, distribution) in zip(expected, actual) {
      for (a, b) in zip(row, distribution.logits) {
        difference = max(difference, abs(a - Double(b)))
        largest = max(largest, abs(a))
      }
    }
    return difference / largest
  }
}
