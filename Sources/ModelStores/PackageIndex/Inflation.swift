/// Unpacks a deflated text (RFC 1951).
struct Inflation {
  private let input: UnsafeRawBufferPointer
  private var position = 0
  /// Bits that were read and not used, the next one lowest.
  private var bits: UInt64 = 0
  private var bitCount = 0
  /// The last bytes that came out, as far back as text may refer, and those not yet handed on.
  private var window = [UInt8](repeating: 0, count: windowSize)
  private var end = 0

  /// How far back text may refer.
  private static let reach = 32 << 10
  private static let windowSize = 1 << 20

  init(_ input: UnsafeRawBufferPointer) { self.input = input }

  /// - Parameter output: is given what comes out, piece by piece; says whether to go on.
  /// - Returns: whether the text came to its end. False when it is damaged as well.
  mutating func run(_ output: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var isLast = false
    while !isLast {
      guard let last = take(1), let kind = take(2) else { return false }
      isLast = last == 1
      let isWhole: Bool
      switch kind {
      case 0: isWhole = stored(output)
      case 1: isWhole = block(.fixedLiterals, .fixedDistances, output)
      case 2:
        guard let (literals, distances) = codes() else { return false }
        isWhole = block(literals, distances, output)
      default: return false
      }
      guard isWhole else { return false }
    }
    return flush(output)
  }

  // MARK: Bits

  private mutating func refill() {
    while bitCount <= 48, position < input.count {
      bits |= UInt64(input[position]) << UInt64(bitCount)
      position += 1
      bitCount += 8
    }
  }

  /// - Parameter count: up to 32.
  private mutating func take(_ count: Int) -> Int? {
    if bitCount < count { refill() }
    guard bitCount >= count else { return nil }
    let value = Int(bits & (1 << UInt64(count) - 1))
    bits >>= UInt64(count)
    bitCount -= count
    return value
  }

  private mutating func symbol(_ code: PrefixCode) -> Int? {
    if bitCount < PrefixCode.longest { refill() }
    guard let (symbol, length) = code.symbol(UInt16(truncatingIfNeeded: bits)),
      length <= bitCount
    else { return nil }
    bits >>= UInt64(length)
    bitCount -= length
    return symbol
  }

  // MARK: Output

  /// Makes room for some bytes, handing on what is there.
  private mutating func makeRoom(_ count: Int, _ output: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    guard end + count > Self.windowSize else { return true }
    guard hand(on: output) else { return false }
    let kept = min(end, Self.reach)
    window.withUnsafeMutableBufferPointer { window in
      guard let start = window.baseAddress else { return }
      start.update(from: start + end - kept, count: kept)
    }
    end = kept
    handedOn = kept
    return true
  }

  /// Bytes at the window's beginning that were handed on already.
  private var handedOn = 0

  private mutating func hand(on output: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    let (from, to) = (handedOn, end)
    handedOn = end
    return from == to
      || window.withUnsafeBytes { output(UnsafeRawBufferPointer(rebasing: $0[from..<to])) }
  }

  private mutating func flush(_ output: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    hand(on: output)
  }

  // MARK: Blocks

  private mutating func stored(_ output: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    _ = take(bitCount % 8)
    guard let length = take(16), let inverse = take(16), length == ~inverse & 0xFFFF,
      makeRoom(length, output)
    else { return false }
    for _ in 0..<length {
      guard let byte = take(8) else { return false }
      window[end] = UInt8(byte)
      end += 1
    }
    return true
  }

