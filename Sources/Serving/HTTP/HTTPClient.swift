import FlyingSocks
import Foundation
import Synchronization

/// Where a server is: `http://host:port/path`.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
  public var host: String
  public var port: UInt16
  /// What stands before the paths that are asked for; empty or beginning with a slash.
  public var base: String

  /// - Returns: nil for what is no address of a server that is spoken to in the open.
  public init?(_ text: String) {
    guard let url = URL(string: text), url.scheme?.lowercased() == "http",
      let host = url.host(percentEncoded: false), !host.isEmpty, url.query == nil
    else { return nil }
    self.host = host
    guard let port = UInt16(exactly: url.port ?? 80) else { return nil }
    self.port = port
    let path = url.path(percentEncoded: true)
    base = path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  public init(host: String, port: UInt16, base: String = "") {
    (self.host, self.port, self.base) = (host, port, base)
  }

  public var description: String {
    "http://\(host.contains(":") ? "[\(host)]" : host):\(port)\(base)"
  }

  /// Whether it is this machine.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}

/// What is asked of a server.
public struct HTTPCall: Sendable {
  public var method: String
  public var path: String
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(
    _ method: String, _ path: String, headers: HTTPHeaders = [:], body: [UInt8] = []
  ) {
    (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
  }

  /// As it goes over the wire, on a connection that is closed afterwards.
  public func bytes(to server: ServerAddress) -> [UInt8] {
    let host = server.host.contains(":") ? "[\(server.host)]" : server.host
    var head = "\(method) \(server.base)\(path) HTTP/1.1\r\nHost: \(host):\(server.port)\r\n"
    for field in headers.fields { head += "\(field.name): \(field.value)\r\n" }
    if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
    head += "Connection: close\r\n\r\n"
    return Array(head.utf8) + body
  }
}

/// What a server answers. The body comes piece by piece; whoever stops reading closes the connection.
public struct HTTPAnswer: Sendable {
  public var status: Int
  public var headers: HTTPHeaders
  public var body: AsyncThrowingStream<[UInt8], any Error>

  /// The whole body.
  ///
  /// - Throws: `CallError`, also for a body of more bytes than there may be.
  public func whole(atMost limit: Int = 256 << 20) async throws -> [UInt8] {
    var all: [UInt8] = []
    for try await piece in body {
      all += piece
      guard all.count <= limit else { throw CallError.badAnswer("far too long") }
    }
    try Task.checkCancellation()
    return all
  }
}

/// Why a server could not be asked.
public enum CallError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreachable(ServerAddress, why: String)
  case timedOut(ServerAddress)
  /// The connection ended before the answer did.
  case cutOff
  /// What came is no answer of HTTP.
  case badAnswer(String)

  public var description: String {
    switch self {
    case .unreachable(let server, let why): "\(server) cannot be reached: \(why)."
    case .timedOut(let server): "\(server) does not answer."
    case .cutOff: "The connection was closed in the middle of an answer."
    case .badAnswer(let what): "What the server answers is no HTTP: \(what)."
    }
  }
}

/// Asks servers by HTTP/1.1 over sockets in the open: those of this machine and its neighbours. Cancelling a
/// call closes its connection, so that the server can stop working for it.
public struct HTTPClient: Sendable {
  /// Seconds in which a server must take the connection, and in which it must say something.
  public var connectSeconds = 10.0
  public var silenceSeconds = 600.0

  public init() {}

  /// - Throws: `CallError`, `CancellationError`.
  public func send(_ call: HTTPCall, to server: ServerAddress) async throws -> HTTPAnswer {
    let socket = try await connect(to: server)
    do {
      try await socket.write(Data(call.bytes(to: server)))
      var parser = HTTPAnswerParser(isHead: call.method == "HEAD")
      while true {
        if let head = try parser.head() {
          return HTTPAnswer(
            status: head.status, headers: head.headers, body: body(of: parser, from: socket, server)
          )
        }
        try await parser.read(from: socket, server, silenceSeconds)
      }
    } catch {
      try? socket.close()
      throw Self.translated(error, server)
    }
  }

  private func connect(to server: ServerAddress) async throws -> AsyncSocket {
    do {
      if let address = try? sockaddr_in.inet(
        ip4: server.host == "localhost" ? "127.0.0.1" : server.host, port: server.port)
      {
        return try await AsyncSocket.connected(to: address, timeout: connectSeconds)
      }
      if let address = try? sockaddr_in6.inet6(ip6: server.host, port: server.port) {
        return try await AsyncSocket.connected(to: address, timeout: connectSeconds)
      }
      let address = try sockaddr_in.inet(ip4: try await Self.look(up: server), port: server.port)
      return try await AsyncSocket.connected(to: address, timeout: connectSeconds)
    } catch SocketError.disconnected {
      throw CallError.unreachable(server, why: "nobody takes the connection")
    } catch {
      throw Self.translated(error, server)
    }
  }

  /// The address of a name, asked on a thread of its own: it may take its time.
  private static func look(up server: ServerAddress) async throws -> String {
    let found: String? = await withCheckedContinuation { resume in
      Thread.detachNewThread {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        var list: UnsafeMutablePointer<addrinfo>?
        defer { freeaddrinfo(list) }
        var text: String?
        if getaddrinfo(server.host, nil, &hints, &list) == 0, let first = list?.pointee.ai_addr {
          var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
          let length = socklen_t(MemoryLayout<sockaddr_in>.size)
          if getnameinfo(
            first, length, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0
          {
            text = String(
              decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
          }
        }
        resume.resume(returning: text)
      }
    }
    guard let found else { throw CallError.unreachable(server, why: "its name is not known") }
    return found
  }

  private static func translated(_ error: any Error, _ server: ServerAddress) -> any Error {
    switch error {
    case is CancellationError, is CallError: error
    case SocketError.timeout: CallError.timedOut(server)
    case SocketError.disconnected: CallError.cutOff
    case SocketError.failed(_, let code, _):
      CallError.unreachable(server, why: String(cString: strerror(code)))
    case let fault as HTTPFault: CallError.badAnswer(fault.description)
    default: CallError.unreachable(server, why: "\(error)")
    }
  }

  private func body(
    of parser: HTTPAnswerParser, from socket: AsyncSocket, _ server: ServerAddress
  ) -> AsyncThrowingStream<[UInt8], any Error> {
    let silence = silenceSeconds
    let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
    let task = Task {
      var parser = parser
      do {
        while true {
          let piece = try parser.piece()
          if !piece.isEmpty { continuation.yield(piece) }
          if parser.isOver { break }
          if piece.isEmpty { try await parser.read(from: socket, server, silence) }
        }
        try? socket.close()
        continuation.finish()
      } catch {
        try? socket.close()
        continuation.finish(throwing: Self.translated(error, server))
      }
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }
}

/// Reads an answer from bytes as they come.
public struct HTTPAnswerParser: Sendable {
  private enum Framing {
    case length(Int)
    case chunkSize
    case chunk(Int)
    case chunkEnd
    case trailers
    /// Up to the end of the connection.
    case rest
    case over
  }

  private let isHead: Bool
  private var buffer: [UInt8] = []
  private var framing = Framing.rest
  private var isClosed = false
  private var hasHead = false

  private static let longestHead = 256 << 10

  /// - Parameter isHead: what is asked for has no body.
  public init(isHead: Bool) { self.isHead = isHead }

  /// Whether the body is whole.
  public var isOver: Bool {
    if case .over = framing { return true }
    return false
  }

  /// Waits for more bytes.
  fileprivate mutating func read(
    from socket: AsyncSocket, _ server: ServerAddress, _ seconds: Double
  ) async throws {
    if isClosed { throw CallError.cutOff }
    do {
      take(try await within(seconds: seconds) { try await socket.read(atMost: 65_536) })
    } catch SocketError.disconnected {
      try close()
    } catch is TimedOut {
      throw CallError.timedOut(server)
    }
  }

  /// Takes bytes that have come.
  public mutating func take(_ bytes: some Sequence<UInt8>) { buffer += bytes }

  /// The connection has ended.
  ///
  /// - Throws: `CallError.cutOff` where more should have come.
  public mutating func close() throws {
    isClosed = true
    guard case .rest = framing, hasHead else { throw CallError.cutOff }
    framing = .over
  }

  /// Status and headers; nil while they are not whole.
  ///
  /// - Throws: `CallError`.
  public mutating func head() throws -> (status: Int, headers: HTTPHeaders)? {
    while true {
      guard let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) else {
        guard buffer.count <= Self.longestHead else { throw CallError.badAnswer("an endless head") }
        return nil
      }
      let lines = buffer[..<end.lowerBound].split(separator: 0x0A, omittingEmptySubsequences: false)
        .map { $0.last == 0x0D ? $0.dropLast() : $0 }
      buffer.removeSubrange(..<end.upperBound)
      let parts = (lines.first ?? []).split(separator: 0x20, maxSplits: 2)
      guard parts.count >= 2, parts[0].starts(with: Array("HTTP/1.".utf8)),
        let status = Int(String(decoding: parts[1], as: UTF8.self)), (100...999).contains(status)
      else { throw CallError.badAnswer("no status") }
      let headers = try HTTPSyntax.fields(lines.dropFirst())
      // An interim word: the answer is still to come.
      if status < 200, status != 101 { continue }
      if isHead || status == 204 || status == 304 {
        framing = .over
      } else if headers.words("transfer-encoding").last == "chunked" {
        framing = .chunkSize
      } else if let text = headers["content-length"] {
        guard let length = HTTPSyntax.length(text) else {
          throw CallError.badAnswer("a length that is no number")
        }
        framing = length == 0 ? .over : .length(length)
      } else {
        framing = .rest
      }
      hasHead = true
      return (status, headers)
    }
  }

  /// What there is of the body; empty where more has to be waited for, or where it is over.
  ///
  /// - Throws: `CallError`.
  public mutating func piece() throws -> [UInt8] {
    var piece: [UInt8] = []
    while true {
      switch framing {
      case .over: return piece
      case .rest:
        piece += buffer
        buffer = []
        return piece
      case .length(let left):
        let count = min(left, buffer.count)
        piece += buffer.prefix(count)
        buffer.removeFirst(count)
        framing = left == count ? .over : .length(left - count)
        return piece
      case .chunk(let left):
        let count = min(left, buffer.count)
        piece += buffer.prefix(count)
        buffer.removeFirst(count)
        framing = left == count ? .chunkEnd : .chunk(left - count)
        if left > count { return piece }
      case .chunkSize, .chunkEnd, .trailers:
        guard let line = try line() else { return piece }
        switch framing {
        case .chunkSize:
          let size = try HTTPSyntax.chunkSize(line)
          framing = size == 0 ? .trailers : .chunk(size)
        case .chunkEnd:
          guard line.isEmpty else { throw CallError.badAnswer("a chunk that is too long") }
          framing = .chunkSize
        default:
          if line.isEmpty { framing = .over }
        }
      }
    }
  }

  private mutating func line() throws -> ArraySlice<UInt8>? {
    guard let end = buffer.firstIndex(of: 0x0A) else {
      guard buffer.count <= 16 << 10 else { throw CallError.badAnswer("an endless line") }
      return nil
    }
    var line = buffer[..<end]
    if line.last == 0x0D { line = line.dropLast() }
    buffer.removeFirst(end + 1)
    return line
  }
}
