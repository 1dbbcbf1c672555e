import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// Formats of weights as files have them: what their bits mean, and what files are called.
@Suite struct FormatTests {
  /// Blocks of a format beside their values as gguf's reference decoding has them; see
  /// make_format_fixture.py.
  private struct Reference {
    let store: InMemoryWeightStore
    let values: [Float]

    /// - Parameter rows: one row for each block, or all blocks in one row.
    init(_ format: TensorFormat, asRows: Bool) throws {
      let file = try GGUFFile(path: Fixture.path("formats.gguf"))
      let info = try #require(file[format.name])
      let bytes = Array(file.bytes(of: info))
      let blocks = bytes.count / format.bytesPerBlock
      store = try InMemoryWeightStore(
        name: "w",
        tensors: [
          .init(
            name: "w", format: format,
            rowLength: asRows ? format.blockSize : blocks * format.blockSize,
            rowCount: asRows ? blocks : 1, bytes: bytes)
        ])
      let expected = try #require(file[format.name + ".values"])
      values = Array(file.bytes(of: expected).bindMemory(to: Float.self))
    }

    func tensor() throws -> Tensor { try #require(store.tensor(named: "w")) }
  }

  static let referenced: [TensorFormat] = [
    .iq1S, .iq1M, .iq2XXS, .iq2XS, .iq2S, .iq3XXS, .iq3S, .iq4XS, .tq1_0, .tq2_0, .mxfp4,
  ]

  @Test("Blocks are read as gguf's reference decoding reads them", arguments: referenced)
  func decodes(_ format: TensorFormat) throws {
    let reference = try Reference(format, asRows: false)
    let tensor = try reference.tensor()
    var out = [Float](repeating: .nan, count: tensor.rowLength)
    try RowDecoder(tensor).decode(row: 0, to: &out)
    #expect(out == reference.values)
    #expect(ScalarKernels.decode(tensor) == reference.values)
  }

  @Test(
    "Packed rows hold every entry of a grid and every exponent",
    arguments: InstructionSet.available, referenced)
  func packs(_ isa: InstructionSet, _ format: TensorFormat) throws {
    let reference = try Reference(format, asRows: true)
    let tensor = try reference.tensor()
    let kernels = try #require(isa.kernels)
    let pool = ThreadPool(threadCount: 1)
    let map = try LinearMap([tensor], kernels: kernels, pool: pool)
    var random = NormalRandom(seed: 3)
    // As many columns as take a large tile; and one, which some formats unpack on the way.
    for batch in [1, 8] {
      var buffer = ActivationBuffer()
      let x = try buffer.reserve(rows: batch, width: tensor.rowLength)
      let values = (0..<batch * tensor.rowLength).map { _ in random.next() }
      for (i, value) in values.enumerated() { x.floats[i] = value }
      Compute(kernels: kernels, pool: pool).quantize(x, rows: batch, width: tensor.rowLength)
      var y = [Float](repeating: .nan, count: batch * tensor.rowCount)
      y.withUnsafeMutableBufferPointer { y in
        guard let start = y.baseAddress else { return }
        map.apply(x, to: start, batch: batch, accumulate: false, pool: pool)
      }
      let column = Array(values.suffix(tensor.rowLength))
      let expected = try #require(ScalarKernels.products(tensor, [column])?.first)
      let size = column.reduce(0.0) { max($0, abs(Double($1))) }
      for row in 0..<tensor.rowCount {
        let weights = reference.values[row * tensor.rowLength..<(row + 1) * tensor.rowLength]
        let most = weights.reduce(0.0) { $0 + abs(Double($1)) } * size
        // Sums of what the largest exponents stand for are too large for F32.
        guard most < Double(Float.greatestFiniteMagnitude) else { continue }
        let difference = abs(Double(y[(batch - 1) * tensor.rowCount + row]) - expected[row])
        #expect(difference <= 1e-6 * most + 0x1p-126, "row \(row)")
      }
    }
  }

