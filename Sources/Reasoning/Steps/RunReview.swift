import Decoding
public import Traces

/// Looks once more at a run that is over: asks how a path's answer came about, or has a path's steps
/// or all of the run's candidates judged. What is found joins the run's events, so that a replay
/// shows it as well, and what it cost joins the run's counts.
public struct RunReview: Sendable {
  /// What is asked of a run.
  public enum Question: Sendable, Hashable {
    /// How likely a path's answer was in each state, and which answer would have been given there.
    case answerOverTime(path: Int)
    /// What a process verifier makes of each step of a path, reading with a model of this name; nil
    /// for the one that has judged the run, else its own.
    case steps(path: Int, VerifierName, model: String? = nil)
    /// What a verifier makes of all candidates, in one batch, reading with a model of this name; nil
    /// for the run's own, or for the bundled one that was trained for a verifier that needs one.
    case candidates(VerifierName, model: String? = nil)

    /// The verifier that judges; nil where nothing is judged.
    public var verifier: VerifierName? {
      switch self {
      case .answerOverTime: nil
      case .steps(_, let verifier, _), .candidates(let verifier, _): verifier
      }
    }
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

  /// Asks, and leaves `score` events (and the `span` of each judged step). Those of a verifier name
  /// it, and the model that read where that is not the run's own.
  ///
  /// - Throws: `CancellationError` when the task is cancelled; what was told by then stays.
  ///   `StrategyError` and `LanguageModelError` when the model cannot go on.
  public func ask(_ question: Question) async throws {
    defer { close() }
    switch question {
    case .answerOverTime(let path): try await run.tellAnswerOverTime(ofPath: path, leading: 1)
    case .steps(let path, let verifier, _):
      let solution = run.solution(ofPath: path)
      guard solution.offset != nil, !solution.steps.isEmpty else {
        throw StrategyError.decoding("This path has no sentences that could be judged.")
      }
      guard try await judge([solution], by: verifier) else {
        throw StrategyError.decoding(
          "The steps cannot be judged: the model lacks label tokens, or its context is full.")
      }
    case .candidates(let verifier, _):
      let solutions = known.candidatePaths.filter { known.paths[$0]?.end != nil }
        .map(run.solution(ofPath:))
      guard !solutions.isEmpty else {
        throw StrategyError.decoding("There is no candidate to judge.")
      }
      guard try await judge(solutions, by: verifier) else {
        throw StrategyError.decoding(
          "No candidate can be judged: the model lacks the words of \(verifier.rawValue), or its "
            + "context is full.")
      }
    }
  }

  /// Has solutions judged as the run's own verifier does it.
  ///
  /// - Returns: whether any of them could be.
  private func judge(
    _ solutions: [CandidateSolution], by name: VerifierName
  ) async throws -> Bool {
    run.reviewer = name
    let verifier = name.verifier(
      known.start?.effective ?? run.settings, judge: run.judge,
      defaultAggregate: StepVerifier.defaultAggregate)
    return try await verifier.assess(solutions, in: run).contains { $0.value != nil }
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
