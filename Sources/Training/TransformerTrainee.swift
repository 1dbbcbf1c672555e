import CKernels
public import Decoding
public import Engine
public import Foundation

/// A transformer of the llama family in training.
public final class TransformerTrainee: HeadedTrainee, DistributionTrainee {
  public let model: any LanguageModel
  public let pass: TrainingPass
  private var optimizer: any Optimizer
  private let optimizerSettings: any OptimizerSettings
  /// The weights that training began with.
  private let start: any WeightStore
  private let file: GGUFFile
  private let configuration: ModelConfiguration
  private let options: EngineOptions
  public let rowLimit: Int
  /// Made when a reference is first asked for.
  private var frozen: TrainingPass?
  /// Made when it is first asked for.
  private var frozenModel: (any LanguageModel)?

  /// - Parameters:
  ///   - name: how the model is called while it is trained.
  ///   - options: of the model that decodes; its threads train, too.
  /// - Throws: `GGUFError`, `TokenizerError`, `ModelError` for what cannot be trained.
  public init(
    _ file: GGUFFile, name: String, optimizer: any OptimizerSettings = AdamW.Settings(),
    options: EngineOptions = EngineOptions()
  ) throws {
    let vocabulary = try file.vocabulary()
    configuration = try ModelConfiguration(file, vocabularySize: vocabulary.count)
    self.file = file
    start = ModelLoader.store(file)
    self.options = options
    rowLimit = TrainingPass.rowLimit(configuration)
    pass = try TrainingPass(
      configuration, copying: start, name: name, threads: options.threads,
      instructionSet: options.instructionSet)
    optimizerSettings = optimizer
    self.optimizer = try optimizer.optimizer(of: pass.weights)
    model = try TransformerModel(
      configuration: configuration, weights: pass.weights, vocabulary: vocabulary,
      chatTemplate: file.chatTemplate, options: options)
  }

  /// Why a model of a file cannot be trained, as a sentence goes on; nil where it can.
  public static func obstacle(
    to file: GGUFFile, _ configuration: ModelConfiguration
  ) -> String? {
    do throws(ModelError) {
      try TrainingPass.check(configuration, ModelLoader.store(file))
      return nil
    } catch {
      if case .untrainable(let why) = error { return why }
      return "\(error)"
    }
  }

  public var modelAtStart: any LanguageModel {
    get throws {
      if let frozenModel { return frozenModel }
      // Weights that are no numbers of 32 bits are read as training reads them: what is sampled is
      // then what the model under training would have said before its first step.
      let weights = try TrainableWeights(
        copying: start, names: pass.weights.parameters.map(\.name), name: model.identity.name)
      let made = try TransformerModel(
        configuration: configuration, weights: weights, vocabulary: file.vocabulary(),
        chatTemplate: file.chatTemplate, options: options)
      frozenModel = made
      return made
    }
  }

  public var parameterCount: Int { pass.weights.count }
  public var step: Int { optimizer.step }

  /// The model that training began with, as runs name it.
  public var beginning: ModelIdentity {
    var identity = model.identity
    identity.hash = start.hash
    identity.fileType = start.fileType
    return identity
  }

  public func forward(_ rows: PackedRows) throws -> TrainingPass.Outcome { try pass.forward(rows) }

  public func forwardAtStart(_ rows: PackedRows) throws -> TrainingPass.Outcome {
    try passAtStart().forward(rows)
  }

  private func passAtStart() throws -> TrainingPass {
    let known =
      try frozen
      ?? TrainingPass(
        configuration, copying: start, name: pass.weights.name, threads: options.threads,
        instructionSet: options.instructionSet, isTrained: false)
    frozen = known
    return known
  }

  public func backward(slopes: [Float], entropySlopes: [Float]?) throws {
    try pass.backward(slopes: slopes, entropySlopes: entropySlopes)
  }

  public var width: Int { pass.width }

  public func forwardWithStates(_ rows: PackedRows) throws -> TrainingPass.Outcome {
    try pass.forward(rows, givesStates: true)
  }

  public func backward(slopes: [Float], stateSlopes: [Float]) throws {
    try pass.backward(slopes: slopes, stateSlopes: stateSlopes)
  }

