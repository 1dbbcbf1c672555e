import FlyingSocks
import Foundation
import Synchronization

/// One client's connection: its requests, one after another.
struct HTTPConnection: Sendable {
  let socket: AsyncSocket
  let limits: ListenerLimits
  let refusal: @Sendable (HTTPFault) -> HTTPResponse
  let handler: HTTPListener.Handler

  /// Serves requests until the client leaves, asks to close, or sends what is none.
  ///
  /// - Parameter mark: is told when it waits for a request, and when it answers one.
  func run(mark: @escaping @Sendable (_ isIdle: Bool) async -> Void) async {
    try? socket.socket.setValue(true, for: BoolSocketOption(level: tcp, name: TCP_NODELAY))
    var parser = HTTPParser(limits.parser)
    do {
      while !Task.isCancelled, let request = try await next(&parser) {
        await mark(false)
        guard try await answer(request, &parser) else { return }
        await mark(true)
      }
    } catch let fault as HTTPFault {
      await refuse(fault)
    } catch {
      // The client has left, or takes nothing: there is nobody to tell.
    }
  }

  /// Says what is wrong, and reads on for a moment: a connection that is closed with unread bytes takes
  /// back what was sent.
  func refuse(_ fault: HTTPFault) async {
    var response = refusal(fault)
    response.headers.add("Connection", "close")
    _ = try? await send(response, to: nil)
    _ = shutdown(socket.socket.file.rawValue, Int32(SHUT_WR))
    _ = try? await within(seconds: 1) {
      var left = 1 << 20
      while left > 0 { left -= try await socket.read(atMost: 4096).count }
      return left
    }
  }

  // MARK: Reading

  private func next(_ parser: inout HTTPParser) async throws -> HTTPRequest? {
    let clock = ContinuousClock()
    let idle = clock.now.advanced(by: .seconds(limits.idleSeconds))
    var deadline: ContinuousClock.Instant?
    while true {
      if let request = try parser.next() { return request }
      if parser.awaitsContinue {
        parser.awaitsContinue = false
        try await write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
      }
      if parser.isWithinRequest, deadline == nil {
        deadline = clock.now.advanced(by: .seconds(limits.requestSeconds))
      }
      let end = deadline ?? idle
      do {
        let bytes = try await within(seconds: (end - clock.now) / .seconds(1)) {
          try await socket.read(atMost: 4096)
        }
        parser.append(bytes)
      } catch is TimedOut {
        guard deadline != nil else { return nil }
        throw HTTPFault(
          status: .requestTimeout,
          description: "The request was not whole after \(Int(limits.requestSeconds)) seconds.")
      }
    }
  }

  // MARK: Answering

  /// What comes while a request is answered: the next request's beginning, or the client's leaving.
  private final class Ear: Sendable {
    private let early = Mutex<[UInt8]>([])

    var bytes: [UInt8] { early.withLock { $0 } }

    /// - Returns: how many bytes have come in all.
    func hear(_ bytes: [UInt8]) -> Int {
      early.withLock {
        $0 += bytes
        return $0.count
      }
    }
  }

  /// - Returns: whether the connection stays open.
  private func answer(_ request: HTTPRequest, _ parser: inout HTTPParser) async throws -> Bool {
    let answering = Task {
      let response = await handler(request)
      try Task.checkCancellation()
      return try await send(response, to: request)
    }
    let ear = Ear()
    let room = limits.parser.head
    let listening = Task {
      do {
        while ear.hear(try await socket.read(atMost: 4096)) < room {}
      } catch is CancellationError {
      } catch {
        answering.cancel()
      }
    }
    let stays: Bool
    do {
      stays = try await withTaskCancellationHandler {
        try await answering.value
      } onCancel: {
        answering.cancel()
      }
    } catch {
      listening.cancel()
      await listening.value
      throw error
    }
    listening.cancel()
    await listening.value
    parser.append(ear.bytes)
    return stays
  }

  /// - Parameter request: nil where there was none that could be read.
  /// - Returns: whether the connection stays open.
  @discardableResult
  private func send(_ response: HTTPResponse, to request: HTTPRequest?) async throws -> Bool {
    var headers = response.headers
    var stays = request?.keepsAlive ?? false
    var isChunked = false
    if headers["connection"]?.lowercased() == "close" { stays = false }
    switch response.body {
    case .whole(let bytes):
      if response.status != .noContent { headers.add("Content-Length", "\(bytes.count)") }
    case .stream:
      isChunked = request?.readsChunks ?? false
      if isChunked { headers.add("Transfer-Encoding", "chunked") } else { stays = false }
    }
    if headers["connection"] == nil { headers.add("Connection", stays ? "keep-alive" : "close") }
    var head = "HTTP/1.1 \(response.status.rawValue) \(response.status.reason)\r\n"
    for field in headers.fields { head += "\(field.name): \(Self.printable(field.value))\r\n" }
    head += "\r\n"
    let isHead = request?.method == "HEAD"
    switch response.body {
    case .whole(let bytes): try await write(Array(head.utf8) + (isHead ? [] : bytes))
    case .stream(let pieces):
      try await write(Array(head.utf8))
      guard !isHead else { return stays }
      for await piece in pieces where !piece.isEmpty {
        try await write(isChunked ? Self.chunk(piece) : piece)
      }
      // A stream that was left before its end must not look like a whole one.
      try Task.checkCancellation()
      if isChunked { try await write(Array("0\r\n\r\n".utf8)) }
    }
    return stays
  }

  private static func chunk(_ bytes: [UInt8]) -> [UInt8] {
    Array((String(bytes.count, radix: 16) + "\r\n").utf8) + bytes + Array("\r\n".utf8)
  }

  /// A value that cannot end its line, whatever it was made of.
  private static func printable(_ value: String) -> String {
    String(value.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
  }

  private func write(_ bytes: [UInt8]) async throws {
    try await within(seconds: limits.writeSeconds) { try await socket.write(Data(bytes)) }
  }
}

private let tcp = Int32(IPPROTO_TCP)
