import Engine
import Foundation
import Synchronization

/// A file that is being fetched: it grows, and its digest with it.
///
/// Only one process at a time has it: the file itself is locked (`flock`), which the system takes
/// back after any end.
final class PartialFile: Sendable {
  private struct State {
    var length: Int
    var digest: SHA256
    var tag: String?
  }

  private let descriptor: Int32
  private let url: URL
  private let tagFile: URL
  private let state: Mutex<State>

  /// Opens what an earlier download has left, or begins.
  ///
  /// - Throws: `DownloadError.isRunning`, `.cannotWrite`.
  init(_ url: URL, tagFile: URL) throws(DownloadError) {
    (self.url, self.tagFile) = (url, tagFile)
    descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    state = Mutex(State(length: 0, digest: SHA256(), tag: nil))
    guard descriptor >= 0 else { throw Self.failure(url) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK
        ? .isRunning(file: url.deletingPathExtension().lastPathComponent) : Self.failure(url)
    }
    let tag = try? String(contentsOf: tagFile, encoding: .utf8)
    // Without its tag it may be anything.
    if let tag, !tag.isEmpty { try readAgain(tag: tag) } else { try restart() }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  var length: Int { state.withLock { $0.length } }

  /// The entity tag of the content that the bytes belong to; nil where the server has none that
  /// promises equal bytes.
  var tag: String? { state.withLock { $0.tag } }

  /// Forgets all bytes.
  func restart() throws(DownloadError) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw Self.failure(url)
    }
    unlink(tagFile.path)
    state.withLock { $0 = State(length: 0, digest: SHA256(), tag: nil) }
  }

  /// The first bytes of a content follow.
  func begin(tag: String?) throws(DownloadError) {
    if let tag {
      do {
        try Data(tag.utf8).write(to: tagFile, options: .atomic)
      } catch {
        throw .cannotWrite(path: tagFile.path, reason: "\(error.localizedDescription)")
      }
    } else {
      unlink(tagFile.path)
    }
    state.withLock { $0.tag = tag }
  }

  func append(_ piece: Data) throws(DownloadError) {
    let isWritten = piece.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
      }
      return true
    }
    guard isWritten else { throw Self.failure(url) }
    state.withLock { state in
      piece.withUnsafeBytes { state.digest.update($0) }
      state.length += piece.count
    }
  }

  /// Everything is there: it must outlast a loss of power before it gets its name.
  func finish() throws(DownloadError) {
    guard fsync(descriptor) == 0 else { throw Self.failure(url) }
  }

  /// The SHA-256 of all bytes, in hexadecimal.
  func digest() -> String {
    state.withLock { state in
      let digest = state.digest
      return digest.hexadecimal()
    }
  }

  /// Digests what an earlier download has left.
  private func readAgain(tag: String) throws(DownloadError) {
    var digest = SHA256()
    var length = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure(url) }
      if count == 0 { break }
      buffer.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      length += count
    }
    let state = (length, digest)
    self.state.withLock { $0 = State(length: state.0, digest: state.1, tag: tag) }
  }

  private static func failure(_ url: URL) -> DownloadError {
    .cannotWrite(path: url.path, reason: String(cString: strerror(errno)))
  }
}
