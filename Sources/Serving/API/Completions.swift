import Decoding
import Foundation
import Traces

/// OpenAI's completions, with what vLLM and lm-evaluation-harness add: prompts as token ids, echoed prompts
/// with log-probabilities, several prompts at once.
extension APIServer {
  private struct Asked {
    var prompts: [[TokenID]]
    var sampling: SamplingFields
    var top: Int?
    var promptTop: Int?
    var echo: Bool
    var returnsIDs: Bool
    var shapes: LogProbabilityShapes
    var isStream: Bool
    var includesUsage: Bool
  }

  private func completionRequest(_ fields: RequestFields) throws(APIError) -> Asked {
    let sampling = try SamplingFields(
      fields, usual: .open, vocabulary: vocabulary, seed: newSeed())
    let prompts = try PromptField.prompts(fields["prompt"], fields, vocabulary).prompts
    // −1 asks for all.
    func top(_ name: String) throws(APIError) -> Int? {
      try fields.integer(name, in: -1...service.limits.top).map { $0 < 0 ? vocabulary.count : $0 }
    }
    if let best = try fields.integer("best_of", in: 1...100_000), best != sampling.count {
      throw APIError(
        .notSupported, "\"best_of\" is not supported here; ask for \"n\".", parameter: "best_of")
    }
    let isStream = try fields.boolean("stream") ?? false
    let echo = try fields.boolean("echo") ?? false
    let promptTop = try top("prompt_logprobs")
    if isStream, echo || promptTop != nil {
      throw APIError(
        .notSupported, "Prompts are told with their answers only: without \"stream\".",
        parameter: echo ? "echo" : "prompt_logprobs")
    }
    let options = try fields.object("stream_options")
    return Asked(
      prompts: prompts, sampling: sampling, top: try top("logprobs"), promptTop: promptTop,
      echo: echo, returnsIDs: try fields.boolean("return_token_ids") ?? false,
      shapes: LogProbabilityShapes(
        vocabulary: vocabulary,
        namesIDs: try fields.boolean("return_tokens_as_token_ids") ?? false),
      isStream: isStream, includesUsage: options?["include_usage"] == .bool(true))
  }

  func completions(_ fields: RequestFields) async throws -> HTTPResponse {
    let asked = try completionRequest(fields)
    let fetched = try await fetched(fields, asked)
    if asked.isStream { return stream(asked) }
    var usage = Usage()
    var choices: [JSONText] = []
    for answer in try await answers(asked) {
      usage.prompt += answer.prompt.count
      for text in answer.texts {
        usage.completion += text.generated
        usage.add(text.end)
        choices.append(choice(answer, text, index: choices.count, asked))
      }
    }
    var answer: JSONText = [
      "id": .string(newID("cmpl")), "object": "text_completion", "created": now,
      "model": .string(name), "system_fingerprint": fingerprint, "choices": .array(choices),
      "usage": usage.json,
    ]
    if let fetched { answer.add("kv_transfer", fetched) }
    if let prompt = asked.prompts.first, let kept = try keptForOthers(fields, prompt) {
      answer.add("kv_transfer_params", kept)
    }
    return json(answer)
  }

  /// Prompts are handed over one at a time.
  private func fetched(
    _ fields: RequestFields, _ asked: Asked
  ) async throws(APIError) -> JSONText? {
    guard fields["kv_transfer_params"] != nil else { return nil }
    guard asked.prompts.count == 1, let prompt = asked.prompts.first else {
      throw APIError(
        .invalidRequest, "Only a single prompt can be handed over.",
        parameter: "kv_transfer_params")
    }
    return try await fetched(fields, prompt)
  }

  private struct Answer {
    var prompt: [TokenID]
    /// What the prompt's tokens are found, where that is asked; the first has no number.
    var scored: [ServedToken]?
    var texts: [FinishedText]
  }

