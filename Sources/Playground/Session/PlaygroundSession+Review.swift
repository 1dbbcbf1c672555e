import Decoding
import Reasoning
import Synchronization
import Traces

extension PlaygroundSession {
  /// Asks about a path of a run that is over. What is told joins the run's events.
  func review(run number: Int, _ trace: RunTrace, path: Int, _ kind: PathReview.Kind) {
    guard let decoder = work.withLock({ $0.decoder }), let start = trace.start else {
      return post(.reviewEnded)
    }
    let task = Task {
      do {
        let prompting =
          StrategyRegistry.description(of: start.strategy)?.defaultPrompting ?? .plain
        let run = Run(
          number: number, question: start.question, settings: start.settings, decoder: decoder,
          prompt: try configuration.prompts.prompt(
            for: start.question, start.settings, otherwise: prompting, model: decoder.model)
        ) { self.record($0) }
        try await PathReview(run, of: trace).ask(kind, ofPath: path)
      } catch {
        post(error)
      }
      post(.reviewEnded)
    }
    work.withLock { work in
      work.review?.cancel()
      work.review = task
    }
  }
}
