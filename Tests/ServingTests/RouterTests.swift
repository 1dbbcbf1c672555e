import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing
import Traces

@testable import Serving

/// A router in front of servers of this process.
@Suite struct RouterTests {
  // MARK: Choosing servers

  private static let addresses = (1...3).map { ServerAddress(host: "h", port: UInt16($0)) }

  /// Work is divided so that no server has two requests more than another.
  @Test(arguments: 0..<20) func noServerHasMuchMoreThanAnother(seed: UInt64) {
    var random = LoadRandom(seed: seed)
    var pool = ServerPool(Self.addresses)
    var open: [Int] = []
    for _ in 0..<200 {
      // Requests that come are given to whoever has fewest, whichever are over.
      let before = pool.standing.map(\.open)
      guard let number = pool.open(at: .now, except: []) else { continue }
      #expect(before[number] == before.min())
      open.append(number)
      while open.count > 6 {
        let over = open.remove(at: Int(random.uniform() * Double(open.count)))
        pool.close(over, answered: true)
      }
    }
    #expect(pool.standing.map(\.open).reduce(0, +) == open.count)
  }

  @Test func aServerThatFailsIsLeftOutAndTriedAgain() {
    var pool = ServerPool(Self.addresses)
    let start = ContinuousClock.now
    #expect(pool.open(at: start, except: []) == 0)
    pool.fail(0, at: start)
    for _ in 0..<4 {
      let number = pool.open(at: start, except: [])
      #expect(number != 0)
      pool.close(number ?? 0, answered: true)
    }
    let later = start + .seconds(2)
    #expect(pool.open(at: later, except: []) == 0)
    // While it is tried, others are not sent there.
    #expect(pool.open(at: later, except: []) != 0)
    pool.close(0, answered: true)
    #expect(pool.standing[0].answers)
  }

  /// The second failure costs more time than the first, and none costs more than half a minute.
  @Test func pausesGrow() {
    var pool = ServerPool(Array(Self.addresses.prefix(2)))
    var now = ContinuousClock.now
    var pauses: [Duration] = []
    for _ in 0..<8 {
      pool.fail(0, at: now)
      var waited = Duration.zero
      while true {
        let number = pool.open(at: now + waited, except: []) ?? 1
        if number == 0 { break }
        pool.close(number, answered: true)
        waited += .seconds(1)
      }
      pauses.append(waited)
      now += waited
    }
    #expect(pauses == pauses.sorted())
    #expect(pauses.first == .seconds(1))
    #expect(pauses.last == .seconds(30))
  }

  @Test func whereNobodyAnswersSomebodyIsTriedAllTheSame() {
    var pool = ServerPool(Self.addresses)
    let now = ContinuousClock.now
    for number in 0..<3 { pool.fail(number, at: now) }
    let first = pool.open(at: now, except: [])
    #expect(first != nil)
    #expect(pool.open(at: now, except: [0, 1, 2]) == nil)
  }

  // MARK: Passing on

  /// A server of the table that can be cut off.
  private final class Server: Sendable {
    let model: HandoverTable
    let address: ServerAddress
    let heard = Mutex<[HTTPRequest]>([])
    /// What is done to answers on their way.
    let wire: Mutex<(@Sendable (HTTPRequest, HTTPResponse) async -> HTTPResponse)?>
    private let task: Task<Void, any Error>

    init(
      _ role: ServerRole,
      wire: (@Sendable (HTTPRequest, HTTPResponse) async -> HTTPResponse)? = nil
    ) throws {
      let model = HandoverTable()
      self.model = model
      self.wire = Mutex(wire)
      let answering = Mutex<(@Sendable (HTTPRequest) async -> HTTPResponse)?>(nil)
      let listener = try HTTPListener(
        host: "127.0.0.1", port: 0, refusal: APIServer.refusal,
        handler: { await answering.withLock { $0 }?($0) ?? HTTPResponse(.notFound) })
      address = ServerAddress(host: "127.0.0.1", port: listener.port)
      var rules = HandoverRules()
      (rules.role, rules.address) = (role, address)
      let server = APIServer(
        ModelService(model, slots: 4), name: "table", chat: nil, handover: rules, build: "test")
      task = Task { try await listener.run() }
      answering.withLock {
        $0 = { [weak self] request in
          self?.heard.withLock { $0.append(request) }
          let response = await server.answer(request)
          guard let wire = self?.wire.withLock({ $0 }) else { return response }
          return await wire(request, response)
        }
      }
    }

    deinit { task.cancel() }

    func end() async {
      task.cancel()
      _ = try? await task.value
    }

    var completions: Int { heard.withLock { $0.count { $0.path == "/v1/completions" } } }
  }

  private func router(prefill: [Server], decode: [Server]) -> Router {
    var client = HTTPClient()
    client.connectSeconds = 600
    return Router(prefill: prefill.map(\.address), decode: decode.map(\.address), client: client)
  }

  private func request(_ body: String, _ path: String = "/v1/completions") -> HTTPRequest {
    HTTPRequest(
      method: "POST", path: path, headers: ["Content-Type": "application/json"],
      body: Array(body.utf8))
  }

