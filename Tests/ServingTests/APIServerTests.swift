import Decoding
import DecodingFixtures
import Foundation
import Testing
import Traces

@testable import Serving

/// What clients are answered, over a table whose probabilities are known.
@Suite struct APIServerTests {
  static let pieces = ["<s>", "a", "b", " c", "\u{00C3}", "STOP", "<end>"]
  static let end: TokenID = 6

  /// Behind a: b (.6), c (.3) or the end (.1). Behind b: c. Behind c: a or the end.
  static func table() -> TableLanguageModel {
    TableLanguageModel(name: "table", pieces: pieces, end: end) { prefix in
      switch prefix.last {
      case 1: [2: 0.6, 3: 0.3, end: 0.1]
      case 2: [3: 1]
      case 3: [1: 0.5, end: 0.5]
      default: [1: 1]
      }
    }
  }

  private struct Words: ChatPrompting {
    var source: String? { "template" }
    func prompt(
      _ messages: [ChatMessage], thinking: Bool?, continuesLast: Bool
    ) throws -> (tokens: [TokenID], text: String) {
      (Array(repeating: 1, count: messages.count), continuesLast ? "open" : "closed")
    }
  }

  private func server(
    _ access: AccessRules = AccessRules(), slots: Int = 8, limits: ServiceLimits = .init()
  ) -> APIServer {
    APIServer(
      ModelService(Self.table(), slots: slots, limits: limits), name: "table", chat: Words(),
      access: access, build: "test")
  }

  private func ask(
    _ path: String, _ body: String?, _ server: APIServer? = nil, headers: HTTPHeaders = [:]
  ) async throws -> (status: HTTPStatus, text: String, headers: HTTPHeaders) {
    let response = await (server ?? self.server()).answer(
      HTTPRequest(
        method: body == nil ? "GET" : "POST", path: path, headers: headers,
        body: Array((body ?? "").utf8)))
    var bytes: [UInt8] = []
    switch response.body {
    case .whole(let all): bytes = all
    case .stream(let pieces): for await piece in pieces { bytes += piece }
    }
    return (response.status, String(decoding: bytes, as: UTF8.self), response.headers)
  }

