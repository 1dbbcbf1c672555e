import Engine

/// Where a block of small integers keeps its numbers, bit for bit, as the GGUF format defines it.
///
/// A weight is `q · d · factor + m`, where `q` is an unsigned number of a few bits less a bias; the
/// factor, one for each `span` elements, and m are there in some formats only.
struct BlockLayout {
  /// A few bits of a number, in a byte of the block; the lowest of the number come first.
  struct Field {
    var byte: Int
    var shift: Int
    var bits: Int
  }

  let format: TensorFormat
  /// Bits of q.
  let bits: Int
  /// What is subtracted from q.
  let bias: Int
  /// Where the half-precision d is.
  let scaleOffset: Int
  /// Where the half-precision m is, if there is one; formats with factors subtract it.
  let minOffset: Int?
  /// Elements that share a factor; nil without factors.
  let span: Int?
  /// The largest factor, what is subtracted from stored ones, and whether they are signed bytes.
  let factorLimit: Int
  let factorBias: Int

  /// The values that q numbers in IQ4_NL.
  static let table: [Float] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  ]

  init?(_ format: TensorFormat) {
    self.format = format
    switch format {
    case .q4_0: (bits, bias, scaleOffset, minOffset, span) = (4, 8, 0, nil, nil)
    case .iq4NL: (bits, bias, scaleOffset, minOffset, span) = (4, 0, 0, nil, nil)
    case .q4_1: (bits, bias, scaleOffset, minOffset, span) = (4, 0, 0, 2, nil)
    case .q5_0: (bits, bias, scaleOffset, minOffset, span) = (5, 16, 0, nil, nil)
    case .q5_1: (bits, bias, scaleOffset, minOffset, span) = (5, 0, 0, 2, nil)
    case .q2K: (bits, bias, scaleOffset, minOffset, span) = (2, 0, 80, 82, 16)
    case .q3K: (bits, bias, scaleOffset, minOffset, span) = (3, 4, 108, nil, 16)
    case .q4K: (bits, bias, scaleOffset, minOffset, span) = (4, 0, 0, 2, 32)
    case .q5K: (bits, bias, scaleOffset, minOffset, span) = (5, 0, 0, 2, 32)
    case .q6K: (bits, bias, scaleOffset, minOffset, span) = (6, 32, 208, nil, 16)
    default: return nil
    }
    (factorLimit, factorBias) =
      switch format {
      case .q2K: (15, 0)
      case .q3K: (31, 32)
      case .q6K: (127, 0)
      default: (63, 0)
      }
  }

  /// The bits of element i's q.
  func value(_ i: Int) -> [Field] {
    switch format {
    case .q4_0, .iq4NL: [Field(byte: 2 + i % 16, shift: i / 16 * 4, bits: 4)]
    case .q4_1: [Field(byte: 4 + i % 16, shift: i / 16 * 4, bits: 4)]
    case .q5_0:
      [
        Field(byte: 6 + i % 16, shift: i / 16 * 4, bits: 4),
        Field(byte: 2 + i / 8, shift: i % 8, bits: 1),
      ]
    case .q5_1:
      [
        Field(byte: 8 + i % 16, shift: i / 16 * 4, bits: 4),
        Field(byte: 4 + i / 8, shift: i % 8, bits: 1),
      ]
    case .q2K: [Field(byte: 16 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, bits: 2)]
    case .q3K:
      [
        Field(byte: 32 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, bits: 2),
        Field(byte: i % 32, shift: i / 32, bits: 1),
      ]
    case .q4K: [Field(byte: 16 + i / 64 * 32 + i % 32, shift: i % 64 / 32 * 4, bits: 4)]
    case .q5K:
      [
        Field(byte: 48 + i / 64 * 32 + i % 32, shift: i % 64 / 32 * 4, bits: 4),
        Field(byte: 16 + i % 32, shift: i / 32, bits: 1),
      ]
    case .q6K:
      [
        Field(byte: i / 128 * 64 + i % 64, shift: i % 128 / 64 * 4, bits: 4),
        Field(byte: 128 + i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, bits: 2),
      ]
    default: []
    }
  }

  /// The bits of the j-th factor of d.
  func scaleFactor(_ j: Int) -> [Field] {
    switch format {
    case .q2K: [Field(byte: j, shift: 0, bits: 4)]
    case .q3K:
      [
        Field(byte: 96 + j % 8, shift: j / 8 * 4, bits: 4),
        Field(byte: 104 + j % 4, shift: j / 4 * 2, bits: 2),
      ]
    case .q6K: [Field(byte: 192 + j, shift: 0, bits: 8)]
    default:
      j < 4
        ? [Field(byte: 4 + j, shift: 0, bits: 6)]
        : [Field(byte: 8 + j, shift: 0, bits: 4), Field(byte: j, shift: 6, bits: 2)]
    }
  }

  /// The bits of the j-th factor of m.
  func minFactor(_ j: Int) -> [Field] {
    if format == .q2K { return [Field(byte: j, shift: 4, bits: 4)] }
    return j < 4
      ? [Field(byte: 8 + j, shift: 0, bits: 6)]
      : [Field(byte: 8 + j, shift: 4, bits: 4), Field(byte: 4 + j, shift: 6, bits: 2)]
  }
}

