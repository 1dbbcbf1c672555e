public import Decoding
import Foundation

/// How a remote model is opened.
public struct RemoteOptions: Sendable {
  public var key: RemoteKey?
  public var transport: any RemoteTransport = NetworkTransport()
  public var patience = RemotePatience()
  /// The model's own vocabulary, from its file: exact bytes, and no asking for tokens.
  public var vocabulary: (any Vocabulary)?
  /// Requests at once; nil for as many as the server says, else 4.
  public var slots: Int?
  /// Likeliest tokens to ask for; nil for all of small vocabularies, else 64 or what the server allows.
  public var top: Int?
  /// The most tokens asked for at once where a path goes on greedily.
  public var readAhead = 16

  public init() {}
}

/// Finds out what a server is and gives.
struct RemoteProbe {
  /// What was found.
  struct Found {
    var capabilities: RemoteCapabilities
    var dialect: ServerDialect
    var vocabulary: any Vocabulary
    /// What tells the model apart from others.
    var marks: [String]
  }

  let client: RemoteClient
  let options: RemoteOptions

  /// Vocabularies up to this size are told whole with every token.
  private static let wholeVocabulary = 2048
  /// Names of control tokens that are asked for one by one.
  private static let mostNames = 64
  /// As many tokens as a session keeps of each distribution.
  private static let usualTop = DistributionSummary.savedDetail

  /// - Throws: `RemoteError`.
  func run() throws(RemoteError) -> Found {
    let properties = try client.find("/props")
    let models = try client.find("/v1/models")
    if let properties,
      properties["default_generation_settings"] != nil || properties["total_slots"] != nil
    {
      return try llamaCpp(properties, models)
    }
    let entries = models?["data"]?.items ?? []
    let owner = entries.first?["owned_by"]?.text
    if owner == "vllm" { return try vllm(try entry(of: entries)) }
    if owner == "sglang" { return try sglang(try entry(of: entries)) }
    let version = try client.find("/api/version")?["version"]?.text
    if owner == "library" || version != nil && owner != "llamacpp" {
      return try ollama(try entry(of: entries), version)
    }
    guard !entries.isEmpty || client.address.name != nil else {
      throw .badAnswer(
        server: client.server, what: "nothing known of /props, /v1/models or /api/version")
    }
    return try openAI(try entry(of: entries))
  }

  /// The model that is asked for among those of the server.
  private func entry(of entries: [ServerJSON]) throws(RemoteError) -> (
    name: String, entry: ServerJSON?
  ) {
    guard let name = client.address.name else {
      guard let first = entries.first, let id = first["id"]?.text else {
        throw .badAnswer(server: client.server, what: "no model at /v1/models")
      }
      return (id, first)
    }
    let found = entries.first { entry in
      let aliases = entry["aliases"]?.items?.compactMap(\.text) ?? []
      return ([entry["id"]?.text].compactMap { $0 } + aliases).contains {
        $0 == name || $0 == "\(name):latest"
      }
    }
    guard let found else {
      if entries.isEmpty { return (name, nil) }
      throw .noSuchModel(
        server: client.server, name: name, known: entries.prefix(20).compactMap { $0["id"]?.text })
    }
    return (found["id"]?.text ?? name, found)
  }

  private func ask(
    _ dialect: ServerDialect, _ prompt: RemotePrompt, top: Int, isForced: Bool = false
  ) throws(RemoteError) -> RemoteReply {
    let (path, body) = dialect.request(prompt, count: 1, top: top, isForced: isForced)
    return try dialect.reply(client.post(path, body), server: client.server)
  }

  private func checkSize(_ size: Int?) throws(RemoteError) {
    guard let size, let given = options.vocabulary?.count, given != size else { return }
    throw .otherVocabulary(server: client.server, count: size, given: given)
  }

  // MARK: llama.cpp, and Ponder

