public import Decoding
public import Engine
public import Foundation
import Traces
public import Training

/// What a pre-training run is started with.
public struct PretrainingSettings: Sendable, Hashable {
  public var shape: PretrainingShape
  public var steps: Int
  /// Decides the first weights and the order of the documents.
  public var seed: UInt64 = 1
  /// Scales the learning rates.
  public var peak = 1.0
  /// What the model is trained for, as its file says: `base` or `think`.
  public var stage = FamilyMember.Stage.base.rawValue
  /// The highest rate of Muon; AdamW has 0.3 of it.
  public var rate = 0.01
  public var batchTokens = 4096
  /// Steps between two lines of the log.
  public var logInterval = 50
  /// Weights are kept with the first line of the log after every so many tokens.
  public var keepInterval = 4_000_000
  public var minutesBetweenCheckpoints = 3.0

  public init(shape: PretrainingShape, steps: Int) {
    self.shape = shape
    self.steps = steps
  }

  /// Rows are as short as their documents allow.
  var rowLengths: [Int] { [128, 256, 512].filter { $0 < shape.context } + [shape.context] }

  /// By name, what must be the same when a run goes on.
  func table(_ tokens: TokenFile, _ vocabulary: GGUFFile, start: TrainingCheckpoint?)
    -> [String: String]
  {
    [
      "width": "\(shape.width)", "layers": "\(shape.layers)", "heads": "\(shape.heads)",
      "feed-forward": "\(shape.feedForward)", "context": "\(shape.context)", "steps": "\(steps)",
      "seed": "\(seed)", "peak": "\(peak)", "rate": "\(rate)", "batch tokens": "\(batchTokens)",
      "stage": stage, "tokens": tokens.digest, "vocabulary": vocabulary.identity(),
      "start": start?.digest ?? "none",
    ]
  }
}

/// Trains a model from nothing, or from a checkpoint, on tokenised documents: Muon for the matrices of
/// the blocks, AdamW for the rest, a trapezoid of learning rates.
///
/// A folder holds all of a run: the log, a checkpoint that is written every few minutes, the weights
/// kept on the way and those at the end. A run that was stopped, in whatever way, goes on from the
/// checkpoint to the very same weights.
public final class Pretraining {
  /// What a run has to remember beside weights and optimizer.
  struct State: Codable, Equatable {
    var shape: PretrainingShape
    var stage: String
    /// Steps of this run.
    var step = 0
    var tokens = 0
    /// Of the steps that no line of the log tells of yet.
    var losses: [Double] = []
    /// Of these steps.
    var newTokens = 0
    var minutes = 0.0
  }

  /// How a run was left.
  public enum End: Sendable { case finished, stopped }

  /// Measures a model in training: how often it solves problems, by family and strategy. Nil when it
  /// was cancelled.
  public typealias Measurement =
    @Sendable (any LanguageModel) async throws -> [String: [String: Double]]?

  public let settings: PretrainingSettings
  private let trainee: TransformerTrainee
  private let model: PretrainedModel
  private let table: [String: String]
  private let log: PretrainingLog
  private let folder: URL
  private var batches: PretrainingBatches
  private var state: State
  /// The step of the checkpoint there is; nil before the first.
  private var savedStep: Int?

  /// Steps so far.
  public var step: Int { state.step }
  /// Tokens seen so far.
  public var tokens: Int { state.tokens }
  public var parameterCount: Int { trainee.parameterCount }

