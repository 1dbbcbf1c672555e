import Reasoning
public import TerminalUI
public import Traces

/// What Votes shows: the answers of a sampled run, or the paths behind one of them.
public struct VotesState: Sendable {
  public enum Level: Sendable, Hashable {
    case answers
    /// The paths that gave this answer; nil those in which none was found.
    case paths(answer: String?)
  }

  /// A row of the tally, by what it stands for: rows change places while the vote goes on.
  public enum Row: Sendable, Hashable {
    case answer(String)
    case unparsed

    init(_ answer: String?) { self = answer.map { .answer($0) } ?? .unparsed }

    var answer: String? {
      if case .answer(let answer) = self { answer } else { nil }
    }
  }

  /// The run's paths and how their answers stand.
  public var digest = RunDigest()
  public var level = Level.answers
  public var weighting: Tally.Method
  /// The row the user chose; nil follows the leader.
  public var chosen: Row?
  /// What lies behind the answer, when its paths are shown.
  public var detail: AnswerDetail?
  /// Which of the answer's paths is selected.
  public var paths = ListPosition()
  /// The first line of the selected path's text that shows.
  public var textScroll = 0
  /// The path marked for comparison.
  public var marked: Int?
  public var comparison: Comparison?
  /// The models of an ensemble, each with as many of the paths; empty for a vote of one model.
  public var models: [String] = []
  /// Samples that were asked for while the vote was running: they follow when it is done.
  public var queued = 0

  public init(weighting: Tally.Method = .majority) { self.weighting = weighting }

  /// The ways of counting, in the order in which they are offered.
  public static let weightings: [Tally.Method] = [
    .majority, .delta, .likelihood, .normalizedLikelihood,
  ]

  /// The ways in which the shown votes are counted: by a verifier too, where one has ranked them.
  public var weightings: [Tally.Method] {
    Self.weightings.filter { digest.standings[$0] != nil || digest.standings[.verifier] == nil }
      + (digest.standings[.verifier] == nil ? [] : [.verifier])
  }

  /// The tally as it is weighed now.
  public var standings: [Standing] { digest.standings[weighting] ?? [] }

  /// The selected row of the tally.
  public var selectedRow: Int {
    guard let chosen else { return 0 }
    return standings.firstIndex { Row($0.answer) == chosen } ?? 0
  }

  /// How many paths are to be counted; nil for a search, which cannot say.
  var wanted: Int? {
    let start = digest.start
    let description =
      start.flatMap { StrategyRegistry.description(of: $0.strategy) } ?? SelfConsistency.description
    guard !description.searches else { return nil }
    let each = start?.settings.samples ?? description.defaultSamples
    guard description.name == Ensemble.description.name, start?.settings.combine != .mixture else {
      return each
    }
    // A damaged file may claim any number.
    let others = start?.settings.with?.split(separator: ",").count ?? 0
    return min(max(0, each), 1 << 30) * max(1 + others, models.count)
  }

  /// The model that a path is by, when there are several.
  func model(ofPath path: Int) -> String? {
    let each = max(1, digest.start?.settings.samples ?? 1)
    return path >= 0 && models.indices.contains(path / each) ? models[path / each] : nil
  }

  /// The selected path's number, when an answer's paths are shown.
  public var selectedPath: Int? {
    guard case .paths = level, let detail else { return nil }
    return detail.paths.indices.contains(paths.selected) ? detail.paths[paths.selected] : nil
  }
}
