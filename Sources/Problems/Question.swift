/// What a run is asked.
public struct Question: Sendable, Hashable, Codable {
  /// The question, or with `isRaw` the whole prompt.
  public var text: String
  /// The problem's id, when it comes from the library.
  public var problem: String?
  public var family: String?
  /// The right answer, when known. Strategies never see it; only the grader does.
  public var gold: String?
  /// What form the answer has.
  public var kind: AnswerKind
  /// The text is sent as it is, with no template.
  public var isRaw: Bool

  public init(
    text: String, problem: String? = nil, family: String? = nil, gold: String? = nil,
    kind: AnswerKind = .any, isRaw: Bool = false
  ) {
    self.text = text
    self.problem = problem
    self.family = family
    self.gold = gold
    self.kind = kind
    self.isRaw = isRaw
  }

  private enum CodingKeys: String, CodingKey {
    case text, problem, family, gold, kind
    case isRaw = "is_raw"
  }
}

extension Question {
  /// A problem with its right answer for the grader.
  public init(_ problem: Problem) {
    self.init(
      text: problem.question, problem: problem.id, family: problem.family, gold: problem.answer,
      kind: problem.answerKind)
  }

  /// Whether an answer is the right one; nil when the right one, or the answer, is unknown.
  public func isCorrect(_ answer: String?) -> Bool? {
    guard let gold else { return nil }
    guard let answer else { return isRaw ? nil : false }
    return AnswerGrader.isCorrect(
      answer, gold: gold, kind: kind, question: text, family: isRaw ? nil : family)
  }

  /// The level that the problem's id fixes, as in `coin@3/1/0`.
  public var fixedLevel: Int? { problem.flatMap { ProblemID($0) }?.level }
}
