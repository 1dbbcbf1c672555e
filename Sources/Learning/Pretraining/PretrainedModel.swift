import Decoding
public import Engine
import Foundation
public import Training

/// A model of the family as it stands in files: its checkpoints, and what becomes of them.
public struct PretrainedModel {
  public let shape: PretrainingShape
  /// The model before its first step, with its vocabulary.
  private let untrained: GGUFFile
  private let parameterCount: Int

  init(_ shape: PretrainingShape, vocabulary: GGUFFile, seed: UInt64) throws {
    self.shape = shape
    untrained = try shape.untrained(vocabulary: vocabulary, seed: seed)
    parameterCount = untrained.parameterCount
  }

  func trainee(_ options: EngineOptions) throws -> TransformerTrainee {
    try TransformerTrainee(untrained, name: size, optimizer: Muon.Settings(), options: options)
  }

  /// Such as `0.9M`: what a file's name and a list of models say.
  private var sizeLabel: String {
    let millions = Double(parameterCount) / 1e6
    return String(format: millions < 1 ? "%.1fM" : "%.0fM", millions)
  }

  /// The name of the size, such as `0.9m`.
  private var size: String {
    PretrainingShape.named.first { $0.value == shape }?.key ?? sizeLabel.lowercased()
  }

  /// - Parameter tokens: nil for the weights at the end of a run.
  func fileName(stage: String, tokens: Int?) -> String {
    let place = tokens.map { "-at-\(FamilyMember.label(ofTokens: $0))" } ?? ""
    return "ponder-\(stage)-\(size)\(place).F16.gguf"
  }

  /// Writes a model that llama.cpp and Ponder load. The keys `general.size_label`,
  /// `general.finetune` and `ponder.tokens_seen` tell how the members of a family differ.
  ///
  /// - Throws: `GGUFError.cannotWrite`.
  func write(
    _ trainee: TransformerTrainee, stage: String, tokens: Int, to path: String,
    format: TrainableWeights.FileFormat = .f16
  ) throws(GGUFError) {
    try trainee.pass.weights.write(
      to: path, like: untrained, lineage: nil, format: format,
      metadata: [
        "general.name": .string("Ponder \(stage) \(sizeLabel)"),
        "general.basename": .string("Ponder"), "general.finetune": .string(stage),
        "general.size_label": .string(sizeLabel),
        "ponder.tokens_seen": .uint64(UInt64(clamping: tokens)),
      ])
  }

  /// What a checkpoint of pre-training remembers.
  ///
  /// - Throws: `PretrainingError.notPretraining`.
  static func state(
    of checkpoint: TrainingCheckpoint, at path: String
  ) throws(PretrainingError) -> Pretraining.State {
    guard
      let state = try? JSONDecoder().decode(Pretraining.State.self, from: checkpoint.extra),
      state.shape.fault == nil
    else { throw .notPretraining(path: path) }
    return state
  }

  /// Writes the weights of a checkpoint as a model.
  ///
  /// - Parameter vocabulary: a file whose vocabulary the model has.
  /// - Throws: `CheckpointError`, `PretrainingError.notPretraining`, `GGUFError`, `TokenizerError`.
  public static func export(
    checkpoint path: String, vocabulary: GGUFFile, to output: String,
    format: TrainableWeights.FileFormat
  ) throws {
    let checkpoint = try TrainingCheckpoint(path: path)
    let state = try state(of: checkpoint, at: path)
    let model = try PretrainedModel(state.shape, vocabulary: vocabulary, seed: 1)
    let trainee = try model.trainee(EngineOptions())
    try trainee.restore(checkpoint)
    try model.write(
      trainee, stage: state.stage, tokens: state.tokens, to: output, format: format)
  }
}
