import Synchronization

/// Holds a training up between two steps, from any thread.
public final class TrainingControl: Sendable {
  private struct State {
    var isPaused = false
    /// Steps that are taken although it is paused.
    var granted = 0
    /// Seconds that a step takes at least.
    var pace = 0.0
    /// An end that was asked for after the step under way.
    var ends = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  public init() {}

  public var isPaused: Bool { state.withLock { $0.isPaused } }

  /// Seconds that a step takes at least, so that one can watch.
  public var pace: Double {
    get { state.withLock { $0.pace } }
    set { state.withLock { $0.pace = max(0, newValue) } }
  }

  /// Whether training is to end after the step under way, with all it has kept.
  public var ends: Bool { state.withLock { $0.ends } }

  /// Training stops after the step under way, until `goOn`.
  public func pause() { state.withLock { $0.isPaused = true } }

  public func goOn() {
    wake { $0.isPaused = false }
  }

  /// Takes one step, then pauses.
  public func takeOneStep() {
    wake { state in
      state.isPaused = true
      state.granted += 1
    }
  }

  /// Training ends after the step under way.
  public func end() {
    wake { $0.ends = true }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.resume() }
  }

  /// Waits while training is paused.
  ///
  /// - Returns: whether another step is to be taken; not when the task is cancelled.
  func mayGoOn() async -> Bool {
    while true {
      if Task.isCancelled { return false }
      let decided: Bool? = state.withLock { state in
        if state.ends { return false }
        if !state.isPaused { return true }
        guard state.granted > 0 else { return nil }
        state.granted -= 1
        return true
      }
      if let decided { return decided }
      await withTaskCancellationHandler {
        await withCheckedContinuation { resume in
          let isOver = state.withLock { state in
            if Task.isCancelled || state.ends || !state.isPaused || state.granted > 0 {
              return true
            }
            state.waiting.append(resume)
            return false
          }
          if isOver { resume.resume() }
        }
      } onCancel: {
        wake { _ in }
      }
    }
  }

  /// Waits some time, or until something is asked for.
  func wait(seconds: Double) async {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, !ends, !Task.isCancelled {
      // In short pieces, so that a stop never has to wait.
      try? await Task.sleep(for: .seconds(min(0.05, seconds)))
    }
  }
}
