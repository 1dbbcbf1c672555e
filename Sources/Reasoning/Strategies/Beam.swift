import Decoding
import Traces

/// Beam search over tokens: keeps the `branches` likeliest beginnings at every step.
///
/// What it looks for is the likeliest text, which is not the likeliest answer, and a wider beam is
/// not a better one: it may even find a less likely text.
public struct Beam: Strategy {
  public static let description = StrategyDescription(
    name: "beam", title: "Beam search",
    summary: "Keeps the likeliest beginnings at every token and takes the likeliest text's answer.",
    paper: "Lowerre 1976; beside samples in Wang et al. 2022, arXiv 2203.11171",
    cost: "as many paths as the beam is wide",
    shape: .tokensSearch, defaultPrompting: .think, defaultBranches: defaultWidth,
    settings: [.prompting, .branches, .maxTokens])

  static let defaultWidth = 4

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    var search = BeamRun(
      run: run, beam: TokenBeam(width: run.settings.branches ?? Self.defaultWidth, start: start))
    return try await search.answer()
  }
}

/// A token beam at work in a run.
private struct BeamRun {
  let run: Run
  var beam: TokenBeam
  /// What became of the paths that have ended.
  var outcomes: [Int: PathOutcome] = [:]

  mutating func answer() async throws -> String? {
    let budget = max(0, run.settings.maxTokens)
    do {
      while true {
        for index in beam.open {
          let length = beam.lines[index].length
          if length >= budget { end(index, .budget) }
          if run.promptTokens.count + length >= run.decoder.model.contextLength {
            end(index, .contextFull)
          }
        }
        let open = beam.open
        if open.isEmpty || beam.isDecided { break }
        let tips = open.map { beam.lines[$0].tip }
        let distributions = try await run.look(after: tips)
        advance(Dictionary(zip(open, distributions)) { first, _ in first })
      }
    } catch is CancellationError {
      for index in beam.open { end(index, .cancelled) }
    }
    for index in beam.open {
      let line = beam.lines[index]
      run.prune(
        Pruning(
          node: line.tip, path: line.path, why: "cannot catch up", kind: .likelihood,
          value: line.logProbability))
    }
    return beam.lines.compactMap { outcomes[$0.path]?.answer }.first
  }

  private mutating func end(_ index: Int, _ reason: FinishReason) {
    guard beam.lines[index].end == nil else { return }
    beam.end(index, reason)
    let path = beam.lines[index].path
    outcomes[path] = run.conclude(path, reason)
  }

  /// One more token for every open line: ranks, tells what falls out, and goes on with the rest.
  private mutating func advance(_ distributions: [Int: TokenDistribution]) {
    let ranked = beam.candidates(distributions)
    let kept = Array(ranked.prefix(beam.width))
    tell(ranked, kept: kept.count)
    let places = beam.paths(kept)
    let old = beam.lines
    for (candidate, place) in zip(kept, places) where place.isFork {
      run.fork(place.path, from: old[candidate.line].path, at: old[candidate.line].tip)
    }
    var lines: [TokenBeam.Line] = []
    for (candidate, place) in zip(kept, places) {
      var line = old[candidate.line]
      if let token = candidate.token, let distribution = distributions[candidate.line] {
        line.path = place.path
        line.tip = run.take(token, from: distribution, after: line.tip, path: line.path)
        line.length += 1
        line.logProbability = candidate.logProbability
        let bytes = run.vocabulary.bytes(of: token)
        line.tail = line.tail.suffix(run.stopRule.reach) + bytes
      }
      lines.append(line)
    }
    beam.replace(lines)
    for (index, candidate) in kept.enumerated() {
      guard let token = candidate.token else { continue }
      let bytes = run.vocabulary.bytes(of: token)
      let tail = beam.lines[index].tail
      if let reason = run.stopRule.reason(after: token, bytes: bytes, tail: tail) {
        end(index, reason)
      }
    }
  }

  /// Tells which lines end here, and of the candidates that came next after the kept ones, as many
  /// again, so that a wide beam does not drown its trace.
  private func tell(_ ranked: [TokenBeam.Candidate], kept: Int) {
    let survivors = Set(ranked.prefix(kept).map(\.line))
    var best: [Int: (rank: Int, sum: Double)] = [:]
    for (index, candidate) in ranked.enumerated() where best[candidate.line] == nil {
      best[candidate.line] = (index + 1, candidate.logProbability)
    }
    for (index, candidate) in ranked.enumerated().dropFirst(kept).prefix(kept) {
      guard let token = candidate.token else { continue }
      let line = beam.lines[candidate.line]
      run.emit(
        .pruned(
          Pruning(
            node: line.tip.appending(token), path: line.path,
            why: "rank \(index + 1), \(kept) kept", kind: .likelihood,
            value: candidate.logProbability, token: run.vocabulary.token(token),
            parent: line.tip)))
    }
    for index in beam.lines.indices where !survivors.contains(index) {
      let line = beam.lines[index]
      let pruning = Pruning(
        node: line.tip, path: line.path,
        why: best[index].map { "rank \($0.rank), \(kept) kept" } ?? "dead end",
        kind: .likelihood, value: best[index]?.sum ?? line.logProbability)
      // A line that had ended keeps its own end.
      if line.end == nil { run.prune(pruning) } else { run.emit(.pruned(pruning)) }
    }
  }
}
