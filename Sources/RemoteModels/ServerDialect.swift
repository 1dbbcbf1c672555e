import Decoding

/// A text that a server is to go on with.
enum RemotePrompt: Sendable, Hashable {
  case ids([TokenID])
  /// What is asked, and how the answer begins.
  case text(asked: String, begun: String)
}

/// What a server answers to one request.
struct RemoteReply: Sendable {
  /// Places in order, from the first token that was chosen on.
  var positions: [ToldPosition]
  /// The chosen tokens, where they are told apart from the places: places of tokens that are no whole
  /// characters may be missing.
  var tokens: [TokenID]?
  /// The server ended the text by itself.
  var hasEnded: Bool

  /// The places that surely are those of the first tokens, with these tokens.
  ///
  /// llama.cpp leaves out a token's place while a character is not whole; the next place it tells is that of
  /// the token that makes the character whole, which is another token than the first one left out. So what
  /// agrees from the beginning is right.
  var certain: [ToldPosition] {
    guard let tokens else { return positions }
    let count = zip(positions, tokens).prefix { $0.chosen.id == $1 }.count
    return Array(positions.prefix(count))
  }
}

/// How a kind of server is asked, and how its answers are read.
struct ServerDialect: Sendable {
  var kind: ServerKind
  /// What the server calls the model.
  var model: String
  /// Whether the sampler must be asked to change nothing, since probabilities are told after it.
  var isAfterSampler = false
  /// A token that is a whole character: where it is chosen by force, the place of the first token is told
  /// whatever the model would have chosen. Raw probabilities do not change by that.
  var anchor: TokenID?
  /// Slots that may be asked for by number (llama.cpp).
  var slots = 0

  /// A request to go on with a text.
  ///
  /// - Parameters:
  ///   - count: tokens to choose, each the likeliest.
  ///   - top: likeliest tokens to tell of at each; −1 for all (vLLM).
  ///   - slot: where the server keeps the keys and values of the text's beginning.
  ///   - isForced: choose the anchor.
  func request(
    _ prompt: RemotePrompt, count: Int, top: Int, slot: Int? = nil, isForced: Bool = false
  ) -> (path: String, body: ServerJSON) {
    switch kind {
    case .llamaCpp:
      var fields = neutral([
        "prompt": Self.json(prompt), "n_predict": ServerJSON(count), "n_probs": ServerJSON(top),
        "return_tokens": true, "cache_prompt": true, "stream": false, "stop": [],
        "post_sampling_probs": false, "model": .string(model),
        "response_fields": [
          "content", "tokens", "completion_probabilities", "stop_type", "timings/draft_n", "error",
        ],
      ])
      if let slot { fields["id_slot"] = ServerJSON(slot) }
      if isForced, let anchor { fields["logit_bias"] = [[ServerJSON(Int(anchor)), 1000]] }
      return ("/completion", .object(fields))
    case .vllm:
      return (
        "/v1/completions",
        .object([
          "model": .string(model), "prompt": Self.json(prompt), "max_tokens": ServerJSON(count),
          "logprobs": ServerJSON(top), "temperature": 0, "return_tokens_as_token_ids": true,
          "return_token_ids": true, "skip_special_tokens": false, "add_special_tokens": false,
          "stream": false,
        ])
      )
    case .sglang:
      var fields: [String: ServerJSON] = [
        "return_logprob": true, "logprob_start_len": -1, "top_logprobs_num": ServerJSON(top),
        "return_text_in_logprobs": true, "stream": false,
        // Not temperature 0, at which some builds tell no log-probabilities.
        "sampling_params": [
          "max_new_tokens": ServerJSON(count), "temperature": 1, "top_k": 1,
          "skip_special_tokens": false,
        ],
      ]
      fields["input_ids"] = Self.json(prompt)
      return ("/generate", .object(fields))
    case .ollama:
      return (
        "/api/generate",
        [
          "model": .string(model), "prompt": Self.json(prompt), "raw": true, "stream": false,
          "logprobs": true, "top_logprobs": ServerJSON(top),
          "options": [
            "num_predict": ServerJSON(count), "temperature": 1, "top_k": 0, "top_p": 1, "min_p": 0,
            "repeat_penalty": 1,
          ],
        ]
      )
    case .completions:
      return (
        "/v1/completions",
        [
          "model": .string(model), "prompt": Self.json(prompt), "max_tokens": ServerJSON(count),
          "logprobs": ServerJSON(top), "temperature": 1, "top_p": 1, "stream": false,
        ]
      )
    case .chat:
      var messages: [ServerJSON] = []
      if case .text(let asked, let begun) = prompt {
        messages.append(["role": "user", "content": .string(asked)])
        if !begun.isEmpty { messages.append(["role": "assistant", "content": .string(begun)]) }
      }
      return (
        "/v1/chat/completions",
        [
          "model": .string(model), "messages": .array(messages), "max_tokens": ServerJSON(count),
          "logprobs": true, "top_logprobs": ServerJSON(top), "temperature": 1, "top_p": 1,
          "stream": false,
        ]
      )
    }
  }

