public import Problems
import Traces

/// Checks the answer of a whole solution against the question itself, as a program does: 1 where it
/// solves the puzzle and 0 where it does not. No token is spent, and the gold answer is not
/// looked at; so it is there only for questions whose answers can be checked by less than solving
/// them.
public struct ExactVerifier: Verifier {
  /// The families whose answers can be checked.
  public static let families = ProblemLibrary.families.filter { family in
    let easiest = family.levels(in: .heldout).lowerBound
    let id = ProblemID(family: family.name, level: easiest, seed: 0, index: 0)
    guard let problem = try? ProblemLibrary.problem(id) else { return false }
    return family.check(problem.answer, of: problem.question) != nil
  }

  /// Whether answers to a question can be checked.
  public static func canJudge(_ question: Question) -> Bool { family(of: question) != nil }

  private static func family(of question: Question) -> (any ProblemFamily)? {
    guard let name = question.family, let family = try? ProblemLibrary.family(name),
      family.check("", of: question.text) != nil
    else { return nil }
    return family
  }

  /// - Throws: `StrategyError.uncheckable` where the question is of no such family.
  public func assess(_ solutions: [CandidateSolution], in run: Run) async throws -> [Assessment] {
    guard let family = Self.family(of: run.question) else {
      throw StrategyError.uncheckable(Self.families.map(\.name))
    }
    let kind = family.answerKind ?? .any
    return solutions.map { solution in
      guard !solution.text.isEmpty else { return .none }
      let answer = AnswerExtractor.extract(from: solution.text, kind: kind, thinking: run.thinking)
      let isRight =
        answer.flatMap { family.check($0.value, of: run.question.text) }?.isRight ?? false
      let value = isRight ? 1.0 : 0
      run.emit(Score(kind: .exact, path: solution.path, value: value))
      return Assessment(value: value)
    }
  }
}
