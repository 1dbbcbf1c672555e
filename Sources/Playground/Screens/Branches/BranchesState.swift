import Reasoning
public import TerminalUI

/// What Branches shows: the first-token branches of one run.
public struct BranchesState: Sendable {
  /// The run's paths and how their answers stand.
  public var digest = RunDigest()
  /// Which row is selected; a branch's row is its path number.
  public var position = ListPosition()
  /// The first line of the selected branch's text that shows.
  public var textScroll = 0
  /// The branch marked for comparison.
  public var marked: Int?
  /// The comparison on screen.
  public var comparison: Comparison?

  public init() {}

  /// The selected branch's path number.
  public var selected: Int { position.selected }

  /// More branches than any vocabulary has tokens are a damaged trace's.
  private static let mostRows = 1_000_000

  /// How many rows there are: branches that wait for a free slot have one too.
  public var rowCount: Int {
    guard digest.run != nil else { return 0 }
    let known = (digest.numbers.last ?? -1) + 1
    let start = digest.start
    let wanted =
      start?.settings.branches
      ?? start.flatMap { StrategyRegistry.description(of: $0.strategy)?.defaultBranches }
      ?? CoTDecoding.defaultBranches
    return min(Self.mostRows, digest.end == nil ? max(known, wanted) : known)
  }

  /// Whether answers are weighed by the Δ of their branches; else the run decides otherwise.
  public var isByDelta: Bool {
    digest.start.map { $0.strategy == CoTDecoding.description.name } ?? true
  }

  /// How many answers the board lists.
  var answerCount: Int {
    isByDelta ? digest.standings[.delta]?.count ?? 0 : AnswerBoard.rows(digest).count
  }

  /// The answer the run gives, or would give now: by ΣΔ, or that of the surest branch.
  public var winner: String? {
    if let end = digest.end, end.reason == .completed { return end.answer }
    guard isByDelta else { return nil }
    switch digest.start?.settings.aggregate {
    case .max: return digest.surest?.answer
    default: return digest.winner(.delta)
    }
  }
}