  /// The codes that a block brings (RFC 1951, 3.2.7).
  private mutating func codes() -> (literals: PrefixCode, distances: PrefixCode)? {
    guard let literals = take(5), let distances = take(5), let lengths = take(4) else { return nil }
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    var own = [UInt8](repeating: 0, count: order.count)
    for index in 0..<lengths + 4 {
      guard let length = take(3) else { return nil }
      own[order[index]] = UInt8(length)
    }
    guard let code = PrefixCode(own) else { return nil }
    let count = literals + 257 + distances + 1
    var all: [UInt8] = []
    while all.count < count {
      guard let symbol = symbol(code) else { return nil }
      switch symbol {
      case 0..<16: all.append(UInt8(symbol))
      case 16:
        guard let last = all.last, let more = take(2) else { return nil }
        all += repeatElement(last, count: more + 3)
      case 17:
        guard let more = take(3) else { return nil }
        all += repeatElement(0, count: more + 3)
      default:
        guard let more = take(7) else { return nil }
        all += repeatElement(0, count: more + 11)
      }
    }
    guard all.count == count, let first = PrefixCode(Array(all[..<(literals + 257)])),
      let second = PrefixCode(Array(all[(literals + 257)...]))
    else { return nil }
    return (first, second)
  }

  /// Base and extra bits of the lengths from symbol 257 on (RFC 1951, 3.2.5).
  private static let lengths: [(base: Int, extra: Int)] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1),
    (17, 1), (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4),
    (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
  ]

  private static let distances: [(base: Int, extra: Int)] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4),
    (49, 4), (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8),
    (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12),
    (12289, 12), (16385, 13), (24577, 13),
  ]

  private mutating func block(
    _ literals: PrefixCode, _ distances: PrefixCode, _ output: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    while true {
      guard makeRoom(258, output), let symbol = symbol(literals) else { return false }
      if symbol < 256 {
        window[end] = UInt8(symbol)
        end += 1
        continue
      }
      if symbol == 256 { return true }
      guard Self.lengths.indices.contains(symbol - 257) else { return false }
      let length = Self.lengths[symbol - 257]
      guard let more = take(length.extra), let place = self.symbol(distances),
        Self.distances.indices.contains(place)
      else { return false }
      let distance = Self.distances[place]
      guard let further = take(distance.extra) else { return false }
      let back = distance.base + further
      guard back <= end else { return false }
      let count = length.base + more
      // Text may refer to what it makes itself: byte by byte.
      window.withUnsafeMutableBufferPointer { window in
        for index in end..<end + count { window[index] = window[index - back] }
      }
      end += count
    }
  }
}

/// A prefix code that is given by the lengths of its words (RFC 1951, 3.2.2).
private struct PrefixCode {
  /// Bits in the longest word.
  static let longest = 15

  /// By the next 15 bits, the first lowest: the symbol and, in the low 4 bits, its word's length.
  /// [2¹⁵]
  private var table: [UInt16]

  /// - Parameter lengths: a word's bits for each symbol; 0 for one that does not occur.
  /// - Returns: nil when more words are stated than there can be.
  init?(_ lengths: [UInt8]) {
    table = [UInt16](repeating: 0, count: 1 << Self.longest)
    var counts = [Int](repeating: 0, count: Self.longest + 1)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var next = [Int](repeating: 0, count: Self.longest + 2)
    for length in 1...Self.longest {
      next[length + 1] = (next[length] + counts[length]) << 1
      guard next[length] + counts[length] <= 1 << length else { return nil }
    }
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      var word = next[length]
      next[length] += 1
      // Words stand in the text with their first bit lowest.
      var reversed = 0
      for _ in 0..<length {
        reversed = reversed << 1 | word & 1
        word >>= 1
      }
      for index in stride(from: reversed, to: 1 << Self.longest, by: 1 << length) {
        table[index] = UInt16(symbol << 4 | length)
      }
    }
  }

  /// - Returns: nil for bits that begin no word.
  func symbol(_ bits: UInt16) -> (symbol: Int, length: Int)? {
    let entry = table[Int(bits & (1 << 15 - 1))]
    return entry == 0 ? nil : (Int(entry >> 4), Int(entry & 15))
  }

  static let fixedLiterals = PrefixCode(
    fixed: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  static let fixedDistances = PrefixCode(fixed: [UInt8](repeating: 5, count: 30))

  /// For lengths that are known to make a code.
  private init(fixed lengths: [UInt8]) {
    self = PrefixCode(lengths) ?? PrefixCode(empty: ())
  }

  private init(empty: Void) { table = [UInt16](repeating: 0, count: 1 << Self.longest) }
}
