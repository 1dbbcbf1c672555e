public import Decoding
import Foundation
import Synchronization

/// How much a service takes on.
public struct ServiceLimits: Sendable, Hashable {
  /// Texts that wait for a slot, beside those that are decoded. Further requests are told to come again.
  public var waiting = 256
  /// Texts of one request.
  public var count = 64
  /// Tokens of a text; nil for as many as the context holds.
  public var budget: Int?
  /// Alternatives told with a token.
  public var top = 1024
  /// Nodes of the token tree, at which what nobody needs any more is forgotten.
  public var treeNodes = 1 << 20

  public init() {}
}

/// Runs what clients ask of one model, all on its one decoder: requests share the passes, and the keys and
/// values of what their prompts have in common. What a request gets does not depend on what runs beside
/// it.
public actor ModelService {
  public nonisolated let model: any LanguageModel
  public nonisolated let limits: ServiceLimits
  public nonisolated let slots: Int
  public nonisolated let figures = ServiceFigures()
  private let decoder: Decoder

  /// Texts that are decoded or wait.
  private var open = 0
  /// What requests in flight have put in, by their numbers: it is needed until they are over.
  private var needed: [Int: NodeID] = [:]
  private var lastNumber = 0

  /// - Parameter slots: texts that are decoded at once.
  public init(_ model: any LanguageModel, slots: Int, limits: ServiceLimits = ServiceLimits()) {
    self.model = model
    self.limits = limits
    self.slots = max(1, slots)
    decoder = Decoder(model: model, slots: self.slots)
  }

  /// Starts a generation. Cancelling whoever reads the events ends it, and its slots are free for others
  /// with the next pass.
  ///
  /// The events are kept until they are read, so a slow reader keeps nobody waiting.
  ///
  /// - Throws: `APIError` for what does not fit, or when too many wait.
  public func start(_ generation: Generation) throws(APIError) -> AsyncStream<GenerationEvent> {
    try check(generation.prompt, generation.count)
    let count = max(1, generation.count)
    guard open + count <= slots + limits.waiting else {
      throw APIError(.unavailable, "\(open) texts are waiting already; try again later.")
    }
    open += count
    figures.began(count)
    let began = ContinuousClock.now
    let room = model.contextLength - generation.prompt.count
    let budget = min(generation.budget, limits.budget ?? .max, room)
    let (number, start) = insert(generation.prompt)
    let paths = continuations(generation, after: start, count: count, budget: budget)
    let (stream, continuation) = AsyncStream.makeStream(of: GenerationEvent.self)
    let (decoder, figures, model) = (self.decoder, self.figures, self.model)
    let top = generation.top.map { min($0, limits.top) }
    let task = Task {
      let meter = GenerationMeter(figures, began: began)
      let results = await decoder.decode(paths) { event in
        switch event {
        case .chosen(let chosen):
          meter.chose(text: chosen.path)
          continuation.yield(.token(text: chosen.path, ServedToken(chosen, top: top)))
        case .finished: break
        }
      }
      for result in results {
        continuation.yield(Self.event(result, generation, model))
        figures.ended(result)
      }
      continuation.finish()
      self.close(number, count)
    }
    continuation.onTermination = { reason in
      if case .cancelled = reason { task.cancel() }
    }
    return stream
  }

  /// Makes a prompt known to the decoder, and kept there.
  private func insert(_ prompt: [TokenID]) -> (number: Int, end: NodeID) {
    decoder.forget(keeping: Array(needed.values), above: limits.treeNodes)
    lastNumber += 1
    let end = decoder.insert(prompt)
    needed[lastNumber] = end
    return (lastNumber, end)
  }

  private func close(_ number: Int, _ count: Int) {
    needed[number] = nil
    open -= count
    figures.left(count)
  }

  private func check(_ prompt: [TokenID], _ count: Int) throws(APIError) {
    guard !prompt.isEmpty else {
      throw APIError(.invalidRequest, "The prompt has no tokens.", parameter: "prompt")
    }
    guard prompt.count < model.contextLength else {
      throw .contextSize(prompt: prompt.count, size: model.contextLength)
    }
    let size = model.vocabulary.count
    guard prompt.allSatisfy({ $0 >= 0 && $0 < size }) else {
      throw APIError(
        .invalidRequest, "Token ids are below \(size) here.", parameter: "prompt")
    }
    guard (1...limits.count).contains(count) else {
      throw APIError(.invalidRequest, "\"n\" must be from 1 to \(limits.count).", parameter: "n")
    }
  }

  private func continuations(
    _ generation: Generation, after start: NodeID, count: Int, budget: Int
  ) -> [Continuation] {
    let ends = generation.ignoresEnd ? [] : model.vocabulary.endOfText
    let stop = StopRule(
      endTokens: ends.union(generation.stopTokens), stopSequences: generation.stops)
    return (0..<count).map { number in
      var sampler = generation.sampling.sampler(seed: generation.seed, path: number)
      if !generation.bias.isEmpty { sampler = BiasedSampler(base: sampler, bias: generation.bias) }
      return Continuation(
        start: start, path: number, sampler: sampler, stop: stop, budget: budget,
        text: number == 0 ? generation.prompt : nil)
    }
  }

  private static func event(
    _ result: PathResult, _ generation: Generation, _ model: any LanguageModel
  ) -> GenerationEvent {
    let reason: GenerationEnd.Reason
    switch result.reason {
    case .endOfText, .step: reason = .endOfText
    case .stopSequence(let stop): reason = .stop(stop)
    case .budget, .contextFull, .cancelled: reason = .length
    case .failed(let why): return .failed(APIError(.server, why))
    }
    return .ended(
      text: result.path,
      GenerationEnd(reason: reason, prefilled: result.prefilled, reused: result.reused))
  }

  // MARK: What a prompt's tokens are found

  /// log p of each token of a prompt after those before it, with the likeliest ones; nothing of the first,
  /// which has none before it.
  ///
  /// - Returns: one for each token but the first.
  /// - Throws: `APIError`, `CancellationError`.
  public func score(_ prompt: [TokenID], top: Int) async throws -> [ServedToken] {
    try check(prompt, 1)
    open += 1
    figures.began(1)
    let (number, _) = insert(prompt)
    defer { close(number, 1) }
    let top = min(top, limits.top)
    var scored: [ServedToken] = []
    do {
      try await decoder.follow(
        prompt.dropFirst(), after: NodeID.root.appending(contentsOf: prompt.prefix(1)),
        checking: Array(prompt.prefix(1))
      ) { token, distribution in
        scored.append(ServedToken(token, distribution, top: top))
      }
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw APIError(.server, "\(error)")
    }
    figures.scored(prompt.count)
    return scored
  }
}

extension ServedToken {
  init(_ chosen: ChosenToken, top: Int?) {
    guard let top else {
      self.init(id: chosen.token)
      return
    }
    self.init(chosen.token, chosen.distribution, top: top)
  }

  init(_ token: TokenID, _ distribution: TokenDistribution, top: Int) {
    id = token
    logProbability = distribution.logProbability(of: token)
    self.top = distribution.likeliest(top).map {
      Alternative(id: $0, logProbability: distribution.logProbability(of: $0))
    }
  }
}
