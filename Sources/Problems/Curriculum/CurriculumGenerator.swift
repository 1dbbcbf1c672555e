/// Makes the training documents, from training problems only.
///
/// Document *n* depends on the recipe, the seed, the candidates and on *n* alone. Every answer
/// that a model is trained to give is right. Wrong ones have no weight: they appear where a verdict
/// on them, the label of a step, or their correction is taught.
public struct CurriculumGenerator: Sendable {
  typealias Segment = CurriculumDocument.Segment

  private let seed: UInt64
  private let mix: CurriculumMix
  private let candidates: SampledCandidates?

  /// - Parameter candidates: solutions of a model, which judging is taught on beside made ones.
  public init(
    seed: UInt64, recipe: CurriculumRecipe = .base, candidates: SampledCandidates? = nil
  ) {
    self.seed = seed
    self.candidates = candidates
    mix = CurriculumMix(recipe: recipe)
  }

  /// The document of that number.
  public func document(_ number: Int) -> CurriculumDocument {
    var random = ProblemRandom(stream: "curriculum", seed: seed, index: UInt64(number))
    let kind = CurriculumDocument.Kind.allCases[random.weighted(mix.kinds)]
    let families = ProblemLibrary.families
    let family = families[random.weighted(Array(mix.families.prefix(families.count)))]
    var segments = segments(kind, family, using: &random)
    if number >= mix.heavyJudgements, kind == .verdict || kind == .stepLabels {
      for index in segments.indices where segments[index].weight > 0 {
        segments[index].weight = mix.heavyWeight
      }
    }
    return CurriculumDocument(kind: kind, segments: segments)
  }

  private func segments(
    _ kind: CurriculumDocument.Kind, _ family: any ProblemFamily, using random: inout ProblemRandom
  ) -> [Segment] {
    switch kind {
    case .direct:
      let level = random.chance(mix.easyDirect) ? easyLevel(family, using: &random) : nil
      let sketch = Sketch(family, level: level, using: &random)
      return [question(sketch.right), answer(" " + direct(sketch.right, using: &random))]
    case .reasoned:
      let sketch = Sketch(family, using: &random)
      let opener = random.chance(0.04) ? [answer(PromptFormat.trigger)] : []
      return [question(sketch.right)] + opener + reasoned(sketch, using: &random)
    case .think: return think(Sketch(family, using: &random), using: &random)
    case .fewShotReasoned: return fewShot(family, isReasoned: true, using: &random)
    case .fewShotDirect: return fewShot(family, isReasoned: false, using: &random)
    case .verdict: return verdict(family, isChecked: false, using: &random)
    case .checkedVerdict: return verdict(family, isChecked: true, using: &random)
    case .stepLabels: return stepLabels(family, restates: false, using: &random)
    case .restatedSteps: return stepLabels(family, restates: true, using: &random)
    case .recalled: return recalled(family, using: &random)
    case .stepBack:
      let sketch = Sketch(family, using: &random)
      return [
        question(sketch.right), context(PromptFormat.stepBack), answer(" " + family.principle),
      ] + reasoned(sketch, using: &random)
    case .plainText: return [answer(PlainText.passage(using: &random))]
    case .tagged: return tagged(Sketch(family, using: &random), using: &random)
    }
  }

  // MARK: Pieces

  /// A problem, of the training split unless told otherwise, and what it takes to tell it again with a fault in the same words.
  struct Sketch {
    let right: WorkedProblem
    private let draft: ProblemDraft
    private let words: ProblemRandom

    init(
      _ family: any ProblemFamily, split: ProblemSplit = .train, level: Int? = nil,
      using random: inout ProblemRandom
    ) {
      (draft, _) = ProblemLibrary.draft(family, split: split, level: level, using: &random)
      words = random
      right = draft.words(&random, nil)
    }

    /// - Throws: `ProblemError` for an id that names no problem of the library.
    init(_ id: ProblemID) throws {
      (draft, words) = try ProblemLibrary.drafted(id)
      var random = words
      right = draft.words(&random, nil)
    }

