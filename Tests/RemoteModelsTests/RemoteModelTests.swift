import Decoding
import Foundation
import Serving
import Synchronization
import Testing

@testable import RemoteModels

/// The little model is the same through every kind of server.
@Suite struct RemoteModelTests {
  static let address = "http://127.0.0.1:8080/v1"

  private func model(
    _ server: ScriptedServer, _ address: String = address,
    _ change: (inout RemoteOptions) -> Void = { _ in }
  ) throws -> RemoteModel {
    var options = RemoteOptions(server)
    change(&options)
    return try RemoteModel(RemoteAddress(address), options: options)
  }

  private func decode(
    _ model: RemoteModel, _ text: String, _ sampling: SamplingSettings = .greedy, budget: Int = 8,
    paths: Int = 1
  ) async -> [PathResult] {
    let decoder = Decoder(model: model, slots: 8)
    let start = decoder.insert(model.vocabulary.tokenize(prompt: text))
    return await decoder.decode(
      (0..<paths).map {
        Continuation(
          start: start, path: $0, sampler: sampling.sampler(seed: 7, path: $0),
          stop: StopRule(endTokens: model.vocabulary.endOfText), budget: budget)
      })
  }

  private func text(_ result: PathResult, _ model: RemoteModel) -> String {
    String(decoding: model.vocabulary.bytes(of: result.tokens), as: UTF8.self)
  }

  /// Behind an a the likeliest is b, behind b c, and so on.
  @Test(arguments: ServerKind.allCases)
  func greedyTextIsTheModels(kind: ServerKind) async throws {
    let model = try model(LittleServers.server(kind))
    let results = await decode(model, "a")
    let result = try #require(results.first)
    #expect(result.reason == .budget)
    #expect(text(result, model) == "b cdab cda")
    #expect(abs(result.logProbability - 8 * log(0.5)) < 1e-6)
  }

  @Test(arguments: ServerKind.allCases)
  func distributionsAreTheModelsAndWhatIsNotToldIsUnknown(kind: ServerKind) async throws {
    let model = try model(LittleServers.server(kind))
    let decoder = Decoder(model: model, slots: 1)
    let node = decoder.insert(model.vocabulary.tokenize(prompt: "b"))
    let distribution = try await decoder.distribution(after: node)
    let expected = LittleModel.probabilities(after: 2)
    for token in distribution.likeliest(9) {
      let name =
        model.vocabulary.endOfText.contains(token)
        ? LittleModel.pieces[0]
        : String(decoding: model.vocabulary.bytes(of: token), as: UTF8.self)
      let place = try #require(LittleModel.pieces.firstIndex(of: name))
      #expect(abs(distribution.probability(of: token) - expected[place]) < 1e-6)
    }
    let told = distribution.likeliest(9).reduce(0) { $0 + distribution.probability(of: $1) }
    #expect(abs(distribution.restMass - (distribution.isComplete ? 0 : 1 - told)) < 1e-6)
  }

  @Test func llamaCppTellsEverythingOfASmallVocabulary() async throws {
    let model = try model(LittleServers.server(.llamaCpp))
    #expect(model.capabilities.isComplete)
    #expect(model.capabilities.hasIDs)
    #expect(model.vocabulary.count == 5)
    #expect(model.vocabulary.endOfText == [0])
    #expect(model.vocabulary.isControl(0))
    #expect(model.contextLength == 64)
    #expect(model.chatTemplate == "{{ messages }}")
    #expect(model.pathLimit == 4)
    #expect(model.identity.architecture == "remote")
  }

  /// llama.cpp tells ChatML for files that declare no template; where its marks are no tokens, the model has
  /// never seen it.
  @Test func aTemplateOfMarksThatAreNoTokensIsNotTheModels() throws {
    let inner = LittleServers.server(.llamaCpp)
    let server = ScriptedServer { call, body in
      let answer = try inner.send(call, to: RemoteAddress(Self.address), Abandonment())
      guard call.path == "/props", var fields = ServerJSON(answer.body)?.fields else {
        return answer
      }
      fields["chat_template"] = "{{ '<|im_start|>' + messages[0].content }}"
      return ScriptedServer.answer(.object(fields))
    }
    #expect(try model(server).chatTemplate == nil)
  }

