import Decoding
import Testing

@testable import Engine

/// A growing tree of tokens below 77 and what is asked of it.
struct RandomWalk {
  var tree = TokenTree()
  private var nodes: [NodeID] = [.root]
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(state: seed) }

  /// Extends the tree somewhere, often at a recent node, and asks for some nodes whose paths
  /// together fit into the cache.
  mutating func step() -> [NodeID] {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let start =
        Bool.random(using: &random)
        ? nodes[nodes.count - 1]
        : nodes[Int.random(in: 0..<nodes.count, using: &random)]
      var node = start
      for _ in 0..<Int.random(in: 1...25, using: &random) where tree.depth(of: node) < 120 {
        node = tree.extend(node, with: TokenID.random(in: 0..<77, using: &random))
        nodes.append(node)
      }
    }
    if Int.random(in: 0..<3, using: &random) == 0 { return siblings() }
    return (0..<Int.random(in: 1...4, using: &random)).map { _ in
      nodes[Int.random(in: max(1, nodes.count - 60)..<nodes.count, using: &random)]
    }
  }

  /// Many children of one node.
  private mutating func siblings() -> [NodeID] {
    let parent = nodes[Int.random(in: 0..<nodes.count, using: &random)]
    let count = Int32.random(in: 2...15, using: &random)
    return (0..<count).map { tree.extend(parent, with: $0) }
  }

  mutating func tokenLimit() -> Int { [1, 7, 32, 500].randomElement(using: &random) ?? 1 }
}

extension TransformerModel {
  /// A node's logits from an empty cache, one token at a time.
  func oneByOne(_ node: NodeID, _ tree: TokenTree) throws -> [Float] {
    clearCache()
    var logits: [Float] = []
    for step in tree.path(to: node) {
      let request = ForwardRequest(nodes: [step], tokenLimit: 1)
      logits = try #require(try forward(request, in: tree).distributions[0]).logits
    }
    return logits
  }
}
