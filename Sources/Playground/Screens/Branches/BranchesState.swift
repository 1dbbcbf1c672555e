import Reasoning
public import TerminalUI
import Traces

/// What Branches shows: the paths of one run, of CoT-decoding its first-token branches.
public struct BranchesState: Sendable {
  /// The run's paths and how their answers stand.
  public var digest = RunDigest()
  /// Which row is selected.
  public var position = ListPosition()
  /// The first line of the selected branch's text that shows.
  public var textScroll = 0
  /// The branch marked for comparison.
  public var marked: Int?
  /// The comparison on screen.
  public var comparison: Comparison?

  public init() {}

  /// The path numbers of the branches, a row each.
  var numbers: [Int] { digest.numbers.filter { digest.paths[$0]?.isBranch == true } }

  /// The selected branch's path number; where it waits, its row.
  public var selected: Int {
    let numbers = numbers
    let row = position.selected
    return numbers.indices.contains(row) ? numbers[row] : row
  }

  /// What the run's strategy is; CoT-decoding before there is one.
  var description: StrategyDescription {
    digest.start.flatMap { StrategyRegistry.description(of: $0.strategy) }
      ?? CoTDecoding.description
  }

  /// More branches than any vocabulary has tokens are a damaged trace's.
  private static let mostRows = 1_000_000

  /// How many rows there are: branches that wait for a free slot have one too.
  public var rowCount: Int {
    guard digest.run != nil else { return 0 }
    return min(Self.mostRows, max(numbers.count, digest.end == nil ? wanted : 0))
  }

  /// How many branches the run will have; 0 where only the run itself can tell.
  private var wanted: Int {
    let settings = digest.start?.settings
    if isByDelta {
      return settings?.branches ?? description.defaultBranches ?? CoTDecoding.defaultBranches
    }
    guard !description.searches, description.settings.contains(.samples),
      description.name != Ensemble.description.name
    else { return 0 }
    return settings?.samples ?? description.defaultSamples
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
