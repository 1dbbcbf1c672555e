import Decoding
import Foundation
import Serving

@testable import RemoteModels

/// The little model behind every kind of server, each in its own words.
enum LittleServers {
  static func server(_ kind: ServerKind, slots: Int = 4) -> ScriptedServer {
    ScriptedServer { call, body in
      switch kind {
      case .llamaCpp: try llamaCpp(call.path, body, slots)
      case .vllm: try vllm(call.path, body)
      case .sglang: try sglang(call.path, body)
      case .ollama: ollama(call.path, body)
      case .completions, .chat: openAI(call.path, body, isChat: kind == .chat)
      }
    }
  }

  private static func log(_ last: Int, _ token: Int) -> ServerJSON {
    .number(Foundation.log(LittleModel.probabilities(after: last)[token]))
  }

  private static func ids(_ body: ServerJSON?, _ name: String = "prompt") -> [Int] {
    (body?[name]?.items ?? []).compactMap(\.integer)
  }

  /// The last token of a text, which is made of the pieces' letters.
  private static func last(_ text: String) -> Int {
    text.last.map { ["a": 1, "b": 2, "c": 3, "d": 4][$0] ?? 0 } ?? 0
  }

  private static func tokenize(_ text: String) -> [Int] {
    text.compactMap { ["a": 1, "b": 2, "c": 3, "d": 4][$0] }
  }

  /// What is chosen behind a last token: the likeliest, again and again.
  private static func greedy(_ last: Int, _ count: Int) -> [(last: Int, chosen: Int)] {
    var steps: [(last: Int, chosen: Int)] = []
    var last = last
    while steps.count < count, steps.last?.chosen != 0 || steps.isEmpty {
      let chosen = LittleModel.ranked(after: last)[0]
      steps.append((last, chosen))
      last = chosen
    }
    return steps
  }

