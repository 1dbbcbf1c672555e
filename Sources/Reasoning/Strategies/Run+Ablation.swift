import Decoding
import Problems
import Traces

/// What a part of a path did for its answer: how likely the same answer is without it.
extension Run {
  /// Leaves the `context_shift` score of a path: log p(answer) as the path stands, minus the same
  /// with a part of it taken out and everything behind the part computed anew.
  ///
  /// - Parameters:
  ///   - part: places in the path, all of them before the answer.
  ///   - node: the answer stands behind this node.
  func tellShift(ofPath path: Int, without part: Range<Int>, answerBehind node: NodeID? = nil)
    async throws
  {
    let record = record(ofPath: path)
    let entries = record.entries
    guard let answer = answerPlace(in: record, behind: node), part.upperBound <= answer.lowerBound
    else { return }
    let start = record.start ?? promptEnd
    let before = answer.lowerBound > 0 ? entries[answer.lowerBound - 1].node : start
    let rest = entries[..<part.lowerBound] + entries[part.upperBound..<answer.lowerBound]
    let ids = entries[answer].map(\.token)
    let logs = try await logProbabilities([
      (ids, before), (ids, insertAside(rest.map(\.token), after: start)),
    ])
    tellShift(ofPath: path, at: entries[answer.upperBound - 1].node, logs)
  }

  /// The places of the tokens that spell a path's answer; nil for a path without one.
  func answerPlace(in record: PathRecord, behind node: NodeID? = nil) -> Range<Int>? {
    guard
      let answer = record.answer(
        kind: question.kind, before: prompt, thinking: thinking, behind: node),
      let first = record.entries.lastIndex(where: { $0.node == answer.first }),
      let last = record.entries.lastIndex(where: { $0.node == answer.last }), first <= last
    else { return nil }
    return first..<(last + 1)
  }

  /// - Parameter logs: log p(answer) with and without.
  private func tellShift(ofPath path: Int, at node: NodeID, _ logs: [Double]) {
    // What cannot be said at all has no finite difference to anything.
    guard logs.count == 2, logs.allSatisfy(\.isFinite) else { return }
    emit(Score(kind: .contextShift, path: path, node: node, value: logs[0] - logs[1], terms: logs))
  }

  /// The tokens of a path that spell a stretch of what it says.
  func places(of bytes: Range<Int>, inPath path: Int) -> Range<Int>? {
    ExtractedAnswer.tokenRange(
      of: bytes, tokenByteCounts: record(ofPath: path).entries.map(\.bytes.count))
  }

  /// Leaves the span of some of a path's tokens.
  func tellSpan(_ kind: Span.Kind, ofPath path: Int, _ places: Range<Int>) {
    let entries = record(ofPath: path).entries
    guard !places.isEmpty, entries.indices.contains(places.upperBound - 1) else { return }
    emit(
      Span(
        kind: kind, path: path, first: entries[places.lowerBound].node,
        last: entries[places.upperBound - 1].node))
  }
}
