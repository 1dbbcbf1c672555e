#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory aligned to a cache line.
package final class AlignedMemory: @unchecked Sendable {
  package let start: UnsafeMutableRawPointer
  package let byteCount: Int

  /// - Parameter zeroed: all bytes are zero; otherwise they are arbitrary, and memory is not taken
  ///   before it is written.
  /// - Throws: `ModelError.outOfMemory` when the system has none left.
  package init(byteCount: Int, zeroed: Bool = true) throws(ModelError) {
    // Large areas are aligned to huge pages, which spares most address translations.
    let huge = 2 << 20
    var pointer: UnsafeMutableRawPointer?
    let status = posix_memalign(&pointer, byteCount >= huge ? huge : 64, max(byteCount, 64))
    guard status == 0, let pointer else { throw .outOfMemory(bytes: byteCount) }
    #if os(Linux)
      let advice: Int32 = 14  // MADV_HUGEPAGE
      if byteCount >= huge { madvise(pointer, byteCount, advice) }
    #endif
    if zeroed { memset(pointer, 0, byteCount) }
    start = pointer
    self.byteCount = byteCount
  }

  deinit { free(start) }
}

/// Scratch memory for values of one type that grows to the largest size ever asked for.
package struct ScratchBuffer<Element: BitwiseCopyable> {
  private var memory: AlignedMemory?

  /// At least `count` elements; what was in the buffer is lost when it grows.
  package init() {}

  package mutating func reserve(_ count: Int) throws(ModelError) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    if let memory, memory.byteCount >= bytes {
      return memory.start.assumingMemoryBound(to: Element.self)
    }
    let larger = try AlignedMemory(byteCount: bytes)
    memory = larger
    return larger.start.assumingMemoryBound(to: Element.self)
  }
}
