import Foundation
import Learning
import Synchronization
import Traces

/// Where the events of a training go: as lines to standard output, as progress to standard error, and
/// into a trace file.
final class TrainingReport: Sendable {
  private struct State {
    var rows = TrainingRows()
    /// How it ends is told on standard error.
    var text = TrainingText(tellsEnd: false)
    /// When what took the time before the next step began.
    var mark = ContinuousClock.now
    var steps = 0
    var done = 0
    var before = 0
    var tokens: Int?
    var end: TrainingEnd?
    var failure: (any Error)?
    /// What is known of the training, but for texts.
    var training = TrainingTrace()
    /// What was warned of already.
    var warned: Set<String> = []
  }

  private let format: TrainCommand.Format
  private let trace: TraceRecording?
  private let label: String
  private let line = ProgressLine()
  private let state = Mutex(State())
  /// What is done at once when the output fails, as when nobody reads it any more.
  private let stop: @Sendable () -> Void

  init(
    _ label: String, format: TrainCommand.Format, trace: TraceRecording?,
    onFailure stop: @escaping @Sendable () -> Void
  ) {
    self.label = label
    self.format = format
    self.trace = trace
    self.stop = stop
  }

  func receive(_ record: TraceRecord) {
    trace?.append(record)
    guard case .training(let event) = record.event else { return }
    state.withLock { state in
      let seconds = note(event, &state)
      guard state.failure == nil else { return }
      do {
        let text: String
        switch format {
        case .table: text = state.text.text(for: event, seconds: seconds)
        case .jsonl:
          text = try state.rows.take(event, seconds: seconds)
            .map { try TrainingLines.line(of: $0) + "\n" }.joined()
        }
        if !text.isEmpty {
          line.clear()
          try StandardOutput.write(text)
        }
      } catch {
        state.failure = error
        stop()
      }
      warn(event, &state)
      show(state)
    }
  }

  /// Tells once of everything that goes wrong.
  private func warn(_ event: TrainingEvent, _ state: inout State) {
    switch event {
    case .samples, .probe, .weights, .votes: return
    case .started, .step, .evaluation, .ended: state.training.apply(event)
    }
    guard let warning = TrainingWarning.of(state.training),
      state.warned.insert(warning.kind).inserted
    else { return }
    line.clear()
    StandardError.tell("\(warning)")
  }

  /// - Returns: how long the step took, of a step.
  private func note(_ event: TrainingEvent, _ state: inout State) -> Double? {
    let now = ContinuousClock.now
    switch event {
    case .started(let start):
      (state.steps, state.done) = (start.steps, start.resumedAt)
      (state.before, state.mark) = (start.resumedAt, now)
    case .step(let step):
      defer { state.mark = now }
      state.done = step.step
      state.tokens = step[.tokens].map { Int($0) }
      return (now - state.mark) / .seconds(1)
    case .evaluation, .votes, .weights: state.mark = now
    case .ended(let end): state.end = end
    case .samples, .probe: break
    }
    return nil
  }

  private func show(_ state: State) {
    guard state.steps > 0, state.end == nil else { return }
    line.show(
      label, done: state.done, of: state.steps, before: state.before,
      tokens: state.before == 0 ? state.tokens : nil)
  }

  /// Keeps the time left up to date while `work` goes on.
  func showingProgress<Result>(_ work: () async throws -> Result) async rethrows -> Result {
    let ticker = Task {
      while !Task.isCancelled {
        state.withLock { show($0) }
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    defer {
      ticker.cancel()
      line.clear()
    }
    return try await work()
  }

  /// Says something in a line of its own.
  func tell(_ message: String) {
    state.withLock { _ in
      line.clear()
      StandardError.tell(message)
    }
  }

  /// How it ended; nil before.
  var end: TrainingEnd? { state.withLock { $0.end } }
  /// The last step that was taken.
  var lastStep: Int { state.withLock { $0.done } }

  /// Shows what a trained judge is worth; a last line in JSON tells the same.
  func show(_ figures: JudgementFigures) throws {
    line.clear()
    if format == .table { try StandardOutput.write(figures.text) }
  }

  /// Writes a last line in JSON; people are told otherwise.
  func conclude(
    _ first: KeyValuePairs<String, JSONValue>, _ values: [String: JSONValue]
  ) throws {
    guard format == .jsonl, state.withLock({ $0.failure }) == nil else { return }
    try StandardOutput.writeLine(try TrainingLines.line(first, values))
  }

  /// Closes the trace and reports what went wrong on the way.
  func finish() throws {
    try trace?.close()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}
