import Synchronization

@testable import Engine

/// Where the formats IQ1 to IQ3 keep their numbers, bit for bit, as the GGUF format defines them.
///
/// A block of 256 weights has an index into a grid for each 8 weights, or each 4: the entry tells
/// their magnitudes. Each 8 weights have signs, of which some formats store seven: the number of
/// negative ones is even. IQ1's entries tell -1, 0 or 1 instead, and one bit for each 8 weights
/// whether 1/8 is added or taken away. A factor for each `span` weights is odd.
struct GridLayout {
  typealias Field = BlockLayout.Field

  let format: TensorFormat
  let grid: [UInt16]
  /// Weights that an entry stands for, and bits of each in it.
  let width: Int
  let bits: Int
  /// Magnitudes by their number in an entry; empty in IQ1.
  let levels: [Float]
  /// What a factor's product with d is multiplied by to make a weight of `levels`, or of IQ1's
  /// eighths.
  let unit: Float
  let span: Int
  /// Bits of a factor.
  let factorBits: Int

  init?(_ format: TensorFormat) {
    guard let grid = format.grid else { return nil }
    (self.format, self.grid) = (format, grid)
    let isThree = format == .iq3S || format == .iq3XXS
    (width, bits) = isThree ? (4, 3) : (8, 2)
    switch format {
    case .iq3S: (levels, unit) = ([1, 3, 5, 7, 9, 11, 13, 15], 1)
    case .iq3XXS: (levels, unit) = ([4, 12, 20, 28, 36, 44, 52, 62], 0.25)
    case .iq1S, .iq1M: (levels, unit) = ([], 0.125)
    default: (levels, unit) = ([8, 25, 43], 0.125)
    }
    switch format {
    case .iq2XS, .iq2S, .iq1M: span = 16
    default: span = 32
    }
    factorBits = levels.isEmpty ? 3 : 4
  }

  /// `count` bits that follow each other, from bit `first` after a byte.
  private static func row(_ byte: Int, _ first: Int, _ count: Int) -> [Field] {
    var fields: [Field] = []
    let end = first + count
    var next = first
    while next < end {
      let bits = min(8 - next % 8, end - next)
      fields.append(Field(byte: byte + next / 8, shift: next % 8, bits: bits))
      next += bits
    }
    return fields
  }

  /// The bits of the k-th index.
  private func index(_ k: Int) -> [Field] {
    switch format {
    case .iq3S: Self.row(2 + k, 0, 8) + Self.row(66 + k / 8, k % 8, 1)
    case .iq3XXS: Self.row(2 + k, 0, 8)
    case .iq2XXS: Self.row(2 + k / 4 * 8 + k % 4, 0, 8)
    case .iq2XS: Self.row(2 + 2 * k, 0, 9)
    case .iq2S: Self.row(2 + k, 0, 8) + Self.row(66 + k / 4, k % 4 * 2, 2)
    case .iq1S: Self.row(2 + k, 0, 8) + Self.row(34 + k / 4 * 2, k % 4 * 3, 3)
    default: Self.row(k, 0, 8) + Self.row(32 + k / 2, k % 2 * 4, 3)
    }
  }

  /// The bits of the signs of the k-th 8 weights, in IQ1 of their shift.
  private func signs(_ k: Int) -> [Field] {
    switch format {
    case .iq3S: Self.row(74 + k, 0, 8)
    case .iq3XXS: Self.row(66 + k / 4 * 4, k % 4 * 7, 7)
    case .iq2XXS: Self.row(6 + k / 4 * 8, k % 4 * 7, 7)
    case .iq2XS: Self.row(2 + 2 * k, 9, 7)
    case .iq2S: Self.row(34 + k, 0, 8)
    case .iq1S: Self.row(34 + k / 4 * 2, 15, 1)
    default: Self.row(32 + k / 2, k % 2 * 4 + 3, 1)
    }
  }

  /// The bits of the j-th factor.
  private func factor(_ j: Int) -> [Field] {
    switch format {
    case .iq3S: Self.row(106 + j / 2, j % 2 * 4, 4)
    case .iq3XXS: Self.row(66 + 4 * j, 28, 4)
    case .iq2XXS: Self.row(6 + 8 * j, 28, 4)
    case .iq2XS: Self.row(66 + j / 2, j % 2 * 4, 4)
    case .iq2S: Self.row(74 + j / 2, j % 2 * 4, 4)
    case .iq1S: Self.row(34 + 2 * j, 12, 3)
    default: Self.row(48 + j / 4 * 2, j % 4 * 3, 3)
    }
  }

  /// The bits of the half-precision d.
  private var scale: [Field] {
    guard format == .iq1M else { return Self.row(0, 0, 16) }
    return (0..<4).flatMap { Self.row(48 + 2 * $0, 12, 4) }
  }

  /// The number that an entry has for one of its weights.
  private func number(_ place: Int, of entry: UInt16) -> Int {
    Int(entry) >> (bits * place) & (1 << bits - 1)
  }

