extension Question {
  /// A problem of the library, with its right answer for the grader.
  public init(_ problem: Problem) {
    self.init(
      text: problem.question, problem: problem.id, family: problem.family, gold: problem.answer,
      kind: AnswerKind(of: problem.answer))
  }
}

extension AnswerKind {
  /// The kind of a right answer in its normal form.
  public init(of gold: String) {
    if gold == "yes" || gold == "no" {
      self = .yesNo
    } else if AnswerExtractor.extract(from: gold, kind: .number)?.text == gold {
      self = .number
    } else {
      self = .word
    }
  }
}
