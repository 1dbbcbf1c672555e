import Foundation
import TerminalUI
import Testing

/// Pictures of screens kept as files in Tests/Snapshots/Playground: the text, then the styles.
///
/// `PONDER_RECORD_SNAPSHOTS=1 swift test --filter PlaygroundTests` writes them anew. A test that
/// records fails, so that a recording is never mistaken for a comparison.
enum Snapshot {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Snapshots/Playground")

  static func check(
    _ buffer: CellBuffer, named name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let picture = buffer.textSnapshot() + "\n" + buffer.styleSnapshot()
    let file = folder.appendingPathComponent(name + ".txt")
    if ProcessInfo.processInfo.environment["PONDER_RECORD_SNAPSHOTS"] == "1" {
      try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try? picture.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("Recorded \(name); look at it and run again.", sourceLocation: sourceLocation)
      return
    }
    guard let kept = try? String(contentsOf: file, encoding: .utf8) else {
      Issue.record(
        "There is no snapshot \(name); record it with PONDER_RECORD_SNAPSHOTS=1.",
        sourceLocation: sourceLocation)
      return
    }
    #expect(
      kept == picture, "The screen differs from \(name):\n\(buffer.textSnapshot())",
      sourceLocation: sourceLocation)
  }
}
