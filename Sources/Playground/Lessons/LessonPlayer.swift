import Decoding
import Problems
import Reasoning
import Traces

/// Carrying out the commands of a lesson's step, one after the other, each when the one before
/// has taken effect.
extension PlaygroundState {
  /// Goes as far as can be gone now. Called after every action.
  mutating func continueLesson() -> [Effect] {
    var effects: [Effect] = []
    while let lesson = session.lesson, lesson.isWorking {
      if let wait = lesson.wait {
        guard isOver(wait) else { break }
        session.lesson?.wait = nil
        effects += finished(wait)
        continue
      }
      guard let command = lesson.queue.first else {
        finishStep()
        break
      }
      session.lesson?.queue.removeFirst()
      effects += carryOut(command)
    }
    return effects
  }

  private func isOver(_ wait: LessonState.Wait) -> Bool {
    let decode = self[DecodeScreen.self]
    return switch wait {
    case .run(let run): session.activities[run] == nil
    case .exploration: session.exploration != nil
    case .place(let node): session.cursor != node && decode.hasCurrentTable && !decode.isStreaming
    case .table: decode.hasCurrentTable
    case .guess: session.lesson?.guess?.picked != nil
    case .answer: !decode.isAsking
    }
  }

  /// What follows when something waited for has come.
  private mutating func finished(_ wait: LessonState.Wait) -> [Effect] {
    guard case .run(let run) = wait, session.trace.runs[run]?.end?.reason != .completed else {
      return []
    }
    let why = session.trace.runs[run]?.end?.message
    stopLesson(why ?? "The run was stopped; Enter starts the step again.")
    return []
  }

  /// Gives the step up where it is; it can be started again.
  private mutating func stopLesson(_ note: String) {
    session.lesson?.abandon()
    session.message = Message(.warning, note)
  }

  /// Gives the step up when what it waits for in Decode will not come.
  mutating func lessonHears(_ news: DecodeNews) {
    let isLost =
      switch (session.lesson?.wait, news) {
      case (.exploration?, .explored(let ending)), (.place?, .inserted(let ending)): !ending.isDone
      case (.place?, .taken(_, let ending)): !ending.isDone
      case (.place?, .fetched(let node, .failed)), (.table?, .fetched(let node, .failed)):
        node == session.cursor
      case (.answer?, .answered(let ending)): !ending.isDone
      default: false
      }
    if isLost { session.lesson?.abandon() }
  }

  private mutating func finishStep() {
    guard let lesson = session.lesson else { return }
    session.lesson?.isWorking = false
    var outcome = lesson.outcomes[lesson.step] ?? LessonState.Outcome()
    if lesson.current?.commands.contains(.run) == true { outcome.result = result(lesson.lastRun) }
    session.lesson?.outcomes[lesson.step] = outcome
    session.lesson?.scroll = 0
  }

  mutating func lessonNote(_ text: String) {
    guard let step = session.lesson?.step else { return }
    session.lesson?.outcomes[step, default: LessonState.Outcome()].notes.append(text)
  }

  /// What a run answered, and whether that is right.
  private func result(_ number: Int?) -> String? {
    guard let number, let run = session.trace.runs[number], let end = run.end else { return nil }
    let name = run.start?.strategy ?? "the run"
    guard let answer = end.answer else { return "\(name) gave no answer" }
    guard let correct = end.correct else { return "\(name) answered \(answer)" }
    if correct { return "\(name) answered \(answer) ✓" }
    return "\(name) answered \(answer) ✗"
      + (run.start?.question.gold.map { "; \($0) is right" } ?? "")
  }

  // MARK: Commands

  private mutating func carryOut(_ command: LessonCommand) -> [Effect] {
    do {
      switch command {
      case .problem(let id): return asked(Question(try ProblemLibrary.problem(id: id)))
      case .question(let text): return asked(Question(text: text))
      case .strategy(let name): session.lesson?.strategy = name
      case .set(let setting, let value): return try set(setting, to: value)
      case .run: return try runStrategy()
      case .screen(let wanted): return showScreen(wanted)
      case .goTo(let place): return go(to: place)
      case .step(let count): return takeLikeliest(count)
      case .take(let text): return take(text)
      case .insert(let text):
        guard needsDecode() else { return [] }
        session.lesson?.wait = .place(from: session.cursor)
        return [.decode(.insert(text, after: session.cursor))]
      case .answerNow:
        guard needsDecode() else { return [] }
        session.lesson?.wait = .answer
        return on(DecodeScreen.id) { $0.perform(.answerNow, &$1) }
      case .compare(let left, let right): compare(left, right)
      case .guessNext(let choices): return offerGuess(choices)
      case .expect(let condition, let otherwise): expect(condition, otherwise: otherwise)
      }
    } catch { stopLesson("\(error)") }
    return []
  }

