import Foundation
import Synchronization
import Traces

/// Stands in front of servers that compute prompts and servers that go on from them, and gives each
/// request to one of either kind. What clients are answered is what one server that does both would
/// answer.
///
/// It goes by vLLM's protocol: the request is sent to a prefill server for a single token, and the
/// `kv_transfer_params` of that answer go on to a decode server, which fetches keys and values itself.
public final class Router: Sendable {
  private struct State {
    var prefill: ServerPool
    var decode: ServerPool
    var requests = 0
    /// Requests whose prompts were computed by the decode server, since no prefill server answered.
    var unprepared = 0

    subscript(pool: Pool) -> ServerPool {
      get { pool == .prefill ? prefill : decode }
      set { if pool == .prefill { prefill = newValue } else { decode = newValue } }
    }
  }

  private enum Pool { case prefill, decode }

  private let state: Mutex<State>
  private let client: HTTPClient
  private let access: AccessRules
  private let numbers = RequestNumbers()

  /// - Parameters:
  ///   - prefill: may be empty; decode servers compute all of it then.
  ///   - decode: not empty.
  public init(
    prefill: [ServerAddress], decode: [ServerAddress], access: AccessRules = AccessRules(),
    client: HTTPClient = HTTPClient()
  ) {
    state = Mutex(State(prefill: ServerPool(prefill), decode: ServerPool(decode)))
    self.client = client
    self.access = access
  }

  /// What has been done, in a few words.
  public var summary: String {
    state.withLock {
      "\($0.requests) requests"
        + ($0.unprepared > 0 ? ", \($0.unprepared) without a prefill server" : "")
    }
  }

  // MARK: Answering

  /// Answers a request.
  public func answer(_ request: HTTPRequest) async -> HTTPResponse {
    var response: HTTPResponse
    do {
      response = try await route(request)
    } catch let error as APIError {
      response = error.response
    } catch is CancellationError {
      response = APIError(.unavailable, "The request was cancelled.").response
    } catch {
      response = Self.badGateway("\(error)")
    }
    for field in access.corsHeaders(request).fields where response.headers[field.name] == nil {
      response.headers.add(field.name, field.value)
    }
    return response
  }

  private static func badGateway(_ why: String) -> HTTPResponse {
    var response = APIError(.unavailable, why).response
    response.status = .badGateway
    return response
  }

