/// What is kept of a distribution when it is saved: the likeliest tokens with their raw logits,
/// and for all others together the log-sum-exp at fixed temperatures.
///
/// Raw probabilities, and probabilities at a grid temperature, are exact. Between grid points
/// the tail is interpolated, and whoever shows such a number marks it as approximate.
public struct DistributionSummary: Sendable, Hashable {
  /// The temperatures at which the tail's mass is kept.
  static let temperatureGrid: [Double] = (1...20).map { Double($0) / 10 }

  /// How many tokens a session keeps of each distribution.
  public static let savedDetail = 64

  /// The likeliest tokens, in falling order; equals by rising id.
  public var tokens: [TokenID]
  /// Their raw logits.
  public var logits: [Float]
  /// How many tokens of the vocabulary are not listed.
  public var tailCount: Int
  /// log Σ exp(logit / T) over the unlisted tokens for each temperature of the grid; empty when
  /// nothing is unlisted.
  public var tailLogSumExp: [Double]
  /// log Σ exp(logit) over the whole vocabulary.
  public var logSumExp: Double
  /// Shannon entropy of the whole distribution at temperature 1, in bits; a lower bound where the model has
  /// not told of all tokens.
  public var entropy: Double
  /// Of how many tokens the model has told, where that is not all: nothing is known of single others.
  public var listedCount: Int?

  public init(
    tokens: [TokenID], logits: [Float], tailCount: Int, tailLogSumExp: [Double],
    logSumExp: Double, entropy: Double, listedCount: Int? = nil
  ) {
    self.tokens = tokens
    self.logits = logits
    self.tailCount = tailCount
    self.tailLogSumExp = tailLogSumExp
    self.logSumExp = logSumExp
    self.entropy = entropy
    self.listedCount = listedCount
  }

  /// The natural logarithm of a listed token's probability at temperature 1; nil if not listed.
  public func logProbability(of token: TokenID) -> Double? {
    tokens.firstIndex(of: token).map { Double(logits[$0]) - logSumExp }
  }

  /// p(likeliest) − p(second) at temperature 1; nil when fewer than two tokens are listed of a
  /// larger vocabulary.
  public var margin: Double? {
    guard let first = logits.first else { return nil }
    let best = exponential(Double(first) - logSumExp)
    guard logits.count > 1 else { return tailCount == 0 ? best : nil }
    return best - exponential(Double(logits[1]) - logSumExp)
  }

  /// log Σ exp(logit / T) over the unlisted tokens, and whether it is exact; nil outside the grid.
  func tail(at temperature: Double) -> (logSumExp: Double, exact: Bool)? {
    if tailCount == 0 { return (-.infinity, true) }
    let grid = Self.temperatureGrid
    guard tailLogSumExp.count == grid.count else {
      return temperature == 1 ? (tailAtOne, true) : nil
    }
    guard let upper = grid.firstIndex(where: { $0 >= temperature - 1e-9 }) else { return nil }
    if abs(grid[upper] - temperature) < 1e-9 { return (tailLogSumExp[upper], true) }
    guard upper > 0 else { return nil }
    let (low, high) = (tailLogSumExp[upper - 1], tailLogSumExp[upper])
    guard low.isFinite && high.isFinite else { return (-.infinity, false) }
    // T · log-sum-exp is smooth and nearly linear in T (it is a free energy), so it, and not the
    // log-sum-exp itself, is interpolated.
    let share = (temperature - grid[upper - 1]) / (grid[upper] - grid[upper - 1])
    let energy = low * grid[upper - 1] * (1 - share) + high * grid[upper] * share
    return (energy / temperature, false)
  }

  /// The tail's log-sum-exp at temperature 1, from what the listed tokens leave of the whole.
  private var tailAtOne: Double {
    let listed = logits.reduce(0) { $0 + exponential(Double($1) - logSumExp) }
    return listed < 1 ? logSumExp + logarithm(1 - listed) : -.infinity
  }
}

extension TokenDistribution {
  /// The distribution as it is saved.
  ///
  /// - Parameters:
  ///   - detail: how many of the likeliest tokens to list.
  ///   - withTail: whether to keep the tail at every temperature of the grid.
  public func summary(
    detail: Int = DistributionSummary.savedDetail, withTail: Bool = true
  ) -> DistributionSummary {
    let tokens = likeliest(detail)
    let listed = Set(tokens)
    var tailLogits: [Float] = []
    if withTail && isComplete && tokens.count < logits.count {
      tailLogits.reserveCapacity(logits.count - tokens.count)
      for (index, logit) in logits.enumerated() where !listed.contains(TokenID(index)) {
        tailLogits.append(logit)
      }
    }
    let tail =
      tailLogits.isEmpty
      ? [] : DistributionSummary.temperatureGrid.map { Self.tail(tailLogits, temperature: $0) }
    return DistributionSummary(
      tokens: tokens, logits: tokens.map { logits[Int($0)] },
      tailCount: logits.count - tokens.count, tailLogSumExp: tail, logSumExp: logSumExp,
      entropy: entropy, listedCount: isComplete ? nil : logits.count - unlistedCount)
  }

  /// log Σ exp(logit / temperature) to Float's precision.
  private static func tail(_ logits: [Float], temperature: Double) -> Double {
    guard let highest = logits.max(), highest.isFinite else { return -.infinity }
    let sum = sumOfExponentials(logits, shift: highest, scale: Float(1 / temperature))
    return Double(highest) / temperature + logarithm(sum)
  }
}
