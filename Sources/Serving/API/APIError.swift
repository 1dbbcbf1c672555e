/// Why a request is not answered as it was asked, with the status and the kind that clients of this
/// protocol look at: those of OpenAI's API and of llama.cpp's server.
public struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: String, Sendable {
    case invalidRequest = "invalid_request_error"
    case authentication = "authentication_error"
    case permission = "permission_error"
    case notFound = "not_found_error"
    case server = "server_error"
    case notSupported = "not_supported_error"
    case unavailable = "unavailable_error"
    case contextSize = "exceed_context_size_error"
  }

  public var kind: Kind
  public var description: String
  /// The field that is at fault.
  public var parameter: String?
  /// The prompt's length and the context's, where the one does not fit into the other. In tokens.
  public var context: (prompt: Int, size: Int)?

  public init(_ kind: Kind, _ description: String, parameter: String? = nil) {
    self.kind = kind
    self.description = description
    self.parameter = parameter
  }

  static func contextSize(prompt: Int, size: Int) -> APIError {
    var error = APIError(
      .contextSize,
      "the request (\(prompt) tokens) exceeds the available context size (\(size) tokens)")
    error.context = (prompt, size)
    return error
  }

  public static func == (one: APIError, other: APIError) -> Bool {
    one.kind == other.kind && one.description == other.description
      && one.parameter == other.parameter
  }

  var status: HTTPStatus {
    switch kind {
    case .invalidRequest, .contextSize: .badRequest
    case .authentication: .unauthorized
    case .permission: .forbidden
    case .notFound: .notFound
    case .server: .internalServerError
    case .notSupported: .notImplemented
    case .unavailable: .unavailable
    }
  }

  /// `{"error": {…}}`
  var json: JSONText {
    var error: JSONText = [
      "code": .int(status.rawValue), "message": .string(description),
      "type": .string(kind.rawValue), "param": parameter.map { .string($0) } ?? nil,
    ]
    if let context {
      error.add("n_prompt_tokens", .int(context.prompt))
      error.add("n_ctx", .int(context.size))
    }
    return ["error": error]
  }

  var response: HTTPResponse {
    var headers: HTTPHeaders = ["Content-Type": "application/json; charset=utf-8"]
    if kind == .unavailable { headers.add("Retry-After", "1") }
    if kind == .authentication { headers.add("WWW-Authenticate", "Bearer") }
    return HTTPResponse(status, headers: headers, body: .whole(json.bytes))
  }
}
