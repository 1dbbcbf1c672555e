import Decoding
import Traces

/// OpenAI's chat completions.
extension APIServer {
  /// A conversation as the model's template writes it.
  ///
  /// A last message of the assistant's is the beginning of the answer, which goes on from there.
  func conversation(
    _ fields: RequestFields
  ) throws(APIError) -> (tokens: [TokenID], text: String) {
    guard let chat else {
      throw APIError(
        .notSupported, "This model has no chat template: ask at /v1/completions.")
    }
    let messages = try self.messages(fields["messages"])
    let isOpen = messages.last?.role == "assistant"
    let asked = try fields.boolean("continue_final_message")
    let starts = try fields.boolean("add_generation_prompt")
    if asked == true, !isOpen {
      throw APIError(
        .invalidRequest, "The last message is not the assistant's, so it cannot be continued.",
        parameter: "continue_final_message")
    }
    if asked == true, starts == true {
      throw APIError(
        .invalidRequest, "The answer cannot both go on and begin: set one of the two.",
        parameter: "add_generation_prompt")
    }
    if starts == false, !isOpen || asked == false {
      throw APIError(
        .notSupported, "A prompt without the beginning of its answer is not written here.",
        parameter: "add_generation_prompt")
    }
    let options = try fields.object("chat_template_kwargs") ?? [:]
    var thinking: Bool?
    for name in ["enable_thinking", "thinking"] {
      if case .bool(let value)? = options[name] { thinking = value }
    }
    do {
      return try chat.prompt(
        messages, thinking: thinking, continuesLast: asked ?? (isOpen && starts != true))
    } catch {
      throw APIError(.invalidRequest, "\(error)", parameter: "messages")
    }
  }

  private func messages(_ value: JSONValue?) throws(APIError) -> [ChatMessage] {
    func wrong(_ why: String) -> APIError {
      APIError(.invalidRequest, why, parameter: "messages")
    }
    guard case .array(let values)? = value, !values.isEmpty else {
      throw wrong("\"messages\" must be a list of messages.")
    }
    var messages: [ChatMessage] = []
    for value in values {
      guard case .object(let message) = value, case .string(let role)? = message["role"] else {
        throw wrong("A message needs a \"role\" and a \"content\".")
      }
      guard ["system", "developer", "user", "assistant"].contains(role) else {
        throw APIError(
          .notSupported, "Messages of the role \"\(role)\" are not supported here.",
          parameter: "messages")
      }
      if let calls = message["tool_calls"], calls != .null, calls != .array([]) {
        throw APIError(
          .notSupported, "\"tool_calls\" are not supported here.", parameter: "messages")
      }
      messages.append(
        ChatMessage(
          role: role == "developer" ? "system" : role, content: try content(message["content"])))
    }
    guard messages.suffix(2).map(\.role) != ["assistant", "assistant"] else {
      throw wrong("Only one last message may be the assistant's.")
    }
    return messages
  }

  /// A text, or parts that are texts.
  private func content(_ value: JSONValue?) throws(APIError) -> String {
    let wrong = APIError(
      .invalidRequest, "A message's \"content\" must be a text, or a list of texts.",
      parameter: "messages")
    switch value {
    case .string(let text)?: return text
    case .null?: return ""
    case .array(let parts)?:
      var texts: [String] = []
      for part in parts {
        guard case .object(let fields) = part, case .string(let text)? = fields["text"] else {
          throw wrong
        }
        texts.append(text)
      }
      return texts.joined(separator: "\n")
    default: throw wrong
    }
  }

  private struct Asked {
    var generation: Generation
    /// The conversation as the template writes it.
    var prompt: String
    var isStream: Bool
    var includesUsage: Bool
    /// Whether the answer shows how the prompt was written.
    var isVerbose: Bool
  }

