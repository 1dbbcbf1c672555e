import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing
import Traces

@testable import Serving

/// Keys and values on their way between two servers.
@Suite struct HandoverTests {
  // MARK: Frames

  private static let blocks = (0..<3).map { index in
    KeyValueBlock(
      index: index, count: index == 2 ? 5 : 32,
      bytes: (0..<(300 + index)).map { UInt8(truncatingIfNeeded: $0 * 7 + index) })
  }

  /// However they are cut, frames give the blocks.
  @Test func framesGiveTheirBlocks() throws {
    let bytes = Self.blocks.flatMap(KeyValueFrames.frame)
    for size in [1, 3, 19, 20, 21, 500, bytes.count] {
      var reader = KeyValueFrames.Reader(limit: 1000)
      var read: [KeyValueBlock] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        reader.append(Array(bytes[start..<min(bytes.count, start + size)]))
        while let block = try reader.next() { read.append(block) }
      }
      #expect(read == Self.blocks)
      #expect(reader.isEmpty)
    }
  }

  /// A flipped bit anywhere behind the lengths is seen.
  @Test func damageIsSeen() throws {
    let frame = KeyValueFrames.frame(Self.blocks[1])
    for place in [0, 3, 16, 19, 20, 150, frame.count - 1] {
      var damaged = frame
      damaged[place] ^= 4
      var reader = KeyValueFrames.Reader(limit: 1000)
      reader.append(damaged)
      #expect(throws: KeyValueFrames.Damage.self) { try reader.next() }
    }
  }

  @Test func aBlockThatCannotBeIsRefusedBeforeItComes() {
    var frame = Array(KeyValueFrames.frame(Self.blocks[0]).prefix(20))
    frame[15] = 0x7F
    var reader = KeyValueFrames.Reader(limit: 1000)
    reader.append(frame)
    #expect(throws: KeyValueFrames.Damage.tooLarge) { try reader.next() }
  }

  /// The check value that lists of such codes give.
  @Test func theChecksumIsTheUsualOne() {
    #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
  }

  // MARK: Two servers

  /// A table whose "keys and values" tell whose tokens they are.
  private final class Model: KeyValueHandover {
    let table = APIServerTests.table()
    let weights: String
    private let taken = Mutex<[[TokenID]]>([])

    init(weights: String = "w") { self.weights = weights }

    var takenTexts: [[TokenID]] { taken.withLock { $0 } }
    var identity: ModelIdentity { table.identity }
    var vocabulary: any Vocabulary { table.vocabulary }
    var contextLength: Int { table.contextLength }

    func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
      try table.forward(request, in: tree)
    }

    var keyValueSignature: KeyValueSignature {
      KeyValueSignature(weights: weights, isa: "exact", format: "f16", layers: [[1, 8]], block: 4)
    }

    func keyValueBytes(tokens: Int) -> Int { tokens * 100 }

    func keysAndValues(
      of tokens: [TokenID], blocks: Range<Int>, isWanted: () -> Bool
    ) throws -> [KeyValueBlock] {
      blocks.clamped(to: 0..<(tokens.count + 3) / 4).map { index in
        let own = tokens[(index * 4)..<min(tokens.count, index * 4 + 4)]
        return KeyValueBlock(
          index: index, count: own.count,
          bytes: own.flatMap { [UInt8](repeating: UInt8($0), count: 100) })
      }
    }

    func take(_ blocks: [KeyValueBlock], of tokens: [TokenID]) throws {
      guard try blocks == keysAndValues(of: tokens, blocks: 0..<1000, isWanted: { true }) else {
        throw KeyValueTransferError.misfit
      }
      taken.withLock { $0.append(tokens) }
    }
  }

  private static let prompt = (0..<30).map { $0 % 2 == 0 ? "1" : "3" }.joined(separator: ",")

  private func server(_ model: Model, _ role: ServerRole, port: UInt16 = 0) -> APIServer {
    var rules = HandoverRules()
    rules.role = role
    rules.address = ServerAddress(host: "127.0.0.1", port: port)
    return APIServer(
      ModelService(model, slots: 4), name: "table", chat: nil, handover: rules, build: "test")
  }

  private func ask(_ server: APIServer, _ body: String) async throws -> JSONValue {
    let response = await server.answer(
      HTTPRequest(method: "POST", path: "/v1/completions", body: Array(body.utf8)))
    guard case .whole(let bytes) = response.body else { return .null }
    return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
  }

  /// Runs a prefill server, perhaps behind a wire that cuts connections, and has a decode server go on from
  /// it.
  private func handOver(
    from sender: Model = Model(), to receiver: Model = Model(), cuts: Int = 0,
    change: (inout String) -> Void = { _ in }
  ) async throws -> JSONValue {
    let left = Mutex(cuts)
    let prefill = Mutex<APIServer?>(nil)
    let listener = try HTTPListener(
      host: "127.0.0.1", port: 0, refusal: APIServer.refusal,
      handler: { request in
        guard let server = prefill.withLock({ $0 }) else { return HTTPResponse(.notFound) }
        let response = await server.answer(request)
        let isCut = left.withLock { left in
          defer { left = max(0, left - 1) }
          return left > 0
        }
        guard isCut, case .stream(let pieces) = response.body else { return response }
        // What comes first and a half of what comes then; a length that is never reached.
        var cut = response
        var bytes: [UInt8] = []
        for await piece in pieces { bytes += piece }
        cut.headers.add("X-Length", "\(bytes.count)")
        cut.body = .stream(
          AsyncStream { stream in
            stream.yield(Array(bytes.prefix(bytes.count / 3)))
            stream.finish()
          })
        return cut
      })
    prefill.withLock { $0 = server(sender, .prefill, port: listener.port) }
    let task = Task { try await listener.run() }
    defer { task.cancel() }
    let source = try #require(prefill.withLock { $0 })
    let first = try await ask(
      source,
      #"{"prompt": [\#(Self.prompt)], "max_tokens": 1, "kv_transfer_params": {"do_remote_decode": true}}"#
    )
    let parameters = try #require(first["kv_transfer_params"])
    var text = String(decoding: try JSONEncoder().encode(parameters), as: UTF8.self)
    change(&text)
    return try await ask(
      server(receiver, .decode),
      #"{"prompt": [\#(Self.prompt)], "max_tokens": 6, "temperature": 0, "kv_transfer_params": \#(text)}"#
    )
  }

  @Test func aDecodeServerGoesOnFromWhatWasComputed() async throws {
    let receiver = Model()
    let answer = try await handOver(to: receiver)
    #expect(answer["kv_transfer"]?["fetched"] == .bool(true))
    #expect(answer["kv_transfer"]?["bytes"] == .number(3000))
    #expect(receiver.takenTexts.count == 1)
    #expect(answer["choices"]?[0]?["text"] == .string("ab cab c"))
  }

  /// A connection that is cut is taken up where it ended.
  @Test func aCutConnectionIsTakenUp() async throws {
    let receiver = Model()
    let answer = try await handOver(to: receiver, cuts: 2)
    #expect(answer["kv_transfer"]?["fetched"] == .bool(true))
    #expect(answer["kv_transfer"]?["interruptions"] == .number(2))
    #expect(receiver.takenTexts.count == 1)
  }

  /// Keys and values of other weights are not gone on from; the prompt is computed here, and that is said.
  @Test func otherWeightsAreNotGoneOnFrom() async throws {
    let receiver = Model(weights: "other")
    let answer = try await handOver(to: receiver)
    #expect(answer["kv_transfer"]?["fetched"] == .bool(false))
    #expect(answer["kv_transfer"]?["reason"]?.text?.contains("other weights") == true)
    #expect(receiver.takenTexts.isEmpty)
    #expect(answer["choices"]?[0]?["text"] == .string("ab cab c"))
  }

  @Test func aPromptThatIsGoneIsComputedHere() async throws {
    let answer = try await handOver { text in
      text = text.replacing("\"remote_engine_id\":\"", with: "\"remote_engine_id\":\"x")
    }
    #expect(answer["kv_transfer"]?["fetched"] == .bool(false))
    #expect(answer["choices"]?[0]?["finish_reason"] == .string("length"))
  }

  /// A client must not make a server ask whom it likes.
  @Test func onlyPeersAreAsked() async throws {
    let answer = try await handOver { $0 = $0.replacing("127.0.0.1", with: "10.0.0.1") }
    #expect(answer["error"]?["type"] == .string("permission_error"))
  }

  @Test func whoWasNotStartedForItDoesNot() async throws {
    let answer = try await ask(
      server(Model(), .both),
      #"{"prompt": [1], "kv_transfer_params": {"do_remote_prefill": true, "remote_host": "127.0.0.1", "remote_port": 1, "remote_engine_id": "a", "remote_block_ids": []}}"#
    )
    #expect(answer["error"]?["type"] == .string("not_supported_error"))
  }
}
