/// A problem's right solution and one that goes wrong in a single step, in the same words: what
/// verifiers are trained on, made of problems that no model has seen.
public struct JudgedPair: Sendable {
  /// A solution, and what is known of its sentences.
  public struct Solution: Sendable, Hashable {
    public var text: String
    /// Whether its answer is right.
    public var isRight: Bool
    /// Whether each sentence is right, up to the first that is not.
    public var labels: [Bool]
  }

  /// Its id names no problem of the library: these are drawn on their own.
  public var problem: Problem
  public var right: Solution
  public var wrong: Solution

  /// Pairs of a family. Pair *n* depends on the seed and on *n* alone.
  ///
  /// Fewer than `count` where no fault makes a problem's answer wrong.
  public static func pairs(
    family: any ProblemFamily, split: ProblemSplit = .heldout, count: Int, seed: UInt64
  ) -> [JudgedPair] {
    (0..<max(0, count)).compactMap { index in
      var random = ProblemRandom(
        stream: "judged \(family.name) \(split.rawValue)", seed: seed, index: UInt64(index))
      return pair(family, split, id: "judged/\(family.name)/\(seed)/\(index)", using: &random)
    }
  }

  private static func pair(
    _ family: any ProblemFamily, _ split: ProblemSplit, id: String,
    using random: inout ProblemRandom
  ) -> JudgedPair? {
    let sketch = CurriculumGenerator.Sketch(family, split: split, using: &random)
    let style = random.pick(ReasoningStyle.allCases)
    let right = text(sketch.right, style)
    for _ in 0..<16 {
      guard let faulty = sketch.faulty(misreadings: 0.35, using: &random),
        !sketch.right.judged(answer: faulty.answer).isRight
      else { continue }
      let wrong = text(faulty, style)
      let (steps, gold) = (SolutionStep.steps(of: wrong), SolutionStep.steps(of: right))
      let shared = zip(steps, gold).prefix { $0.text == $1.text }.count
      guard shared < steps.count else { continue }
      return JudgedPair(
        problem: Problem(
          id: id, family: family.name, level: sketch.right.level,
          question: sketch.right.question, answer: sketch.right.answer,
          steps: sketch.right.steps),
        right: Solution(
          text: right, isRight: true, labels: Array(repeating: true, count: gold.count)),
        wrong: Solution(
          text: wrong, isRight: false, labels: Array(repeating: true, count: shared) + [false]))
    }
    return nil
  }

  private static func text(_ problem: WorkedProblem, _ style: ReasoningStyle) -> String {
    (problem.chain(style) + [PromptFormat.answerMarker.dropFirst() + " \(problem.saidAnswer)."])
      .joined(separator: " ")
  }
}
