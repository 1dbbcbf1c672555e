import Decoding
import Problems
import Reasoning
import Traces

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
    search = SearchState()
    steps = StepsState()
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
    guard let screen = place(number, of: start.strategy), screen != .decode else {
      if start.strategy == Exploration.strategyName { runs.exploration = number }
      guard let first = run.pathNumbers.first else { return [] }
      return open(path: first, of: number)
    }
    self.screen = screen
    makeDigests()
    return []
  }

  /// Cancels every run and the stream.
  mutating func stopEverything() -> [Effect] {
    var effects: [Effect] = []
    for run in activities.keys.sorted() where activities[run]?.isCancelling == false {
      activities[run]?.isCancelling = true
      effects.append(.run(.cancel(run: run)))
    }
    if decode.isStreaming { effects.append(.decode(.stopStream)) }
    if steps.asking != nil { effects.append(.review(.stop)) }
    return effects
  }

  /// Runs a strategy on the current question, on the screen that fits it.
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
    var effects: [Effect] = []
    if decode.isStreaming { effects.append(.decode(.stopStream)) }
    guard let (run, started) = start(name, paths: paths) else { return (nil, []) }
    effects += started
    screen = place(run, of: name) ?? .decode
    if screen == .decode { runs.followed = run }
    return (run, effects)
  }
}
