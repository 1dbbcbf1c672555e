import Decoding
import Foundation
import Problems
import Reasoning
import Synchronization
import Traces

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
  /// The last model that verifiers read with, and what it was asked for by.
  private let lastJudge = Mutex<(key: String, judge: Judge)?>(nil)

  init(_ configuration: PlaygroundSession.Configuration, inbox: ActionInbox) {
    self.configuration = configuration
    self.inbox = inbox
    recorder = Recorder(
      keep: configuration.keep, folder: configuration.sessions, inbox: inbox)
  }

  var model: Model? {
    get { current.withLock { $0 } }
    set { current.withLock { $0 = newValue } }
  }

  func post(_ action: Action) { inbox.post(action) }

  /// The model that verifiers read with, as settings ask for it.
  ///
  /// - Parameter verifiers: those that will read.
  /// - Returns: nil where the model at hand reads itself.
  /// - Throws: whatever keeps it from being opened.
  func judge(_ settings: RunSettings, for verifiers: [VerifierName]) async throws -> Judge? {
    let needed = verifiers.first(where: \.needsJudge)
    guard let key = settings.verifierModel ?? needed?.rawValue else { return nil }
    if let known = lastJudge.withLock({ $0?.key == key ? $0?.judge : nil }) { return known }
    let opener = configuration.opener
    let judge = try await onThread { _ in try opener.judge(settings, for: verifiers) }
    lastJudge.withLock { last in last = judge.map { (key, $0) } }
    return judge
  }

  /// Makes a run on the model at hand, whose records are kept and shown.
  func run(
    _ number: Int, _ question: Question, _ settings: RunSettings, otherwise prompting: Prompting,
    on model: Model, judge: Judge? = nil
  ) throws -> Run {
    let settings = question.isRaw ? settings : settings.dated(for: [model.decoder.model])
    return Run(
      number: number, question: question, settings: settings, decoder: model.decoder,
      prompt: try configuration.prompts.prompt(
        for: question, settings, otherwise: prompting, model: model.decoder.model),
      judge: judge
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
func onThread<Value: Sendable>(
  _ work: @escaping @Sendable (_ isWanted: @escaping @Sendable () -> Bool) throws -> Value
) async throws -> Value {
  try Task.checkCancellation()
  let isOver = Flag()
  let (answers, answer) = AsyncThrowingStream<Value, any Error>.makeStream()
  // The stream ends with its answer, or as soon as nobody waits for one any more.
  answer.onTermination = { _ in isOver.raise() }
  let thread = Thread { answer.yield(with: Result { try work { !isOver.isRaised } }) }
  thread.name = "model loader"
  thread.stackSize = 8 << 20
  thread.start()
  for try await value in answers { return value }
  throw CancellationError()
}

/// A flag that is raised once.
private final class Flag: Sendable {
  private let raised = Atomic(false)

  var isRaised: Bool { raised.load(ordering: .acquiring) }

  func raise() { raised.store(true, ordering: .releasing) }
}
