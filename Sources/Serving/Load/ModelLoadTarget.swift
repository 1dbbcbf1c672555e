public import Decoding
public import Traces

/// A model of this process as the target of a load, by the service that servers run it with.
public struct ModelLoadTarget: LoadTarget {
  private let service: ModelService
  private let prompts: [[TokenID]]

  /// - Parameter salt: other prompts for each, so that no cache knows them from an earlier load.
  public init(_ service: ModelService, plan: LoadPlan, salt: UInt64 = .random(in: 0...(.max))) {
    self.service = service
    var random = LoadRandom(seed: plan.seed ^ salt)
    let vocabulary = service.model.vocabulary
    let shared = Self.text(plan.sharedTokens, vocabulary, &random)
    prompts = plan.coming.map { request in
      let common = shared.prefix(max(0, request.prompt - 1))
      return common + Self.text(request.prompt - common.count, vocabulary, &random)
    }
  }

  /// So many tokens at random.
  private static func text(
    _ count: Int, _ vocabulary: any Vocabulary, _ random: inout LoadRandom
  ) -> [TokenID] {
    (0..<max(0, count)).map { _ in
      // Control tokens might end a text or turn it into something else.
      for _ in 0..<64 {
        let token = TokenID(random.uniform() * Double(max(1, vocabulary.count)))
        if !vocabulary.isControl(token), !vocabulary.endOfText.contains(token) { return token }
      }
      return 0
    }
  }

  public func send(
    _ request: LoadRequest, number: Int, tell: @escaping @Sendable (LoadSign) -> Void
  ) async throws {
    guard prompts.indices.contains(number) else { throw LoadError.noPrompt }
    let generation = Generation(
      prompt: prompts[number], budget: request.output, ignoresEnd: true)
    for await event in try await service.start(generation) {
      switch event {
      case .token: tell(.tokens)
      case .ended: break
      case .failed(let error): throw error
      }
    }
    try Task.checkCancellation()
  }
}

/// Measures how long a model takes here, so that a simulation can go by it.
public enum ServiceCalibration {
  /// Takes a few hundred passes' time.
  ///
  /// What a pass costs and what each text adds to it are solved from the time between tokens of one text
  /// and of several at once; what a token of a prompt adds, from two prompts of different lengths.
  ///
  /// - Parameters:
  ///   - slots: how many texts are to be decoded at once in the simulation.
  ///   - bandwidth: bytes a second between two machines, which cannot be measured on one.
  ///   - latency: seconds until the first byte is there.
  /// - Throws: `APIError`, `CancellationError`.
  public static func times(
    of model: any LanguageModel, slots: Int = 16, bandwidth: Double, latency: Double
  ) async throws -> ServiceTimes {
    let texts = 8
    let service = ModelService(model, slots: texts)
    let room = max(4, min(model.contextLength / 2, model.tokensPerPass))
    let (short, long) = (max(1, min(16, room / 4)), max(2, min(256, room)))
    // The first time other things are made ready too.
    _ = try await first(service, prompt: short)
    let shortTime = try await best { try await first(service, prompt: short) }
    let longTime = try await best { try await first(service, prompt: long) }
    let alone = try await best { try await between(service, texts: 1, room: room) }
    let together = try await best { try await between(service, texts: texts, room: room) }
    let decoded = max(0, (together - alone) / Double(texts - 1))
    return ServiceTimes(
      pass: max(1e-7, alone - decoded),
      promptToken: max(1e-9, (longTime - shortTime) / Double(long - short)), decodedToken: decoded,
      bytesPerToken: (model as? any KeyValueHandover).map {
        Double($0.keyValueBytes(tokens: $0.keyValueSignature.block))
          / Double(max(1, $0.keyValueSignature.block))
      } ?? 0,
      bandwidth: bandwidth, latency: latency, tokensPerPass: model.tokensPerPass, slots: slots)
  }

  /// The least of three: whatever else runs on the machine only adds.
  private static func best(_ measure: () async throws -> Double) async throws -> Double {
    var best = Double.infinity
    for _ in 0..<3 { best = min(best, try await measure()) }
    return best
  }

  /// Seconds from a request to its first token, behind a prompt that is in no cache.
  private static func first(_ service: ModelService, prompt: Int) async throws -> Double {
    let plan = LoadPlan(pattern: .all, requests: 1, promptTokens: prompt, outputTokens: 1)
    let run = LoadRun(ModelLoadTarget(service, plan: plan))
    return try answered(await run.run(plan.coming)).first?.timeToFirst ?? 0
  }

  /// Seconds between two tokens where so many texts are decoded: the middle one of all gaps.
  private static func between(
    _ service: ModelService, texts: Int, room: Int
  ) async throws -> Double {
    let plan = LoadPlan(
      pattern: .all, requests: texts, promptTokens: min(8, max(1, room / 4)),
      outputTokens: max(2, min(32, room / 2)))
    let run = LoadRun(ModelLoadTarget(service, plan: plan))
    let gaps = try answered(await run.run(plan.coming)).flatMap(\.gaps).sorted()
    return gaps.isEmpty ? 0 : gaps[gaps.count / 2]
  }

  private static func answered(_ told: [RequestTimes]) throws -> [RequestTimes] {
    try Task.checkCancellation()
    if let failure = told.compactMap(\.failure).first { throw LoadError.failed(failure) }
    return told
  }
}
