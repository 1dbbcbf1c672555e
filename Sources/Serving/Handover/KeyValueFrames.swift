import Decoding

/// Blocks of keys and values on their way, each in a frame: what it is, how long it is, and a checksum.
///
/// A frame is `PKV1`, then the block's index, its tokens, its bytes and their CRC-32 as 32-bit numbers, the
/// lowest byte first, then the bytes.
enum KeyValueFrames {
  private static let mark = Array("PKV1".utf8)
  static let headerSize = 20

  static func frame(_ block: KeyValueBlock) -> [UInt8] {
    var frame = mark
    for number in [
      UInt32(block.index), UInt32(block.count), UInt32(block.bytes.count),
      CRC32.of(block.bytes),
    ] {
      for shift in stride(from: 0, to: 32, by: 8) {
        frame.append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
      }
    }
    return frame + block.bytes
  }

  /// Why bytes are no frames.
  enum Damage: Error, Equatable, CustomStringConvertible {
    case noFrame
    case checksum(block: Int)
    case tooLarge

    var description: String {
      switch self {
      case .noFrame: "What came are no keys and values."
      case .checksum(let block): "Block \(block) of the keys and values was damaged on its way."
      case .tooLarge: "A block of keys and values is larger than it can be."
      }
    }
  }

  /// Reads frames from bytes as they come.
  struct Reader {
    /// The most bytes that a block can have.
    let limit: Int
    private var buffer: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    mutating func append(_ bytes: [UInt8]) { buffer += bytes }

    /// The next block; nil while it is not whole.
    mutating func next() throws(Damage) -> KeyValueBlock? {
      let known = buffer.prefix(mark.count)
      guard known.elementsEqual(mark.prefix(known.count)) else { throw .noFrame }
      guard buffer.count >= headerSize else { return nil }
      let numbers = (0..<4).map { place in
        (0..<4).reduce(UInt32(0)) {
          $0 | UInt32(buffer[mark.count + place * 4 + $1]) << UInt32(8 * $1)
        }
      }
      let size = Int(numbers[2])
      guard size <= limit else { throw .tooLarge }
      guard buffer.count >= headerSize + size else { return nil }
      let bytes = Array(buffer[headerSize..<headerSize + size])
      buffer.removeFirst(headerSize + size)
      guard CRC32.of(bytes) == numbers[3] else { throw .checksum(block: Int(numbers[0])) }
      return KeyValueBlock(index: Int(numbers[0]), count: Int(numbers[1]), bytes: bytes)
    }

    /// Whether nothing is left over.
    var isEmpty: Bool { buffer.isEmpty }
  }
}

/// The cyclic redundancy check of Ethernet and gzip (RFC 1952, section 8).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { value in
    (0..<8).reduce(UInt32(value)) { sum, _ in
      sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1
    }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
  }
}
