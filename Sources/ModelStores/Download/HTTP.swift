public import Foundation

/// A request by HTTP.
public struct HTTPRequest: Sendable {
  public enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
  }

  public var method = Method.get
  public var url: URL
  public var headers: [String: String] = [:]

  public init(_ url: URL, method: Method = .get, headers: [String: String] = [:]) {
    (self.url, self.method, self.headers) = (url, method, headers)
  }
}

/// What comes before the body of an answer.
public struct HTTPHead: Sendable {
  public var url: URL
  public var status: Int
  /// Names in lower case.
  private let headers: [String: String]

  public init(url: URL, status: Int, headers: [String: String]) {
    (self.url, self.status) = (url, status)
    self.headers = Dictionary(
      headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// - Parameter name: in any case.
  public subscript(name: String) -> String? { headers[name.lowercased()] }
}

/// An answer whose body comes piece by piece. Whoever stops reading cancels it.
public struct HTTPResponse: Sendable {
  public var head: HTTPHead
  public var body: AsyncThrowingStream<Data, any Error>
  /// Is told how many bytes of the body have been dealt with, so that more may come.
  public var didRead: @Sendable (Int) -> Void = { _ in }
}

/// Sends requests. It follows no redirect: who asks decides where a token may go.
public protocol HTTPTransport: Sendable {
  /// - Throws: `DownloadError.unreachable`, `CancellationError`.
  func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
