import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// Logits do not depend on what was cached, evicted, computed together or by how many threads.
@Suite struct PrefixCacheTests {
  private static func model(
    _ format: TensorFormat, _ options: EngineOptions, configuration: ModelConfiguration? = nil
  ) throws -> TransformerModel {
    let configuration = configuration ?? .whole(blocksOf: format)
    return try TransformerModel(
      configuration: configuration,
      weights: try InMemoryWeightStore.llama(configuration, format: format),
      vocabulary: NumberedVocabulary(count: configuration.vocabularySize), options: options)
  }

  @Test(
    "Cached equals fresh to the bit over random extends, forks and evictions",
    arguments: InstructionSet.available, PackedFormat.supported)
  func cachedEqualsFresh(_ isa: InstructionSet, _ format: TensorFormat) throws {
    let seed = UInt64(isa.rawValue.utf8.reduce(0) { $0 + Int($1) } + Int(format.rawValue))
    for kvFormat in KVFormat.allCases {
      var walk = RandomWalk(seed: seed)
      let subject = try Self.model(
        format,
        EngineOptions(threads: 2, kvFormat: kvFormat, cacheLimit: .tokens(640), instructionSet: isa)
      )
      let fresh = try Self.model(
        format,
        EngineOptions(threads: 1, kvFormat: kvFormat, cacheLimit: .tokens(256), instructionSet: isa)
      )
      for _ in 0..<25 {
        let asked = walk.step()
        let limit = walk.tokenLimit()
        let result = try subject.forward(
          ForwardRequest(nodes: asked, tokenLimit: limit), in: walk.tree)
        #expect(result.computed.reduce(0, +) <= limit)
        let advanced = result.computed.reduce(0, +) > 0
        #expect(advanced || result.distributions.contains { $0 != nil })
        for (node, distribution) in zip(asked, result.distributions) {
          guard let distribution else { continue }
          let expected = try fresh.oneByOne(node, walk.tree)
          #expect(distribution.logits == expected, "\(node), limit \(limit)")
        }
      }
    }
  }