    /// The same problem told with each fault of some size in each of its steps.
    var faults: some Sequence<WorkedProblem> {
      let sizes = (1...9).flatMap { [$0, -$0] } + [10]
      return right.steps.indices.lazy.flatMap { step in
        [Fault.Kind.result, .operand].lazy.flatMap { kind in
          sizes.lazy.map { delta in
            var again = words
            return draft.words(&again, Fault(step: step, delta: delta, kind: kind))
          }
        }
      }
    }

    /// The same problem told with a wrong result in each of its steps in turn, with the sentence
    /// that gives the answer; only tellings of so many sentences.
    func faultyTellings(_ style: ReasoningStyle, count: Int) -> [[String]] {
      right.steps.indices.compactMap { step in
        var again = words
        let wrong = draft.words(&again, Fault(step: step, delta: 1))
        let told = wrong.told(style)
        return told.count == count ? told : nil
      }
    }

    /// The same problem with one wrong step; nil if the fault cannot be told.
    func faulty(misreadings: Double, using random: inout ProblemRandom) -> WorkedProblem? {
      guard !right.steps.isEmpty else { return nil }
      let fault = Fault(
        step: random.int(0...(right.steps.count - 1)), delta: random.pick([-2, -1, 1, 2, 3, 10]),
        kind: random.chance(misreadings) ? .operand : .result)
      var again = words
      let wrong = draft.words(&again, fault)
      return wrong.answer.hasPrefix("-") || wrong.chains == right.chains ? nil : wrong
    }
  }

  /// The last words in which two tellings of a sentence differ, punctuation aside; where one is
  /// longer, its last word and "end".
  static func lastDifference(_ sentence: String, _ other: String) -> (String, String)? {
    let (left, right) = (sentence.split(separator: " "), other.split(separator: " "))
    for index in (0..<max(left.count, right.count)).reversed() {
      let a = index < left.count ? String(left[index]) : "end"
      let b = index < right.count ? String(right[index]) : "end"
      if Comparison.signs(a) != Comparison.signs(b) { return (a, b) }
    }
    return nil
  }

  private func question(_ problem: WorkedProblem) -> Segment {
    Segment(text: PromptFormat.plain(problem.question), weight: 1)
  }

  private func answer(_ text: String) -> Segment { Segment(text: text, weight: 10) }

  private func context(_ text: String) -> Segment { Segment(text: text, weight: 0) }

  private func easyLevel(_ family: any ProblemFamily, using random: inout ProblemRandom) -> Int {
    min(random.int(family.levels), random.int(family.levels))
  }

  private func style(using random: inout ProblemRandom) -> ReasoningStyle {
    ReasoningStyle.allCases[random.weighted(mix.styles)]
  }

  func direct(_ problem: WorkedProblem, using random: inout ProblemRandom) -> String {
    let bare = "\(problem.saidAnswer.capitalizedAnswer)."
    return switch random.weighted(mix.directForms) {
    case 0: bare
    case 1: String(PromptFormat.answerMarker.dropFirst()) + " \(problem.saidAnswer)."
    default: problem.directSentence ?? bare
    }
  }

  /// The sentence that gives the answer behind reasoning, with the space before it.
  private static func conclusion(_ problem: WorkedProblem) -> String {
    "\(PromptFormat.answerMarker) \(problem.saidAnswer)."
  }

  /// The reasoning and the answer, with the space before them.
  static func told(_ problem: WorkedProblem, _ style: ReasoningStyle) -> String {
    " " + problem.told(style).joined(separator: " ")
  }

  /// A whole reasoned answer in a drawn style, now and then with a slip that is noticed, or
  /// looked at again.
  func reasoned(_ sketch: Sketch, using random: inout ProblemRandom) -> [Segment] {
    let (problem, style) = (sketch.right, style(using: &random))
    let whole = answer(Self.told(problem, style))
    guard random.chance(mix.rechecks) else {
      return reasoning(sketch, style, using: &random) + [answer(Self.conclusion(problem))]
    }
    let again = answer(PromptFormat.recheck + Self.told(problem, .terse))
    guard random.chance(0.5),
      let wrong = sketch.faulty(misreadings: mix.misreadings, using: &random)
    else { return [whole, again] }
    let (common, rest) = Self.divided(Self.told(wrong, style), from: whole.text)
    return [answer(common), context(rest), again].filter { !$0.text.isEmpty }
  }

