import Foundation
import Synchronization

/// A server of HTTP/1.1 on 127.0.0.1 that answers as a test tells it, and lies when it is told to.
final class FakeServer: Sendable {
  struct Request: Sendable {
    var method: String
    /// With its query.
    var path: String
    /// Names in lower case.
    var headers: [String: String]
  }

  struct Reply: Sendable {
    /// What becomes of the connection.
    enum Ending: Sendable {
      /// Everything is sent.
      case whole
      /// It is closed after so many bytes of the body.
      case cut(after: Int)
      /// After so many bytes nothing comes any more.
      case stall(after: Int)
    }

    var status = 200
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    var ending = Ending.whole
  }

  typealias Handler = @Sendable (Request) -> Reply

  let port: UInt16
  private let listener: Int32
  private let handler: Handler
  private let state = Mutex(State())

  private struct State {
    var requests: [Request] = []
    var stalls = 0
    var isStopped = false
  }

  init(_ handler: @escaping Handler) throws {
    self.handler = handler
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isOpen = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &size) == 0
      }
    }
    guard isOpen else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread { [self] in accept() }
    thread.start()
  }

  var address: String { "http://127.0.0.1:\(port)" }
  var requests: [Request] { state.withLock { $0.requests } }
  /// Connections over which nothing comes any more.
  var stalls: Int { state.withLock { $0.stalls } }

  func stop() {
    state.withLock { $0.isStopped = true }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func accept() {
    while true {
      let connection = Foundation.accept(listener, nil, nil)
      guard connection >= 0, !state.withLock({ $0.isStopped }) else { break }
      let thread = Thread { [self] in
        serve(connection)
        close(connection)
      }
      thread.start()
    }
    close(listener)
  }

  private func serve(_ connection: Int32) {
    guard let request = read(connection) else { return }
    state.withLock { $0.requests.append(request) }
    let reply = handler(request)
    var headers = reply.headers
    headers["Connection"] = "close"
    if headers["Content-Length"] == nil { headers["Content-Length"] = "\(reply.body.count)" }
    let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }
    guard
      send(Array("HTTP/1.1 \(reply.status) X\r\n\(lines.joined())\r\n".utf8)[...], connection),
      request.method != "HEAD"
    else { return }
    switch reply.ending {
    case .whole: _ = send(reply.body[...], connection)
    case .cut(let count): _ = send(reply.body.prefix(count), connection)
    case .stall(let count):
      guard send(reply.body.prefix(count), connection) else { return }
      state.withLock { $0.stalls += 1 }
      // Until the client has had enough.
      var byte: UInt8 = 0
      while recv(connection, &byte, 1, 0) > 0 {}
    }
  }

  private func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      var byte: UInt8 = 0
      guard recv(connection, &byte, 1, 0) == 1, bytes.count < 1 << 16 else { return nil }
      bytes.append(byte)
    }
    var lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    let first = lines.removeFirst().split(separator: " ").map(String.init)
    guard first.count == 3 else { return nil }
    var headers: [String: String] = [:]
    for line in lines {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    return Request(method: first[0], path: first[1], headers: headers)
  }

  private func send(_ bytes: ArraySlice<UInt8>, _ connection: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Content that a server has under a path, with the entity tag that goes with it.
struct Content: Sendable {
  var bytes: [UInt8]
  var tag: String

  /// What a correct server answers.
  func reply(to request: FakeServer.Request) -> FakeServer.Reply {
    var reply = FakeServer.Reply(headers: ["ETag": "\"\(tag)\""])
    let isSame = request.headers["if-range"].map { $0 == "\"\(tag)\"" } ?? true
    guard isSame, let start = request.rangeStart else {
      reply.body = bytes
      return reply
    }
    guard start < bytes.count else {
      reply.status = 416
      return reply
    }
    reply.status = 206
    reply.headers["Content-Range"] = "bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
    reply.body = Array(bytes[start...])
    return reply
  }
}

extension FakeServer.Request {
  /// Of `Range: bytes=START-`.
  var rangeStart: Int? {
    headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).dropLast()) : nil }
  }
}

extension FakeServer.Reply {
  func ending(_ ending: Ending) -> Self {
    var reply = self
    reply.ending = ending
    return reply
  }
}
