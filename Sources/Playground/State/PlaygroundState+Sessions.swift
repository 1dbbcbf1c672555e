import Decoding
import Reasoning
public import Traces

extension PlaygroundState {
  /// Shows a saved trace from its beginning: the newest run of each kind on its screen.
  public mutating func show(_ saved: Trace) {
    trace = saved
    trace.model = readyModel?.identity.hash
    activities = [:]
    runs = ShownRuns()
    decode = DecodeState()
    branches = BranchesState()
    votes = VotesState()
    verify = VerifyState()
    search = SearchState()
    steps = StepsState()
    nextRun = max(1, (saved.latestRun ?? 0) &+ 1)
    // The first screen, in the order of the tabs, that is some run's own; the newest run there.
    var first: (screen: ScreenID, run: Int)?
    // A run that ended before it had a path has nothing to show in Branches.
    var withPaths: (run: Int, grows: Bool)?
    for (number, run) in saved.runs.sorted(by: { $0.key < $1.key }) {
      guard let strategy = run.start?.strategy, saved.ensemble(of: number) == nil else { continue }
      let screen = place(number, of: strategy)
      let parts = [number] + saved.members(of: number)
      if screen != nil, parts.contains(where: { saved.runs[$0]?.paths.isEmpty == false }) {
        let grows = StrategyRegistry.description(of: strategy)?.growsBranches == true
        if grows || withPaths?.grows != true { withPaths = (number, grows) }
      }
      if strategy == Exploration.strategyName {
        runs.exploration = number
      } else if let screen, screen != .decode {
        if first.map({ screen.rawValue <= $0.screen.rawValue }) ?? true { first = (screen, number) }
      } else if runs.exploration == nil {
        runs.exploration = number
      }
    }
    runs.branches = withPaths?.run ?? runs.branches
    makeDigests()
    plantTree()
    let shown = runs.exploration ?? first?.run
    guard let shown, let run = saved.runs[shown], let start = run.start else { return }
    question = start.question
    settings = start.settings
    decode.promptEnd = run.promptEnd
    decode.cursor = trace.leaves(of: shown).last ?? run.promptEnd
    decode.forks = run.edits.filter { $0.action == .fork }.map(\.node)
    _ = reachCursor()
    if runs.exploration == nil, let first { screen = first.screen }
    // It is drawn before anything else happens.
    refreshSearchPage()
  }

  /// Takes up the exploration on screen when it belongs to the model at hand; nil when there is
  /// none to take up.
  mutating func resumedExploration() -> [Effect]? {
    guard let number = runs.exploration, let run = trace.runs[number], let start = run.start,
      start.model.hash == readyModel?.identity.hash
    else { return nil }
    let others = trace.runs.filter {
      $0.key != number && $0.value.start?.model.hash == start.model.hash
    }
    return [
      .decode(
        .resume(
          run: number, start.question, start.settings, run, others: Array(others.values)))
    ] + reachCursor()
  }
}