  @Test("A format without kernels is refused by its name, and says what there is")
  func refuses() throws {
    let refused = TensorFormat.allCases.filter { !$0.isSupported }
    #expect(refused.contains(.nvfp4))
    #expect(refused.contains(.q1_0))
    #expect(refused.contains(.q2_0))
    for format in refused {
      let store = try InMemoryWeightStore(
        name: "w",
        tensors: [
          .init(
            name: "w", format: format, rowLength: format.blockSize, rowCount: 1,
            bytes: .init(repeating: 0, count: format.bytesPerBlock))
        ])
      let tensor = try #require(store.tensor(named: "w"))
      let expected = ModelError.unsupportedFormat(
        tensor: "w", format: format.name, supported: TensorFormat.supportedNames)
      #expect(throws: expected) { try RowDecoder(tensor) }
    }
  }

  // MARK: What files are called

  private func fileType(
    _ stated: UInt32?, _ tensors: [(name: String, shape: [Int], format: TensorFormat)]
  ) throws -> String {
    var writer = GGUFWriter()
    if let stated { writer.set("general.file_type", to: .uint32(stated)) }
    for (name, shape, format) in tensors {
      let count = try #require(format.byteCount(shape: shape))
      try writer.add(
        tensor: name, shape: shape, format: format, data: .init(repeating: 0, count: count))
    }
    return try GGUFFile(bytes: writer.encoded()).fileType
  }

  @Test("A stated mixture is believed where the blocks have its format")
  func mixtures() throws {
    let embedding = (name: "token_embd.weight", shape: [256, 900], format: TensorFormat.q8_0)
    let down = (name: "blk.0.ffn_down.weight", shape: [256, 4], format: TensorFormat.q4K)
    let norm = (name: "blk.0.attn_norm.weight", shape: [256], format: TensorFormat.f32)
    #expect(try fileType(15, [embedding, norm, down]) == "Q4_K_M")
    #expect(try fileType(14, [embedding, norm, down]) == "Q4_K_S")
    #expect(try fileType(nil, [embedding, norm, down]) == "Q4_K")
    let fine = (name: "blk.0.ffn_up.weight", shape: [256, 9], format: TensorFormat.q6K)
    #expect(try fileType(15, [embedding, fine, down]) == "Q4_K_M")
  }

  @Test("Rows that are no super-blocks leave a file its name")
  func substitutes() throws {
    let narrow = (name: "blk.0.attn_q.weight", shape: [96, 40], format: TensorFormat.iq4NL)
    #expect(try fileType(30, [narrow]) == "IQ4_XS")
    #expect(try fileType(25, [narrow]) == "IQ4_NL")
    #expect(try fileType(nil, [narrow]) == "IQ4_NL")
    let ternary = (name: "blk.0.attn_q.weight", shape: [96, 40], format: TensorFormat.q4_0)
    #expect(try fileType(37, [ternary]) == "TQ2_0")
    let wide = (name: "blk.0.ffn_down.weight", shape: [256, 1], format: TensorFormat.tq1_0)
    #expect(try fileType(36, [ternary, wide]) == "TQ1_0")
  }

  @Test("What the tensors contradict is not believed")
  func contradictions() throws {
    let half = (name: "blk.0.attn_q.weight", shape: [256, 40], format: TensorFormat.f16)
    #expect(try fileType(15, [half]) == "F16")
    #expect(try fileType(7, [half]) == "F16")
    #expect(try fileType(1024, [half]) == "F16")
    let bytes = (name: "blk.0.attn_k.weight", shape: [256, 50], format: TensorFormat.q8_0)
    #expect(try fileType(1, [half, bytes]) == "Q8_0")
    // A whole number of super-blocks has no need of what is taken instead.
    let table = (name: "blk.0.attn_q.weight", shape: [256, 40], format: TensorFormat.iq4NL)
    #expect(try fileType(30, [table]) == "IQ4_NL")
    #expect(try fileType(30, []) == "none")
  }
}