  public func forwardWithLogits(_ rows: PackedRows) throws -> TrainingPass.Outcome {
    try pass.forward(rows, givesLogits: true)
  }

  public func forwardWithLogitsAtStart(_ rows: PackedRows) throws -> TrainingPass.Outcome {
    try passAtStart().forward(rows, givesLogits: true)
  }

  public func backward(slopes: [Float], logitSlopes: [Float]) throws {
    try pass.backward(slopes: slopes, logitSlopes: logitSlopes)
  }

  public func update(rate: Double, maxNorm: Double) throws -> Double {
    let norm = pass.gradientNorm()
    guard norm.isFinite else {
      pass.clearGradients()
      throw TrainingError.notANumber(step: optimizer.step + 1)
    }
    try optimizer.update(pass, rate: rate, scale: norm > maxNorm ? Float(maxNorm / norm) : 1)
    pass.clearGradients()
    return norm
  }

  public func restart() throws {
    try pass.weights.copy(start)
    optimizer = try optimizerSettings.optimizer(of: pass.weights)
  }

  // MARK: Checkpoints

  /// What else decides the weights to the bit, by the options of the command line: sums are taken in
  /// the order of the instruction set, and samples are drawn with keys and values of this precision.
  public var arithmetic: [String: String] {
    ["isa": model.identity.isa, "kv": options.kvFormat.rawValue]
  }

  /// Writes everything that changes in training; whatever stood at the path is replaced at once or not
  /// at all.
  ///
  /// - Parameters:
  ///   - settings: what the run was started with, by name: what must be the same when it goes on.
  ///   - extra: what the loop wants to remember beside.
  /// - Throws: `GGUFError.cannotWrite`; `TrainingError.notANumber` for weights that are none, which
  ///   are not worth a good checkpoint.
  public func save(
    to path: String, settings: [String: String] = [:], extra: Data = Data()
  ) throws {
    try checkWeights()
    try TrainingCheckpoint.write(
      pass.weights, optimizer, settings: settings, extra: extra, to: path)
  }

  /// Looks whether the weights are numbers still: the gradients of a step may be, and the weights
  /// after it too large.
  ///
  /// - Throws: `TrainingError.notANumber`.
  public func checkWeights() throws(TrainingError) {
    let sum = pass.compute.training.square_sum(pass.weights.values, pass.weights.count)
    guard sum.isFinite else { throw .notANumber(step: optimizer.step) }
  }

  /// Goes up whenever the weights, and what the optimizer remembers of their gradients, change.
  public var weightsVersion: UInt64 { pass.weights.version }

  /// Forgets gradients that have added up.
  public func clearGradients() { pass.clearGradients() }

  /// Bytes that the largest passes take: what they keep of their rows.
  ///
  /// - Parameter hasReference: whether the model that training began with is asked, too.
  /// - Throws: `GGUFError`, `ModelError` for a file that is no model.
  public static func passBytes(of file: GGUFFile, hasReference: Bool) throws -> Int {
    // Each row of the embeddings is a token's.
    let embeddings = ModelLoader.store(file).tensor(named: "token_embd.weight")
    let configuration = try ModelConfiguration(
      file, vocabularySize: embeddings?.rowCount ?? 0)
    try configuration.validate()
    return TrainingPass.passBytes(configuration, isTrained: true)
      + (hasReference ? TrainingPass.passBytes(configuration, isTrained: false) : 0)
  }

  /// Goes back to where a checkpoint was written. What training began with stays as it is.
  ///
  /// - Throws: `CheckpointError.otherModel`; nothing is changed then.
  public func restore(_ checkpoint: TrainingCheckpoint) throws(CheckpointError) {
    try checkpoint.restore(pass.weights, optimizer)
    pass.clearGradients()
  }

  /// Writes the weights as a model, with the metadata and vocabulary of the file they were read from.
  ///
  /// - Throws: `GGUFError.cannotWrite`.
  public func write(
    to path: String, lineage: Lineage, format: TrainableWeights.FileFormat = .f16
  ) throws(GGUFError) {
    try pass.weights.write(
      to: path, like: file, lineage: lineage, format: format,
      metadata: ["general.name": .string(lineage.name)])
  }
}
