public import Decoding

/// `visit`: a tree search descends through a node.
public struct Visit: Sendable, Hashable, Codable {
  public var iteration: Int
  public var node: NodeID
  /// Visits of the node before this one.
  public var visits: Int
  public var q: Double
  public var prior: Double
  public var u: Double

  public init(iteration: Int, node: NodeID, visits: Int, q: Double, prior: Double, u: Double) {
    self.iteration = iteration
    self.node = node
    self.visits = visits
    self.q = q
    self.prior = prior
    self.u = u
  }
}

/// `backup`: a value reaches a node from below.
public struct Backup: Sendable, Hashable, Codable {
  public var iteration: Int
  public var node: NodeID
  public var value: Double
  /// Visits of the node and mean value, this backup included.
  public var visits: Int
  public var q: Double

  public init(iteration: Int, node: NodeID, value: Double, visits: Int, q: Double) {
    self.iteration = iteration
    self.node = node
    self.value = value
    self.visits = visits
    self.q = q
  }
}
