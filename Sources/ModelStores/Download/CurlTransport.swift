import CTransfer
import Foundation

/// Sends requests with libcurl, which is opened when it is first needed.
///
/// Foundation's URLSession can do the same, but links libcurl and all that comes with it into every
/// start of the program, and does not stop the network while nobody reads.
public struct CurlTransport: HTTPTransport {
  public init() {}

  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    let exchange = Exchange(request)
    return try await withTaskCancellationHandler {
      try await exchange.start()
    } onCancel: {
      exchange.cancel()
    }
  }
}

/// One request and its answer, on a thread of its own.
private final class Exchange: @unchecked Sendable {
  private let request: HTTPRequest
  private let body: AsyncThrowingStream<Data, any Error>
  private let pieces: AsyncThrowingStream<Data, any Error>.Continuation
  /// Guards everything below; is told when room for more has come, and when nobody wants more.
  private let condition = NSCondition()
  private var head: CheckedContinuation<HTTPResponse, any Error>?
  private var lines: [String] = []
  private var hasHead = false
  private var isCancelled = false
  /// Bytes that have come and were not read yet.
  private var waiting = 0

  /// So many bytes may wait to be read; then the network waits.
  private static let mostWaiting = 8 << 20

  init(_ request: HTTPRequest) {
    self.request = request
    (body, pieces) = AsyncThrowingStream.makeStream()
  }

  func start() async throws -> HTTPResponse {
    try await withCheckedThrowingContinuation { continuation in
      condition.lock()
      let isCancelled = isCancelled
      if !isCancelled { head = continuation }
      condition.unlock()
      if isCancelled { return continuation.resume(throwing: CancellationError()) }
      pieces.onTermination = { [weak self] reason in
        if case .cancelled = reason { self?.cancel() }
      }
      let thread = Thread { [self] in run() }
      thread.name = "download"
      thread.start()
    }
  }

  /// Nobody wants more: the thread ends within a second.
  func cancel() {
    condition.lock()
    isCancelled = true
    condition.broadcast()
    condition.unlock()
    takeHead()?.resume(throwing: CancellationError())
    pieces.finish(throwing: CancellationError())
  }

  private func run() {
    var receiver = ct_receiver(
      context: Unmanaged.passUnretained(self).toOpaque(),
      line: { context, bytes, count in
        Exchange.at(context)?.take(line: UnsafeRawBufferPointer(start: bytes, count: count))
          ?? false
      },
      body: { context, bytes, count in
        Exchange.at(context)?.take(body: UnsafeRawBufferPointer(start: bytes, count: count))
          ?? false
      },
      goes_on: { Exchange.at($0)?.goesOn ?? false })
    var reason = [CChar](repeating: 0, count: Int(CT_REASON_SIZE))
    let headers = ["Accept": "*/*"].merging(request.headers) { $1 }.map { "\($0): \($1)" }
    let end = withStrings([request.url.absoluteString] + headers) { strings in
      var given = ct_request(
        url: strings[0], head_only: request.method == .head,
        headers: strings.baseAddress.map { $0 + 1 }, body: nil, body_size: 0, silence: 0)
      return ct_transfer(&given, &receiver, &reason)
    }
    let text = String(
      decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    finish(end, text)
  }

  private static func at(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  private var goesOn: Bool {
    condition.lock()
    defer { condition.unlock() }
    return !isCancelled
  }

  // MARK: What comes

  /// Whether to go on.
  private func take(line bytes: UnsafeRawBufferPointer) -> Bool {
    let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
    condition.lock()
    defer { condition.unlock() }
    // What comes behind the body belongs to it, and to nobody here.
    guard !hasHead else { return !isCancelled }
    if line.hasPrefix("HTTP/") { lines = [] }
    guard line.isEmpty else {
      lines.append(line)
      return !isCancelled && lines.count < 1000
    }
    guard let response = response(lines) else { return !isCancelled }
    hasHead = true
    let continuation = head
    head = nil
    continuation?.resume(returning: response)
    return !isCancelled
  }

  /// Nil for an answer that others follow (1xx).
  private func response(_ lines: [String]) -> HTTPResponse? {
    guard let first = lines.first, let status = first.split(separator: " ").dropFirst().first,
      let status = Int(status), status >= 200
    else { return nil }
    let headers = lines.dropFirst().compactMap { line -> (String, String)? in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      return (
        String(line[..<colon]),
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      )
    }
    let head = HTTPHead(
      url: request.url, status: status,
      headers: Dictionary(headers, uniquingKeysWith: { first, _ in first }))
    return HTTPResponse(head: head, body: body, didRead: { [weak self] in self?.didRead($0) })
  }

  private func take(body bytes: UnsafeRawBufferPointer) -> Bool {
    condition.lock()
    while waiting > Self.mostWaiting, !isCancelled { condition.wait() }
    waiting += bytes.count
    let goesOn = !isCancelled
    condition.unlock()
    if goesOn { pieces.yield(Data(bytes)) }
    return goesOn
  }

  private func didRead(_ count: Int) {
    condition.lock()
    waiting -= count
    condition.broadcast()
    condition.unlock()
  }

  // MARK: The end

  private func finish(_ end: ct_end, _ reason: String) {
    let failure: (any Error)?
    let host = request.url.host() ?? "the server"
    switch end {
    case CT_DONE: failure = nil
    case CT_STOPPED: failure = CancellationError()
    case CT_MISSING: failure = DownloadError.noLibrary
    default:
      failure = DownloadError.unreachable(
        host: host, reason: reason.isEmpty ? "the connection failed" : reason)
    }
    takeHead()?.resume(
      throwing: failure ?? DownloadError.unreachable(host: host, reason: "no answer"))
    pieces.finish(throwing: failure)
  }

  private func takeHead() -> CheckedContinuation<HTTPResponse, any Error>? {
    condition.lock()
    defer { condition.unlock() }
    let continuation = head
    head = nil
    return continuation
  }
}

/// Lends texts as C strings, ended by a null pointer.
private func withStrings<Result>(
  _ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  let copies = texts.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  let pointers = copies.map { $0.map { UnsafePointer($0) } } + [nil]
  return pointers.withUnsafeBufferPointer(body)
}
