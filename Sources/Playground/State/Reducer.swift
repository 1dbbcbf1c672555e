import Decoding
import Reasoning
import TerminalUI
import Traces

/// The one place where the playground's state changes: pure, so that every screen can be tested
/// by feeding it actions.
public struct Reducer: Sendable {
  public var keyMap: KeyMap

  public init(keyMap: KeyMap = .standard) { self.keyMap = keyMap }

  public func reduce(_ state: inout PlaygroundState, _ action: Action) -> [Effect] {
    let effects = react(to: action, &state)
    if case .message(let message) = action { state.lessonFailed(message) }
    let more = state.continueLesson()
    state.refreshTree()
    state.refreshSearchPage()
    return effects + more + state.lookUpStudy()
  }

  private func react(to action: Action, _ state: inout PlaygroundState) -> [Effect] {
    switch action {
    case .key(let key): return pressed(key, &state)
    case .mouse(let mouse): return clicked(mouse, &state)
    case .paste(let text): return pasted(text, &state)
    case .resize(let size):
      state.size = size
      return []
    case .interrupt, .terminate: return perform(.quit, &state)
    case .command(let command): return perform(command, &state)
    case .trace(let records): return fold(records, &state)
    case .distribution(let node, let distribution):
      return state.receiveDistribution(distribution, for: node)
    case .arrived(let node): return state.arrive(at: node)
    case .explorationBegan(let run, let prompt):
      return state.beginExploring(run: run, prompt: prompt)
    case .streamEnded(let node, let reason): return state.endStream(at: node, reason: reason)
    case .answeredNow(let outcome, let end): return state.showForcedAnswer(outcome, end: end)
    case .waited:
      state.decode.isAsking = false
      return []
    case .reviewEnded:
      state.steps.asking = nil
      return []
    case .ticked(let timer): return state.ticked(timer)
    case .study(let news):
      state.receive(news)
      return []
    case .runEnded(let run):
      state.activities[run] = nil
      return state.voteEnded(run) + (run == state.runs.followed ? state.reachCursor() : [])
    case .opened(let records, let name): return open(records, name: name, &state)
    case .themeLoaded(let name):
      state.themeName = name
      return []
    case .lessonLoaded(let lesson, let name): return state.begin(lesson, name: name)
    case .modelLoading(let load):
      state.model = .loading(load)
      return []
    case .modelReady(let summary, let vocabulary):
      state.vocabulary = vocabulary
      return modelReady(summary, &state)
    case .modelFailed(let name, let why):
      state.model = .failed(name: name, why: why)
      state.message = Message(.error, why)
      return []
    case .pace(let pace):
      state.pace = pace
      return []
    case .message(let message):
      state.message = message
      if message.kind == .error { state.giveUpWaiting() }
      return []
    case .files(let files, let path):
      received(files: files, for: path, &state)
      return []
    }
  }

  // MARK: Input

  /// The contexts in which a key is looked up, the nearest first.
  public func contexts(_ state: PlaygroundState) -> [KeyContext] {
    if let popup = state.popups.last { return popup.contexts }
    let lesson: [KeyContext] = state.activeLesson == nil ? [] : [.lesson]
    let guess: [KeyContext] = state.isGuessing ? [.guess] : []
    return guess + lesson + screenContexts(state)
  }

  private func screenContexts(_ state: PlaygroundState) -> [KeyContext] {
    switch state.screen {
    case .decode: [.decode, .global]
    case .branches: state.branches.comparison == nil ? [.branches, .global] : [.compare, .global]
    case .votes: state.votes.comparison == nil ? [.votes, .global] : [.compare, .global]
    case .tree: [.tree, .global]
    case .verify: [.verify, .global]
    case .search: [.search, .global]
    case .steps: [.steps, .global]
    case .scale: [.scale, .global]
    }
  }

  private func pressed(_ pressed: KeyEvent, _ state: inout PlaygroundState) -> [Effect] {
    state.message = nil
    // Esc twice in quick succession arrives as Alt-Esc, and means no less.
    let key = pressed.key == .escape ? KeyEvent(.escape) : pressed
    if let effects = popupKey(key, &state) { return effects }
    if state.screen == .decode, let effects = state.insertionKey(key) { return effects }
    if state.screen == .tree, let effects = state.treeSearchKey(key) { return effects }
    guard let command = keyMap.command(for: key, in: contexts(state)) else { return [] }
    return perform(command, &state)
  }

