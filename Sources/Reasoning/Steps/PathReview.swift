import Decoding
public import Traces

/// Looks once more at a path of a run that is over: asks how its answer came about, or has its
/// steps judged. What is found joins the run's events, so that a replay shows it as well, and what
/// it cost joins the run's counts.
public struct PathReview: Sendable {
  /// What is asked of a path.
  public enum Kind: Sendable, Hashable {
    /// How likely its answer was in each state, and which answer would have been given there.
    case answerOverTime
    /// What a process verifier makes of each step, reading with a model of this name; nil for the
    /// run's own.
    case rewards(VerifierName, model: String? = nil)
  }

  private let run: Run
  private let known: RunTrace

  /// - Parameters:
  ///   - run: a run of the same number, question and prompt, on the model that the trace is from.
  ///   - known: what the run has found.
  public init(_ run: Run, of known: RunTrace) {
    self.run = run
    self.known = known
    run.takeUp(known)
  }

  /// Asks, and leaves `score` events (and the `span` of each judged step).
  ///
  /// - Throws: `CancellationError` when the task is cancelled; what was told by then stays.
  ///   `StrategyError` and `LanguageModelError` when the model cannot go on.
  public func ask(_ kind: Kind, ofPath path: Int) async throws {
    defer { close() }
    switch kind {
    case .answerOverTime: try await run.tellAnswerOverTime(ofPath: path, leading: 1)
    case .rewards(let name, _):
      // What a run says its verifiers read with, need not be said again.
      run.namesJudge = known.start?.judge == nil
      let verifier = name.verifier(
        run.settings, judge: run.judge, defaultAggregate: StepVerifier.defaultAggregate)
      let solution = run.solution(ofPath: path)
      guard solution.offset != nil, !solution.steps.isEmpty else {
        throw StrategyError.decoding("This path has no sentences that could be judged.")
      }
      let found = try await verifier.assess([solution], in: run)
      if found.first?.value == nil {
        throw StrategyError.decoding(
          "The steps cannot be judged: the model lacks label tokens, or its context is full.")
      }
    }
  }

  /// A run that had ended has cost more now.
  private func close() {
    guard var end = known.end else { return }
    end.tokens = end.tokens + run.counts
    run.emit(.finished(end))
  }
}

extension PathRecord {
  /// What a trace has of a path.
  init(ofPath number: Int, in run: RunTrace) {
    self.init()
    guard let path = run.paths[number], let line = run.wholeLine(ofPath: number) else { return }
    rewind(to: line.start)
    for id in line.nodes {
      guard let node = run.nodes[id] else { break }
      append(
        Entry(
          node: id, token: node.token.id, bytes: node.token.bytes, margin: nil,
          logProbability: path.injected.contains(id) ? nil : node.logProbability))
    }
  }
}
