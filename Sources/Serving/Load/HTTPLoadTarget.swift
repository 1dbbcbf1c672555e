import Foundation
public import Traces

/// A server of OpenAI's protocol as the target of a load: this program's, llama.cpp's, vLLM's or another.
/// Each request has a connection of its own.
public struct HTTPLoadTarget: LoadTarget {
  public let server: ServerAddress
  /// What the server calls its model; nil where it does not say.
  public let model: String?
  private let prompts: [LoadPrompt]
  private let client: HTTPClient
  private let key: String?

  /// Asks a server what it serves, and prepares prompts of just the lengths wanted, in its own tokens
  /// where it tells them.
  ///
  /// - Parameters:
  ///   - server: with what stands before `/v1`.
  ///   - key: what is sent to be let in; nil for nothing.
  ///   - salt: other prompts for each, so that no cache knows them from an earlier load.
  /// - Throws: `CallError`, `LoadError`, `CancellationError`.
  public init(
    _ server: ServerAddress, key: String? = nil, plan: LoadPlan,
    salt: UInt64 = .random(in: 0...(.max)), client: HTTPClient = HTTPClient()
  ) async throws {
    (self.server, self.client, self.key) = (server, client, key)
    let asking = ServerQuestions(server: server, client: client, key: key)
    let model = try await asking.modelName()
    self.model = model
    prompts = try await LoadPrompt.prompts(for: plan, salt: salt, model: model, asking: asking)
  }

  /// How a server says that it works; as in one place where it says nothing.
  ///
  /// - Throws: `CallError`, `CancellationError`.
  public static func layout(
    of server: ServerAddress, key: String? = nil, client: HTTPClient = HTTPClient()
  ) async throws -> ServingLayout {
    try await ServerQuestions(server: server, client: client, key: key).layout()
  }

  /// What a server counts of itself; nil where it tells nothing.
  ///
  /// - Throws: `CallError`, `CancellationError`.
  public static func metrics(
    of server: ServerAddress, key: String? = nil, client: HTTPClient = HTTPClient()
  ) async throws -> ServerMetrics? {
    let asking = ServerQuestions(server: server, client: client, key: key)
    return try await asking.get("/metrics").map {
      ServerMetrics(String(decoding: $0, as: UTF8.self))
    }
  }

  public func send(
    _ request: LoadRequest, number: Int, tell: @escaping @Sendable (LoadSign) -> Void
  ) async throws {
    guard prompts.indices.contains(number) else { throw LoadError.noPrompt }
    let body = CompletionBody(
      model: model, prompt: prompts[number], maxTokens: request.output)
    var call = HTTPCall(
      "POST", "/v1/completions", headers: ServerQuestions.headers(key: key),
      body: Array(try JSONEncoder().encode(body)))
    call.headers.add("Accept", "text/event-stream")
    let answer = try await client.send(call, to: server)
    guard answer.status == 200 else {
      throw LoadError.refused(
        status: answer.status, LoadError.message(try await answer.whole(atMost: 1 << 20)))
    }
    var events = ServerSentEvents()
    var output = 0
    for try await piece in answer.body {
      for data in try events.append(piece) {
        if data.elementsEqual("[DONE]".utf8) { return }
        let chunk = try Self.chunk(data)
        if let error = chunk.error { throw LoadError.failed(error.message ?? "unknown") }
        if let choice = chunk.choices?.first {
          let ids = choice.tokenIDs?.count ?? 0
          output += ids
          if ids > 0 || choice.text?.isEmpty == false { tell(.tokens) }
        }
        if let usage = chunk.usage {
          tell(.counted(prompt: usage.prompt, output: usage.completion))
        } else if output > 0 {
          tell(.counted(prompt: nil, output: output))
        }
      }
    }
    try Task.checkCancellation()
    // Some servers end the connection instead of saying so; one that dies in the middle leaves a chunk
    // unfinished, which the client has told.
  }

  private static func chunk(_ data: [UInt8]) throws -> CompletionChunk {
    do {
      return try JSONDecoder().decode(CompletionChunk.self, from: Data(data))
    } catch { throw LoadError.failed("it sends what is no completion") }
  }
}

/// What a request for a completion says.
private struct CompletionBody: Encodable {
  var model: String?
  var prompt: LoadPrompt
  var maxTokens: Int
  var temperature = 0.0
  var stream = true
  var options = ["include_usage": true]
  // Those who do not know these leave them out of account; OpenAI's own server knows none of them.
  var ignoresEnd = true
  var returnsIDs = true

  enum CodingKeys: String, CodingKey {
    case model, prompt, temperature, stream
    case maxTokens = "max_tokens"
    case options = "stream_options"
    case ignoresEnd = "ignore_eos"
    case returnsIDs = "return_token_ids"
  }
}

/// One event of a completion's stream.
private struct CompletionChunk: Decodable {
  struct Choice: Decodable {
    var text: String?
    var tokenIDs: [Int]?

    enum CodingKeys: String, CodingKey {
      case text
      case tokenIDs = "token_ids"
    }
  }

  struct Usage: Decodable {
    var prompt: Int?
    var completion: Int?

    enum CodingKeys: String, CodingKey {
      case prompt = "prompt_tokens"
      case completion = "completion_tokens"
    }
  }

  struct Failure: Decodable { var message: String? }

  var choices: [Choice]?
  var usage: Usage?
  var error: Failure?
}

/// A prompt in a server's own tokens, or as text where it does not tell those.
enum LoadPrompt: Sendable, Hashable, Encodable {
  case ids([Int])
  case text(String)

