import Decoding
import Foundation
import Synchronization
import Traces

/// llama.cpp's own completions.
extension APIServer {
  private struct Asked {
    var prompts: [[TokenID]]
    var isList: Bool
    var sampling: SamplingFields
    var top: Int?
    var returnsTokens: Bool
    /// The only fields that are answered, by their paths; empty answers all.
    var fields: [String]
    var isStream: Bool
  }

  private func llamaRequest(_ fields: RequestFields) throws(APIError) -> Asked {
    let sampling = try SamplingFields(
      fields, usual: .llama, vocabulary: vocabulary, seed: newSeed())
    let (prompts, isList) = try PromptField.prompts(fields["prompt"], fields, vocabulary)
    let most = min(vocabulary.count, service.limits.top)
    let top = try fields.integer(["n_probs", "logprobs"], in: 0...Int(Int32.max)).map {
      min($0, most)
    }
    let isStream = try fields.boolean("stream") ?? false
    if isStream, prompts.count > 1 {
      throw APIError(
        .notSupported, "Several prompts cannot be streamed.", parameter: "prompt")
    }
    return Asked(
      prompts: prompts, isList: isList, sampling: sampling, top: top ?? 0 > 0 ? top : nil,
      returnsTokens: try fields.boolean("return_tokens") ?? false,
      fields: try fields.texts("response_fields", atMost: 64), isStream: isStream)
  }

