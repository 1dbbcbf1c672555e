/// Makes the training documents, from training problems only.
///
/// Document *n* depends on the seed and on *n* alone. Every answer that a model is trained to
/// give is right; wrong ones appear only where a verdict on them is taught, with no weight.
public struct CurriculumGenerator: Sendable {
  private let seed: UInt64
  private let mix = CurriculumMix()

  public init(seed: UInt64) { self.seed = seed }

  /// The document of that number.
  public func document(_ number: Int) -> CurriculumDocument {
    var random = ProblemRandom(stream: "curriculum", seed: seed, index: UInt64(number))
    let kind = CurriculumDocument.Kind.allCases[random.weighted(mix.kinds)]
    let family = ProblemLibrary.families[random.weighted(mix.families)]
    return CurriculumDocument(kind: kind, segments: segments(kind, family, using: &random))
  }

  private func segments(
    _ kind: CurriculumDocument.Kind, _ family: any ProblemFamily,
    using random: inout ProblemRandom
  ) -> [CurriculumDocument.Segment] {
    switch kind {
    case .direct:
      let problem = problem(family, using: &random)
      return [question(problem), answer(" " + direct(problem, using: &random))]
    case .reasoned:
      let problem = problem(family, using: &random)
      let opener = random.chance(0.04) ? PromptFormat.trigger : ""
      return [question(problem), answer(opener + " " + reasoned(problem, using: &random))]
    case .think: return think(problem(family, using: &random), using: &random)
    case .fewShotReasoned: return fewShot(family, isReasoned: true, using: &random)
    case .fewShotDirect: return fewShot(family, isReasoned: false, using: &random)
    case .verdict: return verdict(family, isChecked: false, using: &random)
    case .checkedVerdict: return verdict(family, isChecked: true, using: &random)
    }
  }

  // MARK: Pieces

  private func question(_ problem: WorkedProblem) -> CurriculumDocument.Segment {
    .init(text: PromptFormat.plain(problem.question), weight: 1)
  }

  private func answer(_ text: String) -> CurriculumDocument.Segment {
    .init(text: text, weight: 10)
  }

  private func context(_ text: String) -> CurriculumDocument.Segment {
    .init(text: text, weight: 0)
  }

  private func problem(
    _ family: any ProblemFamily, using random: inout ProblemRandom
  ) -> WorkedProblem {
    let (draft, _) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
    return draft.words(&random, nil)
  }

  func direct(_ problem: WorkedProblem, using random: inout ProblemRandom) -> String {
    let bare = "\(problem.saidAnswer.capitalizedAnswer)."
    return switch random.weighted(mix.directForms) {
    case 0: bare
    case 1: String(PromptFormat.answerMarker.dropFirst()) + " \(problem.saidAnswer)."
    default: problem.directSentence ?? bare
    }
  }

  /// A whole reasoned answer in a drawn style, now and then with a slip that is noticed.
  func reasoned(_ problem: WorkedProblem, using random: inout ProblemRandom) -> String {
    reasoning(problem, using: &random) + PromptFormat.answerMarker + " \(problem.saidAnswer)."
  }

  /// The sentences that come before the answer marker.
  private func reasoning(_ problem: WorkedProblem, using random: inout ProblemRandom) -> String {
    let style = ReasoningStyle.allCases[random.weighted(mix.styles)]
    var sentences = problem.chain(style)
    if random.chance(mix.slips) { Self.slip(&sentences, in: problem, using: &random) }
    if random.chance(mix.rechecks) {
      sentences.append("Wait, let me check.")
      sentences += problem.chain(.terse)
    }
    return sentences.joined(separator: " ")
  }

