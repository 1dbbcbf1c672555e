public import Foundation

/// A trace read from a file.
///
/// What can be read of a damaged file is read: a line that holds no event is skipped and counted.
public struct TraceFile: Sendable {
  public var records: [TraceRecord] = []
  /// How many lines were skipped because they hold no event.
  public var badLines = 0
  /// The number of the first such line, from 1.
  public var firstBadLine: Int?
  /// How many bytes at the end were not a whole line: a process was killed while writing.
  public var tornBytes = 0
  /// Whether the last line is closed by a line feed, so that more can be appended.
  public var isClosed = true
  /// How many bytes there are before what is torn.
  public var length = 0

  /// Hears how many bytes have been read, and of how many; 0 where that is not known. Throws to
  /// have the reading end.
  public typealias Observer = (_ bytes: Int, _ totalBytes: Int) throws -> Void

  /// Reads a trace.
  ///
  /// - Throws: `TraceError` naming the file, and what the observer throws.
  public static func read(
    _ url: URL, observer: Observer = { _, _ in }
  ) throws -> TraceFile {
    let path = url.path
    switch FileKind(ofFile: path) {
    case .missing: throw TraceError.missing(path)
    case .folder: throw TraceError.isFolder(path)
    case .device: throw TraceError.notATrace(path)
    case .regular, .stream: break
    }
    guard let file = try? FileHandle(forReadingFrom: url) else {
      throw TraceError.unreadable(path)
    }
    defer { try? file.close() }
    return try read(file, name: path, observer: observer)
  }

  /// Reads a trace to go on in; nil where there is none yet, and for a device or a pipe, which are
  /// only written to.
  ///
  /// - Throws: `TraceError`.
  public static func existing(at url: URL) throws -> TraceFile? {
    switch FileKind(ofFile: url.path) {
    case .missing, .device, .stream: return nil
    case .folder, .regular: break
    }
    var status = stat()
    if stat(url.path, &status) == 0, status.st_size == 0 { return nil }
    return try read(url)
  }

  /// Reads what is left of an open file.
  static func read(_ file: FileHandle, name: String, observer: Observer) throws -> TraceFile {
    var status = stat()
    let total = fstat(file.fileDescriptor, &status) == 0 ? Int(status.st_size) : 0
    var lines = TraceLines(name: name)
    var bytes = 0
    try observer(0, total)
    while true {
      let piece: Data?
      do {
        piece = try file.read(upToCount: 1 << 20)
      } catch { throw TraceError.unreadable(name) }
      guard let piece, !piece.isEmpty else { break }
      try lines.take(piece)
      bytes += piece.count
      try observer(bytes, total)
    }
    return try lines.finished()
  }

  public static func parse(_ data: Data, name: String) throws -> TraceFile {
    var lines = TraceLines(name: name)
    try lines.take(data)
    return try lines.finished()
  }
}

/// Puts a trace together from pieces of its file, which end anywhere.
private struct TraceLines {
  private let name: String
  private let reader = TraceCoding.LineReader()
  private var file = TraceFile()
  private var lineNumber = 0
  /// The beginning of the next line.
  private var rest: [UInt8] = []

  init(name: String) { self.name = name }

  mutating func take(_ piece: Data) throws {
    var buffer = rest
    buffer += piece
    let used = try buffer.withUnsafeBufferPointer { bytes in
      var start = 0
      while let end = Self.lineFeed(in: bytes, from: start) {
        try take(line: UnsafeBufferPointer(rebasing: bytes[start..<end]))
        start = end + 1
      }
      return start
    }
    file.length += used
    rest = Array(buffer[used...])
    // A file of another kind may have no lines at all.
    if file.records.isEmpty, rest.count > 64 << 20 { throw TraceError.notATrace(name) }
  }

  private static func lineFeed(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 0x0A, bytes.count - start)
    else { return nil }
    return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }

  private mutating func take(line: UnsafeBufferPointer<UInt8>) throws {
    lineNumber += 1
    if line.isEmpty { return }
    guard let record = try? reader.record(line) else {
      file.badLines += 1
      if file.firstBadLine == nil { file.firstBadLine = lineNumber }
      // So much in vain is no damage.
      if file.records.isEmpty, file.badLines > 1000 { throw TraceError.notATrace(name) }
      return
    }
    try take(record)
  }

  private mutating func take(_ record: TraceRecord) throws {
    if case .header(let header) = record.event {
      if header.format > TraceHeader.currentFormat {
        throw TraceError.tooNew(name, format: header.format)
      }
    } else if file.records.isEmpty, file.badLines == 0 {
      // Where the first line is damaged it may have been the header.
      throw TraceError.notATrace(name)
    }
    file.records.append(record)
  }

  mutating func finished() throws -> TraceFile {
    if !rest.isEmpty {
      file.isClosed = false
      // Whole but for its line feed, or torn.
      let last = rest.withUnsafeBufferPointer { try? reader.record($0) }
      if let last {
        try take(last)
        file.length += rest.count
      } else {
        file.tornBytes = rest.count
      }
    }
    guard !file.records.isEmpty else { throw TraceError.notATrace(name) }
    return file
  }
}

/// What a path leads to, links followed.
enum FileKind {
  case missing, regular, folder
  /// Such as `/dev/null`, which has no end or holds nothing.
  case device
  /// A pipe or a socket.
  case stream

  init(ofFile path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      self = .missing
      return
    }
    self.init(status)
  }

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder
    case S_IFCHR, S_IFBLK: self = .device
    case S_IFIFO, S_IFSOCK: self = .stream
    default: self = .regular
    }
  }
}

/// Why a trace cannot be read or written.
public enum TraceError: Error, Equatable, CustomStringConvertible {
  case missing(String)
  case unreadable(String)
  case isFolder(String)
  case notATrace(String)
  case tooNew(String, format: Int)
  case unwritable(String, reason: String)
  /// Another process writes to it.
  case inUse(String)

  public var description: String {
    switch self {
    case .missing(let path): "There is no trace at \(path)."
    case .unreadable(let path): "The trace \(path) cannot be read; check its permissions."
    case .isFolder(let path): "\(path) is a folder; name the trace in it."
    case .notATrace(let path):
      "\(path) is not a Ponder trace: its first line is not a header event."
    case .tooNew(let path, let format):
      "\(path) has trace format \(format); this Ponder reads up to "
        + "\(TraceHeader.currentFormat). Use a newer Ponder."
    case .unwritable(let path, let reason): "The trace \(path) cannot be written: \(reason)"
    case .inUse(let path): "The trace \(path) is being written by another Ponder."
    }
  }
}
