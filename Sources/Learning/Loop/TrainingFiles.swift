public import Decoding
public import Engine
public import Foundation
import Measuring
import Problems
import Traces
public import Training

/// A trainee whose state and weights can be written to files.
public protocol KeptTrainee: Trainee {
  /// The model that training began with, as runs name it.
  var beginning: ModelIdentity { get }
  /// What decides the weights to the bit beside settings, by the options of the command line.
  var arithmetic: [String: String] { get }

  /// Writes everything that changes in training; whatever stood at the path is replaced at once or
  /// not at all.
  ///
  /// - Parameters:
  ///   - settings: what must be the same when training goes on, by name.
  ///   - extra: what the loop wants to remember beside.
  /// - Throws: `GGUFError.cannotWrite`.
  func save(to path: String, settings: [String: String], extra: Data) throws

  /// Goes up whenever the weights, and what the optimizer remembers of their gradients, change.
  var weightsVersion: UInt64 { get }

  /// Forgets gradients that have added up.
  func clearGradients()

  /// Goes back to where a checkpoint was written.
  ///
  /// - Parameter settings: what the training is started with now; nil does not look.
  /// - Returns: what the loop remembered.
  /// - Throws: `CheckpointError`; nothing is changed then.
  func goBack(toCheckpoint path: String, settings: [String: String]?) throws -> Data

  /// Writes the weights as a model.
  ///
  /// - Parameter format: `f32` keeps them bit for bit.
  /// - Throws: `GGUFError.cannotWrite`.
  func write(
    to path: String, lineage: Lineage, format: TrainableWeights.FileFormat
  ) throws(GGUFError)
}

extension TransformerTrainee: KeptTrainee {
  public func goBack(toCheckpoint path: String, settings: [String: String]?) throws -> Data {
    let checkpoint = try TrainingCheckpoint(path: path)
    if let settings { try checkpoint.check(settings) }
    try restore(checkpoint)
    return checkpoint.extra
  }
}

/// How often checkpoints are written.
struct CheckpointPace {
  /// Those of at most so many bytes after every step: they cost next to nothing.
  var small = 64 << 20
  /// Larger ones after every measured step, and otherwise at the latest after so many seconds.
  var seconds = 60.0
}

/// The folder of a training: its newest checkpoint, and the weights of its steps.
final class TrainingFiles {
  private let folder: URL
  private let trainee: any KeptTrainee
  /// Whether the folder is the training's own, to go back to the step before, and goes with it.
  private let isTemporary: Bool
  /// Bytes that the weights of steps may take. When there are more, steps between others go first.
  private static let budget = 1 << 30
  /// What there is to remember after the last step that is complete, and the weights it goes with.
  private var last: (memory: Memory, weights: UInt64)?
  /// The step of the checkpoint there is, and when it was written.
  private var saved: (step: Int, time: ContinuousClock.Instant)?