  /// Makes a run ready to begin or, where its folder has a checkpoint, to go on.
  ///
  /// - Parameters:
  ///   - vocabulary: a file whose vocabulary the tokens are of.
  ///   - start: a checkpoint to begin with, in place of random weights. The schedule is the run's own.
  ///   - folder: where everything is written; made if it is not there.
  ///   - options: threads and instruction set.
  /// - Throws: `PretrainingError`, `CheckpointError` for a checkpoint that is damaged or was made with
  ///   other settings, `GGUFError`, `TokenizerError`, `ModelError`, `TokenFileError`.
  public init(
    _ settings: PretrainingSettings, tokens: TokenFile, vocabulary: GGUFFile,
    start: TrainingCheckpoint? = nil, folder: URL, options: EngineOptions = EngineOptions()
  ) throws {
    if let fault = settings.shape.fault { throw PretrainingError.invalidShape(fault) }
    self.settings = settings
    self.folder = folder
    do {
      try WholeFile.makeFolder(folder)
    } catch {
      throw PretrainingError.cannotWrite(path: folder.path, reason: WholeFile.reason(error))
    }
    log = try PretrainingLog(path: folder.appending(path: "log.jsonl").path)
    model = try PretrainedModel(settings.shape, vocabulary: vocabulary, seed: settings.seed)
    trainee = try model.trainee(options)
    table = settings.table(tokens, vocabulary, start: start)
    batches = PretrainingBatches(
      tokens, lengths: settings.rowLengths, batchTokens: settings.batchTokens, seed: settings.seed)
    state = State(shape: settings.shape, stage: settings.stage)
    try resume(start: start)
  }

  private var checkpointPath: String { folder.appending(path: "checkpoint.gguf").path }

  private func resume(start: TrainingCheckpoint?) throws {
    removeRemains()
    if FileManager.default.fileExists(atPath: checkpointPath) {
      let checkpoint = try TrainingCheckpoint(path: checkpointPath)
      try checkpoint.check(table)
      state = try PretrainedModel.state(of: checkpoint, at: checkpointPath)
      try trainee.restore(checkpoint)
      savedStep = state.step
    } else if let start {
      state.tokens = try PretrainedModel.state(of: start, at: "--start").tokens
      try trainee.restore(start)
    }
    try log.cut(after: state.step - state.losses.count)
    try batches.skip(state.step)
  }

  /// Removes what a process that was killed had begun to write.
  private func removeRemains() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.contains(".gguf.") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  // MARK: Training

  /// Trains until the last step, or until it is told to stop; either way a checkpoint is left.
  ///
  /// - Parameters:
  ///   - measure: is asked whenever weights are kept.
  ///   - isStopped: is asked before each step.
  ///   - progress: is called after each step.
  ///   - report: is called with each line of the log.
  /// - Throws: `PretrainingError.cannotWrite`, `.diverged`; the last checkpoint is as it was. What
  ///   `measure` and `report` throw.
  public func run(
    measure: Measurement? = nil, isStopped: () -> Bool = { Task.isCancelled },
    progress: (Pretraining) -> Void = { _ in }, report: (PretrainingEntry) throws -> Void = { _ in }
  ) async throws -> End {
    do {
      return try await train(measure, isStopped, progress, report)
    } catch TrainingError.notANumber(_) {
      throw PretrainingError.diverged(step: state.step, savedStep: savedStep)
    }
  }

  private func train(
    _ measure: Measurement?, _ isStopped: () -> Bool, _ progress: (Pretraining) -> Void,
    _ report: (PretrainingEntry) throws -> Void
  ) async throws -> End {
    // A disk that takes no checkpoint is better known before the work than after it.
    if savedStep == nil { try save() }
    let clock = ContinuousClock()
    let minutesBefore = state.minutes
    let start = clock.now
    var lastSaved = start
    while true {
      state.minutes = minutesBefore + (clock.now - start) / .seconds(60)
      if isEntryDue {
        let entry = try await entry(measure)
        // Measuring is done over when the run goes on.
        guard let entry else { return try stop() }
        try log.append(entry)
        do { try report(entry) } catch {
          try save()
          throw error
        }
      }
      if state.step >= settings.steps { break }
      if isStopped() { return try stop() }
      if (clock.now - lastSaved) / .seconds(60) >= settings.minutesBetweenCheckpoints {
        try save()
        lastSaved = clock.now
      }
      try takeStep()
      progress(self)
    }
    try save()
    return .finished
  }

  private func stop() throws -> End {
    try save()
    return .stopped
  }

