public import Decoding
import Foundation
import Synchronization
import Traces

/// A message of a conversation, as clients send it.
public struct ChatMessage: Sendable, Hashable {
  public var role: String
  public var content: String

  public init(role: String, content: String) {
    self.role = role
    self.content = content
  }
}

/// Writes conversations as a model wants them.
public protocol ChatPrompting: Sendable {
  /// The template as it stands in the model's file.
  var source: String? { get }

  /// A conversation up to where the answer begins.
  ///
  /// - Parameters:
  ///   - thinking: nil leaves it to the model.
  ///   - continuesLast: the last message is the beginning of the answer.
  /// - Returns: its tokens, and what they spell.
  /// - Throws: an error whose description says what is wrong with the conversation.
  func prompt(
    _ messages: [ChatMessage], thinking: Bool?, continuesLast: Bool
  ) throws -> (tokens: [TokenID], text: String)
}

/// Serves a model by the protocols that programs speak: OpenAI's completions and chat, and those of
/// llama.cpp's server.
public struct APIServer: Sendable {
  let service: ModelService
  /// What the model is called.
  let name: String
  let chat: (any ChatPrompting)?
  let access: AccessRules
  let handover: HandoverRules
  let prepared = PreparedPrompts()
  /// Which program this is, such as `ponder 1.0`.
  let build: String
  private let numbers = RequestNumbers()

  public init(
    _ service: ModelService, name: String, chat: (any ChatPrompting)?,
    access: AccessRules = AccessRules(), handover: HandoverRules = HandoverRules(), build: String
  ) {
    self.service = service
    self.name = name
    self.chat = chat
    self.access = access
    self.handover = handover
    self.build = build
  }

  /// What has been done, in a few words.
  public var summary: String { service.figures.summary }

  var model: any LanguageModel { service.model }
  var vocabulary: any Vocabulary { service.model.vocabulary }

  /// A number that no other request of this server has.
  func newID(_ prefix: String) -> String { "\(prefix)-\(numbers.next)" }

  /// What decides what a request gets: the weights and the arithmetic.
  var fingerprint: JSONText {
    .string("b\(model.identity.hash.prefix(16))-\(model.identity.isa)")
  }

  /// Seconds since 1970.
  var now: JSONText { .int(Int(Date().timeIntervalSince1970)) }

  /// A seed for whoever gives none.
  func newSeed() -> UInt64 { UInt64.random(in: 0..<1 << 32) }

  /// What is answered to what is no request of HTTP.
  public static func refusal(_ fault: HTTPFault) -> HTTPResponse {
    var response = APIError(.invalidRequest, fault.description).response
    response.status = fault.status
    return response
  }

  /// Answers a request.
  public func answer(_ request: HTTPRequest) async -> HTTPResponse {
    var response: HTTPResponse
    do {
      response = try await route(request)
    } catch let error as APIError {
      response = error.response
    } catch {
      response = APIError(.server, "\(error)").response
    }
    for field in access.corsHeaders(request).fields {
      response.headers.add(field.name, field.value)
    }
    return response
  }

  // MARK: Routes