  private func chatRequest(_ fields: RequestFields) throws(APIError) -> Asked {
    let sampling = try SamplingFields(
      fields, usual: .chat, vocabulary: vocabulary, seed: newSeed())
    let tells = try fields.boolean("logprobs") ?? false
    let top = try fields.integer("top_logprobs", in: 0...service.limits.top)
    if let top, top > 0, !tells {
      throw APIError(
        .invalidRequest, "\"top_logprobs\" needs \"logprobs\" to be true.",
        parameter: "top_logprobs")
    }
    let options = try fields.object("stream_options")
    let conversation = try conversation(fields)
    return Asked(
      generation: sampling.generation(conversation.tokens, top: tells ? top ?? 0 : nil),
      prompt: conversation.text, isStream: try fields.boolean("stream") ?? false,
      includesUsage: options?["include_usage"] == .bool(true),
      isVerbose: try fields.boolean("verbose") ?? false)
  }

  /// How many tokens a conversation has, as the template writes it.
  func inputTokens(_ fields: RequestFields) throws(APIError) -> JSONText {
    [
      "object": "response.input_tokens",
      "input_tokens": .int(try conversation(fields).tokens.count),
    ]
  }

  func chatCompletions(_ fields: RequestFields) async throws -> HTTPResponse {
    let asked = try chatRequest(fields)
    let shapes = LogProbabilityShapes(vocabulary: vocabulary)
    let fetched = try await fetched(fields, asked.generation.prompt)
    if asked.isStream { return stream(asked, shapes) }
    let texts = try await service.texts(asked.generation)
    var usage = Usage()
    usage.prompt = asked.generation.prompt.count
    let choices = texts.enumerated().map { index, text -> JSONText in
      usage.completion += text.generated
      usage.add(text.end)
      return [
        "index": .int(index),
        "message": ["role": "assistant", "content": .string(text.text)],
        "logprobs": asked.generation.top == nil ? nil : shapes.chat(text.tokens),
        "finish_reason": .string(text.finishReason),
      ]
    }
    var answer: JSONText = [
      "id": .string(newID("chatcmpl")), "object": "chat.completion", "created": now,
      "model": .string(name), "system_fingerprint": fingerprint, "choices": .array(choices),
      "usage": usage.json,
    ]
    if asked.isVerbose {
      answer.add(
        "__verbose",
        [
          "prompt": .string(asked.prompt),
          "tokens": .array(asked.generation.prompt.map { .int(Int($0)) }),
        ])
    }
    if let fetched { answer.add("kv_transfer", fetched) }
    if let kept = try keptForOthers(fields, asked.generation.prompt) {
      answer.add("kv_transfer_params", kept)
    }
    return json(answer)
  }

  private func stream(_ asked: Asked, _ shapes: LogProbabilityShapes) -> HTTPResponse {
    let (id, created) = (JSONText.string(newID("chatcmpl")), now)
    return EventStream.response { send in
      func chunk(
        _ choices: [JSONText], usage: Usage? = nil, times: JSONText? = nil
      ) -> [UInt8] {
        var chunk: JSONText = [
          "id": id, "object": "chat.completion.chunk", "created": created,
          "model": .string(name), "system_fingerprint": fingerprint, "choices": .array(choices),
          "usage": usage?.json ?? nil,
        ]
        if let times { chunk.add("timings", times) }
        return EventStream.event(chunk)
      }
      var times = LlamaTimes()
      for text in 0..<asked.generation.count {
        send(
          chunk([
            [
              "index": .int(text), "delta": ["role": "assistant", "content": nil],
              "finish_reason": nil,
            ]
          ]))
      }
      let usage = try await follow(asked.generation) { text, piece, end in
        times.first()
        if !piece.isEmpty {
          send(
            chunk([
              [
                "index": .int(text), "delta": ["content": .string(piece.text)],
                "logprobs": asked.generation.top == nil ? nil : shapes.chat(piece.tokens),
                "finish_reason": nil,
              ]
            ]))
        }
        if let end {
          send(
            chunk([
              [
                "index": .int(text), "delta": [:],
                "finish_reason": .string(end.reason == .length ? "length" : "stop"),
              ]
            ]))
        }
      }
      times.end()
      if asked.includesUsage {
        let times = times.json(
          generated: usage.completion, prompt: usage.prompt, reused: usage.cached)
        send(chunk([], usage: usage, times: times))
      }
      send(EventStream.done)
    }
  }
}
