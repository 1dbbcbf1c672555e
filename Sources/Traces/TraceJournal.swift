import Decoding
public import Foundation
import Synchronization

/// A session on disk: records are appended as they come and reach the file at least every
/// second, so that a crash or a kill loses at most the last second.
///
/// What cannot be written (the disk is full, say) is kept in memory and tried again, and the file
/// ends with a whole line all the while. As long as the journal is open no other journal can be
/// opened on its file, by whatever process. A device or a pipe is only written to.
public final class TraceJournal: Sendable {
  /// What of a session is not on disk.
  public struct Unwritten: Sendable, Equatable {
    public var events: Int
    public var why: TraceError

    public init(events: Int, why: TraceError) {
      self.events = events
      self.why = why
    }
  }

  private struct File {
    var url: URL
    /// −1 when it is closed.
    var descriptor: Int32
    let isRegular: Bool
    /// Where the whole lines in the file end.
    var length: Int
    /// Lines that are not in the file yet.
    var unwritten = Data()
    /// Of a device or a pipe, what it has been given: it cannot be read back.
    var given = Data()
    /// How many candidates of the token after each node a run has given already.
    var details: [Place: Int] = [:]
    /// Whether something was written that may not have come to the disk itself yet.
    var isDirty = false
    /// What was told last.
    var told: Unwritten?
  }

  /// A node as a run knows it.
  private struct Place: Hashable {
    var run: Int
    var node: NodeID
  }

  private let incoming = Mutex<[TraceRecord]>([])
  private let file: Mutex<File>
  private let listener = Mutex<(@Sendable (Unwritten?) -> Void)?>(nil)
  private let queue = DispatchQueue(label: "trace journal", qos: .utility)
  /// Touched when the journal is made and closed only.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer

  public var url: URL { file.withLock { $0.url } }

  /// Opens a journal, creating the file and the folders above it. What an existing file holds
  /// is kept, but for a torn last line, which is removed first.
  ///
  /// - Parameters:
  ///   - header: the first line of a new file; nil when it comes with the records.
  ///   - waits: whether to wait for somebody to read from a pipe.
  /// - Throws: `TraceError` when the file cannot be opened or holds something else; `inUse` when
  ///   another journal has it.
  public convenience init(
    at url: URL, header: TraceHeader? = TraceHeader(), waits: Bool = false
  ) throws {
    try self.init(at: url, header: header, waits: waits) { _ in }
  }

  /// Opens the journal of a saved session, to go on in it.
  ///
  /// - Returns: the journal, and what is in it.
  /// - Throws: what `init` and the observer throw.
  public static func resume(
    at url: URL, observer: TraceFile.Observer = { _, _ in }
  ) throws -> (journal: TraceJournal, file: TraceFile) {
    // What is no file to go on in says why when it is read.
    guard FileKind(ofFile: url.path) == .regular else {
      let file = try TraceFile.read(url, observer: observer)
      return (try TraceJournal(at: url), file)
    }
    var known = TraceFile()
    let journal = try TraceJournal(
      at: url, header: TraceHeader(), waits: false, observer: observer
    ) { known = $0 }
    return (journal, known)
  }

  /// Opens the journal of a trace that is to take the place of a file when it is whole: beside it,
  /// under its name and `.partial`. A device or a pipe is written to directly; the pipe waits for
  /// somebody to read it.
  ///
  /// - Throws: `TraceError`; `inUse` while another process writes the file.
  public static func recording(for target: URL) throws -> TraceJournal {
    switch FileKind(ofFile: target.path) {
    case .device, .stream: return try TraceJournal(at: target, waits: true)
    case .folder: throw TraceError.isFolder(target.path)
    case .regular, .missing: break
    }
    let partial = URL(fileURLWithPath: target.path + ".partial")
    for place in [target, partial] where FileLock.isTaken(place.path) {
      throw TraceError.inUse(place.path)
    }
    try? FileManager.default.removeItem(at: partial)
    return try TraceJournal(at: partial)
  }

