import Engine
public import Foundation

/// A file to be fetched, and how it is known to be the right one.
public struct RemoteFile: Hashable, Sendable {
  /// What messages call it.
  public var name: String
  public var url: URL
  /// In bytes; nil where nobody says beforehand.
  public var size: Int?
  /// In hexadecimal; nil where nobody says.
  public var sha256: String?

  public init(name: String, url: URL, size: Int?, sha256: String?) {
    (self.name, self.url, self.size, self.sha256) = (name, url, size, sha256)
  }
}

/// How far a download is.
public struct DownloadProgress: Hashable, Sendable {
  public var bytes: Int
  /// Nil where the server does not say.
  public var totalBytes: Int?
  /// Bytes that were here before: they say nothing of the pace.
  public var bytesBefore: Int
}

/// Fetches one file to a place, whole and checked or not at all.
///
/// Bytes go into a file beside the place (`….incomplete`) and stay there when the work is cut short;
/// the entity tag of what they belong to stands in another (`….incomplete.tag`), so that the next try
/// goes on where this one ended if the server still has the same (`If-Range`, RFC 9110, 13.1.5).
/// The file gets its name when its size and its SHA-256 are right.
struct FileDownload: Sendable {
  let client: HTTPClient
  let file: RemoteFile
  /// Where the file belongs.
  let destination: URL
  var headers: [String: String] = [:]
  /// Bytes that are free where a folder is; nil where the system does not say.
  var freeSpace: @Sendable (URL) -> Int? = FileDownload.freeSpace
  var observer: @Sendable (DownloadProgress) -> Void = { _ in }

  /// Stays free, so that a download does not fill a disk to its last byte.
  private static let spareSpace = 64 << 20
  /// Tries altogether, however much each of them brings.
  private static let mostTries = 1000

  private var partial: URL { destination.appendingPathExtension("incomplete") }
  private var tagFile: URL { partial.appendingPathExtension("tag") }

