import Decoding
import EngineFixtures
import Testing

@testable import Engine

/// Models with recurrent layers, whose states come and go.
@Suite struct RecurrentModelTests {
  static let models = ["lfm2", "lfm2moe", "qwen35", "qwen35moe", "qwen3next"]

  private static func load(
    _ name: String, _ options: EngineOptions = EngineOptions(), stateLimit: Int? = nil
  ) throws -> TransformerModel {
    let file = try GGUFFile(path: Fixture.path("Models/\(name).gguf"))
    return try TransformerModel(
      configuration: ModelConfiguration(file, vocabularySize: 133),
      weights: MappedWeightStore(file, name: name), vocabulary: NumberedVocabulary(count: 133),
      options: options, stateLimit: stateLimit)
  }

  @Test(
    "Logits are the same to the bit however few states there is room for", arguments: models,
    [2, 3, 6, 20])
  func exact(_ name: String, _ stateLimit: Int) throws {
    var walk = RandomWalk(seed: UInt64(stateLimit) &+ UInt64(name.utf8.count))
    let subject = try Self.load(
      name, EngineOptions(threads: 3, cacheLimit: .tokens(640)), stateLimit: stateLimit)
    let fresh = try Self.load(name, EngineOptions(cacheLimit: .tokens(256)))
    for _ in 0..<15 {
      let asked = walk.step()
      let limit = walk.tokenLimit()
      let result = try subject.forward(
        ForwardRequest(nodes: asked, tokenLimit: limit), in: walk.tree)
      #expect(result.computed.reduce(0, +) <= limit)
      for (node, distribution) in zip(asked, result.distributions) {
        guard let distribution else { continue }
        let expected = try fresh.oneByOne(node, walk.tree)
        #expect(distribution.logits == expected, "\(node), limit \(limit)")
      }
    }
  }

