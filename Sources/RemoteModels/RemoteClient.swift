import Foundation
import Serving
import Synchronization

/// How long is waited for a server that is busy, and how often it is asked again.
public struct RemotePatience: Sendable {
  /// Tries of a request; only what has brought no byte of an answer, or was told to come again, is tried
  /// again.
  public var tries = 6
  /// Before the second try; doubled before each further one, and spread so that many clients do not come
  /// back at once.
  public var firstWait = 0.25
  /// Seconds; a server that asks for a longer wait is not waited for.
  public var longestWait = 60.0
  /// Seconds without anybody asking for a request's answer after which it is given up.
  public var interest = 0.2
  /// The same where nobody has asked the model for anything at all: the decoder may only be busy.
  public var idleInterest = 0.5
  /// How waiting is done.
  public var wait: @Sendable (_ seconds: Double) -> Void = { Thread.sleep(forTimeInterval: $0) }

  public init() {}
}

/// The key that a server wants. It is never shown.
public struct RemoteKey: Sendable {
  let value: String
  /// Whether it may go over a connection that others can read.
  public var mayGoInTheOpen = false

  /// Nil for an empty text, and for one that is no header's value.
  public init?(_ value: String) {
    guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.value = value
  }

  /// The key for a server from the environment: `PONDER_API_KEY`; for OpenAI's own servers also
  /// `OPENAI_API_KEY`, which goes nowhere else.
  public init?(for address: RemoteAddress, in environment: [String: String]) {
    if let given = environment["PONDER_API_KEY"], let key = RemoteKey(given) {
      self = key
      return
    }
    let host = address.server.host.lowercased()
    guard host == "api.openai.com" || host.hasSuffix(".openai.com"),
      let given = environment["OPENAI_API_KEY"], let key = RemoteKey(given)
    else { return nil }
    self = key
  }
}

/// Asks one server, with key, tries and errors in sentences.
final class RemoteClient: Sendable {
  let address: RemoteAddress
  private let key: RemoteKey?
  private let transport: any RemoteTransport
  private let patience: RemotePatience
  /// It has answered. A server that never has is not there, and not waited for.
  private let hasAnswered = Atomic(false)

  /// - Throws: `RemoteError.keyInTheOpen`.
  init(
    _ address: RemoteAddress, key: RemoteKey?, transport: any RemoteTransport,
    patience: RemotePatience
  ) throws(RemoteError) {
    if let key, !key.mayGoInTheOpen, !address.isEncrypted, !address.server.isLoopback {
      throw .keyInTheOpen(host: address.server.host)
    }
    (self.address, self.key, self.transport, self.patience) = (address, key, transport, patience)
  }

  var server: String { address.shownServer }

  /// Sends JSON, and reads JSON.
  ///
  /// - Throws: `RemoteError`.
  func post(
    _ path: String, _ body: ServerJSON, _ abandonment: Abandonment = Abandonment()
  ) throws(RemoteError) -> ServerJSON {
    try json(HTTPCall("POST", path, headers: headers(hasBody: true), body: body.bytes), abandonment)
  }

  /// - Throws: `RemoteError`.
  func get(_ path: String) throws(RemoteError) -> ServerJSON {
    try json(HTTPCall("GET", path, headers: headers(hasBody: false)), Abandonment())
  }

  /// The same for what a server need not have: nil where it says that it has no such thing.
  ///
  /// - Throws: `RemoteError` for a server that cannot be reached, or does not let this client in.
  func find(_ path: String, _ body: ServerJSON? = nil) throws(RemoteError) -> ServerJSON? {
    do {
      guard let body else { return try get(path) }
      return try post(path, body)
    } catch .refused(_, let status, _) where ![401, 403].contains(status) {
      return nil
    } catch .badAnswer {
      return nil
    }
  }

  private func headers(hasBody: Bool) -> HTTPHeaders {
    var headers: HTTPHeaders = ["Accept": "application/json", "User-Agent": "ponder"]
    if hasBody { headers.add("Content-Type", "application/json") }
    if let key { headers.add("Authorization", "Bearer \(key.value)") }
    return headers
  }

