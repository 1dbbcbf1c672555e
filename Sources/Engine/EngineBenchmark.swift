import Decoding

/// Measures how fast a model runs on this machine: prefill, one path, many paths.
///
/// Rates are those of `TransformerModel.forward` with all logits delivered, as a decoder uses it;
/// tokens are arbitrary, since none of the work depends on which they are. One untimed round
/// comes first.
public struct EngineBenchmark: Sendable {
  /// Tokens of the prompt that is prefilled and that many paths start from.
  public var promptTokens: Int
  /// Tokens that each path generates.
  public var generatedTokens: Int
  /// Numbers of paths decoded at the same time. One path starts from an empty context, more start
  /// after the shared prompt.
  public var branches: [Int]
  /// Timed rounds of each test.
  public var rounds: Int

  public init(
    promptTokens: Int = 512, generatedTokens: Int = 128, branches: [Int] = [1, 8, 40],
    rounds: Int = 3
  ) {
    self.promptTokens = promptTokens
    self.generatedTokens = generatedTokens
    self.branches = branches
    self.rounds = rounds
  }

  /// What has been done so far.
  public enum Progress: Sendable {
    /// The machine's read bandwidth is being measured.
    case bandwidth
    /// So many rounds of a test are done, the untimed one among them.
    case round(test: String, branches: Int, done: Int, of: Int)
    case measured(Measurement)
  }

  /// Runs all tests. Prompt and paths are shortened to what the model's context holds.
  ///
  /// The model's cache is emptied, before every round and at the end.
  ///
  /// - Throws: `LanguageModelError` when memory for so many paths cannot be had,
  ///   `ModelError.outOfMemory` when there is none for measuring the read bandwidth.
  public func run(
    _ model: TransformerModel, progress: (Progress) -> Void = { _ in }
  ) throws -> Report {
    defer { model.clearCache() }
    progress(.bandwidth)
    var bandwidth = try MemoryBandwidth.measure(threads: model.options.threads)
    let generated = max(1, min(generatedTokens, model.contextLength / 2))
    let prompt = max(1, min(promptTokens, model.contextLength - generated))
    var results: [Measurement] = []
    func add(_ measurement: Measurement) {
      results.append(measurement)
      progress(.measured(measurement))
    }
    add(
      try measure("prefill", tokens: prompt, branches: 1, progress) {
        try Self.prefill(model, tokens: prompt)
      })
    for count in branches where count > 0 {
      let start = count == 1 ? 0 : prompt
      var measurement = try measure("decode", tokens: generated, branches: count, progress) {
        try Self.decode(model, prompt: start, tokens: generated, branches: count)
      }
      measurement.bytesPerSecond = Self.bytesRead(
        by: model, prompt: start, tokens: generated, branches: count
      ).map { measurement.tokensPerSecond / Double(generated * count) * $0 }
      add(measurement)
    }
    // Once more: what else ran on the machine at the beginning may be over.
    bandwidth = max(bandwidth, try MemoryBandwidth.measure(threads: model.options.threads))
    for index in results.indices {
      results[index].bandwidthShare = results[index].bytesPerSecond.map { $0 / bandwidth }
    }
    return Report(
      threads: model.options.threads, isa: model.instructionSet.rawValue, results: results,
      model: model.identity.name, fileType: model.identity.fileType,
      kv: model.options.kvFormat.rawValue, weightBytes: model.memoryUse.weightBytes,
      readBandwidth: bandwidth)
  }

  /// Bytes of weights, keys, values and states that the steps of decoding must read: the weights and
  /// the shared prompt once a step, each path's own tokens as well, as far back as a layer looks,
  /// and its own state.
  ///
  /// - Returns: nil for a mixture of experts, where it depends on the tokens which are read.
  private static func bytesRead(
    by model: TransformerModel, prompt: Int, tokens: Int, branches: Int
  ) -> Double? {
    let configuration = model.configuration
    guard configuration.experts == nil else { return nil }
    func positions(within window: Int) -> Double {
      (1...tokens).reduce(0) { sum, step in
        sum + Double(branches * min(step, window) + min(prompt, max(0, window - step)))
      }
    }
    let layers = Double(max(1, configuration.layerCount))
    let windowed = Double(configuration.window?.layers.count { $0 } ?? 0) / layers
    let seen =
      (1 - windowed) * positions(within: .max)
      + windowed * positions(within: configuration.window?.length ?? .max)
    return Double(tokens) * Double(model.memoryUse.weightBytes)
      + Double(model.cacheBytesPerToken) * seen
      + Double(tokens * branches) * Double(configuration.stateLayout?.byteCount ?? 0)
  }

  /// - Parameter round: one round; how long its timed part took.
  private func measure(
    _ test: String, tokens: Int, branches: Int, _ progress: (Progress) -> Void,
    round: () throws -> Duration
  ) throws -> Measurement {
    var rates: [Double] = []
    let rounds = max(1, rounds)
    for number in 0...rounds {
      progress(.round(test: test, branches: branches, done: number, of: rounds + 1))
      let seconds = try round() / .seconds(1)
      if number > 0 { rates.append(Double(tokens * branches) / seconds) }
    }
    rates.sort()
    let middle = rates.count / 2
    let median = rates.count % 2 == 1 ? rates[middle] : (rates[middle - 1] + rates[middle]) / 2
    return Measurement(
      test: test, tokens: tokens, branches: branches, tokensPerSecond: median,
      slowest: rates[0], fastest: rates[rates.count - 1])
  }

  private static func prefill(_ model: TransformerModel, tokens: Int) throws -> Duration {
    model.clearCache()
    var tree = TokenTree()
    let tip = extend(.root, tokens: tokens, of: model, in: &tree)
    return try ContinuousClock().measure { _ = try model.distributions(at: [tip], in: tree) }
  }

  private static func decode(
    _ model: TransformerModel, prompt: Int, tokens: Int, branches: Int
  ) throws -> Duration {
    model.clearCache()
    var tree = TokenTree()
    let start = extend(.root, tokens: prompt, of: model, in: &tree)
    if prompt > 0 { _ = try model.distributions(at: [start], in: tree) }
    let size = model.vocabulary.count
    var tips = (0..<branches).map { tree.extend(start, with: TokenID($0 % size)) }
    return try ContinuousClock().measure {
      for step in 1...tokens {
        _ = try model.distributions(at: tips, in: tree)
        if step == tokens { break }
        tips = tips.map { tree.extend($0, with: TokenID(step * 31 % size)) }
      }
    }
  }

  /// Extends a node by arbitrary tokens.
  private static func extend(
    _ node: NodeID, tokens: Int, of model: TransformerModel, in tree: inout TokenTree
  ) -> NodeID {
    let size = model.vocabulary.count
    return tree.extend(node, with: (0..<tokens).map { TokenID($0 * 7 % size) })
  }
}
