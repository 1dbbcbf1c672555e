public import Reasoning

/// What Votes shows: the answers of a sampled run, or the paths behind one of them.
public struct VotesState: Sendable {
  public enum Level: Sendable, Hashable {
    case answers
    /// The paths that gave this answer; nil those in which none was found.
    case paths(answer: String?)
  }

  public var level = Level.answers
  /// The selected row of the list on screen.
  public var selected = 0
  public var firstVisible = 0
  public var weighting = Tally.Method.majority
  /// The path marked for comparison.
  public var marked: Int?
  public var comparison: Comparison?

  public init() {}
}
