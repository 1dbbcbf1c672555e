public import ArgumentParser
import Decoding
import Engine
import Foundation
import Learning
import Reasoning
import Training

/// `ponder pretrain`: a model from nothing.
struct PretrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pretrain", abstract: "Train a model from nothing.",
    discussion: """
      Reads documents that 'ponder curriculum --tokenizer FILE' has written, and trains a model of the \
      llama architecture on them: Muon for the matrices of its blocks, AdamW for the rest. Samples/\
      Models/pretrain/README.md tells how the bundled models were made.

      The folder gets a log (log.jsonl, a line every 50 steps, which is also printed), a checkpoint \
      every few minutes, the weights after every 4 million tokens, and those at the end. A run that \
      was stopped, in whatever way, goes on to the very same weights: give the same command again.
      """)

  @Option(help: ArgumentHelp("The documents: a token file.", valueName: "file"))
  var tokens: String?

  @Option(
    help: ArgumentHelp(
      "The size of the model: \(Self.shapes).", valueName: "name"))
  var shape: String?

  @Option(help: "In place of --shape: the width of the residual stream.") var width: Int?
  @Option(help: "In place of --shape: how many layers.") var layers: Int?
  @Option(help: "In place of --shape: how many heads.") var heads: Int?
  @Option(help: "In place of --shape: the width of the feed-forward blocks.") var feedForward: Int?

  @Option(help: "How many steps, of 4096 tokens each.") var steps = 8600
  @Option(help: "Decides the first weights and the order of the documents.") var seed: UInt64 = 1

  @Option(help: ArgumentHelp("The folder of the run.", valueName: "folder"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "A checkpoint of another run to begin with; its schedule begins anew.", valueName: "file"))
  var start: String?

  @Option(help: "Multiplies the learning rates.") var peak = 1.0

  @Option(
    help: ArgumentHelp(
      "What the model is for, as its file says: base or think.", valueName: "stage"))
  var stage = FamilyMember.Stage.base.rawValue

  @Option(
    help: ArgumentHelp(
      "A GGUF file with the vocabulary of the tokens (default: that of the bundled models).",
      valueName: "file"))
  var vocabulary: String?

  @Option(
    help: ArgumentHelp(
      "Whenever weights are kept, solves so many dev problems of each family, greedily and after "
        + "\"Let's think step by step.\", and logs the accuracy; 0 for none.", valueName: "count"))
  var measure = 40

  @Option(
    help: ArgumentHelp(
      "Trains nothing: writes the weights of the run's checkpoint as a model.", valueName: "file"))
  var export: String?

  @Option(help: "With --export: the format of the matrices.")
  var type: TrainableWeights.FileFormat = .f16

  @Option(help: "How many threads compute (default: one per processor).") var threads: Int?
  @Option(help: "Forces an instruction set: \(InstructionSet.names).") var isa: InstructionSet?

  private static let shapes = PretrainingShape.named.map(\.key).joined(separator: ", ")

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024.")
    }
    guard export == nil else { return }
    guard tokens != nil else { throw ValidationError("--tokens FILE is missing.") }
    guard (1...100_000_000).contains(steps) else {
      throw ValidationError("--steps must be from 1 to 100000000.")
    }
    guard peak > 0, peak <= 100 else {
      throw ValidationError("--peak must be above 0, at most 100.")
    }
    guard (0...10_000).contains(measure) else {
      throw ValidationError("--measure must be from 0 to 10000.")
    }
    guard !stage.isEmpty, stage.allSatisfy({ $0.isLetter && $0.isASCII }) else {
      throw ValidationError("--stage is a word of letters, such as base or think.")
    }
    if let fault = try asked().fault { throw ValidationError("\(fault).") }
  }

  /// The sizes that were asked for.
  private func asked() throws -> PretrainingShape {
    let own = [width, layers, heads, feedForward]
    guard let shape else {
      guard let width, let layers, let heads, let feedForward else {
        throw ValidationError(
          "--shape \(Self.shapes.replacing(", ", with: "|")) is missing, or all of --width, --layers, "
            + "--heads and --feed-forward.")
      }
      return PretrainingShape(width: width, layers: layers, heads: heads, feedForward: feedForward)
    }
    guard own.allSatisfy({ $0 == nil }) else {
      throw ValidationError("Give either --shape, or the sizes one by one.")
    }
    guard let known = PretrainingShape.named.first(where: { $0.key == shape }) else {
      throw ValidationError("There is no shape “\(shape)”; known: \(Self.shapes).")
    }
    return known.value
  }

  func run() async throws {
    let vocabularyPath =
      try vocabulary
      ?? Resources.folder("Samples/Models").appending(path: "pretrain/vocabulary.gguf").path
    let vocabulary = try GGUFFile(path: vocabularyPath)
    if let export {
      let checkpoint = URL(fileURLWithPath: output).appending(path: "checkpoint.gguf").path
      return try PretrainedModel.export(
        checkpoint: checkpoint, vocabulary: vocabulary, to: export, format: type)
    }
    let documents = try TokenFile(path: tokens ?? "")
    try documents.check(against: vocabulary.vocabulary(), path: tokens ?? "")
    var settings = PretrainingSettings(shape: try asked(), steps: steps)
    (settings.seed, settings.peak, settings.stage) = (seed, peak, stage)
    let start = try start.map { path throws(CheckpointError) in try TrainingCheckpoint(path: path) }
    let accuracy =
      measure > 0 ? PretrainingAccuracy(prompts: try .bundled(), count: measure) : nil
    let options = EngineOptions(
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, instructionSet: isa)
    let (end, signal) = try await cancellingOnSignal { [settings] in
      let pretraining = try Pretraining(
        settings, tokens: documents, vocabulary: vocabulary, start: start,
        folder: URL(fileURLWithPath: output, isDirectory: true), options: options)
      return try await train(pretraining, documents, accuracy)
    }
    if end == .stopped {
      StandardError.tell("stopped; the same command goes on from there.")
      throw ExitCode.interrupted(by: signal ?? SIGINT)
    }
  }

  private func train(
    _ pretraining: Pretraining, _ documents: TokenFile, _ accuracy: PretrainingAccuracy?
  ) async throws -> Pretraining.End {
    let (before, tokensBefore) = (pretraining.step, pretraining.tokens)
    StandardError.tell(
      "\(pretraining.parameterCount) weights, \(documents.tokenCount) tokens in "
        + "\(documents.documentCount) documents"
        + (before > 0 ? "; going on after step \(before)" : ""))
    let line = ProgressLine()
    defer { line.clear() }
    var measure: Pretraining.Measurement?
    if let accuracy { measure = { try await accuracy.measure($0) } }
    return try await pretraining.run(
      measure: measure,
      progress: { pretraining in
        line.show(
          "pretraining", done: pretraining.step, of: pretraining.settings.steps, before: before,
          tokens: pretraining.tokens - tokensBefore)
      },
      report: { entry in
        line.clear()
        try StandardOutput.writeJSON(entry)
      })
  }
}

extension TrainableWeights.FileFormat: ExpressibleByArgument {}
