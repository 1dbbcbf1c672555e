import Decoding
import EngineFixtures
import Testing

@testable import Engine

/// What holds for models of every architecture.
@Suite struct ArchitectureTests {
  /// Fixtures that between them have all there is to architectures.
  static let models = [
    "f32-rope-factors", "llama-yarn", "llama-experts", "qwen2", "qwen2moe", "qwen3", "qwen3moe",
    "gemma2", "gemma3", "phi3-long", "phi3-window", "mistral3", "smollm3", "qwen2vl", "qwen3vl",
    "granite", "granitemoe", "minicpm", "ernie4_5", "ernie4_5-moe", "deci", "nanbeige", "olmo2",
    "olmo3", "exaone4-window", "hunyuan-dense", "seed_oss", "glm4", "gpt-oss", "gemma4",
    "gemma4-values", "gemma4-experts", "lfm2", "lfm2moe", "qwen35", "qwen35moe", "qwen3next",
  ]

  private static func load(_ name: String, _ options: EngineOptions) throws -> TransformerModel {
    try ModelLoader.load(path: Fixture.path("Models/\(name).gguf"), options: options)
  }

  @Test func everyArchitectureHasAFixture() throws {
    let found = try Self.models.map {
      try GGUFFile(path: Fixture.path("Models/\($0).gguf")).metadata.text("general.architecture")
    }
    #expect(Set(found.compactMap { $0 }) == Set(Architectures.names))
  }

  @Test(
    "Logits are the same to the bit over random extends, forks and evictions",
    arguments: models, InstructionSet.available)
  func exact(_ name: String, _ isa: InstructionSet) throws {
    let seed = (name + isa.rawValue).utf8.reduce(0) { $0 &* 31 + UInt64($1) }
    var walk = RandomWalk(seed: seed)
    let formats = KVFormat.allCases
    let kvFormat = formats[Int(seed % UInt64(formats.count))]
    let threads = Int(seed / 7 % 3) + 1
    let subject = try Self.load(
      name,
      EngineOptions(
        threads: threads, kvFormat: kvFormat, cacheLimit: .tokens(640), instructionSet: isa))
    let fresh = try Self.load(
      name, EngineOptions(kvFormat: kvFormat, cacheLimit: .tokens(256), instructionSet: isa))
    for _ in 0..<12 {
      let asked = walk.step()
      let limit = walk.tokenLimit()
      let result = try subject.forward(
        ForwardRequest(nodes: asked, tokenLimit: limit), in: walk.tree)
      for (node, distribution) in zip(asked, result.distributions) {
        guard let distribution else { continue }
        let expected = try fresh.oneByOne(node, walk.tree)
        #expect(distribution.logits == expected, "\(node), limit \(limit)")
      }
    }
  }

