public import Foundation

/// A trace read from a file.
public struct TraceFile: Sendable {
  public var records: [TraceRecord]
  /// How many bytes at the end were not a whole line: a process was killed while writing.
  public var tornBytes: Int
  /// Whether the last line is closed by a line feed, so that more can be appended.
  public var isClosed: Bool

  /// Reads a trace.
  ///
  /// A torn last line is dropped. Unknown events are kept.
  ///
  /// - Throws: `TraceError` naming the file and the line.
  public static func read(_ url: URL) throws -> TraceFile {
    let data: Data
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory),
      isDirectory.boolValue
    {
      throw TraceError.isFolder(url.path)
    }
    if isDevice(url) { throw TraceError.notATrace(url.path) }
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw FileManager.default.fileExists(atPath: url.path)
        ? TraceError.unreadable(url.path) : TraceError.missing(url.path)
    }
    return try parse(data, name: url.path)
  }

  /// Whether it is a device, such as `/dev/null`, which has no end or holds nothing.
  static func isDevice(_ url: URL) -> Bool {
    let path = url.resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeCharacterSpecial
  }

  public static func parse(_ data: Data, name: String) throws -> TraceFile {
    var records: [TraceRecord] = []
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty {
      do {
        records.append(try TraceCoding.record(fromLine: Data(line)))
      } catch {
        // Only the very last line, not closed by a line feed, may be torn.
        if index == lines.count - 1 && !records.isEmpty {
          return TraceFile(records: records, tornBytes: line.count, isClosed: false)
        }
        throw TraceError.damaged(name, line: index + 1)
      }
    }
    if let first = records.first, case .header(let header) = first.event {
      if header.format > TraceHeader.currentFormat {
        throw TraceError.tooNew(name, format: header.format)
      }
    } else {
      throw TraceError.notATrace(name)
    }
    return TraceFile(records: records, tornBytes: 0, isClosed: data.last == UInt8(ascii: "\n"))
  }
}

/// Why a trace cannot be read or written.
public enum TraceError: Error, Equatable, CustomStringConvertible {
  case missing(String)
  case unreadable(String)
  case isFolder(String)
  case notATrace(String)
  case damaged(String, line: Int)
  case tooNew(String, format: Int)
  case unwritable(String, reason: String)

  public var description: String {
    switch self {
    case .missing(let path): "There is no trace at \(path)."
    case .unreadable(let path): "The trace \(path) cannot be read; check its permissions."
    case .isFolder(let path): "\(path) is a folder; name the trace in it."
    case .notATrace(let path):
      "\(path) is not a Ponder trace: its first line is not a header event."
    case .damaged(let path, let line):
      "\(path) is damaged at line \(line): that line is not a trace event."
    case .tooNew(let path, let format):
      "\(path) has trace format \(format); this Ponder reads up to "
        + "\(TraceHeader.currentFormat). Use a newer Ponder."
    case .unwritable(let path, let reason): "The trace \(path) cannot be written: \(reason)"
    }
  }
}
