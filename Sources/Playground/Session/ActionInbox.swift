import Synchronization
import TerminalUI
import Traces

/// Where other threads leave news for the main thread. Trace records are gathered into batches;
/// the order of everything is kept.
public final class ActionInbox: Sendable {
  fileprivate struct State {
    var actions: [Action] = []
    var records: [TraceRecord] = []
    var waker: (any Waker)?
    var isWoken = false
  }

  private let state = Mutex(State())

  public init() {}

  /// Who is woken when there is news.
  func connect(_ waker: any Waker) { state.withLock { $0.waker = waker } }

  func post(_ action: Action) {
    add { state in
      state.closeBatch()
      state.actions.append(action)
    }
  }

  /// Has it told in which file the session goes on.
  public func tell(sessionGoesOnIn path: String) { post(.file(.goesOn(path))) }

  func post(_ record: TraceRecord) { add { $0.records.append(record) } }

  private func add(_ change: (inout sending State) -> Void) {
    let waker: (any Waker)? = state.withLock { state in
      change(&state)
      if state.isWoken { return nil }
      state.isWoken = true
      return state.waker
    }
    waker?.wake()
  }

  /// Takes all news.
  func drain() -> [Action] {
    state.withLock { state in
      state.closeBatch()
      state.isWoken = false
      defer { state.actions = [] }
      return state.actions
    }
  }
}

extension ActionInbox.State {
  fileprivate mutating func closeBatch() {
    guard !records.isEmpty else { return }
    actions.append(.trace(records))
    records.removeAll(keepingCapacity: true)
  }
}
