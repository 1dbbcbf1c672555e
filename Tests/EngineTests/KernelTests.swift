import CKernels
import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// Every kernel this machine can run against its scalar form.
@Suite struct KernelTests {
  /// Odd numbers of rows, and of blocks and of chunks of inputs.
  static func shapes(_ format: TensorFormat) -> [(rows: Int, inputs: Int)] {
    let unit = format.blockSize == 256 ? 256 : 32
    return [
      (1, unit), (7, 2 * unit), (16, unit), (33, 3 * unit), (40, 5 * unit), (77, 2 * unit),
      (130, unit == 32 ? 11 * unit : unit), (19, unit == 32 ? 37 * unit : 4 * unit),
    ]
  }

  static let batches = [1, 2, 3, 4, 5, 7, 8, 9, 13, 25, 40, 67]

  /// A matrix and inputs, and the packed map of one instruction set.
  private struct Problem {
    let store: InMemoryWeightStore
    let tensor: Tensor
    let map: LinearMap
    let kernels: UnsafePointer<ck_kernels>
    let pool = ThreadPool(threadCount: 1)

    init(_ isa: InstructionSet, _ format: TensorFormat, rows: Int, inputs: Int) throws {
      var random = NormalRandom(seed: UInt64(rows * 1000 + inputs))
      let values = (0..<rows * inputs).map { _ in random.next() }
      let bytes = try #require(ScalarKernels.encode(values, as: format))
      store = try InMemoryWeightStore(
        name: "w",
        tensors: [
          .init(name: "w", format: format, rowLength: inputs, rowCount: rows, bytes: bytes)
        ])
      tensor = try #require(store.tensor(named: "w"))
      kernels = try #require(isa.kernels)
      map = try LinearMap([tensor], kernels: kernels, pool: pool)
    }

    func apply(_ x: [Float], onto y: [Float]? = nil) throws -> [Float] {
      let batch = x.count / tensor.rowLength
      var buffer = ActivationBuffer()
      let activations = try buffer.reserve(rows: batch, width: tensor.rowLength)
      for (i, value) in x.enumerated() { activations.floats[i] = value }
      if map.wantsBlocks {
        Compute(kernels: kernels, pool: pool).quantize(
          activations, rows: batch, width: tensor.rowLength)
      }
      var out = y ?? [Float](repeating: .nan, count: batch * tensor.rowCount)
      out.withUnsafeMutableBufferPointer { out in
        guard let start = out.baseAddress else { return }
        map.apply(activations, to: start, batch: batch, accumulate: y != nil, pool: pool)
      }
      return out
    }
  }

  private func inputs(_ count: Int, seed: UInt64) -> [Float] {
    var random = NormalRandom(seed: seed)
    return (0..<count).map { _ in random.next() }
  }

  @Test(
    "Matrix products equal the scalar ones",
    arguments: InstructionSet.available, PackedFormat.supported)
  func products(_ isa: InstructionSet, _ format: TensorFormat) throws {
    for (rows, inputs) in Self.shapes(format) {
      let problem = try Problem(isa, format, rows: rows, inputs: inputs)
      let x = self.inputs(inputs * 40, seed: 5)
      let y = try problem.apply(x)
      let columns = [0, 1, 7, 12, 39]
      let parts = columns.map { Array(x[$0 * inputs..<($0 + 1) * inputs]) }
      let products = try #require(ScalarKernels.products(problem.tensor, parts))
      for (column, expected) in zip(columns, products) {
        for row in 0..<rows {
          let difference = abs(Double(y[column * rows + row]) - expected[row])
          #expect(difference <= 2e-6 * Double(inputs), "\(rows)×\(inputs), row \(row)")
        }
      }
    }
  }

