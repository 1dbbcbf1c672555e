import Foundation
import LearningFixtures
import Problems
import Reasoning
import Synchronization
import Traces
import Training

@testable import Learning

/// A training of the table on the two questions, or others, with what it tells.
struct TableTraining {
  var plan: TrainingPlan
  var materials = TrainingMaterials()

  init(
    _ recipe: String, steps: Int, batch: Int, samples: Int? = nil,
    problems: [Problem] = TwoQuestions.problems, _ more: [String: any JSONScalar] = [:]
  ) {
    var settings = RunSettings(seed: 5)
    settings.samples = samples
    let own: [String: any JSONScalar] = [
      "batch": batch, "rate": 20.0, "max-norm": 100.0, "evaluate-every": 1000, "votes": 0,
    ]
    for (name, value) in own.merging(more, uniquingKeysWith: { $1 }) {
      settings.extra[String(name.map { $0 == "-" ? "_" : $0 })] = value.json
    }
    plan = TrainingPlan(
      recipe: recipe, source: .problems(problems, name: "two"), steps: steps, settings: settings)
  }

  static let library = PromptLibrary(
    directory: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Samples/Prompts")
      .path)

  func run(
    _ trainee: any Trainee, sink: @escaping @Sendable (TraceRecord) -> Void
  ) throws -> TrainingRun {
    try TrainingRun(
      plan, trainee: trainee, materials: materials, library: Self.library, sink: sink)
  }

  /// What a training tells.
  struct Told {
    var steps: [TrainingStep] = []
    var samples: [TrainingSamples] = []
    var end: TrainingEnd?
  }

  func train(_ trainee: any Trainee) async throws -> Told {
    let records = Mutex<[TraceRecord]>([])
    try await run(trainee) { record in records.withLock { $0.append(record) } }.train()
    var told = Told()
    for record in records.withLock({ $0 }) {
      guard case .training(let event) = record.event else { continue }
      switch event {
      case .step(let step): told.steps.append(step)
      case .samples(let samples): told.samples.append(samples)
      case .ended(let end): told.end = end
      default: break
      }
    }
    return told
  }
}
