import Measuring
import Reasoning
import Synchronization
import Traces

extension StudyResults {
  /// What a study counts: problems where each is asked in one way, else each asking of one.
  var unit: Progress.Unit { .things(study.problems.count == total ? "problem" : "answer") }
}

extension StudySnapshot {
  init(_ plan: StudyPlan, _ results: StudyResults) {
    self.init(plan: plan, results: results, curves: StudyTally(results).curves)
  }
}

/// Keeps what a study has found and how fast it goes; now and then it gives a picture of both.
final class StudyMeter: Sendable {
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
    activity.unit = results.unit
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
