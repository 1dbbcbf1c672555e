/// What it takes to propose a solution of a puzzle, and to verify one. Counted, never timed, so
/// it is the same on every machine.
public struct PuzzleCost: Codable, Sendable, Hashable {
  /// Nodes of the search tree that the family's solver visits up to its first solution.
  public let proposalNodes: Int
  /// Comparisons and arithmetic operations of the family's checker on that solution.
  public let verificationOperations: Int
}

extension Problem {
  /// What proposing and verifying cost; nil for families without a search.
  public var puzzleCost: PuzzleCost? { (try? ProblemLibrary.family(family))?.cost(of: question) }

  /// Right, or wrong with the reason.
  public func verdict(on answer: String) -> AnswerVerdict {
    if let verdict = (try? ProblemLibrary.family(family))?.check(answer, of: question) {
      return verdict
    }
    if isCorrect(answer) { return .right }
    let read = AnswerNormalizer.normalize(answer, kind: answerKind)
    let reason = read.map { "it reads as \($0)" } ?? "it is no answer of the kind that is asked for"
    return .wrong("\(reason); the right answer is \(self.answer)")
  }
}
