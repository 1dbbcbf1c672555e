/// One training document: text in segments, each with the weight of its tokens in the loss.
public struct CurriculumDocument: Sendable, Hashable, Codable {
  /// A piece of text whose tokens share a weight. A segment begins with the space or line
  /// break before its first word, so tokenising segment by segment equals tokenising the whole.
  public struct Segment: Sendable, Hashable, Codable {
    public var text: String
    /// Tenths: 0 (context only), 1 (a question) or 10 (what the model learns to say).
    public var weight: UInt8

    public init(text: String, weight: UInt8) {
      self.text = text
      self.weight = weight
    }
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
  }

  public var kind: Kind
  public var segments: [Segment]

  /// The whole text.
  public var text: String { segments.map(\.text).joined() }
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
  var kinds: [Double] = [0.16, 0.04, 0.39, 0.08, 0.02, 0.12, 0.19]
  /// How often each family comes, in the order of `ProblemLibrary.families`.
  var families: [Double] = [0.18, 0.18, 0.20, 0.09, 0.11, 0.11, 0.09, 0.04]
  /// How often each style comes, in the order of `ReasoningStyle`.
  var styles: [Double] = [0.25, 0.28, 0.20, 0.16, 0.11]
  /// Direct answers: the bare answer, "The answer is …", a whole sentence.
  var directForms: [Double] = [0.74, 0.12, 0.14]
  /// Reasoned answers with one wrong step that is noticed and corrected at once.
  var slips = 0.04
  /// Reasoned answers that are checked once more although nothing was wrong.
  var rechecks = 0.02
  /// Think documents that go on with the second call of zero-shot chain of thought.
  var extractions = 0.06
}
