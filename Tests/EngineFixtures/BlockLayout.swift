import Engine

/// Where a block of small integers keeps its numbers, bit for bit, as the GGUF format defines it.
///
/// A weight is `q · d · factor + m`, where `q` is an unsigned number of a few bits less a bias, or the
/// entry of a table that they number; the factor, one for each `span` elements, and m are there in
/// some formats only. `GridLayout` has the formats whose numbers stand for several weights at once.
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
  /// Where the half-precision d is, or in MXFP4 its exponent.
  let scaleOffset: Int
  /// Where the half-precision m is, if there is one; formats with factors subtract it.
  let minOffset: Int?
  /// Elements that share a factor; nil without factors.
  let span: Int?
  /// The largest factor, what is subtracted from stored ones, and whether they are signed bytes.
  let factorLimit: Int
  let factorBias: Int

  /// The values that q numbers, if it does.
  let table: [Float]?

  private static func table(of format: TensorFormat) -> [Float]? {
    switch format {
    case .iq4NL, .iq4XS:
      [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
    // Twice a sign, two bits of exponent and one of fraction.
    case .mxfp4: (0..<16).map { ($0 < 8 ? 1 : -1) * [0, 1, 2, 3, 4, 6, 8, 12][$0 % 8] }
    default: nil
    }
  }

  init?(_ format: TensorFormat) {
    self.format = format
    table = Self.table(of: format)
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
    case .iq4XS: (bits, bias, scaleOffset, minOffset, span) = (4, 0, 0, nil, 32)
    case .mxfp4: (bits, bias, scaleOffset, minOffset, span) = (4, 0, 0, nil, nil)
    case .tq1_0: (bits, bias, scaleOffset, minOffset, span) = (2, 1, 52, nil, nil)
    case .tq2_0: (bits, bias, scaleOffset, minOffset, span) = (2, 1, 64, nil, nil)
    default: return nil
    }
    (factorLimit, factorBias) =
      switch format {
      case .q2K: (15, 0)
      case .q3K, .iq4XS: (31, 32)
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
    case .iq4XS: [Field(byte: 8 + i / 32 * 16 + i % 16, shift: i % 32 / 16 * 4, bits: 4)]
    case .mxfp4: [Field(byte: 1 + i % 16, shift: i / 16 * 4, bits: 4)]
    case .tq2_0: [Field(byte: i / 128 * 32 + i % 32, shift: i % 128 / 32 * 2, bits: 2)]
    default: []
    }
  }

  /// Where TQ1_0 keeps element i: the byte, and the place of its base-3 digit, the highest first.
  private static func ternary(_ i: Int) -> (byte: Int, place: Int) {
    switch i {
    case ..<160: (i % 32, i / 32)
    case ..<240: (32 + i % 16, (i - 160) / 16)
    default: (48 + i % 4, (i - 240) / 4)
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
    case .iq4XS:
      [
        Field(byte: 4 + j / 2, shift: j % 2 * 4, bits: 4),
        Field(byte: 2 + j / 4, shift: j % 4 * 2, bits: 2),
      ]
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
  static func number(_ fields: [Field], in block: UnsafeRawPointer) -> Int {
    var (number, place) = (0, 0)
    for field in fields {
      let byte = Int(block.load(fromByteOffset: field.byte, as: UInt8.self))
      number |= (byte >> field.shift & (1 << field.bits - 1)) << place
      place += field.bits
    }
    return number
  }

  static func put(_ number: Int, _ fields: [Field], in block: inout [UInt8]) {
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

  /// The number that stands for element i.
  private func stored(_ i: Int, in block: UnsafeRawPointer) -> Int {
    guard format == .tq1_0 else { return Self.number(value(i), in: block) }
    // A byte is a fraction of 256, rounded up; multiplying by 3 moves a digit before the point.
    let (byte, place) = Self.ternary(i)
    var fraction = Int(block.load(fromByteOffset: byte, as: UInt8.self))
    for _ in 0..<place { fraction = fraction * 3 % 256 }
    return fraction * 3 / 256
  }

  private func put(_ numbers: [Int], in block: inout [UInt8]) {
    guard format == .tq1_0 else {
      for (i, number) in numbers.enumerated() { Self.put(number, value(i), in: &block) }
      return
    }
    var digits = [Int](repeating: 0, count: scaleOffset)
    let powers = [81, 27, 9, 3, 1]
    for (i, number) in numbers.enumerated() {
      let (byte, place) = Self.ternary(i)
      digits[byte] += number * powers[place]
    }
    for (byte, digits) in digits.enumerated() { block[byte] = UInt8((digits * 256 + 242) / 243) }
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
      let stored = stored(i, in: block)
      let q = table?[stored] ?? Float(stored - bias)
      var d = half(scaleOffset)
      if format == .mxfp4 { d = power(block.load(fromByteOffset: scaleOffset, as: UInt8.self)) }
      var m = minOffset.map(half) ?? 0
      if let span {
        d *= Float(factor(scaleFactor(i / span), in: block) - factorBias)
        m *= minOffset == nil ? 0 : -Float(factor(minFactor(i / span), in: block))
      }
      return q * d + m
    }
  }

  /// What an exponent of MXFP4 stands for: half the power of two of OCP's E8M0, as the values are
  /// twice those of its 4-bit floats.
  private func power(_ exponent: UInt8) -> Float {
    Float(sign: .plus, exponent: Int(exponent) - 128, significand: 1)
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
    if format == .mxfp4 {
      let exponent = UInt8(max(0, min(254, scales[0] > 0 ? 128 + Int(scales[0].exponent) : 0)))
      block[scaleOffset] = exponent
      scales = [power(exponent)]
    } else if self.span == nil {
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
    let numbers = x.enumerated().map { i, value in
      nearest(value, scale: scales[i / span], min: mins[i / span])
    }
    put(numbers, in: &block)
    return block
  }

  private func steps(_ value: Float, of step: Float) -> Int {
    step > 0 ? max(0, min(factorLimit, Int((value / step).rounded()))) : 0
  }

  /// The scale and minimum with which the numbers there are cover a span.
  private func range(_ part: ArraySlice<Float>) -> (scale: Float, min: Float) {
    let largest = part.reduce(0) { max($0, abs($1)) }
    if let table { return (largest / table.reduce(0) { max($0, abs($1)) }, 0) }
    guard minOffset != nil else { return (largest / Float(bias), 0) }
    let low = min(0, part.min() ?? 0)
    return (((part.max() ?? 0) - low) / Float(1 << bits - 1), low)
  }

  private func nearest(_ value: Float, scale: Float, min low: Float) -> Int {
    guard scale > 0 else { return bias }
    let exact = (value - low) / scale
    if let table {
      return table.indices.min { abs(table[$0] - exact) < abs(table[$1] - exact) } ?? 0
    }
    // Ternary formats have three of the numbers that two bits could have.
    let top = bias == 1 ? 2 : 1 << bits - 1
    return max(0, min(top, Int(exact.rounded()) + bias))
  }
}
