/// What an objective makes of a pass: a loss, and its derivative by the log probability of every
/// token that was asked for.
public struct ObjectiveValue: Sendable, Equatable {
  public var loss: Double
  /// ∂ loss / ∂ log p of each token. [targets]
  public var slopes: [Float]
}

/// A completion that a model sampled, as objectives of reinforcement learning see it.
public struct SampledCompletion: Sendable, Equatable {
  /// Its tokens, as indices into the targets of a pass.
  public var targets: Range<Int>
  /// log p of its tokens under the weights that sampled them. [targets.count]
  public var sampled: [Float]
  /// log p of its tokens under the reference model; nil without one. [targets.count]
  public var reference: [Float]?
  /// The advantage of each of its tokens. [targets.count]
  public var advantages: [Double]

  public init(
    targets: Range<Int>, sampled: [Float], reference: [Float]? = nil, advantages: [Double]
  ) {
    self.targets = targets
    self.sampled = sampled
    self.reference = reference
    self.advantages = advantages
  }
}
