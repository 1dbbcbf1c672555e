public import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

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

/// The transport that Foundation has.
public struct URLSessionTransport: HTTPTransport {
  public init() {}

  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    var sent = URLRequest(url: request.url)
    sent.httpMethod = request.method.rawValue
    for (name, value) in request.headers { sent.setValue(value, forHTTPHeaderField: name) }
    let exchange = Exchange()
    return try await withTaskCancellationHandler {
      try await exchange.start(sent)
    } onCancel: {
      exchange.cancel()
    }
  }
}

/// One request and its answer. A session of its own lets it go by itself when it has ended.
private final class Exchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let lock = NSLock()
  private var task: URLSessionDataTask?
  private var head: CheckedContinuation<HTTPResponse, any Error>?
  private let body: AsyncThrowingStream<Data, any Error>
  private let pieces: AsyncThrowingStream<Data, any Error>.Continuation
  private var isCancelled = false
  /// Bytes that have come and were not read yet.
  private var waiting = 0
  private var isPaused = false

  /// Who reads slower than the network delivers makes it wait: so many bytes may lie in between.
  private static let mostWaiting = 32 << 20

  override init() {
    (body, pieces) = AsyncThrowingStream.makeStream()
    super.init()
  }

  func start(_ request: URLRequest) async throws -> HTTPResponse {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpCookieStorage = nil
    configuration.urlCache = nil
    // Silence is watched by who downloads; this is for servers that do not answer at all.
    configuration.timeoutIntervalForRequest = 60
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    return try await withCheckedThrowingContinuation { continuation in
      let isCancelled = lock.withLock {
        self.task = task
        if !self.isCancelled { head = continuation }
        return self.isCancelled
      }
      if isCancelled {
        continuation.resume(throwing: CancellationError())
      } else {
        task.resume()
      }
    }
  }

  func cancel() {
    let task = lock.withLock {
      isCancelled = true
      return self.task
    }
    task?.cancel()
  }

  private func didRead(_ count: Int) {
    let resumed = lock.withLock {
      waiting -= count
      guard isPaused, waiting < Self.mostWaiting / 2 else { return nil as URLSessionDataTask? }
      isPaused = false
      return task
    }
    resumed?.resume()
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) { completionHandler(nil) }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    if let response = response as? HTTPURLResponse, let url = response.url {
      let headers = response.allHeaderFields.compactMap { name, value in
        (name as? String).map { ($0, "\(value)") }
      }
      let head = HTTPHead(
        url: url, status: response.statusCode,
        headers: Dictionary(headers, uniquingKeysWith: { first, _ in first }))
      pieces.onTermination = { [weak dataTask] reason in
        if case .cancelled = reason { dataTask?.cancel() }
      }
      takeHead()?.resume(
        returning: HTTPResponse(
          head: head, body: body, didRead: { [weak self] in self?.didRead($0) }))
    }
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    pieces.yield(data)
    let paused = lock.withLock {
      waiting += data.count
      guard !isPaused, waiting > Self.mostWaiting else { return false }
      isPaused = true
      return true
    }
    if paused { dataTask.suspend() }
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let failure: (any Error)? = error.map { error in
      if lock.withLock({ isCancelled }) || (error as? URLError)?.code == .cancelled {
        return CancellationError()
      }
      let host = task.originalRequest?.url?.host() ?? "the server"
      return DownloadError.unreachable(host: host, reason: Self.reason(error))
    }
    takeHead()?.resume(
      throwing: failure
        ?? DownloadError.unreachable(
          host: task.originalRequest?.url?.host() ?? "the server", reason: "no answer"))
    pieces.finish(throwing: failure)
  }

  private func takeHead() -> CheckedContinuation<HTTPResponse, any Error>? {
    lock.withLock {
      defer { head = nil }
      return head
    }
  }

  private static func reason(_ error: any Error) -> String {
    let text = (error as NSError).localizedDescription
    return text.isEmpty || text == "(null)" ? "the connection failed" : text
  }
}
