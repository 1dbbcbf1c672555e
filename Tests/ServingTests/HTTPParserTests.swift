import Testing

@testable import Serving

/// Requests from bytes, however they come.
@Suite struct HTTPParserTests {
  private func parse(_ text: String, _ limits: HTTPParser.Limits = .init()) throws -> [HTTPRequest]
  {
    var parser = HTTPParser(limits)
    parser.append(Array(text.utf8))
    var requests: [HTTPRequest] = []
    while let request = try parser.next() { requests.append(request) }
    return requests
  }

  private func status(_ text: String, _ limits: HTTPParser.Limits = .init()) -> HTTPStatus? {
    do {
      _ = try parse(text, limits)
      return nil
    } catch {
      return (error as? HTTPFault)?.status
    }
  }

  @Test func aRequestIsReadWhole() throws {
    let text =
      "POST /v1/comp%6Cetions?x=1&y HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 4\r\n"
      + "X-Odd:  spaced \t\r\n\r\nbody"
    let request = try #require(try parse(text).first)
    #expect(request.method == "POST")
    #expect(request.path == "/v1/completions")
    #expect(request.query == "x=1&y")
    #expect(request.headers["x-odd"] == "spaced")
    #expect(request.body == Array("body".utf8))
    #expect(request.keepsAlive)
  }

  /// The law of the parser: cuts make no difference.
  @Test func cutsMakeNoDifference() throws {
    let text =
      "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /a HTTP/1.1\r\nHost: a\r\n"
      + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
      + "\r\nPOST /b HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"
    let whole = try parse(text)
    #expect(whole.map(\.path) == ["/", "/a", "/b"])
    #expect(whole[1].body == Array("abc0123456789".utf8))
    #expect(!whole[2].keepsAlive)
    let bytes = Array(text.utf8)
    for size in 1...17 {
      var parser = HTTPParser()
      var requests: [HTTPRequest] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        parser.append(bytes[start..<min(bytes.count, start + size)])
        while let request = try parser.next() { requests.append(request) }
      }
      #expect(requests == whole)
    }
  }

  @Test(arguments: [
    ("GARBAGE\r\n\r\n", HTTPStatus.badRequest), ("GET  / HTTP/1.1\r\n\r\n", .badRequest),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
    ("GET / HTTP/1.1\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badRequest),
    ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", .badRequest),
    ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", .badRequest),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      .badRequest
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", .notImplemented),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", .badRequest),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n", .contentTooLarge),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracle\r\nContent-Length: 1\r\n\r\n",
      .expectationFailed
    ),
  ])
  func whatIsNoRequestIsRefused(text: String, expected: HTTPStatus) {
    #expect(status(text) == expected)
  }

  /// No client makes the parser hold more than the limits say, not even one that never ends a line.
  @Test(arguments: [
    "GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n",
  ])
  func whatNeverEndsIsCutOff(start: String) {
    var limits = HTTPParser.Limits()
    limits.head = 2000
    var parser = HTTPParser(limits)
    parser.append(Array(start.utf8))
    var fault: HTTPFault?
    let more = start.hasSuffix("\n") ? Array("X: 1\r\n".utf8) : Array(repeating: 0x61, count: 100)
    for _ in 0..<1000 where fault == nil {
      parser.append(more)
      do {
        _ = try parser.next()
      } catch {
        fault = error
      }
      #expect(parser.heldBytes < 4000)
    }
    #expect(fault?.status == (start == "GET /" ? .uriTooLong : .headersTooLarge))
  }

  @Test func aChunkedBodyIsBoundedInAll() {
    var limits = HTTPParser.Limits()
    limits.body = 10
    let chunks = "4\r\nabcd\r\n4\r\nabcd\r\n4\r\nabcd\r\n0\r\n\r\n"
    #expect(
      status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, limits)
        == .contentTooLarge)
  }

  @Test func whoeverExpectsAWordIsTold() throws {
    var parser = HTTPParser()
    parser.append(
      Array("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8))
    #expect(try parser.next() == nil)
    #expect(parser.awaitsContinue)
    parser.append(Array("ok".utf8))
    #expect(try parser.next()?.body == Array("ok".utf8))
    #expect(!parser.awaitsContinue)
  }

  /// Whatever comes, the parser reads on or refuses; it never traps.
  @Test func mutatedRequestsNeverTrap() {
    var random = SystemRandomNumberGenerator()
    let seeds = [
      "GET /a?b=c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "POST /v1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      "POST /v1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]
    for round in 0..<3000 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      var parser = HTTPParser()
      parser.append(bytes)
      while let request = try? parser.next() { #expect(request.body.count <= bytes.count) }
    }
  }
}
