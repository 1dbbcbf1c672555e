public import Decoding
public import TerminalUI
public import Traces

/// What Tree shows: everything explored, and which part of it.
public struct TreeState: Sendable {
  public var tree = ExploredTree()
  /// The selected line, by the node of its first token.
  public var selected: NodeID = .root
  /// The first row that shows.
  public var firstVisible = 0
  /// The lines that were made the root of the view, one below the other.
  public var hoists: [NodeID] = []
  /// Nodes that the user marked, in the order in which that happened.
  public var bookmarks: [NodeID] = []
  /// The text being typed to be found, when it is.
  public var field: TextField?
  /// The text that is looked for; empty when none is.
  public var query = ""
  /// Where the selection stood before the text was typed.
  var searchStart: NodeID = .root
  /// The lines on view, with everything that is drawn of them.
  public internal(set) var page = TreePage()

  public init() {}

  /// The root of the view.
  public var top: NodeID { hoists.last ?? .root }

  /// How many lines can be scrolled through.
  public var rowCount: Int { tree.rowCount(below: top) }
}

/// The part of the tree that is on view, made anew whenever something has happened.
public struct TreePage: Sendable, Hashable {
  /// The rows on view, in all `rowCount`.
  public var rows: Range<Int> = 0..<0
  public var rowCount = 0
  public var lines: [TreeLine] = []
  /// The selected line's row.
  public var selectedRow = 0
  /// The paths in the view.
  public var counts = PathCounts()
  /// The first words of the lines that were made the root, one below the other.
  public var hoists: [String] = []
  public var detail: TreeDetail?
}

/// A line as it is drawn.
public struct TreeLine: Sendable, Hashable {
  public enum Fold: Sendable, Hashable { case none, open, folded }

  public var id: NodeID
  /// For each fork above it on view whether the way to it is the last one there.
  public var lasts: [Bool] = []
  /// Whether there are more forks above than are drawn.
  public var isDeep = false
  public var fold = Fold.none
  /// The text, in which what was looked for stands out: before it, it, and after it.
  public var before = ""
  public var match = ""
  public var after = ""
  /// Where its first token comes from.
  public var origin = NodeTrace.Origin.generated
  /// The first token's probability at the fork, at temperature 1; nil for text that was put in.
  public var probability: Double?
  public var counts = PathCounts()
  /// The answers of the paths that end in it.
  public var answers: [Answer] = []
  public var isBookmarked = false
  /// Whether Decode is at one of its tokens.
  public var isHere = false

  public struct Answer: Sendable, Hashable {
    /// nil when none was found.
    public var answer: String?
    public var isCorrect: Bool?
    public var paths: Int
  }

  init(id: NodeID) { self.id = id }
}

/// The selected line in full, with what leads to it.
public struct TreeDetail: Sendable, Hashable {
  public struct Piece: Sendable, Hashable {
    public var text: String
    public var origin: NodeTrace.Origin
    /// The token's probability at temperature 1.
    public var probability: Double?
    /// Whether it is of the line itself.
    public var isOwn: Bool
  }

  public var pieces: [Piece]
  /// How many tokens the line has, and how many there are up to its end.
  public var tokens: Int
  public var depth: Int
  /// Σ log p of the sampled tokens from the prompt's end to the end of the line; nil without any.
  public var logProbability: Double?
  public var counts: PathCounts
  public var answers: [TreeLine.Answer]
}
