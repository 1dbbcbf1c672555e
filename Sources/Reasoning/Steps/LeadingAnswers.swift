import Decoding
import Problems
import Synchronization
import Traces

/// Which answers a model would give behind a place, and how likely each is.
extension Run {
  /// Where an answer is asked for at once: behind a trigger that belongs to no path.
  struct AskedPlace: Sendable {
    /// The place that is told of.
    var node: NodeID
    /// The end of the trigger behind it.
    var asked: NodeID
  }

  /// Asks for the answer behind a node, without a path that goes there.
  ///
  /// - Parameters:
  ///   - depth: how many tokens stand before the node and at it.
  ///   - said: what stands between the prompt and the node: thinking that is still open there is
  ///     closed first.
  ///   - room: how many tokens must fit behind the question.
  /// - Returns: nil where that does not fit into the context.
  func ask(after node: NodeID, depth: Int, said: [UInt8], room: Int = 1) -> AskedPlace? {
    let trigger = vocabulary.tokenize(continuing: closingTag(after: said) + prompt.answerTrigger)
    guard depth + trigger.count + room <= decoder.model.contextLength else { return nil }
    return AskedPlace(node: node, asked: insertAside(trigger, after: node))
  }

  /// Leaves `early_answer` scores of the answers that lead in any of some places: p of each in each
  /// place. An answer's p is the sum over the spellings that were found; since these begin with
  /// different tokens, nothing is counted twice.
  ///
  /// - Parameter count: how many first tokens are followed in each place, the likeliest ones.
  /// - Throws: `CancellationError`, and whatever keeps the model from going on.
  func tellLeadingAnswers(ofPath path: Int, at places: [AskedPlace], count: Int) async throws {
    let spellings = try await leadingAnswers(count, after: places.map(\.asked))
    let asked = places.flatMap { place in
      spellings.flatMap { answer in answer.ids.map { (ids: $0, node: place.asked) } }
    }
    var logs = try await logProbabilities(asked)[...]
    for place in places {
      for answer in spellings {
        let own = logs.prefix(answer.ids.count)
        logs = logs.dropFirst(own.count)
        emit(
          Score(
            kind: .earlyAnswer, path: path, node: place.node,
            value: min(1, own.reduce(0) { $0 + TokenDistribution.probability(ofLog: $1) }),
            answer: answer.value))
      }
    }
  }

  /// The answers that begin with the likeliest tokens and go on greedily, each with the ways in
  /// which it was spelled, in the order in which they were found.
  private func leadingAnswers(
    _ count: Int, after nodes: [NodeID]
  ) async throws -> [(value: String, ids: [[TokenID]])] {
    var starts: [(node: NodeID, first: TokenID)] = []
    let readings = try await decoder.readings(after: nodes, urgency: .interactive)
    book(TokenCounts(reused: readings.reduce(0) { $0 + $1.reused }))
    for (node, reading) in zip(nodes, readings) {
      for token in reading.distribution.likeliest(count)
      where !vocabulary.endOfText.contains(token)
        && reading.distribution.logProbability(of: token).isFinite
      {
        decoder.insert([token], after: node)
        starts.append((node, token))
      }
    }
    let results = await decoder.decode(
      starts.enumerated().map { index, start in
        greedyPath(index, from: start.node.appending(start.first), budget: ZeroShotCoT.answerBudget)
      }, urgency: .interactive)
    try Task.checkCancellation()
    book(TokenCounts(generated: results.reduce(starts.count) { $0 + $1.tokens.count }))
    var found: [(value: String, ids: [[TokenID]])] = []
    for (start, result) in zip(starts, results) {
      if case .failed(let why) = result.reason { throw StrategyError.decoding(why) }
      guard let (value, ids) = answer(in: [start.first] + result.tokens) else { continue }
      guard let known = found.firstIndex(where: { $0.value == value }) else {
        found.append((value, [ids]))
        continue
      }
      if !found[known].ids.contains(ids) { found[known].ids.append(ids) }
    }
    return found
  }

  /// The answer that stands at the beginning of a text behind a trigger, and the tokens up to its
  /// end.
  private func answer(in ids: [TokenID]) -> (value: String, ids: [TokenID])? {
    let pieces = ids.map { vocabulary.bytes(of: $0) }
    let said = pieces.flatMap { $0 }
    let lead = Array(prompt.answerTrigger.utf8)
    let text = lead + said.prefix(prompt.answerLength(in: said))
    guard let found = AnswerExtractor.extract(from: text, kind: question.kind),
      found.byteRange.upperBound > lead.count
    else { return nil }
    let end = found.byteRange.upperBound - lead.count
    guard let range = ExtractedAnswer.tokenRange(of: 0..<end, tokenByteCounts: pieces.map(\.count))
    else { return nil }
    return (found.value, Array(ids[range]))
  }
}
