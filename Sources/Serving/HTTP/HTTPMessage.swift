import Foundation

/// A request as it came over the wire, whole.
public struct HTTPRequest: Sendable, Hashable {
  /// Such as `GET`, as it was spelled.
  public var method: String
  /// Without the query, with percent encodings resolved.
  public var path: String
  /// What stands behind the `?`, as it was spelled.
  public var query: String
  public var headers: HTTPHeaders
  public var body: [UInt8]
  /// Whether the client expects the connection to stay open (RFC 9112, section 9.3).
  public var keepsAlive: Bool
  /// Whether it can read a body in chunks, as clients of HTTP/1.0 cannot.
  public var readsChunks = true

  public init(
    method: String, path: String, query: String = "", headers: HTTPHeaders = HTTPHeaders(),
    body: [UInt8] = [], keepsAlive: Bool = true
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.keepsAlive = keepsAlive
  }
}

/// Header fields in the order in which they came. Names are the same in any case.
public struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  public private(set) var fields: [Field] = []

  public struct Field: Sendable, Hashable {
    public var name: String
    public var value: String
  }

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  public mutating func add(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// The value of a field; of one that came several times the first.
  public subscript(name: String) -> String? {
    let name = name.lowercased()
    return fields.first { $0.name.lowercased() == name }?.value
  }

  /// All values of a field.
  func all(_ name: String) -> [String] {
    let name = name.lowercased()
    return fields.filter { $0.name.lowercased() == name }.map(\.value)
  }

  /// The comma-separated words of a field, in small letters.
  func words(_ name: String) -> [String] {
    all(name).flatMap { $0.split(separator: ",") }.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
  }
}

/// What is answered.
public struct HTTPResponse: Sendable {
  /// The body.
  public enum Body: Sendable {
    case whole([UInt8])
    /// Pieces as they become known, sent in chunks. The stream's end is the body's.
    case stream(AsyncStream<[UInt8]>)
  }

  public var status: HTTPStatus
  public var headers: HTTPHeaders
  public var body: Body

  public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: Body = .whole([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The status codes that are answered here (RFC 9110, section 15).
public enum HTTPStatus: Int, Sendable {
  case ok = 200
  case noContent = 204
  case badRequest = 400
  case unauthorized = 401
  case forbidden = 403
  case notFound = 404
  case methodNotAllowed = 405
  case requestTimeout = 408
  case conflict = 409
  case contentTooLarge = 413
  case uriTooLong = 414
  case expectationFailed = 417
  case tooManyRequests = 429
  case headersTooLarge = 431
  case internalServerError = 500
  case notImplemented = 501
  case badGateway = 502
  case unavailable = 503
  case versionNotSupported = 505

  /// The words behind the code.
  var reason: String {
    switch self {
    case .ok: "OK"
    case .noContent: "No Content"
    case .badRequest: "Bad Request"
    case .unauthorized: "Unauthorized"
    case .forbidden: "Forbidden"
    case .notFound: "Not Found"
    case .methodNotAllowed: "Method Not Allowed"
    case .requestTimeout: "Request Timeout"
    case .conflict: "Conflict"
    case .contentTooLarge: "Content Too Large"
    case .uriTooLong: "URI Too Long"
    case .expectationFailed: "Expectation Failed"
    case .tooManyRequests: "Too Many Requests"
    case .headersTooLarge: "Request Header Fields Too Large"
    case .internalServerError: "Internal Server Error"
    case .notImplemented: "Not Implemented"
    case .badGateway: "Bad Gateway"
    case .unavailable: "Service Unavailable"
    case .versionNotSupported: "HTTP Version Not Supported"
    }
  }
}
