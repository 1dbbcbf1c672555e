/// The next-token table: the likeliest tokens with their probability before and after the
/// sampler's settings, in true order, and the mass of the rest.
public struct NextTokenTable: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var token: TokenID
    public var logit: Float
    /// Probability at temperature 1, nothing cut.
    public var raw: Double
    /// Probability under the settings; nil when it cannot be told, 0 when cut.
    public var shaped: Double?
    /// What cut the token.
    public var cut: CutReason?
    /// log p at temperature 1, nothing cut.
    public var logProbability: Double
  }

  public var rows: [Row]
  /// How many tokens are not listed, and their probability before and after the settings.
  public var restCount: Int
  public var restRaw: Double
  public var restShaped: Double?
  /// Whether `shaped` figures are interpolated (a saved distribution between grid temperatures).
  public var isApproximate: Bool
  /// Shannon entropy at temperature 1, in bits.
  public var entropy: Double
  /// The model has told of its likeliest tokens only: the entropy is a lower bound, and the settings choose
  /// among those it has told of.
  public var isTruncated: Bool
}

extension NextTokenTable {
  /// - Parameter rows: how many of the likeliest tokens to list.
  public init(_ distribution: TokenDistribution, settings: SamplingSettings, rows count: Int) {
    // Filters need the order of every token they may keep; listing more than is shown is cheap
    // next to being wrong.
    let needsAll = (settings.topP ?? 1) < 1 || (settings.minP ?? 0) > 0
    let listed =
      needsAll
      ? distribution.logits.count : min(max(count, settings.topK ?? 0), distribution.logits.count)
    // Of a truncated distribution these are at most those that are listed.
    let tokens = distribution.likeliest(listed)
    let logits = tokens.map { distribution.logits[Int($0)] }
    var unlisted = 0.0
    if let highest = logits.first, tokens.count < distribution.logits.count, !settings.isGreedy {
      let all = TokenDistribution.logSumExp(distribution.logits, temperature: settings.temperature)
      let scale = 1 / settings.temperature
      let listedMass = logits.reduce(0) { $0 + exponential((Double($1) - Double(highest)) * scale) }
      unlisted = max(0, exponential(all - Double(highest) * scale) - listedMass)
    }
    self.init(
      tokens: tokens, logits: logits, logSumExp: distribution.logSumExp,
      entropy: distribution.entropy, unlistedMass: unlisted,
      unlistedCount: distribution.logits.count - tokens.count,
      hasAllListed: tokens.count == distribution.logits.count - distribution.unlistedCount,
      isTruncated: !distribution.isComplete, isApproximate: false, settings: settings, rows: count)
  }

  /// The table of a saved distribution. Figures that the saved part cannot give are nil.
  public init(_ summary: DistributionSummary, settings: SamplingSettings, rows count: Int) {
    // A top-k within the listed tokens cuts the tail whole, so its mass does not matter.
    let hasAllListed = summary.listedCount.map { $0 == summary.logits.count } ?? false
    let tailIsCut =
      settings.isGreedy || settings.topK.map { $0 <= summary.logits.count } ?? false || hasAllListed
    // Some that are listed were not kept: what they have cannot be told from what the unlisted have.
    let isTailUnknown = summary.listedCount != nil && !tailIsCut
    let tail =
      tailIsCut
      ? (-.infinity, true) : isTailUnknown ? nil : summary.tail(at: settings.temperature)
    let highest = Double(summary.logits.first ?? 0)
    let unlisted = tail.map {
      exponential($0.logSumExp - (settings.isGreedy ? 0 : highest / settings.temperature))
    }
    self.init(
      tokens: summary.tokens, logits: summary.logits, logSumExp: summary.logSumExp,
      entropy: summary.entropy, unlistedMass: unlisted, unlistedCount: summary.tailCount,
      hasAllListed: hasAllListed, isTruncated: summary.listedCount != nil,
      isApproximate: tail.map { !$0.exact } ?? true, settings: settings, rows: count)
  }

  private init(
    tokens: [TokenID], logits: [Float], logSumExp: Double, entropy: Double,
    unlistedMass: Double?, unlistedCount: Int, hasAllListed: Bool, isTruncated: Bool,
    isApproximate: Bool, settings: SamplingSettings, rows count: Int
  ) {
    let shaped = ShapedTokens(sorted: logits, unlistedMass: unlistedMass ?? 0, settings: settings)
    // A nucleus that swallows every listed token reaches into the unlisted ones, whose order is
    // unknown: then nothing after the settings can be told.
    let reachesTail =
      unlistedCount > 0 && !hasAllListed && shaped.keptCount == logits.count
      && ((settings.topP ?? 1) < 1 || (settings.minP ?? 0) > 0
        || (settings.topK ?? 0) > logits.count)
    let known = unlistedMass != nil && !reachesTail
    let raw = logits.map { exponential(Double($0) - logSumExp) }
    rows = tokens.indices.prefix(count).map { index in
      let cut = shaped.cuts[index]
      let weight = index < shaped.keptCount ? shaped.weights[index] : 0
      return Row(
        token: tokens[index], logit: logits[index], raw: raw[index],
        shaped: known ? weight / shaped.total : nil, cut: cut,
        logProbability: Double(logits[index]) - logSumExp)
    }
    restCount = unlistedCount + tokens.count - rows.count
    restRaw = max(0, 1 - raw.prefix(rows.count).reduce(0, +))
    // What rounding leaves of a rest that is cut whole is no mass.
    let outside = shaped.total - shaped.weights.prefix(rows.count).reduce(0, +)
    let restShare = outside > 1e-12 * shaped.total ? outside / shaped.total : 0
    restShaped = known ? restShare : nil
    self.isApproximate = isApproximate && known
    self.entropy = entropy
    self.isTruncated = isTruncated
  }
}
