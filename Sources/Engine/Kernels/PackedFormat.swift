import CKernels

/// A format of weights that has kernels.
///
/// A further format is its number in CKernels with the kernels, a line in `numbers`, and its scalar
/// form in `ScalarKernels` of the tests.
struct PackedFormat: Sendable {
  let stored: TensorFormat
  private let number: ck_format

  private static let numbers: [(TensorFormat, ck_format)] = [
    (.f32, CK_F32), (.f16, CK_F16), (.bf16, CK_BF16), (.q8_0, CK_Q8_0), (.q4_0, CK_Q4_0),
    (.q4_1, CK_Q4_1), (.q5_0, CK_Q5_0), (.q5_1, CK_Q5_1), (.iq4NL, CK_IQ4_NL), (.q2K, CK_Q2_K),
    (.q3K, CK_Q3_K), (.q4K, CK_Q4_K), (.q5K, CK_Q5_K), (.q6K, CK_Q6_K), (.iq4XS, CK_IQ4_XS),
    (.iq3S, CK_IQ3_S), (.iq3XXS, CK_IQ3_XXS), (.iq2XXS, CK_IQ2_XXS), (.iq2XS, CK_IQ2_XS),
    (.iq2S, CK_IQ2_S), (.iq1S, CK_IQ1_S), (.iq1M, CK_IQ1_M), (.tq1_0, CK_TQ1_0),
    (.tq2_0, CK_TQ2_0), (.mxfp4, CK_MXFP4),
  ]

  static let supported: [TensorFormat] = numbers.map(\.0)

  /// The number that CKernels has for a format, or nil when there are no kernels for it.
  fileprivate static func number(of format: TensorFormat) -> ck_format? {
    numbers.first { $0.0 == format }?.1
  }

  /// - Throws: `ModelError.unsupportedFormat`.
  init(_ tensor: Tensor) throws(ModelError) {
    guard let number = Self.number(of: tensor.format) else {
      throw .unsupportedFormat(
        tensor: tensor.name, format: tensor.format.name, supported: Self.supported.map(\.name))
    }
    stored = tensor.format
    self.number = number
  }

  /// Whether activations are quantised for this format.
  var takesBlocks: Bool { ck_takes_blocks(number) }

  /// A rough rate of one thread, only to judge what is worth sharing.
  var productsPerNanosecond: Double { takesBlocks ? 150 : 40 }

  func kernel(_ table: UnsafePointer<ck_kernels>) -> MatrixKernel? {
    let index = Int(number.rawValue)
    // A C array is a tuple here.
    return withUnsafeBytes(of: table.pointee.matmul) { kernels in
      kernels.load(
        fromByteOffset: index * MemoryLayout<MatrixKernel?>.stride, as: MatrixKernel?.self)
    }
  }

  /// A row as it is stored, as floats.
  ///
  /// - Parameters:
  ///   - row: `count` elements, whole blocks; may be unaligned.
  ///   - out: `[count]`.
  func decode(_ row: UnsafeRawPointer, to out: UnsafeMutablePointer<Float>, count: Int) {
    ck_decode_row(number, row, out, count)
  }

  /// Bytes that rows take when they are packed.
  func packedBytes(rows: Int, inputs: Int, kernels: UnsafePointer<ck_kernels>) -> Int {
    let group = Int(kernels.pointee.group)
    return (rows + group - 1) / group * ck_packed_group_bytes(kernels, number, inputs)
  }

  /// About how many bytes are packed between two reports.
  private static let pieceBytes = 16 << 20

  /// Packs the rows of tensors of this format one after another.
  ///
  /// - Parameter didPack: is told which rows of a tensor will not be read again; what it throws
  ///   ends the packing.
  func pack(
    _ tensors: [Tensor], kernels: UnsafePointer<ck_kernels>, pool: ThreadPool,
    didPack: PackingObserver
  ) throws(ModelError) -> AlignedMemory {
    let inputs = tensors[0].rowLength
    let rows: [UnsafeRawPointer?] = tensors.flatMap { tensor in
      (0..<tensor.rowCount).map { tensor.data + $0 * tensor.rowBytes }
    }
    let group = Int(kernels.pointee.group)
    let groups = (rows.count + group - 1) / group
    let bytes = ck_packed_group_bytes(kernels, number, inputs)
    let memory = try AlignedMemory(byteCount: groups * bytes, zeroed: false)
    let padded = rows + Array(repeating: nil, count: groups * group - rows.count)
    let piece = max(1, Self.pieceBytes / max(1, bytes))
    for start in stride(from: 0, to: groups, by: piece) {
      let end = min(groups, start + piece)
      padded.withUnsafeBufferPointer { padded in
        guard let first = padded.baseAddress else { return }
        pool.run(count: end - start, nanoseconds: Double(group * inputs)) { range, _ in
          for index in range.lowerBound + start..<range.upperBound + start {
            ck_pack(kernels, number, first + index * group, inputs, memory.start + index * bytes)
          }
        }
      }
      try report(start * group..<min(rows.count, end * group), of: tensors, to: didPack)
    }
    return memory
  }

  /// - Parameter rows: counted over all tensors.
  private func report(
    _ rows: Range<Int>, of tensors: [Tensor], to didPack: PackingObserver
  ) throws(ModelError) {
    var first = 0
    for tensor in tensors {
      let own = rows.clamped(to: first..<first + tensor.rowCount)
      if !own.isEmpty { try didPack(tensor, own.lowerBound - first..<own.upperBound - first) }
      first += tensor.rowCount
    }
  }
}

extension TensorFormat {
  /// Whether models whose weights have this format can run.
  public var isSupported: Bool { PackedFormat.number(of: self) != nil }

  /// The names of all formats that models can run with, in the order of their kernels.
  public static var supportedNames: [String] { PackedFormat.supported.map(\.name) }

  /// The grid whose entries blocks of this format number, as `grids.h` tells, or nil.
  package var grid: [UInt16]? {
    var count = 0
    guard let number = PackedFormat.number(of: self), let entries = ck_grid(number, &count) else {
      return nil
    }
    return Array(UnsafeBufferPointer(start: entries, count: count))
  }
}

/// Is told which rows of a tensor have been packed.
typealias PackingObserver = (Tensor, Range<Int>) throws(ModelError) -> Void
