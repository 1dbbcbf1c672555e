/// Solutions that have just gone wrong, to see whether a model notices.
///
/// Each prompt is a question with the think trigger and the beginning of a solution, up to and
/// with its first wrong step. Half of the experiment is `continue`: what the model makes of it
/// by itself. The other half, `wait`, puts "Wait," behind the wrong step (Muennighoff et al.
/// 2025, "s1: Simple test-time scaling", arXiv 2501.19393, section 3.1).
public enum SlipQuestions {
  /// The raw prompts of both halves, in the same order: the same slips without and with "Wait,".
  ///
  /// - Throws: `ProblemError` for an unknown family.
  public static func questions(
    family name: String, split: ProblemSplit, count: Int, seed: UInt64
  ) throws -> (continue: [Question], wait: [Question]) {
    let family = try ProblemLibrary.family(name)
    let mix = CurriculumMix()
    var plain: [Question] = []
    var waiting: [Question] = []
    var index: UInt64 = 0
    // Some faults cannot be told, and some come to the right answer all the same.
    while plain.count < count, index < UInt64(20 * count) {
      var random = ProblemRandom(stream: "slip." + name + ".\(split)", seed: seed, index: index)
      index += 1
      let sketch = CurriculumGenerator.Sketch(family, split: split, using: &random)
      let style = ReasoningStyle.allCases[random.weighted(mix.styles)]
      guard let wrong = sketch.faulty(misreadings: mix.misreadings, using: &random),
        let place = CurriculumGenerator.firstDifference(
          wrong.chain(style), sketch.right.chain(style)),
        !sketch.right.judged(answer: wrong.answer).isRight
      else { continue }
      let told = wrong.chain(style)[...place].map { " " + $0 }.joined()
      let prompt = PromptFormat.think(sketch.right.question) + told
      let problem = Problem(
        id: "\(name)/\(seed)/\(index)", family: name, level: sketch.right.level,
        question: sketch.right.question, answer: sketch.right.answer, steps: sketch.right.steps)
      func question(_ text: String) -> Question {
        var question = Question(problem)
        question.text = text
        question.isRaw = true
        return question
      }
      plain.append(question(prompt))
      waiting.append(question(prompt + PromptFormat.wait))
    }
    return (plain, waiting)
  }
}
