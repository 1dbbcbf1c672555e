public import Decoding
import Problems
import Traces

extension Run {
  /// Finds the answer of a path that has ended and leaves the path's events: the answer's span,
  /// its scores, and `path_finished`.
  ///
  /// - Parameter node: the answer stands behind this node of the path; nil for anywhere.
  @discardableResult
  public func conclude(
    _ path: Int, _ reason: FinishReason, behind node: NodeID? = nil
  ) -> PathOutcome {
    let record = record(ofPath: path)
    if reason.isCut && record.entries.isEmpty {
      // It never started, so there is nothing to tell of it.
      return PathOutcome(path: path, reason: reason, logProbability: 0, generated: 0)
    }
    // A path that was cut short has not said its last word.
    let answer =
      reason.isCut
      ? nil : record.answer(kind: question.kind, before: prompt, thinking: thinking, behind: node)
    if let answer {
      noteAnswer(ofPath: path)
      emit(
        Span(
          kind: .answer, path: path, first: answer.first, last: answer.last,
          value: answer.value))
      if let delta = answer.delta {
        emit(
          Score(kind: .delta, path: path, node: answer.last, value: delta, terms: answer.margins))
      }
    }
    emit(Score(kind: .likelihood, path: path, value: record.logProbability))
    emit(
      PathEnd(
        path: path, end: record.entries.last?.node ?? .root, reason: reason.name,
        answer: answer?.value, generated: record.generated))
    return PathOutcome(
      path: path, reason: reason, answer: answer?.value, delta: answer?.delta,
      logProbability: record.logProbability, generated: record.generated)
  }
}