  private func clicked(_ mouse: MouseEvent, _ state: inout PlaygroundState) -> [Effect] {
    if !state.popups.isEmpty { return popupMouse(mouse, &state) }
    if case .press(.left) = mouse.action {
      state.message = nil
      if let screen = Chrome.tab(at: mouse.position, state) {
        return perform(.screen(screen), &state)
      }
      if Chrome.isHelpHint(mouse.position, state) { return perform(.help, &state) }
      // On a terminal that shows two screens a click takes the keys along.
      if let screen = Chrome.pane(at: mouse.position, state), screen != state.screen {
        return show(screen, &state)
      }
    }
    switch state.screen {
    case .decode: return state.decodeMouse(mouse)
    case .branches: return state.branchesMouse(mouse)
    case .votes: return state.votesMouse(mouse)
    case .tree: return state.treeMouse(mouse)
    case .verify: return state.verifyMouse(mouse)
    case .search: return state.searchMouse(mouse)
    case .steps: return state.stepsMouse(mouse)
    case .scale: return state.scaleMouse(mouse)
    }
  }

  private func pasted(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    if state.popups.isEmpty, state.screen == .decode {
      if state.decode.search != nil {
        state.decode.search?.field.insert(text)
        state.refreshSearch()
        return []
      }
      if state.decode.insertion != nil {
        state.decode.insertion?.insert(text)
        return []
      }
    }
    if state.popups.isEmpty, state.screen == .tree, state.tree.field != nil {
      state.tree.field?.insert(String(text.map { $0.isNewline ? " " : $0 }))
      state.lookUpTyped()
      return []
    }
    return popupPaste(text, &state)
  }

  // MARK: Commands

  func perform(_ command: Command, _ state: inout PlaygroundState) -> [Effect] {
    switch command {
    case .quit:
      // The session cancels what runs, so that every trace is closed, before it ends.
      state.isQuitting = true
      return state.stopEverything() + [.shell(.quit)]
    case .suspend: return [.shell(.suspend)]
    case .screen(let screen):
      return show(screen, &state)
    case .nextScreen: return show(state.screen.neighbour(1), &state)
    case .previousScreen: return show(state.screen.neighbour(-1), &state)
    case .temperature(let steps):
      state.changeTemperature(by: steps)
      state.reshapeTable()
      return []
    case .dismiss:
      if !state.popups.isEmpty {
        state.popups.removeLast()
        return []
      }
      if state.screen == .votes, state.votes.level != .answers {
        return state.votesCommand(.back)
      }
      if state.screen == .tree, state.dismissInTree() { return [] }
      if state.screen == .verify, state.verify.focus == .judgements {
        return state.verifyCommand(.back)
      }
      if state.screen == .search, state.dismissInSearch() { return [] }
      return stop(&state)
    case .stop: return stop(&state)
    case .lessonGoOn, .lessonNext, .lessonPrevious, .guess: return state.lessonCommand(command)
    case .nextTheme:
      let themes = state.catalog.themes
      guard !themes.isEmpty else { return [] }
      let next = (themes.firstIndex(of: state.themeName) ?? -1) + 1
      return [.shell(.loadTheme(themes[next % themes.count]))]
    case .openSteps: return state.openSteps()
    case .nextSize, .checkpoint, .nextStage: return state.moveInFamily(command)
    case .help, .commandLine, .pickProblem, .openSettings, .openModels, .openLessons, .openThemes,
      .openSessions:
      return openPopup(command, &state)
    default:
      switch state.screen {
      case .decode: return state.decodeCommand(command)
      case .branches: return state.branchesCommand(command)
      case .votes: return state.votesCommand(command)
      case .tree: return state.treeCommand(command)
      case .verify: return state.verifyCommand(command)
      case .search: return state.searchCommand(command)
      case .steps: return state.stepsCommand(command)
      case .scale: return state.scaleCommand(command)
      }
    }
  }

  private func show(_ screen: ScreenID, _ state: inout PlaygroundState) -> [Effect] {
    state.screen = screen
    if screen == .steps { state.reachSteps() }
    return screen == .decode ? state.reachCursor() : []
  }

