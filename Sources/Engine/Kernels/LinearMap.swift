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

  /// - Parameter didPack: is told which rows of a tensor have been packed.
  /// - Throws: `ModelError` when a tensor's format has no kernel, memory runs out, or `didPack`
  ///   throws.
  init(
    _ tensors: [Tensor], kernels: UnsafePointer<ck_kernels>, pool: ThreadPool,
    didPack: PackingObserver = { _, _ in }
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
      let memory = try format.pack(
        Array(tensors[start..<end]), kernels: kernels, pool: pool, didPack: didPack)
      parts.append(Part(format: format, firstOutput: output, rows: rows, memory: memory))
      output += rows
      start = end
    }
    self.parts = parts
    outputs = output
    wantsBlocks = parts.contains { $0.format.takesBlocks }
  }

  /// A map that has its sizes and no weights: it computes nothing.
  init(withoutWeights tensors: [Tensor], kernels: UnsafePointer<ck_kernels>) {
    self.kernels = kernels
    inputs = tensors[0].rowLength
    outputs = tensors.reduce(0) { $0 + $1.rowCount }
    parts = []
    wantsBlocks = false
  }

  /// Bytes that the weights of a map take when they are packed.
  ///
  /// - Throws: `ModelError.unsupportedFormat`.
  static func byteCount(
    _ tensors: [Tensor], kernels: UnsafePointer<ck_kernels>
  ) throws(ModelError) -> Int {
    var bytes = 0
    var start = 0
    while start < tensors.count {
      var end = start
      while end < tensors.count, tensors[end].format == tensors[start].format { end += 1 }
      let rows = tensors[start..<end].reduce(0) { $0 + $1.rowCount }
      bytes += try PackedFormat(tensors[start]).packedBytes(
        rows: rows, inputs: tensors[start].rowLength, kernels: kernels)
      start = end
    }
    return bytes
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
      guard let kernel = part.format.kernel(kernels) else { continue }
      let input = part.format.takesBlocks ? UnsafeRawPointer(x.blocks) : UnsafeRawPointer(x.floats)
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

typealias MatrixKernel =
  @convention(c) (
    UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutablePointer<Float>?, Int, Int, Int, Int, Int,
    Int, Bool
  ) -> Void