  @Test func vllmIsAskedForAsManyAlternativesAsItAllows() throws {
    let server = LittleServers.server(.vllm)
    let model = try model(server)
    #expect(model.capabilities.top == 1)
    #expect(model.capabilities.hasIDs)
    #expect(
      server.bodies("/v1/completions").compactMap { $0["logprobs"]?.integer } == [-1, 64, 20, 5, 1])
    let three = try self.model(server) { $0.top = 3 }
    #expect(three.capabilities.top == 3)
  }

  @Test(arguments: [ServerKind.ollama, .completions, .chat])
  func serversWithoutIdsAreForkedByTextAndThatIsSaid(kind: ServerKind) throws {
    let model = try model(LittleServers.server(kind))
    #expect(!model.capabilities.hasIDs)
    #expect(model.capabilities.remarks.contains { $0.contains("forked by text") })
  }

  @Test(arguments: [ServerKind.llamaCpp, .vllm, .sglang])
  func forksAreSentAsIds(kind: ServerKind) async throws {
    let server = LittleServers.server(kind)
    let model = try model(server)
    let decoder = Decoder(model: model, slots: 1)
    let node = decoder.insert(model.vocabulary.tokenize(prompt: "ab"))
    let fork = decoder.insert([4, 1], after: node)
    let (path, field) =
      kind == .llamaCpp
      ? ("/completion", "prompt")
      : kind == .vllm ? ("/v1/completions", "prompt") : ("/generate", "input_ids")
    let before = server.bodies(path).count
    _ = try await decoder.distribution(after: fork)
    #expect(server.bodies(path).count == before + 1)
    #expect(server.bodies(path).last?[field] == [1, 2, 4, 1])
  }

  /// A question and a begun answer stay apart where a server only takes messages.
  @Test func chatSendsTheBegunAnswerAsOne() async throws {
    let server = LittleServers.server(.chat)
    let model = try model(server)
    _ = await decode(model, "aa", budget: 2)
    #expect(
      server.bodies("/v1/chat/completions").last?["messages"]
        == [["role": "user", "content": "aa"], ["role": "assistant", "content": "b"]])
  }

  /// A path that follows the model's own choice needs fewer requests than tokens; one that is sampled still
  /// has the model's own probabilities.
  @Test func readingAheadSavesRequestsAndChangesNothing() async throws {
    let server = LittleServers.server(.llamaCpp)
    let ahead = try model(server)
    let single = try model(LittleServers.server(.llamaCpp)) { $0.readAhead = 1 }
    let before = server.count
    let results = await decode(ahead, "a", budget: 30)
    #expect(server.count - before < 12)
    let others = await decode(single, "a", budget: 30)
    #expect(results.first?.tokens == others.first?.tokens)
    #expect(results.first?.logProbability == others.first?.logProbability)
  }

  /// Seeds are ours: the server samples nothing, so the same seed gives the same paths at any width.
  @Test func sampledPathsDoNotDependOnHowManyRequestsAreInFlight() async throws {
    let wide = try model(LittleServers.server(.llamaCpp, slots: 4))
    let narrow = try model(LittleServers.server(.llamaCpp, slots: 1))
    let sampling = SamplingSettings(temperature: 1.3)
    let first = await decode(wide, "a", sampling, budget: 20, paths: 6)
    let second = await decode(narrow, "a", sampling, budget: 20, paths: 6)
    #expect(first.map(\.tokens) == second.map(\.tokens))
    #expect(Set(first.map(\.tokens)).count > 1)
  }

  @Test func requestsAreNoMoreThanTheServerTakes() async throws {
    let inner = LittleServers.server(.llamaCpp, slots: 2)
    let flight = Noted((now: 0, most: 0))
    let server = ScriptedServer { call, body in
      flight.withLock {
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      defer { flight.withLock { $0.now -= 1 } }
      if call.path == "/completion" { Thread.sleep(forTimeInterval: 0.002) }
      return try inner.send(call, to: RemoteAddress(Self.address), Abandonment())
    }
    let model = try model(server)
    _ = await decode(model, "a", SamplingSettings(temperature: 2), budget: 6, paths: 8)
    #expect(flight.value.most <= 2)
  }

  // MARK: What is wrong

  /// A server of the little model whose answers to completions are changed.
  private func changed(
    _ change: @escaping @Sendable (ServerJSON, _ asked: ServerJSON) -> ServerJSON?
  ) -> ScriptedServer {
    let inner = LittleServers.server(.llamaCpp)
    let isReady = Noted(0)
    return ScriptedServer { call, body in
      let answer = try inner.send(call, to: RemoteAddress(Self.address), Abandonment())
      guard call.path == "/completion", let body, let json = ServerJSON(answer.body) else {
        return answer
      }
      // The probe is answered rightly.
      let number = isReady.count()
      guard number > 1, let other = change(json, body) else { return answer }
      return ScriptedServer.answer(other)
    }
  }

  private func failure(_ server: ScriptedServer) async throws -> String {
    let model = try model(server)
    let result = try #require(await decode(model, "a").first)
    guard case .failed(let why) = result.reason else { return "\(result.reason)" }
    return why
  }

  private static func places(_ json: ServerJSON) -> [[String: ServerJSON]] {
    (json["completion_probabilities"]?.items ?? []).compactMap(\.fields)
  }

  private static func with(_ places: [[String: ServerJSON]], in json: ServerJSON) -> ServerJSON {
    var fields = json.fields ?? [:]
    fields["completion_probabilities"] = .array(places.map { .object($0) })
    return .object(fields)
  }

  @Test func probabilitiesOfMoreThanEverythingAreRefused() async throws {
    let server = changed { json, _ in
      var places = Self.places(json)
      let top = places[0]["top_logprobs"]?.items ?? []
      places[0]["top_logprobs"] = .array(
        top.map {
          var fields = $0.fields ?? [:]
          fields["logprob"] = .number(-0.1)
          return .object(fields)
        })
      return Self.with(places, in: json)
    }
    #expect(try await failure(server).contains("add up to"))
  }

  @Test func tokensOutsideTheVocabularyAreRefused() async throws {
    let server = changed { json, _ in
      var places = Self.places(json)
      places[0]["top_logprobs"] = [["id": 99, "token": "x", "logprob": .number(-0.5)]]
      return Self.with(places, in: json)
    }
    #expect(try await failure(server).contains("token 99"))
  }

  @Test func oneTokenTwiceIsRefused() async throws {
    let server = changed { json, _ in
      var places = Self.places(json)
      let entry: ServerJSON = ["id": 1, "token": "a", "logprob": .number(-2)]
      places[0]["top_logprobs"] = [entry, entry]
      return Self.with(places, in: json)
    }
    #expect(try await failure(server).contains("twice"))
  }

  @Test func placeholdersOfSpeculativeDecodingAreRefused() async throws {
    let server = changed { json, _ in
      var places = Self.places(json)
      places[0]["top_logprobs"] = []
      places[0]["logprob"] = 0
      return Self.with(places, in: json)
    }
    #expect(try await failure(server).contains("placeholders"))
    let drafting = changed { json, _ in
      var fields = json.fields ?? [:]
      fields["timings"] = ["draft_n": 4]
      return .object(fields)
    }
    #expect(try await failure(drafting).contains("speculatively"))
  }

  @Test func numbersThatAreNoneLeaveTheirTokensUnknown() async throws {
    let server = changed { json, _ in
      var places = Self.places(json)
      let top = places[0]["top_logprobs"]?.items ?? []
      places[0]["top_logprobs"] = .array(
        top.enumerated().map { index, item in
          var fields = item.fields ?? [:]
          if index == 3 { fields["logprob"] = .null }
          if index == 4 { fields["logprob"] = .number(-3.4028234663852886e38) }
          return .object(fields)
        })
      return Self.with(places, in: json)
    }
    let model = try model(server)
    let decoder = Decoder(model: model, slots: 1)
    let distribution = try await decoder.distribution(
      after: decoder.insert(model.vocabulary.tokenize(prompt: "a")))
    #expect(!distribution.isComplete)
    #expect(distribution.unlistedCount == 1)
    #expect(distribution.likeliest(1) == [2])
  }

  /// The place of a token that is part of a character is left out; then a whole one is forced, since raw
  /// probabilities stay what they are.
  @Test func aLeftOutPlaceIsAskedForAgain() async throws {
    let server = changed { json, body in
      guard body["logit_bias"] == nil else { return nil }
      var fields = json.fields ?? [:]
      // llama.cpp leaves the list out where it would be empty.
      fields["completion_probabilities"] = nil
      return .object(fields)
    }
    let model = try model(server)
    let result = try #require(await decode(model, "a").first)
    #expect(text(result, model) == "b cdab cda")
    let forced = server.bodies("/completion").filter { $0["logit_bias"] != nil }
    #expect(forced.allSatisfy { $0["n_predict"] == 1 })
  }

  /// Places that do not fit the tokens are not used, and what they would have told is asked for.
  @Test func missingPlacesShiftNothing() async throws {
    let server = changed { json, _ in
      let places = Self.places(json)
      // The second place is left out, as of a token that is half a character.
      guard places.count > 2 else { return nil }
      return Self.with([places[0]] + places[2...], in: json)
    }
    let model = try model(server)
    let result = try #require(await decode(model, "a", budget: 12).first)
    #expect(text(result, model) == "b cdab cdab cda")
    #expect(abs(result.logProbability - 12 * log(0.5)) < 1e-6)
  }

  @Test func aServerWithoutLogProbabilitiesIsRefusedInASentence() throws {
    let server = ScriptedServer { call, _ in
      switch call.path {
      case "/v1/models": ScriptedServer.answer(#"{"data":[{"id":"m","owned_by":"x"}]}"#)
      case "/v1/chat/completions":
        ScriptedServer.answer(
          #"{"choices":[{"message":{"content":"a"},"finish_reason":"length"}]}"#)
      default: nil
      }
    }
    let error = #expect(throws: RemoteError.self) { try model(server) }
    #expect(error.map { "\($0)".contains("log-probabilities") } == true)
  }

  @Test func anUnknownModelIsNamedWithThoseThatAreThere() throws {
    let error = #expect(throws: RemoteError.self) {
      try model(LittleServers.server(.vllm), Self.address + "#other")
    }
    #expect(error.map { "\($0)".contains("org/little") } == true)
  }

  @Test func aModelIsFoundByItsName() throws {
    let model = try model(LittleServers.server(.ollama), Self.address + "#little")
    #expect(model.identity.name == "little:latest")
  }

  @Test func theSameModelHasTheSameIdentity() throws {
    let one = try model(LittleServers.server(.llamaCpp)).identity
    let again = try model(LittleServers.server(.llamaCpp)).identity
    let other = try model(LittleServers.server(.vllm)).identity
    #expect(one == again)
    #expect(one.hash != other.hash)
  }

  /// A vocabulary of another model would give every text another meaning.
  @Test func anotherTokenizerIsRefused() throws {
    let error = #expect(throws: RemoteError.self) {
      try model(LittleServers.server(.llamaCpp)) { $0.vocabulary = TextVocabulary() }
    }
    #expect(error.map { "\($0)".contains("tokenizer") } == true)
  }

  /// Leaving out what could not be turned into tokens would be another question.
  @Test func aTextThatCannotBeTurnedIntoTokensEndsThePath() async throws {
    let inner = LittleServers.server(.llamaCpp)
    let server = ScriptedServer { call, body in
      if call.path == "/tokenize", body?["content"]?.text == "ba" {
        return ScriptedServer.answer(#"{"error":{"message":"out of order"}}"#, status: 400)
      }
      return try inner.send(call, to: RemoteAddress(Self.address), Abandonment())
    }
    let model = try model(server)
    let broken = try #require(await decode(model, "ba").first)
    guard case .failed(let why) = broken.reason else {
      Issue.record("\(broken.reason)")
      return
    }
    #expect(why.contains("out of order"))
    let whole = try #require(await decode(model, "a").first)
    #expect(whole.reason == .budget)
  }

  // MARK: Giving up

  /// A cancelled run leaves no request behind.
  @Test func whatNobodyAsksForAnyMoreIsGivenUp() async throws {
    let abandoned = Noted(false)
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let waiting = Waiting(inner: LittleServers.server(.llamaCpp)) { abandonment in
      start.yield()
      while !abandonment.isRaised { Thread.sleep(forTimeInterval: 0.005) }
      abandoned.withLock { $0 = true }
      end.yield()
    }
    var options = RemoteOptions()
    options.transport = waiting
    options.patience.interest = 0.1
    options.patience.idleInterest = 0.1
    let model = try RemoteModel(RemoteAddress(Self.address), options: options)
    let decoder = Decoder(model: model, slots: 1)
    let node = decoder.insert(model.vocabulary.tokenize(prompt: "aaa"))
    let task = Task { try await decoder.distribution(after: node) }
    for await _ in started { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    for await _ in ended { break }
    #expect(abandoned.value)
  }

  /// Answers everything but long prompts, for which somebody waits.
  private final class Waiting: RemoteTransport {
    let inner: ScriptedServer
    let wait: @Sendable (Abandonment) -> Void

    init(inner: ScriptedServer, wait: @escaping @Sendable (Abandonment) -> Void) {
      (self.inner, self.wait) = (inner, wait)
    }

    func send(
      _ call: HTTPCall, to address: RemoteAddress, _ abandonment: Abandonment
    ) throws -> RemoteAnswer {
      if call.path == "/completion", ServerJSON(call.body)?["prompt"]?.items?.count == 3 {
        wait(abandonment)
        throw RemoteError.abandoned
      }
      return try inner.send(call, to: address, abandonment)
    }
  }
}
