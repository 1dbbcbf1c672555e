import Synchronization

/// What a study tells of while it is done.
public enum StudyEvent: Sendable {
  /// What was known before it goes on; comes first.
  case began(StudyResults)
  case found(StudyRecord, arm: Int, problem: Int)
  /// Something went wrong that does not keep the study from going on.
  case notice(String)
}

extension StudyRunner {
  /// Takes up what is kept of a study, finds what is missing, and keeps that: now and then on the
  /// way, and however it ends.
  ///
  /// - Parameters:
  ///   - store: nil keeps nothing.
  ///   - observer: is told of what happens, one thing at a time.
  /// - Returns: what is known then: all of it, or less when the task is cancelled.
  /// - Throws: what keeps the study from going on.
  @discardableResult
  public func run(
    _ study: Study, in store: StudyStore?, observer: @escaping @Sendable (StudyEvent) -> Void
  ) async throws -> StudyResults {
    var known = StudyResults(study)
    do {
      known = try store?.results(of: study) ?? known
    } catch {
      observer(.notice("\(error)"))
    }
    observer(.began(known))
    guard !known.isComplete else { return known }
    let found = Mutex(known)
    // A crash costs a twentieth of the work at most.
    let interval = max(1, study.total / 20)
    @Sendable func keep(_ results: StudyResults) {
      do {
        try store?.keep(results)
      } catch {
        observer(.notice("\(error)"))
      }
    }
    // However it ends, what was found is kept.
    defer {
      let results = found.withLock { $0 }
      if results.done > known.done { keep(results) }
    }
    try await run(known) { arm, problem, record in
      let due = found.withLock { results -> StudyResults? in
        results.add(record, arm: arm, problem: problem)
        return results.done % interval == 0 && !results.isComplete ? results : nil
      }
      observer(.found(record, arm: arm, problem: problem))
      if let due { keep(due) }
    }
    return found.withLock { $0 }
  }
}
