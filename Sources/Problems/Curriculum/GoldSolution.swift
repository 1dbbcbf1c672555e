/// Right solutions of problems, in the words that the bundled models are taught to solve in.
public enum GoldSolution {
  /// What a model should say behind the prompt of a problem, with the space before it: the steps in
  /// words, and the sentence that gives the answer.
  ///
  /// A problem of the library is told in one of the curriculum's styles, in the curriculum's
  /// proportions; the seed draws which. Any other problem is told by its own steps, and where it
  /// has none, by its answer alone.
  public static func text(of problem: Problem, seed: UInt64) -> String {
    guard let worked = worked(problem) else { return told(problem) }
    var random = ProblemRandom(stream: "solution \(problem.id)", seed: seed, index: 0)
    let style = ReasoningStyle.allCases[random.weighted(CurriculumMix().styles)]
    return CurriculumGenerator.told(worked, style)
  }

  /// The problem with its chains; nil where it is not of the library, whatever its id says.
  private static func worked(_ problem: Problem) -> WorkedProblem? {
    guard let id = ProblemID(problem.id), let worked = try? ProblemLibrary.worked(id),
      worked.question == problem.question, worked.answer == problem.answer
    else { return nil }
    return worked
  }

  private static func told(_ problem: Problem) -> String {
    let sentences = problem.steps.map { step in
      let isEnded = step.last.map { ".?!:".contains($0) } ?? true
      return isEnded ? step : step + "."
    }
    return (sentences + ["\(PromptFormat.answerMarker.dropFirst()) \(problem.answer)."])
      .filter { !$0.isEmpty }.map { " " + $0 }.joined()
  }
}
