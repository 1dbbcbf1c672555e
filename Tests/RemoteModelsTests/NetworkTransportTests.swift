import Foundation
import Serving
import Synchronization
import Testing

@testable import RemoteModels

/// Over sockets: answers whole, late, in pieces, broken, and unwanted ones.
@Suite struct NetworkTransportTests {
  /// Takes one connection, reads a request's head, sends pieces, and closes, at once or when the client has
  /// left.
  private final class Server: Sendable {
    let address: RemoteAddress
    private let wasLeft: AsyncStream<Void>

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
      guard isBound else { throw RemoteError.badAddress("no port") }
      address = try RemoteAddress("http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))/v1")
      let (stream, leave) = AsyncStream.makeStream(of: Void.self)
      wasLeft = stream
      Thread.detachNewThread {
        let client = accept(file, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 4096)
        _ = recv(client, &buffer, buffer.count, 0)
        for piece in pieces {
          let bytes = Array(piece.utf8)
          _ = Foundation.send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
          usleep(3000)
        }
        if staysOpen {
          while recv(client, &buffer, buffer.count, 0) > 0 {}
          leave.yield()
        }
        close(client)
        close(file)
      }
    }

    /// Returns when the client has closed its connection.
    func waitUntilLeft() async { for await _ in wasLeft { return } }
  }

  private func ask(
    _ server: Server, _ abandonment: Abandonment = Abandonment(), silence: Double = 60
  ) async throws -> RemoteAnswer {
    try await withCheckedThrowingContinuation { resume in
      Thread.detachNewThread {
        var transport = NetworkTransport()
        transport.silenceSeconds = silence
        let given = transport
        resume.resume(
          with: Result {
            try given.send(HTTPCall("GET", "/props"), to: server.address, abandonment)
          })
      }
    }
  }

  @Test(arguments: [
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "ab", "cde"],
    [
      "HTTP/1.1 200 OK\r\nTransfer-Enc", "oding: chunked\r\n\r\n2\r\nab\r",
      "\n3\r\ncde\r\n0\r\n\r\n",
    ],
    ["HTTP/1.0 200 OK\r\n\r\nabc", "de"],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"],
  ])
  func answersInPiecesAreWhole(pieces: [String]) async throws {
    let answer = try await ask(Server(pieces))
    #expect(answer.status == 200)
    #expect(String(decoding: answer.body, as: UTF8.self) == "abcde")
  }

  @Test(arguments: [
    ["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"cont"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nabc"],
    ["HTTP/1.1 200 OK\r\nContent"],
    [],
  ])
  func aServerThatDiesInTheMiddleGivesNoAnswer(pieces: [String]) async throws {
    let server = try Server(pieces)
    await #expect(throws: CallError.self) { try await ask(server) }
  }

  @Test func whatIsNoHTTPIsRefused() async throws {
    let server = try Server(["SSH-2.0-OpenSSH\r\n\r\n"])
    await #expect(throws: CallError.self) { try await ask(server) }
  }

  @Test func aSilentServerIsNotWaitedForForever() async throws {
    let server = try Server([], staysOpen: true)
    await #expect(throws: RemoteError.timedOut(server: server.address.shownServer)) {
      try await ask(server, silence: 0.1)
    }
    await server.waitUntilLeft()
  }

  /// Giving a request up closes its connection: that is how the server learns of it.
  @Test func aRequestThatIsGivenUpIsClosed() async throws {
    let server = try Server(["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"], staysOpen: true)
    let abandonment = Abandonment()
    let asking = Task { try await ask(server, abandonment) }
    abandonment.raise()
    await #expect(throws: RemoteError.abandoned) { try await asking.value }
  }

  @Test func nobodyAtAPortIsSaid() async throws {
    // A port that was free a moment ago.
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
      }
    }
    #expect(isBound)
    // Bound and not listened on: nobody else gets it, and nobody takes a connection.
    defer { close(file) }
    let address = try RemoteAddress("http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))/v1")
    let error = #expect(throws: RemoteError.self) {
      try NetworkTransport().send(HTTPCall("GET", "/"), to: address, Abandonment())
    }
    #expect(error.map { "\($0)".contains("cannot be reached") } == true)
  }
}
