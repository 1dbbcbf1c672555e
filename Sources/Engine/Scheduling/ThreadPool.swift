import CKernels
import Foundation
import Synchronization

/// Threads that share loops of equal, independent chunks with the calling thread.
///
/// A loop is announced by one atomic *ticket*: its generation, how many chunks it has and which
/// is next. Whoever is free claims the next chunk, so that a descheduled worker delays at most
/// the chunk in its hands. Workers spin for a while after a loop, since the next one usually
/// follows within microseconds, and then park; an idle pool takes no CPU.
///
/// Loops are run by one thread at a time and do not nest.
package final class ThreadPool: @unchecked Sendable {
  /// Threads that compute, the caller's included.
  package let threadCount: Int

  private let shared: Shared

  package init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    shared = Shared()
    for worker in 1..<self.threadCount {
      let thread = Thread { [shared] in shared.work(as: worker) }
      thread.name = "ponder-\(worker)"
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  deinit { shared.stop() }

  /// Runs `body(chunk, worker)` for every chunk, in no particular order, and returns when all are
  /// done. `worker` is below `threadCount` and unique among chunks that run at the same time.
  package func run(chunks: Int, _ body: (_ chunk: Int, _ worker: Int) -> Void) {
    if threadCount == 1 || chunks <= 1 {
      for chunk in 0..<chunks { body(chunk, 0) }
      return
    }
    withoutActuallyEscaping(body) { shared.run(chunks: chunks, $0) }
  }

  /// Splits `0 ..< count` into ranges worth a thread's while; what a body computes must not depend
  /// on where ranges begin.
  ///
  /// - Parameter nanoseconds: roughly what one item costs.
  package func run(
    count: Int, nanoseconds: Double, _ body: (_ range: Range<Int>, _ worker: Int) -> Void
  ) {
    let cost = Double(count) * nanoseconds
    if threadCount == 1 || count <= 1 || cost < Self.worthwhile {
      if count > 0 { body(0..<count, 0) }
      return
    }
    let chunks = min(count, threadCount * 6, max(threadCount, Int(cost / 2_000)))
    run(chunks: chunks) { chunk, worker in
      body(chunk * count / chunks..<(chunk + 1) * count / chunks, worker)
    }
  }

  /// Work below this many nanoseconds is not worth waking anybody for.
  static let worthwhile = 5_000.0
}

/// What the pool and its workers share; outlives the pool until the last worker has left.
private final class Shared: @unchecked Sendable {
  /// generation (32 bits) | chunks (16) | next (16)
  private let ticket = Atomic<UInt64>(0)
  private let finished = Atomic<Int>(0)
  private let parked = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  /// The loop's body: written before its ticket, read after a chunk was claimed.
  private var body: ((Int, Int) -> Void)?
  private let condition = NSCondition()

  private static let spinNanoseconds: UInt64 = 200_000

  func run(chunks: Int, _ body: @escaping (Int, Int) -> Void) {
    // The ticket has 16 bits for chunks; a longer loop takes several chunks at a time.
    let stride = (chunks + 0xFFFE) / 0xFFFF
    let tickets = (chunks + stride - 1) / stride
    self.body =
      stride == 1
      ? body
      : { ticket, worker in
        for chunk in ticket * stride..<min(chunks, (ticket + 1) * stride) { body(chunk, worker) }
      }
    finished.store(0, ordering: .relaxed)
    let generation = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(generation << 32 | UInt64(tickets) << 16, ordering: .sequentiallyConsistent)
    if parked.load(ordering: .sequentiallyConsistent) > 0 {
      condition.lock()
      condition.broadcast()
      condition.unlock()
    }
    while claimAndRun(as: 0) {}
    var spins = 0
    while finished.load(ordering: .acquiring) < tickets {
      spins += 1
      if spins & 0x3FF == 0 { sched_yield() } else { ck_spin_hint() }
    }
    self.body = nil
  }

  /// Takes one chunk of the current loop, if any is left.
  private func claimAndRun(as worker: Int) -> Bool {
    var seen = ticket.load(ordering: .acquiring)
    while true {
      let next = seen & 0xFFFF
      if next >= (seen >> 16) & 0xFFFF { return false }
      let (exchanged, original) = ticket.weakCompareExchange(
        expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
      if exchanged {
        // The loop cannot end before this chunk does, so that its body is still there.
        body?(Int(next), worker)
        finished.add(1, ordering: .releasing)
        return true
      }
      seen = original
    }
  }

  private var hasWork: Bool {
    let seen = ticket.load(ordering: .sequentiallyConsistent)
    return seen & 0xFFFF < (seen >> 16) & 0xFFFF
  }

  func work(as worker: Int) {
    while !stopping.load(ordering: .acquiring) {
      if claimAndRun(as: worker) { continue }
      if !spinForWork() { park() }
    }
  }

  /// Waits actively for a short while; whether there is something to do.
  private func spinForWork() -> Bool {
    let end = DispatchTime.now().uptimeNanoseconds + Self.spinNanoseconds
    repeat {
      for _ in 0..<64 {
        if hasWork || stopping.load(ordering: .relaxed) { return true }
        ck_spin_hint()
      }
    } while DispatchTime.now().uptimeNanoseconds < end
    return false
  }

  private func park() {
    condition.lock()
    parked.add(1, ordering: .sequentiallyConsistent)
    // The announcer stores the ticket and then looks for sleepers; a sleeper counts itself and
    // then looks at the ticket: one of them sees the other.
    while !hasWork && !stopping.load(ordering: .acquiring) { condition.wait() }
    parked.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }
}
