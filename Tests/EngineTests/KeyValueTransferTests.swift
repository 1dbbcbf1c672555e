import Decoding
import EngineFixtures
import Testing

@testable import Engine

/// Keys and values that one model hands to another with the same weights.
@Suite struct KeyValueTransferTests {
  private func model(
    _ format: KVFormat, limit: Int? = nil, seed: UInt64 = 1, headSize: Int = 10
  ) throws -> TransformerModel {
    let configuration = ModelConfiguration.tiny(headSize: headSize)
    var options = EngineOptions(kvFormat: format)
    options.cacheLimit = limit.map { .tokens($0) }
    return try TransformerModel(
      configuration: configuration,
      weights: InMemoryWeightStore.llama(configuration, format: .f32, seed: seed),
      vocabulary: NumberedVocabulary(count: configuration.vocabularySize), options: options)
  }

  private static let tokens: [TokenID] = (0..<75).map { TokenID(($0 * 31 + 7) % 77) }

  private func bits(_ model: TransformerModel, _ tokens: [TokenID]) throws -> [UInt32] {
    try model.distribution(after: tokens).logits.map(\.bitPattern)
  }

  /// Whoever goes on from what was handed over computes one token and gets the same bits.
  @Test(arguments: KVFormat.allCases, [10, 32, 40])
  func whatIsHandedOverIsGoneOnFrom(format: KVFormat, headSize: Int) throws {
    let (one, other) = (
      try model(format, headSize: headSize), try model(format, headSize: headSize)
    )
    let blocks = try one.keysAndValues(of: Self.tokens, blocks: 0..<100, isWanted: { true })
    #expect(blocks.map(\.count) == [32, 32, 11])
    try other.take(blocks, of: Self.tokens)
    var tree = TokenTree()
    let end = tree.extend(.root, with: Self.tokens)
    let next = tree.extend(end, with: [3])
    let told = try other.forward(ForwardRequest(nodes: [end, next]), in: tree)
    #expect(told.computed == [0, 1])
    let fresh = try model(format, headSize: headSize)
    #expect(told.distributions[0]?.logits.map(\.bitPattern) == (try bits(fresh, Self.tokens)))
    #expect(told.distributions[1]?.logits.map(\.bitPattern) == (try bits(fresh, Self.tokens + [3])))
  }

  /// What comes in pieces, or twice, or beside texts that share its beginning, is the same.
  @Test(arguments: KVFormat.allCases) func piecesAndRepetitionsMakeNoDifference(format: KVFormat)
    throws
  {
    let (one, other) = (try model(format), try model(format))
    let shared = Array(Self.tokens.prefix(50)) + [1, 2, 3]
    _ = try other.distribution(after: shared)
    let blocks = try one.keysAndValues(of: Self.tokens, blocks: 0..<100, isWanted: { true })
    try other.take(Array(blocks.prefix(1)), of: Self.tokens)
    try other.take(Array(blocks.prefix(2)), of: Self.tokens)
    try other.take(blocks, of: Self.tokens)
    try other.take(blocks, of: Self.tokens)
    let fresh = try model(format)
    for text in [Self.tokens, shared, shared + [9], Self.tokens + [5, 6]] {
      #expect(try bits(other, text) == bits(fresh, text))
    }
    let again = try other.keysAndValues(of: Self.tokens, blocks: 1..<3, isWanted: { true })
    #expect(again == Array(blocks.dropFirst()))
  }

  /// 2 · L · H_kv · d · T elements, and in Q8_0 a scale for each 32 of them.
  @Test func bytesAreThoseOfTheElements() throws {
    for (format, size) in [(KVFormat.f16, 2), (.f32, 4)] {
      let blocks = try model(format).keysAndValues(
        of: Self.tokens, blocks: 0..<100, isWanted: { true })
      #expect(blocks.reduce(0) { $0 + $1.bytes.count } == 2 * 2 * 2 * 10 * 75 * size)
    }
    let q8 = try model(.q8_0, headSize: 40)
    #expect(q8.keyValueBytes(tokens: 75) == 2 * 2 * 2 * 75 * (40 + 2 * 2))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let (one, other) = (try model(.f16), try model(.f16))
    var blocks = try one.keysAndValues(of: Self.tokens, blocks: 0..<100, isWanted: { true })
    #expect(throws: KeyValueTransferError.misfit) {
      try other.take(Array(blocks.dropFirst()), of: Self.tokens)
    }
    #expect(throws: KeyValueTransferError.misfit) {
      try other.take(blocks, of: Array(Self.tokens.prefix(60)))
    }
    blocks[1].bytes.removeLast()
    #expect(throws: KeyValueTransferError.misfit) { try other.take(blocks, of: Self.tokens) }
    #expect(try bits(other, Self.tokens) == bits(one, Self.tokens))
  }

  /// Where there is no room nothing is taken, and the cache is as before.
  @Test func withoutRoomNothingIsTaken() throws {
    let (one, small) = (try model(.f16), try model(.f16, limit: 64))
    let blocks = try one.keysAndValues(of: Self.tokens, blocks: 0..<100, isWanted: { true })
    #expect(throws: LanguageModelError.self) { try small.take(blocks, of: Self.tokens) }
    let short = Array(Self.tokens.prefix(40))
    #expect(try bits(small, short) == bits(one, short))
  }

  @Test func signaturesTellModelsApart() throws {
    let one = try model(.f16).keyValueSignature
    #expect(try model(.f16).keyValueSignature == one)
    #expect(try model(.f16, seed: 2).keyValueSignature != one)
    #expect(try model(.q8_0).keyValueSignature != one)
  }
}
