import CKernels

/// Activations as the matrix kernels take them: as floats, and as 8-bit blocks when some weights
/// want those.
struct Activations {
  /// [rows, width]
  var floats: UnsafeMutablePointer<Float>
  /// [rows, width / 32]
  var blocks: UnsafeMutablePointer<ck_q8_block>
}

/// The weights of a linear map y = W x, packed for the kernels of one instruction set.
///
/// Several tensors with the same inputs (queries, keys and values) become one map whose outputs
/// follow each other, so that they are computed in one go. Tensors of different formats become
/// separate parts of it.
final class LinearMap {
  let inputs: Int
  let outputs: Int
  /// Whether some part needs quantised activations.
  let wantsBlocks: Bool

  private let parts: [Part]
  private let kernels: UnsafePointer<ck_kernels>

  private struct Part: Sendable {
    let format: PackedFormat
    let firstOutput: Int
    let rows: Int
    let memory: AlignedMemory
  }

  /// - Throws: `ModelError` when a tensor's format has no kernel or memory runs out.
  init(
    _ tensors: [Tensor], kernels: UnsafePointer<ck_kernels>, pool: ThreadPool
  ) throws(ModelError) {
    self.kernels = kernels
    inputs = tensors[0].rowLength
    var parts: [Part] = []
    var output = 0
    var start = 0
    while start < tensors.count {
      var end = start
      while end < tensors.count, tensors[end].format == tensors[start].format { end += 1 }
      let format = try PackedFormat(tensors[start])
      let rows = tensors[start..<end].reduce(0) { $0 + $1.rowCount }
      let memory = try format.pack(Array(tensors[start..<end]), kernels: kernels, pool: pool)
      parts.append(Part(format: format, firstOutput: output, rows: rows, memory: memory))
      output += rows
      start = end
    }
    self.parts = parts
    outputs = output
    wantsBlocks = parts.contains { $0.format.takesBlocks }
  }

  /// Bytes of packed weights.
  var byteCount: Int { parts.reduce(0) { $0 + $1.memory.byteCount } }

  /// y (+)= W x for `batch` rows of activations.
  ///
  /// - Parameters:
  ///   - y: `[batch, outputs]`.
  ///   - accumulate: adds to what `y` holds.
  func apply(
    _ x: Activations, to y: UnsafeMutablePointer<Float>, batch: Int, accumulate: Bool,
    pool: ThreadPool
  ) {
    for part in parts {
      let group = Int(kernels.pointee.group)
      let groups = (part.rows + group - 1) / group
      let kernel = part.format.kernel(kernels)
      let input =
        part.format.takesBlocks ? UnsafeRawPointer(x.blocks) : UnsafeRawPointer(x.floats)
      let products = Double(group * inputs * batch)
      let bytes = Double(part.memory.byteCount / groups)
      let cost = max(products / part.format.productsPerNanosecond, bytes / 20)
      pool.run(count: groups, nanoseconds: cost) { range, _ in
        kernel(
          part.memory.start, input, y + part.firstOutput, range.lowerBound, range.upperBound,
          part.rows, inputs, batch, outputs, accumulate)
      }
    }
  }
}

/// The formats that have matrix kernels. A further format is a case here, its kernels in CKernels
/// and its scalar form in `ScalarKernels`.
enum PackedFormat: Sendable {
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case f32, f16, q8_0

  static let supported: [TensorFormat] = [.f32, .f16, .q8_0]

  init(_ tensor: Tensor) throws(ModelError) {
    switch tensor.format {
    case .f32: self = .f32
    case .f16: self = .f16
    case .q8_0: self = .q8_0
    default:
      throw .unsupportedFormat(
        tensor: tensor.name, format: tensor.format.name,
        supported: Self.supported.map(\.name))
    }
  }

  /// Whether activations are quantised for this format.
  var takesBlocks: Bool { self == .q8_0 }

  /// A rough rate of one thread, only to judge what is worth sharing.
  var productsPerNanosecond: Double { self == .q8_0 ? 150 : 40 }

  func kernel(_ table: UnsafePointer<ck_kernels>) -> MatrixKernel {
    switch self {
    case .f32: table.pointee.matmul_f32
    case .f16: table.pointee.matmul_f16
    case .q8_0: table.pointee.matmul_q8_0
    }
  }

  private func groupBytes(_ table: UnsafePointer<ck_kernels>, _ inputs: Int) -> Int {
    switch self {
    case .f32: ck_packed_group_bytes_f32(table, inputs)
    case .f16: ck_packed_group_bytes_f16(table, inputs)
    case .q8_0: ck_packed_group_bytes_q8_0(table, inputs)
    }
  }

  /// Packs the rows of tensors of this format one after another.
  func pack(
    _ tensors: [Tensor], kernels: UnsafePointer<ck_kernels>, pool: ThreadPool
  ) throws(ModelError) -> AlignedMemory {
    let inputs = tensors[0].rowLength
    let rows: [UnsafeRawPointer?] = tensors.flatMap { tensor in
      let rowBytes = tensor.rowCount > 0 ? tensor.byteCount / tensor.rowCount : 0
      return (0..<tensor.rowCount).map { tensor.data + $0 * rowBytes }
    }
    let group = Int(kernels.pointee.group)
    let groups = (rows.count + group - 1) / group
    let bytes = groupBytes(kernels, inputs)
    let memory = try AlignedMemory(byteCount: groups * bytes, zeroed: false)
    let padded = rows + Array(repeating: nil, count: groups * group - rows.count)
    padded.withUnsafeBufferPointer { padded in
      guard let first = padded.baseAddress else { return }
      pool.run(count: groups, nanoseconds: Double(group * inputs)) { range, _ in
        for number in range {
          let from = first + number * group
          let to = memory.start + number * bytes
          switch self {
          case .f32: ck_pack_f32(kernels, from, inputs, to)
          case .f16: ck_pack_f16(kernels, from, inputs, to)
          case .q8_0: ck_pack_q8_0(kernels, from, inputs, to)
          }
        }
      }
    }
    return memory
  }
}

typealias MatrixKernel =
  @convention(c) (
    UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<Float>?, Int, Int, Int, Int, Int,
    Int,
    Bool
  ) -> Void
