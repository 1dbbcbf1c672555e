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
    while let lesson, lesson.isWorking {
      if let wait = lesson.wait {
        guard isOver(wait) else { break }
        self.lesson?.wait = nil
        effects += finished(wait)
        continue
      }
      guard let command = lesson.queue.first else {
        finishStep()
        break
      }
      self.lesson?.queue.removeFirst()
      effects += carryOut(command)
    }
    return effects
  }

  private func isOver(_ wait: LessonState.Wait) -> Bool {
    switch wait {
    case .run(let run): activities[run] == nil
    case .exploration: runs.exploration != nil
    case .place(let node): decode.cursor != node && decode.hasCurrentTable && !decode.isStreaming
    case .table: decode.hasCurrentTable
    case .guess: lesson?.guess?.picked != nil
    case .answer: !decode.isAsking
    }
  }

  /// What follows when something waited for has come.
  private mutating func finished(_ wait: LessonState.Wait) -> [Effect] {
    guard case .run(let run) = wait, trace.runs[run]?.end?.reason != .completed else { return [] }
    let why = trace.runs[run]?.end?.message
    stopLesson(why ?? "The run was stopped; Enter starts the step again.")
    return []
  }

  /// Gives the step up where it is; it can be started again.
  private mutating func stopLesson(_ note: String) {
    lesson?.abandon()
    message = Message(.warning, note)
  }

  /// An error while a command waits: nothing more will come of it.
  mutating func lessonFailed(_ message: Message) {
    guard message.kind == .error, let lesson, lesson.isWorking else { return }
    if case .run? = lesson.wait { return }
    self.lesson?.abandon()
  }

  private mutating func finishStep() {
    guard let lesson else { return }
    self.lesson?.isWorking = false
    var outcome = lesson.outcomes[lesson.step] ?? LessonState.Outcome()
    if lesson.current?.commands.contains(.run) == true { outcome.result = result(lesson.lastRun) }
    self.lesson?.outcomes[lesson.step] = outcome
    self.lesson?.scroll = 0
  }

  mutating func lessonNote(_ text: String) {
    guard let step = lesson?.step else { return }
    lesson?.outcomes[step, default: LessonState.Outcome()].notes.append(text)
  }

  /// What a run answered, and whether that is right.
  private func result(_ number: Int?) -> String? {
    guard let number, let run = trace.runs[number], let end = run.end else { return nil }
    let name = run.start?.strategy ?? "the run"
    guard let answer = end.answer else { return "\(name) gave no answer" }
    guard let correct = end.correct else { return "\(name) answered \(answer)" }
    if correct { return "\(name) answered \(answer) ✓" }
    return "\(name) answered \(answer) ✗"
      + (run.start?.question.gold.map { ", right is \($0)" } ?? "")
  }

  // MARK: Commands

  private mutating func carryOut(_ command: LessonCommand) -> [Effect] {
    do {
      switch command {
      case .problem(let id): return asked(Question(try ProblemLibrary.problem(id: id)))
      case .question(let text): return asked(Question(text: text))
      case .strategy(let name): lesson?.strategy = name
      case .set(let setting, let value): return try set(setting, to: value)
      case .run: return try runStrategy()
      case .screen(let wanted): return showScreen(wanted)
      case .goTo(let place): return go(to: place)
      case .step(let count): return takeLikeliest(count)
      case .take(let text): return take(text)
      case .insert(let text):
        guard needsDecode() else { return [] }
        lesson?.wait = .place(from: decode.cursor)
        return [.decode(.insert(text, after: decode.cursor))]
      case .answerNow:
        guard needsDecode() else { return [] }
        lesson?.wait = .answer
        return decodeCommand(.answerNow)
      case .compare(let left, let right): compare(left, right)
      case .guessNext(let choices): return offerGuess(choices)
      case .expect(let condition, let otherwise): expect(condition, otherwise: otherwise)
      }
    } catch {
      stopLesson("\(error)")
    }
    return []
  }

  private mutating func asked(_ question: Question) -> [Effect] {
    let effects = ask(question)
    if readyModel != nil { lesson?.wait = .exploration }
    return effects
  }

  private mutating func runStrategy() throws -> [Effect] {
    let name = lesson?.strategy ?? Greedy.description.name
    if isReplay {
      // Without a model the lesson shows what it did when the trace was made.
      guard let saved = savedRun(of: name) else {
        stopLesson("The saved trace has no run of \(name) here; press m for a model.")
        return []
      }
      lesson?.lastRun = saved
      return show(savedRun: saved)
    }
    let (run, effects) = try self.run(strategy: name)
    guard let run else {
      lesson?.abandon()
      return effects
    }
    lesson?.lastRun = run
    lesson?.wait = .run(run)
    return effects
  }

  private mutating func showScreen(_ wanted: LessonCommand.Screen) -> [Effect] {
    branches.comparison = nil
    votes.comparison = nil
    switch wanted {
    case .decode: screen = .decode
    case .branches: screen = .branches
    case .votes: screen = .votes
    }
    return wanted == .decode ? reachCursor() : []
  }

  /// Whether there is a model to go on with, or at least a table that was saved.
  private mutating func needsDecode(orTable: Bool = false) -> Bool {
    screen = .decode
    guard readyModel != nil || (orTable && decode.hasCurrentTable) else {
      stopLesson("This step needs a model; press m to choose one.")
      return false
    }
    return true
  }

  private mutating func takeLikeliest(_ count: Int) -> [Effect] {
    guard count > 0, needsDecode(orTable: true) else { return [] }
    guard decode.hasCurrentTable else { return awaitTable(.step(count: count)) }
    if count > 1 { lesson?.queue.insert(.step(count: count - 1), at: 0) }
    return take(row: 0)
  }

  private mutating func take(_ text: String) -> [Effect] {
    guard needsDecode(orTable: true) else { return [] }
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
    if readyModel != nil { lesson?.wait = .place(from: decode.cursor) }
    _ = selectRow(row)
    return decodeCommand(.take)
  }

  /// Puts a command off until Decode's table is there.
  private mutating func awaitTable(_ command: LessonCommand) -> [Effect] {
    lesson?.queue.insert(command, at: 0)
    lesson?.wait = .table
    return reachCursor()
  }

  // MARK: Guessing

  private mutating func offerGuess(_ count: Int) -> [Effect] {
    guard needsDecode(orTable: true) else { return [] }
    guard decode.hasCurrentTable, let table = decode.table else {
      return awaitTable(.guessNext(choices: count))
    }
    let choices = table.rows.prefix(count).enumerated().map { index, row in
      LessonState.Guess.Choice(
        token: row.token.id, text: row.label, probability: row.raw, rank: index + 1)
    }
    lesson?.guess = LessonState.Guess(
      choices: choices.sorted { ($0.text, $0.token) < ($1.text, $1.token) })
    lesson?.wait = .guess
    lesson?.scroll = 0
    return []
  }

  // MARK: Conditions

  private mutating func expect(_ condition: LessonCommand.Condition, otherwise: String) {
    guard let step = lesson?.step else { return }
    let end = lesson?.lastRun.flatMap { trace.runs[$0]?.end }
    let holds: Bool =
      switch condition {
      case .correct: end?.correct == true
      case .wrong: end?.answer != nil && end?.correct == false
      case .answer(let value): end?.answer == value
      }
    if !holds {
      lesson?.outcomes[step, default: LessonState.Outcome()].otherwise = otherwise
    }
  }
}