  private mutating func asked(_ question: Question) -> [Effect] {
    let effects = ask(question)
    if session.readyModel != nil { session.lesson?.wait = .exploration }
    return effects
  }

  private mutating func runStrategy() throws -> [Effect] {
    let name = session.lesson?.strategy ?? Greedy.description.name
    if session.isReplay {
      // Without a model the lesson shows what it did when the trace was made.
      guard let saved = savedRun(of: name) else {
        stopLesson("The saved trace has no \(name) run here; press m for a model.")
        return []
      }
      session.lesson?.lastRun = saved
      return show(savedRun: saved)
    }
    let (run, effects) = try self.run(strategy: name)
    guard let run else {
      session.lesson?.abandon()
      return effects
    }
    session.lesson?.lastRun = run
    session.lesson?.wait = .run(run)
    return effects
  }

  private mutating func showScreen(_ name: String) -> [Effect] {
    guard let screen = session.screens.id(named: name) else {
      let names = session.screens.ids.map(\.name).joined(separator: ", ")
      stopLesson("There is no screen “\(name)”; choose one of \(names).")
      return []
    }
    // A comparison that is still open would hide what the step is about.
    return on(screen) { $0.contexts == [.compare] ? $0.perform(.back, &$1) : [] } + show(screen)
  }

  /// Whether there is a model to go on with, or at least a table that was saved.
  private mutating func needsDecode(orTable: Bool = false) -> Bool {
    session.screen = DecodeScreen.id
    guard session.readyModel != nil || (orTable && self[DecodeScreen.self].hasCurrentTable) else {
      stopLesson("This step needs a model; press m to choose one.")
      return false
    }
    return true
  }

  private mutating func takeLikeliest(_ count: Int) -> [Effect] {
    guard count > 0, needsDecode(orTable: true) else { return [] }
    guard self[DecodeScreen.self].hasCurrentTable else { return awaitTable(.step(count: count)) }
    if count > 1 { session.lesson?.queue.insert(.step(count: count - 1), at: 0) }
    return take(row: 0)
  }

  private mutating func take(_ text: String) -> [Effect] {
    guard needsDecode(orTable: true) else { return [] }
    let decode = self[DecodeScreen.self]
    guard decode.hasCurrentTable else { return awaitTable(.take(token: text)) }
    let row = decode.table?.rows.firstIndex { $0.token.bytes == Array(text.utf8) }
    guard let row else {
      lessonNote("“\(text)” is not among the likeliest tokens here.")
      return []
    }
    return take(row: row)
  }

  private mutating func take(row: Int) -> [Effect] {
    // In a saved trace one is there at once, or never.
    if session.readyModel != nil { session.lesson?.wait = .place(from: session.cursor) }
    self[DecodeScreen.self].select(row: row)
    return on(DecodeScreen.id) { $0.perform(.activate, &$1) }
  }

  /// Puts a command off until Decode's table is there.
  private mutating func awaitTable(_ command: LessonCommand) -> [Effect] {
    session.lesson?.queue.insert(command, at: 0)
    session.lesson?.wait = .table
    return on(DecodeScreen.id) { $0.appear(&$1) }
  }

  // MARK: Guessing

  private mutating func offerGuess(_ count: Int) -> [Effect] {
    guard needsDecode(orTable: true) else { return [] }
    let decode = self[DecodeScreen.self]
    guard decode.hasCurrentTable, let table = decode.table else {
      return awaitTable(.guessNext(choices: count))
    }
    let choices = table.rows.prefix(count).enumerated().map { index, row in
      LessonState.Guess.Choice(
        token: row.token.id, text: row.label, probability: row.raw, rank: index + 1)
    }
    session.lesson?.guess = LessonState.Guess(
      choices: choices.sorted { ($0.text, $0.token) < ($1.text, $1.token) })
    session.lesson?.wait = .guess
    session.lesson?.scroll = 0
    return []
  }

  // MARK: Conditions

  private mutating func expect(_ condition: LessonCommand.Condition, otherwise: String) {
    guard let step = session.lesson?.step else { return }
    let end = session.lesson?.lastRun.flatMap { session.trace.runs[$0]?.end }
    let holds: Bool =
      switch condition {
      case .correct: end?.correct == true
      case .wrong: end?.answer != nil && end?.correct == false
      case .answer(let value): end?.answer == value
      }
    if !holds {
      session.lesson?.outcomes[step, default: LessonState.Outcome()].otherwise = otherwise
    }
  }
}
