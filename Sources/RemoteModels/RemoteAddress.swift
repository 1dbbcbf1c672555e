import Foundation
public import Serving

/// Where a remote model is, as people write it: `http://host:port/v1#name`.
public struct RemoteAddress: Sendable, Hashable, CustomStringConvertible {
  /// Whether the connection is encrypted.
  public var isEncrypted: Bool
  /// The server, with what stands before `/v1`.
  public var server: ServerAddress
  /// Which of the server's models; nil for the one that it serves, or its first.
  public var name: String?

  /// Whether a text is meant as an address.
  public static func isAddress(_ text: String) -> Bool {
    let text = text.lowercased()
    return text.hasPrefix("http://") || text.hasPrefix("https://")
  }

  /// - Throws: `RemoteError.badAddress`.
  public init(_ text: String) throws(RemoteError) {
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
      ["http", "https"].contains(scheme), var host = url.host, !host.isEmpty, url.query == nil
    else { throw .badAddress(text) }
    // A name and a password would be kept in every trace.
    guard url.user == nil, url.password == nil else { throw .secretInAddress }
    isEncrypted = scheme == "https"
    guard let port = UInt16(exactly: url.port ?? (isEncrypted ? 443 : 80)), port > 0 else {
      throw .badAddress(text)
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    var base = url.percentEncodedPath
    while base.hasSuffix("/") { base.removeLast() }
    if base.hasSuffix("/v1") { base.removeLast(3) }
    server = ServerAddress(host: host, port: port, base: base)
    name = url.fragment.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The server's own address, as it is shown: without the model's name.
  public var shownServer: String {
    let text = server.description
    return isEncrypted ? "https" + text.dropFirst("http".count) : text
  }

  public var description: String { shownServer + "/v1" + (name.map { "#\($0)" } ?? "") }
}
