import Decoding
import EngineFixtures
import Synchronization
import Testing

@testable import Engine

/// How much is kept of keys and values, what is given up first, and what is said when that is too
/// little.
@Suite struct CacheLimitTests {
  private static func model(
    _ limit: CacheLimit?, context: Int = 1024, kvFormat: KVFormat = .f16
  ) throws -> TransformerModel {
    let configuration = ModelConfiguration.tiny(layers: 1, context: context)
    return try TransformerModel(
      configuration: configuration,
      weights: try InMemoryWeightStore.llama(configuration, format: .f32),
      vocabulary: NumberedVocabulary(count: configuration.vocabularySize),
      options: EngineOptions(kvFormat: kvFormat, cacheLimit: limit))
  }

  @Test("Limits are read as tokens or as memory")
  func reading() {
    #expect(CacheLimit("8192") == .tokens(8192))
    #expect(CacheLimit("32k") == .tokens(32768))
    #expect(CacheLimit("512M") == .bytes(512 << 20))
    #expect(CacheLimit("2G") == .bytes(2 << 30))
    #expect(CacheLimit("1.5GiB") == .bytes(3 << 29))
    #expect(CacheLimit("64kB") == .bytes(64 << 10))
    for text in ["", "0", "-1", "k", "G", "2X", "1e3", "1..2", "0.0001", "99999999999T", "nan"] {
      #expect(CacheLimit(text) == nil, "\(text)")
    }
  }

  @Test("The standard limit heeds the machine's memory and holds a whole context if it can")
  func standard() {
    // 32 KiB a token, as a model of one thousand million weights has.
    let layout = KVLayout(format: .f16, layerCount: 16, kvHeadCount: 8, headSize: 64)
    func tokens(context: Int, weights: Int, memory: Int) -> Int {
      CacheLimit.standard(layout, context: context, weightBytes: weights, memory: memory)
        .tokens(layout)
    }
    let gigabyte = 1 << 30
    #expect(tokens(context: 8192, weights: gigabyte, memory: 64 * gigabyte) == 32768)
    #expect(tokens(context: 131_072, weights: gigabyte, memory: 64 * gigabyte) == 131_072)
    // Of 8 GiB what weights leave is shared.
    #expect(tokens(context: 131_072, weights: 2 * gigabyte, memory: 8 * gigabyte) == 98_304)
    #expect(tokens(context: 131_072, weights: 7 * gigabyte, memory: 8 * gigabyte) == 32_768)
    // Even a machine that is too small keeps something.
    #expect(tokens(context: 8192, weights: gigabyte, memory: gigabyte / 2) == 4096)
    #expect(CacheLimit.machineMemory > 64 << 20)
  }

  @Test("A limit is kept to, whatever it is given in")
  func kept() throws {
    let blockBytes = KVLayout(format: .q8_0, layerCount: 1, kvHeadCount: 2, headSize: 10).blockBytes
    let limits: [(CacheLimit, Int)] = [
      (.tokens(200), 192), (.tokens(1), 32), (.bytes(5 * blockBytes), 160), (.bytes(1), 32),
    ]
    for (limit, capacity) in limits {
      let model = try Self.model(limit, kvFormat: .q8_0)
      #expect(model.memoryUse.cacheCapacity == capacity)
      for start in 0..<20 {
        let tokens = (0..<capacity).map { TokenID(($0 + start) % 77) }
        _ = try model.distribution(after: tokens)
        #expect(model.memoryUse.cacheBytes <= capacity / 32 * blockBytes)
      }
      #expect(model.memoryUse.cacheBytes == capacity / 32 * blockBytes)
    }
  }

  @Test("A context of 128k tokens takes no memory before it is used")
  func growsAsNeeded() throws {
    let model = try Self.model(nil, context: 131_072)
    #expect(model.memoryUse.cacheCapacity >= 131_072)
    _ = try model.distribution(after: [1, 2, 3])
    #expect(model.memoryUse.cachedTokens == 32)
  }

