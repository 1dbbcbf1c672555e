public import Foundation
import Synchronization

/// A session on disk: records are appended as they come and reach the file at least every
/// second, so that a crash or a kill loses at most the last second.
///
/// What cannot be written (the disk is full, say) is kept in memory and tried again, and the file
/// ends with a whole line all the while. A device, such as `/dev/null`, is only written to.
public final class TraceJournal: Sendable {
  private struct State {
    var handle: FileHandle?
    var pending: [TraceRecord] = []
    /// Where the whole lines in the file end.
    var length: UInt64 = 0
    /// Whether it has been told that writing fails.
    var hasToldFailure = false
    var onFailure: (@Sendable (TraceError) -> Void)?
  }

  public let url: URL
  private let isDevice: Bool
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "trace journal", qos: .utility)
  /// Touched when the journal is made and closed only.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer

  /// Opens a journal, creating the file and the folders above it. What an existing file holds
  /// is kept, but for a torn last line, which is removed first.
  ///
  /// - Parameter header: the first line of a new file; nil when it comes with the records.
  /// - Throws: `TraceError` when the file cannot be opened or holds something else.
  public init(at url: URL, header: TraceHeader? = TraceHeader()) throws {
    self.url = url
    isDevice = TraceFile.isDevice(url)
    let fresh = try isDevice || Self.prepare(url)
    guard let handle = try? FileHandle(forWritingTo: url) else {
      throw TraceError.unwritable(url.path, reason: "it cannot be opened.")
    }
    state = Mutex(State(handle: handle, length: (try? handle.seekToEnd()) ?? 0))
    let timer = DispatchSource.makeTimerSource(queue: queue)
    self.timer = timer
    if fresh, let header { append([TraceRecord(.header(header))]) }
    timer.schedule(deadline: .now() + 0.5, repeating: 0.5, leeway: .milliseconds(100))
    timer.setEventHandler { [weak self] in self?.flushInTime() }
    timer.resume()
    // What fails here fails at the next attempt too, when somebody listens.
    try? flush()
  }

  deinit { timer.cancel() }

  /// Makes the file ready for appending; true when it is new.
  private static func prepare(_ url: URL) throws -> Bool {
    let files = FileManager.default
    if files.fileExists(atPath: url.path) {
      if (try? Data(contentsOf: url))?.isEmpty == true { return true }
      let file = try TraceFile.read(url)
      if !file.isClosed { try write(file.records, to: url) }
      return false
    }
    do {
      try files.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: url)
      return true
    } catch { throw TraceError.unwritable(url.path, reason: WholeFile.reason(error)) }
  }

  public func append(_ records: [TraceRecord]) { state.withLock { $0.pending += records } }

  /// Has failures of writing in the background told: the first one, and again the first one after
  /// writing has succeeded.
  public func onFailure(_ tell: @escaping @Sendable (TraceError) -> Void) {
    state.withLock { $0.onFailure = tell }
  }

  /// Writes what is pending.
  ///
  /// - Throws: `TraceError.unwritable`; what is pending stays so.
  public func flush() throws { try state.withLock { try writePending(&$0) } }

  private func flushInTime() {
    do {
      try flush()
    } catch {
      let tell = state.withLock { state in
        defer { state.hasToldFailure = state.onFailure != nil }
        return state.hasToldFailure ? nil : state.onFailure
      }
      if let error = error as? TraceError { tell?(error) }
    }
  }

  private func writePending(_ state: inout State) throws {
    guard !state.pending.isEmpty, let handle = state.handle else { return }
    do {
      let lines = try TraceCoding.lines(state.pending)
      try handle.write(contentsOf: lines)
      state.length += UInt64(lines.count)
      state.pending.removeAll(keepingCapacity: true)
      state.hasToldFailure = false
    } catch {
      // A part may have been written: the next attempt begins anew where whole lines end.
      try? handle.truncate(atOffset: state.length)
      throw unwritable(error)
    }
  }

  /// Copies the journal as it is now to a new file, whole or not at all.
  ///
  /// - Throws: `TraceError.unwritable`.
  public func copy(to target: URL) throws {
    let length = try state.withLock { state in
      try writePending(&state)
      return state.length
    }
    do {
      let source = try FileHandle(forReadingFrom: url)
      defer { try? source.close() }
      // What is appended meanwhile stands behind that length.
      try WholeFile.write(to: target) { file in
        var left = Int(length)
        while left > 0 {
          guard let piece = try source.read(upToCount: min(left, 1 << 20)), !piece.isEmpty else {
            throw TraceError.unreadable(url.path)
          }
          try file.write(contentsOf: piece)
          left -= piece.count
        }
      }
    } catch { throw TraceError.unwritable(target.path, reason: WholeFile.reason(error)) }
  }

  /// Writes what is pending and closes the file. With `compact`, the journal is then written
  /// anew without what it says twice, and put in place in one step.
  ///
  /// - Throws: `TraceError`: with `unwritable` what was pending may be lost.
  public func close(compact: Bool = true) throws {
    timer.cancel()
    let wasOpen = try state.withLock { state in
      guard let handle = state.handle else { return false }
      defer {
        try? handle.close()
        state.handle = nil
      }
      try writePending(&state)
      do {
        if !isDevice { try handle.synchronize() }
      } catch {
        throw unwritable(error)
      }
      return true
    }
    guard wasOpen, compact, !isDevice else { return }
    let records = try TraceFile.read(url).records
    let compacted = Self.compacted(records)
    if compacted != records { try Self.write(compacted, to: url) }
  }

  private func unwritable(_ error: any Error) -> TraceError {
    TraceError.unwritable(url.path, reason: WholeFile.reason(error))
  }

  /// Drops distributions that an earlier record of the same run already gave.
  static func compacted(_ records: [TraceRecord]) -> [TraceRecord] {
    var seen: Set<String> = []
    return records.map { record in
      guard case .node(var node) = record.event, node.candidates != nil else { return record }
      if seen.insert("\(record.run) \(node.parent)").inserted { return record }
      node.candidates = nil
      return TraceRecord(run: record.run, .node(node))
    }
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
