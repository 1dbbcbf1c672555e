import Reasoning
import Traces

/// Which run each screen shows.
public struct ShownRuns: Sendable, Hashable {
  public var exploration: Int?
  public var branches: Int?
  /// Whether that run grows branches, so that only another of its kind takes its place.
  private var growsBranches = false
  public var votes: Int?
  /// A run whose candidates a verifier ranks.
  public var verify: Int?
  /// A run that gives steps up, or goes through its tree again and again.
  public var search: Int?
  /// The run of the path that Steps goes through.
  public var steps: Int?
  /// A run of a single path, which Decode follows as it grows.
  public var followed: Int?

  public init() {}

  /// The run that a screen shows; Votes' where it shows none of its own.
  func shown(on screen: ScreenID) -> Int? {
    switch screen {
    case .branches: branches
    case .verify: verify
    case .search: search
    case .steps: steps
    case .decode, .votes, .tree: votes
    case .scale: nil
    }
  }

  /// Puts a run on all screens that have something to say about its kind. Decode shows a person's
  /// own walk, so that it takes up no run by itself.
  mutating func take(_ run: Int, of strategy: StrategyDescription) {
    let screen = strategy.screen
    if screen == .search { search = run }
    if strategy.ranksCandidates { verify = run }
    if strategy.takesVotes { votes = run }
    // Whatever a strategy does, it leaves paths; but a vote does not hide branches that were grown.
    if strategy.growsBranches || !growsBranches {
      (branches, growsBranches) = (run, strategy.growsBranches)
    }
  }
}

extension StrategyDescription {
  /// The screen that tells most about a run: the one rule for runs that start, for saved runs and
  /// for whole traces.
  var screen: ScreenID {
    if searches { return .search }
    if ranksCandidates { return .verify }
    if takesVotes { return .votes }
    return settings.contains(.branches) || settings.contains(.samples) ? .branches : .decode
  }

  /// Whether it grows branches and gives some of them up. CoT-decoding keeps all.
  var searches: Bool { name != CoTDecoding.description.name && settings.contains(.branches) }

  /// Whether its paths are branches of one place: told side by side rather than counted.
  var growsBranches: Bool { screen == .branches || (searches && !ranksCandidates) }

  /// Whether a verifier ranks its finished candidates.
  var ranksCandidates: Bool { settings.contains(.vote) }
}

extension RunStart {
  /// The temperature of its strategy where none is asked for.
  var usualTemperature: Double {
    // Models that each answer once do so greedily.
    if strategy == Ensemble.description.name, settings.samples ?? 1 > 1 {
      return Ensemble.samplingTemperature
    }
    return (StrategyRegistry.description(of: strategy) ?? SelfConsistency.description)
      .defaultTemperature
  }

  /// The temperature that the run was taken at.
  var temperature: Double { settings.temperature ?? usualTemperature }
}

extension PlaygroundState {
  /// Puts a run on the screens for its kind; they are empty until it has something to show.
  ///
  /// - Returns: the screen that fits it best; nil for an exploration, for a member's part of an
  ///   ensemble and for what this version does not know.
  @discardableResult
  mutating func place(_ run: Int, of strategy: String) -> ScreenID? {
    guard let description = StrategyRegistry.description(of: strategy),
      trace.ensemble(of: run) == nil
    else { return nil }
    let before = runs
    runs.take(run, of: description)
    if runs.branches != before.branches { branches = BranchesState() }
    if runs.votes != before.votes { votes = VotesState(weighting: settings.weighting) }
    if runs.verify != before.verify { verify = VerifyState() }
    if runs.search != before.search { search = SearchState() }
    return description.screen
  }
}
