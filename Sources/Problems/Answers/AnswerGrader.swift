/// Decides whether an answer is correct: equal to the gold answer in normal form, or right by the
/// exact check of a family whose problems have many right answers; nothing else.
///
/// There is no substring matching: 5 is not 15, though "15" contains "5". See
/// `AnswerNormalizer` for what counts as the same.
enum AnswerGrader {
  /// Whether two answers are the same answer to a question of a kind: an equivalence, so that votes
  /// that count equal answers together never differ from it. Answers that cannot be read as one of
  /// that kind are the same where they are as answers of any kind, or spelled alike.
  public static func isCorrect(_ answer: String, gold: String, kind: AnswerKind = .any) -> Bool {
    key(answer, kind) == key(gold, kind)
  }

  private static func key(_ text: String, _ kind: AnswerKind) -> [String] {
    if let normal = AnswerNormalizer.normalize(text, kind: kind) { return [normal] }
    if let normal = AnswerNormalizer.normalize(text, kind: .any) { return ["any", normal] }
    return ["as written", AnswerNormalizer.cleaned(text)]
  }

  /// Whether an answer to a family's question is correct.
  public static func isCorrect(
    _ answer: String, gold: String, kind: AnswerKind, question: String, family: String?
  ) -> Bool {
    if let family = family.flatMap({ try? ProblemLibrary.family($0) }),
      let verdict = family.check(answer, of: question)
    {
      return verdict.isRight
    }
    return isCorrect(answer, gold: gold, kind: kind)
  }
}