  private func json(_ text: String) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
  }

  private func choice(_ body: String, _ path: String = "/v1/completions") async throws -> JSONValue
  {
    let answer = try await ask(path, body)
    #expect(answer.status == .ok)
    return try #require(try json(answer.text)["choices"]?[0])
  }

  // MARK: Completions

  @Test func greedyTextEndsAtTheLimit() async throws {
    let choice = try await choice(#"{"prompt": "a", "max_tokens": 3, "temperature": 0}"#)
    #expect(choice["text"] == .string("b ca"))
    #expect(choice["finish_reason"] == .string("length"))
  }

  @Test func logProbabilitiesAreThoseOfTheModel() async throws {
    let choice = try await choice(
      #"{"prompt": [1], "max_tokens": 2, "temperature": 0, "logprobs": 2}"#)
    let logs = try #require(choice["logprobs"])
    #expect(logs["tokens"] == .array([.string("b"), .string(" c")]))
    #expect(abs((logs["token_logprobs"]?[0]?.double ?? 0) - log(0.6)) < 1e-6)
    #expect(abs((logs["top_logprobs"]?[0]?[" c"]?.double ?? 0) - log(0.3)) < 1e-6)
    #expect(logs["text_offset"] == .array([.number(0), .number(1)]))
  }

  /// As lm-evaluation-harness reads it: the prompt's tokens and exactly one more; the first has no number,
  /// and the chosen one stands among the likeliest with the very same number.
  @Test func anEchoedPromptIsScored() async throws {
    let choice = try await choice(
      #"{"prompt": [[1, 3, 1]], "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": true}"#)
    let logs = try #require(choice["logprobs"])
    #expect(logs["tokens"] == .array(["a", " c", "a", "b"].map { .string($0) }))
    #expect(logs["token_logprobs"]?[0] == .null)
    let values = (1..<4).map { logs["token_logprobs"]?[$0]?.double ?? 0 }
    for (value, chance) in zip(values, [0.3, 0.5, 0.6]) { #expect(abs(value - log(chance)) < 1e-6) }
    let isGreedy = (1..<4).map { place -> Bool in
      guard case .object(let top)? = logs["top_logprobs"]?[place] else { return false }
      return logs["token_logprobs"]?[place]?.double == top.values.compactMap(\.double).max()
    }
    #expect(isGreedy == [false, true, true])
    #expect(choice["text"] == .string("a cab"))
  }

  @Test func promptLogProbabilitiesAreByID() async throws {
    let choice = try await choice(#"{"prompt": [1, 3], "max_tokens": 1, "prompt_logprobs": 1}"#)
    let told = try #require(choice["prompt_logprobs"])
    #expect(told[0] == .null)
    #expect(abs((told[1]?["3"]?["logprob"]?.double ?? 0) - log(0.3)) < 1e-6)
    #expect(told[1]?["2"]?["rank"] == .number(1))
  }

  @Test func aStopEndsTheTextBeforeIt() async throws {
    let choice = try await choice(
      #"{"prompt": "a", "max_tokens": 9, "temperature": 0, "stop": [" ca"], "logprobs": 0}"#)
    #expect(choice["text"] == .string("b"))
    #expect(choice["finish_reason"] == .string("stop"))
    #expect(choice["logprobs"]?["tokens"] == .array([.string("b")]))
  }

  @Test func aBiasMovesTheChoiceAndNotTheNumbers() async throws {
    let choice = try await choice(
      #"{"prompt": "a", "max_tokens": 1, "temperature": 0, "logprobs": 1, "logit_bias": {"3": 100}}"#
    )
    #expect(choice["text"] == .string(" c"))
    #expect(abs((choice["logprobs"]?["token_logprobs"]?[0]?.double ?? 0) - log(0.3)) < 1e-6)
  }

  @Test func severalPromptsAndTextsComeInOrder() async throws {
    let answer = try await ask(
      "/v1/completions",
      #"{"prompt": [[1], [2], [1, 3]], "n": 2, "max_tokens": 1, "temperature": 0}"#)
    guard case .array(let choices)? = try json(answer.text)["choices"] else {
      Issue.record("no choices")
      return
    }
    #expect(choices.map { $0["text"]?.text } == ["b", "b", " c", " c", "a", "a"])
    #expect(choices.map { $0["index"]?.double } == [0, 1, 2, 3, 4, 5])
  }

  /// The law of the service: what a request gets is the same alone and among forty.
  @Test func aRequestGetsTheSameAmongMany() async throws {
    func body(_ seed: Int) -> String {
      #"{"prompt": "a", "max_tokens": 12, "seed": \#(seed), "logprobs": 3}"#
    }
    func choices(_ server: APIServer, _ seed: Int) async throws -> JSONValue? {
      try json(try await ask("/v1/completions", body(seed), server).text)["choices"]
    }
    let crowded = server(slots: 5)
    var alone: [JSONValue?] = []
    for seed in 0..<40 { alone.append(try await choices(server(), seed)) }
    let together = try await withThrowingTaskGroup(of: (Int, JSONValue?).self) { group in
      for seed in 0..<40 { group.addTask { (seed, try await choices(crowded, seed)) } }
      return try await group.reduce(into: [Int: JSONValue?]()) { $0[$1.0] = $1.1 }
    }
    #expect(Set(alone).count > 5)
    for seed in 0..<40 { #expect(together[seed] == alone[seed]) }
  }

  /// What was said before is forgotten once it is much, and nobody notices.
  @Test func aTreeThatIsForgottenChangesNothing() async throws {
    var limits = ServiceLimits()
    limits.treeNodes = 4
    let forgetful = server(slots: 3, limits: limits)
    let body =
      #"{"prompt": [1, 3, 1], "max_tokens": 20, "seed": 5, "n": 6, "logprobs": 1, "echo": true}"#
    let expected = try json(try await ask("/v1/completions", body).text)["choices"]
    let all = try await withThrowingTaskGroup(of: JSONValue?.self) { group in
      for _ in 0..<24 {
        group.addTask {
          try json(try await ask("/v1/completions", body, forgetful).text)["choices"]
        }
      }
      return try await group.reduce(into: Set<JSONValue?>()) { $0.insert($1) }
    }
    #expect(all == [expected])
  }

  // MARK: Streams

  /// A stream says what the whole answer says.
  @Test(arguments: ["/v1/completions", "/completion", "/v1/chat/completions"])
  func aStreamSaysTheSame(path: String) async throws {
    let body =
      #""prompt": "a", "messages": [{"role": "user", "content": "x"}], "max_tokens": 9, "seed": 3, "temperature": 1"#
    let whole = try await ask(path, "{\(body)}").text
    let streamed = try await ask(path, "{\(body), \"stream\": true}").text
    let events = streamed.components(separatedBy: "\n\n").filter { !$0.isEmpty }
    #expect(events.allSatisfy { $0.hasPrefix("data: ") })
    let text = try events.map { String($0.dropFirst("data: ".count)) }.filter { $0 != "[DONE]" }
      .map { event -> String in
        let value = try json(event)
        return value["content"]?.text ?? value["choices"]?[0]?["text"]?.text
          ?? value["choices"]?[0]?["delta"]?["content"]?.text ?? ""
      }.joined()
    let value = try json(whole)
    #expect(
      text
        == (value["content"]?.text ?? value["choices"]?[0]?["text"]?.text
          ?? value["choices"]?[0]?["message"]?["content"]?.text))
    #expect(path == "/completion" || events.last == "data: [DONE]")
  }

  /// Every token is told in a stream, those that waited for a stop as well.
  @Test func aStreamTellsEveryToken() async throws {
    let body =
      #"{"prompt": "a", "max_tokens": 6, "temperature": 0, "stream": true, "logprobs": 0, "stop": ["cab!"]}"#
    let events = try await ask("/v1/completions", body).text.components(separatedBy: "\n\n")
    let tokens = try events.compactMap { event -> [JSONValue]? in
      guard event.hasPrefix("data: {") else { return nil }
      guard
        case .array(let tokens)? = try json(String(event.dropFirst(6)))["choices"]?[0]?[
          "logprobs"]?[
            "tokens"]
      else { return nil }
      return tokens
    }.joined()
    #expect(tokens.map(\.text) == ["b", " c", "a", "b", " c", "a"])
  }

  // MARK: llama.cpp's own

  @Test func llamaProbabilitiesHaveIDsAndBytes() async throws {
    let answer = try json(
      try await ask(
        "/completion", #"{"prompt": [1], "n_predict": 1, "temperature": 0, "n_probs": 2}"#
      ).text)
    let entry = try #require(answer["completion_probabilities"]?[0])
    #expect(entry["id"] == .number(2))
    #expect(entry["bytes"] == .array([.number(98)]))
    #expect(entry["top_logprobs"]?[1]?["id"] == .number(3))
    #expect(answer["stop_type"] == .string("limit"))
    #expect(answer["tokens_evaluated"] == .number(1))
  }

  @Test func tokensAndTextsTurnIntoEachOther() async throws {
    let tokens = try await ask("/tokenize", #"{"content": "ab c", "with_pieces": true}"#).text
    #expect(
      tokens
        == #"{"tokens":[{"id":1,"piece":"a"},{"id":2,"piece":"b"},{"id":3,"piece":" c"}]}"#)
    let text = try await ask("/detokenize", #"{"tokens": [1, 2, 3]}"#).text
    #expect(try json(text)["content"] == .string("ab c"))
  }

  // MARK: Chat

  @Test func aLastAnswerIsContinued() async throws {
    let messages =
      #""messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]"#
    let open = try await ask("/apply-template", "{\(messages)}").text
    #expect(try json(open)["prompt"] == .string("open"))
    let closed = try await ask(
      "/apply-template", "{\(messages), \"add_generation_prompt\": true}"
    ).text
    #expect(try json(closed)["prompt"] == .string("closed"))
  }

  // MARK: Who may ask, and what is refused

  @Test func aKeyIsWanted() async throws {
    let server = server(AccessRules(keys: ["secret"]))
    let body = #"{"prompt": "a", "max_tokens": 1}"#
    #expect(try await ask("/v1/completions", body, server).status == .unauthorized)
    let bearer = try await ask(
      "/v1/completions", body, server, headers: ["Authorization": "Bearer secret"])
    #expect(bearer.status == .ok)
    let other = try await ask(
      "/v1/completions", body, server, headers: ["Authorization": "Bearer secre"])
    #expect(other.status == .unauthorized)
    #expect(try await ask("/health", nil, server).status == .ok)
  }

  @Test func onlyNamedOriginsMayRead() async throws {
    let server = server(AccessRules(origins: ["http://a.example"]))
    let own = try await ask("/health", nil, server, headers: ["Origin": "http://a.example"])
    #expect(own.headers["access-control-allow-origin"] == "http://a.example")
    let other = try await ask("/health", nil, server, headers: ["Origin": "http://b.example"])
    #expect(other.headers["access-control-allow-origin"] == nil)
  }

  @Test(arguments: [
    ("/v1/completions", "{", HTTPStatus.badRequest), ("/v1/completions", "[]", .badRequest),
    ("/v1/completions", "{}", .badRequest),
    ("/v1/completions", #"{"prompt": [1, 99]}"#, .badRequest),
    ("/v1/completions", #"{"prompt": "a", "temperature": "hot"}"#, .badRequest),
    ("/v1/completions", #"{"prompt": "a", "n": 1000}"#, .badRequest),
    ("/v1/completions", #"{"prompt": "a", "logprobs": 99999}"#, .badRequest),
    ("/v1/completions", #"{"prompt": "a", "grammar": "root ::= x"}"#, .notImplemented),
    ("/v1/completions", #"{"prompt": "a", "stream": true, "echo": true}"#, .notImplemented),
    ("/v1/chat/completions", #"{"messages": []}"#, .badRequest),
    (
      "/v1/chat/completions", #"{"messages": [{"role": "tool", "content": ""}]}"#, .notImplemented
    ),
    (
      "/v1/chat/completions",
      #"{"messages": [{"role": "user", "content": "x"}], "top_logprobs": 2}"#, .badRequest
    ),
    ("/nowhere", "{}", .notFound), ("/v1/embeddings", "{}", .notImplemented),
  ])
  func whatCannotBeDoneIsSaid(path: String, body: String, status: HTTPStatus) async throws {
    let answer = try await ask(path, body)
    #expect(answer.status == status)
    #expect(try json(answer.text)["error"]?["message"]?.text?.isEmpty == false)
  }

  // MARK: What llama.cpp's clients ask for

  @Test func answersSayWhatDecidesThem() async throws {
    let body = #"{"prompt": "a", "max_tokens": 1}"#
    let one = try json(try await ask("/v1/completions", body).text)["system_fingerprint"]
    let other = try json(try await ask("/v1/completions", body).text)["system_fingerprint"]
    #expect(one?.text?.hasPrefix("btable-") == true)
    #expect(one == other)
  }

  @Test func onlyTheFieldsThatAreAskedForAreAnswered() async throws {
    let answer = try json(
      try await ask(
        "/completion",
        #"{"prompt": "a", "n_predict": 2, "response_fields": ["content", "generation_settings/n_predict", "no/such"]}"#
      ).text)
    guard case .object(let fields) = answer else {
      Issue.record("This is no object.")
      return
    }
    #expect(Set(fields.keys) == ["content", "generation_settings/n_predict"])
    #expect(fields["generation_settings/n_predict"] == .number(2))
  }

  @Test func theEndOfTextIsRuledOutWhereItIsIgnored() async throws {
    func biases(_ more: String) async throws -> JSONValue? {
      try json(
        try await ask("/completion", #"{"prompt": "a", "n_predict": 1\#(more)}"#).text)[
          "generation_settings"]?["logit_bias"]
    }
    #expect(try await biases("") == .array([]))
    #expect(
      try await biases(#", "ignore_eos": true, "logit_bias": [[2, 1.5]]"#)
        == .array([
          .object(["token": .number(2), "bias": .number(1.5)]),
          .object(["token": .number(6), "bias": .null]),
        ]))
  }

  @Test func aConversationIsCountedAndShown() async throws {
    let messages = #""messages": [{"role": "user", "content": "x"}]"#
    let count = try await ask("/v1/chat/completions/input_tokens", "{\(messages)}")
    #expect(try json(count.text)["input_tokens"] == .number(1))
    let shown = try await ask(
      "/v1/chat/completions", #"{\#(messages), "max_tokens": 1, "verbose": true}"#)
    #expect(try json(shown.text)["__verbose"]?["prompt"]?.text == "closed")
    let hidden = try await ask("/v1/chat/completions", #"{\#(messages), "max_tokens": 1}"#)
    #expect(try json(hidden.text)["__verbose"] == nil)
  }

  @Test func slotsAreFreeWhenNothingIsDecoded() async throws {
    let slots = try json(try await ask("/slots", nil, server(slots: 3)).text)
    #expect(slots[2]?["is_processing"] == .bool(false))
    #expect(slots[3] == nil)
  }

  @Test func ratesLeaveOutTheFirstToken() async throws {
    let one = try json(try await ask("/completion", #"{"prompt": "a", "n_predict": 1}"#).text)
    #expect(one["timings"]?["predicted_per_second"] == .number(0))
    #expect(one["timings"]?["predicted_n"] == .number(1))
  }

  @Test(arguments: [
    (#"{"type": "sound"}"#, HTTPStatus.badRequest), (#""text""#, .badRequest),
    (#"{"type": "json_object", "schema": 5}"#, .badRequest),
    (#"{"type": "json_object"}"#, .notImplemented), (#"{"type": "text"}"#, .ok),
  ]) func aFormOfAnswersIsKnownOrAMistake(format: String, status: HTTPStatus) async throws {
    let answer = try await ask(
      "/v1/completions", #"{"prompt": "a", "max_tokens": 1, "response_format": \#(format)}"#)
    #expect(answer.status == status)
  }

  @Test func picturesAreRefused() async throws {
    let refused = try await ask(
      "/completion",
      #"{"prompt": {"prompt_string": "a", "multimodal_data": ["iVBO"]}, "n_predict": 1}"#)
    #expect(refused.status == .notImplemented)
    let plain = try await ask(
      "/completion", #"{"prompt": {"prompt_string": "a"}, "n_predict": 1}"#)
    #expect(plain.status == .ok)
  }

  @Test func onlyOneLastAnswerCanGoOn() async throws {
    let answer = try await ask(
      "/v1/chat/completions",
      #"{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}, {"role": "assistant", "content": "z"}]}"#
    )
    #expect(answer.status == .badRequest)
  }

  @Test func aPromptThatDoesNotFitIsMeasured() async throws {
    let ids = Array(repeating: "1", count: 5000).joined(separator: ",")
    let answer = try await ask("/v1/completions", #"{"prompt": [\#(ids)]}"#)
    let error = try #require(try json(answer.text)["error"])
    #expect(answer.status == .badRequest)
    #expect(error["n_prompt_tokens"] == .number(5000))
    #expect(error["n_ctx"] == .number(4096))
  }

  @Test func whereTooManyWaitOneIsToldToComeAgain() async throws {
    var limits = ServiceLimits()
    limits.waiting = 2
    let answer = try await ask(
      "/v1/completions", #"{"prompt": "a", "n": 9}"#, server(slots: 4, limits: limits))
    #expect(answer.status == .unavailable)
    #expect(answer.headers["retry-after"] != nil)
  }

  @Test func figuresCountWhatWasDone() async throws {
    let server = server()
    _ = try await ask(
      "/v1/completions", #"{"prompt": [1, 3], "max_tokens": 3, "temperature": 0, "n": 2}"#, server)
    let text = try await ask("/metrics", nil, server).text
    #expect(text.contains("\nponder:requests_total 1\n"))
    #expect(text.contains("\nponder:tokens_predicted_total 6\n"))
    #expect(text.contains("\nponder:time_to_first_token_seconds_count 2\n"))
    #expect(text.contains("\nponder:requests_deferred 0\n"))
  }
}

extension JSONValue {
  subscript(index: Int) -> JSONValue? {
    guard case .array(let values) = self, values.indices.contains(index) else { return nil }
    return values[index]
  }

  subscript(name: String) -> JSONValue? {
    guard case .object(let values) = self else { return nil }
    return values[name]
  }

  var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  var double: Double? {
    if case .number(let number) = self { number } else { nil }
  }
}
