import Decoding
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
