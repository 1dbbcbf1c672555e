/// What an objective makes of a pass: a loss, and its derivative by everything that the pass told
/// of every token that was asked for, which the backward pass turns into gradients of the weights.
public struct ObjectiveValue: Sendable, Equatable {
  public var loss: Double
  /// ∂ loss / ∂ log p of each token. [targets]
  public var slopes: [Float]
  /// ∂ loss / ∂ what a value head said before each token; nil where the objective has no use for
  /// one. [targets]
  public var valueSlopes: [Float]?
  /// ∂ loss / ∂ each logit that a token was chosen from, beside what follows from `slopes`; nil where
  /// the objective looks at no more than the token's own probability. [targets, vocabulary]
  public var logitSlopes: [Float]?
  /// Whether the ratio of each token was clipped; empty where the objective clips nothing.
  /// [targets]
  public var isClipped: [Bool] = []

  public init(
    loss: Double, slopes: [Float], valueSlopes: [Float]? = nil, logitSlopes: [Float]? = nil
  ) {
    self.loss = loss
    self.slopes = slopes
    self.valueSlopes = valueSlopes
    self.logitSlopes = logitSlopes
  }

  /// Of nothing: what the terms of an objective are added to.
  static func zero(
    targets: Int, hasValues: Bool = false, clips: Bool = false
  ) -> ObjectiveValue {
    let slopes = Array(repeating: Float(0), count: targets)
    var value = ObjectiveValue(loss: 0, slopes: slopes, valueSlopes: hasValues ? slopes : nil)
    if clips { value.isClipped = Array(repeating: false, count: targets) }
    return value
  }
}

/// A completion that a model sampled, as objectives of reinforcement learning see it.
public struct SampledCompletion: Sendable, Equatable {
  /// Its tokens, as indices into the targets of a pass.
  public var targets: Range<Int>
  /// log p of its tokens under the weights that sampled them. [targets.count]
  public var sampled: [Float]
  /// log p of its tokens under the reference model; nil without one. [targets.count]
  public var reference: [Float]?
  /// The advantage of each of its tokens; none before they are known. [targets.count]
  public var advantages: [Double]

  public init(
    targets: Range<Int>, sampled: [Float], reference: [Float]? = nil, advantages: [Double] = []
  ) {
    self.targets = targets
    self.sampled = sampled
    self.reference = reference
    self.advantages = advantages
  }
}

/// Means over the tokens of several parts, each of which knows its own mean.
enum TokenMean {
  static func of(_ parts: [(mean: Double, tokens: Int)]) -> Double {
    let tokens = parts.reduce(0) { $0 + $1.tokens }
    guard tokens > 0 else { return 0 }
    return parts.reduce(0) { $0 + $1.mean * Double($1.tokens) } / Double(tokens)
  }
}
