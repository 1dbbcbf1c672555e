import Decoding
public import Reasoning

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
    nextRun = (saved.latestRun ?? 0) + 1
    for (number, run) in saved.runs.sorted(by: { $0.key < $1.key }) {
      switch run.start?.strategy {
      case Exploration.strategyName: runs.exploration = number
      case CoTDecoding.description.name: runs.branches = number
      case SelfConsistency.description.name: runs.votes = number
      case let name? where StrategyDescription.ranksCandidates(name):
        (runs.verify, runs.votes) = (number, number)
      default: if runs.exploration == nil { runs.exploration = number }
      }
    }
    makeDigests()
    plantTree()
    let shown = runs.exploration ?? runs.branches ?? runs.votes
    guard let shown, let run = saved.runs[shown], let start = run.start else { return }
    question = start.question
    settings = start.settings
    decode.promptEnd = run.promptEnd
    decode.cursor = trace.leaves(of: shown).last ?? run.promptEnd
    decode.forks = run.edits.filter { $0.action == .fork }.map(\.node)
    _ = reachCursor()
    if runs.exploration == nil {
      screen =
        runs.branches != nil
        ? .branches : runs.verify != nil && runs.verify == runs.votes ? .verify : .votes
    }
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
      .resumeExploration(
        run: number, start.question, start.settings, run, others: Array(others.values))
    ] + reachCursor()
  }
}
