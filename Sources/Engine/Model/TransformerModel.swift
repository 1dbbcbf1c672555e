import CKernels
public import Decoding
import Synchronization

/// A transformer run by the embedded engine.
///
/// Weights are read once for all nodes of a call, keys and values of shared prefixes are kept and
/// shared, and the logits of a node are the same to the bit whatever else is computed with it, on
/// however many threads, and whether its prefix was cached, evicted or computed in pieces.
public final class TransformerModel: LanguageModel {
  public let configuration: ModelConfiguration
  public let options: EngineOptions
  public let vocabulary: any Vocabulary
  public let instructionSet: InstructionSet
  public let chatTemplate: String?
  /// Bytes that the keys and values of one token take.
  let cacheBytesPerToken: Int

  private let store: any WeightStore
  let compute: Compute
  let state: Mutex<State>
  private let lastMemoryUse: Mutex<MemoryUse>

  /// All that a pass changes.
  struct State: @unchecked Sendable {
    var transformer: Transformer
    var cache: PrefixCache
    var attention = AttentionPlan()
    /// Keys and values of texts that are read with something silenced, and what that is.
    var silenced: (ablations: Set<Ablation>, cache: PrefixCache)?
    /// The version of the weights that everything above was made from.
    var version: UInt64
  }

  /// Prepares a model; packing its weights takes about as long as reading them.
  ///
  /// - Parameters:
  ///   - chatTemplate: what the file says of conversations; see `LanguageModel`.
  ///   - stateLimit: the most states that recurrent layers may keep; nil for what fits beside keys
  ///     and values.
  ///   - observer: is told how far that is, and may give up.
  /// - Throws: `ModelError` when the weights do not fit the configuration, a format or
  ///   architecture is not supported, memory runs out, or the observer gives up.
  package init(
    configuration: ModelConfiguration, weights: any WeightStore, vocabulary: any Vocabulary,
    chatTemplate: String? = nil, options: EngineOptions = EngineOptions(),
    stateLimit: Int? = nil, observer: LoadObserver? = nil
  ) throws(ModelError) {
    try configuration.validate()
    let available = InstructionSet.available
    let instructionSet = options.instructionSet ?? available[0]
    guard let kernels = instructionSet.kernels else {
      throw .instructionSetUnavailable(
        instructionSet.rawValue, available: available.map(\.rawValue))
    }
    self.configuration = configuration
    self.options = options
    self.vocabulary = vocabulary
    self.chatTemplate = chatTemplate
    self.instructionSet = instructionSet
    store = weights
    compute = Compute(kernels: kernels, pool: ThreadPool(threadCount: options.threads))
    let weightCount = weights.tensorNames.reduce(0) { sum, name in
      sum + (weights.tensor(named: name).map { $0.rowLength * $0.rowCount } ?? 0)
    }
    tokensPerPass = min(512, max(64, Int(0.04 * 3e11 / (2 * Double(max(1, weightCount))))))
    let layout = KVLayout(format: options.kvFormat, configuration)
    cacheBytesPerToken = layout.blockBytes / KVLayout.positions
    let version = weights.version
    let meter = LoadMeter(weights, observer: observer)
    let transformer = try Transformer(
      configuration, weights: WeightLoader(store: weights, compute: compute, meter: meter))
    try meter.finish()
    let limit =
      options.cacheLimit
      ?? CacheLimit.standard(
        layout, context: configuration.contextLength, weightBytes: meter.packedBytes,
        memory: CacheLimit.machineMemory)
    let states = configuration.stateLayout.map { states in
      let usual =
        options.cacheLimit?.states(states, beside: layout)
        ?? CacheLimit.standardStates(
          states, beside: layout, context: configuration.contextLength,
          weightBytes: meter.packedBytes, memory: CacheLimit.machineMemory)
      return StateCache(layout: states, capacity: stateLimit ?? usual)
    }
    let cache = PrefixCache(
      layout: layout, states: states, limit: states == nil ? limit : limit.besideStates)
    lastMemoryUse = Mutex(
      MemoryUse(
        weightBytes: meter.packedBytes, cacheBytes: 0, cachedTokens: 0,
        cacheCapacity: cache.capacityInTokens))
    state = Mutex(State(transformer: transformer, cache: cache, version: version))
  }

  public var identity: ModelIdentity {
    ModelIdentity(
      name: store.name, hash: store.hash, architecture: configuration.architecture,
      fileType: store.fileType, isa: instructionSet.rawValue)
  }

  public var contextLength: Int { configuration.contextLength }

  /// From the number of weights: a token costs about two operations for each, and a modest
  /// machine does some 3·10¹¹ a second in batches. Never so few that reading weights would cost
  /// more than multiplying with them.
  public let tokensPerPass: Int

