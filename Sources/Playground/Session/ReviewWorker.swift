import Decoding
import Reasoning
import Traces

/// Asks about runs that are over. The answers join the run's events.
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
    case .ask(let run, let trace, let question): ask(run, trace, question)
    case .stop:
      jobs.cancel()
      bench.post(.review(.stopped))
    }
  }

  /// The model that reads; nil for the run's own.
  private func judge(_ start: RunStart, _ question: RunReview.Question) async throws -> Judge? {
    var settings = start.settings
    switch question {
    case .answerOverTime: return nil
    case .candidates(let verifier, let named):
      settings.verifierModel = named
      return try await bench.judge(settings, for: [verifier])
    case .steps(_, let verifier, let named):
      // The one that has judged the run, else the one that is asked for.
      if start.judge == nil { settings.verifierModel = named }
      let judge = try await bench.judge(settings, for: [verifier])
      if let known = start.judge, judge?.identity.hash != known.hash {
        throw StrategyError.otherJudge(known.name)
      }
      return judge
    }
  }

  private func ask(_ number: Int, _ trace: RunTrace, _ question: RunReview.Question) {
    let model = bench.model
    jobs.start(.ask, isOvertaking: true) { [self] in
      guard let model else { throw NoModel() }
      // A run that has not begun has nothing to ask about.
      guard let start = trace.start else { throw CancellationError() }
      let prompting = StrategyRegistry.description(of: start.strategy)?.defaultPrompting ?? .plain
      let judge = try await judge(start, question)
      let run = try bench.run(
        number, start.question, start.settings, otherwise: prompting, on: model, judge: judge)
      try await RunReview(run, of: trace).ask(question)
    } ending: {
      .review(.ended(run: number, question, $0))
    }
  }
}