  @Test("Rows are read as their formats define them", arguments: PackedFormat.supported)
  func rows(_ format: TensorFormat) throws {
    let count = format.blockSize * 3
    var random = SplitMix64(state: UInt64(format.rawValue))
    var bytes = try #require(ScalarKernels.encode(inputs(count, seed: 3), as: format))
    for i in bytes.indices where format.blockSize == 1 || format == .q8_0 || i % 3 > 0 {
      // Any bits, but scales that are numbers.
      bytes[i] = UInt8.random(in: 0...0x3F, using: &random)
    }
    let store = try InMemoryWeightStore(
      name: "w",
      tensors: [.init(name: "w", format: format, rowLength: count, rowCount: 1, bytes: bytes)])
    let tensor = try #require(store.tensor(named: "w"))
    var out = [Float](repeating: .nan, count: count)
    try RowDecoder(tensor).decode(row: 0, to: &out)
    #expect(out == ScalarKernels.decode(tensor))
  }

  @Test("Encoding keeps values as well as a format can", arguments: PackedFormat.supported)
  func encodes(_ format: TensorFormat) throws {
    let values = inputs(1024, seed: 4)
    let bytes = try #require(ScalarKernels.encode(values, as: format))
    let store = try InMemoryWeightStore(
      name: "w",
      tensors: [.init(name: "w", format: format, rowLength: 1024, rowCount: 1, bytes: bytes)])
    let tensor = try #require(store.tensor(named: "w"))
    let back = try #require(ScalarKernels.decode(tensor))
    let error = zip(values, back).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / 1024
    // A uniform quantiser of b bits over a few standard deviations; of floats, their precision.
    let bits = Double(8 * format.bytesPerBlock) / Double(format.blockSize)
    let precision = format == .f16 ? 11 : format == .bf16 ? 8 : bits.rounded(.down)
    #expect(Double(error).squareRoot() < 6 / Foundation.pow(2, precision), "\(error)")
  }

  @Test(
    "A column does not depend on how many are computed with it",
    arguments: InstructionSet.available, PackedFormat.supported)
  func batches(_ isa: InstructionSet, _ format: TensorFormat) throws {
    for (rows, inputs) in Self.shapes(format) {
      let problem = try Problem(isa, format, rows: rows, inputs: inputs)
      let x = self.inputs(inputs * 67, seed: 6)
      let single = try (0..<67).map {
        try problem.apply(Array(x[$0 * inputs..<($0 + 1) * inputs]))
      }
      for batch in Self.batches {
        let y = try problem.apply(Array(x[..<(batch * inputs)]))
        #expect(y == Array(single[..<batch].joined()), "\(rows)×\(inputs), batch \(batch)")
      }
    }
  }

  @Test(
    "Accumulating adds the same product",
    arguments: InstructionSet.available, PackedFormat.supported)
  func accumulates(_ isa: InstructionSet, _ format: TensorFormat) throws {
    let problem = try Problem(isa, format, rows: 45, inputs: 768)
    let x = inputs(768 * 5, seed: 7)
    let start = inputs(45 * 5, seed: 8)
    let product = try problem.apply(x)
    let sum = try problem.apply(x, onto: start)
    #expect(sum == zip(start, product).map(+))
  }

  @Test("The normaliser of logits is that of the definition", arguments: InstructionSet.available)
  func normalizer(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in [1, 3, 16, 77, 1024, 5003] {
      let x = inputs(count, seed: UInt64(count)).map { $0 * 6 + 50 }
      let top = Double(x.max() ?? 0)
      let expected = top + log(x.reduce(0.0) { $0 + exp(Double($1) - top) })
      #expect(abs(kernels.pointee.log_sum_exp(x, count) - expected) < 1e-6, "\(count)")
      var broken = x
      broken[count / 2] = .nan
      #expect(kernels.pointee.log_sum_exp(broken, count).isNaN)
      broken[count / 2] = .infinity
      #expect(kernels.pointee.log_sum_exp(broken, count) == -.infinity)
    }
    #expect(kernels.pointee.log_sum_exp([-.infinity, 2, -.infinity], 3) == 2)
    #expect(kernels.pointee.log_sum_exp([-.infinity], 1) == -.infinity)
  }

