import Decoding
import Reasoning
import TerminalUI
import Traces

/// The one place where the playground's state changes: pure, so that every screen can be tested
/// by feeding it actions.
struct Reducer: Sendable {
  func reduce(_ state: inout PlaygroundState, _ action: Action) -> [Effect] {
    var effects = react(to: action, &state)
    effects += state.continueLesson()
    return effects + state.prepare()
  }

  private func react(to action: Action, _ state: inout PlaygroundState) -> [Effect] {
    switch action {
    case .key(let key): return pressed(key, &state)
    case .mouse(let mouse): return clicked(mouse, &state)
    case .paste(let text): return pasted(text, &state)
    case .resize(let size):
      state.size = size
      return []
    case .interrupt: return perform(.interrupt, &state)
    case .terminate:
      // There may be nobody left to ask.
      state.isQuitting = true
      return state.cancelRuns() + state.stopScreens() + [.shell(.leave)]
    case .command(let command): return perform(command, &state)
    case .trace(let records): return state.fold(records)
    case .decode(let run, let news):
      if case .explored = news, run == state.session.exploring { state.session.exploring = nil }
      if run == nil || run == state.session.explored { state.lessonHears(news) }
      return state.pass(action)
    case .run(let news):
      if case .ended(let run, let ending) = news {
        state.session.tell(ending)
        state.activities[run] = nil
      }
      return state.pass(action)
    case .review, .study, .training, .inspection: return state.pass(action)
    case .shell(.theme(let name, let ending)):
      if ending.isDone { state.themeName = name }
      state.session.tell(ending)
      return ending.isDone ? state.keepTheme() : []
    case .shell(.ticked): return state.pass(action)
    case .shell(.settled(let unkept)): return settled(unkept, &state)
    case .model(let news): return receive(news, &state)
    case .file(let news): return receive(news, &state)
    case .config(.kept(let name, let value, let isAsked, let ending)):
      if case .done(let path) = ending, isAsked {
        state.session.tell(
          value.map { "Ponder starts with \(name) = \($0) from now on (\(path))." }
            ?? "Ponder starts with \(name) as it always is (\(path)).")
      }
      state.session.tell(ending)
      return []
    case .pace(let pace):
      state.pace = pace
      return []
    }
  }

  // MARK: Input

  private func pressed(_ pressed: KeyEvent, _ state: inout PlaygroundState) -> [Effect] {
    state.message = nil
    if pressed != .control("c") { state.session.isInterrupted = false }
    // Esc twice in quick succession arrives as Alt-Esc, and means no less.
    let key = pressed.key == .escape ? KeyEvent(.escape) : pressed
    if let effects = popupKey(key, &state) { return effects }
    if let effects = state.askScreen({ $0.type(key, &$1) }) { return effects }
    guard let command = state.keyMap.command(for: key, in: state.contexts) else { return [] }
    return perform(command, &state)
  }

  private func clicked(_ mouse: MouseEvent, _ state: inout PlaygroundState) -> [Effect] {
    if !state.popups.isEmpty { return popupMouse(mouse, &state) }
    if case .press(.left) = mouse.action {
      state.message = nil
      switch TitleLines.target(at: mouse.position, state.session) {
      case .tab(let screen)?: return perform(.screen(screen), &state)
      case .run(let run)?: return state.bringBack(run)
      case .runs(let offset)?: return state.goToRun(offset)
      case .question?: return perform(.pickProblem, &state)
      case .model?: return perform(.openModels, &state)
      case .help?: return perform(.help, &state)
      case nil: break
      }
      // On a terminal that shows two screens a click takes the keys along.
      if let screen = Chrome.pane(at: mouse.position, state.session), screen != state.screen {
        return state.show(screen)
      }
    }
    return state.onScreen { $0.mouse(mouse, &$1) }
  }

  private func pasted(_ text: String, _ state: inout PlaygroundState) -> [Effect] {
    if state.popups.isEmpty {
      _ = state.onScreen { screen, session -> [Effect] in
        _ = screen.paste(PastedText.text(text), &session)
        return []
      }
      return []
    }
    return popupPaste(text, &state)
  }

  // MARK: Commands

