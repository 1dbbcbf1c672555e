public import Decoding
public import Reasoning
public import Traces

/// The tree of a search: the places where its steps end, and what it gave up.
///
/// Made from a run's trace alone, so that a replay shows what was seen.
public struct SearchMap: Sendable, Hashable {
  /// What kind of search it is, with what it chose by.
  public enum Kind: Sendable, Hashable {
    /// Goes through its tree again and again, with N, Q, P and U.
    case tree(RecordedTreeSearch)
    /// A beam of steps; nil where these have no scores of their own.
    case steps(RecordedStepSearch?)
    /// A beam of tokens.
    case tokens
  }

  /// A place of the search.
  public struct Node: Sendable, Hashable {
    public var id: NodeID
    /// The place before it; nil for the prompt's end.
    public var parent: NodeID?
    /// In the order in which they were found.
    public var children: [NodeID] = []
    /// What leads from the parent to it.
    public var bytes: [UInt8] = []
    /// How many places lie before it.
    public var depth = 0
    /// The first iteration that knows it: of a tree search the first that saw it, of a beam of
    /// steps the round, of a beam of tokens how many tokens lie before it.
    public var birth = 0
    /// What a verifier gave it.
    public var score: Score?
    /// Σ log p of the tokens from the prompt's end on.
    public var logProbability = 0.0
    /// Why it was given up; nil where some path went on.
    public var pruning: Pruning?
    /// The end of the path that ended there by itself.
    public var end: PathEnd?
    public var isCorrect: Bool?
  }

  /// Something that was given up.
  public struct Grave: Sendable, Hashable {
    public var pruning: Pruning
    /// The last iteration that knew it.
    public var death: Int
    /// What it says since the place before it, and for a single token what stands before that.
    public var bytes: [UInt8]
    public var lead: [UInt8] = []
    /// Where it can be seen: its end, or for a token that no path took the node before it.
    public var place: NodeID
  }

  public internal(set) var kind = Kind.steps(nil)
  public internal(set) var nodes: [NodeID: Node] = [:]
  public internal(set) var root = NodeID.root
  /// In the order in which they were given up.
  public internal(set) var graves: [Grave] = []
  /// How many iterations there were: of a beam how many rounds, or how many tokens.
  public internal(set) var iterations = 0

  public init() {}

  public init(_ run: RunTrace) {
    root = run.promptEnd
    nodes[root] = Node(id: root)
    let name = run.start?.strategy
    if name == MCTS.description.name || !run.visits.isEmpty {
      kind = .tree(RecordedTreeSearch(run))
    } else {
      kind = name == Beam.description.name ? .tokens : .steps(RecordedStepSearch(run))
    }
    make(from: run)
  }

  /// The statistics of a tree search; nil for a beam.
  public var treeSearch: RecordedTreeSearch? {
    if case .tree(let search) = kind { search } else { nil }
  }

  /// The candidates of a beam of steps, where these have scores.
  public var stepSearch: RecordedStepSearch? {
    if case .steps(let search) = kind { search } else { nil }
  }

  /// The places that an iteration knows, each before those behind it; nil asks for all.
  public func order(upTo iteration: Int?) -> [NodeID] {
    var order: [NodeID] = []
    var open = nodes[root] == nil ? [] : [root]
    while let id = open.popLast() {
      guard let node = nodes[id], iteration.map({ node.birth <= $0 }) ?? true else { continue }
      order.append(id)
      open += node.children.reversed()
    }
    return order
  }

  /// For each fork on the way to a place whether the way is the last one there that an iteration
  /// knows, the nearest `limit` of them.
  func lastOfForks(_ id: NodeID, upTo iteration: Int?, limit: Int) -> [Bool] {
    var lasts: [Bool] = []
    var current = id
    while lasts.count < limit, let parent = nodes[current]?.parent {
      let last = nodes[parent]?.children.last { child in
        iteration.map { nodes[child]?.birth ?? 0 <= $0 } ?? true
      }
      lasts.append(last == current)
      current = parent
    }
    return lasts.reversed()
  }
}
