import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// What a model shows of its inside agrees with what it computes.
@Suite struct NodeInspectionTests {
  private static let tokens: [TokenID] = (0..<75).map { TokenID(($0 * 7 + $0 * $0) % 133) }

  @Test(
    "Attention weights sum to 1, sinks included, and respect windows",
    arguments: ArchitectureTests.models)
  func attention(_ name: String) throws {
    let model = try ModelLoader.load(path: Fixture.path("Models/\(name).gguf"))
    let configuration = model.configuration
    var tree = TokenTree()
    let tip = tree.extend(.root, with: Self.tokens)
    let inspection = try model.inspect(tip, in: tree)
    #expect(inspection.attention.count == configuration.layerCount)
    for (layer, heads) in inspection.attention.enumerated() {
      let shape = configuration.shape(ofLayer: layer)
      #expect(heads.count == (shape.kvHeadCount > 0 ? shape.headCount : 0))
      let isLocal = configuration.window?.layers[layer] ?? false
      let first = isLocal ? Self.tokens.count - (configuration.window?.length ?? 0) : 0
      for weights in heads {
        #expect(weights.count == Self.tokens.count)
        let total = weights.reduce(0) { $0 + Double($1) }
        if configuration.architecture == "gpt-oss" {
          // The rest is a sink's.
          #expect(total < 0.999)
        } else {
          #expect(abs(total - 1) < 1e-5)
        }
        #expect(weights[..<first].allSatisfy { $0 == 0 })
        #expect(weights[first...].allSatisfy { $0 > 0 })
      }
    }
    // Looking changes nothing.
    #expect(
      try model.distributions(at: [tip], in: tree)[0].logits == inspection.distribution.logits)
    model.clearCache()
    #expect(
      try model.distributions(at: [tip], in: tree)[0].logits == inspection.distribution.logits)
  }

  @Test(
    "Hidden states begin with the embedding and end in the logits",
    arguments: ArchitectureTests.models)
  func hiddenStates(_ name: String) throws {
    let file = try GGUFFile(path: Fixture.path("Models/\(name).gguf"))
    let model = try ModelLoader.load(file, name: name)
    let configuration = model.configuration
    func matrix(_ name: String) throws -> [Float] {
      let tensor = try #require(MappedWeightStore(file, name: name).tensor(named: name))
      return try #require(ScalarKernels.decode(tensor))
    }
    var tree = TokenTree()
    let tip = tree.extend(.root, with: Self.tokens)
    let inspection = try model.inspect(tip, in: tree)
    let width = configuration.embeddingLength
    #expect(inspection.hiddenStates.count == configuration.layerCount + 1)
    #expect(inspection.hiddenStates.allSatisfy { $0.count == width })

    let embedding = try matrix("token_embd.weight")
    let last = Int(try #require(Self.tokens.last))
    let own = embedding[last * width..<(last + 1) * width].map {
      $0 * configuration.embeddingScale
    }
    #expect(inspection.hiddenStates.first == own)

    let top = try #require(inspection.hiddenStates.last).map(Double.init)
    let square = top.reduce(0) { $0 + $1 * $1 } / Double(width)
    let factor = 1 / (square + Double(configuration.normEpsilon)).squareRoot()
    let isShort = configuration.architecture.hasPrefix("lfm2")
    let norm = try matrix(isShort ? "token_embd_norm.weight" : "output_norm.weight")
    let h = zip(top, norm).map { $0 * factor * Double($1) }
    let output = configuration.tiedEmbeddings ? embedding : try matrix("output.weight")
    for (token, logit) in inspection.distribution.logits.enumerated() {
      var expected = (0..<width).reduce(0.0) { $0 + h[$1] * Double(output[token * width + $1]) }
      expected *= Double(configuration.logitScale)
      if let cap = configuration.logitSoftCap.map(Double.init) {
        expected = cap * tanh(expected / cap)
      }
      #expect(abs(expected - Double(logit)) < 1e-4)
    }
  }

  @Test("The attention of a first token is all its own; unknown nodes are named")
  func edges() throws {
    let model = try ModelLoader.load(path: Fixture.path("Models/gemma2.gguf"))
    var tree = TokenTree()
    let first = tree.extend(.root, with: 5)
    #expect(try model.inspect(first, in: tree).attention.joined().allSatisfy { $0 == [1] })
    let unknown = NodeID.root.appending(contentsOf: [9, 9, 9])
    #expect(throws: LanguageModelError.unknownNode(unknown)) {
      try model.inspect(unknown, in: tree)
    }
  }
}
