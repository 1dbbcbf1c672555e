public import Decoding
import Foundation
public import Measuring
import Synchronization
import Traces

/// The session's work for Scale.
extension PlaygroundSession {
  /// Tells what is kept of the study that a plan stands for.
  func lookUp(_ plan: StudyPlan) {
    Task {
      do {
        let study = try await study(of: plan)
        let known = try configuration.studies?.results(of: study)
        post(.study(.kept(plan, known.map { StudySnapshot(plan, $0) })))
      } catch {
        post(.study(.kept(plan, nil)))
        post(error)
      }
    }
  }

  /// Does a study, from where it was left or anew.
  func start(_ plan: StudyPlan, anew: Bool) {
    let task = Task {
      let meter = StudyMeter(plan)
      do {
        let study = try await study(of: plan)
        let store = configuration.studies
        if anew, let store { try? FileManager.default.removeItem(at: store.url(of: study)) }
        let runner = StudyRunner(prompts: configuration.prompts) { [self] model in
          try await decoder(for: model, of: plan.kind)
        }
        try await runner.run(study, in: store) { [self] event in
          if case .notice(let text) = event { post(.message(Message(.warning, text))) }
          if let (snapshot, activity) = meter.receive(event) {
            post(.study(.progress(snapshot, activity)))
          }
        }
      } catch {
        post(error)
      }
      post(.study(.ended(meter.snapshot)))
    }
    work.withLock { work in
      work.study?.cancel()
      work.study = task
    }
  }

  /// Writes a study and its chart into files with names of their own.
  func export(_ snapshot: StudySnapshot, _ chart: StudyChart) {
    Task {
      let report = StudyReport(snapshot.results, snapshot.curves)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      do {
        let texts = [
          ("svg", chart.svg(of: snapshot.results)), ("csv", report.csv),
          ("json", String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"),
        ]
        let name = freeName(for: snapshot, endings: texts.map(\.0))
        let folder = URL(fileURLWithPath: FilePaths.expanded(configuration.exportFolder))
        for (ending, text) in texts {
          try Data(text.utf8).write(
            to: folder.appending(path: "\(name).\(ending)"), options: .atomic)
        }
        let endings = texts.dropFirst().map { ".\($0.0)" }.joined(separator: " and ")
        post(.message(Message(.notice, "Wrote \(name).svg, \(endings) in this folder.")))
      } catch {
        let why = error.localizedDescription
        post(.message(Message(.error, "The study cannot be written here: \(why)")))
      }
    }
  }

  /// A name under which there is no file yet.
  private func freeName(for snapshot: StudySnapshot, endings: [String]) -> String {
    let families = snapshot.plan.families
    let subject = families.count == 1 ? families[0] : "all"
    let base = "ponder-\(snapshot.plan.kind.rawValue)-\(subject)"
    let folder = FilePaths.expanded(configuration.exportFolder)
    for number in 1...999 {
      let name = number == 1 ? base : "\(base)-\(number)"
      let isTaken = endings.contains {
        FileManager.default.fileExists(atPath: "\(folder)/\(name).\($0)")
      }
      if !isTaken { return name }
    }
    return base
  }

  /// The study that a plan stands for with the models that are there.
  private func study(of plan: StudyPlan) async throws -> Study {
    let (opener, path) = (configuration.opener, work.withLock { $0.path })
    let models = try await onThread { try opener.studyModels(for: plan.kind, beside: path) }
    return try plan.study(of: plan.problems(), models: models, library: configuration.prompts)
  }

  /// The decoder at hand, or for a study of sizes one for another model beside it.
  private func decoder(for model: StudyModel, of kind: StudyKind) async throws -> Decoder {
    guard let own = work.withLock({ $0.decoder }) else { throw StudyError.noModel }
    guard kind == .size else { return own }
    let opener = configuration.opener
    let opened = try await onThread { try opener.open(model) }
    return Decoder(model: opened, slots: own.slots)
  }

  /// Does what takes a while with files on a thread: Swift's cooperative pool does not wait for
  /// them.
  func onThread<Result: Sendable>(
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Swift.Result { try work() }) }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }
}

extension ModelOpening {
  /// The one model at a path; there are no sizes beside it.
  public func studyModels(for kind: StudyKind, beside path: String) throws -> [StudyModel] {
    let summary = try open(path: path) { _, _ in true }.summary
    return [
      StudyModel(
        name: summary.identity.name, identity: summary.identity, parameters: summary.parameters)
    ]
  }

  public func open(_ model: StudyModel) throws -> any LanguageModel { throw StudyError.noModel }
}

extension StudySnapshot {
  fileprivate init(_ plan: StudyPlan, _ results: StudyResults) {
    self.init(plan: plan, results: results, curves: StudyTally(results).curves)
  }
}

/// Keeps what a study has found and how fast it goes; now and then it gives a picture of both.
private final class StudyMeter: Sendable {
  private struct State {
    var results: StudyResults?
    var tally: StudyTally?
    /// What was known before.
    var before = 0
    var tokens = 0
    var start = ContinuousClock.now
    var lastShown: ContinuousClock.Instant?
  }

  /// Pictures come no faster than this.
  private static let interval = Duration.milliseconds(150)

  private let plan: StudyPlan
  private let state = Mutex(State())

  init(_ plan: StudyPlan) { self.plan = plan }

  /// The last picture; nil when the study never began.
  var snapshot: StudySnapshot? { state.withLock { snapshot($0) } }

  /// Takes an event in.
  ///
  /// - Returns: a picture when one is due.
  func receive(_ event: StudyEvent) -> (StudySnapshot, StudyActivity)? {
    state.withLock { state in
      switch event {
      case .began(let results):
        state.results = results
        state.tally = StudyTally(results)
        state.before = results.done
        state.start = .now
      case .found(let record, let arm, let problem):
        state.results?.add(record, arm: arm, problem: problem)
        state.tally?.add(record, arm: arm, problem: problem)
        state.tokens += record.tokens.spent
      case .notice: return nil
      }
      let now = ContinuousClock.now
      if let last = state.lastShown, now - last < Self.interval { return nil }
      state.lastShown = now
      return snapshot(state).map { ($0, activity(state, $0.results, at: now)) }
    }
  }

  private func snapshot(_ state: State) -> StudySnapshot? {
    guard let results = state.results, let tally = state.tally else { return nil }
    return StudySnapshot(plan: plan, results: results, curves: tally.curves)
  }

  private func activity(
    _ state: State, _ results: StudyResults, at now: ContinuousClock.Instant
  ) -> StudyActivity {
    var activity = StudyActivity()
    (activity.done, activity.total) = (results.done, results.total)
    let seconds = (now - state.start) / .seconds(1)
    let new = activity.done - state.before
    guard new > 0, seconds > 0 else { return activity }
    activity.tokensPerSecond = Double(state.tokens) / seconds
    // Whole seconds: more would be a precision that the estimate does not have.
    let left = seconds / Double(new) * Double(activity.total - activity.done)
    if activity.done < activity.total { activity.secondsLeft = left.rounded(.up) }
    return activity
  }
}