extension BlockLayout {
  private static func number(_ fields: [Field], in block: UnsafeRawPointer) -> Int {
    var (number, place) = (0, 0)
    for field in fields {
      let byte = Int(block.load(fromByteOffset: field.byte, as: UInt8.self))
      number |= (byte >> field.shift & (1 << field.bits - 1)) << place
      place += field.bits
    }
    return number
  }

  private static func put(_ number: Int, _ fields: [Field], in block: inout [UInt8]) {
    var rest = number
    for field in fields {
      block[field.byte] |= UInt8(rest & (1 << field.bits - 1)) << field.shift
      rest >>= field.bits
    }
  }

  private func factor(_ fields: [Field], in block: UnsafeRawPointer) -> Int {
    let stored = Self.number(fields, in: block)
    return format == .q6K ? Int(Int8(truncatingIfNeeded: stored)) : stored
  }

  /// The weights of one block.
  ///
  /// - Parameter block: the format's bytes of a block; may be unaligned.
  /// - Returns: [blockSize]
  func decode(_ block: UnsafeRawPointer) -> [Float] {
    func half(_ offset: Int) -> Float {
      ScalarKernels.half(block.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
    return (0..<format.blockSize).map { i in
      let stored = Self.number(value(i), in: block)
      let q = format == .iq4NL ? Self.table[stored] : Float(stored - bias)
      var d = half(scaleOffset)
      var m = minOffset.map(half) ?? 0
      if let span {
        d *= Float(factor(scaleFactor(i / span), in: block) - factorBias)
        m *= minOffset == nil ? 0 : -Float(factor(minFactor(i / span), in: block))
      }
      return q * d + m
    }
  }

  /// Weights near given ones: each span's range is spread over the numbers there are.
  ///
  /// - Parameter x: [blockSize]
  func encode(_ x: ArraySlice<Float>) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: format.bytesPerBlock)
    let span = span ?? x.count
    let parts = stride(from: x.startIndex, to: x.endIndex, by: span).map { x[$0..<$0 + span] }
    let wanted = parts.map(range)
    var scales = wanted.map(\.scale)
    var mins = wanted.map(\.min)
    func putHalf(_ value: Float, at offset: Int) -> Float {
      let bits = ScalarKernels.bits(half: value)
      (block[offset], block[offset + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
      return ScalarKernels.half(bits)
    }
    if self.span == nil {
      scales = [putHalf(scales[0], at: scaleOffset)]
      if let minOffset { mins = [putHalf(mins[0], at: minOffset)] }
    } else {
      let d = putHalf((scales.max() ?? 0) / Float(factorLimit), at: scaleOffset)
      let m = minOffset.map { putHalf(-(mins.min() ?? 0) / Float(factorLimit), at: $0) } ?? 0
      for j in parts.indices {
        let scale = steps(scales[j], of: d)
        Self.put(scale + factorBias, scaleFactor(j), in: &block)
        scales[j] = d * Float(scale)
        guard minOffset != nil else { continue }
        let min = steps(-mins[j], of: m)
        Self.put(min, minFactor(j), in: &block)
        mins[j] = -m * Float(min)
      }
    }
    for (i, value) in x.enumerated() {
      Self.put(
        nearest(value, scale: scales[i / span], min: mins[i / span]), self.value(i), in: &block)
    }
    return block
  }

  private func steps(_ value: Float, of step: Float) -> Int {
    step > 0 ? max(0, min(factorLimit, Int((value / step).rounded()))) : 0
  }

  /// The scale and minimum with which the numbers there are cover a span.
  private func range(_ part: ArraySlice<Float>) -> (scale: Float, min: Float) {
    let largest = part.reduce(0) { max($0, abs($1)) }
    if format == .iq4NL { return (largest / 127, 0) }
    guard minOffset != nil else { return (largest / Float(bias), 0) }
    let low = min(0, part.min() ?? 0)
    return (((part.max() ?? 0) - low) / Float(1 << bits - 1), low)
  }

  private func nearest(_ value: Float, scale: Float, min low: Float) -> Int {
    guard scale > 0 else { return bias }
    let exact = (value - low) / scale
    if format == .iq4NL {
      return Self.table.indices.min { abs(Self.table[$0] - exact) < abs(Self.table[$1] - exact) }
        ?? 0
    }
    return max(0, min(1 << bits - 1, Int(exact.rounded()) + bias))
  }
}
