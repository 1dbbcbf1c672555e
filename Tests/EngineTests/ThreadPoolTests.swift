import EngineFixtures
import Synchronization
import Testing

@testable import Engine

@Suite struct ThreadPoolTests {
  @Test("Every chunk runs exactly once", arguments: [1, 2, 3, 5])
  func everyChunkOnce(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    var random = NormalRandom(seed: 3)
    for round in 0..<2_000 {
      let count = round % 500 == 0 ? 70_000 : Int(abs(random.next()) * 20)
      let counters = Counters(count)
      pool.run(chunks: count) { chunk, worker in
        counters.values[chunk].increment()
        if worker < 0 || worker >= threads { counters.strangers.add(1, ordering: .relaxed) }
      }
      #expect(counters.values.allSatisfy { $0.count == 1 })
      #expect(counters.strangers.load(ordering: .relaxed) == 0)
    }
  }

  @Test("Ranges cover everything once, whatever the estimate", arguments: [1, 2, 4])
  func ranges(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    for count in [0, 1, 2, 3, 17, 100, 1_000] {
      for cost in [0.0, 10, 1_000, 1_000_000] {
        let counters = Counters(count)
        pool.run(count: count, nanoseconds: cost) { range, _ in
          for item in range { counters.values[item].increment() }
        }
        #expect(counters.values.allSatisfy { $0.count == 1 })
      }
    }
  }

  private final class Counters: Sendable {
    let values: [Counter]
    let strangers = Atomic<Int>(0)
    init(_ count: Int) { values = (0..<count).map { _ in Counter() } }
  }

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .relaxed) }
    func increment() { value.add(1, ordering: .relaxed) }
  }
}
