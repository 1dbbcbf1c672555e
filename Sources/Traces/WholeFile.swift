public import Foundation

/// Writes a file whole or not at all, even when the disk is full or the power fails: beside its
/// place first, synced, and then put in place in one step.
public enum WholeFile {
  /// Writes where links lead to, so that a link stays one.
  ///
  /// - Parameter content: writes what the file is to hold.
  /// - Throws: what `content` throws, and whatever keeps the file from being written. What was in
  ///   its place is still there then.
  public static func write(to url: URL, _ content: (FileHandle) throws -> Void) throws {
    let url = destination(of: url)
    let partial = url.deletingLastPathComponent()
      .appending(path: ".\(url.lastPathComponent).\(UUID().uuidString)")
    try Data().write(to: partial, options: .withoutOverwriting)
    do {
      let handle = try FileHandle(forWritingTo: partial)
      defer { try? handle.close() }
      try content(handle)
      try handle.synchronize()
      guard rename(partial.path, url.path) == 0 else {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    } catch {
      try? FileManager.default.removeItem(at: partial)
      throw error
    }
  }

  /// Makes a folder and those above it, where they are missing.
  ///
  /// - Throws: `POSIXError`, which says what is in the way.
  package static func makeFolder(_ url: URL) throws {
    var path = ""
    for part in url.path.split(separator: "/") {
      path += "/" + part
      // What is there already is no matter here, not even on a disk that takes nothing.
      guard mkdir(path, 0o777) != 0 else { continue }
      let code = errno
      var status = stat()
      let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
      if !isFolder {
        throw POSIXError(POSIXErrorCode(rawValue: code == EEXIST ? ENOTDIR : code) ?? .EIO)
      }
    }
  }

  /// Where links lead to from a path, whether or not there is something yet.
  public static func destination(of url: URL) -> URL {
    var url = url
    // Links that form a circle are followed as long as the system would.
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path) else {
        return url
      }
      url = URL(fileURLWithPath: next, relativeTo: url.deletingLastPathComponent()).absoluteURL
    }
    return url
  }

  public static func write(_ data: Data, to url: URL) throws {
    try write(to: url) { try $0.write(contentsOf: data) }
  }

  /// Why a file could not be read or written, as the system says it.
  public static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    guard cause.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
    return String(cString: strerror(Int32(cause.code))) + "."
  }
}
