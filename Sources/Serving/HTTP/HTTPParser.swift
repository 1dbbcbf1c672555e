import Foundation

/// What is wrong with bytes that should be a request, with the status that says so. The connection cannot
/// be used any more: nobody knows where the next request would begin.
public struct HTTPFault: Error, Equatable, CustomStringConvertible {
  public var status: HTTPStatus
  public var description: String
}

/// Reads requests of HTTP/1.1 and 1.0 (RFC 9112) from bytes as they come, however they are cut.
///
/// Every length is bounded, so a client takes no more memory than the limits say. Framing that two
/// programs could read differently, such as two lengths, is refused and never guessed.
public struct HTTPParser {
  public struct Limits: Sendable, Hashable {
    /// Bytes of the request line and all header fields together.
    public var head = 32 << 10
    /// Header fields.
    public var fields = 100
    /// Bytes of the body.
    public var body = 16 << 20

    public init() {}
  }

  private enum State {
    case head
    /// Bytes that are still to come.
    case body(Int)
    case chunkSize
    case chunk(Int)
    /// The line end behind a chunk.
    case chunkEnd
    case trailers
  }

  private let limits: Limits
  private var buffer: [UInt8] = []
  /// Bytes of `buffer` that have been read.
  private var used = 0
  private var state = State.head
  private var request: HTTPRequest?
  /// Bytes of trailers, or of chunk sizes with their extensions, so far.
  private var overhead = 0
  /// Whether the client waits for a word before it sends its body (RFC 9110, section 10.1.1); whoever
  /// says the word resets it.
  public var awaitsContinue = false

  public init(_ limits: Limits = Limits()) { self.limits = limits }

  /// Whether a request has begun to come in.
  public var isWithinRequest: Bool {
    if case .head = state { return used < buffer.count }
    return true
  }

  /// Bytes that are held.
  var heldBytes: Int { buffer.count - used + (request?.body.count ?? 0) }

  public mutating func append(_ bytes: some Collection<UInt8>) { buffer.append(contentsOf: bytes) }

  /// The next request; nil while it is not whole.
  ///
  /// - Throws: `HTTPFault`.
  public mutating func next() throws(HTTPFault) -> HTTPRequest? {
    while true {
      switch state {
      case .head:
        guard let lines = try headLines() else { return nil }
        try readHead(lines)
      case .body(let missing):
        if missing > 0 {
          let count = take(missing)
          guard count == missing else {
            state = .body(missing - count)
            return nil
          }
        }
        return finish()
      case .chunkSize:
        guard let line = try line(limit: limits.head, .headersTooLarge) else { return nil }
        try readChunkSize(line)
      case .chunk(let missing):
        let count = take(missing)
        guard count == missing else {
          state = .chunk(missing - count)
          return nil
        }
        state = .chunkEnd
      case .chunkEnd:
        guard let line = try line(limit: 2, .badRequest) else { return nil }
        guard line.isEmpty else { throw fault("A chunk is longer than it says.") }
        state = .chunkSize
      case .trailers:
        guard let line = try line(limit: limits.head - overhead, .headersTooLarge) else {
          return nil
        }
        overhead += line.count + 2
        if line.isEmpty { return finish() }
      }
    }
  }

  // MARK: Bytes

  private func fault(_ why: String, _ status: HTTPStatus = .badRequest) -> HTTPFault {
    HTTPFault(status: status, description: why)
  }

  /// Moves up to so many bytes into the body.
  private mutating func take(_ count: Int) -> Int {
    let count = min(count, buffer.count - used)
    request?.body.append(contentsOf: buffer[used..<used + count])
    used += count
    compact()
    return count
  }

  /// Forgets bytes that have been read, seldom enough that it costs nothing.
  private mutating func compact() {
    guard used == buffer.count || used > 64 << 10 else { return }
    buffer.removeSubrange(..<used)
    used = 0
  }

  /// The next line without its end; nil while it is not whole. A lone line feed ends it too (RFC 9112,
  /// section 2.2).
  private mutating func line(
    limit: Int, _ status: HTTPStatus
  ) throws(HTTPFault) -> ArraySlice<UInt8>? {
    guard let end = buffer[used...].firstIndex(of: 0x0A) else {
      guard buffer.count - used <= limit else { throw fault("A line is too long.", status) }
      return nil
    }
    guard end - used <= limit else { throw fault("A line is too long.", status) }
    var line = buffer[used..<end]
    used = end + 1
    if line.last == 0x0D { line = line.dropLast() }
    return line
  }

  /// The lines up to the empty one; nil while it has not come.
  private mutating func headLines() throws(HTTPFault) -> [ArraySlice<UInt8>]? {
    // Empty lines before a request are passed over, as old clients send them behind a body.
    while used < buffer.count, buffer[used] == 0x0D || buffer[used] == 0x0A { used += 1 }
    let start = used
    var lines: [ArraySlice<UInt8>] = []
    while true {
      let room = limits.head - (used - start)
      let status: HTTPStatus = lines.isEmpty ? .uriTooLong : .headersTooLarge
      guard let line = try line(limit: max(0, room), status) else {
        used = start
        return nil
      }
      if line.isEmpty {
        compact()
        return lines
      }
      guard lines.count <= limits.fields else {
        throw fault("There are more than \(limits.fields) header fields.", .headersTooLarge)
      }
      lines.append(line)
    }
  }

  private mutating func finish() -> HTTPRequest? {
    defer {
      request = nil
      state = .head
      overhead = 0
      awaitsContinue = false
    }
    return request
  }

  // MARK: The head