  private func llamaCpp(
    _ properties: ServerJSON, _ models: ServerJSON?
  ) throws(RemoteError) -> Found {
    let (name, entry) = try entry(of: models?["data"]?.items ?? [])
    let meta = entry?["meta"]
    let size = meta?["n_vocab"]?.integer ?? options.vocabulary?.count
    guard let size, size > 0, size < 1 << 22 else {
      throw .lacks(server: client.server, what: "the size of its vocabulary; a newer build does")
    }
    try checkSize(size)
    let settings = properties["default_generation_settings"]
    var dialect = ServerDialect(kind: .llamaCpp, model: name)
    let own = ServerVocabulary(client, model: name, manner: .llamaCpp, size: size)

    // One request for everything: it tells the bytes of all tokens, and how many may be asked for.
    var start = own.tokenize("a".utf8, special: .add)
    if let failure = own.failure { throw failure }
    dialect.anchor = start.last
    if start.isEmpty { start = [0] }
    let all = try ask(dialect, .ids(start), top: size, isForced: true)
    guard let position = all.positions.first else {
      throw .lacks(
        server: client.server, what: "log-probabilities, which everything here is made of")
    }
    if position.kind == .afterSampler { dialect.isAfterSampler = true }
    own.learn(position.top)
    let cap = max(1, position.top.count)
    if options.vocabulary == nil { try learnControls(own, position.top, properties, start) }
    try check(options.vocabulary, against: position.top)

    dialect.slots = properties["total_slots"]?.integer.map { min(max(0, $0), 1024) } ?? 0
    let speculative = settings?["params"]?["speculative.types"]?.text ?? "none"
    let readAhead =
      dialect.canReadAhead && speculative == "none" ? max(1, options.readAhead) : 1
    let usual = size <= Self.wholeVocabulary ? size : Self.usualTop
    let template = template(properties, options.vocabulary ?? own)
    if let failure = own.failure { throw failure }
    let capabilities = RemoteCapabilities(
      kind: .llamaCpp, model: name, build: properties["build_info"]?.text,
      parameters: meta?["n_params"]?.integer,
      contextLength: settings?["n_ctx"]?.integer ?? meta?["n_ctx"]?.integer
        ?? meta?["n_ctx_train"]?.integer,
      slots: max(1, options.slots ?? dialect.slots),
      vocabularySize: size, hasIDs: true, hasBytes: true, top: min(cap, options.top ?? usual),
      isAfterSampler: dialect.isAfterSampler, readAhead: readAhead,
      tokenizer: options.vocabulary == nil ? "the server's" : "of the given file",
      chatTemplate: template)
    let marks = ["n_params", "size", "hash", "ftype", "n_vocab"].map { key in
      meta?[key]?.text ?? meta?[key]?.number.map { "\($0)" } ?? ""
    }
    return Found(
      capabilities: capabilities, dialect: dialect, vocabulary: options.vocabulary ?? own,
      marks: marks + [template ?? ""])
  }

  /// The model's chat template. For a file without one llama.cpp tells ChatML all the same, whose marks are no
  /// tokens then: such a model has never seen it.
  private func template(
    _ properties: ServerJSON, _ vocabulary: any Vocabulary
  ) -> String? {
    guard let text = properties["chat_template"]?.text, !text.isEmpty else { return nil }
    let mark = "<|im_start|>"
    guard text.contains(mark) else { return text }
    let ids = vocabulary.tokenize(continuing: mark, parsingSpecial: true)
    return ids.count == 1 && ids.allSatisfy { vocabulary.name(of: $0) == mark } ? text : nil
  }

