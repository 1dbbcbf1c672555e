import Foundation
import Reasoning
import Synchronization
import Traces

/// Keeps what happens in the session's journal, and shows it.
final class Recorder: Sendable {
  private enum Keeping {
    case notYet
    case journal(TraceJournal)
    /// It could not be made, which has been told.
    case failed
  }

  private struct State {
    var keeping = Keeping.notYet
    /// How runs began of which nothing has come yet.
    var held: [TraceRecord] = []

    var journal: TraceJournal? {
      if case .journal(let journal) = keeping { journal } else { nil }
    }
  }

  private let keep: (@Sendable () throws -> TraceJournal)?
  private let inbox: ActionInbox
  private let state = Mutex(State())
  /// One session is opened after the other.
  private let opening = Mutex(())

  init(keep: (@Sendable () throws -> TraceJournal)?, inbox: ActionInbox) {
    self.keep = keep
    self.inbox = inbox
  }

  /// Keeps a record and shows it. As long as there is no journal, a run and its prompt alone are
  /// nothing to keep: a playground that is opened and closed leaves no file.
  func record(_ record: TraceRecord) {
    if keep != nil {
      state.withLock { state in
        state.held.append(record)
        if case .notYet = state.keeping, record.isBeginning { return }
        _ = keepAll(&state)
      }
    }
    inbox.post(record)
  }

  /// - Returns: the journal with everything so far in it; nil where nothing is kept.
  private func keepAll(_ state: inout State) -> TraceJournal? {
    guard let keep else { return nil }
    if case .notYet = state.keeping {
      do {
        state.keeping = .journal(watched(try keep()))
      } catch {
        state.keeping = .failed
        tell(error)
      }
    }
    defer { state.held = [] }
    state.journal?.append(state.held)
    return state.journal
  }

  private func watched(_ journal: TraceJournal) -> TraceJournal {
    journal.onFailure { [weak self] in self?.tell($0) }
    return journal
  }

  private func tell(_ error: any Error) { inbox.post(.file(.unkept("\(error)"))) }

  /// Copies the session's journal to a new file; when this returns, it is on the disk.
  ///
  /// - Throws: `SavingError`.
  func save(to path: String) throws {
    guard let journal = state.withLock({ keepAll(&$0) }) else { throw SavingError.notKept }
    let target = FilePaths.expanded(path)
    guard !FileManager.default.fileExists(atPath: target) else { throw SavingError.exists(path) }
    do {
      try journal.copy(to: URL(fileURLWithPath: target))
    } catch TraceError.unwritable(_, let why) {
      throw SavingError.unwritable(path, why)
    }
  }

  /// Goes on in a saved session, whose runs the next ones are numbered after.
  ///
  /// - Returns: what is in it.
  /// - Throws: `TraceError`; the session at hand goes on then.
  func open(_ path: String) throws -> [TraceRecord] {
    try opening.withLock { _ in
      let url = URL(fileURLWithPath: path)
      let current = state.withLock { $0.journal }
      // Opened a second time, and compacted when the first is closed, it would be two files.
      if let current, current.url.resolvingSymlinksInPath() == url.resolvingSymlinksInPath() {
        try current.flush()
        return try TraceFile.read(url).records
      }
      let records = try TraceFile.read(url).records
      guard keep != nil else { return records }
      let journal = watched(try TraceJournal(at: url))
      let old = state.withLock { state in
        defer { state = State(keeping: .journal(journal)) }
        return state.journal
      }
      do {
        try old?.close()
      } catch {
        tell(error)
      }
      return records
    }
  }

  /// Writes what is left, and closes the journal.
  ///
  /// - Returns: why the journal is not whole, when it is not.
  func close() -> (any Error)? {
    do {
      try state.withLock { $0.journal }?.close()
      return nil
    } catch { return error }
  }
}

/// Why a session cannot be saved.
private enum SavingError: Error, CustomStringConvertible {
  case notKept
  case exists(String)
  case unwritable(String, String)

  var description: String {
    switch self {
    case .notKept: "This session is not being recorded, so it cannot be saved."
    case .exists(let path): "“\(path)” already exists; choose another name."
    case .unwritable(let path, let why): "The session cannot be saved as “\(path)”: \(why)"
    }
  }
}

extension TraceRecord {
  /// Whether it only says that a run begins, and with which prompt.
  fileprivate var isBeginning: Bool {
    switch event {
    case .run: true
    case .injected(let injection): injection.role == .prompt
    default: false
    }
  }
}
