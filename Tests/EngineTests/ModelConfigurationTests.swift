import Foundation
import Testing

@testable import Engine
@testable import EngineFixtures

@Suite struct ModelConfigurationTests {
  private func configuration(_ name: String) throws -> ModelConfiguration {
    try ModelConfiguration(
      GGUFFile(path: Fixture.path("Models/\(name).gguf")), vocabularySize: 133)
  }

  @Test func shapesOfTheFixtures() throws {
    let linear = try configuration("f32-rope-linear")
    #expect(abs(linear.rotary.frequencyScale - 0.4) < 1e-12)
    #expect(!linear.tiedEmbeddings)
    let factors = try configuration("f32-rope-factors")
    #expect(factors.rotary.base == 500_000)
    #expect(factors.rotary.frequencyScale == 1)
    let odd = try configuration("f32-gqa-untied")
    let expected = ModelConfiguration(
      architecture: "llama", layerCount: 2, embeddingLength: 24, headCount: 3, kvHeadCount: 1,
      headSize: 48, feedForwardLength: 40, rotary: .init(dimensions: 48), normEpsilon: 1e-5,
      contextLength: 128, vocabularySize: 133, tiedEmbeddings: false)
    #expect(odd == expected)
  }

  @Test func whatArchitecturesAdd() throws {
    let gemma2 = try configuration("gemma2")
    #expect(gemma2.window == .init(length: 9, layers: [true, false, true]))
    #expect(gemma2.attentionSoftCap == 3)
    #expect(gemma2.logitSoftCap == 4)
    #expect(gemma2.localRotary == nil)
    #expect(gemma2.attentionScale == nil)
    let gemma3 = try configuration("gemma3")
    #expect(
      gemma3.window == .init(length: 9, layers: [true, true, true, true, true, false]))
    #expect(gemma3.localRotary == .init(dimensions: 14, base: 5000))
    #expect(gemma3.rotary == .init(dimensions: 14, base: 1e6, frequencyScale: 0.4))
    #expect(gemma3.attentionSoftCap == nil)
    #expect(gemma3.logitSoftCap == nil)
    let phi = try configuration("phi3-long")
    #expect(phi.rotary.dimensions == 12)
    #expect(phi.rotary.originalContextLength == 32)
    #expect(abs(phi.rotary.magnitude - (1 + log(4) / log(32)).squareRoot()) < 1e-6)
    #expect(try configuration("phi3-window").window?.layers == [true, true])
    let yarn = try configuration("llama-yarn").rotary
    #expect(yarn.yarn == .init(originalContextLength: 32))
    #expect(yarn.frequencyScale == 0.25)
    #expect(abs(yarn.magnitude - (1 + 0.1 * log(4))) < 1e-9)
    #expect(
      try configuration("qwen2moe").experts
        == .init(count: 5, used: 2, feedForwardLength: 12, sharedFeedForwardLength: 20))
    #expect(
      try configuration("llama-experts").experts
        == .init(count: 4, used: 2, feedForwardLength: 20))
  }

  @Test func fileTypesAndParameters() throws {
    for name in ["f32-mha-tied", "f16-gqa-tied", "q8_0-mha-untied"] {
      let file = try GGUFFile(path: Fixture.path("Models/\(name).gguf"))
      #expect(file.fileType == String(name.prefix { $0 != "-" }).uppercased())
    }
    let file = try GGUFFile(path: Fixture.path("Models/f32-mha-tied.gguf"))
    // Embedding, two layers of attention, feed-forward and norms, the last norm.
    let attention = 4 * 32 * 40
    let feedForward = 3 * 32 * 40
    #expect(file.parameterCount == 133 * 32 + 2 * (attention + feedForward + 2 * 32) + 32)
  }

  /// A file with only what is needed to read a configuration.
  private func file(
    _ changes: [String: GGUFValue], without missing: String? = nil,
    architecture name: String = "llama"
  ) throws -> GGUFFile {
    var values: [String: GGUFValue] = [
      "general.architecture": .string(name), "\(name).block_count": .uint32(1),
      "\(name).embedding_length": .uint32(4), "\(name).feed_forward_length": .uint32(6),
      "\(name).context_length": .uint64(16), "\(name).attention.head_count": .uint16(2),
      "\(name).attention.layer_norm_rms_epsilon": .float32(1e-5),
    ]
    for (key, value) in changes { values[key] = value }
    if let missing { values[missing] = nil }
    var writer = GGUFWriter()
    for (key, value) in values.sorted(by: { $0.key < $1.key }) { writer.set(key, to: value) }
    try writer.add(
      tensor: "token_embd.weight", shape: [4, 5], values: .init(repeating: 0, count: 20))
    return try GGUFFile(bytes: writer.encoded())
  }

  @Test func defaults() throws {
    let found = try ModelConfiguration(file([:]), vocabularySize: 5)
    #expect(found.kvHeadCount == 2)
    #expect(found.headSize == 2)
    #expect(found.tiedEmbeddings)
    #expect(found.rotary == .init(dimensions: 2, base: 10_000, frequencyScale: 1))
  }

  @Test func nonsenseIsNamed() throws {
    func error(
      _ changes: [String: GGUFValue], without missing: String? = nil
    ) throws -> (any Error)? {
      let file = try file(changes, without: missing)
      return #expect(throws: (any Error).self) { try ModelConfiguration(file, vocabularySize: 5) }
    }
    let unknown = try error(["general.architecture": .string("mamba")])
    #expect(
      unknown as? ModelError == .unsupportedArchitecture("mamba", supported: Architectures.names))
    #expect(unknown.map { "\($0)" }?.contains("llama") == true)
    #expect(
      try error([:], without: "llama.block_count") as? GGUFError
        == .missingKey("llama.block_count"))
    #expect(
      try error(["llama.block_count": .string("1")]) as? GGUFError
        == .wrongType(key: "llama.block_count", expected: "an integer", found: "string"))
    for (key, value): (String, GGUFValue) in [
      ("llama.block_count", .uint32(0)), ("llama.embedding_length", .int32(-4)),
      ("llama.context_length", .uint64(1 << 40)), ("llama.attention.head_count", .uint32(5)),
      ("llama.attention.layer_norm_rms_epsilon", .float32(.nan)),
    ] {
      guard case GGUFError.valueOutOfRange? = try error([key: value]) as? GGUFError else {
        Issue.record("\(key) = \(value)")
        continue
      }
    }
    for (key, value): (String, GGUFValue) in [
      ("llama.block_count", .uint32(1000)), ("llama.attention.head_count_kv", .uint32(3)),
      ("llama.attention.value_length", .uint32(4)), ("llama.rope.dimension_count", .uint32(3)),
      ("llama.rope.dimension_count", .uint32(4)), ("llama.rope.freq_base", .float32(0)),
      ("llama.rope.scaling.type", .string("dynamic")),
      ("llama.attention.layer_norm_rms_epsilon", .float32(-1)),
    ] {
      guard case ModelError.invalidConfiguration? = try error([key: value]) as? ModelError else {
        Issue.record("\(key) = \(value)")
        continue
      }
    }
    #expect(
      throws: ModelError.wrongShape(
        tensor: "token_embd.weight", expected: [4, 6], found: [4, 5])
    ) { try ModelConfiguration(self.file([:]), vocabularySize: 6) }
  }

  @Test func nonsenseOfArchitecturesIsNamed() throws {
    for (name, key, value): (String, String, GGUFValue) in [
      ("gemma2", "attn_logit_softcapping", .float32(-1)),
      ("gemma2", "attention.sliding_window_pattern", .array(.bool, [.bool(true), .bool(false)])),
      ("llama", "expert_used_count", .uint32(3)),
      ("llama", "rope.scaling.attn_factor", .float32(0)),
      ("llama", "rope.scaling.factor", .float32(-2)),
    ] {
      var changes = ["\(name).\(key)": value]
      if key == "expert_used_count" { changes["llama.expert_count"] = .uint32(2) }
      let file = try file(changes, architecture: name)
      let error = #expect(throws: ModelError.self) {
        try ModelConfiguration(file, vocabularySize: 5)
      }
      guard case .invalidConfiguration? = error else {
        Issue.record("\(key): \(String(describing: error))")
        continue
      }
    }
    let wrongType = try file(
      ["gemma2.attention.sliding_window_pattern": .array([1.5])], architecture: "gemma2")
    #expect(throws: GGUFError.self) { try ModelConfiguration(wrongType, vocabularySize: 5) }
  }

  @Test("Gemma's largest models scale queries by the width per head")
  func largestGemmas() throws {
    for (name, layers) in [("gemma2", 46), ("gemma3", 62)] {
      var configuration = ModelConfiguration.tiny(layers: layers, heads: 4, headSize: 10, width: 64)
      let metadata = ArchitectureMetadata(
        architecture: name, metadata: try file([:], architecture: name).metadata)
      try Architectures.named(name).configure(&configuration, from: metadata)
      #expect(configuration.attentionScale == 0.25)
    }
  }

  @Test(
    "Sizes may be stated for each layer; where all are equal, that says no more than one number")
  func sizesByLayer() throws {
    func read(_ kvHeads: GGUFValue, _ lengths: GGUFValue) throws -> ModelConfiguration {
      // A tensor for each layer, so that as many are believed.
      try ModelConfiguration(
        file(
          [
            "llama.block_count": .uint32(1), "llama.attention.head_count_kv": kvHeads,
            "llama.feed_forward_length": lengths,
          ]), vocabularySize: 5)
    }
    let plain = try read(.uint32(1), .uint32(6))
    #expect(try read(.array([1] as [Int32]), .array([6] as [Int32])) == plain)
    #expect(plain.layerShapes == nil)
    #expect(throws: GGUFError.self) { try read(.array([1, 1] as [Int32]), .uint32(6)) }
    #expect(throws: GGUFError.self) { try read(.array([-1] as [Int32]), .uint32(6)) }
    let deci = try configuration("deci")
    #expect(deci.layerShapes?.map(\.headCount) == [4, 4, 0, 4, 0])
    #expect(deci.layerShapes?.map(\.kvHeadCount) == [1, 0, 0, 2, 0])
    #expect(deci.layerShapes?.map(\.feedForwardLength) == [20, 12, 14, 26, 0])
    let gemma = try configuration("gemma4")
    #expect(gemma.layerShapes?.map(\.headSize) == [10, 10, 16, 10, 10, 16])
    #expect(gemma.sharedKVLayers == [4: 3, 5: 2])
    let layout = KVLayout(format: .f32, gemma)
    #expect(layout.layers.map(\.kvHeadCount) == [1, 1, 1, 1, 0, 0])
  }

  @Test("Metadata that change results are refused unless they say what is computed anyway")
  func unsupportedMetadata() throws {
    for (key, value, neutral): (String, GGUFValue, GGUFValue) in [
      ("attention.causal", .bool(false), .bool(true)),
      ("use_parallel_residual", .bool(true), .bool(false)),
      ("logit_scale", .float32(0.5), .float32(1)),
      ("expert_group_count", .uint32(8), .uint32(1)),
      ("attention.clamp_kqv", .float32(8), .float32(0)),
    ] {
      let key = "llama." + key
      let error = #expect(throws: ModelError.self) {
        try ModelConfiguration(file([key: value]), vocabularySize: 5)
      }
      guard case .unsupportedMetadata(key, _)? = error else {
        Issue.record("\(key): \(String(describing: error))")
        continue
      }
      let found = try ModelConfiguration(file([key: neutral]), vocabularySize: 5)
      #expect(found.unheardMetadata.isEmpty)
    }
    // What one architecture computes another one does not.
    let granite = try file(["granite.logit_scale": .float32(0.5)], architecture: "granite")
    #expect(try ModelConfiguration(granite, vocabularySize: 5).logitScale == 2)
    let found = try ModelConfiguration(
      file(["llama.flux": .uint32(3), "llama.vocab_size": .uint32(5)]), vocabularySize: 5)
    #expect(found.unheardMetadata == ["llama.flux"])
  }

  @Test("Rotary dimensions fit the heads, and only some architectures turn a part of a head")
  func rotaryDimensions() throws {
    func read(_ name: String) throws -> ModelConfiguration {
      try ModelConfiguration(
        file(
          [
            "\(name).attention.key_length": .uint32(8), "\(name).rope.dimension_count": .uint32(4),
            "\(name).attention.value_length": .uint32(8),
          ], architecture: name), vocabularySize: 5)
    }
    #expect(throws: ModelError.self) { try read("llama") }
    #expect(throws: ModelError.self) { try read("qwen3") }
    #expect(try read("phi3").rotary.dimensions == 4)
    #expect(try read("glm4").rotary.dimensions == 4)
  }

  @Test("Rounds of a looped model multiply its layers, within bounds")
  func loops() throws {
    func read(_ loops: UInt32) throws -> ModelConfiguration {
      try ModelConfiguration(
        file(["nanbeige.num_loops": .uint32(loops)], architecture: "nanbeige"), vocabularySize: 5)
    }
    #expect(try read(1).layerCount == 1)
    #expect(try read(3).layerCount == 3)
    #expect(throws: ModelError.self) { try read(1_000_000) }
  }

  @Test("Layers that guess ahead are not counted")
  func predictionLayers() throws {
    let key = "llama.nextn_predict_layers"
    #expect(throws: ModelError.self) {
      try ModelConfiguration(file([key: .uint32(1)]), vocabularySize: 5)
    }
    let whole = try file(["llama.block_count": .uint32(1), key: .uint32(0)])
    #expect(try ModelConfiguration(whole, vocabularySize: 5).predictionLayerCount == 0)
  }

  @Test("Older MiniCPM files leave their constants to be worked out")
  func miniCPM() throws {
    let found = try configuration("minicpm")
    #expect(found.embeddingScale == 12)
    #expect(abs(found.residualScale - 1.4 / Float(3).squareRoot()) < 1e-6)
    #expect(abs(found.logitScale - 256 / 22) < 1e-5)
  }
}
