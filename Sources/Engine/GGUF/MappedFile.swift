import Foundation

/// The bytes of a file, mapped read-only into memory or held in memory.
///
/// Pages are read when they are first touched. A file must not be shortened while it is mapped:
/// the operating system then ends the process.
final class MappedFile: @unchecked Sendable {  // immutable once initialised
  /// The file's bytes, aligned to at least 64.
  let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  private static let alignment = 64

  /// - Throws: `GGUFError.notFound` and `.cannotOpen`.
  init(path: String) throws(GGUFError) {
    // Without O_NONBLOCK the opening of a FIFO would wait for someone to write to it.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
      throw .cannotOpen(path: path, reason: Self.errorText())
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .cannotOpen(path: path, reason: Self.errorText())
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .cannotOpen(path: path, reason: "it is not a regular file")
    }
    let size = Int(status.st_size)
    guard size > 0 else { throw .notGGUF(path: path) }
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      address != MAP_FAILED
    else { throw .cannotOpen(path: path, reason: Self.errorText()) }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
    isMapped = true
  }

  /// Holds a copy of bytes.
  init(copying source: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(source.count, 1), alignment: Self.alignment)
    copy.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(copy)[..<source.count])
    isMapped = false
  }

  deinit {
    guard let start = bytes.baseAddress else { return }
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    } else {
      UnsafeMutableRawPointer(mutating: start).deallocate()
    }
  }

  /// What will be done with a part of the file.
  enum Use {
    /// It is read soon: the system may fetch it in one go.
    case soon
    /// It need not stay in memory: a page that is touched again is read again.
    case done
  }

  /// Tells the system how a part of the mapping is used. Contents never change by it.
  func advise(_ use: Use, _ range: Range<Int>) {
    guard isMapped, let start = bytes.baseAddress else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard page > 0 else { return }
    // Pages that are shared with a neighbour are fetched, but not given up.
    let first = use == .soon ? range.lowerBound / page : (range.lowerBound + page - 1) / page
    let last =
      use == .soon || range.upperBound == bytes.count
      ? (range.upperBound + page - 1) / page : range.upperBound / page
    guard first < last else { return }
    madvise(
      UnsafeMutableRawPointer(mutating: start + first * page), (last - first) * page,
      use == .soon ? MADV_WILLNEED : MADV_DONTNEED)
  }

  private static func errorText() -> String { String(cString: strerror(errno)) }
}