  private func takeStep() throws {
    let batch = try batches.next()
    let (rows, weights) = batches.packed(batch)
    let outcome = try trainee.forward(rows)
    let value = CrossEntropy.value(outcome.logProbabilities, weights: weights)
    try trainee.backward(slopes: value.slopes, entropySlopes: nil)
    let factor = RateSchedule.trapezoid.factor(at: state.step, of: settings.steps)
    _ = try trainee.update(rate: settings.rate * settings.peak * factor, maxNorm: .infinity)
    state.step += 1
    state.tokens += batch.tokenCount
    state.newTokens += batch.tokenCount
    state.losses.append(value.loss)
  }

  // MARK: What is written

  private var isEntryDue: Bool {
    !state.losses.isEmpty
      && (state.step % settings.logInterval == 0 || state.step >= settings.steps)
  }

  /// Ends what the next line of the log tells of, and keeps the weights where they are due.
  ///
  /// - Returns: nil when measuring was cancelled; then nothing has ended.
  private func entry(_ measure: Measurement?) async throws -> PretrainingEntry? {
    let isLast = state.step >= settings.steps
    var accuracy: [String: [String: Double]]?
    let kept = settings.keepInterval
    if isLast || state.tokens / kept != (state.tokens - state.newTokens) / kept {
      try keep(isLast: isLast)
      if let measure {
        guard let found = try await measure(trainee.model) else { return nil }
        accuracy = found
      }
    }
    let loss = state.losses.reduce(0, +) / Double(state.losses.count)
    state.losses = []
    state.newTokens = 0
    return PretrainingEntry(
      step: state.step, tokens: state.tokens, loss: (loss * 1e4).rounded() / 1e4,
      minutes: (state.minutes * 100).rounded() / 100, accuracy: accuracy)
  }

  private func save() throws {
    try writing(checkpointPath) {
      try trainee.save(
        to: checkpointPath, settings: table, extra: try JSONEncoder().encode(state))
    }
    savedStep = state.step
  }

  /// Writes the weights as a model.
  private func keep(isLast: Bool) throws {
    let path = folder.appending(
      path: model.fileName(stage: settings.stage, tokens: isLast ? nil : state.tokens)
    ).path
    try trainee.checkWeights()
    try writing(path) {
      try model.write(trainee, stage: settings.stage, tokens: state.tokens, to: path)
    }
  }

  private func writing(_ path: String, _ body: () throws -> Void) throws {
    do { try body() } catch GGUFError.cannotWrite(_, let reason) {
      throw PretrainingError.cannotWrite(path: path, reason: reason, savedStep: savedStep)
    }
  }
}

/// Why a model cannot be pre-trained.
public enum PretrainingError: Error, Equatable, CustomStringConvertible {
  case invalidShape(String)
  /// Another process trains in the folder.
  case isRunning(folder: String)
  /// - savedStep: the step of the last checkpoint, which is as it was.
  case cannotWrite(path: String, reason: String, savedStep: Int? = nil)
  /// The gradients of the step after this one, or the weights after it, are not numbers any more.
  case diverged(step: Int, savedStep: Int?)
  /// A checkpoint of another kind of training.
  case notPretraining(path: String)

  public var description: String {
    switch self {
    case .invalidShape(let fault): "The model cannot be made: \(fault)."
    case .isRunning(let folder): "Another process trains in \(folder)."
    case .cannotWrite(let path, let reason, let savedStep):
      "Cannot write \(path): \(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)."
        + Self.checkpoint(savedStep, " is as it was: the same command goes on from there.")
    case .diverged(let step, let savedStep):
      "After step \(step) the weights or their gradients are no numbers any more: the learning "
        + "rates are too high." + Self.checkpoint(savedStep, " is as it was.")
    case .notPretraining(let path): "\(path) is no checkpoint of pre-training."
    }
  }

  private static func checkpoint(_ step: Int?, _ state: String) -> String {
    step.map { " The checkpoint of step \($0)\(state)" } ?? ""
  }
}
