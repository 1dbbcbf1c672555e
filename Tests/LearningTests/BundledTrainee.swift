import Decoding
import Engine
import Foundation
import Reasoning
import Synchronization
import Traces
import Training

@testable import Learning

/// The smallest bundled model in training, and what it leaves behind.
enum BundledTrainee {
  private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let library = PromptLibrary(
    directory: checkout.appending(path: "Samples/Prompts").path)

  static func make(
    threads: Int = 1, kvFormat: KVFormat = .f16, instructionSet: InstructionSet? = nil
  ) throws -> TransformerTrainee {
    let path = checkout.appending(path: "Samples/Models/ponder-base-0.2m.F16.gguf").path
    return try TransformerTrainee(
      try GGUFFile(path: path), name: "0.2m",
      options: EngineOptions(
        threads: threads, kvFormat: kvFormat, instructionSet: instructionSet))
  }
}

extension TrainingMaterials {
  /// What a recipe cannot do without.
  static func bundled(for recipe: String) throws -> TrainingMaterials {
    let settings = RecipeRegistry.description(of: recipe)?.settings ?? []
    return TrainingMaterials(
      teacher: settings.contains(.teacher) ? try BundledTrainee.make().model : nil)
  }
}

/// The events of a training, as they come.
final class EventLog: Sendable {
  private let records = Mutex<[TrainingEvent]>([])

  var sink: @Sendable (TraceRecord) -> Void {
    { record in
      guard case .training(let event) = record.event else { return }
      self.records.withLock { $0.append(event) }
    }
  }

  var events: [TrainingEvent] { records.withLock { $0 } }

  var trace: TrainingTrace {
    var trace = TrainingTrace()
    for event in events { trace.apply(event) }
    return trace
  }
}

extension TrainingPlan {
  /// A training of a few seconds.
  static func small(
    _ recipe: String, steps: Int, families: [String] = ["compare", "coin"],
    _ change: (inout RunSettings) -> Void = { _ in }
  ) -> TrainingPlan {
    var settings = RunSettings(seed: 1)
    settings.samples = 4
    settings[extra: "batch"] = 4
    settings[extra: "max-completion-length"] = 24
    settings[extra: "evaluate-problems"] = 2
    settings[extra: "votes"] = 2
    settings[extra: "vote-problems"] = 1
    settings[extra: "pair-problems"] = 8
    change(&settings)
    return TrainingPlan(
      recipe: recipe, source: .families(families), steps: steps, settings: settings)
  }
}
