/// The printable alphabet in which byte-level BPE vocabularies spell bytes.
///
/// A visible Latin-1 character stands for itself; the other 68 bytes stand for the characters
/// from U+0100 on, in order (so a space is spelled `Ġ` and a line feed `Ċ`). The mapping is that
/// of GPT-2 (Radford et al. 2019).
package enum ByteAlphabet {
  /// The scalar that spells each byte. [256]
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (UInt32(0)...255).map { byte in
      if isVisible(byte) { return byte }
      defer { next += 1 }
      return next
    }
  }()

  /// The UTF-8 spelling of each byte, one or two bytes long. [256]
  package static let spellings: [[UInt8]] = scalars.map { scalar in
    scalar < 0x80 ? [UInt8(scalar)] : [UInt8(0xC0 | scalar >> 6), UInt8(0x80 | scalar & 0x3F)]
  }

  /// For each scalar below U+0144 the byte it spells, or −1. [324]
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar)] = Int16(byte) }
    return table
  }()

  private static func isVisible(_ byte: UInt32) -> Bool {
    (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
  }

  /// The bytes that a spelling stands for, or nil when it is not written in this alphabet.
  static func decode(_ spelling: some Collection<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(spelling.count)
    var lead: UInt32?
    for unit in spelling {
      let scalar: UInt32
      switch (lead, unit) {
      case (nil, 0..<0x80): scalar = UInt32(unit)
      case (nil, 0xC2...0xC5):
        lead = UInt32(unit & 0x1F)
        continue
      case (let high?, 0x80..<0xC0):
        scalar = high << 6 | UInt32(unit & 0x3F)
        lead = nil
      default: return nil
      }
      guard scalar < bytes.count, bytes[Int(scalar)] >= 0 else { return nil }
      result.append(UInt8(bytes[Int(scalar)]))
    }
    return lead == nil ? result : nil
  }
}
