/// Numbers byte strings in the order in which they come and finds a string's number.
///
/// Vocabularies of 256 000 tokens and millions of look-ups a megabyte of text go through here, so
/// it takes bytes as they lie in memory, and a hash made for short strings.
struct SpellingIndex: Sendable {
  private(set) var spellings = ByteStrings()
  /// Numbers at the places that hashes point to, the next free one after a collision; −1 where
  /// there is none. A power of two, at most half full.
  private var slots: [Int32]

  var count: Int { spellings.count }

  init(minimumCapacity: Int) {
    var size = 64
    while size < 2 * minimumCapacity { size *= 2 }
    slots = Array(repeating: -1, count: size)
  }

  /// Adds a string under the next number, also if it is there already: the last one counts.
  @discardableResult
  mutating func append(_ spelling: UnsafeRawBufferPointer) -> Int32 {
    if 2 * (count + 1) > slots.count { grow() }
    let number = Int32(count)
    slots[slot(of: spelling)] = number
    spellings.append(spelling)
    return number
  }

  /// The number of a string.
  func find(_ spelling: UnsafeRawBufferPointer) -> Int32? {
    let number = slots[slot(of: spelling)]
    return number >= 0 ? number : nil
  }

  /// Where the string is or would go.
  private func slot(of spelling: UnsafeRawBufferPointer) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(spelling)) & mask
    while slots[slot] >= 0, !spellings.equals(spelling, at: Int(slots[slot])) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: 2 * slots.count)
    for number in 0..<count {
      spellings[number].withUnsafeBytes { slots[slot(of: $0)] = Int32(number) }
    }
  }

  /// A seed of this process, so that no file can be made whose strings all collide.
  private static let seed = UInt64.random(in: .min ... .max)

  private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = seed ^ UInt64(truncatingIfNeeded: bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      hash = mix(hash, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    return mix(hash, rest)
  }

  /// Multiplies to 128 bits and folds them, as wyhash does.
  private static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    let product = (hash ^ value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(
      by: 0xE703_7ED1_A0B4_28DB)
    return product.high ^ product.low
  }
}