  /// Replaces the result of one equation by a wrong one and adds "Wait," and the right one.
  private static func slip(
    _ sentences: inout [String], in problem: WorkedProblem, using random: inout ProblemRandom
  ) {
    let equation = random.pick(problem.steps)
    guard let equals = equation.firstRange(of: " = "),
      let value = Int(equation[equals.upperBound...]),
      let place = sentences.firstIndex(where: { $0.contains(equation) })
    else { return }
    let wrong = max(0, value + random.pick([-2, -1, 1, 2]))
    guard wrong != value, let range = sentences[place].firstRange(of: equation) else { return }
    let head = sentences[place][..<range.lowerBound]
    let tail = sentences[place][range.upperBound...]
    // Inside a rewritten expression more follows the result; only a step's own sentence slips.
    guard !tail.contains("=") else { return }
    let left = equation[..<equals.upperBound]
    sentences[place] = "\(head)\(left)\(wrong)\(tail) Wait, \(equation)."
  }

  // MARK: Documents of several parts

  private func think(
    _ problem: WorkedProblem, using random: inout ProblemRandom
  ) -> [CurriculumDocument.Segment] {
    let asked = [question(problem), context(PromptFormat.trigger)]
    guard random.chance(mix.extractions) else {
      return asked + [answer(" " + reasoned(problem, using: &random))]
    }
    // Here the reasoning is stopped before the marker and the second call asks for the answer.
    return asked + [
      answer(" " + reasoning(problem, using: &random)), context(PromptFormat.conclusion),
      answer(" \(problem.saidAnswer)."),
    ]
  }

  private func fewShot(
    _ family: any ProblemFamily, isReasoned: Bool, using random: inout ProblemRandom
  ) -> [CurriculumDocument.Segment] {
    let style = ReasoningStyle.allCases[random.weighted(mix.styles)]
    func told(_ problem: WorkedProblem) -> String {
      guard isReasoned else { return "\(problem.saidAnswer.capitalizedAnswer)." }
      return problem.chain(style).joined(separator: " ")
        + PromptFormat.answerMarker + " \(problem.saidAnswer)."
    }
    let exemplars = (0..<random.int(2...4)).map { _ in
      let shown = self.problem(family, using: &random)
      return (question: shown.question, answer: told(shown))
    }
    let problem = problem(family, using: &random)
    return [
      context(PromptFormat.fewShot(exemplars, question: problem.question)),
      answer(" " + told(problem)),
    ]
  }

  private func verdict(
    _ family: any ProblemFamily, isChecked: Bool, using random: inout ProblemRandom
  ) -> [CurriculumDocument.Segment] {
    let (draft, _) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
    // The same words for the right and the wrong solution: only the fault differs.
    let words = random
    let right = draft.words(&random, nil)
    var candidate = right
    if random.chance(0.5) {
      let fault = Fault(
        step: random.int(0...(right.steps.count - 1)), delta: random.pick([-2, -1, 1, 2, 10]))
      var again = words
      let wrong = draft.words(&again, fault)
      if !wrong.answer.hasPrefix("-") { candidate = wrong }
    }
    let said =
      random.chance(0.4)
      ? direct(candidate, using: &random)
      : candidate.chain(ReasoningStyle.allCases[random.weighted(mix.styles)])
        .joined(separator: " ") + PromptFormat.answerMarker + " \(candidate.saidAnswer)."
    let isRight = candidate.answer == right.answer
    let verdict = isRight ? " Yes." : " No."
    let prompt = context(PromptFormat.plain(right.question) + " " + said)
    guard isChecked else { return [prompt, context(PromptFormat.verdict), answer(verdict)] }
    let comparison =
      " The result is \(right.saidAnswer). It says \(candidate.saidAnswer)."
      + " \(candidate.saidAnswer) \(isRight ? "is" : "is not") \(right.saidAnswer)."
    return [
      prompt, context(PromptFormat.verdictWithRationale),
      answer(" " + right.chain(.terse).joined(separator: " ") + comparison + verdict),
    ]
  }
}

extension String {
  /// An answer as it stands alone: "Yes", "No"; anything else as it is.
  var capitalizedAnswer: String { self == "yes" || self == "no" ? capitalizedSentence : self }
}
