import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Serving

/// Clients that mean no good, beside one that does: what it is answered stays the same bytes.
@Suite(.timeLimit(.minutes(5))) struct HostileClientTests {
  private static let key = "sk-secret"

  private static let good: String = {
    let body = #"{"prompt": [0, 1], "max_tokens": 12, "temperature": 1, "seed": 5, "logprobs": 3}"#
    return "POST /v1/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key)\r\n"
      + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
      + "Connection: close\r\n\r\n\(body)"
  }()

  private func serving(
    _ limits: ListenerLimits, _ test: @Sendable (RawClient.Port) async throws -> Void
  ) async throws {
    let server = APIServer(
      ModelService(APIServerTests.table(), slots: 4), name: "table", chat: nil,
      access: AccessRules(keys: [Self.key]), build: "test")
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, limits: limits, refusal: APIServer.refusal,
      handler: { await server.answer($0) })
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

  /// What the good client is answered, without what differs by request: the id and the time.
  private func answer(_ port: RawClient.Port) async throws -> (status: String, choices: String) {
    let client = try RawClient(port)
    client.send(Self.good)
    let text = await client.everything()
    let status = text.prefix { $0 != "\r\n" }
    let start = text.range(of: #""choices":"#)?.lowerBound ?? text.endIndex
    // What was found in the cache depends on what was asked before.
    let end = text.range(of: #","usage""#)?.lowerBound ?? text.endIndex
    return (String(status), String(text[start..<max(start, end)]))
  }

  /// Requests that are wrong in every way there is, of which nobody waits for an answer.
  private static func hostile(_ random: inout SplitMix64) -> [UInt8] {
    let prompts = [
      #"{"prompt": [0, 1], "max_tokens": 100000, "n": 4}"#, #"{"prompt": "#, "[[[[[[[[",
      #"{"prompt": [99999999]}"#, #"{"messages": [{}]}"#, #"{"prompt": "a", "logprobs": 1e400}"#,
    ]
    let body = prompts.randomElement(using: &random) ?? ""
    let paths = ["/v1/completions", "/completion", "/tokenize", "/", "/kv/x", "/%00", "/slots"]
    let path = paths.randomElement(using: &random) ?? "/"
    let keys = [
      "", "Authorization: \(key)\r\n", "X-Key: \(key)\r\n", "Authorization: Basic \(key)\r\n",
      "Cookie: key=\(key)\r\n", "Authorization: Bearer \(key)x\r\n",
    ]
    let lengths = [
      "Content-Length: \(body.utf8.count)\r\n", "Content-Length: 1000000000\r\n",
      "Content-Length: -1\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "",
    ]
    var bytes = Array(
      ("POST \(path) HTTP/1.1\r\nHost: a\r\n" + (keys.randomElement(using: &random) ?? "")
        + (lengths.randomElement(using: &random) ?? "") + "\r\n" + body).utf8)
    for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(place...)
      default: bytes.insert(contentsOf: repeatElement(65, count: 40_000), at: place)
      }
    }
    return bytes
  }

  @Test func nobodyElseIsHarmed() async throws {
    var limits = ListenerLimits()
    limits.connections = 64
    try await serving(limits) { port in
      let expected = try await answer(port)
      #expect(expected.status == "HTTP/1.1 200 OK")
      #expect(expected.choices.contains("token_logprobs"))
      try await withThrowingTaskGroup(of: Void.self) { group in
        for attacker in 0..<3 {
          group.addTask {
            var random = SplitMix64(state: UInt64(attacker))
            var held: [RawClient] = []
            for _ in 0..<25 {
              guard let client = try? RawClient(port) else { continue }
              client.send(Self.hostile(&random))
              // Some leave at once, some stay and say no more.
              if Bool.random(using: &random) { client.close() } else { held.append(client) }
            }
          }
        }
        group.addTask {
          for _ in 0..<5 {
            let answered = try await answer(port)
            #expect(answered == expected)
          }
        }
        try await group.waitForAll()
      }
      let after = try await answer(port)
      #expect(after == expected)
    }
  }

  /// More connections than there may be: the good client's comes in.
  @Test func aCrowdKeepsNobodyOut() async throws {
    var limits = ListenerLimits()
    limits.connections = 32
    try await serving(limits) { port in
      let expected = try await answer(port)
      var crowd: [RawClient] = []
      for _ in 0..<100 {
        guard let client = try? RawClient(port) else { continue }
        client.send("GET /health HTTP/1.1\r\n")
        crowd.append(client)
      }
      #expect(try await answer(port) == expected)
      for client in crowd { client.close() }
      #expect(try await answer(port) == expected)
    }
  }

  @Test func aBodyThatIsTooLargeIsRefusedBeforeItComes() async throws {
    try await serving(ListenerLimits()) { port in
      let client = try RawClient(port)
      client.send(
        "POST /v1/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(Self.key)\r\n"
          + "Content-Length: 1000000000\r\n\r\n")
      let text = await client.everything()
      #expect(text.hasPrefix("HTTP/1.1 413"))
    }
  }

  @Test(arguments: [
    "Authorization: sk-secret", "Authorization: Basic sk-secret", "X-Key: sk-secret",
    "Cookie: api_key=sk-secret", "Authorization: Bearer sk-secre", "Authorization: Bearer",
    "Proxy-Authorization: Bearer sk-secret",
  ]) func aKeyInTheWrongPlaceIsNone(header: String) async throws {
    try await serving(ListenerLimits()) { port in
      let client = try RawClient(port)
      client.send(
        "POST /tokenize HTTP/1.1\r\nHost: a\r\n\(header)\r\nContent-Length: 2\r\n"
          + "Connection: close\r\n\r\n{}")
      let text = await client.everything()
      #expect(text.hasPrefix("HTTP/1.1 401"))
      #expect(!text.contains(Self.key))
    }
  }
}
