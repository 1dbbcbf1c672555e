import Decoding
import Problems
import Reasoning
public import Traces

/// Asking questions, running strategies, and showing what was saved.
extension PlaygroundState {
  /// Asks another question: what runs is stopped, and all screens start over. Everything before
  /// stays in the trace.
  ///
  /// Without a model, what the saved trace has of the question is shown.
  mutating func ask(_ question: Question) -> [Effect] {
    if session.isReplay { return showSaved(question) }
    var effects = cancelRuns() + turnToLoadedModel()
    session.question = question
    session.currentRun = nil
    effects += reset(.question)
    return effects + session.newExploration()
  }

  /// Asks a question of the model of a file, by a strategy or, for nil, on a walk in Decode.
  ///
  /// - Parameter prompting: how the strategy puts it; nil as the settings say.
  mutating func ask(
    _ question: Question, ofModelAt path: String, by strategy: String?, prompting: String?
  ) -> [Effect] {
    var effects = cancelRuns()
    if question != session.question {
      session.question = question
      session.currentRun = nil
      effects += reset(.question)
    }
    let home = strategy.flatMap { StrategyRegistry.description(of: $0) }.map(session.screens.home)
    session.screen = home ?? DecodeScreen.id
    guard session.readyModel?.path == path else {
      (strategyAtStart, promptingAtStart) = (strategy, prompting)
      return effects + [.model(.load(path: path))]
    }
    effects += turnToLoadedModel() + session.newExploration()
    if let strategy, let started = try? run(strategy: strategy, prompting: prompting) {
      effects += started.effects
    }
    return effects
  }

  /// Runs a strategy on the current question, on the screen that fits it.
  ///
  /// - Parameter prompting: how it puts the question; nil as the settings say.
  /// - Returns: what is to be done; the run's number, nil when there is no model.
  /// - Throws: `StrategyError.unknown`.
  mutating func run(
    strategy name: String, prompting: String? = nil
  ) throws -> (run: Int?, effects: [Effect]) {
    _ = try StrategyRegistry.strategy(named: name)
    let stopping = on(DecodeScreen.id) { $0.stop(&$1) ?? [] }
    guard let (run, started) = session.start(name, prompting: prompting) else {
      return (nil, stopping)
    }
    session.currentRun = run
    session.screen = place(run, of: name) ?? DecodeScreen.id
    return (run, stopping + started)
  }

  /// Puts a run on the screens for its kind; they are empty until it has something to show.
  ///
  /// - Returns: the screen that fits it best; nil for an exploration, for a member's part of an
  ///   ensemble and for what this version does not know.
  @discardableResult
  mutating func place(_ run: Int, of strategy: String) -> ScreenID? {
    guard let description = StrategyRegistry.description(of: strategy),
      session.trace.ensemble(of: run) == nil
    else { return nil }
    for index in screens.indices { screens[index].begin(run, description, session) }
    return session.screens.home(of: description)
  }

  // MARK: Saved runs

  private mutating func showSaved(_ question: Question) -> [Effect] {
    let saved = session.trace.runs.filter { $0.value.start?.question.text == question.text }
    guard !saved.isEmpty else {
      session.tell("The saved trace has no run on this question; press m for a model to ask.")
      return []
    }
    var effects: [Effect] = []
    for number in saved.keys.sorted() { effects += show(savedRun: number) }
    session.question = question
    return effects
  }

  /// The newest saved run of a strategy on the question, put to the model as it would be now.
  func savedRun(of strategy: String) -> Int? {
    let prompting =
      session.settings.prompting
      ?? StrategyRegistry.description(of: strategy)?.defaultPrompting.description
    return session.trace.runs.filter { _, run in
      guard let start = run.start, start.strategy == strategy else { return false }
      return start.question.text == session.question.text
        && (start.question.isRaw
          || (start.settings.prompting == prompting
            && start.settings.template == session.settings.template
            && start.settings.system == session.settings.system
            && start.settings.thinking == session.settings.thinking
            && (session.settings.date.map { [nil, $0].contains(start.settings.date) } ?? true)))
    }.keys.max()
  }

  /// Shows a saved run on the screen that fits it.
  mutating func show(savedRun number: Int) -> [Effect] {
    guard let run = session.trace.runs[number], let start = run.start else { return [] }
    if let screen = place(number, of: start.strategy), screen != DecodeScreen.id {
      session.screen = screen
      restore()
      return []
    }
    if start.isExploration { session.exploration = number }
    session.open(path: run.pathNumbers.first ?? -1, of: number)
    return passRequests()
  }

  private mutating func restore() {
    for index in screens.indices { screens[index].restore(&session) }
  }

  /// Shows a saved trace from its beginning: the newest run of each kind on its screen.
  ///
  /// - Returns: what is to be done when there is a model.
  @discardableResult
  public mutating func show(_ saved: Trace) -> [Effect] {
    session.trace = saved
    session.trace.model = session.readyModel?.identity.hash
    session.activities = [:]
    session.explored = nil
    session.currentRun = nil
    session.nextRun = max(1, (saved.latestRun ?? 0) &+ 1)
    var effects = reset(.trace)
    // The first screen, in the order of the tabs, that is some run's own; the newest run there.
    var first: (screen: Int, run: Int)?
    for (number, run) in saved.runs.sorted(by: { $0.key < $1.key }) {
      guard let start = run.start, saved.ensemble(of: number) == nil else { continue }
      let home = place(number, of: start.strategy).flatMap(session.screens.ids.firstIndex)
      if start.isExploration {
        session.exploration = number
      } else if let home, home > 0 {
        if first.map({ home <= $0.screen }) ?? true { first = (home, number) }
      } else if session.exploration == nil {
        session.exploration = number
      }
    }
    restore()
    guard let shown = session.exploration ?? first?.run, let run = saved.runs[shown],
      let start = run.start
    else {
      if let last = saved.trainings.max(by: { $0.key < $1.key })?.value {
        session.screen = TrainScreen.id
        session.question = last.start?.probes.first ?? session.question
      }
      return effects + prepare()
    }
    session.question = start.question
    // What is explored from now on is kept in the detail that this session has.
    let detail = session.settings.detail
    session.settings = start.settings
    session.settings.detail = max(detail, start.settings.detail)
    session.look(at: shown)
    session.cursor = session.trace.leaves(of: shown).last ?? run.promptEnd
    effects += on(DecodeScreen.id) { decode, session in
      guard var screen = decode as? DecodeScreen else { return [] }
      defer { decode = screen }
      return screen.show(run, &session)
    }
    if session.exploration == nil, let first { session.screen = session.screens.ids[first.screen] }
    // It is drawn before anything else happens.
    return effects + prepare()
  }

  /// Shows a screen of a saved trace as it is first drawn; nil is the one on view.
  public mutating func open(_ screen: ScreenID?) {
    _ = Reducer().reduce(&self, .command(.screen(screen ?? session.screen)))
  }

  /// Takes up the exploration on screen when it belongs to the model at hand; nil when there is
  /// none to take up.
  mutating func resumedExploration() -> [Effect]? {
    guard let number = session.exploration, let run = session.trace.runs[number],
      let start = run.start, start.model.hash == session.readyModel?.identity.hash
    else { return nil }
    let others = session.trace.runs.filter {
      $0.key != number && $0.value.start?.model.hash == start.model.hash
    }
    session.explored = number
    session.look(at: number)
    var settings = start.settings
    settings.detail = max(settings.detail, session.settings.detail)
    return [
      .decode(.resume(run: number, start.question, settings, run, others: Array(others.values)))
    ] + on(DecodeScreen.id) { $0.appear(&$1) }
  }
}
