import CTransfer
import Foundation
public import Serving
import Synchronization

/// A flag that tells a request that nobody wants its answer any more.
public final class Abandonment: Sendable {
  private let raised = Atomic(false)

  public init() {}

  public var isRaised: Bool { raised.load(ordering: .acquiring) }

  public func raise() { raised.store(true, ordering: .releasing) }
}

/// A whole answer of a server.
public struct RemoteAnswer: Sendable {
  public var status: Int
  public var headers: HTTPHeaders
  public var body: [UInt8]

  public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8]) {
    (self.status, self.headers, self.body) = (status, headers, body)
  }
}

/// Sends a request and waits for the whole answer.
///
/// It blocks, and is called on threads of its own: turning a text into tokens is asked for where nothing can
/// be awaited, and waiting there for tasks could leave none to run them.
public protocol RemoteTransport: Sendable {
  /// - Parameter abandonment: when it is raised, the connection is closed soon, so that the server can stop
  ///   working for it.
  /// - Throws: `RemoteError`; `CallError` for what is no HTTP.
  func send(
    _ call: HTTPCall, to address: RemoteAddress, _ abandonment: Abandonment
  ) throws -> RemoteAnswer
}

/// Largest answer that is read.
private let largestAnswer = 256 << 20

/// How often a waiting request looks whether it is still wanted, in milliseconds.
private let glance: Int32 = 25

/// Sockets in the open, libcurl for what is encrypted.
public struct NetworkTransport: RemoteTransport {
  /// Seconds in which a server must take the connection, and in which it must say something.
  public var connectSeconds = 10.0
  public var silenceSeconds = 600.0

  public init() {}

  public func send(
    _ call: HTTPCall, to address: RemoteAddress, _ abandonment: Abandonment
  ) throws -> RemoteAnswer {
    if address.isEncrypted {
      return try EncryptedExchange(abandonment).send(call, to: address, silenceSeconds)
    }
    let file = try connect(to: address, abandonment)
    defer { close(file) }
    try write(call.bytes(to: address.server), to: file, address, abandonment)
    return try read(from: file, isHead: call.method == "HEAD", address, abandonment)
  }

  // MARK: Sockets

  private func connect(to address: RemoteAddress, _ abandonment: Abandonment) throws -> Int32 {
    let server = address.server
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    // A server of this machine is found at once and by the older kind of address, as most listen to it.
    if server.host == "localhost" { hints.ai_family = AF_INET }
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(server.host, "\(server.port)", &hints, &list) == 0 else {
      throw RemoteError.unreachable(server: address.shownServer, why: "its name is not known")
    }
    defer { freeaddrinfo(list) }
    var why = "it has no address"
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      let file = socket(
        entry.pointee.ai_family, entry.pointee.ai_socktype, entry.pointee.ai_protocol)
      guard file >= 0 else { continue }
      _ = fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK)
      var code: Int32 = 0
      if Foundation.connect(file, entry.pointee.ai_addr, entry.pointee.ai_addrlen) != 0 {
        code = errno
        if code == EINPROGRESS {
          do {
            try wait(for: file, POLLOUT, connectSeconds, address, abandonment)
          } catch {
            close(file)
            throw error
          }
          var length = socklen_t(MemoryLayout<Int32>.size)
          getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length)
        }
      }
      if code == 0 { return file }
      why = String(cString: strerror(code)).lowercased()
      close(file)
    }
    throw RemoteError.unreachable(server: address.shownServer, why: why)
  }

  private func wait(
    for file: Int32, _ event: Int32, _ seconds: Double, _ address: RemoteAddress,
    _ abandonment: Abandonment
  ) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    var waited = pollfd(fd: file, events: Int16(event), revents: 0)
    while true {
      if abandonment.isRaised { throw RemoteError.abandoned }
      if poll(&waited, 1, glance) > 0 { return }
      if ContinuousClock.now >= end { throw RemoteError.timedOut(server: address.shownServer) }
    }
  }

  private func write(
    _ bytes: [UInt8], to file: Int32, _ address: RemoteAddress, _ abandonment: Abandonment
  ) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(
          file, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        sent += count
      } else if count < 0, errno == EAGAIN || errno == EINTR {
        try wait(for: file, POLLOUT, silenceSeconds, address, abandonment)
      } else {
        // A server that refuses a request may answer before it has read all of it.
        return
      }
    }
  }

  private func read(
    from file: Int32, isHead: Bool, _ address: RemoteAddress, _ abandonment: Abandonment
  ) throws -> RemoteAnswer {
    var parser = HTTPAnswerParser(isHead: isHead)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var answer: RemoteAnswer?
    while true {
      if answer == nil, let head = try parser.head() {
        answer = RemoteAnswer(status: head.status, headers: head.headers, body: [])
      }
      if var found = answer {
        // Given up first, so that the bytes are not copied.
        answer = nil
        found.body += try parser.piece()
        if parser.isOver { return found }
        guard found.body.count <= largestAnswer else {
          throw RemoteError.badAnswer(server: address.shownServer, what: "an endless answer")
        }
        answer = found
      }
      let count = recv(file, &buffer, buffer.count, 0)
      if count > 0 {
        parser.take(buffer.prefix(count))
      } else if count == 0 {
        try parser.close()
      } else if errno == EAGAIN || errno == EINTR {
        try wait(for: file, POLLIN, silenceSeconds, address, abandonment)
      } else {
        throw CallError.cutOff
      }
    }
  }
}

