public import ArgumentParser
import Decoding
import Engine
import Foundation
public import Serving
import Synchronization

/// `ponder serve`: the model for other programs.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve a model to other programs over HTTP.",
    discussion: """
      Speaks OpenAI's protocol (/v1/completions, /v1/chat/completions, /v1/models) and that of \
      llama.cpp's server (/completion, /tokenize, /detokenize, /apply-template, /props, /health, \
      /metrics). Prompts may be token ids, and /v1/completions tells the log-probabilities of a \
      prompt's tokens too (echo, prompt_logprobs). What a request gets does not depend on what runs \
      beside it, to the bit.

      Try: ponder serve --port 8080
           curl localhost:8080/v1/completions -d '{"prompt": "2 + 2 =", "max_tokens": 4}'
      """)

  @Option(
    help: ArgumentHelp(
      "The address to listen on; 0.0.0.0 is every address of this machine.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: "The port; 0 takes one that is free and tells which.")
  var port: UInt16 = 8080

  @Option(help: "How many texts are decoded at once.") var slots = 16

  @Option(help: "How many texts may wait for a slot before clients are told to come again.")
  var queue = 256

  @Option(
    help: ArgumentHelp(
      "The most tokens of a text (default: what the context holds).", valueName: "n"))
  var maxTokens: Int?

  @Option(help: "The most texts of one request (its \"n\").") var maxTexts = 64

  @Option(help: "The most connections at once.") var connections = 256

  @Option(
    help: ArgumentHelp(
      "A file with keys, one a line: clients must send one of them.", valueName: "file"))
  var apiKeyFile: String?

  @Option(
    help: ArgumentHelp(
      "An origin whose pages may ask, such as http://localhost:3000, or *; may be given several times.",
      valueName: "origin"))
  var cors: [String] = []

  @Option(help: ArgumentHelp("What clients call the model.", valueName: "name"))
  var alias: String?

  @Option(
    help: ArgumentHelp(
      "The chat template: a family's name, a Jinja file, or none (default: the model's own).",
      valueName: "name|file"))
  var template: String?

  @Option(
    help: ArgumentHelp(
      "What this server computes: both, prefill (prompts for others to go on from) or decode (what follows "
        + "prompts that others have computed).", valueName: "role"))
  var role: ServerRole = .both

  @Option(
    help: ArgumentHelp(
      "A host beside this machine that prompts may be fetched from, with --role decode; may be given "
        + "several times.", valueName: "host"))
  var peer: [String] = []

  @OptionGroup var model: ModelOptions

  func validate() throws {
    for (name, value, range) in [
      ("slots", slots, 1...4096), ("queue", queue, 0...1_000_000),
      ("max-tokens", maxTokens ?? 1, 1...Int(Int32.max)), ("max-texts", maxTexts, 1...4096),
      ("connections", connections, 1...65_536),
    ] where !range.contains(value) {
      throw ValidationError(
        "--\(name) must be from \(range.lowerBound) to \(range.upperBound).")
    }
  }

  func run() async throws {
    let access = AccessRules(keys: try keys(), origins: cors)
    let path = try model.path()
    let file = try GGUFFile(path: path)
    let name = alias ?? BundledModels.name(of: file, path: path)
    let loaded = try ModelLoader.load(file, name: name, options: model.engineOptions)
    var limits = ServiceLimits()
    (limits.waiting, limits.count, limits.budget) = (queue, maxTexts, maxTokens)
    var listening = ListenerLimits()
    listening.connections = connections
    // The port may be known only when it is listened on.
    let answering = Mutex<APIServer?>(nil)
    let listener = try HTTPListener(
      host: host, port: port, limits: listening, refusal: APIServer.refusal,
      handler: { request in
        await answering.withLock { $0 }?.answer(request) ?? HTTPResponse(.unavailable)
      })
    var handover = HandoverRules()
    (handover.role, handover.peers) = (role, Set(peer))
    handover.address = ServerAddress(
      host: host == "0.0.0.0" || host == "::" ? ProcessInfo.processInfo.hostName : host,
      port: listener.port)
    let server = APIServer(
      ModelService(loaded, slots: slots, limits: limits), name: name, chat: chat(loaded),
      access: access, handover: handover, build: Ponder.configuration.version)
    answering.withLock { $0 = server }
    if access.keys.isEmpty, !["127.0.0.1", "localhost", "::1"].contains(host) {
      StandardError.tell("everybody who reaches \(host) may ask: --api-key-file would want a key")
    }
    for warning in loaded.vocabulary.warnings { StandardError.tell(warning) }
    StandardError.tell("\(name) at http://\(address):\(listener.port) (Ctrl-C ends)")
    let serving = Task { try await listener.run() }
    let (_, signal) = try await stoppingOnSignal {
      serving.cancel()
    } work: {
      try await serving.value
    }
    StandardError.tell("ended; \(server.summary)")
    if let signal { throw ExitCode(128 + signal) }
  }

  /// A template that cannot be used costs the conversations only, and that is said.
  private func chat(_ model: any LanguageModel) -> (any ChatPrompting)? {
    do {
      return try TemplatePrompting(model, choice: template)
    } catch {
      StandardError.tell("\(error)")
      return nil
    }
  }

  private var address: String { host.contains(":") ? "[\(host)]" : host }

  private func keys() throws -> [String] {
    guard let apiKeyFile else { return [] }
    let text = try String(contentsOfFile: apiKeyFile, encoding: .utf8)
    let keys = text.split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !keys.isEmpty else { throw ValidationError("\(apiKeyFile) has no keys.") }
    return keys
  }
}

extension ServerRole: ExpressibleByArgument {}
