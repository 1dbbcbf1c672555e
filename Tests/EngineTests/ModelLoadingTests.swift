import Decoding
import Foundation
import Synchronization
import Testing

@testable import Engine
@testable import EngineFixtures

/// Loading tells how far it is, can be stopped, and keeps weights in memory once.
@Suite struct ModelLoadingTests {
  private static let path = Fixture.path("Models/q8_0-mha-untied.gguf")

  @Test("Progress rises to the end, and counts all bytes of the file's tensors")
  func progress() throws {
    let seen = Mutex<[LoadProgress]>([])
    let model = try ModelLoader.load(path: Self.path) { progress in
      seen.withLock { $0.append(progress) }
      return true
    }
    let all = seen.withLock { $0 }
    let file = try GGUFFile(path: Self.path)
    #expect(all.count > 5)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.bytes <= $1.bytes })
    #expect(all.allSatisfy { $0.totalBytes == file.tensors.reduce(0) { $0 + $1.range.count } })
    #expect(all.last?.fraction == 1)
    #expect(all.first.map { $0.fraction < 0.5 } == true)
    // Packed weights are about as large as the file's own, without the embedding.
    let use = model.memoryUse
    #expect(use.weightBytes > file.size / 2)
    #expect(use.weightBytes < file.size * 2)
    #expect(use.cacheBytes == 0)
    #expect(use.cachedTokens == 0)
    _ = try model.distribution(after: [1, 2, 3])
    #expect(model.memoryUse.cachedTokens == 32)
    #expect(model.memoryUse.cacheBytes > 0)
  }

  @Test("Whoever is told about a load can stop it")
  func cancelling() throws {
    for stop in [1, 3, 7] {
      let calls = Mutex(0)
      #expect(throws: ModelError.cancelled) {
        try ModelLoader.load(path: Self.path) { _ in
          calls.withLock { calls in
            calls += 1
            return calls < stop
          }
        }
      }
      #expect(calls.withLock { $0 } == stop)
    }
  }

  #if os(Linux)
    @Test("Mapped pages of what was packed are given up, and read again when they are touched")
    func pagesAreReleased() throws {
      let path = FileManager.default.temporaryDirectory
        .appending(path: "ponder-\(UUID().uuidString).gguf").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      var writer = GGUFWriter()
      let row = (0..<4096).map { Float($0) }
      let values = Array(repeatElement(row, count: 1280).joined())
      try writer.add(tensor: "big", shape: [4096, 1280], values: values)
      try writer.add(tensor: "small", shape: [4], values: [1, 2, 3, 4])
      try writer.write(to: path)
      let store = MappedWeightStore(try GGUFFile(path: path), name: "big")
      let big = try #require(store.tensor(named: "big"))
      func sum() -> Float {
        let floats = big.data.assumingMemoryBound(to: Float.self)
        return (0..<1280).reduce(0) { $0 + floats[$1 * 4096 + 17] }
      }
      func residentBytes() throws -> Int { try Self.resident(mappedFile: path) }
      store.willRead(big)
      let expected = sum()
      #expect(try residentBytes() > 2 << 20)
      store.didRead(big, rows: 0..<big.rowCount)
      #expect(try residentBytes() < 1 << 20)
      #expect(sum() == expected)
      #expect(try residentBytes() > 2 << 20)
      // Packing gives them up piece by piece, and can be stopped at each.
      let kernels = try #require(InstructionSet.available[0].kernels)
      let pool = ThreadPool(threadCount: 1)
      var pieces: [Range<Int>] = []
      _ = try LinearMap([big], kernels: kernels, pool: pool) {
        tensor, rows throws(ModelError) in
        store.didRead(tensor, rows: rows)
        pieces.append(rows)
      }
      #expect(pieces.count > 1)
      #expect(pieces.first?.lowerBound == 0)
      #expect(pieces.last?.upperBound == 1280)
      #expect(zip(pieces, pieces.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      #expect(try residentBytes() < 1 << 20)
      #expect(throws: ModelError.cancelled) {
        try LinearMap([big], kernels: kernels, pool: pool) { _, _ throws(ModelError) in
          throw .cancelled
        }
      }
      // Bytes held in memory are nobody's to give up.
      let held = MappedWeightStore(
        try GGUFFile(bytes: Array(Data(contentsOf: URL(fileURLWithPath: path)))), name: "held")
      let copy = try #require(held.tensor(named: "big"))
      held.didRead(copy, rows: 0..<copy.rowCount)
      #expect(copy.data.loadUnaligned(fromByteOffset: 400, as: Float.self) == 100)
    }

    /// Bytes of a mapping that are in memory, as the system counts them.
    private static func resident(mappedFile path: String) throws -> Int {
      // Files there have no size: they are read to their end.
      let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
      let maps = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
      var isWanted = false
      var total = 0
      for line in maps.split(separator: "\n") {
        let words = line.split(separator: " ")
        guard let first = words.first else { continue }
        if !first.hasSuffix(":") {
          isWanted = line.hasSuffix(path)
        } else if isWanted, first == "Rss:", words.count > 1, let kilobytes = Int(words[1]) {
          total += kilobytes << 10
        }
      }
      return total
    }
  #endif
}
