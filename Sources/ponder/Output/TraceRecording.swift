import Foundation
import Traces

/// A trace being written: a journal beside the wanted file, which takes its place when whole. A
/// kill leaves the journal, which replays as far as it goes.
final class TraceRecording: Sendable {
  private let target: URL
  private let journal: TraceJournal

  init(path: String) throws {
    target = URL(fileURLWithPath: path)
    let partial = URL(fileURLWithPath: path + ".partial")
    try? FileManager.default.removeItem(at: partial)
    // The header comes with the records.
    journal = try TraceJournal(at: partial, header: nil)
  }

  func append(_ record: TraceRecord) { journal.append([record]) }

  func close() throws {
    try journal.close()
    guard rename(journal.url.path, target.path) == 0 else {
      throw TraceError.unwritable(target.path, reason: String(cString: strerror(errno)))
    }
  }
}