  @Test("All asked nodes are answered in the end, whatever the pieces", arguments: models)
  func answered(_ name: String) throws {
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<70).map { TokenID($0 * 3 % 133) })
    let tips = (0..<12).map { tree.extend(prompt, with: [TokenID($0), 5, TokenID($0 * 2)]) }
    let roomy = try Self.load(name)
    let expected = try roomy.distributions(at: tips, in: tree).map(\.logits)
    for (stateLimit, tokenLimit) in [(2, 1), (2, 33), (5, 8), (3, 512)] {
      let model = try Self.load(name, stateLimit: stateLimit)
      var pending = tips
      var found: [NodeID: [Float]] = [:]
      for _ in 0..<4000 where !pending.isEmpty {
        let request = ForwardRequest(nodes: pending, tokenLimit: tokenLimit)
        let result = try model.forward(request, in: tree)
        for (node, distribution) in zip(pending, result.distributions) {
          found[node] = distribution?.logits
        }
        pending.removeAll { found[$0] != nil }
      }
      #expect(tips.map { found[$0] } == expected)
    }
  }

  @Test("A decoder's texts do not depend on how many states there is room for")
  func decoding() async throws {
    func texts(_ stateLimit: Int?, slots: Int) async throws -> [[TokenID]] {
      let model = try Self.load("qwen35", stateLimit: stateLimit)
      let decoder = Decoder(model: model, slots: slots)
      let start = decoder.insert((0..<40).map { TokenID($0) })
      return await decoder.decode(
        (0..<8).map {
          Continuation(
            start: start, path: $0,
            sampler: SamplingSettings(temperature: 1).sampler(seed: 4, path: $0),
            stop: StopRule(endTokens: []), budget: 40)
        }
      ).map(\.tokens)
    }
    let roomy = try await texts(nil, slots: 8)
    #expect(roomy.allSatisfy { $0.count == 40 })
    #expect(try await texts(3, slots: 8) == roomy)
    #expect(try await texts(nil, slots: 1) == roomy)
  }

  @Test("What a path costs does not grow with what states cost")
  func counting() throws {
    var tree = TokenTree()
    let model = try Self.load("lfm2", stateLimit: 2)
    let prompt = tree.extend(.root, with: (0..<20).map { TokenID($0) })
    #expect(try model.forward(ForwardRequest(nodes: [prompt]), in: tree).computed == [20])
    let other = tree.extend(.root, with: (5..<30).map { TokenID($0) })
    let third = tree.extend(.root, with: [9, 8, 7])
    #expect(try model.forward(ForwardRequest(nodes: [other]), in: tree).computed == [25])
    #expect(try model.forward(ForwardRequest(nodes: [third]), in: tree).computed == [3])
    // The state after the prompt is gone, its keys and values are not.
    let next = tree.extend(prompt, with: 50)
    #expect(try model.forward(ForwardRequest(nodes: [next]), in: tree).computed == [1])
  }

  @Test("States count as memory, within their limit", arguments: models)
  func memory(_ name: String) throws {
    let model = try Self.load(name, EngineOptions(cacheLimit: .tokens(1024)), stateLimit: 4)
    let configuration = model.configuration
    let state = try #require(configuration.stateLayout).byteCount
    let block = KVLayout(format: .f16, configuration).blockBytes
    var tree = TokenTree()
    let start = tree.extend(.root, with: (0..<32).map { TokenID($0) })
    _ = try model.distributions(at: [start], in: tree)
    #expect(model.memoryUse.cacheBytes == block + state)
    let tips = (0..<9).map { tree.extend(start, with: TokenID($0)) }
    _ = try model.distributions(at: tips, in: tree)
    #expect(model.memoryUse.cacheBytes == 10 * block + 4 * state)
  }

  @Test("A limit in bytes holds for keys, values and states together", arguments: models)
  func limit(_ name: String) throws {
    let bytes = 100_000
    let model = try Self.load(name, EngineOptions(cacheLimit: .bytes(bytes)))
    var tree = TokenTree()
    for first in 0..<30 {
      let tip = tree.extend(.root, with: (0..<40).map { TokenID(first + $0) })
      let tips = (0..<6).map { tree.extend(tip, with: TokenID($0)) }
      _ = try model.distributions(at: tips, in: tree)
      #expect(model.memoryUse.cacheBytes <= bytes)
    }
    #expect(model.memoryUse.cacheBytes > bytes / 2)
  }

  @Test("Changed weights leave no state of the old ones", arguments: ["lfm2", "qwen35"])
  func weightsChange(_ name: String) throws {
    let file = try GGUFFile(path: Fixture.path("Models/\(name).gguf"))
    let mapped = MappedWeightStore(file, name: name)
    let copies = mapped.tensorNames.compactMap { name in
      mapped.tensor(named: name).map {
        InMemoryWeightStore.NewTensor(
          name: name, format: $0.format, rowLength: $0.rowLength, rowCount: $0.rowCount,
          bytes: Array(UnsafeRawBufferPointer(start: $0.data, count: $0.byteCount)))
      }
    }
    let store = try InMemoryWeightStore(name: name, tensors: copies)
    func model() throws -> TransformerModel {
      try TransformerModel(
        configuration: ModelConfiguration(file, vocabularySize: 133), weights: store,
        vocabulary: NumberedVocabulary(count: 133))
    }
    let subject = try model()
    let before = try subject.distribution(after: [1, 2, 3]).logits
    store.update("blk.0.attn_norm.weight") { bytes in
      let floats = bytes.bindMemory(to: Float.self)
      for i in floats.indices { floats[i] *= 1.5 }
    }
    // The second goes on from a node that has had a state of the old ones.
    for tokens: [TokenID] in [[1, 2, 3, 4], [1, 2, 3, 5]] {
      let found = try subject.distribution(after: tokens).logits
      #expect(try model().distribution(after: tokens).logits == found)
    }
    #expect(try subject.distribution(after: [1, 2, 3]).logits != before)
  }

  @Test("Sizes that make no recurrent layers are refused")
  func refused() throws {
    let file = try GGUFFile(path: Fixture.path("Models/qwen35.gguf"))
    let good = try ModelConfiguration(file, vocabularySize: 133)
    var layers = good
    layers.recurrence?.layers.removeLast()
    #expect(throws: ModelError.self) { try layers.validate() }
    var length = good
    length.recurrence?.convolutionLength = 1
    #expect(throws: ModelError.self) { try length.validate() }
    var heads = good
    let net = ModelConfiguration.DeltaNet(
      keyHeadCount: 4, valueHeadCount: 6, keySize: 12, valueSize: 18)
    heads.recurrence?.kind = .gatedDeltaNet(net)
    #expect(throws: ModelError.self) { try heads.validate() }
  }
}

extension RecurrentModelTests {
  @Test("When nobody says, each of many paths has room for its state if memory allows")
  func standardLimit() {
    let layout = KVLayout(format: .f16, layerCount: 6, kvHeadCount: 2, headSize: 256)
    func states(_ megabytes: Int, weights: Int, memory: Int) -> Int {
      CacheLimit.standardStates(
        StateLayout(sizes: [megabytes << 18]), beside: layout, context: 4096,
        weightBytes: weights << 30, memory: memory << 30)
    }
    #expect(states(1, weights: 1, memory: 64) == 768)
    #expect(states(50, weights: 4, memory: 64) == 64)
    // Of 16 GiB what weights leave is 12, a quarter of which is for states.
    #expect(states(64, weights: 4, memory: 16) == 48)
  }

  @Test("What decoding reads counts each path's state")
  func benchmark() throws {
    let model = try TransformerModel(
      configuration: ModelConfiguration(
        GGUFFile(path: Fixture.path("Models/qwen35.gguf")), vocabularySize: 133),
      weights: ModelLoader.store(GGUFFile(path: Fixture.path("Models/qwen35.gguf"))),
      vocabulary: NumberedVocabulary(count: 133))
    let benchmark = EngineBenchmark(
      promptTokens: 40, generatedTokens: 8, branches: [3], rounds: 1)
    let measured = try #require(try benchmark.run(model).results.last)
    let read = try #require(measured.bytesPerSecond) / measured.tokensPerSecond
    let state = Double(try #require(model.configuration.stateLayout).byteCount)
    let keys = Double(model.cacheBytesPerToken) * (40.0 / 3 + 4.5)
    #expect(abs(read - (Double(model.memoryUse.weightBytes) / 3 + keys + state)) < 1)
  }
}
