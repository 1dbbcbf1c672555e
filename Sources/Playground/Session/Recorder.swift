public import Foundation
import Reasoning
import Synchronization
public import Traces

/// Keeps what happens in the session's journal, and shows it.
///
/// What cannot be kept stays in memory, is told, and is tried again.
final class Recorder: Sendable {
  fileprivate enum Keeping {
    case notYet
    case journal(TraceJournal)
    /// It could not be made; when that was tried last.
    case failed(ContinuousClock.Instant)
  }

  fileprivate struct State {
    var keeping = Keeping.notYet
    /// Makes the journal; nil keeps nothing.
    var make: JournalMaker?
    /// What is in no journal yet.
    var held: [TraceRecord] = []

    var journal: TraceJournal? {
      if case .journal(let journal) = keeping { journal } else { nil }
    }
  }

  private let inbox: ActionInbox
  private let folder: SessionFolder?
  private let state: Mutex<State>

  init(keep: JournalMaker?, folder: SessionFolder?, inbox: ActionInbox) {
    state = Mutex(State(make: keep))
    self.folder = folder
    self.inbox = inbox
  }

  /// Keeps a record and shows it. As long as there is no journal, a run and its prompt alone are
  /// nothing to keep: a playground that is opened and closed leaves no file.
  func record(_ record: TraceRecord) {
    let news = state.withLock { state -> Unkept? in
      guard state.make != nil else { return nil }
      state.held.append(record)
      switch state.keeping {
      case .notYet where record.isBeginning: return nil
      // Most of the time the reason is still there.
      case .failed(let last) where ContinuousClock.now - last < .seconds(1): return nil
      default: return keepAll(&state)
      }
    }
    if let news { tell(news) }
    inbox.post(record)
  }

  /// Puts everything so far into the journal, which is made for it where there is none.
  ///
  /// - Returns: why there is none.
  private func keepAll(_ state: inout State) -> Unkept? {
    guard let make = state.make else { return nil }
    if state.journal == nil {
      do {
        let wasFailing = if case .failed = state.keeping { true } else { false }
        let journal = watched(try make(nil))
        state.keeping = .journal(journal)
        if wasFailing { inbox.post(.file(.unkept(nil))) }
      } catch {
        state.keeping = .failed(.now)
        return Unkept(events: state.held.count, why: "\(error)")
      }
    }
    state.journal?.append(state.held)
    state.held = []
    return nil
  }

  private func watched(_ journal: TraceJournal) -> TraceJournal {
    journal.onChange { [inbox] unwritten in
      inbox.post(.file(.unkept(unwritten.map { Unkept($0) })))
    }
    return journal
  }

  private func tell(_ unkept: Unkept?) { inbox.post(.file(.unkept(unkept))) }

  /// Sees to it that everything that was shown is on the disk.
  ///
  /// - Returns: what is not, and why.
  func settle() -> Unkept? {
    let (journal, failure) = state.withLock { state -> (TraceJournal?, Unkept?) in
      // A run that has only begun is still nothing to keep.
      if case .notYet = state.keeping { return (nil, nil) }
      let failure = keepAll(&state)
      return (state.journal, failure)
    }
    if let failure {
      tell(failure)
      return failure
    }
    return journal?.settle().map { Unkept($0) }
  }

  /// The file of the session at hand, if there is one.
  var path: String? { state.withLock { $0.journal }?.url.path }

  // MARK: Saving

  /// Copies the session to a new file; when this returns, it is on the disk. A session that cannot
  /// be written where it is goes on in the new file.
  ///
  /// - Returns: whether it goes on there.
  /// - Throws: `SavingError`.
  func save(to path: String) throws -> Bool {
    let target = UserFolder.expanded(path)
    guard !FileManager.default.fileExists(atPath: target) else { throw SavingError.exists(path) }
    let url = URL(fileURLWithPath: target)
    do {
      return try state.withLock { state in
        guard let make = state.make else { throw SavingError.notKept }
        let failure = keepAll(&state)
        guard let journal = state.journal else {
          if failure == nil { throw SavingError.notKept }
          return try goOn(in: try make(url), &state)
        }
        try journal.copy(to: url)
        guard journal.settle() != nil else { return false }
        // Everything is in the copy.
        defer { try? journal.close() }
        return try goOn(in: try TraceJournal(at: url), &state)
      }
    } catch TraceError.unwritable(_, let why) {
      throw SavingError.unwritable(path, why)
    }
  }

  private func goOn(in journal: TraceJournal, _ state: inout State) throws -> Bool {
    journal.append(state.held)
    try journal.flush()
    state.held = []
    state.keeping = .journal(watched(journal))
    tell(nil)
    return true
  }

  // MARK: Opening

  /// A session that has been read, to go on in.
  struct Opening: Sendable {
    var session: OpenedSession
    /// How it is kept; nil for the session at hand.
    fileprivate var next: State?
  }

