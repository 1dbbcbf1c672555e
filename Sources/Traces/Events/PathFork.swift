public import Decoding

/// `fork`: a path takes over what another one says up to a node, and goes on from there. Its tokens
/// before the node were sampled for the other path and cost nothing again.
public struct PathFork: Sendable, Hashable, Codable {
  public var path: Int
  public var from: Int
  /// The last node that both have.
  public var node: NodeID

  public init(path: Int, from: Int, node: NodeID) {
    self.path = path
    self.from = from
    self.node = node
  }
}
