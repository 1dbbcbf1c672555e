import Engine
import Foundation

/// A ZIP archive (PKWARE's APPNOTE 6.3) as far as wheels are ones: files that are stored or deflated,
/// none encrypted, all in one file.
struct ZipArchive {
  struct Entry: Hashable {
    var path: String
    var isDeflated: Bool
    var crc32: UInt32
    var storedSize: Int
    /// Of the file when it is unpacked.
    var size: Int
    fileprivate var headerOffset: Int
  }

  let entries: [Entry]
  private let name: String
  private let bytes: Data

  private static let mostEntries = 100_000

  /// - Throws: `DownloadError.damagedArchive`.
  init(_ url: URL) throws(DownloadError) {
    name = url.lastPathComponent
    guard let bytes = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw .damagedArchive(file: name, what: "it cannot be read")
    }
    self.bytes = bytes
    entries = try Self.directory(bytes, name)
  }

  /// Reads the directory at the archive's end.
  private static func directory(_ bytes: Data, _ name: String) throws(DownloadError) -> [Entry] {
    let damaged = DownloadError.damagedArchive(file: name, what: "it has no directory")
    // The end's record is 22 bytes and a comment of up to 65 535.
    let first = max(0, bytes.count - 22 - 65_535)
    guard bytes.count >= 22,
      let end = stride(from: bytes.count - 22, through: first, by: -1).first(where: {
        bytes.integer(UInt32.self, at: $0) == 0x0605_4B50
      }),
      let count = bytes.integer(UInt16.self, at: end + 10).map(Int.init),
      var offset = bytes.integer(UInt32.self, at: end + 16).map(Int.init)
    else { throw damaged }
    guard count != 0xFFFF, offset != 0xFFFF_FFFF, count <= mostEntries else {
      throw .damagedArchive(file: name, what: "it is larger than 4 GB")
    }
    var entries: [Entry] = []
    for _ in 0..<count {
      guard bytes.integer(UInt32.self, at: offset) == 0x0201_4B50,
        let flags = bytes.integer(UInt16.self, at: offset + 8),
        let method = bytes.integer(UInt16.self, at: offset + 10),
        let crc32 = bytes.integer(UInt32.self, at: offset + 16),
        let stored = bytes.integer(UInt32.self, at: offset + 20),
        let size = bytes.integer(UInt32.self, at: offset + 24),
        let nameLength = bytes.integer(UInt16.self, at: offset + 28).map(Int.init),
        let extraLength = bytes.integer(UInt16.self, at: offset + 30).map(Int.init),
        let commentLength = bytes.integer(UInt16.self, at: offset + 32).map(Int.init),
        let header = bytes.integer(UInt32.self, at: offset + 42),
        offset + 46 + nameLength <= bytes.count
      else { throw damaged }
      let path = String(
        decoding: bytes[
          bytes.startIndex + offset + 46..<bytes.startIndex + offset + 46 + nameLength],
        as: UTF8.self)
      if flags & 1 == 0, method == 0 || method == 8, stored != .max, size != .max, header != .max {
        entries.append(
          Entry(
            path: path, isDeflated: method == 8, crc32: crc32, storedSize: Int(stored),
            size: Int(size), headerOffset: Int(header)))
      }
      offset += 46 + nameLength + extraLength + commentLength
    }
    return entries
  }

  /// Writes the content of an entry into a new file, checking its size and its check sum.
  ///
  /// - Throws: `DownloadError.damagedArchive`, `.cannotWrite`.
  func extract(_ entry: Entry, to url: URL) throws(DownloadError) {
    let at = entry.headerOffset
    guard bytes.integer(UInt32.self, at: at) == 0x0403_4B50,
      let nameLength = bytes.integer(UInt16.self, at: at + 26).map(Int.init),
      let extraLength = bytes.integer(UInt16.self, at: at + 28).map(Int.init)
    else { throw .damagedArchive(file: name, what: "“\(entry.path)” is not where it should be") }
    let start = at + 30 + nameLength + extraLength
    guard start + entry.storedSize <= bytes.count else {
      throw .damagedArchive(file: name, what: "“\(entry.path)” reaches beyond its end")
    }
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: url.path, reason: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var crc = CRC32()
    var size = 0
    var problem: DownloadError?
    let write = { (piece: UnsafeRawBufferPointer) -> Bool in
      size += piece.count
      guard size <= entry.size else { return false }
      crc.update(piece)
      var rest = piece[...]
      while !rest.isEmpty {
        let count = Foundation.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          problem = .cannotWrite(path: url.path, reason: String(cString: strerror(errno)))
          return false
        }
      }
      return true
    }
    let isWhole = bytes.withUnsafeBytes { all in
      let stored = UnsafeRawBufferPointer(rebasing: all[start..<start + entry.storedSize])
      guard entry.isDeflated else { return write(stored) }
      var inflation = Inflation(stored)
      return inflation.run(write)
    }
    if let problem { throw problem }
    guard isWhole, size == entry.size, crc.value == entry.crc32, fsync(descriptor) == 0 else {
      throw .damagedArchive(file: name, what: "“\(entry.path)” does not unpack to what it should")
    }
  }
}

extension Data {
  /// A little-endian number at an offset from the beginning; nil beyond the end.
  fileprivate func integer<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T? {
    let size = MemoryLayout<T>.size
    guard offset >= 0, offset <= count - size else { return nil }
    return withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
  }
}

/// The check sum of ZIP and PNG (ISO 3309), computed piece by piece.
struct CRC32 {
  private var state = UInt32.max

  var value: UInt32 { ~state }

  private static let table: [UInt32] = (0..<256).map { (index: UInt32) in
    (0..<8).reduce(index) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var state = state
    Self.table.withUnsafeBufferPointer { table in
      for byte in bytes { state = state >> 8 ^ table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] }
    }
    self.state = state
  }
}
