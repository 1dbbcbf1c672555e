public import Foundation
import Synchronization

/// A session on disk: records are appended as they come and reach the file at least every
/// second, so that a crash or a kill loses at most the last second.
public final class TraceJournal: Sendable {
  private struct State {
    var handle: FileHandle?
    var pending: [TraceRecord] = []
    var failure: String?
  }

  public let url: URL
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "trace journal", qos: .utility)
  /// Touched when the journal is made and closed only.
  nonisolated(unsafe) private let timer: any DispatchSourceTimer

  /// Opens a journal, creating the file and the folders above it. What an existing file holds
  /// is kept, but for a torn last line, which is removed first.
  ///
  /// - Parameter header: the first line of a new file; nil when it comes with the records.
  /// - Throws: `TraceError` when the file cannot be written or holds something else.
  public init(at url: URL, header: TraceHeader? = TraceHeader()) throws {
    self.url = url
    let fresh = try Self.prepare(url)
    guard let handle = try? FileHandle(forWritingTo: url) else {
      throw TraceError.unwritable(url.path, reason: "it cannot be opened.")
    }
    _ = try? handle.seekToEnd()
    state = Mutex(State(handle: handle))
    let timer = DispatchSource.makeTimerSource(queue: queue)
    self.timer = timer
    if fresh, let header { append([TraceRecord(.header(header))]) }
    timer.schedule(deadline: .now() + 0.5, repeating: 0.5, leeway: .milliseconds(100))
    timer.setEventHandler { [weak self] in self?.flush() }
    timer.resume()
    flush()
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
    } catch {
      throw TraceError.unwritable(url.path, reason: error.localizedDescription)
    }
  }

  public func append(_ records: [TraceRecord]) {
    state.withLock { $0.pending += records }
  }

  /// Writes what is pending. Returns what went wrong, once.
  @discardableResult
  public func flush() -> String? {
    state.withLock { state in
      guard !state.pending.isEmpty, let handle = state.handle else { return nil }
      do {
        try handle.write(contentsOf: try TraceCoding.lines(state.pending))
        state.pending.removeAll(keepingCapacity: true)
        state.failure = nil
      } catch {
        let first = state.failure == nil
        state.failure = error.localizedDescription
        return first ? state.failure : nil
      }
      return nil
    }
  }

  /// Writes what is pending and closes the file. With `compact`, the journal is first written
  /// anew without what it says twice, and put in place in one step.
  public func close(compact: Bool = true) throws {
    timer.cancel()
    flush()
    try state.withLock { state in
      try? state.handle?.synchronize()
      try? state.handle?.close()
      state.handle = nil
      guard compact else { return }
      let records = try TraceFile.read(url).records
      let compacted = Self.compacted(records)
      if compacted.count < records.count || compacted != records {
        try Self.write(compacted, to: url)
      }
    }
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

  /// Writes a whole trace atomically.
  public static func write(_ records: some Sequence<TraceRecord>, to url: URL) throws {
    do {
      try TraceCoding.lines(records).write(to: url, options: .atomic)
    } catch {
      throw TraceError.unwritable(url.path, reason: error.localizedDescription)
    }
  }
}