  @Test("Forty branches are the same together, alone, and on any number of threads")
  func branches() throws {
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<70).map { TokenID($0) })
    let tips = (0..<40).map { tree.extend(prompt, with: [TokenID($0), 3, 5]) }
    let wide = try Self.model(.q8_0, EngineOptions(threads: 1))
    let threaded = try Self.model(.q8_0, EngineOptions(threads: 2))
    let narrow = try Self.model(.q8_0, EngineOptions(threads: 1))
    let together = try wide.distributions(at: tips, in: tree).map(\.logits)
    #expect(try threaded.distributions(at: tips, in: tree).map(\.logits) == together)
    for (tip, expected) in zip(tips, together) {
      #expect(try narrow.distributions(at: [tip], in: tree)[0].logits == expected)
    }
  }

  @Test("Branches cost their own tokens; the shared prefix is held once")
  func memory() throws {
    var tree = TokenTree()
    let context = ModelConfiguration.tiny(context: 1024)
    let model = try Self.model(
      .f16, EngineOptions(cacheLimit: .tokens(1 << 14)), configuration: context)
    let prompt = tree.extend(.root, with: (0..<512).map { TokenID($0 % 77) })
    var tips = (0..<40).map { tree.extend(prompt, with: TokenID($0)) }
    for step in 0..<128 {
      let result = try model.forward(ForwardRequest(nodes: tips, tokenLimit: 512), in: tree)
      if step == 0 {
        _ = try model.distributions(at: tips, in: tree)
      } else {
        #expect(result.computed.allSatisfy { $0 == 1 })
      }
      if step < 127 { tips = tips.map { tree.extend($0, with: TokenID(step % 77)) } }
    }
    #expect(model.memoryUse.cachedTokens == 512 + 40 * 128)
  }

  @Test("A shared token is computed once and counted for the first who needs it")
  func counting() throws {
    var tree = TokenTree()
    let model = try Self.model(.f32, EngineOptions())
    let prompt = tree.extend(.root, with: [1, 2, 3])
    let a = tree.extend(prompt, with: 4)
    let b = tree.extend(prompt, with: [5, 6])
    let first = try model.forward(ForwardRequest(nodes: [a, b, a]), in: tree)
    #expect(first.computed == [4, 2, 0])
    #expect(first.distributions.allSatisfy { $0 != nil })
    let c = tree.extend(b, with: 7)
    #expect(try model.forward(ForwardRequest(nodes: [c]), in: tree).computed == [1])
    // Known keys and values whose logits are wanted again: nothing new counts as computed.
    let again = try model.forward(ForwardRequest(nodes: [prompt]), in: tree)
    #expect(again.computed == [0])
    #expect(again.distributions[0] != nil)
  }

  @Test("A long prefill comes in pieces no longer than the limit")
  func pieces() throws {
    var tree = TokenTree()
    let model = try Self.model(.f32, EngineOptions())
    let tip = tree.extend(.root, with: (0..<100).map { TokenID($0 % 77) })
    var counts: [Int] = []
    while true {
      let result = try model.forward(ForwardRequest(nodes: [tip], tokenLimit: 30), in: tree)
      counts.append(result.computed[0])
      if result.distributions[0] != nil { break }
    }
    #expect(counts == [30, 30, 30, 10])
  }

  @Test("Too many tokens at once are refused, and the model goes on afterwards")
  func exhaustion() throws {
    var tree = TokenTree()
    let model = try Self.model(.f32, EngineOptions(cacheLimit: .tokens(96)))
    let long = tree.extend(.root, with: (0..<120).map { TokenID($0 % 77) })
    #expect(throws: LanguageModelError.cacheExhausted(needed: 128, capacity: 96)) {
      try model.distributions(at: [long], in: tree)
    }
    let short = tree.extend(.root, with: (0..<90).map { TokenID($0 % 77) })
    let expected = try Self.model(.f32, EngineOptions()).distributions(at: [short], in: tree)
    let actual = try model.distributions(at: [short], in: tree)
    #expect(actual[0].logits == expected[0].logits)
  }

  @Test("What cannot be computed is named")
  func errors() throws {
    var tree = TokenTree()
    let model = try Self.model(.f32, EngineOptions())
    let bad = tree.extend(.root, with: [1, 77])
    #expect(throws: LanguageModelError.tokenOutOfRange(77, vocabularySize: 77)) {
      try model.distributions(at: [bad], in: tree)
    }
    let negative = tree.extend(.root, with: -1)
    #expect(throws: LanguageModelError.tokenOutOfRange(-1, vocabularySize: 77)) {
      try model.distributions(at: [negative], in: tree)
    }
    let unknown = NodeID.root.appending(contentsOf: [9, 9, 9])
    #expect(throws: LanguageModelError.unknownNode(unknown)) {
      try model.distributions(at: [unknown], in: tree)
    }
    let long = tree.extend(.root, with: (0..<257).map { _ in TokenID(1) })
    #expect(throws: LanguageModelError.contextExceeded(length: 257, limit: 256)) {
      try model.distributions(at: [long], in: tree)
    }
    #expect(throws: LanguageModelError.self) { try model.distributions(at: [.root], in: tree) }
  }

  @Test("Changed weights are packed again and nothing old is reused")
  func weightsChange() throws {
    let configuration = ModelConfiguration.tiny()
    let store = try InMemoryWeightStore.llama(configuration, format: .f32)
    let model = try TransformerModel(
      configuration: configuration, weights: store,
      vocabulary: NumberedVocabulary(count: 77))
    let before = try model.distribution(after: [1, 2, 3]).logits
    store.update("blk.0.attn_v.weight") { bytes in
      let floats = bytes.bindMemory(to: Float.self)
      for i in floats.indices { floats[i] *= 1.5 }
    }
    let after = try model.distribution(after: [1, 2, 3]).logits
    let anew = try TransformerModel(
      configuration: configuration, weights: store,
      vocabulary: NumberedVocabulary(count: 77)
    ).distribution(after: [1, 2, 3]).logits
    #expect(after != before)
    #expect(after == anew)
  }
}