  /// Stops what runs on the screen shown, else anything that runs.
  private func stop(_ state: inout PlaygroundState) -> [Effect] {
    if state.decode.isStreaming && state.screen == .decode { return [.decode(.stopStream)] }
    if state.steps.asking != nil, state.screen == .steps { return [.review(.stop)] }
    if state.scale.activity != nil, state.screen == .scale { return state.stopStudy() }
    if state.steps.isPlaying, state.screen == .steps {
      state.steps.isPlaying = false
      return []
    }
    let shown = state.runs.shown(on: state.screen)
    let run =
      shown.flatMap { state.activities[$0] == nil ? nil : $0 } ?? state.activities.keys.max()
    guard let run else {
      if state.decode.isStreaming { return [.decode(.stopStream)] }
      if state.activeLesson != nil {
        state.lesson?.isHidden = true
        state.message = Message(.notice, "The lesson waits where it is; L goes on with it.")
      }
      return []
    }
    state.activities[run]?.isCancelling = true
    return [.run(.cancel(run: run))]
  }

  // MARK: News

  private func fold(_ records: [TraceRecord], _ state: inout PlaygroundState) -> [Effect] {
    for record in records {
      state.trace.apply(record)
      state.digest(record)
      state.growTree(record)
      if case .pathFinished = record.event { state.activities[record.run]?.finished += 1 }
      if case .node(let node) = record.event { state.follow(node, run: record.run) }
      state.followInjection(record)
    }
    state.refreshDerived()
    state.refreshVerified(after: records)
    state.refreshSteps(after: records)
    return state.refreshDecode(after: records)
  }

  private func modelReady(_ summary: ModelSummary, _ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeAll { popup in
      if case .models(let picker) = popup { picker.wanted != nil } else { false }
    }
    state.model = .ready(summary)
    state.activities = [:]
    state.decode.known.removeAll()
    state.trace.model = summary.identity.hash
    state.plantTree()
    state.forgetStudy()
    let choice = state.settings.template.flatMap { TemplateChoice($0) } ?? .auto
    if ChatTemplate.warning(choice, declared: summary.chatTemplate) != nil {
      state.message = Message(
        .warning,
        "The model's chat template is not known: raw text is sent; :template NAME chooses one.")
    }
    var effects = state.resumedExploration() ?? state.newExploration()
    if let name = state.strategyAtStart {
      state.strategyAtStart = nil
      do {
        effects += try state.run(strategy: name).effects
      } catch {
        state.message = Message(.error, "\(error)")
      }
    }
    return effects
  }

  /// Shows a saved session.
  private func open(
    _ records: [TraceRecord], name: String, _ state: inout PlaygroundState
  ) -> [Effect] {
    state.show(Trace(records))
    state.message = Message(.notice, "Opened \(name).")
    return state.readyModel == nil
      ? state.reachCursor() : state.resumedExploration() ?? state.reachCursor()
  }
}

extension ScreenID {
  func neighbour(_ offset: Int) -> ScreenID {
    let all = ScreenID.allCases
    let index = (all.firstIndex(of: self) ?? 0) + offset
    return all[((index % all.count) + all.count) % all.count]
  }
}

extension PlaygroundState {
  /// Moves the temperature along the grid on which saved distributions are exact.
  mutating func changeTemperature(by steps: Int) {
    let current = (sampling.temperature * 10).rounded()
    let next = min(20, max(0, current + Double(steps)))
    settings.temperature = next / 10
  }

  /// Starts exploring the current question, when there is a model to explore with.
  mutating func newExploration() -> [Effect] {
    guard readyModel != nil else { return [] }
    let run = takeRunNumber()
    return [.decode(.explore(run: run, question, settings))]
  }

  mutating func takeRunNumber() -> Int {
    defer { nextRun += 1 }
    return nextRun
  }

  /// Starts a strategy as a new run.
  mutating func start(_ strategy: String, paths: Int) -> (run: Int, effects: [Effect])? {
    guard readyModel != nil else {
      message = Message(.error, "There is no model to run; press m to choose one.")
      return nil
    }
    let run = takeRunNumber()
    activities[run] = Activity(strategy: strategy, paths: paths)
    return (
      run,
      [.run(.start(run: run, strategy: strategy, question, settings, previous: nil))]
    )
  }
}