  private func text(_ response: HTTPResponse) async -> String {
    switch response.body {
    case .whole(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .stream(let pieces):
      var bytes: [UInt8] = []
      for await piece in pieces { bytes += piece }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// What a client sees of answers, but for numbers and times of day.
  private func choices(_ text: String) throws -> [JSONValue] {
    if let whole = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) {
      return [whole["choices"] ?? .null]
    }
    var events = ServerSentEvents()
    return try events.append(Array(text.utf8)).map { data in
      if data.elementsEqual("[DONE]".utf8) { return .string("[DONE]") }
      let event = try JSONDecoder().decode(JSONValue.self, from: Data(data))
      return event["choices"] ?? event
    }
  }

  private static let prompt = (0..<30).map { $0 % 2 == 0 ? "1" : "3" }.joined(separator: ",")

  private static let bodies = [
    #"{"prompt": [\#(prompt)], "max_tokens": 6, "temperature": 0}"#,
    #"{"prompt": [\#(prompt)], "max_tokens": 6, "temperature": 0, "stream": true}"#,
    #"{"prompt": [\#(prompt)], "max_tokens": 9, "seed": 5, "n": 3, "logprobs": 2}"#,
    #"{"prompt": [\#(prompt)], "max_tokens": 9, "seed": 5, "stream": true, "return_token_ids": true}"#,
    #"{"prompt": "abab", "max_tokens": 4, "temperature": 0}"#,
    #"{"prompt": [[1, 2], [1]], "max_tokens": 3, "temperature": 0}"#,
    #"{"prompt": "a", "max_tokens": 1, "temperature": 0, "echo": true, "logprobs": 1}"#,
    #"{"prompt": [1, 99999], "max_tokens": 3}"#,
    "no JSON",
  ]

  /// What comes through two servers is what one alone would answer.
  @Test(arguments: bodies.indices) func answersAreThoseOfOneServer(number: Int) async throws {
    let (prefill, decode) = (try Server(.prefill), try Server(.decode))
    let alone = APIServer(
      ModelService(HandoverTable(), slots: 4), name: "table", chat: nil, build: "test")
    let request = request(Self.bodies[number])
    let expected = await alone.answer(request)
    let response = await router(prefill: [prefill], decode: [decode]).answer(request)
    #expect(response.status == expected.status)
    #expect(response.headers["content-type"] == expected.headers["content-type"])
    let (found, wanted) = (await text(response), await text(expected))
    #expect(try choices(found) == choices(wanted))
    // The keys and values have gone over the wire where that was worth it.
    #expect(decode.model.takenTexts.count == (number < 5 ? 1 : 0))
    #expect(prefill.completions == (number < 5 || number == 7 ? 1 : 0))
  }

  /// Both servers are told the name that the client gave.
  @Test func theNameOfARequestGoesToAll() async throws {
    let (prefill, decode) = (try Server(.prefill), try Server(.decode))
    var request = request(Self.bodies[0])
    request.headers.add("X-Request-Id", "mine")
    request.headers.add("Authorization", "Bearer k")
    _ = await router(prefill: [prefill], decode: [decode]).answer(request)
    for server in [prefill, decode] {
      let heard = server.heard.withLock { $0 }.first { $0.path == "/v1/completions" }
      #expect(heard?.headers["x-request-id"] == "mine")
      #expect(heard?.headers["authorization"] == "Bearer k")
    }
  }

  @Test func workIsDividedAmongAll() async throws {
    let prefill = [try Server(.prefill), try Server(.prefill)]
    let decode = [try Server(.decode), try Server(.decode)]
    let router = router(prefill: prefill, decode: decode)
    for _ in 0..<6 { _ = await text(await router.answer(request(Self.bodies[0]))) }
    #expect(prefill.map(\.completions) == [3, 3])
    #expect(decode.map(\.completions) == [3, 3])
  }

  /// A server that is gone costs nobody an answer.
  @Test(arguments: [true, false]) func aServerThatIsGoneIsLeftOut(isPrefill: Bool) async throws {
    let prefill = [try Server(.prefill), try Server(.prefill)]
    let decode = [try Server(.decode), try Server(.decode)]
    let router = router(prefill: prefill, decode: decode)
    await (isPrefill ? prefill : decode)[0].end()
    for _ in 0..<3 {
      let response = await router.answer(request(Self.bodies[0]))
      #expect(response.status == .ok)
      #expect(try choices(await text(response)).first?[0]?["text"] == .string("ab cab c"))
    }
    #expect((isPrefill ? prefill : decode)[1].completions == 3)
  }

  /// Without any prefill server the prompt is computed where the answer is.
  @Test func withoutAPrefillServerAnswersAreTheSame() async throws {
    let (prefill, decode) = (try Server(.prefill), try Server(.decode))
    await prefill.end()
    let router = router(prefill: [prefill], decode: [decode])
    let response = await router.answer(request(Self.bodies[0]))
    #expect(try choices(await text(response)).first?[0]?["text"] == .string("ab cab c"))
    #expect(decode.model.takenTexts.isEmpty)
    let metrics = ServerMetrics(
      await text(await router.answer(HTTPRequest(method: "GET", path: "/metrics"))))
    #expect(metrics.counters["ponder:router_unprepared_total"] == 1)
    #expect(metrics.counters["ponder:server_failures_total"] == 1)
  }

  @Test func withoutADecodeServerItIsSaid() async throws {
    let (prefill, decode) = (try Server(.prefill), try Server(.decode))
    await decode.end()
    let router = router(prefill: [prefill], decode: [decode])
    let response = await router.answer(request(Self.bodies[0]))
    #expect(response.status == .badGateway)
    let health = await router.answer(HTTPRequest(method: "GET", path: "/health"))
    #expect(health.status == .unavailable)
  }

  /// A connection that is cut while keys and values travel is taken up again, and the answer is the same.
  @Test func aTransferThatIsCutGoesOn() async throws {
    let left = Mutex(2)
    let prefill = try Server(.prefill) { request, response in
      guard request.path.hasPrefix("/kv/"), case .stream(let pieces) = response.body else {
        return response
      }
      let isCut = left.withLock { left in
        defer { left = max(0, left - 1) }
        return left > 0
      }
      guard isCut else { return response }
      var bytes: [UInt8] = []
      for await piece in pieces { bytes += piece }
      let cut = response
      let part = Array(bytes.prefix(bytes.count / 3))
      return HTTPResponse(
        cut.status, headers: cut.headers,
        body: .stream(
          AsyncStream { stream in
            stream.yield(part)
            stream.finish()
          }))
    }
    let decode = try Server(.decode)
    let response = await router(prefill: [prefill], decode: [decode]).answer(
      request(Self.bodies[0]))
    #expect(try choices(await text(response)).first?[0]?["text"] == .string("ab cab c"))
    #expect(decode.model.takenTexts.count == 1)
    #expect(prefill.heard.withLock { $0.count { $0.path.hasPrefix("/kv/") } } == 3)
  }

  /// A stream whose server dies in the middle says so, and does not look whole.
  @Test func aStreamThatIsCutDoesNotLookWhole() async throws {
    let raw = try RawServer([
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
      "1c\r\ndata: {\"choices\":[\"part\"]}\n\n\r\n",
    ])
    var client = HTTPClient()
    client.connectSeconds = 600
    let router = Router(prefill: [], decode: [raw.address], client: client)
    let response = await router.answer(request(Self.bodies[1]))
    let seen = try choices(await text(response))
    #expect(seen.count == 2)
    #expect(seen.first == .array([.string("part")]))
    #expect(seen.last?["error"]?["message"]?.text?.contains("has failed") == true)
  }

  /// Who leaves while a stream comes closes the connection to the server too.
  @Test func whoLeavesIsNotWorkedForAnyMore() async throws {
    let raw = try RawServer(
      [
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1c\r\ndata: {\"choices\":[\"part\"]}\n\n\r\n",
      ], staysOpen: true)
    var client = HTTPClient()
    client.connectSeconds = 600
    let router = Router(prefill: [], decode: [raw.address], client: client)
    let response = await router.answer(request(Self.bodies[1]))
    guard case .stream(let pieces) = response.body else {
      Issue.record("no stream")
      return
    }
    let reader = Task { for await _ in pieces { return } }
    await reader.value
    let waiting = Task { for await _ in pieces {} }
    waiting.cancel()
    await waiting.value
    while !raw.wasLeft { await Task.yield() }
    #expect(raw.wasLeft)
  }

  /// Whose request is cancelled while the prompt is computed is not sent on.
  @Test func whoLeavesEarlyIsNotSentOn() async throws {
    let (arrived, arrive) = AsyncStream.makeStream(of: Void.self)
    let prefill = try Server(.prefill) { _, response in
      arrive.yield(())
      // As long as somebody waits for it.
      while !Task.isCancelled { await Task.yield() }
      return response
    }
    let decode = try Server(.decode)
    let router = router(prefill: [prefill], decode: [decode])
    let request = request(Self.bodies[0])
    let task = Task { await router.answer(request) }
    for await _ in arrived { break }
    task.cancel()
    #expect(await task.value.status == .unavailable)
    #expect(decode.completions == 0)
  }

  /// Whoever asks how the servers are laid out is told.
  @Test func aRouterSaysWhatStandsBehindIt() async throws {
    let decode = try Server(.decode)
    let router = router(prefill: [], decode: [decode])
    let response = await router.answer(HTTPRequest(method: "GET", path: "/props"))
    let told = try JSONDecoder().decode(
      JSONValue.self, from: Data(await text(response).utf8))
    #expect(told["router"] == .object(["prefill": .number(0), "decode": .number(1)]))
    #expect(told["total_slots"] == .number(4))
  }

  @Test func keysAreWanted() async throws {
    let router = Router(
      prefill: [], decode: [ServerAddress(host: "127.0.0.1", port: 1)],
      access: AccessRules(keys: ["secret"], origins: ["http://page"]))
    var request = request(Self.bodies[0])
    request.headers.add("Origin", "http://page")
    let response = await router.answer(request)
    #expect(response.status == .unauthorized)
    #expect(response.headers["access-control-allow-origin"] == "http://page")
  }
}
