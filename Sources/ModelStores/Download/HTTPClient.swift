import Foundation

/// How long is waited for servers, and how often they are asked again.
public struct Patience: Sendable {
  /// Tries in a row that bring nothing.
  public var tries = 5
  /// Before the second try; doubled before each further one.
  public var firstWait: Duration = .seconds(2)
  /// A server that asks for a longer wait is not waited for.
  public var longestWait: Duration = .seconds(120)
  /// A connection over which nothing comes for so long is given up.
  public var silence: Duration = .seconds(30)
  /// How waiting is done.
  public var wait: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

  public init() {}

  /// The wait after some tries that brought nothing.
  ///
  /// - Parameter asked: what the server asked for.
  func pause(after tries: Int, asked: Duration?) -> Duration {
    min(longestWait, max(asked ?? .zero, firstWait * (1 << min(tries - 1, 10))))
  }
}

/// Requests with what belongs to each of them: redirects, tokens, tries.
public struct HTTPClient: Sendable {
  let transport: any HTTPTransport
  let patience: Patience

  private static let mostRedirects = 8
  /// Larger answers are no lists of files.
  private static let largestAnswer = 64 << 20

  public init(
    _ transport: any HTTPTransport = CurlTransport(), patience: Patience = Patience()
  ) {
    (self.transport, self.patience) = (transport, patience)
  }

  /// What redirects on the way told.
  struct Trail {
    /// `X-Linked-Etag`: the digest of the content, as the hub itself knows it.
    var linkedTag: String?
    var linkedSize: Int?
  }

  /// Sends a request and follows redirects. `Authorization` goes to no other host than the first,
  /// and nothing goes from an encrypted connection to an open one.
  func send(_ request: HTTPRequest) async throws -> (response: HTTPResponse, trail: Trail) {
    var request = request
    request.headers["Accept-Encoding"] = "identity"
    request.headers["User-Agent"] = "ponder"
    var trail = Trail()
    let first = request.url
    for _ in 0...Self.mostRedirects {
      let response = try await transport.send(request)
      let head = response.head
      trail.linkedTag = trail.linkedTag ?? head["x-linked-etag"].map(Self.tag)
      trail.linkedSize = trail.linkedSize ?? head["x-linked-size"].flatMap(Int.init)
      guard [301, 302, 303, 307, 308].contains(head.status) else { return (response, trail) }
      guard let location = head["location"],
        let url = URL(string: location, relativeTo: request.url)?.absoluteURL,
        let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.host() != nil
      else { throw DownloadError.badAnswer(url: Self.shown(request.url), what: "a bad redirect") }
      guard scheme == "https" || request.url.scheme?.lowercased() == "http" else {
        throw DownloadError.unsafeRedirect(from: Self.shown(request.url), to: Self.shown(url))
      }
      if !Self.isSameServer(url, first) { request.headers["Authorization"] = nil }
      request.url = url
    }
    throw DownloadError.tooManyRedirects(url: Self.shown(first))
  }

  /// Fetches a short answer whole, trying again where that may help.
  ///
  /// - Throws: `DownloadError`, `CancellationError`.
  func fetch(_ request: HTTPRequest) async throws -> (head: HTTPHead, body: Data) {
    var tries = 0
    while true {
      var asked: Duration?
      do {
        let response = try await send(request).response
        asked = Self.wait(askedBy: response.head)
        try Self.check(response.head)
        return (response.head, try await body(of: response))
      } catch let error as DownloadError where error.isPassing {
        tries += 1
        guard tries < patience.tries else { throw error }
        try await patience.wait(patience.pause(after: tries, asked: asked))
      }
    }
  }

  private func body(of response: HTTPResponse) async throws -> Data {
    let watch = SilenceWatch(patience, host: response.head.url.host() ?? "the server")
    return try await watch.watching { heard in
      var body = Data()
      for try await piece in response.body {
        heard()
        body += piece
        response.didRead(piece.count)
        guard body.count <= Self.largestAnswer else {
          throw DownloadError.badAnswer(url: Self.shown(response.head.url), what: "far too much")
        }
      }
      try Task.checkCancellation()
      return body
    }
  }

  /// - Throws: `DownloadError.refused` for anything but success.
  static func check(_ head: HTTPHead) throws(DownloadError) {
    guard !(200..<300).contains(head.status) else { return }
    throw .refused(url: shown(head.url), status: head.status)
  }

  /// How long a server asks to wait.
  static func wait(askedBy head: HTTPHead) -> Duration? {
    guard [429, 503].contains(head.status), let text = head["retry-after"],
      let seconds = Int(text.trimmingCharacters(in: .whitespaces)), seconds >= 0
    else { return nil }
    return .seconds(min(seconds, 86_400))
  }

  /// An entity tag without its quotes.
  static func tag(_ header: String) -> String {
    let text = header.hasPrefix("W/") ? String(header.dropFirst(2)) : header
    return text.trimmingCharacters(in: CharacterSet(charactersIn: "\""))
  }

  /// An address without its query: what a signed one has there is nobody's business.
  static func shown(_ url: URL) -> String {
    let port = url.port.map { ":\($0)" } ?? ""
    return "\(url.scheme ?? "http")://\(url.host() ?? "")\(port)\(url.path())"
  }

  static func isSameServer(_ one: URL, _ other: URL) -> Bool {
    one.scheme?.lowercased() == other.scheme?.lowercased()
      && one.host()?.lowercased() == other.host()?.lowercased() && one.port == other.port
  }
}
