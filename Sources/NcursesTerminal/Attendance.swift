import CNcurses
import Dispatch
import Glibc
import Synchronization

/// Sees to it that Ctrl-C ends a program that has not looked at its keys for a while. As long as
/// it does look, Ctrl-C arrives as a key; while it does not, it is a signal again.
final class Attendance: Sendable {
  private struct State {
    var isAway = false
    var typesSignals = false
  }

  private let state = Mutex(State())
  /// Dispatch lets any thread use it, though its type does not say so.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer
  /// How long the program may be away before keys become signals.
  private static let patience = DispatchTimeInterval.seconds(2)

  init() {
    timer = DispatchSource.makeTimerSource()
    timer.setEventHandler { [weak self] in self?.giveUp() }
    timer.activate()
  }

  /// The program looks at its keys.
  ///
  /// - Returns: whether keys have been signals meanwhile.
  @discardableResult
  func begin() -> Bool {
    timer.schedule(deadline: .distantFuture)
    return state.withLock { state in
      defer { state = State() }
      if state.typesSignals { ponder_type_signals(STDIN_FILENO, 0) }
      return state.typesSignals
    }
  }

  /// It looks away.
  func end() {
    state.withLock { $0.isAway = true }
    timer.schedule(deadline: .now() + Self.patience)
  }

  /// Stops watching for good, before the terminal is given back.
  func close() {
    timer.cancel()
    state.withLock { $0 = State() }
  }

  private func giveUp() {
    state.withLock { state in
      guard state.isAway else { return }
      state.typesSignals = true
      ponder_type_signals(STDIN_FILENO, 1)
    }
  }
}
