import Decoding
import Engine
import Foundation
import Training

@testable import Learning

/// A model in training whose weights break at a step, and which may not find its way back.
final class UnreliableTrainee: KeptTrainee {
  private let trainee: TransformerTrainee
  private let breaksAtStep: Int
  private let canGoBack: Bool

  init(_ trainee: TransformerTrainee, breaksAtStep: Int, canGoBack: Bool = true) {
    self.trainee = trainee
    self.breaksAtStep = breaksAtStep
    self.canGoBack = canGoBack
  }

  func update(rate: Double, maxNorm: Double) throws -> Double {
    let rate = trainee.step + 1 == breaksAtStep ? 1e20 : rate
    return try trainee.update(rate: rate, maxNorm: maxNorm)
  }

  func goBack(toCheckpoint path: String, settings: [String: String]?) throws -> Data {
    guard canGoBack else { throw CheckpointError.damaged(path: path) }
    return try trainee.goBack(toCheckpoint: path, settings: settings)
  }

  // MARK: As the model

  var model: any LanguageModel { trainee.model }
  var modelAtStart: any LanguageModel { get throws { try trainee.modelAtStart } }
  var parameterCount: Int { trainee.parameterCount }
  var step: Int { trainee.step }
  var beginning: ModelIdentity { trainee.beginning }
  var arithmetic: [String: String] { trainee.arithmetic }
  var weightsVersion: UInt64 { trainee.weightsVersion }

  func forward(_ rows: PackedRows) throws -> TrainingPass.Outcome { try trainee.forward(rows) }
  func forwardAtStart(_ rows: PackedRows) throws -> TrainingPass.Outcome {
    try trainee.forwardAtStart(rows)
  }
  func backward(slopes: [Float], entropySlopes: [Float]?) throws {
    try trainee.backward(slopes: slopes, entropySlopes: entropySlopes)
  }
  func restart() throws { try trainee.restart() }
  func clearGradients() { trainee.clearGradients() }
  func save(to path: String, settings: [String: String], extra: Data) throws {
    try trainee.save(to: path, settings: settings, extra: extra)
  }
  func write(
    to path: String, lineage: Lineage, format: TrainableWeights.FileFormat
  ) throws(GGUFError) {
    try trainee.write(to: path, lineage: lineage, format: format)
  }
}
