import Synchronization

/// Gives up work over which nothing is heard for too long.
struct SilenceWatch: Sendable {
  private let patience: Patience
  private let host: String

  init(_ patience: Patience, host: String) {
    (self.patience, self.host) = (patience, host)
  }

  /// - Parameter work: calls what it is given whenever something has come.
  /// - Throws: `DownloadError.stalled`, and what the work throws.
  func watching<Result: Sendable>(
    _ work: @escaping @Sendable (_ heard: @escaping @Sendable () -> Void) async throws -> Result
  ) async throws -> Result {
    let count = Counter()
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask { try await work { count.value.withLock { $0 += 1 } } }
      group.addTask {
        var last = -1
        while true {
          let now = count.value.withLock { $0 }
          guard now != last else { return nil }
          last = now
          try await patience.wait(patience.silence)
        }
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { throw CancellationError() }
      guard let result = first else {
        throw DownloadError.stalled(
          host: host, seconds: Int(patience.silence.components.seconds))
      }
      return result
    }
  }

  private final class Counter: Sendable {
    let value = Mutex(0)
  }
}