  private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
    if request.method == "OPTIONS" { return HTTPResponse(.noContent) }
    try access.check(request)
    let isRead = request.method == "GET" || request.method == "HEAD"
    switch (request.path, isRead) {
    case ("/health", true), ("/v1/health", true): return health
    case ("/metrics", true):
      return HTTPResponse(
        .ok, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
        body: .whole(Array(metrics.utf8)))
    case ("/props", true): return try await properties(request)
    case ("/v1/completions", false), ("/v1/chat/completions", false), ("/chat/completions", false):
      return try await complete(request)
    default:
      if request.path.hasPrefix("/kv/") {
        throw APIError(.notFound, "There is nothing at \(request.path).")
      }
      return try await forward(request, body: request.body, id: id(of: request))
    }
  }

  /// Clients may name their requests; the name goes to all who work on it.
  private func id(of request: HTTPRequest) -> String {
    request.headers["x-request-id"] ?? "router-\(numbers.next)"
  }

  private func complete(_ request: HTTPRequest) async throws -> HTTPResponse {
    state.withLock { $0.requests += 1 }
    let id = id(of: request)
    var body = request.body
    if let fields = Self.handedOver(body) {
      let place = try await prepared(fields, request, id)
      if let place {
        var whole = fields
        whole["kv_transfer_params"] = place
        body = Array(try JSONEncoder().encode(JSONValue.object(whole)))
      } else {
        state.withLock { $0.unprepared += 1 }
      }
    }
    return try await forward(request, body: body, id: id)
  }

  /// The fields of a request whose prompt is worth computing elsewhere: one prompt, of which nothing is to
  /// be told. Whatever is wrong with a request, the server that answers it says.
  private static func handedOver(_ body: [UInt8]) -> [String: JSONValue]? {
    guard case .object(let fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(body)),
      fields["echo"] != .bool(true), fields["prompt_logprobs"] ?? .null == .null
    else { return nil }
    if case .array(let prompts)? = fields["prompt"] {
      // A list of numbers is one prompt; a list of anything else is several, even of one.
      guard case .number? = prompts.first else { return nil }
    }
    return fields
  }

  /// Has a prefill server compute a prompt.
  ///
  /// - Returns: where it is to be fetched; nil where no prefill server answers.
  private func prepared(
    _ fields: [String: JSONValue], _ request: HTTPRequest, _ id: String
  ) async throws -> JSONValue? {
    var asked = fields
    for name in [
      "stream", "stream_options", "n", "best_of", "logprobs", "top_logprobs",
      "max_completion_tokens",
    ] { asked[name] = nil }
    asked["max_tokens"] = .number(1)
    asked["kv_transfer_params"] = .object([
      "do_remote_decode": .bool(true), "do_remote_prefill": .bool(false),
      "remote_engine_id": .null, "remote_block_ids": .null, "remote_host": .null,
      "remote_port": .null,
    ])
    let body = Array(try JSONEncoder().encode(JSONValue.object(asked)))
    var tried: Set<Int> = []
    while let number = open(.prefill, except: tried) {
      tried.insert(number)
      do {
        let answer = try await client.send(
          call(request, body: body, id: id), to: address(.prefill, number))
        let bytes = try await answer.whole()
        // A server that is too busy is left out for a while as well.
        guard answer.status < 500 else {
          fail(.prefill, number)
          continue
        }
        close(.prefill, number, answered: true)
        guard answer.status == 200,
          case .object(let told)? = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)),
          let place = told["kv_transfer_params"], place != .null
        else { return nil }
        return place
      } catch {
        try leave(.prefill, number, error)
      }
    }
    return nil
  }

  /// Passes a request on to a decode server, and its answer back as it comes.
  private func forward(
    _ request: HTTPRequest, body: [UInt8], id: String
  ) async throws -> HTTPResponse {
    var tried: Set<Int> = []
    var last: HTTPResponse?
    while let number = open(.decode, except: tried) {
      tried.insert(number)
      do {
        let answer = try await client.send(
          call(request, body: body, id: id), to: address(.decode, number))
        let isStream =
          answer.headers["content-type"]?.lowercased().hasPrefix("text/event-stream") == true
        if isStream { return stream(answer, number) }
        var response = HTTPResponse(
          HTTPStatus(rawValue: answer.status) ?? .badGateway, headers: Self.passed(answer.headers),
          body: .whole(try await answer.whole()))
        if answer.status == 503 || answer.status == 502 {
          // It has no room; another may have.
          fail(.decode, number)
          if response.headers["retry-after"] == nil { response.headers.add("Retry-After", "1") }
          last = response
          continue
        }
        close(.decode, number, answered: true)
        return response
      } catch {
        try leave(.decode, number, error)
      }
    }
    return last ?? Self.badGateway("No server answers.")
  }

  /// Passes events on as they come. A server that ends in the middle leaves an error in the stream and no
  /// `[DONE]`; a client that leaves closes the connection to the server.
  private func stream(_ answer: HTTPAnswer, _ number: Int) -> HTTPResponse {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    let task = Task {
      do {
        for try await piece in answer.body { continuation.yield(piece) }
        close(.decode, number, answered: true)
      } catch {
        if Task.isCancelled || error is CancellationError {
          close(.decode, number, answered: false)
        } else {
          fail(.decode, number)
          let told = APIError(.server, "The server that answered has failed: \(error)")
          continuation.yield(Array("\n\n".utf8) + EventStream.event(told.json))
        }
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return HTTPResponse(
      HTTPStatus(rawValue: answer.status) ?? .badGateway, headers: Self.passed(answer.headers),
      body: .stream(stream))
  }

  // MARK: Asking

  private func call(_ request: HTTPRequest, body: [UInt8], id: String) -> HTTPCall {
    let query = request.query.isEmpty ? "" : "?\(request.query)"
    let path = request.path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "/"
    var call = HTTPCall(request.method, path + query, body: body)
    for name in ["content-type", "accept", "authorization", "x-api-key"] {
      if let value = request.headers[name] { call.headers.add(name, value) }
    }
    call.headers.add("X-Request-Id", id)
    return call
  }

  /// What of an answer's head is of interest to a client; the rest is between two machines.
  private static func passed(_ headers: HTTPHeaders) -> HTTPHeaders {
    var passed = HTTPHeaders()
    for name in [
      "Content-Type", "Cache-Control", "Retry-After", "WWW-Authenticate", "X-Accel-Buffering",
    ] {
      if let value = headers[name] { passed.add(name, value) }
    }
    return passed
  }

  private func open(_ pool: Pool, except tried: Set<Int>) -> Int? {
    state.withLock { $0[pool].open(at: .now, except: tried) }
  }

  private func address(_ pool: Pool, _ number: Int) -> ServerAddress {
    state.withLock { $0[pool].address(number) }
  }

  private func close(_ pool: Pool, _ number: Int, answered: Bool) {
    state.withLock { $0[pool].close(number, answered: answered) }
  }

  private func fail(_ pool: Pool, _ number: Int) {
    state.withLock { $0[pool].fail(number, at: .now) }
  }

  /// Takes note of an error: the server's, unless whoever asked has left.
  private func leave(_ pool: Pool, _ number: Int, _ error: any Error) throws {
    guard !Task.isCancelled, !(error is CancellationError) else {
      close(pool, number, answered: false)
      throw CancellationError()
    }
    fail(pool, number)
  }

  // MARK: How it stands

  private var health: HTTPResponse {
    let isWell = state.withLock { $0.decode.standing.contains(where: \.answers) }
    let json: JSONText = ["status": isWell ? "ok" : "error"]
    return HTTPResponse(
      isWell ? .ok : .unavailable, headers: ["Content-Type": "application/json; charset=utf-8"],
      body: .whole(json.bytes))
  }

  /// Those of a decode server, with how many servers stand behind this one.
  private func properties(_ request: HTTPRequest) async throws -> HTTPResponse {
    var response = try await forward(request, body: [], id: id(of: request))
    guard response.status == .ok, case .whole(let bytes) = response.body,
      case .object(var fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    else { return response }
    let counts = state.withLock { ($0.prefill.count, $0.decode.count) }
    fields["router"] = .object([
      "prefill": .number(Double(counts.0)), "decode": .number(Double(counts.1)),
    ])
    response.body = .whole(Array(try JSONEncoder().encode(JSONValue.object(fields))))
    return response
  }

  /// Prometheus' text format, version 0.0.4.
  private var metrics: String {
    let state = state.withLock { $0 }
    var text = """
      # HELP ponder:router_requests_total Requests for completions.
      # TYPE ponder:router_requests_total counter
      ponder:router_requests_total \(state.requests)
      # HELP ponder:router_unprepared_total Requests for which no prefill server answered.
      # TYPE ponder:router_unprepared_total counter
      ponder:router_unprepared_total \(state.unprepared)

      """
    let servers =
      state.prefill.standing.map { ("prefill", $0) } + state.decode.standing.map { ("decode", $0) }
    for (name, kind, help, value) in [
      ("server_served_total", "counter", "Requests that a server has answered.", { $0.served }),
      ("server_failures_total", "counter", "Requests that a server left open.", { $0.failures }),
      ("server_open", "gauge", "Requests that a server works on.", { $0.open }),
      ("server_up", "gauge", "1 for a server that answers.", { $0.answers ? 1 : 0 }),
    ] as [(String, String, String, (_ standing: Standing) -> Int)] {
      text += "# HELP ponder:\(name) \(help)\n# TYPE ponder:\(name) \(kind)\n"
      for (role, standing) in servers {
        text +=
          "ponder:\(name){role=\"\(role)\",server=\"\(standing.address)\"} \(value(standing))\n"
      }
    }
    return text
  }

  private typealias Standing =
    (address: ServerAddress, open: Int, served: Int, failures: Int, answers: Bool)
}
