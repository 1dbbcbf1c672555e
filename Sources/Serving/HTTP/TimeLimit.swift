import Foundation

/// Work that took too long.
struct TimedOut: Error {}

/// Does work that ends when it is cancelled, within some time.
///
/// - Throws: `TimedOut`, and what the work throws.
func within<Result: Sendable>(
  seconds: Double, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(for: .seconds(max(0, seconds)))
      throw TimedOut()
    }
    defer { group.cancelAll() }
    guard let first = try await group.next() else { throw CancellationError() }
    return first
  }
}
