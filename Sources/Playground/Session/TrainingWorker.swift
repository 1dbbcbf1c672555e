import Decoding
import Foundation
import Learning
import Reasoning
import Synchronization
import Traces
import Training

/// Trains copies of the model at hand. What the screens decode with stays as it is.
final class TrainingWorker: Worker {
  enum Kind: Hashable { case training, find }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  /// Holds up the training under way; nil before it has begun.
  private let control = Mutex<TrainingControl?>(nil)

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: TrainingEffect) {
    switch work {
    case .start(let number, let order, let goesOn): start(number, order, goesOn: goesOn)
    case .tell(let word):
      tell(word)
      bench.post(.training(.told(word)))
    case .find(let weights, let errand):
      jobs.start(.find) {
        guard FileManager.default.fileExists(atPath: weights.path) else {
          throw NoWeights(weights: weights)
        }
      } ending: {
        .training(.found(weights, errand, $0))
      }
    }
  }

  private func tell(_ word: TrainingWord) {
    let control = control.withLock { $0 }
    switch word {
    case .pause: control?.pause()
    case .goOn: control?.goOn()
    case .step: control?.takeOneStep()
    case .pace(let seconds): control?.pace = seconds
    case .end:
      // What has not begun has nothing to keep.
      if let control { control.end() } else { jobs.cancel(.training) }
    case .stop: jobs.cancel(.training)
    }
  }

  private func start(_ number: Int, _ order: TrainingOrder, goesOn: Bool) {
    let model = bench.model
    control.withLock { $0 = nil }
    jobs.start(.training, isOvertaking: true) { [self] in
      guard let model else { throw NoModel() }
      let configuration = bench.configuration
      let plan = try order.plan()
      let folder = try configuration.trainings.map {
        try TrainingFolder(
          of: order, model: model.decoder.model.identity.hash, in: $0, isAnew: !goesOn)
      }
      let opened = try await onThread { _ in
        let settings = TrainingSettings(order.used)
        return Handover(
          trainee: try configuration.opener.trainee(path: model.path, settings),
          materials: try order.description.map {
            try TrainingMaterials(settings, for: $0, model: configuration.opener.teacher)
          } ?? TrainingMaterials())
      }
      let meter = TrainingMeter()
      let training = try TrainingRun(
        number: number, plan, trainee: opened.trainee, materials: opened.materials,
        library: configuration.prompts, folder: folder?.url
      ) { [bench] record in
        bench.recorder.record(record)
        if case .training(let event) = record.event, let pace = meter.note(event) {
          bench.post(.training(.pace(number, secondsEach: pace)))
        }
      }
      let control = TrainingControl()
      self.control.withLock { $0 = control }
      defer { self.control.withLock { $0 = nil } }
      // Nobody else may train in the folder until this is over.
      defer { withExtendedLifetime(folder) {} }
      return try await training.train(control).reason
    } ending: {
      .training(.ended(number, $0))
    }
  }
}

/// A model in training on its way from the thread that opens it to the one that trains it. Nobody
/// else has it.
private struct Handover: @unchecked Sendable {
  let trainee: any Trainee
  let materials: TrainingMaterials
}

/// The weights of a step are not there any more.
private struct NoWeights: Error, CustomStringConvertible {
  let weights: TrainingWeights

  var description: String {
    "The weights of step \(weights.step) are gone from \(weights.path); "
      + "r trains again and comes to the same."
  }
}

/// Measures how long the steps of a training take.
final class TrainingMeter: Sendable {
  private struct State {
    /// When the last steps ended.
    var ends: [ContinuousClock.Instant] = []
  }

  private let state = Mutex(State())

  /// Takes note of an event.
  ///
  /// - Returns: the middle one of the last few steps' times, so that one during which the training
  ///   was held up does not count; nil where nothing new is known.
  func note(_ event: TrainingEvent) -> Double? {
    switch event {
    case .started:
      state.withLock { $0.ends = [] }
      return nil
    case .step: break
    default: return nil
    }
    return state.withLock { state in
      state.ends.append(.now)
      if state.ends.count > 6 { state.ends.removeFirst() }
      let times = zip(state.ends, state.ends.dropFirst()).map { ($1 - $0) / .seconds(1) }.sorted()
      return times.isEmpty ? nil : times[times.count / 2]
    }
  }
}
