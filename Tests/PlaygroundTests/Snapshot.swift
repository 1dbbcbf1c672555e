import TerminalFixtures
import TerminalUI
import Testing

/// Pictures of screens, kept in Tests/Snapshots/Playground. Unlike `verifySnapshot` alone a
/// mismatch does not end the test, so that all pictures of a test are compared, or recorded.
enum Snapshot {
  static func check(
    _ buffer: CellBuffer, named name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      try buffer.verifySnapshot("Playground/\(name)")
    } catch {
      Issue.record(error, sourceLocation: sourceLocation)
    }
  }
}
