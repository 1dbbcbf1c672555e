import Foundation
import Serving
import Synchronization
import Testing

@testable import RemoteModels

/// Addresses, keys, tries and words of errors.
@Suite struct RemoteClientTests {
  private func client(
    _ server: ScriptedServer, _ address: String = "http://127.0.0.1:8080/v1", key: String? = nil,
    _ patience: RemotePatience = RemotePatience()
  ) throws -> RemoteClient {
    var patience = patience
    patience.wait = { _ in }
    return try RemoteClient(
      RemoteAddress(address), key: key.flatMap(RemoteKey.init), transport: server,
      patience: patience)
  }

  /// Answers these in turn, the last again and again.
  private func server(_ answers: [RemoteAnswer]) -> ScriptedServer {
    let next = Noted(0)
    return ScriptedServer { _, _ in
      next.withLock { next in
        defer { next += 1 }
        return answers[min(next, answers.count - 1)]
      }
    }
  }

  private func words(_ answer: RemoteAnswer, key: String? = nil) throws -> String {
    let client = try client(server([answer]), "https://example.org/v1", key: key)
    let error = #expect(throws: RemoteError.self) { try client.post("/completion", [:]) }
    return error.map { "\($0)" } ?? ""
  }

  @Test(arguments: [
    ("http://127.0.0.1:8080/v1#name", "http://127.0.0.1:8080/v1#name"),
    ("http://localhost:11434", "http://localhost:11434/v1"),
    ("https://api.openai.com/v1/", "https://api.openai.com:443/v1"),
    ("http://host/proxy/v1#org/model", "http://host:80/proxy/v1#org/model"),
    ("http://[::1]:9/v1", "http://[::1]:9/v1"),
  ])
  func addressesAreRead(text: String, shown: String) throws {
    #expect(try RemoteAddress(text).description == shown)
  }

  @Test(arguments: ["http://", "ftp://x/v1", "http://x:99999/v1", "http://x/v1?a=b", "2m"])
  func whatIsNoAddressIsRefused(text: String) {
    #expect(throws: RemoteError.badAddress(text)) { try RemoteAddress(text) }
  }

  @Test func anAddressHoldsNoPassword() {
    let error = #expect(throws: RemoteError.self) { try RemoteAddress("http://me:secret@x/v1") }
    #expect(error.map { "\($0)".contains("secret") } == false)
  }

  // MARK: Keys