  /// Tokens without bytes are control tokens; their names are asked for in one text, with line breaks
  /// between.
  private func learnControls(
    _ vocabulary: ServerVocabulary, _ all: [ToldToken], _ properties: ServerJSON, _ start: [TokenID]
  ) throws(RemoteError) {
    let silent = all.filter { $0.bytes?.isEmpty ?? false }.compactMap(\.id).sorted()
    func text(of ids: [TokenID]) throws(RemoteError) -> String {
      let tokens = ServerJSON.array(ids.map { ServerJSON(Int($0)) })
      return try client.post("/detokenize", ["tokens": tokens])["content"]?.text ?? ""
    }
    var names: [String] = []
    if let line = vocabulary.tokenize("\n".utf8, special: .none).last {
      names = try text(of: silent.flatMap { [$0, line] })
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if names.last == "" { names.removeLast() }
    }
    // Without line breaks, or with one in a name, each is asked for by itself.
    if names.count != silent.count {
      names = []
      for id in silent.prefix(Self.mostNames) { names.append(try text(of: [id])) }
    }
    var controls: [TokenID: String] = [:]
    for (index, id) in silent.enumerated() {
      controls[id] = names.indices.contains(index) ? names[index] : "<\(id)>"
    }
    // Files may have them as ordinary tokens; whoever runs the model ends there all the same.
    for token in all where TurnEnd.spellings.contains(token.text) {
      if let id = token.id { controls[id] = token.text }
    }
    vocabulary.learn(controls: controls)
    if start.count > 1, let first = start.first { vocabulary.learn(beginning: first) }
    if let name = properties["eos_token"]?.text, !name.isEmpty {
      let ids = vocabulary.tokenize(continuing: name.utf8, parsingSpecial: true)
      if ids.count == 1, let id = ids.first { vocabulary.learn(end: id) }
    }
    if let failure = vocabulary.failure { throw failure }
  }

  /// A file's vocabulary must be the server's, byte by byte.
  private func check(
    _ vocabulary: (any Vocabulary)?, against told: [ToldToken]
  ) throws(RemoteError) {
    guard let vocabulary else { return }
    for token in told {
      guard let id = token.id, let bytes = token.bytes, !bytes.isEmpty, !vocabulary.isControl(id)
      else { continue }
      guard vocabulary.bytes(of: id) == bytes else {
        throw .lacks(
          server: client.server,
          what: "the tokens of the given tokenizer: token \(id) is “\(token.text)” there")
      }
    }
  }

  // MARK: vLLM and SGLang

  private func vllm(_ model: (name: String, entry: ServerJSON?)) throws(RemoteError) -> Found {
    let dialect = ServerDialect(kind: .vllm, model: model.name)
    let own = ServerVocabulary(client, model: model.name, manner: .byPrompt, size: nil)
    let start = try start(own, dialect)
    // −1 tells of all, where the server allows it.
    let asked = options.top.map { [$0, 20, 5, 1] } ?? [-1, Self.usualTop, 20, 5, 1]
    let (reply, cap) = try firstAccepted(dialect, .ids(start), asked)
    guard let position = reply.positions.first, position.listed.allSatisfy({ $0.id != nil }) else {
      throw .lacks(server: client.server, what: "the ids of alternatives; a newer vLLM does")
    }
    return try found(
      dialect, own, position, cap: cap, parameters: nil,
      context: model.entry?["max_model_len"]?.integer)
  }

  private func sglang(_ model: (name: String, entry: ServerJSON?)) throws(RemoteError) -> Found {
    let dialect = ServerDialect(kind: .sglang, model: model.name)
    let own = ServerVocabulary(client, model: model.name, manner: .byPrompt, size: nil)
    let start = try start(own, dialect)
    let (reply, cap) = try firstAccepted(
      dialect, .ids(start), [options.top ?? Self.usualTop, 20, 5, 1])
    guard let position = reply.positions.first else {
      throw .lacks(
        server: client.server, what: "log-probabilities, which everything here is made of")
    }
    let context = try client.find("/get_server_info")?["context_length"]?.integer
    return try found(
      dialect, own, position, cap: cap, parameters: nil,
      context: model.entry?["max_model_len"]?.integer ?? context)
  }

  /// A text to ask about, in ids.
  private func start(_ own: ServerVocabulary, _ dialect: ServerDialect) throws(RemoteError)
    -> [TokenID]
  {
    if let given = options.vocabulary { return given.tokenize("a", special: .add) }
    let start = own.tokenize("a".utf8, special: .add)
    guard own.failure == nil, !start.isEmpty else {
      throw .lacks(
        server: client.server,
        what: "how texts become tokens; give the model's GGUF file with --tokenizer")
    }
    if start.count > 1 { own.learn(beginning: start.first) }
    return start
  }

