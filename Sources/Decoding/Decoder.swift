import Foundation
import Synchronization

/// How soon work is wanted.
public enum Urgency: Sendable, Hashable {
  /// A person waits: joins the very next batch, beside whatever is running.
  case interactive
  /// Waits for a free slot, in submission order.
  case background
}

/// The one decoding loop of a model.
///
/// Strategies hand it lists of continuations and receive events; several runs share one decoder,
/// and every pass serves the tips of all of them in one batch (continuous batching: a finished
/// path's slot is filled at once, in submission order). The loop runs on a thread of its own, so
/// that neither the screen nor Swift's cooperative pool ever waits for a forward pass.
public final class Decoder: Sendable {
  public let model: any LanguageModel
  /// How many background paths are decoded at once.
  public let slots: Int
  private let loop: DecodingLoop

  /// - Parameter slots: how many background paths are decoded at once, at least 1 and at most what the model
  ///   allows.
  public init(model: any LanguageModel, slots: Int) {
    self.model = model
    self.slots = max(1, min(slots, model.pathLimit ?? slots))
    loop = DecodingLoop(model: model, slots: self.slots)
    let loop = loop
    let thread = Thread { loop.run() }
    thread.name = "decoder"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { loop.stop() }

  /// Makes tokens known to the decoder and returns the last one's node. Costs no forward pass:
  /// keys and values are computed when a distribution below is first wanted.
  @discardableResult
  public func insert(_ tokens: some Sequence<TokenID>, after node: NodeID = .root) -> NodeID {
    let tokens = Array(tokens)
    loop.insert(tokens, after: node)
    return node.appending(contentsOf: tokens)
  }

  /// Forgets tokens that nobody needs, where they have become many: a program that runs for long would
  /// fill the memory otherwise. Keys and values are the model's own affair.
  ///
  /// Kept is what leads to the paths that are decoded or wait, and to some nodes: all that `insert` has
  /// returned and whose `decode` is still to come must be among them.
  ///
  /// - Parameter count: nothing is forgotten while there are no more nodes than this.
  public func forget(keeping nodes: [NodeID], above count: Int) {
    loop.keepOnly(pathsTo: nodes, above: count)
  }

  /// Decodes paths until each has ended.
  ///
  /// When the surrounding task is cancelled the paths end where they are, with the reason
  /// `cancelled`; what they have is returned.
  ///
  /// - Parameter onEvent: called on the decoding thread, in an order that depends only on the
  ///   continuations and the number of slots; it must not block.
  /// - Returns: the results in the order of `continuations`.
  public func decode(
    _ continuations: [Continuation], urgency: Urgency = .background,
    onEvent: @escaping @Sendable (DecodingEvent) -> Void = { _ in }
  ) async -> [PathResult] {
    if continuations.isEmpty { return [] }
    let cancellation = Cancellation()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { resume in
        loop.submit(
          DecodingJob(
            continuations: continuations, urgency: urgency, cancellation: cancellation,
            onEvent: onEvent, completion: { resume.resume(returning: $0) }))
      }
    } onCancel: {
      cancellation.cancel()
      loop.wake()
    }
  }

  /// The distribution of the next token after a node.
  ///
  /// - Throws: `LanguageModelError`, or `CancellationError` when the task is cancelled first.
  public func distribution(
    after node: NodeID, urgency: Urgency = .interactive
  ) async throws -> TokenDistribution {
    let readings = try await self.readings(after: [node], urgency: urgency)
    guard let reading = readings.first else { throw CancellationError() }
    return reading.distribution
  }

  /// What the model expects after a node that was only looked at, and what looking cost.
  public struct Reading: Sendable {
    public var distribution: TokenDistribution
    /// How many of the deepest tokens, the node included, were computed.
    public var prefilled: Int
    /// Tokens before and including the node whose keys and values came from the cache.
    public var reused: Int
  }

  /// The distributions of the next token after several nodes, batched like paths; nothing is
  /// chosen.
  ///
  /// - Parameter text: the tokens that lead to the last node, where they are a stranger's (see
  ///   `Continuation.text`).
  /// - Returns: the readings in the order of `nodes`.
  /// - Throws: `LanguageModelError`, or `CancellationError` when the task is cancelled first.
  public func readings(
    after nodes: [NodeID], text: [TokenID]? = nil, urgency: Urgency = .background
  ) async throws -> [Reading] {
    let found = Mutex<[Int: TokenDistribution]>([:])
    let probes = nodes.enumerated().map {
      Continuation(
        start: $1, path: $0, sampler: GreedySampler(), stop: StopRule(endTokens: []), budget: 1,
        text: $0 == nodes.count - 1 ? text : nil)
    }
    let results = await decode(probes, urgency: urgency) { event in
      guard case .chosen(let chosen) = event else { return }
      found.withLock { $0[chosen.path] = chosen.distribution }
    }
    let distributions = found.withLock { $0 }
    return try results.map { result in
      if let distribution = distributions[result.path] {
        return Reading(
          distribution: distribution, prefilled: result.prefilled, reused: result.reused)
      }
      switch result.reason {
      case .contextFull:
        throw LanguageModelError.contextExceeded(
          length: model.contextLength + 1, limit: model.contextLength)
      case .failed(let why): throw DecodingFailure.failed(why)
      default: throw CancellationError()
      }
    }
  }
}

/// Why decoding could not go on.
enum DecodingFailure: Error, CustomStringConvertible {
  case failed(String)
  /// Another text that is at hand has the same id.
  case collision

  public var description: String {
    switch self {
    case .failed(let why): why
    case .collision: "Another text has this one's digest; change a token of it."
    }
  }
}

/// A flag that is raised once.
final class Cancellation: Sendable {
  private let raised = Atomic(false)

  var isCancelled: Bool { raised.load(ordering: .acquiring) }

  func cancel() { raised.store(true, ordering: .releasing) }
}
