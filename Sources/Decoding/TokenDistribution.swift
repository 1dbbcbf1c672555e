/// The model's distribution over the next token, as raw logits over the whole vocabulary.
///
/// Everything shown on screen is derived from these numbers: temperature, top-k, top-p and
/// min-p re-shape them without another forward pass.
public struct TokenDistribution: Sendable {
  /// Raw logits; −∞ for tokens that cannot come. [vocabulary]
  public let logits: [Float]

  /// log Σ exp(logit), the normaliser at temperature 1.
  public let logSumExp: Double

  /// How many tokens of the vocabulary it says nothing of. Only a server's list of its likeliest tokens
  /// leaves any out: the logits of these are −∞ here, but their probabilities are unknown.
  public let unlistedCount: Int

  /// What the unlisted tokens have together at temperature 1.
  public let restMass: Double

  /// Whether every token's probability is known.
  public var isComplete: Bool { unlistedCount == 0 }

  /// - Parameter logits: raw logits, one for each token; a NaN counts as −∞.
  public init(logits: [Float]) {
    var logits = logits
    for index in logits.indices where logits[index].isNaN { logits[index] = -.infinity }
    self.logits = logits
    logSumExp = Self.logSumExp(logits, temperature: 1)
    (unlistedCount, restMass) = (0, 0)
  }

  /// From logits whose normaliser is known already.
  ///
  /// - Parameters:
  ///   - logits: raw logits, none of them NaN. [vocabulary]
  ///   - logSumExp: log Σ exp(logit); −∞ unless the largest logit is finite.
  public init(logits: [Float], logSumExp: Double) {
    self.logits = logits
    self.logSumExp = logSumExp
    (unlistedCount, restMass) = (0, 0)
  }

  /// From a list of the likeliest tokens, which may be all. The probabilities of those listed are exact at
  /// temperature 1, and sampling chooses among them, as top-k would; the entropy is a lower bound.
  ///
  /// - Parameters:
  ///   - listed: tokens of the vocabulary with log p; each counts once.
  ///   - vocabularySize: tokens there are.
  public init(
    listed: some Sequence<(token: TokenID, logProbability: Double)>, vocabularySize: Int
  ) {
    var logits = [Float](repeating: -.infinity, count: vocabularySize)
    var seen: Set<TokenID> = []
    var sum = 0.0
    for (token, logProbability) in listed where logits.indices.contains(Int(token)) {
      guard seen.insert(token).inserted, !logProbability.isNaN else { continue }
      logits[Int(token)] = Float(logProbability)
      sum += exponential(logProbability)
    }
    guard seen.count < vocabularySize else {
      self.init(logits: logits)
      return
    }
    self.init(
      logits: logits, logSumExp: sum > 0 && sum.isFinite ? 0 : -.infinity,
      unlistedCount: vocabularySize - seen.count, restMass: min(1, max(0, 1 - sum)))
  }

  private init(logits: [Float], logSumExp: Double, unlistedCount: Int, restMass: Double) {
    self.logits = logits
    self.logSumExp = logSumExp
    self.unlistedCount = unlistedCount
    self.restMass = restMass
  }

  /// log Σ exp(logit / temperature), summed in index order so that the result is always the same.
  static func logSumExp(_ logits: some Collection<Float>, temperature: Double) -> Double {
    guard let highest = logits.max(), highest.isFinite else { return -.infinity }
    let scale = 1 / temperature
    var sum = 0.0
    for logit in logits { sum += exponential((Double(logit) - Double(highest)) * scale) }
    return Double(highest) * scale + logarithm(sum)
  }

  /// Whether the distribution can be sampled: at least one finite logit and no +∞.
  public var isProper: Bool { logSumExp.isFinite }

  /// The probability of a token at temperature 1; 0 for a token outside the vocabulary.
  public func probability(of token: TokenID) -> Double { exponential(logProbability(of: token)) }

  /// The natural logarithm of the token's probability at temperature 1.
  public func logProbability(of token: TokenID) -> Double {
    guard logits.indices.contains(Int(token)) else { return -.infinity }
    return Double(logits[Int(token)]) - logSumExp
  }

  /// The natural logarithm of the token's probability at temperature 1; nil for an unlisted token, of which
  /// it is unknown.
  public func knownLogProbability(of token: TokenID) -> Double? {
    let logProbability = logProbability(of: token)
    return isComplete || logProbability > -.infinity ? logProbability : nil
  }

