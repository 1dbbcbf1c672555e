package import Engine

/// What every format means, in plain Swift: the oracle that the kernels are tested against, and
/// the way tests and tools make weights of a format.
///
/// Adding a format: its case in `encode` and `decode`, or its `BlockLayout` or `GridLayout`, its
/// kernels in CKernels and its line in `PackedFormat`.
package enum ScalarKernels {
  /// Rows of a format as floats.
  ///
  /// - Returns: `[rowCount, rowLength]`, or nil when the format is not one of
  ///   `PackedFormat.supported`.
  package static func decode(_ tensor: Tensor) -> [Float]? {
    let count = tensor.rowLength * tensor.rowCount
    let data = tensor.data
    switch tensor.format {
    case .f32:
      return (0..<count).map { data.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
    case .f16:
      return (0..<count).map {
        half(data.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self))
      }
    case .bf16:
      return (0..<count).map {
        let bits = data.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self)
        return Float(bitPattern: UInt32(bits) << 16)
      }
    case .q8_0:
      return (0..<count).map { i in
        let block = data + i / 32 * 34
        let scale = half(block.loadUnaligned(as: UInt16.self))
        return scale * Float(block.load(fromByteOffset: 2 + i % 32, as: Int8.self))
      }
    default:
      let decode: (UnsafeRawPointer) -> [Float]
      if let layout = BlockLayout(tensor.format) {
        decode = layout.decode
      } else if let layout = GridLayout(tensor.format) {
        decode = layout.decode
      } else {
        return nil
      }
      return (0..<count / tensor.format.blockSize).flatMap {
        decode(data + $0 * tensor.format.bytesPerBlock)
      }
    }
  }

  /// Floats in a format; for Q8_0 each block's scale is its largest magnitude / 127.
  ///
  /// - Returns: the bytes, or nil when the format is not supported or `values` are not whole
  ///   blocks.
  package static func encode(_ values: [Float], as format: TensorFormat) -> [UInt8]? {
    guard let size = format.byteCount(rowLength: values.count) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    func append(_ bits: some FixedWidthInteger) {
      withUnsafeBytes(of: bits.littleEndian) { bytes.append(contentsOf: $0) }
    }
    switch format {
    case .f32:
      for value in values { append(value.bitPattern) }
    case .f16:
      for value in values { append(bits(half: value)) }
    case .bf16:
      for value in values { append(brainBits(value)) }
    case .q8_0:
      for start in stride(from: 0, to: values.count, by: 32) {
        let block = values[start..<start + 32]
        let scale = block.reduce(0) { max($0, abs($1)) } / 127
        append(bits(half: scale))
        for value in block {
          let rounded = scale > 0 ? (value / scale).rounded() : 0
          append(Int8(max(-127, min(127, rounded))))
        }
      }
    default:
      let encode: (ArraySlice<Float>) -> [UInt8]
      if let layout = BlockLayout(format) {
        encode = layout.encode
      } else if let layout = GridLayout(format) {
        encode = layout.encode
      } else {
        return nil
      }
      for start in stride(from: 0, to: values.count, by: format.blockSize) {
        bytes += encode(values[start..<start + format.blockSize])
      }
    }
    return bytes
  }

  /// The upper half of a float, rounded to nearest, ties to even.
  package static func brainBits(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Activations as the 8-bit kernels see them: in blocks of 32, rounded to the nearest multiple
  /// (ties to even) of a scale that makes the largest magnitude 127.
  package static func quantized(_ x: [Float]) -> [(scale: Float, values: [Int8])] {
    stride(from: 0, to: x.count, by: 32).map { start in
      let block = x[start..<min(start + 32, x.count)]
      let top = block.reduce(0) { max($0, abs($1)) }
      let factor = top > 0 ? 127 / top : 0
      return (top / 127, block.map { Int8(($0 * factor).rounded(.toNearestOrEven)) })
    }
  }

  /// y = W x in double precision, activations quantised first where the format's kernels do so.
  ///
  /// - Parameter columns: some x. [columns, rowLength]
  /// - Returns: `[columns, rowCount]`, or nil when the format is not supported.
  package static func products(_ weights: Tensor, _ columns: [[Float]]) -> [[Double]]? {
    guard let matrix = decode(weights) else { return nil }
    let inputs = columns.map { x -> [Double] in
      guard weights.format.blockSize > 1 else { return x.map(Double.init) }
      return quantized(x).flatMap { block in
        block.values.map { Double(block.scale) * Double($0) }
      }
    }
    return inputs.map { input in
      (0..<weights.rowCount).map { row in
        var sum = 0.0
        for k in 0..<weights.rowLength {
          sum += Double(matrix[row * weights.rowLength + k]) * input[k]
        }
        return sum
      }
    }
  }

  /// IEEE 754 half precision, by its definition.
  package static func half(_ bits: UInt16) -> Float {
    let sign: Float = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 0x1F)
    let fraction = Float(bits & 0x3FF)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
    }
  }

  /// The nearest half-precision number, ties to even.
  package static func bits(half value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = abs(value)
    if magnitude.isNaN { return sign | 0x7E00 }
    if magnitude >= 65520 { return sign | 0x7C00 }
    if magnitude < 0x1p-14 {
      return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven))
    }
    let exponent = Int(magnitude.exponent)
    let scaled = Float(sign: .plus, exponent: 10 - exponent, significand: magnitude)
    let fraction = UInt16(scaled.rounded(.toNearestOrEven))
    // 2048 carries into the exponent, as it should.
    return sign | (UInt16(exponent + 15) << 10) + (fraction - 1024)
  }
}
