/// One kind of problem: a generator with levels, natural-language variety and an exact solver.
public protocol ProblemFamily: Sendable {
  /// The name used on the command line and in ids.
  var name: String { get }
  /// What the problems are, in one line.
  var summary: String { get }
  /// The levels, easiest first.
  var levels: ClosedRange<Int> { get }
  /// The levels that have structures enough to be divided among the splits. The problems of the
  /// others are all for training, whatever their structure, and nothing is measured on them.
  var dividedLevels: ClosedRange<Int> { get }
  /// How such problems are solved, in one short sentence: what a step back finds.
  var principle: String { get }
  /// Whether the family counts when all families are measured. The others are practice: they
  /// can be asked for by name, and some are in the curriculum.
  var isCore: Bool { get }
  /// Draws a problem's structure; its wording is drawn later, by the draft.
  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft
  /// What form the answers have; nil if the gold answer tells.
  var answerKind: AnswerKind? { get }
  /// Checks an answer against the question itself, where more than one answer is right; nil if
  /// answers are compared with the gold one, or the question is not of the family's making.
  func check(_ answer: String, of question: String) -> AnswerVerdict?
  /// What it takes to propose and to verify an answer; nil for families without a search.
  func cost(of question: String) -> PuzzleCost?
}

extension ProblemFamily {
  public var answerKind: AnswerKind? { nil }
  public func check(_ answer: String, of question: String) -> AnswerVerdict? { nil }
  public func cost(of question: String) -> PuzzleCost? { nil }
}

/// What an exact check of an answer finds.
public enum AnswerVerdict: Sendable, Hashable {
  case right
  /// With the reason, as it can be told: "its value is 12, not 13".
  case wrong(String)

  public var isRight: Bool { self == .right }
}

extension ProblemFamily {
  public var principle: String { "Take one step at a time." }
  public var isCore: Bool { true }
  public var dividedLevels: ClosedRange<Int> { levels }

  /// The levels that have problems of a split.
  public func levels(in split: ProblemSplit) -> ClosedRange<Int> {
    split == .train ? levels : dividedLevels
  }

  /// The split that a structure of a level belongs to.
  func split(ofStructure structure: String, level: Int) -> ProblemSplit {
    dividedLevels.contains(level) ? .of(structure: structure, family: name) : .train
  }
}

/// A problem whose numbers are settled and whose words are not.
public struct ProblemDraft: Sendable {
  /// The numbers and operations in a normal form: what the split is decided by.
  let structure: String
  /// Puts the problem into words and solves it, with a fault in one step if one is given.
  let words: @Sendable (inout ProblemRandom, Fault?) -> WorkedProblem
}

/// A wrong step, made on purpose and carried on to the end: candidates for verification
/// documents are wrong in the ways that solutions go wrong. Never used for an answer that a
/// model is trained to give.
struct Fault: Sendable {
  /// What goes wrong in the step.
  enum Kind: Sendable {
    /// The operands are right and the result is not: `3 + 2 = 6`.
    case result
    /// A number is misread and the rest follows from it: `3 + 4 = 7` for 2 more than 3.
    case operand
  }

  var step: Int
  var delta: Int
  var kind = Kind.result

  /// The result of a step, wrong where the fault is and never negative.
  static func apply(_ fault: Fault?, at step: Int, to value: Int) -> Int {
    guard let fault, fault.kind == .result else { return value }
    return fault.changed(value, at: step)
  }

  /// A number that a step reads from the question, wrong where the fault is and never negative.
  static func misread(_ fault: Fault?, at step: Int, _ operand: Int) -> Int {
    guard let fault, fault.kind == .operand else { return operand }
    return fault.changed(operand, at: step)
  }

  private func changed(_ value: Int, at step: Int) -> Int {
    guard self.step == step else { return value }
    return value + delta < 0 ? value + abs(delta) : value + delta
  }
}

/// The ways a solution is told. Variety matters: without it sampled paths are copies of each
/// other and a vote shows nothing. No style begins with a digit or with a word that begins a
/// direct answer, so the first token of an answer tells whether it reasons.
enum ReasoningStyle: CaseIterable, Sendable {
  /// Bare equations.
  case terse
  /// A sentence a step.
  case sentences
  /// What the question says, then what follows from it.
  case restating
  /// "First, … Then, …"
  case sequence
  /// One expression, rewritten until it is a number; or the family's own fifth way.
  case fused
}

/// A solution told in every style, a sentence a string.
struct StyledChains: Sendable, Hashable {
  var terse: [String] = []
  var sentences: [String] = []
  var restating: [String] = []
  var sequence: [String] = []
  var fused: [String] = []

  subscript(style: ReasoningStyle) -> [String] {
    switch style {
    case .terse: terse
    case .sentences: sentences
    case .restating: restating
    case .sequence: sequence
    case .fused: fused
    }
  }
}

extension StyledChains {
  /// Adds a step, without its full stop, in every style but the fused one.
  ///
  /// - Parameters:
  ///   - step: the terse form.
  ///   - ordered: what follows "First," or "Then,"; nil for the terse form.
  mutating func tell(_ step: String, sentence: String, restated: String, ordered: String? = nil) {
    terse.append((terse.isEmpty ? "So " : "") + step + ".")
    sentences.append(sentence + ".")
    restating.append(restated + ".")
    sequence.append((sequence.isEmpty ? "First, " : "Then, ") + (ordered ?? step) + ".")
  }
}

extension [String] {
  /// The texts as sentences: the first behind one opener, the others behind another.
  func told(_ first: String, _ then: String) -> [String] {
    enumerated().map { ($0 == 0 ? first : then) + $1 + "." }
  }
}

/// A problem in words with all that documents are made from.
struct WorkedProblem: Sendable {
  let level: Int
  let question: String
  let answer: String
  /// The exact steps.
  let steps: [String]
  let chains: StyledChains
  /// The answer as a whole sentence, if the family has one.
  let directSentence: String?
  /// Judges an answer in the family's own way, where several answers are right: whether it is
  /// right, and the sentences of a check.
  var check: (@Sendable (_ answer: String) -> (isRight: Bool, rationale: [String]))? = nil

  /// The answer as documents give it.
  var saidAnswer: String { Self.said(answer) }

  /// An answer as documents give it. A string of letters stands in quotes, so that it is spelled
  /// letter by letter and never runs into a word's token.
  static func said(_ answer: String) -> String {
    answer == "yes" || answer == "no" || !(answer.first?.isLetter ?? false)
      ? answer : "\"\(answer)\""
  }

  func chain(_ style: ReasoningStyle) -> [String] { chains[style] }

  /// The sentences of a style with the one that gives the answer.
  func told(_ style: ReasoningStyle) -> [String] {
    chain(style) + [PromptFormat.answerMarker.dropFirst() + " \(saidAnswer)."]
  }
}

extension String {
  /// The text with its first letter in upper case.
  var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}
