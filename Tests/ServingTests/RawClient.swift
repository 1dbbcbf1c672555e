import Foundation
import Synchronization

/// A client that sends any bytes, and reads what comes until the other side closes. Its reads block, on a
/// thread of their own.
final class RawClient: Sendable {
  typealias Port = UInt16

  private let file: Int32
  private let isClosed = Mutex(false)

  struct CannotConnect: Error { let code: Int32 }

  init(_ port: Port) throws {
    file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw CannotConnect(code: errno) }
  }

  deinit { close() }

  func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends as much as the other side takes.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Int {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(
          file, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { break }
      sent += count
    }
    return sent
  }

  /// What comes next; empty when the other side has closed.
  func some() async -> [UInt8] {
    await withCheckedContinuation { resume in
      Thread.detachNewThread { [file] in
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = bytes.withUnsafeMutableBytes { recv(file, $0.baseAddress, $0.count, 0) }
        resume.resume(returning: Array(bytes.prefix(max(0, count))))
      }
    }
  }

  /// All that comes until the other side closes.
  func everything() async -> String {
    var all: [UInt8] = []
    while true {
      let more = await some()
      if more.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += more
    }
  }

  func close() {
    let wasClosed = isClosed.withLock { closed in
      defer { closed = true }
      return closed
    }
    if !wasClosed { _ = Foundation.close(file) }
  }
}
