import Decoding
import Foundation
import Reasoning
import Synchronization

/// What the workers share: the model at hand, the recorder, and the way to the screens.
final class Workbench: Sendable {
  /// A model with the one loop that decodes from it.
  struct Model: Sendable {
    var decoder: Decoder
    /// Where it was opened.
    var path: String
  }

  let configuration: PlaygroundSession.Configuration
  let recorder: Recorder
  let inbox: ActionInbox
  private let current = Mutex<Model?>(nil)

  init(_ configuration: PlaygroundSession.Configuration, inbox: ActionInbox) {
    self.configuration = configuration
    self.inbox = inbox
    recorder = Recorder(keep: configuration.keep, inbox: inbox)
  }

  var model: Model? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  func post(_ action: Action) { inbox.post(action) }

  /// Makes a run on the model at hand, whose records are kept and shown.
  func run(
    _ number: Int, _ question: Question, _ settings: RunSettings, otherwise prompting: Prompting,
    on model: Model
  ) throws -> Run {
    Run(
      number: number, question: question, settings: settings, decoder: model.decoder,
      prompt: try configuration.prompts.prompt(
        for: question, settings, otherwise: prompting, model: model.decoder.model)
    ) { [recorder] in recorder.record($0) }
  }
}

/// Nothing can be done without a model.
struct NoModel: Error, CustomStringConvertible {
  var description: String { "There is no model to run; press m to choose one." }
}

/// Opens models on a thread of its own: that takes seconds, and Swift's cooperative pool does not
/// wait for it.
///
/// - Parameter work: is given a question: whether what it does is still wanted.
/// - Throws: `CancellationError` as soon as the task is cancelled; what the work comes to then is
///   let go of.
func onThread<Result: Sendable>(
  _ work: @escaping @Sendable (_ isWanted: @escaping @Sendable () -> Bool) throws -> Result
) async throws -> Result {
  let answer = ThreadAnswer<Result>()
  return try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      guard answer.expect(continuation) else { return }
      let thread = Thread {
        answer.give(Swift.Result { try work { answer.isWanted } })
      }
      thread.name = "model loader"
      thread.stackSize = 8 << 20
      thread.start()
    }
  } onCancel: {
    answer.give(.failure(CancellationError()))
  }
}

/// Takes the first of two answers to one continuation: the thread's, or that it was cancelled.
private final class ThreadAnswer<Value: Sendable>: Sendable {
  private enum State {
    case new
    case expected(CheckedContinuation<Value, any Error>)
    case given
  }

  private let state = Mutex(State.new)

  var isWanted: Bool { state.withLock { if case .expected = $0 { true } else { false } } }

  /// - Returns: whether there is still something to wait for.
  func expect(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
    let isNew = state.withLock { state in
      guard case .new = state else { return false }
      state = .expected(continuation)
      return true
    }
    if !isNew { continuation.resume(throwing: CancellationError()) }
    return isNew
  }

  func give(_ answer: Result<Value, any Error>) {
    let continuation: CheckedContinuation<Value, any Error>? = state.withLock { state in
      defer { state = .given }
      if case .expected(let continuation) = state { return continuation }
      return nil
    }
    continuation?.resume(with: answer)
  }
}
