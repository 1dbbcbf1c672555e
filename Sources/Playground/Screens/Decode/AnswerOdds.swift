import Decoding
import Problems
import Traces

/// The answers that the model would give at the cursor if it had to, and, where text was put in just
/// before it, how likely each was without that text.
public struct AnswerOdds: Sendable, Hashable {
  public struct Row: Sendable, Hashable {
    public var answer: String
    /// Before the text that was put in; nil where there is none, or nobody asked.
    public var before: Double?
    public var now: Double
    /// Whether it is the right one; nil when that is unknown.
    public var isCorrect: Bool?

    var greatest: Double { max(before ?? 0, now) }
  }

  /// The likeliest first, now or before: what led is told as well as what leads.
  public var rows: [Row]
  /// The text that was put in, in quotes; nil where there is none.
  public var inserted: String?
}

extension PlaygroundState {
  /// What a trace knows of the answers at the cursor.
  func answerOdds() -> AnswerOdds? {
    let now = trace.earlyAnswers(at: decode.cursor)
    guard !now.isEmpty else { return nil }
    let line = decode.line
    var before: [(answer: String, probability: Double)] = []
    var inserted: [UInt8] = []
    // Back over what was put in, to the nearest place at which the same was asked.
    for index in stride(from: line.cursor - 1, through: line.promptCount, by: -1) {
      let token = line.tokens[index]
      guard before.isEmpty, token.origin == .injected, let parent = trace.node(token.node)?.parent
      else { break }
      inserted = token.token.bytes + inserted
      before = trace.earlyAnswers(at: parent)
    }
    let rows = now.map { answer, probability in
      AnswerOdds.Row(
        answer: answer, before: before.first { $0.answer == answer }?.probability,
        now: probability, isCorrect: question.isCorrect(answer))
    }
    let ranked = rows.enumerated().sorted { a, b in
      let (p, q) = (a.element.greatest, b.element.greatest)
      return p > q || (p == q && a.offset < b.offset)
    }
    return AnswerOdds(
      rows: ranked.map(\.element), inserted: before.isEmpty ? nil : TokenText.quoted(inserted))
  }
}