  func perform(_ command: Command, _ state: inout PlaygroundState) -> [Effect] {
    if let effects = state.runKey(command) { return effects }
    switch command {
    case .interrupt: return state.interrupt()
    case .quit: return quit(&state)
    case .suspend: return [.shell(.suspend)]
    case .screen(let screen): return state.show(screen)
    case .nextScreen: return state.show(state.neighbour(1))
    case .previousScreen: return state.show(state.neighbour(-1))
    case .temperature(let steps):
      let old = state.settings
      state.session.step(.temperature, by: steps)
      state.adapt(from: old)
      return []
    case .dismiss:
      if !state.popups.isEmpty {
        state.popups.removeLast()
        return []
      }
      return state.askScreen { $0.dismiss(&$1) } ?? state.stop()
    case .stop: return state.stop()
    case .lessonGoOn, .lessonNext, .lessonPrevious, .guess: return state.lessonCommand(command)
    case .nextTheme:
      let themes = state.catalog.themes
      guard !themes.isEmpty else { return [] }
      let next = (themes.firstIndex(of: state.themeName) ?? -1) + 1
      return state.choose(theme: themes[next % themes.count])
    case .openSteps:
      guard let selection = state.screens[state.current].selection(state.session) else {
        state.session.tell("There is no path here yet.")
        return []
      }
      state.session.ask(.steps(selection))
      return state.passRequests()
    case .nextSize, .checkpoint, .nextStage: return state.session.moveInFamily(command)
    case .goToRun(let offset): return state.goToRun(offset)
    case .help, .commandLine, .pickProblem, .openSettings, .openModels, .openLessons, .openThemes,
      .openSessions, .openRuns, .openScreens, .openTraining, .openVerifiers,
      .openBeside:
      return openPopup(command, &state)
    default: return state.onScreen { $0.perform(command, &$1) }
    }
  }

  // MARK: News

  private func receive(_ news: ModelNews, _ state: inout PlaygroundState) -> [Effect] {
    switch news {
    case .loading(let load):
      state.absentModel = nil
      state.model = .loading(load)
    case .ready(let summary, let vocabulary):
      state.vocabulary = vocabulary
      return modelReady(summary, &state)
    case .failed(let name, let why):
      state.model = .failed(name: name, why: why)
      state.session.tell(why, .error)
    case .absent(let asked, let why):
      state.absentModel = asked
      let question = "\(why) Ask for it once more to fetch it over the network."
      state.model = .failed(name: asked, why: question)
      state.session.tell(question, .error)
    case .cancelled: break
    case .found(.done(let models)):
      let known = Set(state.catalog.models.map(\.path))
      state.session.catalog.models += models.filter { !known.contains($0.path) }
    case .found(.failed), .found(.cancelled): state.session.catalog.isSearched = false
    }
    return []
  }

  private func receive(_ news: FileNews, _ state: inout PlaygroundState) -> [Effect] {
    switch news {
    case .unkept(let unkept):
      let isNew = unkept?.why != state.session.unkept?.why
      state.session.unkept = unkept
      if isNew, let unkept {
        state.session.tell(unkept.description, .error)
      } else if isNew {
        state.session.tell("Everything is on disk again.")
      }
      return state.askAboutUnkept()
    case .goesOn(let path): state.session.tell("This session goes on in \(path).")
    case .opening(let progress): state.session.opening = progress
    case .openingStopped, .listingStopped: break
    case .sessionsRead(let list):
      state.catalog.sessions = list.sessions.map(\.path)
      for index in state.popups.indices {
        guard var chooser = state.popups[index] as? SessionChooser else { continue }
        chooser.receive(list)
        state.popups[index] = chooser
      }
    case .sessionsListed(let ending): state.session.tell(ending)
    case .renamed(_, let ending), .deleted(_, let ending):
      state.session.tell(ending)
      // What is on disk now shows also what could not be done.
      return [.file(.listSessions)]
    case .kept(let ending):
      state.session.tell(ending)
      return state.askAboutUnkept()
    case .lesson(let path, .done(let lesson)): return state.begin(lesson, name: path)
    case .lesson(_, let ending): state.session.tell(ending)
    case .opened(let path, let ending):
      state.session.opening = nil
      if case .done(let opened) = ending { return open(opened, name: path, &state) }
      if case .cancelled = ending { state.session.tell("\(path) is not opened.") }
      state.session.tell(ending)
    case .imported(_, .done(let imported)):
      state.session.screen = VotesScreen.id
      let effects = state.bringBack(imported.firstRun)
      state.message = Message(
        imported.badLines == 0 ? .notice : .warning, imported.description)
      return effects
    case .imported(_, let ending): state.session.tell(ending)
    case .saved(let path, .done(let goesOn)):
      state.session.tell(
        goesOn
          ? "Saved as \(path); the session goes on there."
          : "Saved as \(path); ponder replay \(path) shows it again.")
      return state.askAboutUnkept()
    case .saved(_, let ending): state.session.tell(ending)
    case .listed(let path, .done(let files)):
      state.popups.last?.receive(files: files, for: path, &state)
    case .listed(_, let ending): state.session.tell(ending)
    }
    return []
  }