  /// The sentences that come before the answer marker.
  private func reasoning(
    _ sketch: Sketch, _ style: ReasoningStyle, using random: inout ProblemRandom
  ) -> [Segment] {
    let sentences = sketch.right.chain(style)
    let told = answer(" " + sentences.joined(separator: " "))
    guard random.chance(mix.slips),
      let wrong = sketch.faulty(misreadings: mix.misreadings, using: &random)?.chain(style),
      let place = Self.firstDifference(wrong, sentences)
    else { return [told] }
    // The wrong words have no weight: the model learns to notice them, not to say them.
    let before = sentences[..<place].map { " " + $0 }.joined()
    let (common, slip) = Self.divided(" " + wrong[place], from: " " + sentences[place])
    let equation = sketch.right.steps.first { sentences[place].contains($0) }
    let isEquation = equation?.contains("=") == true && !slip.contains("= ")
    let whole =
      sentences[place].hasPrefix("So ") ? sentences[place].dropFirst(3) : sentences[place][...]
    let corrected = isEquation ? "\(equation ?? "")." : String(whole)
    return [
      answer(before + common), context(slip),
      answer(([" Wait, " + corrected] + sentences[(place + 1)...]).joined(separator: " ")),
    ].filter { !$0.text.isEmpty }
  }

  /// The first sentence that differs from its counterpart in another telling.
  static func firstDifference(_ sentences: [String], _ others: [String]) -> Int? {
    sentences.indices.first { $0 < others.count && others[$0] != sentences[$0] }
  }

  /// The text divided at the first word in which it differs from another.
  private static func divided(_ text: String, from other: String) -> (String, String) {
    let (a, b) = (Array(text), Array(other))
    let same = zip(a, b).prefix { $0 == $1 }.count
    // The space before a word belongs to the word.
    let start = a[..<same].lastIndex(of: " ") ?? 0
    return (String(a[..<start]), String(a[start...]))
  }

  // MARK: Documents of several parts

  private func think(_ sketch: Sketch, using random: inout ProblemRandom) -> [Segment] {
    let asked = [question(sketch.right), context(PromptFormat.trigger)]
    guard random.chance(mix.extractions) else { return asked + reasoned(sketch, using: &random) }
    // Here the reasoning is stopped before the marker and the second call asks for the answer.
    return asked + reasoning(sketch, style(using: &random), using: &random) + [
      context(PromptFormat.conclusion), answer(" \(sketch.right.saidAnswer)."),
    ]
  }

  /// Examples and a question, told in one style. All answers behind an example are learned;
  /// the first, which follows a plain prompt, is not.
  private func fewShot(
    _ family: any ProblemFamily, isReasoned: Bool, using random: inout ProblemRandom
  ) -> [Segment] {
    let style = style(using: &random)
    let count = random.chance(0.1) ? random.int(5...8) : random.int(2...4)
    var segments: [Segment] = []
    for number in 0...count {
      let problem = Sketch(family, using: &random).right
      let told =
        isReasoned ? Self.told(problem, style) : " \(problem.saidAnswer.capitalizedAnswer)."
      let gap = number == 0 ? "" : "\n\n"
      segments.append(context(gap + PromptFormat.plain(problem.question)))
      segments.append(number == 0 ? context(told) : answer(told))
    }
    return segments
  }

  private func recalled(
    _ family: any ProblemFamily, using random: inout ProblemRandom
  ) -> [Segment] {
    let related = Sketch(family, level: easyLevel(family, using: &random), using: &random)
    let sketch = Sketch(family, using: &random)
    let style = style(using: &random)
    return [
      question(sketch.right), context(PromptFormat.recall),
      answer(
        PromptFormat.recalled + " " + related.right.question + Self.told(related.right, style)
          + PromptFormat.nowSolve + Self.told(sketch.right, style)),
    ]
  }