  /// - Throws: `DownloadError`, `CancellationError`.
  func run() async throws {
    if isThere { return }
    try FileManager.default.createDirectory(
      at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
    var digestFailed = false
    var changes = 0
    while true {
      do {
        let output = try PartialFile(partial, tagFile: tagFile)
        if isThere {
          // Another process has been faster.
          unlink(partial.path)
          return
        }
        try await fetch(into: output)
        try output.finish()
        try check(output)
        try move()
        return
      } catch let error as DownloadError {
        switch error {
        case .wrongDigest where !digestFailed:
          // A part of it may be of an earlier content: once more from the beginning.
          digestFailed = true
        case .keepsChanging where changes < 3:
          changes += 1
        default: throw error
        }
      }
    }
  }

  private var isThere: Bool {
    guard let size = FileFacts.size(destination.path) else { return false }
    return file.size == nil || size == file.size
  }

  /// Brings the file to its whole length, in as many tries as that takes.
  private func fetch(into output: PartialFile) async throws {
    var tries = 0
    for _ in 0..<Self.mostTries {
      if let size = file.size, output.length == size { return }
      let before = output.length
      var asked: Duration?
      do {
        if try await receive(into: output, &asked) { return }
      } catch let error as DownloadError where error.isPassing {
        tries = output.length > before ? 1 : tries + 1
        guard tries < client.patience.tries else { throw error }
        try await client.patience.wait(client.patience.pause(after: tries, asked: asked))
      }
    }
    throw DownloadError.stalled(
      host: file.url.host() ?? "the server",
      seconds: Int(client.patience.silence.components.seconds))
  }

  /// One request.
  ///
  /// - Parameter asked: becomes what the server asks to wait before the next one.
  /// - Returns: whether the file is whole.
  private func receive(into output: PartialFile, _ asked: inout Duration?) async throws -> Bool {
    var request = HTTPRequest(file.url, headers: headers)
    // What is here without a tag may belong to anything.
    if output.length > 0, output.tag == nil { try output.restart() }
    if output.length > 0, let tag = output.tag {
      request.headers["Range"] = "bytes=\(output.length)-"
      request.headers["If-Range"] = "\"\(tag)\""
    }
    let (response, trail) = try await client.send(request)
    asked = HTTPClient.wait(askedBy: response.head)
    let head = response.head
    try checkIdentity(trail)
    if head.status == 416, output.length > 0 {
      try output.restart()
      throw DownloadError.keepsChanging(file: file.name)
    }
    try HTTPClient.check(head)
    let total = try place(head, output)
    if let needed = total ?? file.size { try checkSpace(needed - output.length) }
    let before = output.length
    let watch = SilenceWatch(client.patience, host: head.url.host() ?? "the server")
    try await watch.watching { heard in
      for try await piece in response.body {
        heard()
        if let total, output.length + piece.count > total {
          try output.restart()
          throw DownloadError.wrongSize(
            file: file.name, expected: total, found: output.length + piece.count)
        }
        try output.append(piece)
        response.didRead(piece.count)
        observer(
          DownloadProgress(bytes: output.length, totalBytes: total, bytesBefore: before))
      }
      try Task.checkCancellation()
    }
    guard let total else { return true }
    guard output.length == total else {
      // The connection was closed in good order before everything had come.
      throw DownloadError.unreachable(
        host: head.url.host() ?? "the server",
        reason: "it sent \(output.length) of \(total) bytes")
    }
    return true
  }

  /// What the hub itself says on the way must be what was asked for.
  private func checkIdentity(_ trail: HTTPClient.Trail) throws(DownloadError) {
    if let size = file.size, let linked = trail.linkedSize, linked != size {
      throw .wrongSize(file: file.name, expected: size, found: linked)
    }
    if let digest = file.sha256, let linked = trail.linkedTag,
      HubRepository.isHexadecimal(linked, count: 64), linked != digest
    {
      throw .badAnswer(
        url: HTTPClient.shown(file.url), what: "its content is not the one that it lists")
    }
  }

  /// Puts what comes in its place: behind what is here, or from the beginning.
  ///
  /// - Returns: the whole file's size, where it is known.
  private func place(_ head: HTTPHead, _ output: PartialFile) throws -> Int? {
    let url = HTTPClient.shown(head.url)
    if let encoding = head["content-encoding"], encoding.lowercased() != "identity" {
      throw DownloadError.badAnswer(url: url, what: "the content encoding “\(encoding)”")
    }
    let tag = head["etag"].flatMap { $0.hasPrefix("W/") ? nil : HTTPClient.tag($0) }
    let total: Int?
    if head.status == 206 {
      guard let range = ContentRange(head["content-range"] ?? "") else {
        throw DownloadError.badAnswer(url: url, what: "a part of the file without saying which")
      }
      guard range.start == output.length, output.length > 0 else {
        try output.restart()
        throw DownloadError.badAnswer(url: url, what: "another part than was asked for")
      }
      if let tag, tag != output.tag {
        try output.restart()
        throw DownloadError.keepsChanging(file: file.name)
      }
      total = range.total
    } else {
      // The server knows no ranges, or has other content now: this is the file from its beginning.
      if output.length > 0 { try output.restart() }
      total = head["content-length"].flatMap(Int.init)
      try output.begin(tag: tag)
    }
    if let size = file.size, let total, total != size {
      if output.length > 0 { try output.restart() }
      throw DownloadError.wrongSize(file: file.name, expected: size, found: total)
    }
    return file.size ?? total
  }

  private func checkSpace(_ needed: Int) throws(DownloadError) {
    let folder = destination.deletingLastPathComponent()
    guard let free = freeSpace(folder), free < needed + Self.spareSpace else { return }
    throw .noSpace(folder: folder.path, needed: needed + Self.spareSpace, free: free)
  }

  private func check(_ output: PartialFile) throws {
    if let size = file.size, output.length != size {
      let found = output.length
      try output.restart()
      throw DownloadError.wrongSize(file: file.name, expected: size, found: found)
    }
    guard let expected = file.sha256 else { return }
    let found = output.digest()
    guard found == expected.lowercased() else {
      try output.restart()
      throw DownloadError.wrongDigest(file: file.name, expected: expected, found: found)
    }
  }

  private func move() throws(DownloadError) {
    guard rename(partial.path, destination.path) == 0 else {
      throw .cannotWrite(path: destination.path, reason: String(cString: strerror(errno)))
    }
    unlink(tagFile.path)
  }

  /// What an ordinary user may still write where a folder is.
  static func freeSpace(_ folder: URL) -> Int? {
    var facts = statvfs()
    guard statvfs(folder.path, &facts) == 0 else { return nil }
    return Int(
      clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(
        by: UInt64(facts.f_frsize)
      ).partialValue)
  }
}

/// `bytes 5-9/10` (RFC 9110, 14.4).
private struct ContentRange {
  var start: Int
  var total: Int?

  init?(_ text: String) {
    guard text.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst(6).split(separator: "/")
    let ends = parts.first?.split(separator: "-") ?? []
    guard parts.count == 2, ends.count == 2, let start = Int(ends[0]), let end = Int(ends[1]),
      start >= 0, end >= start
    else { return nil }
    self.start = start
    total = Int(parts[1])
    if let total, total <= end { return nil }
  }
}
