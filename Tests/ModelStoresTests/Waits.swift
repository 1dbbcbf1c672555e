import Foundation
import Synchronization

@testable import ModelStores

/// Waiting that takes no time: pauses are noted, and silence is over when a server has fallen silent.
final class Waits: Sendable {
  private let pauses = Mutex<[Duration]>([])

  var noted: [Duration] { pauses.withLock { $0 } }

  /// - Parameter server: whose silence is not waited for; nil where all answer.
  func patience(_ server: FakeServer? = nil, tries: Int = 5) -> Patience {
    var patience = Patience()
    patience.tries = tries
    patience.silence = .seconds(77)
    patience.wait = { [self] duration in
      guard duration == .seconds(77) else { return pauses.withLock { $0.append(duration) } }
      // Ends as soon as the download is done, which cancels this.
      while (server?.stalls ?? 0) == 0 { try await Task.sleep(for: .milliseconds(2)) }
      try await Task.sleep(for: .milliseconds(2))
    }
    return patience
  }
}

/// A new empty folder, removed at the end.
func withFolder(_ body: (URL) async throws -> Void) async throws {
  let folder = FileManager.default.temporaryDirectory.appending(path: "ponder-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try await body(folder)
}

/// Bytes that look random and are the same every time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(state >> 56)
  }
}