  private init(
    at url: URL, header: TraceHeader?, waits: Bool,
    observer: TraceFile.Observer = { _, _ in }, known: (TraceFile) -> Void
  ) throws {
    let (descriptor, kind) = try Self.open(url, waits: waits)
    var opened = File(
      url: url, descriptor: descriptor, isRegular: kind == .regular, length: 0)
    var isFresh = true
    do {
      if opened.isRegular, Self.size(descriptor) > 0 {
        isFresh = false
        let file = try Self.prepare(&opened, observer)
        for record in file.records { _ = Self.isNews(record, &opened.details) }
        known(file)
      }
    } catch {
      _ = Foundation.close(descriptor)
      throw error
    }
    file = Mutex(opened)
    timer = DispatchSource.makeTimerSource(queue: queue)
    if isFresh, let header { append([TraceRecord(.header(header))]) }
    timer.schedule(deadline: .now() + 0.5, repeating: 0.5, leeway: .milliseconds(100))
    timer.setEventHandler { [weak self] in self?.flushInTime() }
    timer.resume()
    // What fails here fails at the next attempt too, when somebody listens.
    try? flush()
  }

  deinit {
    timer.cancel()
    file.withLock { if $0.descriptor >= 0 { _ = Foundation.close($0.descriptor) } }
  }

  // MARK: Opening

  private static func open(_ url: URL, waits: Bool) throws -> (Int32, FileKind) {
    let path = url.path
    func failure(_ code: Int32) -> TraceError {
      code == EWOULDBLOCK
        ? .inUse(path)
        : .unwritable(path, reason: WholeFile.reason(POSIXError(.init(rawValue: code) ?? .EIO)))
    }
    switch FileKind(ofFile: path) {
    case .folder: throw TraceError.isFolder(path)
    case .device: return (try opened(path, O_WRONLY, failure), .device)
    case .stream: return (try opened(path, O_WRONLY | (waits ? 0 : O_NONBLOCK), failure), .stream)
    case .regular: break
    case .missing:
      do {
        try WholeFile.makeFolder(
          WholeFile.destination(of: url).deletingLastPathComponent().absoluteURL)
      } catch { throw TraceError.unwritable(path, reason: WholeFile.reason(error)) }
    }
    // A file that was deleted between opening and locking would swallow all that is written.
    for _ in 0..<8 {
      let descriptor = try opened(path, O_RDWR | O_CREAT, failure)
      do {
        try FileLock.take(descriptor)
      } catch {
        Foundation.close(descriptor)
        throw failure(error.code.rawValue)
      }
      if FileLock.isSameFile(descriptor, path) { return (descriptor, .regular) }
      Foundation.close(descriptor)
    }
    throw TraceError.inUse(path)
  }

