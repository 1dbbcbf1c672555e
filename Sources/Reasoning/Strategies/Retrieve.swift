import Decoding
import Problems
import Traces

/// Retrieval and reasoning: passages that fit the question stand before it, and the run tells
/// which, where in their file they stand, and what each of them did for the answer (Lewis et al.
/// 2020, "Retrieval-Augmented Generation", arXiv 2005.11401; here with BM25, and without training).
public struct Retrieve: Strategy {
  public static let description = StrategyDescription(
    name: "retrieval", title: "Retrieval and reasoning",
    summary: "Looks up passages that fit the question, and puts them before it.",
    paper: "Lewis et al. 2020, arXiv 2005.11401",
    cost: "one path after a longer prompt, plus that prompt again without each passage",
    shape: .path, defaultPrompting: .retrieval,
    settings: [
      .prompting, .corpus, .passages, .temperature, .topK, .topP, .minP, .maxTokens, .seed,
    ])

  public static let defaultPassages = RunSettings.Usual.passages

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    run.tellRetrieved()
    let path = run.sampledPath(0, from: start, temperature: Self.description.defaultTemperature)
    guard let result = try await run.decode([path]).first else { return nil }
    let answer = run.conclude(0, result.reason).answer
    if result.reason == .cancelled { return answer }
    do { try await run.tellShiftWithoutPassages() } catch is CancellationError {}
    return answer
  }
}

extension Run {
  /// Leaves the `retrieved` events: what stands in the prompt, and where it comes from.
  fileprivate func tellRetrieved() {
    let ids = promptTokens
    let bytes = ids.map { vocabulary.bytes(of: $0) }
    let all = bytes.flatMap { $0 }
    var from = 0
    for (index, found) in prompt.retrieved.enumerated() {
      let text = Array(found.passage.text.utf8)
      var event = Retrieval(
        rank: index + 1, source: found.passage.source, start: found.passage.bytes.lowerBound,
        end: found.passage.bytes.upperBound, score: found.score)
      let place = all.indices.dropFirst(from).first { all[$0...].starts(with: text) }
      if let place,
        let tokens = ExtractedAnswer.tokenRange(
          of: place..<(place + text.count), tokenByteCounts: bytes.map(\.count))
      {
        event.first = NodeID.root.appending(contentsOf: ids[...tokens.lowerBound])
        event.last = NodeID.root.appending(contentsOf: ids[..<tokens.upperBound])
        from = place + text.count
      }
      emit(.retrieved(event))
    }
  }

  /// Leaves the `context_shift` score: log p(answer) minus what it is without any passage; its terms
  /// are the differences that single passages make.
  fileprivate func tellShiftWithoutPassages() async throws {
    let record = record(ofPath: 0)
    guard !prompt.ablated.isEmpty, let answer = answerPlace(in: record) else { return }
    let entries = record.entries
    let ids = entries[answer].map(\.token)
    let said = entries[..<answer.lowerBound].map(\.token)
    let before = promptEnd.appending(contentsOf: said)
    let nodes = try prompt.ablated.map { other in
      insertAside(try other.tokens(of: question, for: decoder.model) + said, after: .root)
    }
    let logs = try await logProbabilities(([before] + nodes).map { (ids, $0) })
    guard let whole = logs.first, logs.allSatisfy(\.isFinite), let none = logs.last else { return }
    emit(
      Score(
        kind: .contextShift, path: 0, node: entries[answer.upperBound - 1].node,
        value: whole - none, terms: logs.dropFirst().dropLast().map { whole - $0 }))
  }
}
