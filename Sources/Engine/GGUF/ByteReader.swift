/// Reads little-endian values from the front of a buffer, each only after a check that it lies
/// within the buffer.
struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  /// Where the next value starts; at most the buffer's size.
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, offset: Int = 0) {
    self.bytes = bytes
    self.offset = min(max(offset, 0), bytes.count)
  }

  var remaining: Int { bytes.count - offset }

  /// The range of the next `count` bytes, which are skipped.
  mutating func skip(_ count: UInt64, for what: String) throws(GGUFError) -> Range<Int> {
    guard count <= UInt64(remaining) else {
      throw .truncated(what: what, offset: offset, needed: count, size: bytes.count)
    }
    let range = offset..<offset + Int(count)
    offset = range.upperBound
    return range
  }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type, for what: String)
    throws(GGUFError) -> T
  {
    let range = try skip(UInt64(T.bitWidth / 8), for: what)
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self))
  }

  /// A string: its length in 64 bits, then its bytes.
  mutating func string(for what: String) throws(GGUFError) -> [UInt8] {
    Array(bytes[try stringRange(for: what)])
  }

  mutating func stringRange(for what: String) throws(GGUFError) -> Range<Int> {
    try skip(try integer(UInt64.self, for: what), for: what)
  }

  /// A count of things of which each takes at least `minimumSize` bytes: more than fit into the
  /// rest of the buffer cannot be, so nothing is ever allocated for an absurd count.
  mutating func count(minimumSize: Int, for what: String) throws(GGUFError) -> Int {
    let count = try integer(UInt64.self, for: what)
    guard count <= UInt64(remaining / minimumSize) else {
      let (needed, overflow) = count.multipliedReportingOverflow(by: UInt64(minimumSize))
      throw .truncated(
        what: what, offset: offset, needed: overflow ? .max : needed, size: bytes.count)
    }
    return Int(count)
  }
}
