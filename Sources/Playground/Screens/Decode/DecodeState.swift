public import Decoding
public import TerminalUI

/// What Decode shows: one place in the tree, the text that leads to it, and what may come next.
public struct DecodeState: Sendable {
  /// The place whose next token is shown.
  public var cursor: NodeID = .root
  /// The last node of the prompt.
  public var promptEnd: NodeID = .root
  /// Nodes that were left by undo, the next to return to last.
  public var redo: [NodeID] = []
  /// Places the user marked.
  public var forks: [NodeID] = []
  /// The next-token table at the cursor; nil while it is being computed or cannot be had.
  public var table: NextTokenTable?
  /// Full distributions at hand, so that going back and forth needs no forward pass.
  public var known = KnownDistributions()
  public var selectedRow = 0
  public var heat = HeatMode.probability
  /// Whether sampling goes on at the cursor.
  public var isStreaming = false
  /// The text being typed for insertion, when it is.
  public var insertion: TextField?
  /// Lines scrolled back from the end of the text.
  public var scrollBack = 0
  /// What the last "answer now" gave.
  public var forcedAnswer: String?

  public init() {}
}

/// What the colour of a token tells.
public enum HeatMode: Int, CaseIterable, Sendable {
  case probability, entropy, margin, off

  public var title: String {
    switch self {
    case .probability: "p chosen"
    case .entropy: "entropy"
    case .margin: "margin"
    case .off: "off"
    }
  }
}

/// The newest full distributions, a bounded number of them.
public struct KnownDistributions: Sendable {
  static let capacity = 256
  private var distributions: [NodeID: TokenDistribution] = [:]
  private var order: [NodeID] = []

  public subscript(node: NodeID) -> TokenDistribution? { distributions[node] }

  public mutating func insert(_ distribution: TokenDistribution, for node: NodeID) {
    if distributions.updateValue(distribution, forKey: node) == nil { order.append(node) }
    if order.count > Self.capacity {
      distributions[order.removeFirst()] = nil
    }
  }

  public mutating func removeAll() { self = KnownDistributions() }
}
