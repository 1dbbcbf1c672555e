public import Foundation

/// A file of service times, such as those of a GPU: JSON with the fields of `ServiceTimes` in snake_case, a
/// `name`, and a `source`, which says where the figures come from.
public struct ServiceTimesFile: Sendable, Hashable {
  public var name: String
  public var source: String
  public var times: ServiceTimes

  /// - Throws: `ServiceTimesError`.
  public init(contentsOf url: URL) throws(ServiceTimesError) {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch { throw .unreadable(url.path) }
    try self.init(data)
  }

  /// - Throws: `ServiceTimesError`.
  public init(_ data: Data) throws(ServiceTimesError) {
    let fields: Fields
    do {
      fields = try JSONDecoder().decode(Fields.self, from: data)
    } catch Swift.DecodingError.keyNotFound(let key, _) {
      throw .missing(key.stringValue)
    } catch { throw .malformed }
    for (name, value) in [
      ("pass", fields.pass), ("prompt_token", fields.promptToken),
      ("decoded_token", fields.decodedToken), ("latency", fields.latency ?? 0),
      ("bytes_per_token", fields.bytesPerToken ?? 0),
    ] where !(0...1e12).contains(value) { throw .outOfRange(name) }
    guard fields.pass + fields.decodedToken > 0 else { throw .outOfRange("pass") }
    guard fields.bandwidth ?? 1 > 0 else { throw .outOfRange("bandwidth") }
    guard (1...1_000_000).contains(fields.tokensPerPass ?? 512) else {
      throw .outOfRange("tokens_per_pass")
    }
    guard (1...1_000_000).contains(fields.slots ?? 16) else { throw .outOfRange("slots") }
    (name, source) = (fields.name, fields.source)
    times = ServiceTimes(
      pass: fields.pass, promptToken: fields.promptToken, decodedToken: fields.decodedToken,
      bytesPerToken: fields.bytesPerToken ?? 0, bandwidth: fields.bandwidth ?? .infinity,
      latency: fields.latency ?? 0, tokensPerPass: fields.tokensPerPass ?? 512,
      slots: fields.slots ?? 16)
  }

  private struct Fields: Decodable {
    var name: String
    var source: String
    var pass: Double
    var promptToken: Double
    var decodedToken: Double
    var bytesPerToken: Double?
    var bandwidth: Double?
    var latency: Double?
    var tokensPerPass: Int?
    var slots: Int?

    enum CodingKeys: String, CodingKey {
      case name, source, pass, bandwidth, latency, slots
      case promptToken = "prompt_token"
      case decodedToken = "decoded_token"
      case bytesPerToken = "bytes_per_token"
      case tokensPerPass = "tokens_per_pass"
    }
  }
}

/// Why a file is none of service times.
public enum ServiceTimesError: Error, Equatable, CustomStringConvertible {
  case unreadable(String)
  case malformed
  case missing(String)
  case outOfRange(String)

  public var description: String {
    switch self {
    case .unreadable(let path): "\(path) cannot be read."
    case .malformed: "The service times are no JSON object with numbers."
    case .missing(let field): "The service times have no \"\(field)\"."
    case .outOfRange(let field): "\"\(field)\" of the service times is out of range."
    }
  }
}
