public import Engine

/// Turns gradients into steps of the weights.
///
/// Everything is computed in single precision, and equal to the bit at any number of threads.
public protocol Optimizer: AnyObject {
  /// How it is called in checkpoints, such as `AdamW`.
  var name: String { get }
  /// Steps taken. Set only together with `moments`, when a checkpoint is read.
  var step: Int { get set }
  /// All that it remembers beside the number of steps, always in the same order.
  var moments: [OptimizerMoment] { get }

  /// Takes a step along the gradients of a pass.
  ///
  /// - Parameters:
  ///   - rate: the learning rate.
  ///   - scale: multiplies the gradients: what clipping leaves of them.
  /// - Throws: `ModelError.outOfMemory`; the weights are as they were.
  func update(_ pass: TrainingPass, rate: Double, scale: Float) throws(ModelError)
}

/// A running average that an optimizer keeps for a matrix or vector of weights. It is valid as long
/// as its optimizer is.
public struct OptimizerMoment {
  /// Such as `m.blk.0.attn_q.weight`: `m` for an average of gradients, `v` of their squares.
  public let name: String
  /// `[count]`.
  let values: Floats
  public let count: Int

  init(_ kind: String, of parameter: TrainableWeights.Parameter, _ values: Floats) {
    name = "\(kind).\(parameter.name)"
    self.values = values
    count = parameter.count
  }
}

/// What an optimizer is made from.
public protocol OptimizerSettings: Sendable {
  /// An optimizer that has taken no step yet.
  ///
  /// - Throws: `ModelError.outOfMemory`.
  func optimizer(of weights: TrainableWeights) throws(ModelError) -> any Optimizer
}