  private mutating func readHead(_ lines: [ArraySlice<UInt8>]) throws(HTTPFault) {
    guard let first = lines.first else { throw fault("The request is empty.") }
    let parts = first.split(separator: 0x20, omittingEmptySubsequences: false)
    guard parts.count == 3, HTTPSyntax.isToken(parts[0]), !parts[1].isEmpty else {
      throw fault("The first line is no request of HTTP.")
    }
    let version = String(decoding: parts[2], as: UTF8.self)
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      throw version.hasPrefix("HTTP/")
        ? fault("\(version) is not spoken here; HTTP/1.1 is.", .versionNotSupported)
        : fault("The first line is no request of HTTP.")
    }
    let headers = try HTTPSyntax.fields(lines.dropFirst())
    let target = try Self.target(parts[1])
    let connection = headers.words("connection")
    let isNew = version == "HTTP/1.1"
    guard !isNew || headers.all("host").count == 1 else {
      throw fault("The request names \(headers["host"] == nil ? "no host" : "several hosts").")
    }
    request = HTTPRequest(
      method: String(decoding: parts[0], as: UTF8.self), path: target.path, query: target.query,
      headers: headers,
      keepsAlive: isNew ? !connection.contains("close") : connection.contains("keep-alive"))
    request?.readsChunks = isNew
    try readFraming(headers, isNew: isNew)
    if let expectation = headers["expect"] {
      guard expectation.lowercased() == "100-continue" else {
        throw fault("What the client expects is not known here.", .expectationFailed)
      }
      if case .body(0) = state { return }
      awaitsContinue = isNew
    }
  }

  /// How long the body is (RFC 9112, section 6.3).
  private mutating func readFraming(_ headers: HTTPHeaders, isNew: Bool) throws(HTTPFault) {
    let codings = headers.words("transfer-encoding")
    let lengths = headers.all("content-length")
    if !codings.isEmpty || headers["transfer-encoding"] != nil {
      guard lengths.isEmpty else {
        throw fault("The body has a length and a transfer encoding: it can have one.")
      }
      guard isNew, codings == ["chunked"] else {
        throw fault("The only transfer encoding read here is chunked.", .notImplemented)
      }
      state = .chunkSize
      return
    }
    guard let length = lengths.first else {
      state = .body(0)
      return
    }
    guard lengths.allSatisfy({ $0 == length }), let count = HTTPSyntax.length(length)
    else { throw fault("The body's length is no number.") }
    guard count <= limits.body else { throw tooLarge }
    state = .body(count)
  }

  private var tooLarge: HTTPFault {
    fault("The body is larger than \(limits.body) bytes.", .contentTooLarge)
  }

  private mutating func readChunkSize(_ line: ArraySlice<UInt8>) throws(HTTPFault) {
    overhead += line.count + 2
    // Whoever sends a body byte by byte with long extensions makes work for nothing.
    guard overhead <= limits.head + limits.body else {
      throw fault("The chunks' sizes are longer than a body may be.", .contentTooLarge)
    }
    let size = try HTTPSyntax.chunkSize(line)
    guard size <= limits.body - (request?.body.count ?? 0) else { throw tooLarge }
    if size == 0 {
      overhead = 0
      state = .trailers
    } else {
      state = .chunk(size)
    }
  }

  /// A request's target: a path, or a whole address whose path it is.
  private static func target(
    _ bytes: ArraySlice<UInt8>
  ) throws(HTTPFault) -> (path: String, query: String) {
    guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw HTTPFault(status: .badRequest, description: "The path has characters that no path has.")
    }
    var rest = Substring(String(decoding: bytes, as: UTF8.self))
    for scheme in ["http://", "https://"] where rest.lowercased().hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
    }
    let query = rest.firstIndex(of: "?").map { String(rest[rest.index(after: $0)...]) } ?? ""
    let path = rest.prefix { $0 != "?" && $0 != "#" }
    guard let decoded = path.isEmpty ? "/" : String(path).removingPercentEncoding else {
      throw HTTPFault(status: .badRequest, description: "The path's percent encoding is broken.")
    }
    return (decoded, query)
  }
}

/// What requests and answers have in common.
enum HTTPSyntax {
  /// RFC 9110, section 5.6.2.
  static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  /// Header fields, one a line.
  static func fields(_ lines: ArraySlice<ArraySlice<UInt8>>) throws(HTTPFault) -> HTTPHeaders {
    var headers = HTTPHeaders()
    for line in lines {
      guard let colon = line.firstIndex(of: 0x3A), isToken(line[..<colon]) else {
        throw HTTPFault(status: .badRequest, description: "A header field has no name.")
      }
      let value = line[(colon + 1)...]
      guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        throw HTTPFault(
          status: .badRequest, description: "A header field has a control character.")
      }
      headers.add(
        String(decoding: line[..<colon], as: UTF8.self),
        String(decoding: value, as: UTF8.self).trimmingCharacters(in: .whitespaces))
    }
    return headers
  }

  /// The size that begins a chunk; what stands behind it means nothing here.
  static func chunkSize(_ line: ArraySlice<UInt8>) throws(HTTPFault) -> Int {
    let digits = line.prefix { $0 != 0x3B && $0 != 0x20 && $0 != 0x09 }
    guard (1...15).contains(digits.count), digits.first != 0x2B, digits.first != 0x2D,
      let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size >= 0
    else { throw HTTPFault(status: .badRequest, description: "A chunk's size is no number.") }
    return size
  }

  /// A Content-Length; nil for what is none.
  static func length(_ text: String) -> Int? {
    guard (1...18).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }
}
