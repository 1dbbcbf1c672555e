import Decoding
import Problems

/// What a path consists of so far, after the prompt: enough to find its answer and score it.
struct PathRecord: Sendable {
  struct Entry: Sendable {
    var node: NodeID
    var token: TokenID
    var bytes: [UInt8]
    /// p(likeliest) − p(second) where the token was chosen; nil for text that was put in.
    var margin: Double?
    /// nil for text that was put in.
    var logProbability: Double?
  }

  private(set) var entries: [Entry] = []
  /// The node behind which the path begins; nil before its first token.
  private(set) var start: NodeID?

  /// Σ log p over the sampled tokens.
  var logProbability: Double { entries.reduce(0) { $0 + ($1.logProbability ?? 0) } }

  var generated: Int { entries.count { $0.logProbability != nil } }

  var bytes: [UInt8] { entries.flatMap(\.bytes) }

  mutating func append(_ entry: Entry) { entries.append(entry) }

  /// Takes the path back to a node, when its end lies beyond; a node that is none of its own is
  /// where it begins anew.
  mutating func rewind(to node: NodeID) {
    if entries.last?.node == node { return }
    let kept = entries.lastIndex { $0.node == node }.map { $0 + 1 } ?? 0
    entries.removeSubrange(kept...)
    if entries.isEmpty { start = node }
  }

  struct FoundAnswer {
    var value: String
    var first: NodeID
    var last: NodeID
    /// The margins of the answer's sampled tokens.
    var margins: [Double]
    /// Their mean, Δ; nil when no token of the answer was sampled.
    var delta: Double? { margins.isEmpty ? nil : margins.reduce(0, +) / Double(margins.count) }
  }

  /// The answer stated by the path, with the tokens that spell it.
  ///
  /// - Parameters:
  ///   - prompt: tells where the answer is over and the next question begins.
  ///   - thinking: the tags of a model that thinks between tags; what stands there is no answer.
  ///   - node: what stands up to here is no answer either.
  func answer(
    kind: AnswerKind, before prompt: Prompt, thinking: ThinkingTags?, behind node: NodeID? = nil
  ) -> FoundAnswer? {
    let known = self.entries.lastIndex { $0.node == node }.map { $0 + 1 } ?? 0
    let entries = Array(self.entries[known...])
    let bytes = entries.flatMap(\.bytes)
    let text = Array(bytes.prefix(prompt.answerLength(in: bytes)))
    guard let found = AnswerExtractor.extract(from: text, kind: kind, thinking: thinking),
      let range = ExtractedAnswer.tokenRange(
        of: found.byteRange, tokenByteCounts: entries.map(\.bytes.count)), !range.isEmpty
    else { return nil }
    let tokens = entries[range]
    guard let first = tokens.first, let last = tokens.last else { return nil }
    return FoundAnswer(
      value: found.value, first: first.node, last: last.node, margins: tokens.compactMap(\.margin))
  }
}