  @Test("Too little room is told with what is needed, what there is and what can be done")
  func message() throws {
    let model = try Self.model(.tokens(128))
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<40).map { TokenID($0) })
    // A shared block, then one for each path; the end of the prompt itself needs none.
    let tips = (0..<9).map { tree.extend(prompt, with: [TokenID($0), 5]) }
    let error = LanguageModelError.cacheExhausted(needed: 320, capacity: 128)
    #expect(throws: error) { try model.distributions(at: [prompt] + tips, in: tree) }
    for word in ["320", "128", "--kv q8_0", "--kv-limit", "fewer parallel paths"] {
      #expect("\(error)".contains(word))
    }
    // What does fit is computed.
    #expect(try model.distributions(at: Array(tips[..<3]), in: tree).count == 3)
  }

  @Test("What was used longest ago goes first, and what is asked for stays")
  func eviction() throws {
    let model = try Self.model(.tokens(6 * 32))
    var tree = TokenTree()
    func path(_ first: TokenID, _ count: Int) -> NodeID {
      tree.extend(.root, with: [first] + (1..<count).map { TokenID($0) })
    }
    func computed(_ nodes: [NodeID]) throws -> Int {
      try model.forward(ForwardRequest(nodes: nodes), in: tree).computed.reduce(0, +)
    }
    let (a, b, c) = (path(1, 64), path(2, 64), path(3, 64))
    for node in [a, b, c] { #expect(try computed([node]) == 64) }
    #expect(try computed([a]) == 0)
    // There is no room for another: b, not used since, makes way, from its end.
    let d = path(4, 32)
    #expect(try computed([d]) == 32)
    #expect(try computed([a, c]) == 0)
    #expect(try computed([b]) == 32)
    // c goes now, although a is older: a was asked for together with it, and is asked for again.
    let e = path(5, 64)
    #expect(try computed([a, e]) == 64)
  }

  @Test("Paths that part inside a block cost no more than one block each beside their tokens")
  func forksCostOneBlock() throws {
    for (prompt, kvFormat) in [(512, KVFormat.f16), (500, .f16), (513, .q8_0)] {
      let model = try Self.model(.tokens(1 << 14), kvFormat: kvFormat)
      var tree = TokenTree()
      let start = tree.extend(.root, with: (0..<prompt).map { TokenID($0 % 77) })
      _ = try model.distributions(at: [start], in: tree)
      let tips = (0..<40).map { branch in
        tree.extend(start, with: [TokenID(branch)] + (1..<128).map { TokenID($0 % 77) })
      }
      _ = try model.distributions(at: tips, in: tree)
      let used = model.memoryUse.cachedTokens
      let distinct = prompt + 40 * 128
      if prompt % 32 == 0 {
        #expect(used == distinct)
      } else {
        #expect(used > distinct)
        #expect(used <= distinct + 40 * 32)
      }
      let layout = KVLayout(format: kvFormat, layerCount: 1, kvHeadCount: 2, headSize: 10)
      #expect(model.memoryUse.cacheBytes == used / 32 * layout.blockBytes)
    }
  }

  @Test("A long context is the same in whatever pieces it is read")
  func longContext() throws {
    let tokens = (0..<6000).map { (i: Int) -> TokenID in TokenID((i * 7 + i / 77) % 77) }
    var tree = TokenTree()
    let tip = tree.extend(.root, with: tokens)
    func logits(_ model: TransformerModel, limit: Int) throws -> [Float] {
      while true {
        let result = try model.forward(ForwardRequest(nodes: [tip], tokenLimit: limit), in: tree)
        if let distribution = result.distributions[0] { return distribution.logits }
      }
    }
    let whole = try logits(try Self.model(nil, context: 8192), limit: 512)
    #expect(whole.allSatisfy { $0.isFinite })
    #expect(try logits(try Self.model(nil, context: 8192), limit: 77) == whole)
  }
}

extension CacheLimitTests {
  @Test("When not all paths fit, some wait: the texts stay the same and little is computed twice")
  func pathsWait() async throws {
    func decode(_ limit: CacheLimit?) async throws -> (results: [PathResult], computed: Int) {
      let model = CountingModel(model: try Self.model(limit))
      let decoder = Decoder(model: model, slots: 12)
      let start = decoder.insert((0..<64).map { TokenID($0) })
      let results = await decoder.decode(
        (0..<12).map {
          Continuation(
            start: start, path: $0,
            sampler: SamplingSettings(temperature: 1).sampler(seed: 4, path: $0),
            stop: StopRule(endTokens: []), budget: 96)
        })
      return (results, model.computed.withLock { $0 })
    }
    let roomy = try await decode(nil)
    // Room for the prompt and four whole paths.
    let tight = try await decode(.tokens(64 + 4 * 96))
    #expect(tight.results.map(\.tokens) == roomy.results.map(\.tokens))
    #expect(tight.results.allSatisfy { $0.reason == .budget })
    #expect(roomy.computed <= 64 + 12 * 95)
    #expect(tight.computed < 2 * roomy.computed, "\(tight.computed) tokens")
  }

  /// Counts the tokens that a model computes.
  private final class CountingModel: LanguageModel {
    let model: TransformerModel
    let computed = Mutex(0)

    init(model: TransformerModel) { self.model = model }

    var identity: ModelIdentity { model.identity }
    var vocabulary: any Vocabulary { model.vocabulary }
    var contextLength: Int { model.contextLength }

    func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
      let result = try model.forward(request, in: tree)
      computed.withLock { $0 += result.computed.reduce(0, +) }
      return result
    }
  }
}
