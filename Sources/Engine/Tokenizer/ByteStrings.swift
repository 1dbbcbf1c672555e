/// Many byte strings in one block of memory.
struct ByteStrings: Sendable {
  private var storage: [UInt8] = []
  /// Where each string starts in `storage`, and the end of the last. [count + 1]
  private var starts: [Int] = [0]

  var count: Int { starts.count - 1 }

  mutating func reserve(count: Int, bytes: Int) {
    starts.reserveCapacity(count + 1)
    storage.reserveCapacity(bytes)
  }

  mutating func append(_ string: some Sequence<UInt8>) {
    storage.append(contentsOf: string)
    starts.append(storage.count)
  }

  /// The string at an index, which must be in `0 ..< count`.
  subscript(index: Int) -> ArraySlice<UInt8> { storage[starts[index]..<starts[index + 1]] }

  /// Whether the string at an index, which must be in `0 ..< count`, consists of these bytes.
  func equals(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
    let (start, end) = (starts[index], starts[index + 1])
    guard end - start == bytes.count else { return false }
    return storage.withUnsafeBytes { storage in
      for offset in 0..<bytes.count where storage[start + offset] != bytes[offset] { return false }
      return true
    }
  }
}
