/// Names a place in a token tree: the sequence of tokens from the root to here.
///
/// The id *is* a 64-bit digest of that sequence, so the same prefix has the same id in every
/// run, every session and every process, in whatever order branches grew. Equal prefixes
/// therefore share their KV cache, their saved distributions and their scores without any
/// bookkeeping, and a trace does not depend on the width of the batch that produced it.
public struct NodeID: Hashable, Sendable, Comparable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The empty sequence, before any token.
  public static let root = NodeID(rawValue: 0x243F_6A88_85A3_08D3)

  public static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }

  /// The id of this prefix extended by one token.
  public func appending(_ token: TokenID) -> NodeID {
    let step = 0x9E37_79B9_7F4A_7C15 &* (UInt64(UInt32(bitPattern: token)) &+ 1)
    return NodeID(rawValue: SplitMix64.mix(rawValue &+ step))
  }

  public func appending(contentsOf tokens: some Sequence<TokenID>) -> NodeID {
    tokens.reduce(self) { $0.appending($1) }
  }

  /// The nodes down to this one, from below the first that has no parent.
  public func line(parent: (NodeID) -> NodeID?) -> [NodeID] {
    var line: [NodeID] = []
    var current = self
    while let next = parent(current) {
      line.append(current)
      current = next
    }
    return line.reversed()
  }
}

extension NodeID: CustomStringConvertible {
  /// Sixteen hexadecimal digits.
  public var description: String {
    let digits = String(rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Reads what `description` writes.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 16, text.allSatisfy(\.isHexDigit), let value = UInt64(text, radix: 16)
    else { return nil }
    rawValue = value
  }
}

/// A tree of tokens. Every path from the root is a text; branches share their prefix.
///
/// Undo, redo and forks are moves within a tree. It only grows, except when `keepOnly` drops paths. It
/// knows tokens and nothing else; probabilities, scores and KV memory are kept by others under the same ids.
public struct TokenTree: Sendable {
  /// A node: the token that leads to it and its distance from the root in tokens.
  public struct Node: Hashable, Sendable {
    public var parent: NodeID
    public var token: TokenID
    /// The number of tokens from the root, this node's own included.
    public var depth: Int32
  }

  private var nodes: [NodeID: Node] = [:]

  public init() {}

  /// The number of nodes, the root not counted.
  public var count: Int { nodes.count }

  /// The node, or nil for the root and for ids this tree does not hold.
  public subscript(id: NodeID) -> Node? { nodes[id] }

  public func contains(_ id: NodeID) -> Bool { id == .root || nodes[id] != nil }

  /// The number of tokens from the root to the node; 0 for the root and for unknown ids.
  public func depth(of id: NodeID) -> Int { nodes[id].map { Int($0.depth) } ?? 0 }

  /// Extends a node by one token and returns the child, which may exist already.
  @discardableResult
  public mutating func extend(_ parent: NodeID, with token: TokenID) -> NodeID {
    let child = parent.appending(token)
    if nodes[child] == nil {
      let depth = Int32(clamping: self.depth(of: parent) + 1)
      nodes[child] = Node(parent: parent, token: token, depth: depth)
    }
    return child
  }

  /// The same; nil where the child's id is that of another prefix, whose token the tree holds. Ids are
  /// digests: by chance no two prefixes share one, on purpose two can be made to.
  public mutating func extended(_ parent: NodeID, with token: TokenID) -> NodeID? {
    let child = extend(parent, with: token)
    guard child != .root, let node = nodes[child], node.parent == parent, node.token == token else {
      return nil
    }
    return child
  }

  /// Extends a node by several tokens and returns the last.
  @discardableResult
  public mutating func extend(_ parent: NodeID, with tokens: some Sequence<TokenID>) -> NodeID {
    var node = parent
    for token in tokens { node = extend(node, with: token) }
    return node
  }

  /// Forgets all nodes that are not on the way to some. What is forgotten and comes again has the same
  /// id.
  mutating func keepOnly(pathsTo tips: some Sequence<NodeID>) {
    var kept: [NodeID: Node] = [:]
    for tip in tips {
      var current = tip
      while kept[current] == nil, let node = nodes[current] {
        kept[current] = node
        current = node.parent
      }
    }
    nodes = kept
  }

  /// The nodes from just below the root (or below `ancestor`) down to the node itself.
  public func path(to id: NodeID, from ancestor: NodeID = .root) -> [NodeID] {
    id.line { $0 == ancestor ? nil : nodes[$0]?.parent }
  }

  /// The tokens from the root (or from below `ancestor`) down to the node.
  public func tokens(to id: NodeID, from ancestor: NodeID = .root) -> [TokenID] {
    path(to: id, from: ancestor).compactMap { nodes[$0]?.token }
  }
}
