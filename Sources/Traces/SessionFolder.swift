public import Foundation

/// A saved session as a list shows it.
public struct SessionEntry: Sendable, Hashable {
  public var path: String
  /// The file's name without its ending.
  public var name: String
  public var bytes: Int
  /// When it was written last.
  public var modified: Date
  /// Whether a playground has it open.
  public var isInUse: Bool
  /// What is in it; nil as long as that has not been read, and where it is no trace.
  public var summary: SessionSummary?

  public init(
    path: String, name: String, bytes: Int, modified: Date, isInUse: Bool = false,
    summary: SessionSummary? = nil
  ) {
    self.path = path
    self.name = name
    self.bytes = bytes
    self.modified = modified
    self.isInUse = isInUse
    self.summary = summary
  }
}

/// The folder in which sessions are kept, each a trace in a file of its own.
public struct SessionFolder: Sendable {
  public var url: URL

  public init(_ url: URL) { self.url = url }

  /// The user's, `ponder` in the folder for what programs keep.
  public static var standard: SessionFolder {
    SessionFolder(UserFolder.state().appending(path: "ponder"))
  }

  private static let ending = "jsonl"

  /// A file for a session that begins now, by whose name one can tell when that was.
  public func newSession() -> URL {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd'T'HHmmss"
    let process = ProcessInfo.processInfo.processIdentifier
    return url.appending(path: "\(format.string(from: Date()))-\(process).\(Self.ending)")
  }

  /// Where a copy of a session goes on that cannot be written itself: beside it, as NAME-2, or in
  /// this folder where that cannot be.
  public func placeForCopy(of original: URL) -> URL {
    let beside = original.deletingLastPathComponent()
    let folder = access(beside.path, W_OK) == 0 ? beside : url
    let name = original.deletingPathExtension().lastPathComponent
    let ending = original.pathExtension.isEmpty ? "" : ".\(original.pathExtension)"
    var number = 2
    while true {
      let place = folder.appending(path: "\(name)-\(number)\(ending)")
      if FileKind(ofFile: place.path) == .missing { return place }
      number += 1
    }
  }

  /// Makes the journal of a session that goes on in a copy of another.
  ///
  /// - Parameters:
  ///   - file: the other, open for reading.
  ///   - length: how many of its bytes the copy begins with; they end with a line.
  /// - Throws: `TraceError`.
  public static func journal(
    at place: URL, copying file: FileHandle, length: Int
  ) throws -> TraceJournal {
    do {
      try WholeFile.makeFolder(place.deletingLastPathComponent().absoluteURL)
      try WholeFile.write(to: place) { copy in
        try TraceJournal.pieces(of: file.fileDescriptor, length: length) {
          try copy.write(contentsOf: $0)
        }
      }
    } catch { throw TraceError.unwritable(place.path, reason: WholeFile.reason(error)) }
    return try TraceJournal(at: place)
  }

  /// Makes the journal of a session that goes on in a copy of one that somebody else is writing.
  ///
  /// - Parameter length: how many bytes of the other the copy begins with.
  /// - Throws: `TraceError`.
  public func journal(inCopyOf original: URL, length: Int) throws -> TraceJournal {
    let place = placeForCopy(of: original)
    guard length > 0 else { return try TraceJournal(at: place) }
    guard let file = try? FileHandle(forReadingFrom: original) else {
      throw TraceError.unreadable(original.path)
    }
    return try Self.journal(at: place, copying: file, length: length)
  }

  // MARK: Listing

  /// The files of the sessions, the one written last first. Reads none of them.
  public func files() -> [SessionEntry] {
    let keys: [URLResourceKey] = [.fileSizeKey, .contentModificationDateKey]
    let files = try? FileManager.default.contentsOfDirectory(
      at: url, includingPropertiesForKeys: keys, options: .skipsHiddenFiles)
    let entries = (files ?? []).compactMap { file -> SessionEntry? in
      guard file.pathExtension == Self.ending, FileKind(ofFile: file.path) == .regular else {
        return nil
      }
      let values = try? file.resourceValues(forKeys: Set(keys))
      return SessionEntry(
        path: file.path, name: file.deletingPathExtension().lastPathComponent,
        bytes: values?.fileSize ?? 0,
        modified: values?.contentModificationDate ?? .distantPast)
    }
    return entries.sorted { ($0.modified, $0.path) > ($1.modified, $1.path) }
  }

