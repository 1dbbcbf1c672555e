import Decoding
import Reasoning

extension PlaygroundState {
  /// Asks another question: what runs is stopped, Decode starts anew, and the other screens are
  /// empty until they are run. Everything before stays in the trace.
  mutating func ask(_ question: Question) -> [Effect] {
    var effects = stopEverything()
    self.question = question
    runs = ShownRuns()
    let (heat, knob) = (decode.heat, decode.knob)
    decode = DecodeState()
    (decode.heat, decode.knob) = (heat, knob)
    branches = BranchesState()
    votes = VotesState(weighting: settings.weighting)
    effects += newExploration()
    return effects
  }

  /// Cancels every run and the stream.
  mutating func stopEverything() -> [Effect] {
    var effects: [Effect] = []
    for run in activities.keys.sorted() where activities[run]?.isCancelling == false {
      activities[run]?.isCancelling = true
      effects.append(.cancel(run: run))
    }
    if decode.isStreaming { effects.append(.stopStream) }
    return effects
  }

  /// Runs a strategy on the current question, on the screen that fits it: those that vote in
  /// Votes, those with several paths in Branches, those with one path in Decode.
  ///
  /// - Returns: what is to be done; the run's number, nil when there is no model.
  mutating func run(strategy name: String) throws -> (run: Int?, effects: [Effect]) {
    _ = try StrategyRegistry.strategy(named: name)
    let description = StrategyRegistry.all.map { $0.description }.first { $0.name == name }
    let heeded = description?.settings ?? []
    let paths =
      heeded.contains(.weighting)
      ? settings.samples ?? SelfConsistency.defaultSamples
      : heeded.contains(.branches)
        ? settings.branches ?? CoTDecoding.defaultBranches
        : heeded.contains(.samples) ? settings.samples ?? 1 : 1
    var effects: [Effect] = []
    if decode.isStreaming { effects.append(.stopStream) }
    guard let (run, started) = start(name, paths: paths) else { return (nil, []) }
    effects += started
    if heeded.contains(.weighting) {
      screen = .votes
      runs.votes = run
      votes = VotesState(weighting: settings.weighting)
    } else if heeded.contains(.branches) || heeded.contains(.samples) {
      screen = .branches
      runs.branches = run
      branches = BranchesState()
    } else {
      screen = .decode
      runs.followed = run
    }
    return (run, effects)
  }
}
