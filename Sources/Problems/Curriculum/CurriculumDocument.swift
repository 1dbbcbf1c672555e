/// One training document: text in segments, each with the weight of its tokens in the loss.
public struct CurriculumDocument: Sendable, Hashable, Codable {
  /// A piece of text whose tokens share a weight. A segment begins with the space or line
  /// break before its first word, so tokenising segment by segment equals tokenising the whole.
  public struct Segment: Sendable, Hashable, Codable {
    public var text: String
    /// Tenths: 0 (context only), 1 (a question), 10 (what the model learns to say), or more.
    public var weight: UInt8
  }

  /// What a document teaches.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Plain prompt, answered at once.
    case direct
    /// Plain prompt, answered by reasoning.
    case reasoned
    /// "Let's think step by step.", then reasoning.
    case think
    /// Worked examples, then reasoning.
    case fewShotReasoned
    /// Examples answered at once, then an answer at once.
    case fewShotDirect
    /// An answer and a verdict on it.
    case verdict
    /// An answer, a check of it and a verdict.
    case checkedVerdict
    /// A solution with a label behind each step, up to the first wrong one.
    case stepLabels
    /// As `stepLabels`, and each step is said as it should be before it is labelled.
    case restatedSteps
    /// A related problem is recalled and solved before the question.
    case recalled
    /// The principle is said before the question is answered.
    case stepBack
    /// Sentences of everyday text, without a question.
    case plainText
    /// Plain prompt, answered by reasoning between `<think>` and `</think>`.
    case tagged
  }

  public var kind: Kind
  public var segments: [Segment]

  /// The whole text.
  public var text: String { segments.map(\.text).joined() }
}

/// What the documents are made for.
public enum CurriculumRecipe: String, Sendable, CaseIterable {
  /// Pre-training: a model that answers plain questions at once and reasons when asked to.
  case base
  /// The end of pre-training: the same with far more judging of steps and solutions.
  case judging
  /// Fine-tuning of a base model: a model that thinks between tags and then answers.
  case thinking
}

/// The proportions of the curriculum. They decide whether the model shows what the lessons
/// need: it must *answer most plain prompts directly and fail at depth*, and be able to reason
/// when asked to.
struct CurriculumMix: Sendable {
  /// How often each kind of document comes, in the order of `CurriculumDocument.Kind`.
  ///
  /// Plain prompts are answered directly four times in five. Direct documents are a sixth
  /// only, because a model that sees too many of them learns to solve deep problems at once and
  /// forgets to reason: further tokens go to triggered, few-shot and verification documents.
  var kinds: [Double] = [
    0.16, 0.04, 0.29, 0.05, 0.015, 0.06, 0.16, 0.17, 0, 0.02, 0.015, 0.02, 0,
  ]
  /// How often each family comes, in the order of `ProblemLibrary.families`; families beyond the
  /// list are never trained on.
  var families: [Double] = [
    0.085, 0.095, 0.13, 0.05, 0.075, 0.095, 0.065, 0.045, 0.085, 0.085, 0.06, 0.10, 0.04, 0.03,
  ]
  /// How often each style comes, in the order of `ReasoningStyle`.
  var styles: [Double] = [0.25, 0.28, 0.20, 0.16, 0.11]
  /// Direct answers: the bare answer, "The answer is …", a whole sentence.
  var directForms: [Double] = [0.74, 0.12, 0.14]
  /// Direct documents whose level is the lower of two: deep problems cannot be learned so, and
  /// easy ones should be, for direct answers to fall off with depth.
  var easyDirect = 0.6
  /// Reasoned answers with one wrong step that is noticed and corrected at once.
  var slips = 0.06
  /// Reasoned answers that are looked at again behind the answer, where half were wrong.
  var rechecks = 0.04
  /// Think documents that go on with the second call of zero-shot chain of thought.
  var extractions = 0.06
  /// Candidates for a verdict or step labels that are wrong.
  var wrongCandidates = 0.5
  /// Wrong candidates whose steps are right and whose answer is another.
  var wrongAnswers = 0.1
  /// Faults that misread a number rather than miscalculate.
  var misreadings = 0.35
  /// From this document on, bare verdicts and step labels weigh more: they are few among the
  /// tokens, and to judge a step without a word is harder than to make one.
  var heavyJudgements = 132_000
  /// What they weigh then, in tenths.
  var heavyWeight: UInt8 = 60
  /// Whether answers are compared sign by sign.
  var spellsComparisons = false
  /// Candidates for a verdict that give the bare answer.
  var directCandidates = 0.3
  /// Candidates that a model has sampled, where there are some.
  var sampledCandidates = 0.5

  init(recipe: CurriculumRecipe = .base) {
    switch recipe {
    case .base: break
    case .judging:
      // What the base model does with a question keeps its proportions.
      kinds = [0.13, 0.032, 0.19, 0.03, 0.01, 0.04, 0.18, 0.10, 0.24, 0.015, 0.01, 0.015, 0]
      wrongCandidates = 0.65
      spellsComparisons = true
      heavyJudgements = 0
    case .thinking:
      // Judging stays, so that what the base model can do is not forgotten.
      kinds = [0, 0, 0, 0, 0, 0.03, 0.08, 0.04, 0.10, 0, 0, 0.02, 0.73]
      heavyJudgements = 0
      spellsComparisons = true
      slips = 0.10
      rechecks = 0.15
    }
  }
}
