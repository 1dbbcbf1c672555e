import Foundation

/// Who may ask, and from where.
public struct AccessRules: Sendable, Hashable {
  /// Keys of which a client must send one; none lets everybody in.
  public var keys: [String]
  /// Origins whose pages may ask; `*` is any.
  public var origins: [String]

  public init(keys: [String] = [], origins: [String] = []) {
    self.keys = keys
    self.origins = origins
  }
}

extension AccessRules {
  /// What a browser is to be told of who may ask.
  func corsHeaders(_ request: HTTPRequest) -> HTTPHeaders {
    guard let origin = request.headers["origin"],
      origins.contains("*") || origins.contains(origin)
    else { return [:] }
    return [
      "Access-Control-Allow-Origin": origins.contains(origin) ? origin : "*",
      "Vary": "Origin", "Access-Control-Allow-Headers": "*, Authorization",
      "Access-Control-Allow-Methods": "GET, POST, OPTIONS", "Access-Control-Max-Age": "86400",
    ]
  }

  private static let open: Set<String> = ["/health", "/v1/health", "/v1/models", "/models"]

  /// - Throws: `APIError` for a request without a key that is wanted.
  func check(_ request: HTTPRequest) throws(APIError) {
    guard !keys.isEmpty, !Self.open.contains(request.path) else { return }
    var given = request.headers["x-api-key"]
    if let field = request.headers["authorization"], field.lowercased().hasPrefix("bearer ") {
      given = field.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
    }
    guard let given, keys.contains(where: { Self.isEqual($0, given) }) else {
      throw APIError(.authentication, "Invalid API Key")
    }
  }

  /// Compares in a time that does not tell where two keys differ.
  private static func isEqual(_ one: String, _ other: String) -> Bool {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    var difference = UInt8(one.count == other.count ? 0 : 1)
    for index in one.indices {
      difference |= one[index] ^ (other.isEmpty ? 1 : other[index % other.count])
    }
    return difference == 0
  }
}
