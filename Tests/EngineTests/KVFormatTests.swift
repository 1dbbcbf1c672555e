import CKernels
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// Keys and values in 8 bits, read back and attended to as a scalar does it.
@Suite struct KVFormatTests {
  /// One layer, one head, one block.
  private struct Block {
    let layout: KVLayout
    let kernels: UnsafePointer<ck_kernels>
    let memory: AlignedMemory

    init(_ isa: InstructionSet, _ format: KVFormat, headSize: Int) throws {
      layout = KVLayout(format: format, layerCount: 1, kvHeadCount: 1, headSize: headSize)
      kernels = try #require(isa.kernels)
      memory = try AlignedMemory(byteCount: layout.blockBytes)
    }

    var bytes: UnsafeMutablePointer<UInt8> { memory.start.assumingMemoryBound(to: UInt8.self) }

    func store(_ keys: [Float], _ values: [Float], at position: Int) {
      var slot = ck_kv_slot(
        block: bytes, key_offset: layout.keyOffset(layer: 0, head: 0),
        value_offset: layout.valueOffset(layer: 0, head: 0), slot: position,
        head_size: layout.layers[0].headSize)
      layout.format.storeKernel(kernels)(keys, values, &slot)
    }

    /// What a block of Q8_0 says. [headSize]
    func read(_ position: Int) -> (keys: [Float], values: [Float]) {
      let size = layout.layers[0].headSize
      let width = layout.layers[0].paddedHeadSize
      let scales = (size + 31) / 32
      let keys = memory.start + layout.keyOffset(layer: 0, head: 0)
      let values = memory.start + layout.valueOffset(layer: 0, head: 0)
      func number(_ from: UnsafeMutableRawPointer, _ element: Int, _ scale: Int) -> Float {
        let bits = (from + scale).loadUnaligned(as: UInt16.self)
        return Float((from + element).load(as: Int8.self)) * ScalarKernels.half(bits)
      }
      return (
        (0..<size).map {
          number(keys, $0 * 32 + position, size * 32 + ($0 / 32 * 32 + position) * 2)
        },
        (0..<size).map {
          number(values, position * width + $0, width * 32 + (position * scales + $0 / 32) * 2)
        }
      )
    }