  /// All prompts at once, in their order.
  private func answers(_ asked: Asked) async throws -> [Answer] {
    try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
      for (number, prompt) in asked.prompts.enumerated() {
        group.addTask {
          var answer = Answer(prompt: prompt, scored: nil, texts: [])
          let wanted =
            asked.echo ? asked.top.map { max($0, asked.promptTop ?? 0) } : asked.promptTop
          if let wanted {
            answer.scored =
              [ServedToken(id: prompt.first ?? 0)] + (try await service.score(prompt, top: wanted))
          }
          let generation = asked.sampling.generation(prompt, top: asked.top)
          answer.texts = try await service.texts(generation)
          return (number, answer)
        }
      }
      var all: [(Int, Answer)] = []
      for try await answer in group { all.append(answer) }
      return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func choice(
    _ answer: Answer, _ text: FinishedText, index: Int, _ asked: Asked
  ) -> JSONText {
    let spelled =
      asked.echo ? String(decoding: vocabulary.bytes(of: answer.prompt), as: UTF8.self) : ""
    var choice: JSONText = [
      "index": .int(index), "text": .string(spelled + text.text),
      "finish_reason": .string(text.finishReason),
      "stop_reason": stopReason(text.end),
    ]
    if asked.top != nil {
      let told = asked.echo ? (answer.scored ?? []) + text.tokens : text.tokens
      choice.add("logprobs", asked.shapes.legacy(told))
    } else {
      choice.add("logprobs", nil)
    }
    if let top = asked.promptTop, let scored = answer.scored {
      let cut = scored.map { token in
        var token = token
        token.top = Array(token.top.prefix(top))
        return token
      }
      choice.add("prompt_logprobs", asked.shapes.prompt(cut))
    }
    if asked.returnsIDs {
      choice.add("token_ids", .array(text.tokens.map { .int(Int($0.id)) }))
      choice.add("prompt_token_ids", .array(answer.prompt.map { .int(Int($0)) }))
    }
    return choice
  }

  private func stopReason(_ end: GenerationEnd) -> JSONText {
    if case .stop(let stop) = end.reason { return .string(stop) }
    return nil
  }

  private func stream(_ asked: Asked) -> HTTPResponse {
    let (id, created) = (JSONText.string(newID("cmpl")), now)
    return EventStream.response { send in
      @Sendable func chunk(_ choice: JSONText?, usage: Usage? = nil) -> [UInt8] {
        EventStream.event([
          "id": id, "object": "text_completion", "created": created, "model": .string(name),
          "system_fingerprint": fingerprint, "choices": .array([choice].compactMap { $0 }),
          "usage": usage?.json ?? nil,
        ])
      }
      let usage = try await withThrowingTaskGroup(of: Usage.self) { group in
        for (number, prompt) in asked.prompts.enumerated() {
          let first = number * asked.sampling.count
          let generation = asked.sampling.generation(prompt, top: asked.top)
          group.addTask {
            try await follow(generation) { text, piece, end in
              var choice: JSONText = [
                "index": .int(first + text), "text": .string(piece.text),
                "logprobs": asked.top == nil ? nil : asked.shapes.legacy(piece.tokens),
                "finish_reason": end.map { .string($0.reason == .length ? "length" : "stop") }
                  ?? nil,
              ]
              if asked.returnsIDs {
                choice.add("token_ids", .array(piece.tokens.map { .int(Int($0.id)) }))
              }
              send(chunk(choice))
            }
          }
        }
        return try await group.reduce(into: Usage()) { sum, usage in
          sum.prompt += usage.prompt
          sum.cached += usage.cached
          sum.completion += usage.completion
        }
      }
      if asked.includesUsage { send(chunk(nil, usage: usage)) }
      send(EventStream.done)
    }
  }

  /// Follows a generation, telling pieces of its texts as they become certain.
  ///
  /// - Parameter tell: is given the end with the last piece of a text.
  /// - Throws: `APIError`.
  func follow(
    _ generation: Generation,
    tell: (_ text: Int, _ piece: TextProgress.Piece, _ end: GenerationEnd?) -> Void
  ) async throws(APIError) -> Usage {
    var progress = Array(
      repeating: TextProgress(vocabulary, stops: generation.stops), count: generation.count)
    var usage = Usage()
    usage.prompt = generation.prompt.count
    for await event in try await service.start(generation) {
      switch event {
      case .token(let text, let token):
        usage.completion += 1
        let piece = progress[text].add(token)
        if !piece.isEmpty { tell(text, piece, nil) }
      case .ended(let text, let end):
        usage.add(end)
        tell(text, progress[text].finish(), end)
      case .failed(let error): throw error
      }
    }
    return usage
  }
}