  /// - Parameter folder: nil for one that nobody else sees.
  /// - Throws: `LearningError.cannotBeKept`, and whatever keeps the folder from being made.
  init?(_ folder: URL?, _ trainee: any Trainee) throws {
    guard let trainee = trainee as? any KeptTrainee else {
      if folder != nil { throw LearningError.cannotBeKept }
      return nil
    }
    self.trainee = trainee
    isTemporary = folder == nil
    self.folder =
      folder
      ?? FileManager.default.temporaryDirectory.appending(
        path: "ponder-training-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
  }

  deinit {
    if isTemporary { try? FileManager.default.removeItem(at: folder) }
  }

  private var checkpoint: String { Self.checkpoint(in: folder) }
  private var steps: URL { folder.appending(path: TrainingRun.stepsFolder) }

  // MARK: Checkpoints

  static func checkpoint(in folder: URL) -> String {
    folder.appending(path: "checkpoint.gguf").path
  }

  /// What the loop remembers beside the weights.
  private struct Memory: Codable {
    var step: Int
    var tokens: Int
    /// The day that the chat template is told, if it asks for one.
    var date: CalendarDay?
    /// The recipe's.
    var state: [UInt8]
  }

  /// What must be the same when training goes on, by name.
  private func identity(of run: TrainingRun) -> [String: String] {
    var all = [
      "model": run.start.hash, "recipe": run.plan.recipe, "problems": run.plan.source.identity,
      "prompts": run.library.digest(run.settings.used),
    ]
    // Where the rate falls to the end, it depends on where the end is, as iterations do.
    if run.settings.schedule == .linear || run.recipe.hasIterations {
      all["steps"] = "\(run.plan.steps)"
    }
    for row in run.recipe.settings { all[row.name] = row.text(of: run.settings.used) }
    return all.merging(trainee.arithmetic) { setting, _ in setting }
      .merging(run.materials.identity) { _, own in own }
  }

  /// Keeps what there is after a step, and writes it where it is time to.
  ///
  /// - Parameters:
  ///   - state: the recipe's.
  ///   - isDue: whether it is to be written in any case.
  func keep(_ run: TrainingRun, state: [UInt8], isDue: Bool) throws {
    let before = last
    let memory = Memory(
      step: run.step, tokens: run.tokens, date: run.settings.used.date, state: state)
    last = (memory, trainee.weightsVersion)
    // The weights and two moments of each.
    let isSmall = trainee.parameterCount * 3 * MemoryLayout<Float>.stride <= run.checkpoints.small
    let age = saved.map { (ContinuousClock.now - $0.time) / .seconds(1) } ?? .infinity
    guard isDue || isSmall || age >= run.checkpoints.seconds else { return }
    do {
      try settle(run)
    } catch {
      // What could not be kept of a step is not what it says it is.
      last = before
      throw error
    }
  }

  /// Writes what there is after the last complete step, if the checkpoint is of an earlier one.
  func settle(_ run: TrainingRun) throws {
    guard let (memory, weights) = last, memory.step != saved?.step,
      weights == trainee.weightsVersion
    else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try trainee.save(
      to: checkpoint, settings: identity(of: run), extra: try encoder.encode(memory))
    saved = (memory.step, .now)
  }

  /// Takes up the training that is in the folder, if there is one.
  ///
  /// - Throws: `CheckpointError` where it is another training's.
  func load(
    _ run: TrainingRun, _ recipe: any Recipe
  ) throws -> (step: Int, tokens: Int, date: CalendarDay?)? {
    guard !isTemporary, FileManager.default.fileExists(atPath: checkpoint) else { return nil }
    let found = try goBack(recipe, named: run.plan.recipe, settings: identity(of: run))
    return (found.step, found.tokens, last?.memory.date)
  }

  /// Goes back to before the step under way. Where its weights have changed already, the checkpoint is
  /// read, which may be of an earlier step.
  ///
  /// - Returns: the step that is the last one then, and tokens learned from until then.
  func goBack(_ run: TrainingRun, _ recipe: any Recipe) throws -> (step: Int, tokens: Int) {
    guard let (memory, weights) = last, weights == trainee.weightsVersion else {
      return try goBack(recipe, named: run.plan.recipe, settings: nil)
    }
    trainee.clearGradients()
    try recipe.restore(memory.state)
    return (memory.step, memory.tokens)
  }

  private func goBack(
    _ recipe: any Recipe, named name: String, settings: [String: String]?
  ) throws -> (step: Int, tokens: Int) {
    let extra = try trainee.goBack(toCheckpoint: checkpoint, settings: settings)
    guard let memory = try? JSONDecoder().decode(Memory.self, from: extra) else {
      throw LearningError.damagedState(name)
    }
    try recipe.restore(memory.state)
    last = (memory, trainee.weightsVersion)
    saved = (memory.step, .now)
    return (memory.step, memory.tokens)
  }

  // MARK: The weights of steps

  /// Whether there is room for the weights of every step: for all of a training's, or else for so many
  /// that those which go leave no great gaps. Otherwise only those of measured steps are written.
  func keepsEveryStep(of steps: Int) -> Bool {
    let (size, isTooMuch) = trainee.parameterCount.multipliedReportingOverflow(
      by: min(max(1, steps), 32) * MemoryLayout<Float>.stride)
    return !isTooMuch && size <= Self.budget
  }

  /// Writes the weights of a step.
  ///
  /// - Returns: the file as the trace names it; nil where weights are not kept.
  func writeWeights(_ run: TrainingRun, step: Int) throws -> TrainingWeights? {
    guard !isTemporary, step > 0 else { return nil }
    try FileManager.default.createDirectory(at: steps, withIntermediateDirectories: true)
    let name = run.name(step: step)
    let file = steps.appending(path: String(name.map { $0 == "/" ? "-" : $0 }) + ".gguf")
    try trainee.write(to: file.path, lineage: run.lineage(step: step), format: .f32)
    thinOut()
    return TrainingWeights(
      step: step, path: file.path, hash: try GGUFFile(path: file.path).identity(), name: name)
  }

  /// Removes weights of steps between others where all take too much room.
  private func thinOut() {
    let keys: [URLResourceKey] = [.fileSizeKey]
    let found = try? FileManager.default.contentsOfDirectory(
      at: steps, includingPropertiesForKeys: keys)
    var files: [(step: Int, size: Int, url: URL)] = (found ?? []).compactMap { url in
      guard url.pathExtension == "gguf",
        let step = url.deletingPathExtension().lastPathComponent.split(separator: "@").last,
        let number = Int(step)
      else { return nil }
      return (number, (try? url.resourceValues(forKeys: Set(keys)).fileSize) ?? 0, url)
    }
    files.sort { $0.step < $1.step }
    while files.count > 2, files.reduce(0, { $0 + $1.size }) > Self.budget {
      let inner = files.indices.dropFirst().dropLast()
      guard
        let least = inner.min(by: {
          files[$0 + 1].step - files[$0 - 1].step < files[$1 + 1].step - files[$1 - 1].step
        })
      else { return }
      try? FileManager.default.removeItem(at: files[least].url)
      files.remove(at: least)
    }
  }
}

extension TrainingRun {
  /// Whether a training that keeps its files in a folder can go on there.
  public static func canGoOn(in folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: TrainingFiles.checkpoint(in: folder))
  }

  /// The folder of the weights of steps, in that of the training.
  public static var stepsFolder: String { "steps" }

  /// Keeps the weights of a step as a file, and tells of it.
  func writeWeights(_ step: Int) throws {
    if let weights = try files?.writeWeights(self, step: step) { emit(.weights(weights)) }
  }
}

extension TrainingPlan.Source {
  /// Tells problems from others.
  fileprivate var identity: String {
    guard case .problems(let problems, _) = self else { return text }
    var digest = TextDigest()
    for problem in problems {
      digest.add([problem.family, problem.question, problem.answer].joined(separator: "\0").utf8)
    }
    return digest.text
  }
}
