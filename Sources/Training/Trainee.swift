public import Decoding
import Engine

/// A model in training, as a recipe sees it: it decodes with the weights as they are now, tells how
/// likely texts are, and takes steps against a loss.
///
/// One caller at a time, and none of these calls while `model` decodes.
public protocol Trainee: AnyObject {
  /// Decodes with the weights as they are now.
  var model: any LanguageModel { get }
  /// Decodes with the weights that training began with: what recipes sample from that learn about a
  /// model's answers without changing them.
  ///
  /// - Throws: `ModelError`, where there is no room for it.
  var modelAtStart: any LanguageModel { get throws }
  /// How many weights are trained.
  var parameterCount: Int { get }
  /// Steps of the optimizer so far.
  var step: Int { get }
  /// The most rows of a pass where a batch is cut into several (see `PackedRows.passes`).
  var rowLimit: Int { get }

  /// How likely each target of the rows is.
  ///
  /// - Throws: `ModelError`.
  func forward(_ rows: PackedRows) throws -> TrainingPass.Outcome

  /// The same under the weights that training began with: a reference that does not learn.
  ///
  /// - Throws: `ModelError`.
  func forwardAtStart(_ rows: PackedRows) throws -> TrainingPass.Outcome

  /// Adds to the gradients, for the rows of the last `forward`.
  ///
  /// - Parameters:
  ///   - slopes: the loss's derivative by the log probability of each target. [targets]
  ///   - entropySlopes: by the entropy that each target was told with; nil for none. [targets]
  func backward(slopes: [Float], entropySlopes: [Float]?) throws

  /// Takes a step of the optimizer along the gradients that have added up, and clears them.
  ///
  /// - Parameters:
  ///   - rate: the learning rate.
  ///   - maxNorm: the gradients' greatest norm; a greater one is scaled down to it.
  /// - Returns: the norm before that.
  /// - Throws: `TrainingError.notANumber` where the norm is none; the weights are as they were.
  @discardableResult
  func update(rate: Double, maxNorm: Double) throws -> Double

  /// Goes back to the weights that training began with, and to a new optimizer.
  func restart() throws
}

extension Trainee {
  public var rowLimit: Int { 8192 }
}

/// A trainee whose hidden states heads can read, and learn from.
public protocol HeadedTrainee: Trainee {
  /// Elements of a hidden state.
  var width: Int { get }

  /// As `forward`, with the hidden state of each target.
  ///
  /// - Throws: `ModelError`.
  func forwardWithStates(_ rows: PackedRows) throws -> TrainingPass.Outcome

  /// As `backward`, for the rows of the last `forwardWithStates`.
  ///
  /// - Parameter stateSlopes: the loss's derivative by each hidden state. [targets, width]
  func backward(slopes: [Float], stateSlopes: [Float]) throws
}

/// A trainee that tells whole distributions, and learns from what is said of them.
public protocol DistributionTrainee: Trainee {
  /// As `forward`, with the logits that each target was chosen from.
  ///
  /// - Throws: `ModelError`.
  func forwardWithLogits(_ rows: PackedRows) throws -> TrainingPass.Outcome

  /// The same under the weights that training began with.
  ///
  /// - Throws: `ModelError`.
  func forwardWithLogitsAtStart(_ rows: PackedRows) throws -> TrainingPass.Outcome

  /// As `backward`, for the rows of the last `forwardWithLogits`.
  ///
  /// - Parameter logitSlopes: the loss's derivative by the logits of each target, beside what
  ///   follows from `slopes`. [targets, vocabulary]
  func backward(slopes: [Float], logitSlopes: [Float]) throws
}

/// Why training cannot go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// The gradients at a step are not numbers any more.
  case notANumber(step: Int)

  public var description: String {
    switch self {
    case .notANumber(let step):
      "The gradients of step \(step) are not numbers any more: the learning rate may be too high."
    }
  }
}
