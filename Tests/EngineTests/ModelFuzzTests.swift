import CKernels
import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// Models whose metadata, shapes, formats and weights make no sense: loading them and a forward
/// pass end in logits or in a named error. Under the address sanitizer nothing outside is read.
@Suite struct ModelFuzzTests {
  /// Arbitrary bits, of which weights are cut.
  private static let bits: [UInt8] = {
    var generator = RepeatableGenerator(seed: 77)
    return (0..<1 << 18).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
  }()

  /// Bytes that are sometimes arbitrary, sometimes all alike.
  private static func weights(_ count: Int, _ generator: inout RepeatableGenerator) -> [UInt8] {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0:
      return [UInt8](
        repeating: [0, 0xFF, 0x7F, 0x80].randomElement(using: &generator) ?? 0, count: count)
    default:
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      while bytes.count < count {
        let start = Int.random(in: 0..<bits.count, using: &generator)
        bytes += bits[start..<min(bits.count, start + count - bytes.count)]
      }
      return bytes
    }
  }

  // MARK: Files

  @Test("Files whose metadata and tensors were changed give logits or a named error")
  func changedFiles() throws {
    let folder = Fixture.folder.appending(path: "Models")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      .filter { $0.hasSuffix(".gguf") }
    var sources = [try FuzzTarget.tinyModel(), try FuzzTarget.tinyModel()]
    sources += try names.map { try Fixture.bytes("Models/\($0)") }
    try FuzzTarget.loop("files", rounds: 150) { generator in
      let source = Int.random(in: 0..<sources.count, using: &generator)
      var model = try MutableModel(sources[source])
      for _ in 0..<Int.random(in: 1...3, using: &generator) { Self.change(&model, &generator) }
      var bytes = try model.encoded()
      if Int.random(in: 0..<8, using: &generator) == 0 {
        ByteMutation.apply(to: &bytes, using: &generator)
      }
      let options = EngineOptions(
        threads: 1, kvFormat: KVFormat.allCases.randomElement(using: &generator) ?? .f16,
        cacheLimit: .tokens(64),
        instructionSet: InstructionSet.available.randomElement(using: &generator))
      try FuzzTarget.exercise(bytes, options: options)
    }
  }

  /// A file taken apart.
  private struct MutableModel {
    var pairs: [(key: String, value: GGUFValue)] = []
    var tensors: [(name: String, shape: [Int], format: TensorFormat, data: [UInt8])] = []

    init(_ bytes: [UInt8]) throws {
      let file = try GGUFFile(bytes: bytes)
      pairs = file.metadata.keys.compactMap { key in file.metadata[key].map { (key, $0) } }
      tensors = file.tensors.map { ($0.name, $0.shape, $0.format, Array(file.bytes(of: $0))) }
    }

    /// What cannot be written is left out.
    func encoded() throws -> [UInt8] {
      var writer = GGUFWriter()
      for (key, value) in pairs { writer.set(key, to: value) }
      for tensor in tensors {
        try? writer.add(
          tensor: tensor.name, shape: tensor.shape, format: tensor.format, data: tensor.data)
      }
      return writer.encoded()
    }
  }

  private static func change(_ model: inout MutableModel, _ generator: inout RepeatableGenerator) {
    let pair = Int.random(in: 0..<model.pairs.count, using: &generator)
    let tensor = Int.random(in: 0..<model.tensors.count, using: &generator)
    switch Int.random(in: 0..<9, using: &generator) {
    case 0: model.pairs.remove(at: pair)
    case 1, 2, 3: model.pairs[pair].value = odd(model.pairs[pair].value, &generator)
    case 4: model.tensors.remove(at: tensor)
    case 5:
      model.tensors[tensor].data = weights(model.tensors[tensor].data.count, &generator)
    case 6:
      let other = Int.random(in: 0..<model.tensors.count, using: &generator)
      let name = model.tensors[tensor].name
      model.tensors[tensor].name = model.tensors[other].name
      model.tensors[other].name = name
    case 7:
      let format = TensorFormat.allCases.randomElement(using: &generator) ?? .f32
      reshape(&model.tensors[tensor], model.tensors[tensor].shape, format, &generator)
    default:
      var shape = model.tensors[tensor].shape
      let place = Int.random(in: 0..<shape.count, using: &generator)
      switch Int.random(in: 0..<4, using: &generator) {
      case 0: shape.reverse()
      case 1: shape[place] = max(1, shape[place] + (Bool.random(using: &generator) ? 1 : -1))
      case 2: shape.append(1)
      default: shape[place] *= 2
      }
      reshape(&model.tensors[tensor], shape, model.tensors[tensor].format, &generator)
    }
    if model.pairs.isEmpty { model.pairs = [("x", .bool(true))] }
    if model.tensors.isEmpty { model.tensors = [("x", [1], .f32, [0, 0, 0, 0])] }
  }

  private static func reshape(
    _ tensor: inout (name: String, shape: [Int], format: TensorFormat, data: [UInt8]),
    _ shape: [Int], _ format: TensorFormat, _ generator: inout RepeatableGenerator
  ) {
    guard shape.count <= 4, let count = format.byteCount(shape: shape), count < 1 << 22 else {
      return
    }
    tensor = (tensor.name, shape, format, weights(count, &generator))
  }

  /// Another value of the same type, an extreme one, or one of another type.
  private static func odd(
    _ value: GGUFValue, _ generator: inout RepeatableGenerator
  ) -> GGUFValue {
    func pick<T>(_ values: [T]) -> T {
      values[Int.random(in: 0..<values.count, using: &generator)]
    }
    switch value {
    case .uint32(let number):
      return .uint32(pick([0, 1, 2, 3, 7, number &+ 1, number &* 2, number / 2, 1 << 20, .max]))
    case .int32(let number): return .int32(pick([0, -1, number &+ 1, .max, .min]))
    case .float32: return .float32(pick([0, -1, 1e-30, 1e30, .nan, .infinity, 0.5]))
    case .bool(let flag): return .bool(!flag)
    case .string:
      return .string(
        pick([
          "", "llama", "gpt2", "gpt-2", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "linear",
          "yarn", "llama-bpe", "default", "spm", "bert", "none",
        ]))
    case .array(let type, let values):
      switch Int.random(in: 0..<5, using: &generator) {
      case 0: return .array(type, [])
      case 1: return .array(type, Array(values.dropLast(Int.random(in: 1...9, using: &generator))))
      case 2: return .array(type, values + values.prefix(3))
      case 3: return .array(type, values.shuffled(using: &generator))
      default:
        guard !values.isEmpty else { return .uint32(1) }
        var changed = values
        let index = Int.random(in: 0..<values.count, using: &generator)
        let new = odd(values[index], &generator)
        if new.type == type { changed[index] = new }
        return .array(type, changed)
      }
    default: return pick([.uint32(1), .float32(1), .string("x"), .array([Int32]())])
    }
  }

  // MARK: Weights

  @Test("Weights of arbitrary bits in a mixture of formats give logits")
  func mixedFormats() throws {
    try FuzzTarget.loop("formats", rounds: 25) { generator in
      let width = [32, 64, 256].randomElement(using: &generator) ?? 32
      let (kvHeads, group, headSize) = (
        Int.random(in: 1...3, using: &generator), Int.random(in: 1...3, using: &generator),
        2 * Int.random(in: 1...20, using: &generator)
      )
      let configuration = ModelConfiguration.tiny(
        layers: 1, heads: kvHeads * group, kvHeads: kvHeads, headSize: headSize, width: width,
        feedForward: 32 * Int.random(in: 1...9, using: &generator),
        vocabulary: Int.random(in: 1...70, using: &generator),
        tied: Bool.random(using: &generator))
      let shapes = try InMemoryWeightStore.llama(configuration, format: .f32)
      var tensors: [InMemoryWeightStore.NewTensor] = []
      for name in shapes.tensorNames {
        let shape = try #require(shapes.tensor(named: name))
        let formats = PackedFormat.supported.filter {
          $0.byteCount(rowLength: shape.rowLength) != nil
        }
        let format = try #require(formats.randomElement(using: &generator))
        let rowBytes = try #require(format.byteCount(rowLength: shape.rowLength))
        tensors.append(
          .init(
            name: name, format: format, rowLength: shape.rowLength, rowCount: shape.rowCount,
            bytes: Self.weights(rowBytes * shape.rowCount, &generator)))
      }
      let model = try TransformerModel(
        configuration: configuration,
        weights: try InMemoryWeightStore(name: "mixed", tensors: tensors),
        vocabulary: NumberedVocabulary(count: configuration.vocabularySize),
        options: EngineOptions(
          threads: 2, kvFormat: KVFormat.allCases.randomElement(using: &generator) ?? .f16,
          instructionSet: InstructionSet.available.randomElement(using: &generator)))
      let size = configuration.vocabularySize
      let tokens = (0..<Int.random(in: 1...70, using: &generator)).map { TokenID($0 % size) }
      #expect(try model.distribution(after: tokens).logits.count == size)
    }
  }

  @Test("Rows of arbitrary bits are read as the scalar form reads them")
  func rows() throws {
    try FuzzTarget.loop("rows", rounds: 200) { generator in
      let format = try #require(PackedFormat.supported.randomElement(using: &generator))
      let length = format.blockSize * Int.random(in: 1...5, using: &generator)
      let rows = Int.random(in: 1...3, using: &generator)
      let size = try #require(format.byteCount(rowLength: length)) * rows
      // Of exactly the size: the sanitizer sees what is read beyond.
      let data = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
      defer { data.deallocate() }
      data.copyBytes(from: Self.weights(size, &generator))
      let start = try #require(data.baseAddress)
      let tensor = Tensor(
        name: "x", format: format, rowLength: length, rowCount: rows, data: start,
        byteCount: size)
      let expected = try #require(ScalarKernels.decode(tensor))
      let decoder = try RowDecoder(tensor)
      for row in 0..<rows {
        var out = [Float](repeating: 0, count: length)
        out.withUnsafeMutableBufferPointer { out in
          if let start = out.baseAddress { decoder.decode(row: row, to: start) }
        }
        // Sums of numbers of either sign are as exact as the largest of the row.
        let wanted = expected[row * length..<(row + 1) * length]
        let largest = wanted.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
        for (found, wanted) in zip(out, wanted) where wanted.isFinite {
          #expect(abs(found - wanted) <= 1e-5 * largest, "\(format)")
        }
      }
    }
  }
}