  /// What a model takes of the machine's memory.
  public struct MemoryUse: Sendable, Hashable {
    /// Bytes of packed weights.
    public var weightBytes: Int
    /// Bytes taken for keys and values, and for what recurrent layers remember.
    public var cacheBytes: Int
    /// Tokens whose keys and values are kept; whole blocks are counted.
    public var cachedTokens: Int
    /// The most tokens that may be kept.
    public var cacheCapacity: Int
  }

  /// As of the last pass: asking never waits for one under way.
  public var memoryUse: MemoryUse { lastMemoryUse.withLock { $0 } }

  /// Forgets all keys, values and states.
  func clearCache() {
    state.withLock { state in
      state.cache.removeAll()
      state.silenced = nil
      lastMemoryUse.withLock { $0.cachedTokens = 0 }
    }
  }

  public func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    try state.withLock { state in try forward(request, in: tree, &state, recorder: nil) }
  }

  /// - Parameters:
  ///   - recorder: only when the pass computes one row; it answers nothing otherwise.
  ///   - edits: what the pass does otherwise; `state.cache` is then one of its own, or the pass is
  ///     undone.
  func forward(
    _ request: ForwardRequest, in tree: TokenTree, _ state: inout State, recorder: PassRecorder?,
    edits: PassEdits? = nil
  ) throws -> ForwardResult {
    try refresh(&state)
    var planner = ForwardPlanner(
      tree: tree, contextLength: contextLength, vocabularySize: configuration.vocabularySize,
      limit: min(request.tokenLimit, Self.mostRows))
    var plan = try planner.plan(request.nodes, in: &state.cache)
    let (tokens, bytes) = (state.cache.usedTokens, state.cache.residentBytes)
    if edits == nil {
      lastMemoryUse.withLock { use in
        use.cachedTokens = tokens
        use.cacheBytes = bytes
      }
    }
    guard plan.rowCount > 0, recorder == nil || plan.rowCount == 1,
      plan.rowCount == edits?.rowCount ?? plan.rowCount
    else {
      state.cache.abandonPass()
      return ForwardResult(distributions: request.nodes.map { _ in nil }, computed: plan.computed)
    }
    if let token = edits?.token { for row in plan.tokens.indices { plan.tokens[row] = token } }
    state.attention.prepare(plan, in: state.cache, group: configuration.largestGroup)
    let pass = ForwardPass(
      compute: compute, plan: plan, attention: state.attention, cache: state.cache,
      recorder: recorder, edits: edits)
    let logits: UnsafePointer<Float>
    do {
      logits = try state.transformer.forward(pass)
    } catch {
      state.cache.abandonPass()
      throw error
    }
    return ForwardResult(
      distributions: distributions(plan, pass.outputRows, logits), computed: plan.computed)
  }

  /// The most tokens of one pass, whatever is asked for.
  private static let mostRows = 512

  /// Packs again and forgets keys, values and states when the weights have changed.
  func refresh(_ state: inout State) throws(ModelError) {
    let version = store.version
    guard version != state.version else { return }
    let meter = LoadMeter(store, observer: nil)
    state.transformer = try Transformer(
      configuration, weights: WeightLoader(store: store, compute: compute, meter: meter))
    lastMemoryUse.withLock { $0.weightBytes = meter.packedBytes }
    state.cache.removeAll()
    state.silenced = nil
    state.version = version
  }

  private func distributions(
    _ plan: ForwardPlan, _ outputRows: [Int], _ logits: UnsafePointer<Float>
  ) -> [TokenDistribution?] {
    let size = configuration.vocabularySize
    var made = [TokenDistribution?](repeating: nil, count: outputRows.count)
    // A large vocabulary is as much work as a small model.
    made.withUnsafeMutableBufferPointer { made in
      let shared = UncheckedBuffer(buffer: made)
      compute.pool.run(count: outputRows.count, nanoseconds: Double(size)) { range, _ in
        for place in range {
          shared.buffer[place] = distribution(logits + place * size, count: size)
        }
      }
    }
    let places = Dictionary(
      uniqueKeysWithValues: outputRows.enumerated().map { (Int32($0.element), $0.offset) })
    return plan.answers.map { answer in
      answer.flatMap { places[$0] }.flatMap { made[$0] }
    }
  }

  func distribution(_ logits: UnsafePointer<Float>, count: Int) -> TokenDistribution {
    let row = Array(UnsafeBufferPointer(start: logits, count: count))
    let sum = compute.kernels.pointee.log_sum_exp(logits, count)
    return sum.isNaN
      ? TokenDistribution(logits: row) : TokenDistribution(logits: row, logSumExp: sum)
  }
}

/// Lets threads write to different elements of a buffer.
struct UncheckedBuffer<Element>: @unchecked Sendable {
  let buffer: UnsafeMutableBufferPointer<Element>
}