  private static func opened(
    _ path: String, _ flags: Int32, _ failure: (Int32) -> TraceError
  ) throws -> Int32 {
    let descriptor = Foundation.open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      if errno == ENXIO {
        throw TraceError.unwritable(path, reason: "nobody reads from this pipe.")
      }
      throw failure(errno)
    }
    return descriptor
  }

  private static func size(_ descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Makes a file that holds something ready for appending.
  private static func prepare(
    _ opened: inout File, _ observer: TraceFile.Observer
  ) throws -> TraceFile {
    let path = opened.url.path
    let handle = FileHandle(fileDescriptor: opened.descriptor, closeOnDealloc: false)
    let file = try TraceFile.read(handle, name: path, observer: observer)
    opened.length = file.length
    do {
      if file.tornBytes > 0 {
        try check(ftruncate(opened.descriptor, off_t(file.length)))
      } else if !file.isClosed {
        try check(pwrite(opened.descriptor, "\n", 1, off_t(file.length)))
        opened.length += 1
      }
    } catch { throw TraceError.unwritable(path, reason: WholeFile.reason(error)) }
    return file
  }

  private static func check(_ result: Int) throws {
    if result < 0 { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  private static func check(_ result: Int32) throws { try check(Int(result)) }

  // MARK: Writing

  public func append(_ records: [TraceRecord]) { incoming.withLock { $0 += records } }

  /// Has failures of writing told, how many events they have kept from the disk so far, and when
  /// everything is there again: then with nil.
  public func onChange(_ tell: @escaping @Sendable (Unwritten?) -> Void) {
    listener.withLock { $0 = tell }
  }

  /// Writes what is pending.
  ///
  /// - Throws: `TraceError.unwritable`; what is pending stays so.
  public func flush() throws {
    let failure = file.withLock { file in attempt(&file)?.why }
    if let failure { throw failure }
  }

  /// Writes what is pending.
  ///
  /// - Returns: what could not be written; nil when everything is on disk.
  @discardableResult
  public func settle() -> Unwritten? {
    let (unwritten, isNew) = file.withLock { file in
      let unwritten = attempt(&file)
      defer { file.told = unwritten }
      return (unwritten, unwritten != file.told)
    }
    if isNew { listener.withLock { $0 }?(unwritten) }
    return unwritten
  }

  private func flushInTime() {
    // Until somebody listens there is nobody to tell.
    if listener.withLock({ $0 }) != nil { settle() } else { try? flush() }
  }

  private func attempt(_ file: inout File) -> Unwritten? {
    take(into: &file)
    guard file.descriptor >= 0 else { return nil }
    do {
      try Self.write(&file)
      return nil
    } catch {
      let events = file.unwritten.count { $0 == UInt8(ascii: "\n") }
      return Unwritten(
        events: events,
        why: .unwritable(file.url.path, reason: WholeFile.reason(error)))
    }
  }

  /// Puts what has come into lines.
  private func take(into file: inout File) {
    let records = incoming.withLock { incoming in
      defer { incoming = [] }
      return incoming
    }
    for var record in records {
      if case .node(var node) = record.event, !Self.isNews(record, &file.details) {
        node.candidates = nil
        record.event = .node(node)
      }
      // A record that has no JSON could never be written.
      guard let line = try? TraceCoding.lines([record]) else { continue }
      file.unwritten += line
    }
  }

  /// Whether a record tells candidates that its run has not told in such detail: paths that share
  /// a beginning would say the same over and over.
  private static func isNews(_ record: TraceRecord, _ details: inout [Place: Int]) -> Bool {
    guard case .node(let node) = record.event, let candidates = node.candidates else { return true }
    let count = candidates.summary.tokens.count
    let place = Place(run: record.run, node: node.parent)
    if let known = details[place], known >= count { return false }
    details[place] = count
    return true
  }

  private static func write(_ file: inout File) throws {
    guard !file.unwritten.isEmpty else { return }
    file.isDirty = true
    let written: Int
    var failure: (any Error)?
    if file.isRegular {
      (written, failure) = write(file.unwritten) { [file] bytes, count, offset in
        pwrite(file.descriptor, bytes, count, off_t(file.length + offset))
      }
      // A part of a line may have been written: the file ends where whole lines do.
      let lines = file.unwritten.prefix(written)
      let whole = failure == nil ? written : (lines.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0)
      if whole < written {
        // What is too much is overwritten by the next attempt if it cannot be cut off.
        _ = ftruncate(file.descriptor, off_t(file.length + whole))
      }
      file.length += whole
      file.unwritten = Data(file.unwritten.dropFirst(whole))
    } else {
      (written, failure) = write(file.unwritten) { [file] bytes, count, _ in
        Foundation.write(file.descriptor, bytes, count)
      }
      file.given += file.unwritten.prefix(written)
      file.unwritten = Data(file.unwritten.dropFirst(written))
    }
    if let failure { throw failure }
  }

  /// - Returns: how many bytes were written, and what kept the others from being.
  private static func write(
    _ data: Data, _ write: (UnsafeRawPointer, Int, Int) -> Int
  ) -> (Int, (any Error)?) {
    data.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return (0, nil) }
      var offset = 0
      while offset < bytes.count {
        let count = write(base + offset, bytes.count - offset, offset)
        if count > 0 {
          offset += count
        } else if count == 0 || errno != EINTR {
          let code = count == 0 ? ENOSPC : errno
          return (offset, POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO))
        }
      }
      return (offset, nil)
    }
  }

  // MARK: The whole of it

  /// Copies the journal as it is now to a new file, whole or not at all. What could not be written
  /// to the journal itself is in the copy too.
  ///
  /// - Throws: `TraceError.unwritable`.
  public func copy(to target: URL) throws {
    try file.withLock { file in
      take(into: &file)
      do {
        try WholeFile.write(to: target) { copy in
          if file.isRegular {
            try Self.pieces(of: file.descriptor, length: file.length) {
              try copy.write(contentsOf: $0)
            }
          } else {
            try copy.write(contentsOf: file.given)
          }
          try copy.write(contentsOf: file.unwritten)
        }
      } catch { throw TraceError.unwritable(target.path, reason: WholeFile.reason(error)) }
    }
  }

  /// The first bytes of a file, in pieces.
  static func pieces(
    of descriptor: Int32, length: Int, _ take: (Data) throws -> Void
  ) throws {
    var offset = 0
    var piece = Data(count: 1 << 20)
    while offset < length {
      let count = piece.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, min($0.count, length - offset), off_t(offset))
      }
      try check(count)
      guard count > 0 else { throw POSIXError(.EIO) }
      try take(piece.prefix(count))
      offset += count
    }
  }

  /// Gives the file another name.
  ///
  /// - Throws: `TraceError.unwritable`; the journal goes on under its old name then.
  public func move(to target: URL) throws {
    try file.withLock { file in
      try SessionFolder.move(file.url, to: target)
      file.url = target
    }
  }

  /// Writes what is pending and closes the file.
  ///
  /// - Throws: `TraceError`: with `unwritable` what was pending is lost.
  public func close() throws {
    timer.cancel()
    let failure: TraceError? = file.withLock { file in
      guard file.descriptor >= 0 else { return nil }
      defer {
        _ = Foundation.close(file.descriptor)
        file.descriptor = -1
      }
      if let unwritten = attempt(&file) { return unwritten.why }
      guard file.isRegular, file.isDirty, fsync(file.descriptor) != 0 else { return nil }
      return .unwritable(
        file.url.path,
        reason: WholeFile.reason(POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)))
    }
    if let failure { throw failure }
  }

  /// Writes a whole trace, all of it or nothing.
  public static func write(_ records: some Sequence<TraceRecord>, to url: URL) throws {
    do {
      try WholeFile.write(try TraceCoding.lines(records), to: url)
    } catch {
      throw TraceError.unwritable(url.path, reason: WholeFile.reason(error))
    }
  }
}

/// The lock that says who writes a file. The system gives it back when a process ends, however it
/// ends.
package enum FileLock {
  /// Takes the lock of an open file.
  ///
  /// - Throws: `EWOULDBLOCK` when somebody else has it. A file system without locks lets everybody
  ///   write.
  package static func take(_ descriptor: Int32) throws(POSIXError) {
    // Somebody who only looks whether it is taken has it for a moment.
    for attempt in 0..<5 {
      if attempt > 0 { usleep(10_000) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return }
    }
    throw POSIXError(.EWOULDBLOCK)
  }

  /// Whether somebody has the lock of a file.
  static func isTaken(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Whether an open file still has its name.
  static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
    var (own, named) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_ino == named.st_ino
      && own.st_dev == named.st_dev
  }
}
