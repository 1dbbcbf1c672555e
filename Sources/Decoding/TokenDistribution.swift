import Foundation

/// The model's distribution over the next token, as raw logits over the whole vocabulary.
///
/// Everything shown on screen is derived from these numbers: temperature, top-k, top-p and
/// min-p re-shape them without another forward pass.
public struct TokenDistribution: Sendable {
  /// Raw logits. [vocabulary]
  public let logits: [Float]

  /// log Σ exp(logit), the normaliser at temperature 1.
  public let logSumExp: Double

  /// - Parameter logits: raw logits, one for each token; a NaN counts as −∞.
  public init(logits: [Float]) {
    var logits = logits
    for index in logits.indices where logits[index].isNaN { logits[index] = -.infinity }
    self.logits = logits
    logSumExp = Self.logSumExp(logits, temperature: 1)
  }

  /// log Σ exp(logit / temperature), summed in index order so that the result is always the same.
  static func logSumExp(_ logits: [Float], temperature: Double) -> Double {
    guard let highest = logits.max(), highest.isFinite else { return -.infinity }
    let scale = 1 / temperature
    var sum = 0.0
    for logit in logits { sum += exp((Double(logit) - Double(highest)) * scale) }
    return Double(highest) * scale + log(sum)
  }

  /// The probability of a token at temperature 1; 0 for a token outside the vocabulary.
  public func probability(of token: TokenID) -> Double { exp(logProbability(of: token)) }

  /// The natural logarithm of the token's probability at temperature 1.
  public func logProbability(of token: TokenID) -> Double {
    guard logits.indices.contains(Int(token)) else { return -.infinity }
    return Double(logits[Int(token)]) - logSumExp
  }

  /// The likeliest token; of equals the one with the lowest id.
  public var argmax: TokenID {
    var best = 0
    for index in logits.indices where logits[index] > logits[best] { best = index }
    return TokenID(best)
  }
}
