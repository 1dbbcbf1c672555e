import Decoding
import Reasoning
import Traces

/// Asks about paths of runs that are over. The answers join the run's events.
final class ReviewWorker: Worker {
  enum Kind: Hashable { case ask }

  let jobs: Jobs<Kind>
  private let bench: Workbench

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: ReviewEffect) {
    switch work {
    case .ask(let run, let trace, let path, let kind): ask(run, trace, path, kind)
    case .stop:
      jobs.cancel()
      bench.post(.review(.stopped))
    }
  }

  /// The model that reads: the one that has judged the run, else the one that is asked for.
  private func judge(_ start: RunStart, _ kind: PathReview.Kind) async throws -> Judge? {
    guard case .rewards(let verifier, let named) = kind else { return nil }
    var settings = start.settings
    if start.judge == nil { settings.verifierModel = named }
    let judge = try await bench.judge(settings, for: [verifier])
    if let known = start.judge, judge?.identity.hash != known.hash {
      throw StrategyError.otherJudge(known.name)
    }
    return judge
  }

  private func ask(_ number: Int, _ trace: RunTrace, _ path: Int, _ kind: PathReview.Kind) {
    let model = bench.model
    jobs.start(.ask, isOvertaking: true) { [self] in
      guard let model else { throw NoModel() }
      // A run that has not begun has nothing to ask about.
      guard let start = trace.start else { throw CancellationError() }
      let prompting = StrategyRegistry.description(of: start.strategy)?.defaultPrompting ?? .plain
      let judge = try await judge(start, kind)
      let run = try bench.run(
        number, start.question, start.settings, otherwise: prompting, on: model, judge: judge)
      try await PathReview(run, of: trace).ask(kind, ofPath: path)
    } ending: {
      .review(.ended(run: number, path: path, kind, $0))
    }
  }
}