  /// The sessions with what is in them, the one written last first.
  ///
  /// What was read of a file is kept beside the sessions and holds until the file changes.
  ///
  /// - Parameter observer: hears the whole list as far as it is known, and returns whether to go
  ///   on.
  public func sessions(_ observer: ([SessionEntry]) -> Bool = { _ in true }) -> [SessionEntry] {
    var index = SessionIndex(in: url)
    var entries = files()
    for place in entries.indices {
      entries[place].isInUse = FileLock.isTaken(entries[place].path)
      entries[place].summary = index[entries[place]]
    }
    guard observer(entries) else { return entries }
    var isWanted = true
    for place in entries.indices where entries[place].summary == nil {
      let entry = entries[place]
      guard
        let summary = SessionSummary.read(URL(fileURLWithPath: entry.path), isWanted: { isWanted })
      else { continue }
      entries[place].summary = summary
      index[entry] = summary
      isWanted = observer(entries)
      if !isWanted { break }
    }
    index.keepOnly(entries)
    index.write()
    return entries
  }

  // MARK: Changing

  /// Gives a session another name.
  ///
  /// - Returns: its file then.
  /// - Throws: `SessionError`, and `TraceError.inUse` for one that a playground writes.
  public func rename(_ path: String, to name: String) throws -> URL {
    let source = URL(fileURLWithPath: path)
    let target = try Self.place(of: source, named: name)
    try Self.whileUnused(path) { try Self.move(source, to: target) }
    return target
  }

  /// Where a session lies under another name.
  ///
  /// - Throws: `SessionError` for what cannot be a name.
  public static func place(of session: URL, named name: String) throws -> URL {
    let name = name.trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, !name.hasPrefix("."), !name.contains("/"), !name.contains("\0"),
      name.utf8.count < 200
    else { throw SessionError.noName(name) }
    return session.deletingLastPathComponent().appending(path: "\(name).\(ending)")
  }

  /// - Throws: `SessionError`.
  static func move(_ source: URL, to target: URL) throws {
    // Unlike renaming, linking does not replace what has the name already.
    if link(source.path, target.path) == 0 {
      unlink(source.path)
      return
    }
    let code = errno
    if code == EEXIST { throw SessionError.exists(target.lastPathComponent) }
    // Not all file systems have links.
    guard FileKind(ofFile: target.path) == .missing,
      Foundation.rename(source.path, target.path) == 0
    else {
      let error = POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
      throw SessionError.unchangeable(source.lastPathComponent, WholeFile.reason(error))
    }
  }

  /// - Throws: `SessionError`, and `TraceError.inUse` for one that a playground writes.
  public func delete(_ path: String) throws {
    try Self.whileUnused(path) {
      guard unlink(path) == 0 else {
        let error = POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        throw SessionError.unchangeable(
          URL(fileURLWithPath: path).lastPathComponent, WholeFile.reason(error))
      }
    }
  }

  /// Does something to a file while nobody else can begin to write it.
  private static func whileUnused(_ path: String, _ work: () throws -> Void) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw TraceError.missing(path) }
    defer { close(descriptor) }
    do { try FileLock.take(descriptor) } catch { throw TraceError.inUse(path) }
    try work()
  }
}

/// Why a session cannot be named or deleted.
public enum SessionError: Error, Equatable, CustomStringConvertible {
  case noName(String)
  case exists(String)
  case unchangeable(String, String)

  public var description: String {
    switch self {
    case .noName(let name): "“\(name)” cannot be the name of a session."
    case .exists(let name): "There is a session \(name) already."
    case .unchangeable(let name, let why): "\(name) cannot be changed: \(why)"
    }
  }
}

/// What was read of the sessions of a folder. It is only a saving of time: where it is missing,
/// damaged or out of date, the sessions are read anew.
private struct SessionIndex {
  private struct Row: Codable {
    var bytes: Int
    /// Seconds since 1970.
    var modified: Double
    var summary: SessionSummary
  }

  private let url: URL
  private var rows: [String: Row] = [:]
  private var isChanged = false

  init(in folder: URL) {
    url = folder.appending(path: ".sessions.json")
    guard FileKind(ofFile: url.path) == .regular, let data = try? Data(contentsOf: url) else {
      return
    }
    rows = (try? JSONDecoder().decode([String: Row].self, from: data)) ?? [:]
  }

  /// What is in a session, as long as its file has not changed since.
  subscript(entry: SessionEntry) -> SessionSummary? {
    get {
      guard let row = rows[entry.name], row.bytes == entry.bytes,
        row.modified == entry.modified.timeIntervalSince1970
      else { return nil }
      return row.summary
    }
    set {
      isChanged = true
      rows[entry.name] = newValue.map {
        Row(bytes: entry.bytes, modified: entry.modified.timeIntervalSince1970, summary: $0)
      }
    }
  }

  mutating func keepOnly(_ entries: [SessionEntry]) {
    let names = Set(entries.map(\.name))
    let count = rows.count
    rows = rows.filter { names.contains($0.key) }
    if rows.count != count { isChanged = true }
  }

  func write() {
    guard isChanged, let data = try? JSONEncoder().encode(rows) else { return }
    try? WholeFile.write(data, to: url)
  }
}