  /// Asks for fewer likeliest tokens until the server agrees.
  private func firstAccepted(
    _ dialect: ServerDialect, _ prompt: RemotePrompt, _ counts: [Int]
  ) throws(RemoteError) -> (reply: RemoteReply, top: Int) {
    var refusal: RemoteError?
    for count in counts {
      do {
        return (try ask(dialect, prompt, top: count), count)
      } catch .refused(let server, let status, let message) where [400, 413, 422].contains(status) {
        refusal = refusal ?? .refused(server: server, status: status, message: message)
      }
    }
    throw refusal ?? .lacks(server: client.server, what: "log-probabilities")
  }

  private func found(
    _ dialect: ServerDialect, _ own: ServerVocabulary, _ position: ToldPosition, cap: Int,
    parameters: Int?, context: Int?
  ) throws(RemoteError) -> Found {
    own.learn(position.top)
    let isWhole = cap < 0
    let size = isWhole ? position.top.count : options.vocabulary?.count
    try checkSize(isWhole ? size : nil)
    let usual = size.map { $0 <= Self.wholeVocabulary ? $0 : Self.usualTop } ?? Self.usualTop
    let capabilities = RemoteCapabilities(
      kind: dialect.kind, model: dialect.model, build: nil, parameters: parameters,
      contextLength: context, slots: max(1, options.slots ?? 4), vocabularySize: size,
      hasIDs: true, hasBytes: options.vocabulary != nil,
      top: isWhole ? options.top ?? usual : min(cap, options.top ?? cap), isAfterSampler: false,
      readAhead: max(1, options.readAhead),
      tokenizer: options.vocabulary == nil ? "the server's" : "of the given file",
      chatTemplate: nil)
    return Found(
      capabilities: capabilities, dialect: dialect, vocabulary: options.vocabulary ?? own,
      marks: [])
  }

  // MARK: Servers without ids

  private func ollama(
    _ model: (name: String, entry: ServerJSON?), _ version: String?
  ) throws(RemoteError) -> Found {
    let dialect = ServerDialect(kind: .ollama, model: model.name)
    let (_, cap) = try firstAccepted(
      dialect, .text(asked: "a", begun: ""), [options.top ?? 20, 20, 5, 1])
    let about = try client.find("/api/show", ["model": .string(model.name)])
    let information = about?["model_info"]?.fields ?? [:]
    let context = information.first { $0.key.hasSuffix(".context_length") }?.value.integer
    return byText(
      dialect, cap: cap, build: version, context: context,
      parameters: information["general.parameter_count"]?.integer)
  }

  private func openAI(_ model: (name: String, entry: ServerJSON?)) throws(RemoteError) -> Found {
    let prompt = RemotePrompt.text(asked: "a", begun: "")
    do {
      let dialect = ServerDialect(kind: .completions, model: model.name)
      let (reply, cap) = try firstAccepted(dialect, prompt, [options.top ?? 20, 5, 1])
      if !reply.positions.isEmpty { return byText(dialect, cap: cap) }
    } catch .refused(_, let status, _) where ![401, 403].contains(status) {
    } catch .lacks {
    }
    let dialect = ServerDialect(kind: .chat, model: model.name)
    let (_, cap) = try firstAccepted(dialect, prompt, [options.top ?? 20, 20, 5, 1])
    return byText(dialect, cap: cap)
  }

  private func byText(
    _ dialect: ServerDialect, cap: Int, build: String? = nil, context: Int? = nil,
    parameters: Int? = nil
  ) -> Found {
    let capabilities = RemoteCapabilities(
      kind: dialect.kind, model: dialect.model, build: build, parameters: parameters,
      contextLength: context, slots: max(1, options.slots ?? 4), vocabularySize: nil,
      hasIDs: false, hasBytes: false, top: cap, isAfterSampler: false, readAhead: 1,
      tokenizer: "none: texts are sent as they are", chatTemplate: nil)
    return Found(
      capabilities: capabilities, dialect: dialect, vocabulary: TextVocabulary(), marks: [])
  }
}
