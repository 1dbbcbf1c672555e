import Decoding
import Problems
import Traces

/// Samples rationales behind a solution ("Let's verify step by step.") and averages p(Yes) where
/// each of them gives its verdict: GenRM-CoT with K rationales (Zhang et al. 2024,
/// arXiv 2408.15240, equation 5).
///
/// The mean is one of probabilities, never of votes, so that it estimates E[p(Yes | rationale)]
/// with a variance that falls as 1/K. A rationale that comes to no verdict within its tokens
/// never says Yes: it counts 0.
public struct GenerativeVerifier: Verifier {
  /// The paper takes 32; four keep a run on a laptop short.
  public static let defaultRationales = RunSettings.Usual.rationales
  public static let temperature = 0.7

  public var rationales: Int

  init(rationales: Int) { self.rationales = max(1, rationales) }

  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    let starts = try solutions.map {
      try run.ask(of: $0, PromptFormat.verdictWithRationale, room: 2)
    }
    let first = run.freePath(above: solutions.map(\.path).max() ?? -1)
    let paths = starts.enumerated().flatMap { index, start in
      (0..<rationales).compactMap { rationale in
        start.map { self.path(first + index * rationales + rationale, from: $0, in: run) }
      }
    }
    let results = try await run.decodeReviews(paths)
    try Task.checkCancellation()
    let places = results.map { run.verdictPlace(ofPath: $0.path, start: $0.start) }
    let verdicts = try await run.verdicts(after: places)
    var rest = zip(results, zip(places, verdicts)).map { ($0.path, $1.0, $1.1) }[...]
    return zip(solutions, starts).map { solution, start in
      guard let start else { return .none }
      let own = rest.prefix(rationales)
      rest = rest.dropFirst(rationales)
      for case (let path, let place?, let verdict?) in own {
        run.emit(
          Score(kind: .genrm, path: path, node: run.read(place), value: verdict.yes))
      }
      let verdicts = own.map { $0.2 ?? Verdict(yes: 0, no: 0) }
      let chances = verdicts.map(\.yes)
      let mean = chances.reduce(0, +) / Double(rationales)
      // The node is where the rationales begin, which tells whose they are.
      run.emit(
        Score(
          kind: .genrm, path: solution.path, node: run.read(start), value: mean, terms: chances))
      return Assessment(value: mean, verdicts: verdicts)
    }
  }

  private func path(_ number: Int, from start: NodeID, in run: Run) -> Continuation {
    var path = run.sampledPath(number, from: start, temperature: Self.temperature)
    let verdicts = [PromptFormat.yes, PromptFormat.no].map { $0 + "." }
    path.stop = StopRule(
      endTokens: run.reader.model.vocabulary.endOfText,
      stopSequences: verdicts + run.prompt.stops)
    return path
  }
}

extension Run {
  /// The node behind which a rationale gives its verdict, a sentence of one word; nil when it
  /// comes to none.
  func verdictPlace(ofPath path: Int, start: NodeID) -> NodeID? {
    let entries = record(ofPath: path).entries
    guard let offset = Verdict.stated(in: entries.flatMap(\.bytes))?.offset else { return nil }
    var (length, node) = (0, start)
    for entry in entries {
      if length == offset { return node }
      // The verdict is no token of its own, so nothing can be read before it.
      if length > offset { return nil }
      length += entry.bytes.count
      node = entry.node
    }
    return nil
  }
}

extension Verdict {
  /// The verdict that a rationale comes to, a sentence of one word; nil where it comes to none.
  ///
  /// - Returns: whether it is Yes, and where it begins, the space before it included.
  public static func stated(in bytes: [UInt8]) -> (isYes: Bool, offset: Int)? {
    let words = [true: Array(PromptFormat.yes.utf8), false: Array(PromptFormat.no.utf8)]
    for index in bytes.indices {
      for isYes in [true, false] {
        let word = words[isYes] ?? []
        // The full stop ends the sentence; without one the text must end there.
        let end = index + word.count
        if bytes[index...].starts(with: word),
          end == bytes.count || bytes[end] == UInt8(ascii: ".")
        {
          return (isYes, index)
        }
      }
    }
    return nil
  }
}
