import Decoding
import DecodingFixtures
import Testing

@Suite struct TokenTreeTests {
  @Test func equalPrefixesAreOneNodeInWhateverOrderTheyGrow() {
    var (a, b) = (TokenTree(), TokenTree())
    let first = a.extend(.root, with: [1, 2, 3])
    a.extend(.root, with: [1, 2, 4])
    b.extend(.root, with: [1, 2, 4])
    let second = b.extend(.root, with: [1, 2, 3])
    #expect(first == second)
    #expect(a.count == 4)
    #expect(b.count == 4)
    #expect(a.tokens(to: first) == [1, 2, 3])
  }

  @Test func orderOfTokensMatters() {
    #expect(
      NodeID.root.appending(contentsOf: [1, 2]) != NodeID.root.appending(contentsOf: [2, 1]))
    #expect(NodeID.root.appending(0) != NodeID.root)
  }

  @Test func idsAreDistinctOverManyRandomPrefixes() {
    var random = SplitMix64(state: 7)
    var tree = TokenTree()
    for _ in 0..<2000 {
      let length = Int.random(in: 1...20, using: &random)
      let tokens = (0..<length).map { _ in TokenID.random(in: 0..<8, using: &random) }
      let node = tree.extend(.root, with: tokens)
      #expect(tree.tokens(to: node) == tokens)
      #expect(tree.depth(of: node) == length)
    }
  }

  @Test func idsAreWrittenAsSixteenDigitsAndReadBack() {
    let node = NodeID(rawValue: 0xAB)
    #expect(node.description == "00000000000000ab")
    #expect(NodeID(node.description) == node)
    #expect(NodeID("xyz") == nil)
    #expect(NodeID("+0000000000000ab") == nil)
  }
}

/// Texts that were made to have one digest.
@Suite struct CollisionTests {
  /// Two texts of two tokens with one id: id(a) + step·(x + 1) = id(b) + step·(y + 1), solved for y. The tokens
  /// are chosen so that the solution is one.
  static func collision() -> (one: [TokenID], other: [TokenID])? {
    let step = 0x9E37_79B9_7F4A_7C15 as UInt64
    // The step's inverse in 64 bits, by Newton's iteration.
    var inverse = step
    for _ in 0..<6 { inverse = inverse &* (2 &- step &* inverse) }
    var places: [UInt64: TokenID] = [:]
    // Two texts meet where their ids, divided by the step, differ by less than there are tokens: by their high
    // bits, of which some two among many agree.
    for token in 0..<TokenID(1 << 20) {
      let scaled = NodeID.root.appending(token).rawValue &* inverse
      for neighbour in [scaled >> 31, (scaled >> 31) &- 1] {
        guard let other = places[neighbour] else { continue }
        let before = NodeID.root.appending(other).rawValue &* inverse
        let gap = scaled &- before
        guard gap < 1 << 31 else { continue }
        return ([token, 0], [other, TokenID(gap)])
      }
      places[scaled >> 31] = token
    }
    return nil
  }

  @Test func theSecondOfTwoTextsWithOneIDIsRefused() async throws {
    let (one, other) = try #require(Self.collision())
    #expect(one != other)
    #expect(
      NodeID.root.appending(contentsOf: one) == NodeID.root.appending(contentsOf: other))
    var tree = TokenTree()
    let node = tree.extend(.root, with: one)
    #expect(tree.extended(NodeID.root.appending(one[0]), with: one[1]) == node)
    tree.extend(.root, with: other[0])
    #expect(tree.extended(NodeID.root.appending(other[0]), with: other[1]) == nil)
    #expect(tree.tokens(to: node) == one)
  }

  /// What a stranger asks for is answered for his own text or not at all.
  @Test func aDecoderDoesNotGoOnFromTheOtherText() async throws {
    let (one, other) = try #require(Self.collision())
    let model = TableLanguageModel(
      name: "wide", pieces: Array(repeating: "a", count: 1 << 4), end: 15
    ) { prefix in prefix.last == one.last ? [1: 1] : [2: 1] }
    let decoder = Decoder(model: model, slots: 2)
    func goOn(_ text: [TokenID]) async -> PathResult? {
      await decoder.decode([
        Continuation(
          start: decoder.insert(text), path: 0, sampler: GreedySampler(),
          stop: StopRule(endTokens: []), budget: 1, text: text)
      ]).first
    }
    let first = await goOn(one)
    #expect(first?.tokens == [1])
    let second = await goOn(other)
    #expect(second?.tokens == [])
    #expect(second?.reason == .failed("Another text has this one's digest; change a token of it."))
    await #expect(throws: (any Error).self) {
      try await decoder.readings(after: [.root.appending(contentsOf: other)], text: other)
    }
    // The first one is served as before.
    let again = await goOn(one)
    #expect(again?.tokens == [1])
  }
}
