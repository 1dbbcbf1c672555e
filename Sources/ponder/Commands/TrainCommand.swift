import ArgumentParser
import Decoding
import Engine
import Foundation
import Learning
import Playground
import Problems
import Reasoning
import Traces
import Training

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a model on problems.",
    discussion: """
      A line on standard output tells of each step: a table on a terminal, else JSON with the names \
      that TRL logs. Ctrl-C ends after the step under way and writes the model of that step; the \
      same command goes on from there. The model that comes out is a GGUF file that remembers what \
      it was trained from; 'ponder models' lists it, and --model takes it everywhere.

      Try: ponder train --model 2m
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case table, jsonl }

  @OptionGroup var training: TrainingOptions

  @Option(
    help: ArgumentHelp(
      "Where to write the model: a GGUF file, or a name in the folder of trained models "
        + "(default: a name such as 2m+grpo@8 there).", valueName: "file|name"))
  var output: String?

  @Flag(help: "Trains from the beginning, and replaces what is there.")
  var anew = false

  @Option(
    help: ArgumentHelp(
      "On how many held-out problems of each core family the model is measured at the end, beside the "
        + "one it began with (default: 20, or 0 with --problems).", valueName: "n"))
  var heldout: Int?

  @Option(help: "\(Format.names) (default: table on a terminal, else jsonl)")
  var format: Format?

  @Option(help: ArgumentHelp("Also saves the trace to a file.", valueName: "file"))
  var trace: String?

  @OptionGroup var model: ModelOptions

  func validate() throws {
    if let heldout, !(0...10_000).contains(heldout) {
      throw ValidationError("--heldout must be from 0 to 10000.")
    }
  }

  func run() async throws {
    let plan = try training.plan()
    let path = try model.path()
    let file = try GGUFFile(path: path)
    let parent = BundledModels.name(of: file, path: path)
    let place = TrainedOutput(output, usual: "\(parent)+\(plan.recipe)@\(plan.steps)")
    let prompts = try PromptLibrary.bundled()
    let recipe = try TrainingOptions.recipe(named: plan.recipe)
    let settings = TrainingSettings(plan.settings, for: recipe)
    let materials = try TrainingMaterials(settings, for: recipe) {
      try TraineeOpening.teacher(named: $0, options: model.engineOptions)
    } judge: {
      try Judges.path($0, for: []).map {
        try Judges.judge(
          path: $0, options: model.engineOptions, remote: model.remote, slots: Judge.rewardSlots)
      }
    }
    let trainee = try TraineeOpening.trainee(
      file, name: parent, settings, options: model.engineOptions)
    try place.check(parent: path, anew: anew)
    try place.begin(anew: anew)
    defer { place.tidy() }
    let control = TrainingControl()
    let report = TrainingReport(
      plan.recipe, format: format ?? (isatty(STDOUT_FILENO) == 1 ? .table : .jsonl),
      trace: try trace.map { try TraceRecording(path: $0, goesOn: place.canGoOn) },
      onFailure: control.end)
    let run = try TrainingRun(
      plan, trainee: trainee, materials: materials, library: prompts, folder: place.folder,
      sink: report.receive)
    let (result, signal) = try await stoppingOnSignal {
      report.tell("ending after the step under way; Ctrl-C again ends at once.")
      control.end()
    } work: {
      await report.showingProgress { await Self.result { try await run.train(control) } }
    }
    let step = try end(run, result, at: place, report, stoppedBy: signal)
    let figures = try await measure(run, report)
    try report.conclude(
      [
        "output": .string(place.path), "name": .string(run.name(step: step)),
        "steps": .number(Double(step)),
      ], figures)
    try report.finish()
    StandardError.tell("try: ponder run --model \(place.handle) --problem apples")
    StandardError.tell("or:  ponder --model \(place.handle)")
  }

  private static func result<Value>(
    _ work: () async throws -> Value
  ) async -> Result<Value, any Error> {
    do {
      return .success(try await work())
    } catch {
      return .failure(error)
    }
  }

  /// Writes the model and says how the training ended.
  ///
  /// - Returns: the step that the model is of.
  /// - Throws: whatever has kept it from its end; `ExitCode.interrupted` when a signal has.
  private func end(
    _ run: TrainingRun, _ result: Result<TrainingEnd, any Error>, at place: TrainedOutput,
    _ report: TrainingReport, stoppedBy signal: Int32?
  ) throws -> Int {
    let step = report.end?.step ?? 0
    let goOn = "The same command goes on from there."
    switch result {
    case .failure(let error):
      try? report.finish()
      if case GGUFError.cannotWrite = error, place.canGoOn {
        throw UserError.failed(
          "\(error) The last checkpoint is as it was: the same command goes on from it.")
      }
      if case CheckpointError.otherSettings(_, let changes) = error {
        throw UserError.usage(
          "\(place.path) is in training with other settings: "
            + changes.map(\.description).joined(separator: ", ")
            + ". Give the same ones, another --output, or --anew to begin anew.")
      }
      // What could not be kept of a step, or not be read back, is not what it says it is.
      if case LearningError.lostWeights = error { throw error }
      guard error is LearningError || error is TrainingError, step > 0 else { throw error }
      let path = try place.write(run, step: step, isLast: false)
      throw UserError.failed(
        "\(error) The model after step \(step) is in \(path).")
    case .success(let end) where end.reason == .completed:
      try place.write(run, step: step, isLast: true)
      try place.complete(keepsSteps: trace != nil)
      StandardError.tell("\(run.name(step: step)) is in \(place.path).")
      return step
    case .success:
      let path = step > 0 ? try place.write(run, step: step, isLast: false) : nil
      try report.finish()
      StandardError.tell(
        path.map {
          "stopped after step \(step) of \(run.plan.steps); the model of that step is in "
            + "\($0). \(goOn)"
        } ?? "stopped before the first step. \(goOn)")
      throw ExitCode.interrupted(by: signal ?? SIGINT)
    }
  }

  /// The final figure: problems that nobody has trained on, answered by the model as it is now and as it
  /// was.
  ///
  /// - Returns: what it adds to the last line.
  private func measure(
    _ run: TrainingRun, _ report: TrainingReport
  ) async throws -> [String: JSONValue] {
    let count = heldout ?? (training.problems == nil ? 20 : 0)
    guard count > 0 else { return [:] }
    let families = ProblemLibrary.coreFamilies.map(\.name)
    return try await stoppingOnSignal {
      // The model is written, and what is measured so far is told.
      try? report.finish()
      Foundation.exit(128 + SIGINT)
    } work: {
      if let figures = try await run.judgeHeldOut(count: count) {
        try report.show(figures)
        return TrainingLines.values(figures)
      }
      let before = try await run.evaluateHeldOut(families, count: count, isAtStart: true)
      let think = try await run.evaluateHeldOut(
        families, count: count, prompting: .think, isAtStart: true)
      let after = try await run.evaluateHeldOut(families, count: count)
      return TrainingLines.values([
        "heldout": after, "heldout/before": before, "heldout/before/think": think,
      ])
    }.result
  }
}

/// Opens models to be trained.
enum TraineeOpening {
  /// - Throws: `UserError` for one that cannot be trained, with what could be.
  static func trainee(
    _ file: GGUFFile, name: String, _ settings: TrainingSettings, options: EngineOptions
  ) throws -> TransformerTrainee {
    let hasReference = settings.beta > 0
    // A file that is no model has a message of its own.
    let passes = try? TransformerTrainee.passBytes(of: file, hasReference: hasReference)
    try TrainingMemory.check(
      parameters: file.parameterCount, passes: passes ?? 0, hasReference: hasReference, name: name,
      machine: CacheLimit.machineMemory)
    var optimizer = AdamW.Settings()
    optimizer.decay = Float(settings.decay)
    return try TransformerTrainee(file, name: name, optimizer: optimizer, options: options)
  }

  /// A model that another one learns from, in any format.
  ///
  /// - Parameter named: a file, or a name as `ponder models` lists it.
  /// - Throws: `UserError.missingFile` for a name that stands for no model.
  static func teacher(named: String, options: EngineOptions) throws -> any LanguageModel {
    let path = try BundledModels.path(of: named)
    let file = try GGUFFile(path: path)
    return try ModelLoader.load(
      file, name: BundledModels.name(of: file, path: path), options: options)
  }
}

/// What training takes.
enum TrainingMemory {
  /// About how many bytes. In single precision there are the weights, packed once for training and
  /// once for decoding, their gradients, the optimizer's two moments, and a copy while a model is
  /// written; a reference has its weights twice.
  ///
  /// - Parameter passes: what the largest passes keep of their rows.
  static func bytes(parameters: Int, passes: Int, hasReference: Bool) -> Int {
    let copies = hasReference ? 9 : 7
    let (bytes, isTooMany) = parameters.multipliedReportingOverflow(
      by: copies * MemoryLayout<Float>.stride)
    let (all, areTooMany) = bytes.addingReportingOverflow(passes)
    return isTooMany || areTooMany ? .max : all
  }

  /// - Throws: `UserError.failed` where the machine has less.
  static func check(
    parameters: Int, passes: Int, hasReference: Bool, name: String, machine: Int
  ) throws {
    let bytes = bytes(parameters: parameters, passes: passes, hasReference: hasReference)
    guard bytes > machine else { return }
    throw UserError.failed(
      "Training \(name) takes about \(Format.bytes(bytes)) of memory, and this machine has "
        + "\(Format.bytes(machine)): train a smaller model.")
  }
}
