import Foundation
package import TerminalUI

/// A picture differs from the one in its snapshot file, or there was none to compare with.
package struct SnapshotMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String
}

extension CellBuffer {
  /// Set in the environment to write snapshots instead of comparing with them. A run that records
  /// fails, so that it can never pass for a test.
  package static let recordVariable = "PONDER_RECORD_SNAPSHOTS"

  /// Compares the picture, text and styles, with `Tests/Snapshots/<name>.txt`.
  ///
  /// - Parameter testFile: the file of the test; the snapshots lie in the package it belongs to.
  /// - Throws: `SnapshotMismatch` with the first lines that differ.
  package func verifySnapshot(_ name: String, testFile: String = #filePath) throws {
    let folder = try CellBuffer.snapshotFolder(of: testFile)
    let file = folder.appendingPathComponent("\(name).txt")
    let actual = textSnapshot() + "\n" + styleSnapshot()
    let isRecording =
      ProcessInfo.processInfo.environment[CellBuffer.recordVariable]?.isEmpty == false
    if isRecording {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(actual.utf8).write(to: file)
      throw SnapshotMismatch(description: "recorded \(name); look at it and run again")
    }
    guard let data = try? Data(contentsOf: file) else {
      throw SnapshotMismatch(
        description:
          "there is no snapshot \(name); set \(CellBuffer.recordVariable)=1 to record it")
    }
    let expected = String(decoding: data, as: UTF8.self)
    guard expected == actual else {
      throw SnapshotMismatch(
        description: CellBuffer.firstDifferences(name, expected: expected, actual: actual))
    }
  }

  private static func snapshotFolder(of testFile: String) throws -> URL {
    var folder = URL(fileURLWithPath: testFile)
    while folder.pathComponents.count > 1 {
      folder.deleteLastPathComponent()
      let manifest = folder.appendingPathComponent("Package.swift").path
      if FileManager.default.fileExists(atPath: manifest) {
        return folder.appendingPathComponent("Tests/Snapshots")
      }
    }
    throw SnapshotMismatch(description: "\(testFile) lies in no package")
  }

  private static func firstDifferences(
    _ name: String, expected: String, actual: String
  ) -> String {
    let old = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let new = actual.split(separator: "\n", omittingEmptySubsequences: false)
    var lines = ["\(name) differs from its snapshot:"]
    for index in 0..<max(old.count, new.count) {
      let before = index < old.count ? old[index] : "(no line)"
      let after = index < new.count ? new[index] : "(no line)"
      guard before != after else { continue }
      lines += ["line \(index + 1)", "- \(before)", "+ \(after)"]
      if lines.count > 24 { break }
    }
    return lines.joined(separator: "\n") + "\n\(actual)"
  }
}