  /// Reads a saved session, to go on in it or, where it cannot be written itself, in a copy.
  ///
  /// - Throws: `TraceError`, and what the observer throws.
  func read(_ path: String, observer: TraceFile.Observer) throws -> Opening {
    let url = URL(fileURLWithPath: path)
    let (current, keeps) = state.withLock { ($0.journal, $0.make != nil) }
    if let current, current.url.resolvingSymlinksInPath() == url.resolvingSymlinksInPath() {
      try current.flush()
      return Opening(session: OpenedSession(try TraceFile.read(url, observer: observer)))
    }
    guard keeps else {
      return Opening(session: OpenedSession(try TraceFile.read(url, observer: observer)))
    }
    if let unkept = settle() { throw OpeningError.unkept(unkept) }
    do {
      let (journal, file) = try TraceJournal.resume(at: url, observer: observer)
      return Opening(
        session: OpenedSession(file),
        next: State(keeping: .journal(watched(journal)), make: { _ in journal }))
    } catch let error as TraceError where error.leavesReading {
      let file = try FileHandle(forReadingFrom: url)
      let known = try TraceFile.read(url, observer: observer)
      return Opening(
        session: OpenedSession(known, goesOnInCopy: error),
        next: State(make: copier(of: url, file, length: known.length)))
    }
  }

  /// Goes on in a session that has been read.
  func enter(_ opening: Opening) {
    guard let next = opening.next else { return }
    let old = state.withLock { state in
      defer { state = next }
      return state.journal
    }
    do { try old?.close() } catch { tell(Unkept(events: 0, why: "\(error)")) }
  }

  /// Makes the journal of a session that goes on in a copy, as soon as there is something to keep.
  private func copier(of original: URL, _ file: FileHandle, length: Int) -> JournalMaker {
    let folder = folder ?? SessionFolder(original.deletingLastPathComponent())
    return { [inbox] place in
      let place = place ?? folder.placeForCopy(of: original)
      let journal = try SessionFolder.journal(at: place, copying: file, length: length)
      inbox.post(.file(.goesOn(place.path)))
      return journal
    }
  }

  // MARK: The list of sessions

  /// - Throws: `SessionError`, `TraceError`.
  func rename(_ path: String, to name: String) throws {
    guard let folder else { throw SavingError.notKept }
    guard let journal = state.withLock({ $0.journal }), journal.url.path == path else {
      _ = try folder.rename(path, to: name)
      return
    }
    try journal.move(to: try SessionFolder.place(of: journal.url, named: name))
  }

  /// - Throws: `SessionError`, `TraceError`.
  func delete(_ path: String) throws {
    guard let folder else { throw SavingError.notKept }
    try folder.delete(path)
  }

  /// Writes what is left, and closes the journal.
  ///
  /// - Returns: why the journal is not whole, when it is not.
  func close() -> (any Error)? {
    let unkept = settle()
    do {
      try state.withLock { $0.journal }?.close()
      return unkept
    } catch { return unkept ?? error }
  }
}

/// Makes the journal that keeps a session, at another place than its own where one is given.
public typealias JournalMaker = @Sendable (URL?) throws -> TraceJournal

/// What of a session is not on the disk.
public struct Unkept: Error, Sendable, Hashable, CustomStringConvertible {
  public var events: Int
  /// A sentence.
  public var why: String

  init(events: Int, why: String) {
    self.events = events
    self.why = why
  }

  init(_ unwritten: TraceJournal.Unwritten) {
    self.init(events: unwritten.events, why: "\(unwritten.why)")
  }

  /// As "12 events are not on disk".
  var title: String { events == 1 ? "1 event is not on disk" : "\(events) events are not on disk" }

  public var description: String { "\(title): \(why)" }
}

/// A saved session that was opened.
struct OpenedSession: Sendable {
  var trace: Trace
  /// How many lines of its file could not be read, and the first of them.
  var badLines: Int
  var firstBadLine: Int?
  /// Why what is new goes into a copy; nil where it goes into the file itself.
  var goesOnInCopy: TraceError?

  init(_ file: TraceFile, goesOnInCopy: TraceError? = nil) {
    trace = Trace(file.records)
    badLines = file.badLines
    firstBadLine = file.firstBadLine
    self.goesOnInCopy = goesOnInCopy
  }

  /// What is to be said of it beside that it was opened; nil where all is well.
  var warning: String? {
    var parts: [String] = []
    if let firstBadLine {
      parts.append(
        badLines == 1
          ? "Line \(firstBadLine) is damaged and was skipped."
          : "\(badLines) lines are damaged and were skipped, the first is line \(firstBadLine).")
    }
    switch goesOnInCopy {
    case .inUse?:
      parts.append("Another Ponder is writing it: what you do here goes into a copy.")
    case .some:
      parts.append("It cannot be written: what you do here goes into a copy.")
    case nil: break
    }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }
}

extension TraceError {
  /// Whether a session that cannot be gone on in for this reason can be shown all the same.
  fileprivate var leavesReading: Bool {
    switch self {
    case .inUse, .unwritable: true
    default: false
    }
  }
}

/// Why a session cannot be opened now.
private enum OpeningError: Error, CustomStringConvertible {
  case unkept(Unkept)

  var description: String {
    switch self {
    case .unkept(let unkept):
      unkept.title
        + " of this session; :save FILE saves it elsewhere, then open the other."
    }
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
