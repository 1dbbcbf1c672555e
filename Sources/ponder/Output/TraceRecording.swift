import Foundation
import Traces

/// A trace being written: a journal beside the wanted file, which takes its place when whole. A
/// kill leaves the journal, which replays as far as it goes. A device or a pipe is written to
/// directly, and of a link it is the target that is replaced.
final class TraceRecording: Sendable {
  private let target: URL
  private let journal: TraceJournal

  /// - Parameter goesOn: whether what is already there, whole or left by a kill, begins the trace.
  /// - Throws: `TraceError` when nothing can be written.
  init(path: String, goesOn: Bool = false) throws {
    target = WholeFile.destination(of: URL(fileURLWithPath: path))
    let partial = URL(fileURLWithPath: target.path + ".partial")
    let before =
      goesOn ? try TraceFile.existing(at: partial) ?? TraceFile.existing(at: target) : nil
    journal = try TraceJournal.recording(for: target)
    for record in before?.records ?? [] { append(record) }
    // A file that takes nothing is told before the work.
    try journal.flush()
    journal.onChange { unwritten in
      guard let unwritten else { return }
      StandardError.tell("\(unwritten.why) What cannot be written is tried again until the end.")
    }
  }

  /// Takes a record; the header stands in the file already.
  func append(_ record: TraceRecord) {
    if case .header = record.event { return }
    journal.append([record])
  }

  func close() throws {
    let partial = journal.url
    try journal.close()
    guard partial != target else { return }
    guard rename(partial.path, target.path) == 0 else {
      throw TraceError.unwritable(target.path, reason: String(cString: strerror(errno)) + ".")
    }
  }
}
