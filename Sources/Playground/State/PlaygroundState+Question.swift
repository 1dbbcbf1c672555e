import Decoding
import Reasoning

extension PlaygroundState {
  /// Asks another question: what runs is stopped, Decode starts anew, and the other screens are
  /// empty until they are run. Everything before stays in the trace.
  ///
  /// Without a model, what the saved trace has of the question is shown.
  mutating func ask(_ question: Question) -> [Effect] {
    if isReplay { return showSaved(question) }
    var effects = stopEverything()
    self.question = question
    runs = ShownRuns()
    let (heat, knob) = (decode.heat, decode.knob)
    decode = DecodeState()
    (decode.heat, decode.knob) = (heat, knob)
    branches = BranchesState()
    votes = VotesState(weighting: settings.weighting)
    verify = VerifyState()
    effects += newExploration()
    return effects
  }

  // MARK: Saved runs

  private mutating func showSaved(_ question: Question) -> [Effect] {
    let saved = trace.runs.filter { $0.value.start?.question.text == question.text }
    guard !saved.isEmpty else {
      message = Message(
        .notice, "The saved trace has nothing on this question; press m for a model to ask.")
      return []
    }
    var effects: [Effect] = []
    for number in saved.keys.sorted() { effects += show(savedRun: number) }
    self.question = question
    return effects
  }

  /// The newest saved run of a strategy on the question, put to the model as it would be now.
  func savedRun(of strategy: String) -> Int? {
    let description = StrategyRegistry.all.map { $0.description }.first { $0.name == strategy }
    let prompting = settings.prompting ?? description?.defaultPrompting.description
    return trace.runs.filter { _, run in
      guard let start = run.start, start.strategy == strategy else { return false }
      return start.question.text == question.text
        && (start.question.isRaw
          || (start.settings.prompting == prompting
            && start.settings.template == settings.template))
    }.keys.max()
  }

  /// Shows a saved run on the screen that fits it.
  mutating func show(savedRun number: Int) -> [Effect] {
    guard let run = trace.runs[number], let start = run.start else { return [] }
    switch start.strategy {
    case CoTDecoding.description.name, Beam.description.name:
      runs.branches = number
      branches = BranchesState()
      screen = .branches
    case BestOfN.description.name:
      showVerified(number)
      screen = .verify
    case let name where StrategyRegistry.description(of: name)?.takesVotes == true:
      runs.votes = number
      votes = VotesState(weighting: settings.weighting)
      screen = .votes
    default:
      if start.strategy == Exploration.strategyName { runs.exploration = number }
      guard let first = run.pathNumbers.first else { return [] }
      return open(path: first, of: number)
    }
    makeDigests()
    return []
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

  /// Runs a strategy on the current question, on the screen that fits it: those that rank
  /// candidates in Verify, those that vote in Votes, those with several paths in Branches, those
  /// with one path in Decode.
  ///
  /// - Returns: what is to be done; the run's number, nil when there is no model.
  mutating func run(strategy name: String) throws -> (run: Int?, effects: [Effect]) {
    _ = try StrategyRegistry.strategy(named: name)
    let description = StrategyRegistry.description(of: name)
    let heeded = description?.settings ?? []
    let samples = settings.samples ?? description?.defaultSamples ?? 1
    let paths =
      heeded.contains(.branches)
      ? settings.branches ?? description?.defaultBranches ?? 1
      : heeded.contains(.samples) ? samples : 1
    let isVote = description?.takesVotes == true
    var effects: [Effect] = []
    if decode.isStreaming { effects.append(.stopStream) }
    guard let (run, started) = start(name, paths: paths) else { return (nil, []) }
    effects += started
    if name == BestOfN.description.name {
      screen = .verify
      showVerified(run)
    } else if isVote {
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

extension StrategyDescription {
  /// Whether a strategy has a verifier rank finished candidates.
  static func ranksCandidates(_ name: String) -> Bool {
    let settings = StrategyRegistry.description(of: name)?.settings ?? []
    return settings.contains(.verifier) && settings.contains(.vote)
  }
}
