import Decoding
import Foundation
import Synchronization
import Traces

/// Which part of the work a server does.
public enum ServerRole: String, Sendable, CaseIterable {
  /// All of it.
  case both
  /// Computes prompts, for others to go on from.
  case prefill
  /// Goes on from prompts that others have computed.
  case decode
}

/// Prompts that have been computed and wait to be fetched. The last ones are remembered; whoever comes too
/// late is told so, and computes the prompt itself.
final class PreparedPrompts: Sendable {
  private struct Kept {
    var order: [String] = []
    var tokens: [String: [TokenID]] = [:]
  }

  private let kept = Mutex(Kept())
  private let most: Int

  init(most: Int = 1024) { self.most = most }

  func keep(_ tokens: [TokenID], as id: String) {
    kept.withLock { kept in
      kept.order.append(id)
      kept.tokens[id] = tokens
      while kept.order.count > most { kept.tokens[kept.order.removeFirst()] = nil }
    }
  }

  subscript(id: String) -> [TokenID]? { kept.withLock { $0.tokens[id] } }
}

/// Where a prompt's keys and values can be fetched, as a prefill server's answer says and a decode server's
/// request repeats: the fields that vLLM's servers pass on, `kv_transfer_params`.
struct TransferParameters: Sendable, Hashable {
  var host: String
  var port: UInt16
  var id: String
  var blocks: Int

  /// As the next server is to be told.
  var json: JSONText {
    [
      "do_remote_prefill": true, "do_remote_decode": false, "remote_engine_id": .string(id),
      "remote_host": .string(host), "remote_port": .int(Int(port)),
      "remote_block_ids": .array((0..<blocks).map { .int($0) }),
    ]
  }

  /// - Returns: nil for a request that has none, or whose prompt is to be computed here.
  init?(_ fields: RequestFields) throws(APIError) {
    guard let values = try fields.object("kv_transfer_params"),
      values["do_remote_prefill"] == .bool(true)
    else { return nil }
    guard case .string(let host)? = values["remote_host"],
      case .number(let port)? = values["remote_port"], let port = UInt16(exactly: port),
      case .string(let id)? = values["remote_engine_id"],
      case .array(let blocks)? = values["remote_block_ids"],
      id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x3F })
    else {
      throw APIError(
        .invalidRequest, "\"kv_transfer_params\" does not say where the prompt is.",
        parameter: "kv_transfer_params")
    }
    (self.host, self.port, self.id, self.blocks) = (host, port, id, blocks.count)
  }

  init(host: String, port: UInt16, id: String, blocks: Int) {
    (self.host, self.port, self.id, self.blocks) = (host, port, id, blocks)
  }

  /// Whether a request wants its prompt computed for another server.
  static func isWanted(_ fields: RequestFields) throws(APIError) -> Bool {
    try fields.object("kv_transfer_params")?["do_remote_decode"] == .bool(true)
  }
}

/// What fetching a prompt came to.
public struct FetchedPrompt: Sendable, Hashable {
  public var tokens: Int
  public var bytes: Int
  public var seconds: Double
  /// How often the connection was cut and taken up again.
  public var interruptions: Int
}

/// Fetches keys and values from a prefill server, going on where a connection was cut.
struct PromptFetch {
  let client: HTTPClient
  /// What the other server wants to be sent; nil for nothing.
  var key: String?
  /// How often a cut connection is taken up again.
  var tries = 5

  enum Failure: Error, CustomStringConvertible {
    case otherModel
    case gone

    var description: String {
      switch self {
      case .otherModel:
        "The server that computed the prompt has other weights, another instruction set or another "
          + "--kv: its keys and values cannot be gone on from here."
      case .gone: "The prompt's keys and values are not there any more."
      }
    }
  }

  /// Fetches a prompt's blocks and hands them to the model.
  ///
  /// - Throws: `Failure`, `CallError`, `KeyValueFrames.Damage`, `KeyValueTransferError`,
  ///   `LanguageModelError`, `CancellationError`.
  func fetch(
    _ prompt: [TokenID], from place: TransferParameters, to model: any KeyValueHandover
  ) async throws -> FetchedPrompt {
    let began = ContinuousClock.now
    let signature = model.keyValueSignature
    let limit = model.keyValueBytes(tokens: signature.block)
    let count = (prompt.count + signature.block - 1) / signature.block
    let server = ServerAddress(host: place.host, port: place.port)
    var blocks: [KeyValueBlock] = []
    var interruptions = 0
    while blocks.count < count {
      do {
        var call = HTTPCall("GET", "/kv/\(place.id)?from=\(blocks.count)")
        if let key { call.headers.add("Authorization", "Bearer \(key)") }
        let answer = try await client.send(call, to: server)
        guard answer.status == 200 else { throw Failure.gone }
        guard
          let text = answer.headers["x-ponder-kv"],
          try JSONDecoder().decode(KeyValueSignature.self, from: Data(text.utf8)) == signature
        else { throw Failure.otherModel }
        var reader = KeyValueFrames.Reader(limit: limit)
        for try await piece in answer.body {
          reader.append(piece)
          while let block = try reader.next() {
            guard block.index == blocks.count else { throw KeyValueTransferError.misfit }
            blocks.append(block)
          }
        }
        try Task.checkCancellation()
        guard blocks.count >= count else { throw CallError.cutOff }
      } catch CallError.cutOff where interruptions < tries {
        interruptions += 1
      } catch is KeyValueFrames.Damage where interruptions < tries {
        interruptions += 1
      }
    }
    try model.take(blocks, of: prompt)
    return FetchedPrompt(
      tokens: prompt.count, bytes: blocks.reduce(0) { $0 + $1.bytes.count },
      seconds: (ContinuousClock.now - began) / .seconds(1), interruptions: interruptions)
  }
}