    /// Attention of queries `[count, headSize]` on the block's first positions.
    func attend(_ queries: [Float], length: Int) throws -> [Float] {
      let size = layout.layers[0].headSize
      let count = queries.count / size
      let users = (0..<count).map { ck_kv_user(query: Int32($0), length: Int32(length)) }
      let lengths = [Int32](repeating: Int32(length), count: count)
      let run = ck_kv_run(
        block: UnsafePointer(bytes), start: 0, first: 0, count: Int32(count))
      var out = [Float](repeating: 0, count: queries.count)
      let scratch = try AlignedMemory(
        byteCount: count * (Int(CK_HEAD_PADDING) + layout.layers[0].paddedHeadSize + 32) * 4)
      withUnsafePointer(to: run) { run in
        users.withUnsafeBufferPointer { users in
          lengths.withUnsafeBufferPointer { lengths in
            queries.withUnsafeBufferPointer { queries in
              out.withUnsafeMutableBufferPointer { out in
                var job = ck_attention()
                job.runs = run
                job.run_count = 1
                job.users = users.baseAddress
                job.lengths = lengths.baseAddress
                job.key_offset = layout.keyOffset(layer: 0, head: 0)
                job.value_offset = layout.valueOffset(layer: 0, head: 0)
                job.head_size = size
                job.group = 1
                job.queries = queries.baseAddress
                job.query_stride = size
                job.query_count = count
                job.positions = 32
                job.out = out.baseAddress
                job.out_stride = size
                job.scale = 1 / Float(size).squareRoot()
                job.scratch = scratch.start.assumingMemoryBound(to: Float.self)
                layout.format.attentionKernel(kernels)(&job)
              }
            }
          }
        }
      }
      return out
    }
  }

  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var random = NormalRandom(seed: seed)
    return (0..<count).map { _ in random.next() }
  }

  private static let sizes = [1, 10, 32, 40, 64, 72, 128]

  @Test(
    "8-bit keys and values are within half a step of what was stored",
    arguments: InstructionSet.available, sizes)
  func rounding(_ isa: InstructionSet, _ size: Int) throws {
    let block = try Block(isa, .q8_0, headSize: size)
    for position in [0, 7, 31] {
      var keys = numbers(size, seed: UInt64(position))
      keys[size / 2] *= 50
      let values = numbers(size, seed: UInt64(position + 50)).map { $0 * 1e-3 }
      block.store(keys, values, at: position)
      let read = block.read(position)
      for (stored, found) in [(keys, read.keys), (values, read.values)] {
        for start in stride(from: 0, to: size, by: 32) {
          let range = start..<min(size, start + 32)
          let top = stored[range].map(abs).max() ?? 0
          for i in range { #expect(abs(stored[i] - found[i]) <= top / 127 * 0.51 + 1e-7) }
        }
      }
    }
  }

  @Test("Numbers that are none leave the block clean", arguments: InstructionSet.available)
  func broken(_ isa: InstructionSet) throws {
    let block = try Block(isa, .q8_0, headSize: 40)
    for bad in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
      block.store([Float](repeating: bad, count: 40), [bad] + numbers(39, seed: 1), at: 3)
      let (keys, values) = block.read(3)
      #expect((keys + values).allSatisfy { $0.isFinite })
    }
    block.store([Float](repeating: 0, count: 40), [Float](repeating: 0, count: 40), at: 3)
    let (keys, values) = block.read(3)
    #expect((keys + values).allSatisfy { $0 == 0 })
  }

  @Test(
    "Attention on 8-bit blocks equals a scalar's", arguments: InstructionSet.available, sizes)
  func attention(_ isa: InstructionSet, _ size: Int) throws {
    let block = try Block(isa, .q8_0, headSize: size)
    for position in 0..<32 {
      block.store(
        numbers(size, seed: UInt64(position)), numbers(size, seed: UInt64(position + 99)),
        at: position)
    }
    let queries = numbers(size * 13, seed: 7)
    for length in [1, 5, 32] {
      let found = try block.attend(queries, length: length)
      let cached = (0..<length).map { block.read($0) }
      for query in 0..<13 {
        let q = queries[query * size..<(query + 1) * size].map(Double.init)
        let scores = cached.map { key, _ in
          zip(q, key).reduce(0) { $0 + $1.0 * Double($1.1) } / Double(size).squareRoot()
        }
        let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
        for d in 0..<size {
          let expected =
            zip(weights, cached).reduce(0) { $0 + $1.0 * Double($1.1.values[d]) }
            / weights.reduce(0, +)
          #expect(abs(Double(found[query * size + d]) - expected) <= 1e-5)
        }
        // Alone as in company.
        let alone = try block.attend(
          Array(queries[query * size..<(query + 1) * size]), length: length)
        #expect(alone == Array(found[query * size..<(query + 1) * size]))
      }
    }
  }

  @Test("A position takes little more than half of F16 in 8 bits")
  func size() {
    func bytes(_ format: KVFormat, _ size: Int) -> Int {
      KVLayout(format: format, layerCount: 3, kvHeadCount: 2, headSize: size).blockBytes
    }
    for size in [32, 64, 128] {
      #expect(bytes(.f32, size) == 2 * bytes(.f16, size))
      #expect(bytes(.f16, size) == 3 * 2 * 2 * size * 32 * 2)
      #expect(bytes(.q8_0, size) * 32 == bytes(.f16, size) * 17)
    }
  }

  @Test("Layers of different heads lie apart in a block", arguments: KVFormat.allCases)
  func layersLieApart(_ format: KVFormat) {
    let shapes = [(2, 10), (0, 8), (1, 24), (3, 40)]
    let layout = KVLayout(
      format: format, layers: shapes.map { .init(kvHeadCount: $0.0, headSize: $0.1) })
    var end = 0
    for (layer, shape) in shapes.enumerated() {
      // As large as if there were only this one.
      let alone = KVLayout(format: format, layerCount: 1, kvHeadCount: 1, headSize: shape.1)
      for head in 0..<shape.0 {
        #expect(layout.keyOffset(layer: layer, head: head) == end)
        let values = layout.valueOffset(layer: layer, head: head)
        #expect(values - end == alone.valueOffset(layer: 0, head: 0))
        end += alone.blockBytes
      }
    }
    #expect(layout.blockBytes == end)
  }
}
