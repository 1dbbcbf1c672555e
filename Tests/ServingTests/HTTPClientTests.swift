import Foundation
import Synchronization
import Testing

@testable import Serving

/// A server that takes one connection, reads a little, sends what it is told in pieces, and closes.
final class RawServer: Sendable {
  let address: ServerAddress
  private let heard = Mutex<[UInt8]>([])
  private let isLeft = Mutex(false)

  /// - Parameter staysOpen: waits for the client to leave before it closes.
  init(_ pieces: [String], staysOpen: Bool = false) throws {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && listen(file, 4) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    guard isBound else { throw RawClient.CannotConnect(code: errno) }
    address = ServerAddress(host: "127.0.0.1", port: UInt16(bigEndian: name.sin_port))
    Thread.detachNewThread { [self] in
      let client = accept(file, nil, nil)
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(client, &buffer, buffer.count, 0)
      heard.withLock { $0 += buffer.prefix(max(0, count)) }
      for piece in pieces {
        let bytes = Array(piece.utf8)
        _ = Foundation.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        usleep(2000)
      }
      if staysOpen {
        while recv(client, &buffer, buffer.count, 0) > 0 {}
        isLeft.withLock { $0 = true }
      }
      close(client)
      close(file)
    }
  }

  var request: String { heard.withLock { String(decoding: $0, as: UTF8.self) } }
  var wasLeft: Bool { isLeft.withLock { $0 } }
}

/// Answers as servers send them, and as they should not.
@Suite struct HTTPClientTests {
  /// Tests beside this one may take all processors for long.
  private static let client: HTTPClient = {
    var client = HTTPClient()
    client.connectSeconds = 600
    return client
  }()

  private func whole(_ pieces: [String]) async throws -> String {
    let server = try RawServer(pieces)
    let answer = try await Self.client.send(HTTPCall("GET", "/x"), to: server.address)
    return String(decoding: try await answer.whole(), as: UTF8.self)
  }

  @Test(arguments: [
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
    ["HTTP/1.1 200 OK\r\nConte", "nt-Length: 5\r\n\r", "\nhe", "llo and more"],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello"],
    ["HTTP/1.0 200 OK\r\n\r\nhel", "lo"],
    [
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nh", "el\r\n",
      "2;x\r\nlo\r\n0\r\nT: 1\r\n\r\n",
    ],
  ]) func bodiesAreReadHoweverTheyAreFramed(pieces: [String]) async throws {
    #expect(try await whole(pieces) == "hello")
  }

  @Test(arguments: [
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], ["HTTP/1.1 200 OK\r\nContent-"], [""],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
  ]) func anAnswerThatIsCutOffIsNone(pieces: [String]) async throws {
    await #expect(throws: CallError.cutOff) { try await whole(pieces) }
  }

  @Test(arguments: [
    ["SSH-2.0-OpenSSH\r\n\r\n"], ["HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    ["HTTP/1.1 abc OK\r\n\r\n"],
  ]) func whatIsNoAnswerIsSaid(pieces: [String]) async throws {
    let error = await #expect(throws: CallError.self) { try await whole(pieces) }
    #expect(error?.description.contains("no HTTP") == true)
  }

  @Test func whoIsNotThereIsSaid() async throws {
    // A port that nobody listens on any more.
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, refusal: { HTTPResponse($0.status) },
      handler: { _ in HTTPResponse(.ok) })
    let port = listener.port
    let task = Task { try await listener.run() }
    task.cancel()
    try await task.value
    let address = ServerAddress(host: "127.0.0.1", port: port)
    let error = await #expect(throws: CallError.self) {
      try await Self.client.send(HTTPCall("GET", "/"), to: address)
    }
    #expect(error?.description.contains("cannot be reached") == true)
  }

  /// Whoever stops reading closes the connection, so that the server need not go on.
  @Test func whoStopsReadingLeaves() async throws {
    let server = try RawServer(
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"], staysOpen: true)
    let reading = Task {
      let answer = try await Self.client.send(HTTPCall("GET", "/x"), to: server.address)
      for try await _ in answer.body {}
    }
    while server.request.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    reading.cancel()
    while !server.wasLeft { try await Task.sleep(for: .milliseconds(2)) }
    #expect(server.request.hasPrefix("GET /x HTTP/1.1\r\nHost: 127.0.0.1:"))
  }

  @Test(arguments: [
    ("http://a.example:8080/v1/", "http://a.example:8080/v1"), ("http://[::1]:1", "http://[::1]:1"),
    ("http://localhost", "http://localhost:80"),
  ]) func addressesAreRead(text: String, shown: String) {
    #expect(ServerAddress(text)?.description == shown)
  }

  @Test(arguments: ["https://a", "a.example", "http://", "http://a:99999", "http://a/?x=1"])
  func whatIsNoAddressIsNone(text: String) { #expect(ServerAddress(text) == nil) }
}
