import CKernels
import Foundation
import Synchronization

/// How fast this machine's threads read memory: the bound on decoding one path, which reads every
/// weight for every token.
enum MemoryBandwidth {
  /// Reads a buffer much larger than the caches several times over.
  ///
  /// - Parameters:
  ///   - threads: how many threads read.
  ///   - bytes: the buffer's size; by default 512 MiB, or an eighth of a small machine's memory.
  ///   - rounds: how often it is read; the fastest counts, since whatever disturbs only slows.
  /// - Returns: bytes a second.
  /// - Throws: `ModelError.outOfMemory`.
  public static func measure(
    threads: Int, bytes: Int? = nil, rounds: Int = 5
  ) throws(ModelError) -> Double {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let chunk = 1 << 20
    let chunks = max(1, (bytes ?? min(512 << 20, memory / 8)) / chunk)
    let buffer = try AlignedMemory(byteCount: chunks * chunk, zeroed: false)
    // Memory that was never written is one page of zeros over and over.
    memset(buffer.start, 1, chunks * chunk)
    let pool = ThreadPool(threadCount: threads)
    let kept = Atomic<UInt64>(0)
    var best = 0.0
    for _ in 0..<max(1, rounds) {
      let time = ContinuousClock().measure {
        pool.run(chunks: chunks) { number, _ in
          let sum = ck_read_memory(buffer.start + number * chunk, chunk)
          kept.bitwiseXor(sum, ordering: .relaxed)
        }
      }
      best = max(best, Double(chunks * chunk) / max(time / .seconds(1), 1e-9))
    }
    return best
  }
}