  func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .ids(let ids): try container.encode(ids)
    case .text(let text): try container.encode(text)
    }
  }

  /// Words that most vocabularies have as one token each.
  private static let words = """
    the and of to in that it was for on are with as his they at be this from have or by one had not but \
    what all were when we there can an your which their said if do will each about how up out them then \
    she many some so these would other into has more her two like him see time could no make than first \
    been its who now people my made over did down only way find use may water long little very after \
    words called just where most know
    """.split(separator: " ").map(String.init)

  /// One for each request. They begin with what all share, and go on as no other does, so that no cache
  /// of prompts knows them.
  static func prompts(
    for plan: LoadPlan, salt: UInt64, model: String?, asking: ServerQuestions
  ) async throws -> [LoadPrompt] {
    var random = LoadRandom(seed: plan.seed ^ salt)
    func text(_ count: Int) -> String {
      (0..<max(1, count)).map { _ in words[Int(random.uniform() * Double(words.count))] }
        .joined(separator: " ")
    }
    let shared = text(plan.sharedTokens)
    let sharedIDs =
      plan.sharedTokens > 0 ? try await asking.tokens(of: shared, model: model) : nil
    var prompts: [LoadPrompt] = []
    for request in plan.coming {
      try Task.checkCancellation()
      // A word has one token at least in most vocabularies.
      let own = text(max(32, request.prompt))
      guard let found = try await asking.tokens(of: own, model: model) else {
        let common = plan.sharedTokens > 0 ? shared + " " : ""
        let rest = own.split(separator: " ").prefix(max(1, request.prompt - plan.sharedTokens))
        prompts.append(.text(common + rest.joined(separator: " ")))
        continue
      }
      var ids = found
      while ids.count < request.prompt { ids += found.prefix(request.prompt - ids.count) }
      let common = (sharedIDs ?? []).prefix(min(plan.sharedTokens, request.prompt - 1))
      let rest = ids.suffix(max(1, request.prompt - common.count))
      // What begins a text stands at the beginning only.
      prompts.append(
        .ids(common.isEmpty ? Array(ids.prefix(request.prompt)) : Array(common) + rest))
    }
    return prompts
  }
}

/// What a load asks of a server beside completions.
struct ServerQuestions: Sendable {
  let server: ServerAddress
  let client: HTTPClient
  let key: String?

  static func headers(key: String?) -> HTTPHeaders {
    var headers: HTTPHeaders = ["Content-Type": "application/json"]
    if let key { headers.add("Authorization", "Bearer \(key)") }
    return headers
  }

  /// - Returns: the body; nil for any status but 200.
  func get(_ path: String) async throws -> [UInt8]? {
    let call = HTTPCall("GET", path, headers: Self.headers(key: key))
    let answer = try await client.send(call, to: server)
    let body = try await answer.whole(atMost: 16 << 20)
    return answer.status == 200 ? body : nil
  }

  private struct Models: Decodable {
    struct Model: Decodable { var id: String }
    var data: [Model]
  }

  /// The first of the models that are served.
  func modelName() async throws -> String? {
    guard let body = try await get("/v1/models") else { return nil }
    return (try? JSONDecoder().decode(Models.self, from: Data(body)))?.data.first?.id
  }

  private struct Properties: Decodable {
    struct Router: Decodable {
      var prefill: Int
      var decode: Int
    }
    var router: Router?
  }

  /// Servers that say nothing of it compute prompts and answers in one place.
  func layout() async throws -> ServingLayout {
    guard let body = try await get("/props"),
      let router = (try? JSONDecoder().decode(Properties.self, from: Data(body)))?.router,
      (0...10_000).contains(router.prefill), (0...10_000).contains(router.decode)
    else { return .colocated(1) }
    return .disaggregated(prefill: router.prefill, decode: router.decode)
  }

  private struct Text: Encodable {
    var model: String?
    // llama.cpp's server and this program's read the first, vLLM's the second.
    var content: String
    var prompt: String
    var addsSpecial = true
    var addsSpecialTokens = true

    enum CodingKeys: String, CodingKey {
      case model, content, prompt
      case addsSpecial = "add_special"
      case addsSpecialTokens = "add_special_tokens"
    }
  }

  private struct Tokens: Decodable { var tokens: [Int] }

  /// A text's tokens, with what begins a text; nil where the server does not tell them.
  func tokens(of text: String, model: String?) async throws -> [Int]? {
    let call = HTTPCall(
      "POST", "/tokenize", headers: Self.headers(key: key),
      body: Array(try JSONEncoder().encode(Text(model: model, content: text, prompt: text))))
    let answer = try await client.send(call, to: server)
    let body = try await answer.whole(atMost: 256 << 20)
    guard answer.status == 200,
      let tokens = try? JSONDecoder().decode(Tokens.self, from: Data(body)), !tokens.tokens.isEmpty
    else { return nil }
    return tokens.tokens
  }
}

/// Why a request of a load has no answer.
public enum LoadError: Error, Sendable, Equatable, CustomStringConvertible {
  case noPrompt
  case refused(status: Int, String)
  case failed(String)

  public var description: String {
    switch self {
    case .noPrompt: "There is no prompt for it."
    case .refused(let status, let message):
      "The server answers \(status)\(message.isEmpty ? "" : ": \(message)")"
    case .failed(let message): "The server says: \(message)"
    }
  }

  /// What an answer says of an error, in whichever of the usual shapes.
  static func message(_ body: [UInt8]) -> String {
    let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body))
    guard case .object(let fields)? = value else {
      return String(decoding: body.prefix(200), as: UTF8.self)
    }
    for name in ["error", "message", "detail"] {
      switch fields[name] {
      case .string(let text)?: return text
      case .object(let inner)?:
        if case .string(let text)? = inner["message"] { return text }
      default: continue
      }
    }
    return ""
  }
}