  @Test("Many rows at once equal one at a time on any number of threads", arguments: models)
  func wide(_ name: String) throws {
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<50).map { TokenID($0 * 5 % 133) })
    let tips = (0..<40).map { tree.extend(prompt, with: [TokenID($0), 3, TokenID($0 * 3)]) }
    let alone = try Self.load(name, EngineOptions())
    let expected = try tips.map { try alone.distributions(at: [$0], in: tree)[0].logits }
    for threads in [1, 3] {
      let model = try Self.load(name, EngineOptions(threads: threads))
      #expect(try model.distributions(at: tips, in: tree).map(\.logits) == expected)
    }
  }

  @Test("Random weights make a model of every architecture, without biases", arguments: models)
  func randomized(_ name: String) throws {
    let file = try GGUFFile(path: Fixture.path("Models/\(name).gguf"))
    let store = try InMemoryWeightStore.randomized(
      like: MappedWeightStore(file, name: name), seed: 3)
    for name in store.tensorNames where name.hasSuffix(".bias") {
      let bias = try #require(store.tensor(named: name))
      #expect(ScalarKernels.decode(bias)?.allSatisfy { $0 == 0 } == true)
    }
    let model = try TransformerModel(
      configuration: ModelConfiguration(file, vocabularySize: 133), weights: store,
      vocabulary: NumberedVocabulary(count: 133))
    let logits = try model.distribution(after: [1, 2, 3]).logits
    #expect(logits.allSatisfy { $0.isFinite })
    #expect(Set(logits).count > 1)
  }

  @Test("Numbers that make no sense end in an error or in some logits", arguments: models)
  func damaged(_ name: String) throws {
    let whole = try Fixture.bytes("Models/\(name).gguf")
    let metadata = try GGUFFile(bytes: whole).metadata
    let architecture = try #require(try metadata.text("general.architecture"))
    let numbers: [UInt32] = [
      0, 1, 3, 1000, 0x7FFF_FFFF, 0xFFFF_FFFF, (-1 as Float).bitPattern, Float.nan.bitPattern,
      Float.infinity.bitPattern,
    ]
    for key in metadata.keys where key.hasPrefix(architecture + ".") {
      guard metadata[key]?.number != nil else { continue }
      // The value's four bytes follow the key and the value's type.
      let place = try #require(whole.firstRange(of: Array(key.utf8))).upperBound + 4
      for number in numbers {
        var bytes = whole
        bytes.replaceSubrange(place..<place + 4, with: withUnsafeBytes(of: number) { Array($0) })
        do {
          let model = try ModelLoader.load(
            GGUFFile(bytes: bytes), name: name, options: EngineOptions(cacheLimit: .tokens(64)))
          _ = try model.distribution(after: Array(2..<40))
        } catch is GGUFError {
        } catch is ModelError {
        } catch is LanguageModelError {
        }
      }
    }
  }

  @Test("A tensor that nobody uses is not passed over, unless it is known to be harmless")
  func unusedTensors() throws {
    var configuration = ModelConfiguration.tiny()
    let plain = try InMemoryWeightStore.llama(configuration, format: .f32)
    func load(with name: String) throws {
      let store = try InMemoryWeightStore(
        name: "more",
        tensors: plain.copies() + [
          .init(
            name: name, format: .f32, rowLength: 96, rowCount: 1,
            bytes: [UInt8](repeating: 0, count: 96 * 4))
        ])
      _ = try TransformerModel(
        configuration: configuration, weights: store, vocabulary: NumberedVocabulary(count: 77))
    }
    for name in [
      "blk.1.ffn_up.bias", "blk.0.attn_q_norm.weight", "blk.2.ffn_up.weight", "output.bias",
      "blk.0.ffn_down.scale",
    ] {
      #expect(throws: ModelError.unsupportedTensor(name, architecture: "llama")) {
        try load(with: name)
      }
    }
    for name in ["rope_factors_long.weight", "v.blk.0.attn_q.weight", "mm.0.weight"] {
      #expect(throws: Never.self) { try load(with: name) }
    }
    configuration.predictionLayerCount = 1
    #expect(throws: Never.self) { try load(with: "blk.2.nextn.eh_proj.weight") }
    #expect(throws: ModelError.self) { try load(with: "blk.3.nextn.eh_proj.weight") }
  }

  @Test("What an architecture needs is asked for by name")
  func missing() throws {
    var configuration = ModelConfiguration.tiny()
    let store = try InMemoryWeightStore.llama(configuration, format: .f32)
    for (architecture, tensor) in [
      ("qwen2", "blk.0.attn_q.bias"), ("qwen3", "blk.0.attn_q_norm.weight"),
      ("gemma2", "blk.0.post_attention_norm.weight"), ("phi3", "blk.0.attn_qkv.weight"),
    ] {
      configuration.architecture = architecture
      #expect(throws: ModelError.missingTensor(tensor)) {
        try TransformerModel(
          configuration: configuration, weights: store,
          vocabulary: NumberedVocabulary(count: 77))
      }
    }
    configuration.architecture = "qwen3moe"
    configuration.experts = .init(count: 4, used: 5, feedForwardLength: 8)
    #expect(throws: ModelError.self) { try configuration.validate() }
  }

  @Test("Frequency factors for long contexts are for models opened with one")
  func longContext() throws {
    let file = try GGUFFile(path: Fixture.path("Models/phi3-long.gguf"))
    var configuration = try ModelConfiguration(file, vocabularySize: 133)
    let kernels = try #require(InstructionSet.generic.kernels)
    let store = MappedWeightStore(file, name: "phi")
    let weights = WeightLoader(
      store: store, compute: Compute(kernels: kernels, pool: ThreadPool(threadCount: 1)),
      meter: LoadMeter(store, observer: nil))
    #expect(try weights.frequencyFactors(configuration) == [1, 1.5, 2, 3, 5, 8])
    configuration.contextLength = 32
    #expect(try weights.frequencyFactors(configuration) == [1, 1, 1.1, 1.2, 1.3, 1.4])
  }
}

extension InMemoryWeightStore {
  /// All its tensors, to make another store of.
  func copies() -> [NewTensor] {
    tensorNames.compactMap { name in
      tensor(named: name).map {
        NewTensor(
          name: name, format: $0.format, rowLength: $0.rowLength, rowCount: $0.rowCount,
          bytes: Array(UnsafeRawBufferPointer(start: $0.data, count: $0.byteCount)))
      }
    }
  }
}