  private func modelReady(_ summary: ModelSummary, _ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeAll { ($0 as? ModelPickerState)?.wanted != nil }
    state.session.take(summary)
    state.activities = [:]
    state.trace.model = summary.identity.hash
    var effects = state.reset(.model)
    if !summary.remarks.isEmpty { state.session.tell(summary.remarks.joined(separator: " ")) }
    let choice = state.settings.template.flatMap { TemplateChoice($0) } ?? .auto
    do {
      _ = try ChatTemplate.chosen(choice, declared: summary.chatTemplate)
    } catch {
      state.message = Message(
        .warning, "The chat template cannot be used; :template NAME sets another. \(error)")
    }
    effects += state.resumedExploration() ?? state.session.newExploration()
    if let name = state.strategyAtStart {
      let prompting = state.promptingAtStart
      (state.strategyAtStart, state.promptingAtStart) = (nil, nil)
      do {
        effects += try state.run(strategy: name, prompting: prompting).effects
      } catch {
        state.message = Message(.error, "\(error)")
      }
    }
    return effects
  }

  /// Shows a saved session.
  private func open(
    _ opened: OpenedSession, name: String, _ state: inout PlaygroundState
  ) -> [Effect] {
    var effects = state.show(opened.trace)
    let warning = opened.warning
    let text = ["Opened \(name).", warning].compactMap(\.self).joined(separator: " ")
    state.message = Message(warning == nil ? .notice : .warning, text)
    if state.readyModel != nil { effects += state.resumedExploration() ?? [] }
    return effects
  }
}

// MARK: Passing on

extension PlaygroundState {
  /// Has the screen that keys go to do something, then passes on what it asked for.
  mutating func onScreen(_ work: (inout any Screen, inout SessionState) -> [Effect]) -> [Effect] {
    work(&screens[current], &session) + passRequests()
  }

  /// Has one screen do something, whether it is on view or not.
  mutating func on(
    _ id: ScreenID, _ work: (inout any Screen, inout SessionState) -> [Effect]
  ) -> [Effect] {
    guard let index = screens.firstIndex(where: { $0.id == id }) else { return [] }
    return work(&screens[index], &session) + passRequests()
  }

  /// Has Train do something, whether it is on view or not.
  mutating func train(
    _ work: (inout TrainScreen, inout SessionState) -> [Effect]
  ) -> [Effect] {
    on(TrainScreen.id) { screen, session in
      guard var train = screen as? TrainScreen else { return [] }
      defer { screen = train }
      return work(&train, &session)
    }
  }

  /// The same for something that only some screens do.
  mutating func askScreen(
    _ work: (inout any Screen, inout SessionState) -> [Effect]?
  ) -> [Effect]? {
    work(&screens[current], &session).map { $0 + passRequests() }
  }

  private mutating func onEveryScreen(
    _ work: (inout any Screen, inout SessionState) -> [Effect]
  ) -> [Effect] {
    var effects: [Effect] = []
    for index in screens.indices { effects += work(&screens[index], &session) }
    return effects + passRequests()
  }

  /// Gives every screen a piece of news.
  mutating func pass(_ news: Action) -> [Effect] { onEveryScreen { $0.receive(news, &$1) } }

  /// Stops what else is under way.
  mutating func stopScreens() -> [Effect] { onEveryScreen { $0.stop(&$1) ?? [] } }

