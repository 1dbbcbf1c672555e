import ArgumentParser
import Decoding
import Engine
import Foundation
import Problems
import Reasoning
import Synchronization
import Traces

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a strategy on one question.",
    discussion: "With --format jsonl every trace event is a line on standard output.")

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Option(help: "The strategy; 'ponder strategies' lists them.")
  var strategy = Greedy.description.name

  @OptionGroup var question: QuestionOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  @Option(help: "\(Format.names)") var format: Format = .text

  @Option(help: ArgumentHelp("Also saves the trace to a file.", valueName: "file"))
  var trace: String?

  func run() async throws {
    let strategy = try StrategyRegistry.strategy(named: strategy)
    try options.check([strategy])
    guard let question = try question.resolve() else {
      throw UserError.usage("Say what to ask: --problem ID, --question TEXT or --prompt TEXT.")
    }
    guard options.verifiers.map({ $0.names.count == 1 }) ?? true else {
      throw UserError.usage("run takes one --verifier; eval compares several.")
    }
    let settings = options.settings(detail: trace == nil ? 5 : DistributionSummary.savedDetail)
    let prompts = try PromptLibrary.bundled()
    let models = try model.models(for: [strategy], settings, parallel: options.parallel)
    let decoder = models.decoder
    // A bad template and a prompt that does not fit are told before anything is printed.
    _ = try prompts.prompt(
      for: question, settings, otherwise: type(of: strategy).description.defaultPrompting,
      model: decoder.model
    ).tokens(of: question, for: decoder.model)
    if question.isRaw, decoder.model.vocabulary.spellsBeginning(question.text),
      let beginning = decoder.model.vocabulary.beginningOfText
    {
      let name = decoder.model.vocabulary.name(of: beginning)
      StandardError.tell("the prompt begins with \(name) itself, so no second one is added.")
    }
    let output = RunOutput(format: format, trace: try trace.map { try TraceRecording(path: $0) })
    let start = ContinuousClock.now
    output.receive(TraceRecord(.header(TraceHeader())))
    let run = Task {
      await strategy.run(
        question, settings: settings, decoder: decoder, library: prompts, peers: models.peers,
        judge: models.judge, sink: output.receive)
    }
    output.onFailure { run.cancel() }
    let (end, signal) = try await cancellingOnSignal {
      await withTaskCancellationHandler {
        await run.value
      } onCancel: {
        run.cancel()
      }
    }
    try output.finish()
    if format == .text, isatty(STDERR_FILENO) == 1 {
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let rate = Double(end.tokens.generated) / max(seconds, 1e-9)
      StandardError.write(String(format: "%.2f s, %.0f tokens/s\n", seconds, rate))
    }
    if end.reason == .failed { throw UserError.failed(end.message ?? "The run failed.") }
    if end.reason == .cancelled { throw ExitCode.interrupted(by: signal ?? SIGINT) }
  }
}

/// Where the events of a run go: to standard output as they come, and into a trace file.
private final class RunOutput: Sendable {
  private struct State {
    var failure: (any Error)?
    var stop: (@Sendable () -> Void)?
    var text = TraceText()
  }

  private let format: RunCommand.Format
  private let trace: TraceRecording?
  private let state = Mutex(State())

  init(format: RunCommand.Format, trace: TraceRecording?) {
    self.format = format
    self.trace = trace
  }

  func receive(_ record: TraceRecord) {
    trace?.append(record)
    state.withLock { state in
      guard state.failure == nil else { return }
      do {
        switch format {
        case .jsonl:
          try StandardOutput.write(String(decoding: TraceCoding.lines([record]), as: UTF8.self))
        case .text:
          // Why a run has failed is said on standard error.
          if case .finished(let end) = record.event, end.reason == .failed { return }
          // A run that is part of this one is another model's.
          if record.run != 1, case .run(let start) = record.event {
            try StandardOutput.writeLine("\n\(start.model.name):")
          }
          let text = state.text.text(for: record)
          if !text.isEmpty { try StandardOutput.write(text) }
        }
      } catch {
        state.failure = error
        state.stop?()
      }
    }
  }

  /// Does something at once when the output fails, as when nobody reads it any more.
  func onFailure(_ stop: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.stop = stop
      if state.failure != nil { stop() }
    }
  }

  /// Closes the trace and reports what went wrong on the way.
  func finish() throws {
    try trace?.close()
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}
