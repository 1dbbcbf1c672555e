import Foundation
import Synchronization
import Testing

@testable import Serving

/// A listener with clients that behave, and with such that do not.
@Suite struct HTTPListenerTests {
  /// What the handler has seen.
  private final class Seen: Sendable {
    let begun = Mutex(0)
    let left = Mutex(0)
  }

  private func serving(
    _ limits: ListenerLimits = ListenerLimits(), seen: Seen = Seen(),
    _ test: (RawClient.Port) async throws -> Void
  ) async throws {
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, limits: limits,
      refusal: { HTTPResponse($0.status, body: .whole(Array($0.description.utf8))) },
      handler: { request in
        seen.begun.withLock { $0 += 1 }
        switch request.path {
        case "/echo": return HTTPResponse(.ok, body: .whole(request.body))
        case "/stream":
          return HTTPResponse(
            .ok,
            body: .stream(
              AsyncStream { stream in
                for piece in ["one ", "two ", "three"] { stream.yield(Array(piece.utf8)) }
                stream.finish()
              }))
        case "/forever":
          await withTaskCancellationHandler {
            try? await Task.sleep(for: .seconds(600))
          } onCancel: {
            seen.left.withLock { $0 += 1 }
          }
          return HTTPResponse(.ok)
        default: return HTTPResponse(.notFound)
        }
      })
    let task = Task { try await listener.run() }
    do {
      try await test(listener.port)
    } catch {
      task.cancel()
      throw error
    }
    task.cancel()
    try await task.value
  }

  private static func get(_ path: String, _ more: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: a\r\n\(more)\r\n"
  }

  @Test func requestsOfOneConnectionAreAnsweredInOrder() async throws {
    try await serving { port in
      let client = try RawClient(port)
      client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
          + "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\ntwo")
      let text = await client.everything()
      let bodies = text.components(separatedBy: "\r\n\r\n")
      #expect(bodies.count == 3)
      #expect(bodies[1].hasPrefix("oneHTTP/1.1 200 OK"))
      #expect(bodies[2] == "two")
    }
  }

  @Test func aStreamIsSentInChunks() async throws {
    try await serving { port in
      let client = try RawClient(port)
      client.send(Self.get("/stream", "Connection: close\r\n"))
      let text = await client.everything()
      #expect(text.contains("Transfer-Encoding: chunked"))
      #expect(text.hasSuffix("4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"))
    }
  }

  /// A client of HTTP/1.0 reads up to the end of the connection.
  @Test func anOldClientGetsNoChunks() async throws {
    try await serving { port in
      let client = try RawClient(port)
      client.send("GET /stream HTTP/1.0\r\n\r\n")
      let text = await client.everything()
      #expect(text.hasSuffix("\r\n\r\none two three"))
      #expect(!text.contains("chunked"))
    }
  }

  @Test func whoLeavesCancelsItsRequest() async throws {
    let seen = Seen()
    try await serving(seen: seen) { port in
      let client = try RawClient(port)
      client.send(Self.get("/forever"))
      while seen.begun.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(2)) }
      client.close()
      while seen.left.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(2)) }
      // Others are served as before.
      let other = try RawClient(port)
      other.send(Self.get("/stream", "Connection: close\r\n"))
      #expect(await other.everything().contains("three"))
    }
  }

  @Test func whatIsNoHTTPIsToldSo() async throws {
    try await serving { port in
      let client = try RawClient(port)
      client.send("\u{16}\u{3}\u{1} hello\r\n\r\n")
      let text = await client.everything()
      #expect(text.hasPrefix("HTTP/1.1 400 Bad Request"))
      #expect(text.contains("Connection: close"))
    }
  }

  /// A client that holds a request back for too long is told, and hung up on.
  @Test func halfARequestDoesNotWaitForever() async throws {
    var limits = ListenerLimits()
    limits.requestSeconds = 0.05
    try await serving(limits) { port in
      let client = try RawClient(port)
      client.send("GET / HTTP/1.1\r\nHost:")
      #expect(await client.everything().hasPrefix("HTTP/1.1 408 Request Timeout"))
    }
  }

  /// Idle connections beyond the limit make room for new ones.
  @Test func idleConnectionsGiveWay() async throws {
    var limits = ListenerLimits()
    limits.connections = 4
    try await serving(limits) { port in
      let idle = try (0..<20).map { _ in try RawClient(port) }
      let client = try RawClient(port)
      client.send(Self.get("/stream", "Connection: close\r\n"))
      #expect(await client.everything().contains("three"))
      for client in idle { client.close() }
    }
  }

  /// Where all are at work, a new one is refused and told to come again.
  @Test func busyConnectionsAreKept() async throws {
    var limits = ListenerLimits()
    limits.connections = 2
    let seen = Seen()
    try await serving(limits, seen: seen) { port in
      let busy = try (0..<2).map { _ in try RawClient(port) }
      for client in busy { client.send(Self.get("/forever")) }
      while seen.begun.withLock({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(2)) }
      let client = try RawClient(port)
      #expect(await client.everything().hasPrefix("HTTP/1.1 503 Service Unavailable"))
      #expect(seen.left.withLock { $0 } == 0)
      for client in busy { client.close() }
    }
  }

  @Test func aPortThatIsTakenIsSaid() async throws {
    try await serving { port in
      let error = #expect(throws: ListenerError.self) {
        try HTTPListener(
          host: "127.0.0.1", port: port, refusal: { HTTPResponse($0.status) },
          handler: { _ in HTTPResponse(.ok) })
      }
      #expect(error?.description.contains("\(port)") == true)
    }
  }

  @Test func whatIsNoAddressIsSaid() {
    #expect(throws: ListenerError.noAddress("nowhere.example")) {
      try HTTPListener(
        host: "nowhere.example", port: 0, refusal: { HTTPResponse($0.status) },
        handler: { _ in HTTPResponse(.ok) })
    }
  }
}
