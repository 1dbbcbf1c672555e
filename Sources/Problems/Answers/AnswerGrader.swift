/// Decides whether an answer is correct: equal to the gold answer in normal form, or right by the
/// exact check of a family whose problems have many right answers; nothing else.
///
/// There is no substring matching: 5 is not 15, though "15" contains "5". See
/// `AnswerNormalizer` for what counts as the same.
enum AnswerGrader {
  /// Whether two answers are the same answer to a question of a kind. Symmetric, and true for
  /// equal texts. Two texts of which one is no answer of that kind compare as `.any`.
  public static func isCorrect(_ answer: String, gold: String, kind: AnswerKind = .any) -> Bool {
    if let left = AnswerNormalizer.normalize(answer, kind: kind),
      let right = AnswerNormalizer.normalize(gold, kind: kind)
    {
      return left == right
    }
    return AnswerNormalizer.normalize(answer, kind: .any)
      == AnswerNormalizer.normalize(gold, kind: .any)
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