  private func tagged(_ sketch: Sketch, using random: inout ProblemRandom) -> [Segment] {
    let tags = ThinkingTags.think
    var thinking = reasoned(sketch, using: &random)
    let said = Self.conclusion(sketch.right)
    if let last = thinking.last, last.text.hasSuffix(said) {
      thinking[thinking.count - 1].text = String(last.text.dropLast(said.count))
    }
    return [question(sketch.right), answer(tags.open)]
      + thinking.filter { !$0.text.isEmpty } + [answer(tags.close + said)]
  }

  // MARK: Judging

  /// A solution that may be wrong: its sentences with the one that gives the answer, and those
  /// of the right solution in the same words.
  struct Candidate {
    var said: WorkedProblem
    var sentences: [String]
    var rightSentences: [String]
    var isRight: Bool

    /// The first sentence that is not as in the right solution.
    var firstWrong: Int? {
      let shared = zip(sentences, rightSentences).prefix { $0 == $1 }.count
      return shared == sentences.count ? nil : shared
    }
  }

  /// Draws a candidate solution of a problem.
  func candidate(
    _ sketch: Sketch, style: ReasoningStyle, using random: inout ProblemRandom
  ) -> Candidate {
    let right = sketch.right
    let rightSentences = right.told(style)
    guard random.chance(mix.wrongCandidates),
      let wrong = sketch.faulty(misreadings: mix.misreadings, using: &random)
    else {
      return Candidate(
        said: right, sentences: rightSentences, rightSentences: rightSentences, isRight: true)
    }
    let steps = random.chance(mix.wrongAnswers) ? right : wrong
    return Candidate(
      said: wrong, sentences: steps.chain(style) + wrong.told(style).suffix(1),
      rightSentences: rightSentences, isRight: right.judged(answer: wrong.answer).isRight)
  }

  /// Now and then a candidate that a model has sampled; nil where there is none or none is due.
  private func sampled(
    _ family: any ProblemFamily, for use: SampledCandidates.Use,
    using random: inout ProblemRandom
  ) -> (sketch: Sketch, solution: SampledCandidates.Solution)? {
    guard let candidates, random.chance(mix.sampledCandidates) else { return nil }
    return candidates.draw(family, for: use, wrong: mix.wrongCandidates, using: &random)
  }

  private func verdict(
    _ family: any ProblemFamily, isChecked: Bool, using random: inout ProblemRandom
  ) -> [Segment] {
    if let (sketch, solution) = sampled(
      family, for: isChecked ? .checkedVerdict : .verdict, using: &random)
    {
      return verdict(
        on: solution.text, of: sketch.right, isRight: solution.isRight,
        checking: isChecked ? solution.answer : nil)
    }
    let sketch = Sketch(family, using: &random)
    let candidate = candidate(sketch, style: style(using: &random), using: &random)
    let said =
      random.chance(mix.directCandidates)
      ? direct(candidate.said, using: &random) : candidate.sentences.joined(separator: " ")
    return verdict(
      on: said, of: sketch.right, isRight: candidate.isRight,
      checking: isChecked ? candidate.said.answer : nil)
  }

  /// A solution and a verdict on it, after a check of the answer where one is given.
  private func verdict(
    on said: String, of right: WorkedProblem, isRight: Bool, checking checked: String?
  ) -> [Segment] {
    let verdict = isRight ? " Yes." : " No."
    let prompt = context(PromptFormat.plain(right.question) + " " + said)
    guard let checked else { return [prompt, context(PromptFormat.verdict), answer(verdict)] }
    let rationale = right.judged(answer: checked, spelled: mix.spellsComparisons).rationale
    return [
      prompt, context(PromptFormat.verdictWithRationale),
      answer(" " + rationale.joined(separator: " ") + verdict),
    ]
  }

