import Decoding
import Engine
import Foundation
import Reasoning
import Synchronization
import Traces

extension ModelOptions {
  /// The model, ready to decode.
  func decoder(parallel: Int) throws -> Decoder {
    Decoder(model: try open(), slots: parallel)
  }
}

/// The models of a run: one decoder, those of an ensemble's further models, and a verifier's.
struct RunModels: Sendable {
  var decoder: Decoder
  var peers: [Decoder] = []
  var judge: Judge?
}

extension ModelOptions {
  /// The models that a strategy uses, ready to decode.
  ///
  /// - Parameter verifiers: those that will judge; nil as the settings say.
  /// - Throws: `MixtureError` for models that cannot be mixed, and whatever keeps one from opening.
  func models(
    for strategies: [any Strategy], _ settings: RunSettings, verifiers: [VerifierName]? = nil,
    parallel: Int
  ) throws -> RunModels {
    var models = try writers(for: strategies, settings, parallel: parallel)
    let isJudged = strategies.contains { $0.description.isJudged(settings) }
    models.judge = try judge(
      settings, for: isJudged ? verifiers ?? [settings.verifier].compactMap { $0 } : [],
      parallel: parallel)
    return models
  }

  /// The model that verifiers read with; nil where that is the run's own.
  ///
  /// - Throws: `UserError`, `StrategyError.noJudge`, and whatever keeps it from opening.
  func judge(
    _ settings: RunSettings, for verifiers: [VerifierName], parallel: Int
  ) throws -> Judge? {
    try Judges.path(settings, for: verifiers).map {
      try Judges.judge(path: $0, options: engineOptions, remote: remote, slots: parallel)
    }
  }

  private func writers(
    for strategies: [any Strategy], _ settings: RunSettings, parallel: Int
  ) throws -> RunModels {
    let areSeveral = strategies.contains {
      type(of: $0).description.traits.contains(.usesSeveralModels)
    }
    guard areSeveral else { return RunModels(decoder: try decoder(parallel: parallel)) }
    guard strategies.count == 1 || settings.combine != .mixture else {
      throw UserError.usage(
        "--combine mixture turns several models into one: measure ensemble alone.")
    }
    let paths = try BundledModels.companions(of: source(), named: settings.with)
    let models = try [open()] + paths.map { try remote.model(at: $0, engineOptions) }
    if settings.combine == .mixture {
      return RunModels(decoder: Decoder(model: try MixtureModel(models), slots: parallel))
    }
    let decoders = models.map { Decoder(model: $0, slots: parallel) }
    return RunModels(decoder: decoders[0], peers: Array(decoders.dropFirst()))
  }
}

extension PromptLibrary {
  /// The templates in Samples/Prompts.
  static func bundled() throws -> PromptLibrary {
    PromptLibrary(directory: try Resources.folder("Samples/Prompts").path)
  }
}

/// Cancels a task at the first Ctrl-C, so that it ends in good order with what it has. A second
/// Ctrl-C ends the process at once.
///
/// - Returns: what the task gave, and the signal that cancelled it, if one did.
func cancellingOnSignal<Result: Sendable>(
  _ work: @escaping @Sendable () async throws -> Result
) async throws -> (result: Result, signal: Int32?) {
  let task = Task { try await work() }
  return try await stoppingOnSignal {
    task.cancel()
  } work: {
    try await task.value
  }
}

/// Asks work to stop at the first Ctrl-C. A second one ends the process at once.
///
/// - Parameter stop: asks for it, from any thread.
/// - Returns: what the work gave, and the signal that stopped it, if one did.
func stoppingOnSignal<Result: Sendable>(
  _ stop: @escaping @Sendable () -> Void, work: () async throws -> Result
) async throws -> (result: Result, signal: Int32?) {
  let received = Mutex<Int32?>(nil)
  // A pipe stands between the handler, which may do next to nothing, and who listens: a signal that
  // comes before anybody reads waits in it.
  var ends: [Int32] = [-1, -1]
  guard pipe(&ends) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EMFILE) }
  let (readEnd, writeEnd) = (ends[0], ends[1])
  // A queue of its own has a thread of its own, however busy all others are.
  let queue = DispatchQueue(label: "signals", qos: .userInteractive)
  let source = DispatchSource.makeReadSource(fileDescriptor: readEnd, queue: queue)
  source.setEventHandler {
    var number: UInt8 = 0
    guard read(readEnd, &number, 1) == 1 else { return }
    let isFirst = received.withLock { received in
      defer { received = received ?? Int32(number) }
      return received == nil
    }
    guard isFirst else { exit(128 + Int32(number)) }
    stop()
  }
  source.setCancelHandler {
    close(readEnd)
    close(writeEnd)
  }
  source.resume()
  signalPipe.store(writeEnd, ordering: .relaxed)
  for number in [SIGINT, SIGTERM] {
    signal(number) { received in
      var number = UInt8(truncatingIfNeeded: received)
      _ = write(signalPipe.load(ordering: .relaxed), &number, 1)
    }
  }
  defer {
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
    source.cancel()
  }
  let result = try await work()
  return (result, received.withLock { $0 })
}

/// Where the handler of signals writes their numbers.
private let signalPipe = Atomic<Int32>(-1)