  /// Has every screen start over.
  mutating func reset(_ reason: ResetReason) -> [Effect] { onEveryScreen { $0.reset(reason, &$1) } }

  /// Shows everywhere that settings have changed.
  mutating func adapt(from old: RunSettings) {
    for index in screens.indices { screens[index].adapt(from: old, &session) }
  }

  /// Passes on what screens have asked of each other, and what that leads to.
  mutating func passRequests() -> [Effect] {
    var effects: [Effect] = []
    while !session.requests.isEmpty {
      let request = session.requests.removeFirst()
      switch request {
      case .show(let screen): effects += show(screen)
      case .ask(let question, let path, let strategy, let prompting):
        effects += ask(question, ofModelAt: path, by: strategy, prompting: prompting)
      case .explore: effects += session.newExploration()
      case .run(let name):
        do {
          effects += try run(strategy: name).effects
        } catch {
          session.tell("\(error)", .error)
        }
      case .open, .steps:
        if case .open(_, let run, _) = request { effects += turnView(toRun: run) }
        for index in screens.indices {
          guard let answer = screens[index].answer(request, &session) else { continue }
          effects += answer
          break
        }
      }
    }
    return effects
  }

  /// Folds events into the trace and shows what they mean everywhere.
  mutating func fold(_ records: [TraceRecord]) -> [Effect] {
    var turning: [Effect] = []
    for record in records {
      session.trace.apply(record)
      if case .run(let start) = record.event {
        session.nextRun = max(session.nextRun, record.run &+ 1)
        // What was asked for last is what shows; it is by the model that is loaded.
        if record.run == session.currentRun {
          turning += start.isExploration ? turnToLoadedModel() : goBackToLoadedModel()
        }
        place(record.run, of: start.strategy)
      }
      if case .training(.started) = record.event {
        session.nextRun = max(session.nextRun, record.run &+ 1)
      }
      session.count(record)
      for index in screens.indices { screens[index].take(record, &session) }
    }
    return turning + onEveryScreen { $0.refresh(after: records, &$1) }
  }

  /// Makes ready what is drawn.
  mutating func prepare() -> [Effect] {
    session.shownRuns = [:]
    for screen in screens { session.shownRuns[screen.id] = screen.run }
    if let run = screens[current].run { session.currentRun = run }
    return onEveryScreen { $0.prepare(&$1) }
  }

  // MARK: Screens

  /// Whether a screen has something to show for what is chosen.
  func isFilled(_ screen: any Screen) -> Bool { screen.emptyText(session) == nil }

  /// The screen so many tabs further on, round at the ends, among those that have something to show;
  /// among all where no other has.
  func neighbour(_ offset: Int) -> ScreenID {
    let filled = Set(screens.filter { $0.id == session.screen || isFilled($0) }.map(\.id))
    let tabs = session.screens.tabs
    let among = filled.count > 1 ? tabs.filter(filled.contains) : tabs
    return among.cycled(from: session.screen, by: offset) ?? DecodeScreen.id
  }

  mutating func show(_ screen: ScreenID) -> [Effect] {
    guard session.screens.ids.contains(screen) else { return [] }
    if screen != session.screen, let selection = screens[current].selection(session) {
      // Before the first token nothing is selected.
      if case .place(.root, _, _) = selection {} else { session.selected = selection }
    }
    session.screen = screen
    return onScreen { $0.appear(&$1) }
  }

  /// Stops what runs on the screen shown, else anything that runs.
  mutating func stop() -> [Effect] {
    if session.opening != nil { return [.file(.stopOpening)] }
    if let effects = askScreen({ $0.stop(&$1) }) { return effects }
    if let run = runHere ?? session.activities.keys.max() { return session.cancel(run) }
    for index in screens.indices {
      if let effects = screens[index].stop(&session) { return effects + passRequests() }
    }
    if session.activeLesson != nil {
      session.lesson?.isHidden = true
      session.tell("The lesson is paused; L continues it.")
    }
    return []
  }

  /// Cancels every run.
  mutating func cancelRuns() -> [Effect] {
    var effects: [Effect] = []
    for run in session.activities.keys.sorted()
    where session.activities[run]?.isCancelling == false {
      effects += session.cancel(run)
    }
    return effects
  }
}