  @Test func aKeyDoesNotGoInTheOpenToOtherMachines() throws {
    let server = server([ScriptedServer.answer("{}")])
    #expect(throws: RemoteError.keyInTheOpen(host: "example.org")) {
      try client(server, "http://example.org/v1", key: "sk-1")
    }
    _ = try client(server, "http://127.0.0.1/v1", key: "sk-1")
    _ = try client(server, "https://example.org/v1", key: "sk-1")
    var key = try #require(RemoteKey("sk-1"))
    key.mayGoInTheOpen = true
    _ = try RemoteClient(
      RemoteAddress("http://example.org/v1"), key: key, transport: server, patience: .init())
  }

  @Test func theKeyIsSentAndNeverShown() throws {
    let server = server([ScriptedServer.answer("{}")])
    _ = try client(server, key: "sk-secret").get("/props")
    #expect(server.headers.first?["Authorization"] == "Bearer sk-secret")
    let told = try words(
      ScriptedServer.answer(
        #"{"error":{"message":"Incorrect API key provided: sk-secret."}}"#, status: 401),
      key: "sk-secret")
    #expect(!told.contains("sk-secret"))
    #expect(told.contains("Incorrect API key"))
  }

  @Test func openAIsKeyGoesToOpenAIOnly() throws {
    let environment = ["OPENAI_API_KEY": "sk-o"]
    let theirs = try RemoteKey(for: RemoteAddress("https://api.openai.com/v1"), in: environment)
    #expect(theirs?.value == "sk-o")
    let other = try RemoteKey(
      for: RemoteAddress("https://openai.com.example.org/v1"), in: environment)
    #expect(other == nil)
    let own = try RemoteKey(
      for: RemoteAddress("https://example.org/v1"), in: ["PONDER_API_KEY": "k"])
    #expect(own?.value == "k")
  }

  // MARK: Tries

  @Test func aBusyServerIsAskedAgainWhenItSaysSo() throws {
    let waited = Noted(0.0)
    let server = server([
      ScriptedServer.answer(
        #"{"error":{"message":"slow down"}}"#, status: 429, headers: ["Retry-After": "3"]),
      ScriptedServer.answer(#"{"error":"busy"}"#, status: 503),
      ScriptedServer.answer(#"{"ok":true}"#),
    ])
    var patience = RemotePatience()
    patience.wait = { seconds in waited.withLock { $0 += seconds } }
    let client = try RemoteClient(
      RemoteAddress("http://127.0.0.1/v1"), key: nil, transport: server, patience: patience)
    #expect(try client.post("/completion", [:])["ok"] == true)
    #expect(server.count == 3)
    #expect(waited.value >= 3)
  }

  @Test func aServerThatAsksForTooLongAWaitIsNotWaitedFor() throws {
    let server = server([
      ScriptedServer.answer(
        #"{"error":{"message":"tomorrow"}}"#, status: 429, headers: ["Retry-After": "86400"])
    ])
    #expect(throws: RemoteError.self) { try client(server).post("/completion", [:]) }
    #expect(server.count == 1)
  }

  @Test func anEmptyAccountIsNotAskedAgain() throws {
    let server = server([
      ScriptedServer.answer(
        #"{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}"#,
        status: 429)
    ])
    let error = #expect(throws: RemoteError.self) { try client(server).post("/completion", [:]) }
    #expect(server.count == 1)
    #expect(error.map { "\($0)".contains("quota") } == true)
  }

  @Test func whatABodySaysIsTheWordsOfTheError() throws {
    #expect(
      try words(ScriptedServer.answer(#"{"error":"model is too old"}"#, status: 400))
        == "https://example.org:443 refuses (400): model is too old.")
    #expect(
      try words(
        ScriptedServer.answer(
          #"{"object":"error","message":"no such thing","code":404}"#, status: 404)
      ).contains("no such thing"))
    #expect(try words(ScriptedServer.answer("<html>gate</html>", status: 404)).contains("gate"))
  }

  @Test func anErrorAfterAGoodStatusIsOne() throws {
    #expect(
      try words(ScriptedServer.answer(#"{"error":{"message":"lost its way","code":500}}"#))
        .contains("lost its way"))
  }

  @Test func anAnswerThatIsNoJSONIsRefused() throws {
    #expect(try words(ScriptedServer.answer("hello")).contains("no JSON"))
  }

  @Test func aBrokenAnswerIsNotAskedForAgain() throws {
    let asked = Noted(0)
    let server = ScriptedServer { _, _ in
      asked.count()
      throw CallError.cutOff
    }
    #expect(throws: RemoteError.self) { try client(server).post("/completion", [:]) }
    #expect(asked.value == 1)
  }

  /// One that starts anew is waited for; one that was never there is not.
  @Test func aServerThatIsGoneForAMomentIsAskedAgain() throws {
    let asked = Noted(0)
    let server = ScriptedServer { _, _ in
      let number = asked.count()
      guard number != 1, number != 3 else {
        throw RemoteError.unreachable(server: "x", why: "refused")
      }
      return ScriptedServer.answer("{}")
    }
    let client = try client(server)
    #expect(throws: RemoteError.self) { try client.post("/completion", [:]) }
    #expect(asked.value == 1)
    _ = try client.post("/completion", [:])
    _ = try client.post("/completion", [:])
    #expect(asked.value == 4)
  }
}
