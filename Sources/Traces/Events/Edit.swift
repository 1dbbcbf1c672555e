public import Decoding

/// `edit`: what the user did.
public struct Edit: Sendable, Hashable, Codable {
  public enum Action: String, Sendable, Codable {
    /// Took a token of the table.
    case take
    case undo, redo
    /// Marked a node as a fork.
    case fork
    /// Moved to another node.
    case move
    /// Put text in; the `injected` event tells which.
    case insert
    case bookmark
  }

  public var action: Action
  public var node: NodeID

  public init(action: Action, node: NodeID) {
    self.action = action
    self.node = node
  }
}