  /// llama.cpp's sampler, asked for the likeliest token or to change nothing.
  private func neutral(_ fields: [String: ServerJSON]) -> [String: ServerJSON] {
    var fields = fields
    fields["temperature"] = isAfterSampler ? 1 : 0
    for name in ["top_k", "min_p", "presence_penalty", "frequency_penalty"] { fields[name] = 0 }
    for name in ["top_p", "repeat_penalty"] { fields[name] = 1 }
    return fields
  }

  private static func json(_ prompt: RemotePrompt) -> ServerJSON {
    switch prompt {
    case .ids(let ids): .array(ids.map { ServerJSON(Int($0)) })
    case .text(let asked, let begun): .string(asked + begun)
    }
  }

  /// Whether texts and tokens go by ids.
  var hasIDs: Bool { [.llamaCpp, .vllm, .sglang].contains(kind) }

  /// Whether several tokens at once are told rightly.
  var canReadAhead: Bool { hasIDs && !isAfterSampler }

  /// Reads an answer.
  ///
  /// - Parameter server: whom errors name.
  /// - Throws: `RemoteError`.
  func reply(_ json: ServerJSON, server: String) throws(RemoteError) -> RemoteReply {
    let found: [ToldPosition]?
    var tokens: [TokenID]?
    var hasEnded = false
    switch kind {
    case .llamaCpp:
      found = ToldPositions.entries(json["completion_probabilities"], floor: .impossible)
      tokens = Self.ids(json["tokens"])
      hasEnded = json["stop_type"]?.text == "eos"
      let drafts = (json["draft_n"] ?? json["timings/draft_n"] ?? json["timings"]?["draft_n"])?
        .integer
      if drafts ?? 0 > 0 {
        throw .lacks(
          server: server,
          what:
            "true log-probabilities while it decodes speculatively; start it without a draft model")
      }
    case .vllm, .completions:
      let choice = json["choices"]?[0]
      found =
        ToldPositions.lists(choice?["logprobs"], floor: kind == .vllm ? .impossible : .unlisted)
        // Ollama and llama.cpp answer in the shape of chat here.
        ?? ToldPositions.entries(choice?["logprobs"]?["content"], floor: .unlisted)
      if kind == .vllm { tokens = Self.ids(choice?["token_ids"]) }
      hasEnded = choice?["finish_reason"]?.text == "stop"
    case .sglang:
      found = ToldPositions.triples(json["meta_info"])
      tokens = Self.ids(json["output_ids"])
      hasEnded = json["meta_info"]?["finish_reason"]?["type"]?.text == "stop"
    case .ollama:
      found = ToldPositions.entries(json["logprobs"], floor: .unlisted)
      hasEnded = json["done_reason"]?.text == "stop"
    case .chat:
      let choice = json["choices"]?[0]
      found = ToldPositions.entries(choice?["logprobs"]?["content"], floor: .unlisted)
      hasEnded = choice?["finish_reason"]?.text == "stop"
    }
    guard let positions = found ?? (hasEnded || tokens?.isEmpty == false ? [] : nil) else {
      throw .lacks(server: server, what: "log-probabilities, which everything here is made of")
    }
    return RemoteReply(positions: positions, tokens: tokens, hasEnded: hasEnded)
  }

  private static func ids(_ value: ServerJSON?) -> [TokenID]? {
    guard let items = value?.items else { return nil }
    let ids = items.compactMap { $0.integer.flatMap { TokenID(exactly: $0) } }
    return ids.count == items.count && !ids.isEmpty ? ids : nil
  }
}
