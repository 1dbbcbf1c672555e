import Decoding
import Traces

/// What searches need of a run: looking at distributions without choosing, choosing tokens
/// themselves, and giving paths up.
extension Run {
  /// The distributions after the ends of paths, in one batch; what is computed is booked as for a
  /// path's start.
  ///
  /// - Throws: `LanguageModelError`, or `CancellationError` when the task is cancelled first.
  func look(after nodes: [NodeID]) async throws -> [TokenDistribution] {
    let readings = try await decoder.readings(after: nodes)
    for reading in readings { bookStart(prefilled: reading.prefilled, reused: reading.reused) }
    return readings.map(\.distribution)
  }

  /// Lets a path go on with a token that the strategy chose from a distribution.
  ///
  /// - Returns: the token's node.
  func take(
    _ token: TokenID, from distribution: TokenDistribution, after node: NodeID, path: Int
  ) -> NodeID {
    note(ChosenToken(path: path, parent: node, token: token, distribution: distribution))
    return decoder.insert([token], after: node)
  }

  /// Gives a path up that has not ended by itself.
  func prune(_ pruning: Pruning) {
    emit(.pruned(pruning))
    if let path = pruning.path { leave(path, as: "pruned") }
  }

  /// Ends a path that has no say, with the reason that traces give.
  func leave(_ path: Int, as reason: String) {
    let record = record(ofPath: path)
    guard let last = record.entries.last else { return }
    let end = isReview(path) ? read(last.node) : last.node
    emit(
      PathEnd(path: path, end: end, reason: reason, answer: nil, generated: record.generated))
  }
}