  /// Whether each of the k-th 8 weights is negative.
  private func areNegative(_ stored: Int) -> [Bool] {
    var bits = stored
    if format == .iq3XXS || format == .iq2XXS || format == .iq2XS {
      bits |= (stored.nonzeroBitCount % 2) << 7
    }
    return (0..<8).map { bits >> $0 & 1 == 1 }
  }

  /// The weights of one block.
  ///
  /// - Parameter block: the format's bytes of a block; may be unaligned.
  /// - Returns: [256]
  func decode(_ block: UnsafeRawPointer) -> [Float] {
    let d = ScalarKernels.half(UInt16(BlockLayout.number(scale, in: block)))
    return (0..<32).flatMap { eight in
      let signs = BlockLayout.number(signs(eight), in: block)
      let negative = areNegative(signs)
      let factor = Float(2 * BlockLayout.number(factor(eight * 8 / span), in: block) + 1)
      let step = unit * factor * d
      var weights: [Float] = []
      for k in eight * 8 / width..<(eight + 1) * 8 / width {
        let entry = grid[BlockLayout.number(index(k), in: block)]
        for place in 0..<width {
          let number = number(place, of: entry)
          let weight =
            levels.isEmpty
            ? Float(8 * (number - 1) + (signs == 1 ? -1 : 1))
            : negative[weights.count] ? -levels[number] : levels[number]
          weights.append(weight * step)
        }
      }
      return weights
    }
  }

  /// Weights near given ones.
  ///
  /// - Parameter x: [256]
  func encode(_ x: ArraySlice<Float>) -> [UInt8] {
    let x = Array(x)
    var block = [UInt8](repeating: 0, count: format.bytesPerBlock)
    let wanted = stride(from: 0, to: x.count, by: span).map { start in
      x[start..<start + span].reduce(0) { max($0, abs($1)) } / ((levels.last ?? 9) * unit)
    }
    let most = 1 << factorBits - 1
    let scaleBits = ScalarKernels.bits(half: (wanted.max() ?? 0) / Float(2 * most + 1))
    BlockLayout.put(Int(scaleBits), scale, in: &block)
    let d = ScalarKernels.half(scaleBits)
    let factors = wanted.map { d > 0 ? max(0, min(most, Int((($0 / d - 1) / 2).rounded()))) : 0 }
    for (j, number) in factors.enumerated() { BlockLayout.put(number, factor(j), in: &block) }
    for eight in 0..<32 {
      let step = unit * d * Float(2 * factors[eight * 8 / span] + 1)
      let values = x[eight * 8..<eight * 8 + 8].map { step > 0 ? $0 / step : 0 }
      let signs: Int
      let numbers: [Int]
      if levels.isEmpty {
        signs = values.reduce(0, +) < 0 ? 1 : 0
        let shift: Float = signs == 1 ? -1 : 1
        numbers = values.map { max(0, min(2, Int((($0 - shift) / 8).rounded()) + 1)) }
      } else {
        signs = self.signs(of: values)
        numbers = values.map { value in
          levels.indices.min { abs(levels[$0] - abs(value)) < abs(levels[$1] - abs(value)) } ?? 0
        }
      }
      BlockLayout.put(signs, self.signs(eight), in: &block)
      for start in stride(from: 0, to: 8, by: width) {
        let entry = nearest(Array(numbers[start..<start + width]))
        BlockLayout.put(entry, index((eight * 8 + start) / width), in: &block)
      }
    }
    return block
  }

  /// The signs of 8 values; where their number must be even, the smallest may have the wrong one.
  private func signs(of values: [Float]) -> Int {
    var signs = values.indices.reduce(0) { $0 | (values[$1] < 0 ? 1 << $1 : 0) }
    let stored = self.signs(0).reduce(0) { $0 + $1.bits }
    if stored == 7, signs.nonzeroBitCount % 2 == 1 {
      let smallest = values.indices.min { abs(values[$0]) < abs(values[$1]) } ?? 0
      signs ^= 1 << smallest
    }
    return signs & (1 << stored - 1)
  }

  /// The index of the entry whose numbers differ least in sum.
  private func nearest(_ numbers: [Int]) -> Int {
    let wanted = unary(numbers)
    let key = Key(format: format, numbers: wanted)
    if let known = Self.known.withLock({ $0[key] }) { return known }
    // Numbers written as rows of ones differ in as many bits as they are apart.
    let entries = Self.unaryGrids.withLock { grids in
      if let known = grids[format] { return known }
      let made = grid.map { entry in unary((0..<width).map { number($0, of: entry) }) }
      grids[format] = made
      return made
    }
    var (best, least) = (0, Int.max)
    for (index, entry) in entries.enumerated() {
      let distance = (entry ^ wanted).nonzeroBitCount
      if distance < least { (best, least) = (index, distance) }
    }
    Self.known.withLock { $0[key] = best }
    return best
  }

  private func unary(_ numbers: [Int]) -> UInt64 {
    numbers.reduce(0) { $0 << 8 | (1 << UInt64($1) - 1) }
  }

  private struct Key: Hashable {
    var format: TensorFormat
    var numbers: UInt64
  }

  /// What has been found before.
  private static let known = Mutex<[Key: Int]>([:])
  private static let unaryGrids = Mutex<[TensorFormat: [UInt64]]>([:])
}