/// One exchange with libcurl, which is opened when it is first needed.
private final class EncryptedExchange {
  private let abandonment: Abandonment
  private var lines: [String] = []
  private var body: [UInt8] = []

  init(_ abandonment: Abandonment) { self.abandonment = abandonment }

  func send(
    _ call: HTTPCall, to address: RemoteAddress, _ silence: Double
  ) throws -> RemoteAnswer {
    var receiver = ct_receiver(
      context: Unmanaged.passUnretained(self).toOpaque(),
      line: { context, bytes, count in
        EncryptedExchange.at(context)?.take(
          line: UnsafeRawBufferPointer(start: bytes, count: count)) ?? false
      },
      body: { context, bytes, count in
        EncryptedExchange.at(context)?.take(
          body: UnsafeRawBufferPointer(start: bytes, count: count)) ?? false
      },
      goes_on: { EncryptedExchange.at($0).map { !$0.abandonment.isRaised } ?? false })
    var reason = [CChar](repeating: 0, count: Int(CT_REASON_SIZE))
    let texts =
      [address.shownServer + call.path, "Accept-Encoding: identity"]
      + call.headers.fields.map { "\($0.name): \($0.value)" }
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let strings = copies.map { $0.map { UnsafePointer($0) } } + [nil]
    let end = strings.withUnsafeBufferPointer { strings in
      call.body.withUnsafeBytes { body in
        var request = ct_request(
          url: strings[0], head_only: call.method == "HEAD",
          headers: strings.baseAddress.map { $0 + 1 },
          body: call.method == "POST" ? body.baseAddress?.assumingMemoryBound(to: CChar.self) : nil,
          body_size: body.count, silence: Int32(silence))
        return ct_transfer(&request, &receiver, &reason)
      }
    }
    switch end {
    case CT_DONE: break
    case CT_MISSING: throw RemoteError.encryptionMissing
    case CT_STOPPED where abandonment.isRaised: throw RemoteError.abandoned
    case CT_STOPPED:
      throw RemoteError.badAnswer(server: address.shownServer, what: "an endless answer")
    default:
      let text = String(
        decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw RemoteError.unreachable(
        server: address.shownServer, why: text.isEmpty ? "the connection failed" : text)
    }
    guard let first = lines.first, let code = first.split(separator: " ").dropFirst().first,
      let status = Int(code)
    else { throw CallError.badAnswer("no status") }
    var headers = HTTPHeaders()
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers.add(
        String(line[..<colon]),
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
    }
    return RemoteAnswer(status: status, headers: headers, body: body)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> EncryptedExchange? {
    context.map { Unmanaged<EncryptedExchange>.fromOpaque($0).takeUnretainedValue() }
  }

  private func take(line bytes: UnsafeRawBufferPointer) -> Bool {
    let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    // An interim word (1xx) comes before the head that counts.
    if line.hasPrefix("HTTP/") { lines = [] }
    if !line.isEmpty { lines.append(line) }
    return lines.count < 1000 && !abandonment.isRaised
  }

  private func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    body += bytes
    return body.count <= largestAnswer && !abandonment.isRaised
  }
}
