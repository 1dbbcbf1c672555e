import Decoding
public import Reasoning
public import TerminalUI

/// What Steps shows: one path of a run as states, actions, rewards and values.
public struct StepsState: Sendable {
  /// The path's number; the run is `ShownRuns.steps`.
  public var path = 0
  /// The path as it stands; nil when there is none.
  public var episode: Episode?
  /// Which step is selected.
  public var position = ListPosition()
  /// Lines scrolled back from where the state's end shows.
  public var scrollBack = 0
  /// Whether the steps are gone through at a person's pace.
  public var isPlaying = false
  /// Counts the timers that were set: only the newest one moves on.
  var timer = 0
  /// What the model is being asked about the path.
  public var asking: Asking?
  /// The path's tokens as they are drawn. [tokens]
  var pieces: [Piece] = []
  /// What else the trace tells of the path, by step. [steps]
  var notes: [[StepNote]] = []
  /// The run's strategy, and how many runs and paths there are to choose from.
  var heading = Heading()

  public init() {}

  /// How long a step stays while they are played, in seconds.
  public static let pace = 1.5

  /// A question to the model that is under way.
  public struct Asking: Sendable, Hashable {
    public var run: Int
    public var path: Int
    public var kind: PathReview.Kind
  }

  /// A token of the path.
  struct Piece: Sendable, Hashable {
    var text: String
    /// The token by itself, in quotes.
    var label: String
    /// Probability at temperature 1; nil for text that was put in.
    var probability: Double?
    var isInjected: Bool
    /// The likeliest other token and its probability, where the trace keeps it.
    var other: String?
    var otherProbability: Double?
  }

  struct Heading: Sendable, Hashable {
    var strategy = ""
    /// Which of the runs, from 1, and which of its paths.
    var run = 0
    var runs = 0
    var path = 0
    var paths = 0
  }

  /// The selected step.
  public var selected: Episode.Step? {
    guard let steps = episode?.steps, steps.indices.contains(position.selected) else { return nil }
    return steps[position.selected]
  }

  /// How many steps show: while they are played, none ahead of the selected one.
  var shownSteps: Int {
    let count = episode?.steps.count ?? 0
    return isPlaying ? min(count, position.selected + 1) : count
  }

  /// Whether the model is being asked about the path on screen.
  func isAsking(_ run: Int?) -> Bool { asking.map { $0.run == run && $0.path == path } ?? false }

  /// Whether any step was judged, and whether a search valued one.
  var hasRewards: Bool { episode?.steps.contains { $0.reward != nil } ?? false }
  var hasValues: Bool {
    guard let episode else { return false }
    return episode.openingValue != nil || episode.steps.contains { $0.value != nil }
  }
}

/// Something that a trace tells of a step, beside its figures.
struct StepNote: Sendable, Hashable {
  var label: String
  var text: String
}
