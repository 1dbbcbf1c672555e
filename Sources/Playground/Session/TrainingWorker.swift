import Decoding
import Foundation
import Learning
import Reasoning
import Synchronization
import Traces
import Training

/// Trains copies of the model at hand. What the screens decode with stays as it is.
final class TrainingWorker: Worker {
  enum Kind: Hashable { case training, find, keep }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  /// Holds up the training under way; nil before it has begun.
  private let control = Mutex<TrainingControl?>(nil)
  private let meter = Mutex<TrainingMeter?>(nil)

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
        try Self.first(of: weights, wanted: errand.step)
      } ending: {
        .training(.found(errand, $0))
      }
    case .keep(let weights, let step):
      let opener = bench.configuration.opener
      jobs.start(.keep) {
        let found = try Self.first(of: weights, wanted: step)
        return try await onThread { _ in
          KeptModel(step: found.step, entry: try opener.keep(weights: found.path, as: found.name))
        }
      } ending: {
        .training(.kept(step: step, $0))
      }
    }
  }

  /// The first of some weights that are still there.
  private static func first(
    of weights: [TrainingWeights], wanted step: Int
  ) throws -> TrainingWeights {
    guard let found = weights.first(where: { FileManager.default.fileExists(atPath: $0.path) })
    else { throw NoWeights(step: step) }
    return found
  }

  private func tell(_ word: TrainingWord) {
    let control = control.withLock { $0 }
    switch word {
    case .pause: control?.pause()
    case .goOn:
      restart(control)
      control?.goOn()
    case .step:
      restart(control)
      control?.takeOneStep()
    case .pace(let seconds): control?.pace = seconds
    case .end:
      // What has not begun has nothing to keep.
      if let control { control.end() } else { jobs.cancel(.training) }
    case .stop: jobs.cancel(.training)
    }
  }

  /// While a training was held up, no step was taken.
  private func restart(_ control: TrainingControl?) {
    if control?.isPaused == true { meter.withLock { $0 }?.restart() }
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
            try TrainingMaterials(
              settings, for: $0, model: configuration.opener.teacher
            ) { try configuration.opener.judge($0, for: []) }
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
      let ticker = Task { [bench] in
        while !Task.isCancelled {
          bench.post(.training(.beat(number, meter.beat)))
          try? await Task.sleep(for: .milliseconds(250))
        }
      }
      defer { ticker.cancel() }
      let control = TrainingControl()
      self.control.withLock { $0 = control }
      self.meter.withLock { $0 = meter }
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

/// The weights of a step are not there any more, nor are those of any step before it.
private struct NoWeights: Error, CustomStringConvertible {
  let step: Int

  var description: String {
    "The weights of step \(step) and of all steps before it are gone; r trains again and comes to "
      + "the same."
  }
}

/// Measures how long the steps of a training take, and what it does just now.
final class TrainingMeter: Sendable {
  private struct State {
    /// When the last steps ended.
    var ends: [ContinuousClock.Instant] = []
    var phase = TrainingPhase.opening
    /// When that began.
    var mark = ContinuousClock.now
    var start: TrainingStart?
  }

  private let state = Mutex(State())

  /// What the training does, and how long it has done so.
  var beat: TrainingBeat {
    state.withLock { state in
      TrainingBeat(
        phase: state.phase, seconds: (ContinuousClock.now - state.mark) / .seconds(1))
    }
  }

  /// What it does begins only now.
  func restart() { state.withLock { $0.mark = .now } }

  /// Takes note of an event.
  ///
  /// - Returns: the middle one of the last few steps' times, so that one during which the training
  ///   was held up does not count; nil where nothing new is known.
  func note(_ event: TrainingEvent) -> Double? {
    state.withLock { state in
      if case .started(let start) = event { (state.start, state.ends) = (start, []) }
      if let phase = state.start.flatMap({ Self.phase(after: event, of: $0) }) {
        (state.phase, state.mark) = (phase, .now)
      }
      guard case .step = event else { return nil }
      state.ends.append(.now)
      if state.ends.count > 6 { state.ends.removeFirst() }
      let times = zip(state.ends, state.ends.dropFirst()).map { ($1 - $0) / .seconds(1) }.sorted()
      return times.isEmpty ? nil : times[times.count / 2]
    }
  }

  /// What begins with an event; nil where what was under way goes on.
  private static func phase(
    after event: TrainingEvent, of start: TrainingStart
  ) -> TrainingPhase? {
    let settings = TrainingSettings(start.used)
    switch event {
    case .started: return start.resumedAt > 0 ? .step(start.resumedAt + 1) : .measuring
    case .step(let step):
      let isMeasured = step.step % max(1, settings.evaluateEvery) == 0 || step.step >= start.steps
      return isMeasured ? .measuring : .step(step.step + 1)
    // The last that is measured: after a step the probes, before the first the votes.
    case .probe(let probe)
    where probe.step > 0 && probe.step < start.steps && probe.probe == start.probes.count - 1:
      return .step(probe.step + 1)
    case .votes(let votes) where votes.step == 0: return .step(1)
    case .evaluation(let evaluation)
    where settings.votes == 0 && evaluation.step == 0 && evaluation.prompting == "think":
      return .step(1)
    default: return nil
    }
  }
}