  private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
    if request.method == "OPTIONS" { return HTTPResponse(.ok) }
    try access.check(request)
    let isRead = request.method == "GET" || request.method == "HEAD"
    switch (request.path, isRead) {
    case ("/health", true), ("/v1/health", true): return json(["status": "ok"])
    case ("/v1/models", true), ("/models", true): return json(models)
    case ("/props", true): return json(properties)
    case ("/slots", true): return json(slotStates)
    case ("/tokenizer_info", true): return json(tokenizerInfo)
    case ("/metrics", true):
      return HTTPResponse(
        .ok, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
        body: .whole(Array(service.figures.text(slots: service.slots).utf8)))
    default: break
    }
    if isRead, request.path.hasPrefix("/kv/") { return try handOver(request) }
    guard request.method == "POST" else {
      throw Self.paths.contains(request.path)
        ? APIError(.invalidRequest, "\(request.path) wants \(isRead ? "POST" : "another method").")
        : APIError(.notFound, "There is nothing at \(request.path).")
    }
    switch request.path {
    case "/v1/completions": return try await completions(RequestFields(request.body))
    case "/v1/chat/completions", "/chat/completions":
      return try await chatCompletions(RequestFields(request.body))
    case "/v1/chat/completions/input_tokens", "/chat/completions/input_tokens":
      return json(try inputTokens(RequestFields(request.body)))
    case "/completion", "/completions": return try await completion(RequestFields(request.body))
    case "/tokenize": return json(try tokenize(RequestFields(request.body)))
    case "/detokenize": return json(try detokenize(RequestFields(request.body)))
    case "/apply-template":
      let fields = try RequestFields(request.body)
      return json(["prompt": .string(try conversation(fields).text)])
    case "/v1/embeddings", "/embeddings", "/embedding", "/rerank", "/v1/rerank", "/infill":
      throw APIError(.notSupported, "\(request.path) is not served here.")
    default: throw APIError(.notFound, "There is nothing at \(request.path).")
    }
  }

  private static let paths: Set<String> = [
    "/v1/completions", "/v1/chat/completions", "/chat/completions", "/completion", "/completions",
    "/tokenize", "/detokenize", "/apply-template", "/health", "/v1/health", "/v1/models", "/models",
    "/props", "/slots", "/tokenizer_info", "/metrics", "/chat/completions/input_tokens",
    "/v1/chat/completions/input_tokens",
  ]

  func json(_ json: JSONText) -> HTTPResponse {
    HTTPResponse(
      .ok, headers: ["Content-Type": "application/json; charset=utf-8"],
      body: .whole(json.bytes))
  }

  // MARK: What is served

  private var models: JSONText {
    [
      "object": "list",
      "data": [
        [
          "id": .string(name), "object": "model", "created": now, "owned_by": "llamacpp",
          "max_model_len": .int(model.contextLength),
          "meta": [
            "n_vocab": .int(vocabulary.count), "n_ctx_train": .int(model.contextLength),
            "architecture": .string(model.identity.architecture),
            "type": .string(model.identity.fileType), "hash": .string(model.identity.hash),
          ],
        ]
      ],
    ]
  }

  private var properties: JSONText {
    [
      "default_generation_settings": [
        "n_ctx": .int(model.contextLength),
        "params": [
          "temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "n_predict": -1,
        ],
      ],
      "total_slots": .int(service.slots), "model_path": .string(name),
      "model_alias": .string(name), "chat_template": chat?.source.map { .string($0) } ?? "",
      "modalities": ["vision": false, "audio": false],
      "bos_token": .string(vocabulary.beginningOfText.map { vocabulary.name(of: $0) } ?? ""),
      "eos_token": .string(
        model.vocabulary.endOfText.min().map { vocabulary.name(of: $0) } ?? ""),
      "build_info": .string(build), "is_sleeping": false,
    ]
  }

  /// Which slot a text has, nobody can tell from its tokens; so the first ones are the busy ones.
  private var slotStates: JSONText {
    let busy = service.figures.processing(slots: service.slots)
    return .array(
      (0..<service.slots).map { slot in
        [
          "id": .int(slot), "n_ctx": .int(model.contextLength), "speculative": false,
          "is_processing": .bool(slot < busy),
        ]
      })
  }

  private var tokenizerInfo: JSONText {
    let end = vocabulary.endOfText.min().map { vocabulary.name(of: $0) }
    return [
      "tokenizer_class": "ponder",
      "bos_token": vocabulary.beginningOfText.map { .string(vocabulary.name(of: $0)) } ?? nil,
      "eos_token": end.map { .string($0) } ?? nil, "pad_token": end.map { .string($0) } ?? nil,
      "chat_template": chat?.source.map { .string($0) } ?? nil,
    ]
  }

  // MARK: Tokens

  private func tokenize(_ fields: RequestFields) throws(APIError) -> JSONText {
    let content = try fields.text("content")
    let prompt = try fields.text("prompt")
    guard let text = content ?? prompt else {
      throw APIError(.invalidRequest, "\"content\" is missing.", parameter: "content")
    }
    var isWhole = content == nil
    for name in ["add_special", "add_special_tokens"] {
      if let asked = try fields.boolean(name) { isWhole = asked }
    }
    let parses = try fields.boolean("parse_special") ?? true
    let ids =
      isWhole
      ? vocabulary.tokenize(text, special: parses ? .parse : .add)
      : vocabulary.tokenize(continuing: text, parsingSpecial: parses)
    let pieces = try fields.boolean("with_pieces") ?? false
    var json: JSONText = [
      "tokens": .array(
        ids.map { id in
          guard pieces else { return .int(Int(id)) }
          let bytes = vocabulary.bytes(of: id)
          let text = String(validating: bytes, as: UTF8.self)
          return [
            "id": .int(Int(id)),
            "piece": text.map { .string($0) } ?? .array(bytes.map { .int(Int($0)) }),
          ]
        })
    ]
    if content == nil {
      json.add("count", .int(ids.count))
      json.add("max_model_len", .int(model.contextLength))
    }
    return json
  }

  private func detokenize(_ fields: RequestFields) throws(APIError) -> JSONText {
    guard let ids = try fields.ids("tokens", vocabularySize: vocabulary.count) else {
      throw APIError(.invalidRequest, "\"tokens\" is missing.", parameter: "tokens")
    }
    let bytes = ids.flatMap { id in
      let bytes = vocabulary.bytes(of: id)
      return bytes.isEmpty && vocabulary.isControl(id) ? Array(vocabulary.name(of: id).utf8) : bytes
    }
    let text = JSONText.string(String(decoding: bytes, as: UTF8.self))
    return ["content": text, "prompt": text]
  }
}

/// Numbers requests.
final class RequestNumbers: Sendable {
  private let last = Mutex<UInt64>(UInt64.random(in: 0..<1 << 40) << 16)

  var next: String {
    String(
      last.withLock {
        $0 += 1
        return $0
      }, radix: 36)
  }
}
