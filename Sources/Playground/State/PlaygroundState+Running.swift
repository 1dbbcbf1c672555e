import TerminalUI

/// What runs on the screen that keys go to, what stops it, and what keys do now.
extension PlaygroundState {
  /// The run under way that the current screen shows, or would show.
  var runHere: Int? { session.runUnderWay(on: session.screen, showing: screens[current].run) }

  /// Whether something is under way on the current screen.
  var isBusyHere: Bool { runHere != nil || screens[current].work != nil }

  /// Whether all of it is being stopped already.
  private var isStoppingHere: Bool {
    let run = runHere.flatMap { session.activities[$0]?.isCancelling } ?? true
    return run && screens[current].work?.isStopping ?? true
  }

  /// Starting while something is under way here: the key stops that instead, so that nothing is
  /// ever started twice.
  ///
  /// - Returns: nil for what the screen is to do itself.
  mutating func runKey(_ command: Command) -> [Effect]? {
    guard command == .run || command == .runAnew, isBusyHere else { return nil }
    if command == .run { return isStoppingHere ? [] : stop() }
    session.tell("It is under way; \(stopKey) stops it.")
    return []
  }

  // MARK: Ctrl-C

  /// Stops all that runs, wherever it does; quits when nothing does, or when told twice.
  mutating func interrupt() -> [Effect] {
    guard isAnimated, !session.isInterrupted else { return Reducer().perform(.quit, &self) }
    session.isInterrupted = true
    var effects = cancelRuns()
    // Each screen is asked as if it was on view: a study goes on while one looks around, but not now.
    let shown = session.screen
    for screen in session.screens.ids {
      session.screen = screen
      effects += on(screen) { $0.stop(&$1) ?? [] }
    }
    session.screen = shown
    session.tell("Stopped what was running; Ctrl-C again quits.")
    return effects
  }

  // MARK: Hints

  /// The key that stops what runs on the current screen.
  private var stopKey: String {
    session.keyMap.hints(in: contexts).first { $0.command == .run }?.key
      ?? KeyEvent.control("c").description
  }

  /// The keys that do something now, with what they do, the most important first.
  var hints: [KeyHint] {
    let screen = screens[current]
    // While text is typed, keys are letters.
    if let hints = screen.typingHints { return hints }
    var hints: [KeyHint] = []
    if isBusyHere, !isStoppingHere { hints.append((stopKey, "stop")) }
    for hint in session.keyMap.hints(in: contexts) {
      let isStart = hint.command == .run || hint.command == .runAnew
      guard !(isStart && isBusyHere), screen.offers(hint.command, session) else { continue }
      if hint.command == .lessonPrevious, session.lesson.map({ $0.step <= $0.firstStep }) ?? true {
        continue
      }
      hints.append((hint.key, screen.hint(for: hint.command, session) ?? hint.word))
    }
    return hints
  }
}
