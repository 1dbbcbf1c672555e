import Decoding
import Problems
import Reasoning
import Synchronization
import Traces

/// The session's work for Decode.
extension PlaygroundSession {
  func beginExploration(run number: Int, _ question: Question, _ settings: RunSettings) {
    explore(run: number, question, settings) { exploration in
      let prompt = try exploration.begin()
      self.post(.explorationBegan(run: number, prompt: prompt))
    }
  }

  func resumeExploration(
    run number: Int, _ question: Question, _ settings: RunSettings, _ trace: RunTrace,
    others: [RunTrace]
  ) {
    explore(run: number, question, settings) { $0.resume(trace, visiting: others) }
  }

  private func explore(
    run number: Int, _ question: Question, _ settings: RunSettings,
    _ start: (Exploration) throws -> Void
  ) {
    guard let decoder = work.withLock({ $0.decoder }) else { return }
    do {
      let run = Run(
        number: number, question: question, settings: settings, decoder: decoder,
        prompt: try configuration.prompts.prompt(
          for: question, settings, otherwise: .plain, model: decoder.model)
      ) { self.record($0) }
      let exploration = Exploration(run)
      try start(exploration)
      work.withLock { work in
        work.stream?.cancel()
        work.exploration = exploration
      }
    } catch {
      post(error)
    }
  }

  private var exploration: Exploration? { work.withLock { $0.exploration } }

  func fetch(_ node: NodeID) {
    guard let exploration else { return }
    let task = Task {
      do {
        let distribution = try await exploration.distribution(after: node)
        post(.distribution(node, distribution))
      } catch {
        post(error)
      }
    }
    work.withLock { work in
      work.fetch?.cancel()
      work.fetch = task
    }
  }

  func take(_ token: TokenID, after node: NodeID, _ distribution: TokenDistribution?) {
    guard let exploration else { return }
    Task {
      do {
        let child = try await exploration.take(token, after: node, distribution: distribution)
        post(.arrived(child))
      } catch {
        post(error)
      }
    }
  }

  func insert(_ text: String, after node: NodeID) {
    guard let exploration else { return }
    post(.arrived(exploration.insert(text, after: node)))
  }

  func stream(from node: NodeID, _ sampling: SamplingSettings, budget: Int) {
    guard let exploration else { return post(.streamEnded(node, "failed")) }
    let task = Task {
      do {
        let result = try await exploration.goOn(
          from: node, sampling: sampling, seed: exploration.run.settings.seed, budget: budget)
        post(.streamEnded(result?.end ?? node, result?.reason.name ?? "cancelled"))
      } catch {
        post(error)
        post(.streamEnded(node, "failed"))
      }
    }
    work.withLock { work in
      work.stream?.cancel()
      work.stream = task
    }
  }

  func wait(behind start: NodeID, depth: Int, said: [Token]) {
    guard let exploration else { return post(.waited) }
    Task {
      do {
        try await exploration.wait(behind: start, depth: depth, said: said) {
          self.post(.arrived($0))
        }
      } catch {
        post(error)
      }
      post(.waited)
    }
  }

  func answerNow(after node: NodeID, said: [UInt8]) {
    guard let exploration else { return }
    Task {
      do {
        if let (outcome, end) = try await exploration.answerNow(after: node, said: said) {
          post(.answeredNow(outcome, end))
        }
      } catch {
        post(error)
      }
    }
  }
}