  @Test("Activations are quantised alike", arguments: InstructionSet.available)
  func quantizes(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    var x = inputs(32 * 50, seed: 9)
    for i in 0..<32 { x[i] = 0 }
    x[32] = 1000
    var blocks = [ck_q8_block](repeating: ck_q8_block(), count: 50)
    kernels.pointee.quantize(x, &blocks, x.count)
    for (block, expected) in zip(blocks, ScalarKernels.quantized(x)) {
      let values = withUnsafeBytes(of: block.values) { Array($0.bindMemory(to: Int8.self)) }
      #expect(block.scale == expected.scale)
      #expect(values == expected.values)
      let sum = expected.values.reduce(0) { $0 + Int($1) }
      #expect(block.sum == expected.scale * Float(sum))
      #expect(Int(block.offset) == -128 * sum)
      #expect(Int(block.first_offset) == -128 * expected.values[..<16].reduce(0) { $0 + Int($1) })
    }
  }

  @Test("Every half-precision number is read as it is", arguments: InstructionSet.available)
  func halves(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    let bits = (0...UInt16.max).map { $0 }
    var out = [Float](repeating: 0, count: bits.count)
    kernels.pointee.decode_f16(bits, &out, bits.count)
    for (bits, value) in zip(bits, out) {
      let expected = ScalarKernels.half(bits)
      #expect(value == expected || value.isNaN && expected.isNaN, "\(bits)")
      if !expected.isNaN { #expect(ScalarKernels.bits(half: expected) == bits) }
    }
  }

  @Test("Numbers are rounded to half precision alike", arguments: InstructionSet.available)
  func roundsToHalf(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    var random = NormalRandom(seed: 10)
    var x: [Float] = [0, -0.0, 1, 65504, 65519, 65520, 1e9, 0x1p-24, 0x1p-25, 0x1.8p-25, 6e-5]
    for exponent in -30..<18 {
      for _ in 0..<20 {
        x.append(random.next() * Float(sign: .plus, exponent: exponent, significand: 1))
      }
    }
    let size = x.count
    var block = [UInt16](repeating: 0, count: size * 32 + (size + 16) * 32)
    let valueOffset = size * 64
    block.withUnsafeMutableBytes { bytes in
      var slot = ck_kv_slot(
        block: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), key_offset: 0,
        value_offset: valueOffset, slot: 3, head_size: size)
      kernels.pointee.store_kv_f16(x, x, &slot)
    }
    let padded = (size + 15) / 16 * 16
    for (i, value) in x.enumerated() {
      // The cache holds no infinities.
      let expected = ScalarKernels.bits(half: max(-65504, min(65504, value)))
      #expect(block[i * 32 + 3] == expected, "\(value)")
      #expect(block[size * 32 + 3 * padded + i] == expected, "\(value)")
    }
  }

  @Test("RMSNorm and SwiGLU follow their formulas", arguments: InstructionSet.available)
  func elementwise(_ isa: InstructionSet) throws {
    let kernels = try #require(isa.kernels)
    for count in [1, 5, 16, 31, 64, 100] {
      let x = inputs(count, seed: 11).map { $0 * 12 }
      let weight = inputs(count, seed: 12)
      var out = [Float](repeating: 0, count: count)
      kernels.pointee.rms_norm(x, weight, &out, count, 1e-5)
      let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
      for i in 0..<count {
        let expected = Double(x[i]) / (mean + 1e-5).squareRoot() * Double(weight[i])
        #expect(abs(Double(out[i]) - expected) <= 1e-6 * (1 + abs(expected)))
      }
      kernels.pointee.swiglu(x, weight, &out, count)
      for i in 0..<count {
        let expected = Double(x[i]) / (1 + exp(-Double(x[i]))) * Double(weight[i])
        #expect(abs(Double(out[i]) - expected) <= 1e-6 * (1 + abs(expected)))
      }
    }
    for extreme: Float in [-1e30, -200, -90, 90, 200, 1e30] {
      var out: Float = 0
      kernels.pointee.swiglu([extreme], [1], &out, 1)
      #expect(out == max(extreme, 0))
    }
  }
}