  func completion(_ fields: RequestFields) async throws -> HTTPResponse {
    let asked = try llamaRequest(fields)
    if asked.isStream, let prompt = asked.prompts.first { return stream(asked, prompt) }
    let all = try await withThrowingTaskGroup(of: (Int, [JSONText]).self) { group in
      for (number, prompt) in asked.prompts.enumerated() {
        group.addTask {
          let generation = asked.sampling.generation(prompt, top: asked.top)
          var times = LlamaTimes()
          let texts = try await service.texts(generation) { times.first() }
          times.end()
          let answers = texts.enumerated().map { index, text in
            answer(asked, prompt, text, index: index, times).only(asked.fields)
          }
          return (number, answers)
        }
      }
      var all: [(Int, [JSONText])] = []
      for try await answers in group { all.append(answers) }
      return all.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
    guard !asked.isList, all.count == 1 else { return json(.array(all)) }
    return json(all[0])
  }

  private func answer(
    _ asked: Asked, _ prompt: [TokenID], _ text: FinishedText, index: Int, _ times: LlamaTimes
  ) -> JSONText {
    var json: JSONText = [
      "index": .int(index), "content": .string(text.text),
      "tokens": asked.returnsTokens ? .array(text.tokens.map { .int(Int($0.id)) }) : [],
    ]
    close(&json, asked, prompt, text, times)
    if asked.top != nil {
      json.add("completion_probabilities", probabilities(text.tokens))
    }
    return json
  }

  private func probabilities(_ tokens: [ServedToken]) -> JSONText {
    let shapes = LogProbabilityShapes(vocabulary: vocabulary)
    return .array(tokens.map { shapes.detailed($0) })
  }

  /// What the last word on a text says.
  private func close(
    _ json: inout JSONText, _ asked: Asked, _ prompt: [TokenID], _ text: FinishedText,
    _ times: LlamaTimes
  ) {
    let (kind, word): (String, String) =
      switch text.end.reason {
      case .endOfText: ("eos", "")
      case .stop(let stop): ("word", stop)
      case .length: ("limit", "")
      }
    json.add("id_slot", 0)
    json.add("stop", true)
    json.add("model", .string(name))
    json.add("tokens_predicted", .int(text.generated))
    json.add("tokens_evaluated", .int(prompt.count))
    json.add("tokens_cached", .int(prompt.count + max(0, text.generated - 1)))
    json.add("generation_settings", settings(asked))
    json.add("prompt", .string(String(decoding: vocabulary.bytes(of: prompt), as: UTF8.self)))
    json.add("has_new_line", .bool(text.text.contains("\n")))
    // Cut where the context is full, though more was asked for.
    json.add(
      "truncated",
      .bool(
        text.end.reason == .length && text.generated < asked.sampling.budget
          && prompt.count + text.generated >= model.contextLength))
    json.add("stop_type", .string(kind))
    json.add("stopping_word", .string(word))
    json.add(
      "timings",
      times.json(generated: text.generated, prompt: prompt.count, reused: text.end.reused))
  }

  private func settings(_ asked: Asked) -> JSONText {
    let sampling = asked.sampling
    return [
      "n_predict": sampling.budget == .max ? -1 : .int(sampling.budget),
      "seed": .double(Double(sampling.seed)), "temperature": .double(sampling.sampling.temperature),
      "top_k": .int(sampling.sampling.topK ?? 0), "top_p": .double(sampling.sampling.topP ?? 1),
      "min_p": .double(sampling.sampling.minP ?? 0), "n_probs": .int(asked.top ?? 0),
      "ignore_eos": .bool(sampling.ignoresEnd), "stream": .bool(asked.isStream),
      "stop": .array(sampling.stops.map { .string($0) }),
      "logit_bias": .array(biases(sampling)),
    ]
  }

  /// What is added to logits; null is −∞.
  private func biases(_ sampling: SamplingFields) -> [JSONText] {
    let ends = sampling.ignoresEnd ? vocabulary.endOfText : []
    var biases = sampling.bias
    for end in ends { biases[end] = -.infinity }
    return biases.sorted { $0.key < $1.key }.map { id, bias in
      ["token": .int(Int(id)), "bias": bias.isFinite ? .number(bias) : nil]
    }
  }

  private func stream(_ asked: Asked, _ prompt: [TokenID]) -> HTTPResponse {
    let generation = asked.sampling.generation(prompt, top: asked.top)
    return EventStream.response { send in
      var texts = Array(repeating: FinishedText(), count: generation.count)
      var times = LlamaTimes()
      _ = try await follow(generation) { index, piece, end in
        times.first()
        texts[index].take(piece)
        texts[index].generated = max(texts[index].generated, texts[index].tokens.count)
        if !piece.isEmpty {
          var chunk: JSONText = [
            "index": .int(index), "content": .string(piece.text),
            "tokens": .array(piece.tokens.map { .int(Int($0.id)) }), "stop": false, "id_slot": 0,
            "tokens_predicted": .int(texts[index].generated),
            "tokens_evaluated": .int(prompt.count),
          ]
          if asked.top != nil {
            chunk.add("completion_probabilities", probabilities(piece.tokens))
          }
          send(EventStream.event(chunk))
        }
        if let end {
          times.end()
          texts[index].end = end
          var last: JSONText = ["index": .int(index), "content": "", "tokens": []]
          close(&last, asked, prompt, texts[index], times)
          send(EventStream.event(last.only(asked.fields)))
        }
      }
    }
  }
}

extension JSONText {
  /// An object of some of its fields, each under its path: `generation_settings/n_predict`. All of them for
  /// no paths.
  fileprivate func only(_ paths: [String]) -> JSONText {
    guard !paths.isEmpty else { return self }
    var kept: JSONText = [:]
    for path in paths {
      let value = path.split(separator: "/").reduce(Optional(self)) { value, name in
        guard case .object(let fields)? = value else { return nil }
        return fields.first { $0.name == name }?.value
      }
      if let value { kept.add(path, value) }
    }
    return kept
  }
}

/// When a request's first token came, and its last.
struct LlamaTimes: Sendable {
  private let began = ContinuousClock.now
  private var firstAt: ContinuousClock.Instant?
  private var endAt: ContinuousClock.Instant?

  mutating func first() { if firstAt == nil { firstAt = .now } }
  mutating func end() { endAt = .now }

  /// - Parameters:
  ///   - generated: tokens of the text. The first comes with the prompt: it takes no step of its own.
  ///   - reused: tokens of the prompt that were in the cache.
  func json(generated: Int, prompt: Int, reused: Int) -> JSONText {
    let end = endAt ?? .now
    let first = firstAt ?? end
    let computed = max(1, prompt - reused)
    let steps = max(0, generated - 1)
    let (prefill, decode) = ((first - began) / .milliseconds(1), (end - first) / .milliseconds(1))
    func rate(_ count: Int, _ milliseconds: Double) -> JSONText {
      .number(milliseconds > 0 ? Double(count) / milliseconds * 1000 : 0)
    }
    return [
      "cache_n": .int(reused), "prompt_n": .int(computed), "prompt_ms": .number(prefill),
      "prompt_per_token_ms": .number(prefill / Double(computed)),
      "prompt_per_second": rate(computed, prefill), "predicted_n": .int(generated),
      "predicted_ms": .number(decode),
      "predicted_per_token_ms": .number(steps > 0 ? decode / Double(steps) : 0),
      "predicted_per_second": rate(steps, decode),
    ]
  }
}