/// How a server stands to others that do the other part of the work.
public struct HandoverRules: Sendable, Hashable {
  public var role = ServerRole.both
  /// Where others find this server.
  public var address = ServerAddress(host: "127.0.0.1", port: 8080)
  /// Hosts that prompts may be fetched from beside this machine: a client must not make a server ask
  /// whom it likes.
  public var peers: Set<String> = []

  public init() {}
}

extension APIServer {
  /// Fetches the prompt of a request that says where it was computed.
  ///
  /// - Returns: what is told of it; nil for a request that says nothing of the kind. Where it cannot be
  ///   fetched it is computed here, with the same outcome, and that is told.
  func fetched(_ fields: RequestFields, _ prompt: [TokenID]) async throws(APIError) -> JSONText? {
    guard let place = try TransferParameters(fields) else { return nil }
    guard handover.role == .decode else {
      throw APIError(
        .notSupported, "This server fetches no prompts: it was not started with --role decode.",
        parameter: "kv_transfer_params")
    }
    let server = ServerAddress(host: place.host, port: place.port)
    guard server.isLoopback || handover.peers.contains(place.host) else {
      throw APIError(
        .permission, "Prompts are not fetched from \(place.host): --peer would allow it.",
        parameter: "kv_transfer_params")
    }
    guard let model = service.model as? any KeyValueHandover else {
      throw APIError(.notSupported, "This model's keys and values cannot be taken up.")
    }
    do {
      let fetch = PromptFetch(client: HTTPClient(), key: access.keys.first)
      let told = try await fetch.fetch(prompt, from: place, to: model)
      return [
        "fetched": true, "tokens": .int(told.tokens), "bytes": .int(told.bytes),
        "seconds": .number(told.seconds), "interruptions": .int(told.interruptions),
      ]
    } catch is CancellationError {
      throw APIError(.unavailable, "The request was cancelled.")
    } catch {
      return ["fetched": false, "reason": .string("\(error)")]
    }
  }

  /// Keeps a computed prompt for another server, where a request asks for that.
  ///
  /// - Returns: what that server is to be told.
  func keptForOthers(_ fields: RequestFields, _ prompt: [TokenID]) throws(APIError) -> JSONText? {
    guard try TransferParameters.isWanted(fields) else { return nil }
    guard let model = service.model as? any KeyValueHandover, handover.role != .decode else {
      throw APIError(
        .notSupported, "This server computes no prompts for others.",
        parameter: "kv_transfer_params")
    }
    let id = newID("kv")
    prepared.keep(prompt, as: id)
    let size = model.keyValueSignature.block
    return TransferParameters(
      host: handover.address.host, port: handover.address.port, id: id,
      blocks: (prompt.count + size - 1) / size
    ).json
  }

  /// The keys and values of a prompt that was computed here, from a block on.
  func handOver(_ request: HTTPRequest) throws(APIError) -> HTTPResponse {
    guard let model = service.model as? any KeyValueHandover else {
      throw APIError(.notSupported, "This model's keys and values cannot be handed over.")
    }
    let id = String(request.path.dropFirst("/kv/".count))
    guard let tokens = prepared[id] else {
      throw APIError(.notFound, "There is no such prompt, or not any more.")
    }
    let first =
      request.query.split(separator: "&").first { $0.hasPrefix("from=") }
      .flatMap { Int($0.dropFirst("from=".count)) } ?? 0
    let signature = model.keyValueSignature
    let count = (tokens.count + signature.block - 1) / signature.block
    guard (0...count).contains(first) else {
      throw APIError(.invalidRequest, "The prompt has \(count) blocks.", parameter: "from")
    }
    guard let text = try? JSONEncoder().encode(signature) else {
      throw APIError(.server, "The signature cannot be written.")
    }
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    let task = Task.detached {
      // A few blocks at a time, so that a slow network does not fill the memory.
      for start in stride(from: first, to: count, by: 8) {
        guard !Task.isCancelled,
          let blocks = try? model.keysAndValues(
            of: tokens, blocks: start..<start + 8, isWanted: { !Task.isCancelled })
        else { break }
        for block in blocks { continuation.yield(KeyValueFrames.frame(block)) }
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return HTTPResponse(
      .ok,
      headers: [
        "Content-Type": "application/octet-stream",
        "X-Ponder-KV": String(decoding: text, as: UTF8.self),
      ], body: .stream(stream))
  }
}