  private static func missing(_ text: String) -> RemoteAnswer {
    ScriptedServer.answer(#"{"error":{"code":400,"message":"\#(text)"}}"#, status: 400)
  }

  // MARK: llama.cpp

  private static func llamaCpp(_ path: String, _ body: ServerJSON?, _ slots: Int) throws
    -> RemoteAnswer?
  {
    switch path {
    case "/props":
      return ScriptedServer.answer([
        "default_generation_settings": ["n_ctx": 64], "total_slots": ServerJSON(slots),
        "chat_template": "{{ messages }}", "build_info": "b1", "eos_token": "<|endoftext|>",
      ])
    case "/v1/models":
      return ScriptedServer.answer([
        "data": [
          [
            "id": "little", "owned_by": "llamacpp",
            "meta": ["n_vocab": ServerJSON(LittleModel.pieces.count), "n_params": 99],
          ]
        ]
      ])
    case "/tokenize":
      let text = body?["content"]?.text ?? ""
      let found = text == "<|endoftext|>" ? [0] : tokenize(text)
      return ScriptedServer.answer([
        "tokens": .array(
          found.map {
            ["id": ServerJSON($0), "piece": .string(LittleModel.pieces[$0])]
          })
      ])
    case "/detokenize":
      let text = ids(body, "tokens").map { LittleModel.pieces[$0] }.joined(separator: "")
      return ScriptedServer.answer(["content": .string(text)])
    case "/completion":
      let prompt = ids(body)
      guard let last = prompt.last else { return missing("prompt must not be empty") }
      let top = body?["n_probs"]?.integer ?? 0
      let steps = greedy(last, body?["n_predict"]?.integer ?? 1)
      func entry(_ last: Int, _ token: Int) -> [String: ServerJSON] {
        let bytes = token == 0 ? [] : Array(LittleModel.pieces[token].utf8)
        return [
          "id": ServerJSON(token), "token": .string(token == 0 ? "" : LittleModel.pieces[token]),
          "bytes": .array(bytes.map { ServerJSON(Int($0)) }), "logprob": log(last, token),
        ]
      }
      return ScriptedServer.answer([
        "tokens": .array(steps.map { ServerJSON($0.chosen) }), "stop_type": "limit",
        "completion_probabilities": .array(
          steps.map { step in
            var fields = entry(step.last, step.chosen)
            fields["top_logprobs"] = .array(
              LittleModel.ranked(after: step.last).prefix(top).map {
                .object(entry(step.last, $0))
              })
            return .object(fields)
          }),
      ])
    default: return nil
    }
  }

  // MARK: vLLM

  private static func vllm(_ path: String, _ body: ServerJSON?) throws -> RemoteAnswer? {
    switch path {
    case "/v1/models":
      return ScriptedServer.answer([
        "data": [["id": "org/little", "owned_by": "vllm", "max_model_len": 64]]
      ])
    case "/tokenize":
      return ScriptedServer.answer([
        "tokens": .array(tokenize(body?["prompt"]?.text ?? "").map { ServerJSON($0) })
      ])
    case "/detokenize":
      return ScriptedServer.answer([
        "prompt": .string(ids(body, "tokens").map { LittleModel.pieces[$0] }.joined())
      ])
    case "/v1/completions":
      let top = body?["logprobs"]?.integer ?? 0
      guard (0...3).contains(top) else {
        return missing("Requested sample logprobs of \(top), which is greater than max allowed: 3")
      }
      guard let last = ids(body).last else { return missing("empty") }
      let steps = greedy(last, body?["max_tokens"]?.integer ?? 16)
      func name(_ token: Int) -> String { "token_id:\(token)" }
      return ScriptedServer.answer([
        "choices": [
          [
            "token_ids": .array(steps.map { ServerJSON($0.chosen) }), "finish_reason": "length",
            "logprobs": [
              "tokens": .array(steps.map { .string(name($0.chosen)) }),
              "token_logprobs": .array(steps.map { log($0.last, $0.chosen) }),
              "top_logprobs": .array(
                steps.map { step in
                  .object(
                    Dictionary(
                      uniqueKeysWithValues: LittleModel.ranked(after: step.last).prefix(top).map {
                        (name($0), log(step.last, $0))
                      }))
                }),
            ],
          ]
        ]
      ])
    default: return nil
    }
  }

  // MARK: SGLang

  private static func sglang(_ path: String, _ body: ServerJSON?) throws -> RemoteAnswer? {
    switch path {
    case "/v1/models":
      return ScriptedServer.answer([
        "data": [["id": "org/little", "owned_by": "sglang", "max_model_len": 64]]
      ])
    case "/tokenize", "/detokenize": return try vllm(path, body)
    case "/generate":
      let top = body?["top_logprobs_num"]?.integer ?? 0
      guard let last = ids(body, "input_ids").last else { return missing("empty") }
      let steps = greedy(last, body?["sampling_params"]?["max_new_tokens"]?.integer ?? 128)
      func triple(_ last: Int, _ token: Int) -> ServerJSON {
        [log(last, token), ServerJSON(token), .string(LittleModel.pieces[token])]
      }
      return ScriptedServer.answer([
        "output_ids": .array(steps.map { ServerJSON($0.chosen) }),
        "meta_info": [
          "finish_reason": ["type": "length"],
          "output_token_logprobs": .array(steps.map { triple($0.last, $0.chosen) }),
          "output_top_logprobs": .array(
            steps.map { step in
              .array(
                LittleModel.ranked(after: step.last).prefix(top).map { triple(step.last, $0) })
            }),
        ],
      ])
    default: return nil
    }
  }

  // MARK: Without ids

  private static func entries(_ last: Int, _ top: Int) -> ServerJSON {
    func entry(_ token: Int) -> [String: ServerJSON] {
      ["token": .string(LittleModel.pieces[token]), "logprob": log(last, token), "bytes": .null]
    }
    let ranked = LittleModel.ranked(after: last)
    var fields = entry(ranked[1])
    fields["top_logprobs"] = .array(ranked.prefix(top).map { .object(entry($0)) })
    return [.object(fields)]
  }

  private static func ollama(_ path: String, _ body: ServerJSON?) -> RemoteAnswer? {
    switch path {
    case "/api/version": return ScriptedServer.answer(["version": "0.13.0"])
    case "/v1/models":
      return ScriptedServer.answer(["data": [["id": "little:latest", "owned_by": "library"]]])
    case "/api/show":
      return ScriptedServer.answer([
        "model_info": ["little.context_length": 64, "general.parameter_count": 99]
      ])
    case "/api/generate":
      let top = body?["top_logprobs"]?.integer ?? 0
      guard top <= 20 else {
        return ScriptedServer.answer(
          #"{"error":"top_logprobs must be between 0 and 20"}"#, status: 400)
      }
      guard body?["raw"]?.bool == true, let text = body?["prompt"]?.text else {
        return missing("no text")
      }
      return ScriptedServer.answer([
        "response": "x", "done": true, "done_reason": "length",
        "logprobs": entries(last(text), top),
      ])
    default: return nil
    }
  }

  private static func openAI(_ path: String, _ body: ServerJSON?, isChat: Bool) -> RemoteAnswer? {
    switch (path, isChat) {
    case ("/v1/models", _):
      return ScriptedServer.answer(["data": [["id": "little", "owned_by": "system"]]])
    case ("/v1/completions", false):
      let top = body?["logprobs"]?.integer ?? 0
      guard top <= 5 else { return missing("logprobs: must be at most 5") }
      guard let text = body?["prompt"]?.text else { return missing("no text") }
      let ranked = LittleModel.ranked(after: last(text)).prefix(top)
      return ScriptedServer.answer([
        "choices": [
          [
            "finish_reason": "length",
            "logprobs": [
              "tokens": [.string(LittleModel.pieces[ranked[0]])],
              "token_logprobs": [log(last(text), ranked[0])],
              "top_logprobs": [
                .object(
                  Dictionary(
                    uniqueKeysWithValues: ranked.map {
                      (LittleModel.pieces[$0], log(last(text), $0))
                    }))
              ],
            ],
          ]
        ]
      ])
    case ("/v1/chat/completions", true):
      let messages = body?["messages"]?.items ?? []
      guard messages.first?["role"]?.text == "user" else { return missing("no question") }
      let text = messages.compactMap { $0["content"]?.text }.joined()
      return ScriptedServer.answer([
        "choices": [
          [
            "finish_reason": "length",
            "logprobs": ["content": entries(last(text), body?["top_logprobs"]?.integer ?? 0)],
          ]
        ]
      ])
    default: return nil
    }
  }
}
