public import Decoding
import Problems

/// Budget forcing by hand: "Wait," at any token, with the answers that the model would give before
/// and behind it (Muennighoff et al. 2025, "s1", arXiv 2501.19393, section 3.1).
extension Exploration {
  /// How many answers are told of: those that begin with the likeliest tokens.
  static let leadingAnswers = 4

  /// Puts "Wait," in, and leaves `early_answer` scores of the leading answers before and behind it.
  ///
  /// It stands at the end of what was said, or in place of what ends the thinking there: the closing
  /// tag, or, where a model thinks without tags, the words that announce the answer. Behind an
  /// answer it would be no thinking.
  ///
  /// - Parameters:
  ///   - start: where the prompt ends.
  ///   - depth: how many tokens stand before it and at it.
  ///   - said: the tokens from there to the place at which to wait.
  ///   - arrived: is told the last node of "Wait," before the answers are asked for.
  /// - Throws: `CancellationError`, and whatever keeps the model from going on; the text is in then.
  public func wait(
    behind start: NodeID, depth: Int, said: [Token],
    arrived: @Sendable (NodeID) -> Void = { _ in }
  ) async throws {
    let thought = place(behind: start, said)
    let text = PromptFormat.wait(behind: thought.bytes)
    let end = insert(text, after: thought.end)
    arrived(end)
    let before = run.ask(after: thought.end, depth: depth + thought.count, said: thought.bytes)
    let after = run.ask(
      after: end, depth: depth + thought.count + run.vocabulary.tokenize(continuing: text).count,
      said: thought.bytes + text.utf8)
    guard let before, let after else {
      throw StrategyError.decoding("There is no room left in the context to ask for the answer.")
    }
    try await run.tellLeadingAnswers(
      ofPath: line(from: end), at: [before, after], count: Self.leadingAnswers)
  }

  /// The last node of what is thought, with how many tokens and which bytes lead there.
  private func place(
    behind start: NodeID, _ said: [Token]
  ) -> (end: NodeID, count: Int, bytes: [UInt8]) {
    var entries: [PathRecord.Entry] = []
    var node = start
    for token in said {
      node = node.appending(token.id)
      entries.append(.init(node: node, token: token.id, bytes: token.bytes))
    }
    // What ends the text stands behind every answer.
    while entries.last?.bytes.isEmpty == true { entries.removeLast() }
    let whole = (entries.last?.node ?? start, entries.count, entries.flatMap(\.bytes))
    let split = Thinking.split(whole.2, tags: run.thinking)
    guard let boundary = split.boundary else { return whole }
    let isTag = run.thinking.map { whole.2[boundary].elementsEqual($0.close.utf8) } ?? false
    // Where more than the answer follows, it is thought on already.
    let sentences = SolutionStep.ranges(in: whole.2[boundary.upperBound...])
    guard isTag || sentences.count < 2 else { return whole }
    let thought = run.endOfThinking(in: entries, start: start, withTag: false)
    return (
      thought.end, entries.firstIndex { $0.node == thought.end }.map { $0 + 1 } ?? 0, thought.bytes
    )
  }
}
