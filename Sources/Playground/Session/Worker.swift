import Synchronization

/// Carries out the effects of one owner, each to its ending.
protocol Worker: Sendable {
  associatedtype Work
  associatedtype Kind: Hashable & Sendable

  /// What is under way.
  var jobs: Jobs<Kind> { get }

  /// Carries out one effect. Returns at once.
  func perform(_ work: Work)

  /// Lets go of the model at hand, as another takes its place. What runs on it is cancelled after
  /// this.
  func forgetModel()
}

extension Worker {
  func forgetModel() {}

  /// Ends what runs on the model at hand, and waits until it has ended.
  func leaveModel() async {
    forgetModel()
    jobs.cancel()
    await jobs.allEnded()
  }

  /// Cancels what is under way.
  func stop() { jobs.cancel() }

  /// Cancels what is under way, and whatever is asked for from now on.
  func close() { jobs.close() }

  /// Waits until what is under way has ended.
  func allEnded() async { await jobs.allEnded() }
}

/// What a worker has under way. Each job ends in exactly one action, also when it fails, when it
/// is cancelled and when it is overtaken by a newer one.
final class Jobs<Kind: Hashable & Sendable>: Sendable {
  private struct State {
    var tasks: [Int: (kind: Kind, task: Task<Void, Never>)] = [:]
    var nextNumber = 0
    var isClosed = false
  }

  private let inbox: ActionInbox
  private let state = Mutex(State())

  init(_ inbox: ActionInbox) { self.inbox = inbox }

  /// Starts a job.
  ///
  /// - Parameters:
  ///   - isOvertaking: cancels earlier jobs of this kind: they are of no interest any more.
  ///   - ending: makes the action that the job ends in.
  func start<Value: Sendable>(
    _ kind: Kind, isOvertaking: Bool = false,
    _ work: @escaping @Sendable () async throws -> Value,
    ending: @escaping @Sendable (Ending<Value>) -> Action
  ) {
    if isOvertaking { cancel(kind) }
    let isStarted = state.withLock { state in
      guard !state.isClosed else { return false }
      let number = state.nextNumber
      state.nextNumber += 1
      // It cannot remove itself before it stands here: the lock is held.
      let task = Task { [self] in
        let end: Ending<Value>
        do { end = .done(try await work()) } catch { end = Ending(error) }
        inbox.post(ending(end))
        remove(number)
      }
      state.tasks[number] = (kind, task)
      return true
    }
    if !isStarted { inbox.post(ending(.cancelled)) }
  }

  private func remove(_ number: Int) { state.withLock { $0.tasks[number] = nil } }

  /// Cancels what is under way, all of it or that of one kind.
  func cancel(_ kind: Kind? = nil) {
    let tasks = state.withLock { state in
      state.tasks.values.filter { kind == nil || $0.kind == kind }.map(\.task)
    }
    for task in tasks { task.cancel() }
  }

  /// Cancels what is under way, and whatever is asked for from now on.
  func close() {
    state.withLock { $0.isClosed = true }
    cancel()
  }

  /// Waits until what is under way has ended.
  func allEnded() async {
    let tasks = state.withLock { $0.tasks.values.map(\.task) }
    for task in tasks { await task.value }
  }
}
