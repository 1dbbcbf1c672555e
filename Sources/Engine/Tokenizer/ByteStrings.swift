/// Many byte strings in one block of memory.
struct ByteStrings: Sendable {
  private var storage: [UInt8] = []
  /// Where each string starts in `storage`, and the end of the last. [count + 1]
  private var starts: [Int] = [0]

  var count: Int { starts.count - 1 }

  mutating func append(_ string: some Sequence<UInt8>) {
    storage.append(contentsOf: string)
    starts.append(storage.count)
  }

  /// The string at an index, which must be in `0 ..< count`.
  subscript(index: Int) -> ArraySlice<UInt8> { storage[starts[index]..<starts[index + 1]] }
}