  private func stepLabels(
    _ family: any ProblemFamily, restates: Bool, using random: inout ProblemRandom
  ) -> [Segment] {
    if let (sketch, solution) = sampled(
      family, for: restates ? .restatedSteps : .stepLabels, using: &random)
    {
      return labelled(
        solution.sentences, firstWrong: solution.firstWrong,
        restatedIn: restates ? solution.style : nil, of: sketch)
    }
    let sketch = Sketch(family, using: &random)
    let style = style(using: &random)
    let candidate = candidate(sketch, style: style, using: &random)
    return labelled(
      candidate.sentences, firstWrong: candidate.firstWrong, restatedIn: restates ? style : nil,
      of: sketch)
  }

  /// A solution with a label behind each step, up to the first wrong one.
  ///
  /// - Parameter style: each step is said as this style says it, before it is labelled.
  private func labelled(
    _ sentences: [String], firstWrong: Int?, restatedIn style: ReasoningStyle?, of sketch: Sketch
  ) -> [Segment] {
    // Where many solutions are right there is no one way to say a step as it should be.
    let style = sketch.right.check == nil ? style : nil
    let rightSentences = style.map(sketch.right.told) ?? []
    let faulty = style.map { sketch.faultyTellings($0, count: rightSentences.count) } ?? []
    var segments = [context(PromptFormat.plain(sketch.right.question))]
    for (index, sentence) in sentences.enumerated() {
      let isWrong = index == firstWrong
      let label = isWrong ? PromptFormat.wrongStep : PromptFormat.rightStep
      if index < rightSentences.count {
        let right = rightSentences[index]
        // What could have gone wrong here is compared: the last word that a fault changes.
        let other = isWrong ? sentence : faulty.first { $0[index] != right }?[index]
        let comparison = other.flatMap { Self.lastDifference(right, $0) }.map {
          " " + Comparison.text($0.0, isWrong ? $0.1 : $0.0)
        }
        segments.append(context(" " + sentence + PromptFormat.stepRestatement))
        segments.append(answer(" \(right)\(comparison ?? "")\(PromptFormat.stepTag)\(label)"))
      } else {
        segments.append(context(" " + sentence + PromptFormat.stepTag))
        segments.append(answer(label))
      }
      if isWrong { break }
    }
    return segments
  }
}

extension WorkedProblem {
  /// Whether an answer is right, and a check of it: what the family has of its own, or the
  /// problem solved again, the answer quoted and both compared.
  ///
  /// - Parameter spelled: compares sign by sign, which a small model can do where it cannot tell
  ///   two longer numbers apart at once.
  func judged(
    answer other: String, spelled: Bool = true
  ) -> (isRight: Bool, rationale: [String]) {
    if let check { return check(other) }
    let isRight = other == answer
    let said = Self.said(other)
    let comparison =
      spelled
      ? Comparison.text(answer, other)
      : "\(said) \(isRight ? "is" : "is not") \(saidAnswer)."
    return (
      isRight,
      chain(.terse) + [
        "The result is \(saidAnswer).", "It says \(said).", comparison,
      ]
    )
  }
}

/// "Compare 3 3 yes, 3 2 no.": two words sign by sign, up to the first difference.
enum Comparison {
  static func text(_ right: String, _ said: String) -> String {
    let (left, other) = (signs(right), signs(said))
    var pairs: [String] = []
    for index in 0..<max(left.count, other.count) {
      let (a, b) = (
        index < left.count ? left[index] : "end", index < other.count ? other[index] : "end"
      )
      pairs.append("\(a) \(b) \(a == b ? "yes" : "no")")
      if a != b { break }
    }
    return "Compare \(pairs.joined(separator: ", "))."
  }

  /// A word of letters is one sign; of numbers and quoted strings, digits and letters are. What
  /// has neither, such as < and >, stands for itself.
  static func signs(_ word: String) -> [String] {
    let isQuoted = word.contains("\"")
    let bare = word.filter { $0.isLetter || $0.isNumber }
    if bare.isEmpty { return [word] }
    let isWord = !isQuoted && !bare.isEmpty && bare.allSatisfy(\.isLetter)
    return isWord ? [bare.lowercased()] : bare.map(String.init)
  }
}

extension String {
  /// An answer as it stands alone: "Yes", "No"; anything else as it is.
  var capitalizedAnswer: String { self == "yes" || self == "no" ? capitalizedSentence : self }
}
