public import Decoding
public import TerminalUI

/// What Decode shows: one place in the tree, the text that leads to it, and what may come next.
public struct DecodeState: Sendable {
  /// The place whose next token is shown.
  public var cursor: NodeID = .root
  /// The last node of the prompt.
  public var promptEnd: NodeID = .root
  /// Nodes ahead of the cursor on its line, the next to return to last.
  public var redo: [NodeID] = []
  /// Places the user marked.
  public var forks: [NodeID] = []
  /// The line through the cursor; made from the above and the trace by `refreshLine`.
  public var line = DecodeLine()
  /// The continuations of the cursor that are known, the likeliest first.
  public var explored: [ExploredToken] = []
  /// The next-token table; nil when there is none to show. While the cursor's own is being
  /// computed it is still the one before (see `hasCurrentTable`).
  public var table: CandidateTable?
  /// Full distributions at hand, so that going back and forth needs no forward pass.
  public var known = KnownDistributions()
  public var selectedRow = 0
  public var heat = HeatMode.probability
  /// The sampler's setting that `+` and `-` change.
  public var knob = SamplerKnob.temperature
  /// Whether sampling goes on at the cursor.
  public var isStreaming = false
  /// A token on its way into the tree.
  public var arriving: NodeID?
  /// How many more tokens are to be taken as soon as their tables are there: keys that came
  /// faster than the model.
  public var pendingTakes = 0
  /// The text being typed for insertion, when it is.
  public var insertion: TextField?
  /// The token being looked up, when one is.
  public var search: TokenSearch?
  /// Lines scrolled back from where the text shows the cursor.
  public var scrollBack = 0
  /// Whether an answer was asked for and has not come yet.
  public var isAsking = false
  /// What the last "answer now" gave.
  public var forcedAnswer: ForcedAnswer?
  /// Which answers lead at the cursor, where that was asked.
  public var odds: AnswerOdds?

  public init() {}

  /// Whether the table tells what follows the cursor.
  public var hasCurrentTable: Bool { table?.node == cursor }
}

/// What "answer now" gave.
public struct ForcedAnswer: Sendable, Hashable {
  /// Where it was asked.
  public var asked: NodeID
  /// The last node of the answer's line.
  public var end: NodeID
  /// nil when none was found.
  public var answer: String?
  public var delta: Double?
  /// Whether it is the right one; nil when that is unknown.
  public var isCorrect: Bool?
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
