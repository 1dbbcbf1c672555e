import Decoding
import Traces

/// How searches over steps grow: samples next steps of several partial solutions in one batch, and
/// has a verifier judge them in one batch.
///
/// The first sample of a solution goes on with its path, the others are forks of it, so that every
/// solution is a path of its own and what they share is computed once.
struct StepExpansion: Sendable {
  let run: Run
  let verifier: any Verifier
  /// What the verifier's value is told as.
  let kind: Score.Kind
  let temperature: Double

  init(run: Run, temperature: Double, defaultVerifier: VerifierName) {
    let name = run.settings.verifier ?? defaultVerifier
    self.run = run
    self.temperature = temperature
    verifier = name.verifier(
      run.settings, judge: run.judge, defaultAggregate: StepBeam.defaultAggregate)
    kind = name.scoreKind
  }

  /// - Parameter requests: solutions that can go on, each with how many samples to draw.
  /// - Returns: the different next steps of each, in the order in which they were drawn.
  /// - Throws: `CancellationError` when the task is cancelled; the paths have ended as such.
  func expand(
    _ requests: [(solution: PartialSolution, samples: Int)]
  ) async throws -> [[PartialSolution]] {
    var next = run.freePath(above: requests.compactMap(\.solution.path).max() ?? -1)
    var paths: [Continuation] = []
    var parents: [Int] = []
    for (index, request) in requests.enumerated() {
      for sample in 0..<max(1, request.samples) {
        let own = request.solution.path
        let path = sample == 0 ? own ?? next : next
        if path == next { next += 1 }
        if let own, path != own { run.fork(path, from: own, at: request.solution.tip) }
        paths.append(step(path, of: request.solution))
        parents.append(index)
      }
    }
    let results = try await run.decode(paths)
    // A step that is cut short, or that nobody will judge any more, is given up; what has come to an
    // end by itself has done so as in a run that goes on.
    let isCancelled = Task.isCancelled
    var children: [[PartialSolution]] = Array(repeating: [], count: requests.count)
    for (result, parent) in zip(results, parents) {
      if isCancelled, result.reason == .step || result.reason == .cancelled {
        run.conclude(result.path, .cancelled)
        continue
      }
      if let twin = children[parent].first(where: { $0.tip == result.end }) {
        run.prune(
          Pruning(node: result.end, path: result.path, why: "same as path \((twin.path ?? 0) + 1)"))
        continue
      }
      children[parent].append(self.child(of: requests[parent].solution, result))
    }
    if isCancelled { throw CancellationError() }
    do {
      return try await judged(children)
    } catch is CancellationError {
      for child in children.joined() where !child.isFinished {
        run.conclude(child.path ?? 0, .cancelled)
      }
      throw CancellationError()
    }
  }

  /// Goes on greedily behind solutions for some steps, on forks that have no say, and returns what
  /// the verifier makes of where they lead.
  ///
  /// - Throws: `CancellationError` when the task is cancelled; the paths have ended as such.
  func simulate(_ solutions: [PartialSolution], steps: Int) async throws -> [Double?] {
    var rollouts = solutions
    let first = run.freePath(above: solutions.compactMap(\.path).max() ?? -1)
    for index in rollouts.indices {
      if let own = rollouts[index].path {
        run.fork(first + index, from: own, at: rollouts[index].tip)
      }
      rollouts[index].path = first + index
    }
    var open = Array(rollouts.indices)
    do {
      for _ in 0..<steps where !open.isEmpty {
        let results = try await run.decode(open.map { greedyStep(of: rollouts[$0]) })
        for (index, result) in zip(open, results) {
          rollouts[index].tip = result.end
          rollouts[index].length += result.tokens.count
        }
        try Task.checkCancellation()
        open = zip(open, results).filter { $0.1.reason == .step }.map(\.0)
      }
      let scored = try await judged([rollouts]).flatMap { $0 }
      for rollout in scored { run.leave(rollout.path ?? 0, as: "lookahead") }
      return scored.map(\.score)
    } catch is CancellationError {
      for path in (solutions + rollouts).compactMap(\.path) { run.conclude(path, .cancelled) }
      throw CancellationError()
    }
  }

  private func greedyStep(of solution: PartialSolution) -> Continuation {
    var step = self.step(solution.path ?? 0, of: solution)
    step.sampler = GreedySampler()
    return step
  }

  private func step(_ path: Int, of solution: PartialSolution) -> Continuation {
    var step = run.sampledPath(path, from: solution.tip, temperature: temperature)
    step.stop.endsAtStep = true
    step.budget = run.settings.maxTokens - solution.length
    step.firstStep = solution.length
    return step
  }

  private func child(of parent: PartialSolution, _ result: PathResult) -> PartialSolution {
    var child = parent
    child.path = result.path
    child.tip = result.end
    child.stepLength = result.tokens.count
    child.length += result.tokens.count
    child.stepLogProbability = result.logProbability
    child.score = nil
    if result.reason != .step { child.outcome = run.conclude(result.path, result.reason) }
    return child
  }

  /// The solutions with their scores. A process verifier reads only the new steps.
  private func judged(_ groups: [[PartialSolution]]) async throws -> [[PartialSolution]] {
    var all = groups.flatMap { $0 }
    let texts = all.map { solution in
      var text = run.solution(ofPath: solution.path ?? 0)
      text.isFinished = solution.isFinished
      return text
    }
    let assessments: [Assessment]
    if let process = verifier as? any ProcessVerifier {
      let readings = try await process.read(texts, after: all.map(\.reading), in: run)
      for (index, reading) in readings.enumerated() { all[index].reading = reading }
      assessments = readings.map(process.assessment)
    } else {
      assessments = try await verifier.assess(texts, in: run)
    }
    for (index, assessment) in assessments.enumerated() {
      all[index].score = assessment.value
      all[index].weight = assessment.weight
    }
    var rest = all[...]
    return groups.map { group in
      defer { rest = rest.dropFirst(group.count) }
      return Array(rest.prefix(group.count))
    }
  }
}

extension Run {
  /// The votes of a search's finished solutions, counted in path order, and the answer they come
  /// to: that of the solution with the greatest score, or the one whose scores sum to the most.
  func decide(_ finished: [PartialSolution]) -> String? {
    var majority = Tally(method: .majority, votes: [:], unparsed: 0, order: [])
    var weighted = Tally(method: .verifier, votes: [:], unparsed: 0, order: [])
    let ordered = finished.sorted { ($0.path ?? 0) < ($1.path ?? 0) }
    for case (let solution, let outcome?) in ordered.map({ ($0, $0.outcome) }) {
      var outcome = outcome
      outcome.verifierWeight = solution.weight
      majority.count(outcome)
      weighted.count(outcome)
      (majority.path, weighted.path) = (outcome.path, outcome.path)
      emit(.tally(majority))
      emit(.tally(weighted))
    }
    switch settings.vote ?? StepBeam.defaultVote {
    case .top: return BestOfN.top(ordered.compactMap(\.outcome), ordered.map(\.score))?.answer
    case .weighted: return weighted.winner
    }
  }
}
