import Synchronization

/// How far the preparation of a model's weights has come.
public struct LoadProgress: Sendable, Hashable {
  /// Bytes of weights, as they stand in the store, that are prepared.
  public var bytes: Int
  /// Bytes of all weights.
  public var totalBytes: Int

  /// From 0 to 1.
  public var fraction: Double { totalBytes > 0 ? min(1, Double(bytes) / Double(totalBytes)) : 0 }
}

/// Is told, on the thread that loads, when a further piece has been prepared.
///
/// Returns whether to go on; loading that is given up throws `ModelError.cancelled`.
public typealias LoadObserver = @Sendable (LoadProgress) -> Bool

/// Counts what a load has prepared and what memory that took.
final class LoadMeter: Sendable {
  private struct Count {
    var progress: LoadProgress
    var packedBytes = 0
  }

  private let count: Mutex<Count>
  private let observer: LoadObserver?

  init(_ store: any WeightStore, observer: LoadObserver?) {
    let total = store.tensorNames.reduce(0) { sum, name in
      sum + (store.tensor(named: name)?.byteCount ?? 0)
    }
    count = Mutex(Count(progress: LoadProgress(bytes: 0, totalBytes: total)))
    self.observer = observer
  }

  /// Bytes of memory that the model's own form of the weights takes.
  var packedBytes: Int { count.withLock { $0.packedBytes } }

  func add(packedBytes: Int) { count.withLock { $0.packedBytes += packedBytes } }

  /// Everything is prepared; what is used as it stands in the store counts as well.
  ///
  /// - Throws: `ModelError.cancelled`.
  func finish() throws(ModelError) { try report { $0.bytes = $0.totalBytes } }

  /// - Throws: `ModelError.cancelled`.
  func add(bytes: Int) throws(ModelError) { try report { $0.bytes += bytes } }

  private func report(_ change: (inout LoadProgress) -> Void) throws(ModelError) {
    let progress = count.withLock { count in
      change(&count.progress)
      return count.progress
    }
    if let observer, !observer(progress) { throw .cancelled }
  }
}