  private func json(
    _ call: HTTPCall, _ abandonment: Abandonment
  ) throws(RemoteError) -> ServerJSON {
    var tries = 0
    while true {
      tries += 1
      let retry: (after: Double?, error: RemoteError)
      do throws(RemoteError) {
        let answer = try send(call, abandonment)
        hasAnswered.store(true, ordering: .relaxed)
        let json = ServerJSON(answer.body)
        if (200..<300).contains(answer.status) {
          guard let json else { throw .badAnswer(server: server, what: "no JSON") }
          // An error can come after a good status, as it does in streams.
          if let message = Self.message(json) { throw refusal(answer.status, message, json) }
          return json
        }
        let message =
          json.flatMap(Self.message)
          ?? String(String(decoding: answer.body.prefix(200), as: UTF8.self).prefix(160))
        let error = refusal(answer.status, message, json)
        guard Self.isTemporary(answer.status), case .refused = error else { throw error }
        retry = (Self.retryAfter(answer.headers), error)
      } catch {
        guard case .unreachable = error, hasAnswered.load(ordering: .relaxed) else { throw error }
        retry = (nil, error)
      }
      let wait = max(retry.after ?? 0, patience.firstWait * Double(1 << min(tries - 1, 10)))
      guard tries < patience.tries, wait <= patience.longestWait, !abandonment.isRaised else {
        throw abandonment.isRaised ? .abandoned : retry.error
      }
      rest(wait * Double.random(in: 1...1.25), abandonment)
    }
  }

  /// Waits, and stops waiting when nobody wants the answer any more.
  private func rest(_ seconds: Double, _ abandonment: Abandonment) {
    var left = seconds
    while left > 0, !abandonment.isRaised {
      patience.wait(min(left, 0.1))
      left -= 0.1
    }
  }

  private func send(
    _ call: HTTPCall, _ abandonment: Abandonment
  ) throws(RemoteError) -> RemoteAnswer {
    do {
      return try transport.send(call, to: address, abandonment)
    } catch let error as RemoteError {
      throw error
    } catch {
      // Broken in the middle: the server may have computed it, and may do so again in the same way.
      throw .badAnswer(server: server, what: Self.lowered("\(error)"))
    }
  }

  private func refusal(_ status: Int, _ message: String, _ json: ServerJSON?) -> RemoteError {
    let message = redacted(message.isEmpty ? "no reason is given" : message)
    if json?["error"]?["code"]?.text == "insufficient_quota"
      || json?["error"]?["type"]?.text == "insufficient_quota"
    {
      return .quota(server: server, message: message)
    }
    return .refused(server: server, status: status, message: message)
  }

  /// A server's words without the key, and without what would disturb a terminal.
  private func redacted(_ message: String) -> String {
    var message = String(
      String.UnicodeScalarView(
        message.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    if let key { message = message.replacingOccurrences(of: key.value, with: "…") }
    return message.count > 400 ? message.prefix(400) + "…" : message
  }

  /// What a body says of an error: an object with a message, or (Ollama) a text.
  private static func message(_ json: ServerJSON) -> String? {
    // vLLM's older builds have the error's fields at the top.
    if json["object"]?.text == "error" { return json["message"]?.text ?? "no reason is given" }
    guard let error = json["error"], error != .null else {
      return json["detail"]?.text
    }
    return error.text ?? error["message"]?.text ?? "no reason is given"
  }

  private static func isTemporary(_ status: Int) -> Bool {
    [408, 409, 425, 429, 500, 502, 503, 504].contains(status)
  }

  /// Seconds that a server asks for (RFC 9110, section 10.2.3; milliseconds as OpenAI's have them).
  private static func retryAfter(_ headers: HTTPHeaders) -> Double? {
    if let text = headers["retry-after-ms"], let value = Double(text), value.isFinite, value >= 0 {
      return value / 1000
    }
    guard let text = headers["retry-after"] else { return nil }
    if let seconds = Double(text), seconds.isFinite, seconds >= 0 { return seconds }
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "GMT")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return format.date(from: text).map { max(0, $0.timeIntervalSinceNow) }
  }

  private static func lowered(_ sentence: String) -> String {
    sentence.prefix(1).lowercased() + sentence.dropFirst()
  }
}