  /// The probability of which a natural logarithm is given.
  public static func probability(ofLog logProbability: Double) -> Double {
    exponential(logProbability)
  }

  /// The token's place by falling probability, from 1; equals by rising id. Of an unlisted token the best
  /// that it can have.
  public func rank(of token: TokenID) -> Int {
    guard logits.indices.contains(Int(token)) else { return logits.count }
    let logit = logits[Int(token)]
    if !isComplete, logit == -.infinity { return logits.count - unlistedCount + 1 }
    var rank = 1
    for (index, other) in logits.enumerated()
    where other > logit || (other == logit && index < Int(token)) { rank += 1 }
    return rank
  }

  /// The likeliest token; of equals the one with the lowest id.
  public var argmax: TokenID {
    var best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return TokenID(best)
  }

  /// Shannon entropy at temperature 1, in bits. Where tokens are unlisted it is a lower bound: none of them
  /// is likelier than the least likely that is listed, nor than all of them together.
  public var entropy: Double {
    var sum = 0.0
    for logit in logits where logit.isFinite {
      let logProbability = Double(logit) - logSumExp
      sum -= exponential(logProbability) * logProbability
    }
    if restMass > 0 {
      let least = logits.lazy.filter(\.isFinite).min().map(Double.init) ?? 0
      sum -= restMass * min(least, logarithm(restMass))
    }
    return max(0, sum / logarithm(2))
  }

  /// p(likeliest) − p(second likeliest) at temperature 1, the paper's Δ for one token
  /// (Wang and Zhou 2024, equation 1).
  public var margin: Double {
    let best = likeliest(2)
    guard let first = best.first else { return 0 }
    return probability(of: first) - (best.count > 1 ? probability(of: best[1]) : 0)
  }

  /// The `count` likeliest tokens in falling order, equals by rising id; of those that are listed.
  public func likeliest(_ count: Int) -> [TokenID] {
    let count = min(count, logits.count - unlistedCount)
    guard count > 0 else { return [] }
    if count == logits.count || count > 512 { return Array(sorted().prefix(count)) }
    // A bounded insertion: one pass over the logits, which for the usual count ≤ 64 touches the
    // short list rarely.
    var best: [TokenID] = []
    best.reserveCapacity(count + 1)
    var threshold = -Float.infinity
    for index in logits.indices {
      let logit = logits[index]
      if best.count == count && logit <= threshold { continue }
      var position = best.count
      while position > 0, logits[Int(best[position - 1])] < logit { position -= 1 }
      best.insert(TokenID(index), at: position)
      if best.count > count { best.removeLast() }
      if best.count == count { threshold = logits[Int(best[count - 1])] }
    }
    return best
  }

  private func sorted() -> [TokenID] {
    (0..<TokenID(logits.count)).sorted {
      let (a, b) = (logits[Int($0)], logits[Int($1)])
      return a > b || (a == b && $0 < $1)
    }
  }

  /// The token at which the cumulative weight of the re-shaped distribution passes `u`.
  ///
  /// - Parameter u: a number in [0, 1).
  public func sample(_ settings: SamplingSettings, at u: Double) -> TokenID {
    if settings.isGreedy { return argmax }
    guard settings.filters else {
      return sampleUnfiltered(temperature: settings.temperature, at: u)
    }
    let order = settings.topK.map { likeliest(max(1, $0)) } ?? sorted()
    let shaped = ShapedTokens(
      sorted: order.map { logits[Int($0)] }, unlistedMass: 0, settings: settings)
    var remaining = u * shaped.total
    for (token, weight) in zip(order, shaped.weights) {
      remaining -= weight
      if remaining < 0 { return token }
    }
    return order[max(0, shaped.keptCount - 1)]
  }

  /// Without filters no order is needed, so the tokens are walked by id.
  private func sampleUnfiltered(temperature: Double, at u: Double) -> TokenID {
    let total = Self.logSumExp(logits, temperature: temperature)
    let scale = 1 / temperature
    var remaining = u
    var last = argmax
    for (index, logit) in logits.enumerated() where logit.isFinite {
      let probability = exponential(Double(logit) * scale - total)
      remaining -= probability
      if probability > 0 { last = TokenID(index) }
      if remaining < 0 { return last }
    }
    return last
  }
}
