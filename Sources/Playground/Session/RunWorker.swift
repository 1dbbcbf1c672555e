import Decoding
import Problems
import Reasoning
import Synchronization
import Traces

/// Runs strategies. A run's number is its job's kind.
final class RunWorker: Worker {
  let jobs: Jobs<Int>
  private let bench: Workbench
  /// The further models of the last ensemble, and what they were asked for by.
  private let ensemble = Mutex<(key: String, decoders: [Decoder])?>(nil)

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func forgetModel() { ensemble.withLock { $0 = nil } }

  func perform(_ work: RunEffect) {
    switch work {
    case .start(let run, let strategy, let question, let settings, let previous):
      start(run, strategy, question, settings, previous: previous)
    case .cancel(let run):
      jobs.cancel(run)
      bench.post(.run(.stopped(run: run)))
    }
  }

  private func start(
    _ run: Int, _ name: String, _ question: Question, _ settings: RunSettings, previous: RunTrace?
  ) {
    let model = bench.model
    jobs.start(run) { [self] in
      guard let model else { throw NoModel() }
      let strategy = try StrategyRegistry.strategy(named: name)
      let (decoder, peers) = try await decoders(for: strategy, settings, model)
      let isJudged = strategy.description.isJudged(settings)
      let judge = try await bench.judge(
        settings, for: isJudged ? [settings.verifier].compactMap { $0 } : [])
      let end = await strategy.run(
        question, settings: settings, decoder: decoder, library: bench.configuration.prompts,
        number: run, previous: previous, peers: peers, judge: judge
      ) { [bench] in bench.recorder.record($0) }
      switch end.reason {
      case .completed: return
      case .cancelled: throw CancellationError()
      case .failed: throw StrategyError.decoding(end.message ?? "The run failed.")
      }
    } ending: {
      .run(.ended(run: run, $0))
    }
  }

  /// The models that a strategy uses: for an ensemble also the further ones, or their mixture.
  private func decoders(
    for strategy: any Strategy, _ settings: RunSettings, _ model: Workbench.Model
  ) async throws -> (decoder: Decoder, peers: [Decoder]) {
    guard strategy is Ensemble else { return (model.decoder, []) }
    let isMixture = settings.combine == .mixture
    let key = "\(model.path) \(settings.with ?? "") \(isMixture)"
    var decoders = ensemble.withLock { $0?.key == key ? $0?.decoders : nil } ?? []
    if decoders.isEmpty {
      let opener = bench.configuration.opener
      var all = try await onThread { _ in try opener.ensemble(of: model.path, settings) }
      if isMixture { all = [try MixtureModel(all)] }
      decoders = all.map { Decoder(model: $0, slots: model.decoder.slots) }
      let made = decoders
      ensemble.withLock { $0 = (key, made) }
    }
    guard isMixture, let mixed = decoders.first else { return (model.decoder, decoders) }
    return (mixed, [])
  }
}
