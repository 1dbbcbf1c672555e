import Testing

@testable import Problems

struct ProblemsCurriculumTests {
  private func worked(_ count: Int, seed: UInt64 = 11) -> [(String, WorkedProblem)] {
    var random = ProblemRandom(seed: seed)
    return (0..<count).flatMap { _ in
      ProblemLibrary.families.map { family in
        let (draft, _) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
        return (family.name, draft.words(&random, nil))
      }
    }
  }

  /// The first token of an answer must tell whether it reasons.
  @Test func firstTokensSeparateReasoningFromAnswers() {
    let generator = CurriculumGenerator(seed: 1)
    var random = ProblemRandom(seed: 3)
    func opener(_ text: String) -> String {
      let word = String(text.prefix { !$0.isWhitespace && $0 != "." })
      return word.first?.isNumber == true || word.first == "\"" ? "value" : word
    }
    var direct: Set<String> = []
    var reasoned: Set<String> = []
    for (family, problem) in worked(150) {
      direct.insert("\(family) " + opener(generator.direct(problem, using: &random)))
      for style in ReasoningStyle.allCases {
        reasoned.insert("\(family) " + opener(problem.chain(style).joined(separator: " ")))
      }
    }
    let shared = direct.intersection(reasoned)
    #expect(shared.isEmpty, "\(shared)")
    #expect(reasoned.allSatisfy { !$0.hasSuffix(" value") })
  }

  @Test func stylesDiffer() {
    for (family, problem) in worked(20) {
      let told = ReasoningStyle.allCases.map { problem.chain($0).joined(separator: " ") }
      #expect(Set(told).count == told.count, "\(family): \(told)")
    }
  }

  @Test(arguments: CurriculumRecipe.allCases)
  func everyLearnedAnswerIsRight(recipe: CurriculumRecipe) {
    let generator = CurriculumGenerator(seed: 9, recipe: recipe)
    var random = ProblemRandom(seed: 4)
    for _ in 0..<60 {
      for family in ProblemLibrary.families {
        let sketch = CurriculumGenerator.Sketch(family, using: &random)
        let said = sketch.right.saidAnswer
        #expect(
          generator.direct(sketch.right, using: &random).lowercased().contains(said.lowercased()),
          "\(family.name)")
        let segments = generator.reasoned(sketch, using: &random)
        #expect(segments.last?.weight == 10)
        #expect(segments.last?.text.hasSuffix(" The answer is \(said).") == true, "\(family.name)")
        // Whatever is learned stands in the right solution, but for what notices a slip.
        let right = ReasoningStyle.allCases.map { sketch.right.chain($0).joined(separator: " ") }
        for segment in segments where segment.weight == 10 {
          let words = segment.text.replacing(PromptFormat.recheck, with: "")
            .split(separator: " ").map(String.init)
          let steps = sketch.right.steps.map { " " + $0 + "." }.joined()
          let texts = right.joined(separator: " ") + " Wait, The answer is \(said)." + steps
          let known = Set(texts.split(separator: " ").map(String.init))
          #expect(words.allSatisfy(known.contains), "\(family.name): \(segment.text)")
        }
      }
    }
  }

  /// The labels of a solution are right up to its first wrong step, and end there.
  @Test func stepLabelsEndAtTheFirstWrongStep() {
    let generator = CurriculumGenerator(seed: 5)
    var labels = [0, 0]
    for document in (0..<6000).lazy.map(generator.document) where document.kind == .stepLabels {
      let judged = document.segments.filter { $0.weight == 10 }.map(\.text)
      #expect(judged.dropLast().allSatisfy { $0 == PromptFormat.rightStep })
      let tagged = document.segments.filter { $0.text.hasSuffix(PromptFormat.stepTag) }
      #expect(tagged.count == judged.count)
      for label in judged { labels[label == PromptFormat.wrongStep ? 0 : 1] += 1 }
    }
    #expect(labels[0] > 100)
    #expect(labels[1] > labels[0])
  }

  /// What is said behind the request to restate is the right step, and its label follows from
  /// the comparison.
  @Test func restatedStepsSayWhatIsRight() {
    let generator = CurriculumGenerator(seed: 5, recipe: .judging)
    var labels = [0, 0]
    for document in (0..<3000).lazy.map(generator.document)
    where document.kind == .restatedSteps {
      for (said, judged) in zip(document.segments.dropFirst(), document.segments.dropFirst(2))
      where said.text.hasSuffix(PromptFormat.stepRestatement) {
        let step = said.text.dropLast(PromptFormat.stepRestatement.count)
        let isWrong = judged.text.hasSuffix(PromptFormat.wrongStep)
        labels[isWrong ? 0 : 1] += 1
        #expect(judged.text.hasPrefix(step) != isWrong, "\(document.text)")
        if judged.text.contains(" Compare ") {
          #expect(judged.text.contains(" no. |") == isWrong, "\(document.text)")
        }
      }
    }
    #expect(labels[0] > 100)
    #expect(labels[1] > labels[0])
  }

  @Test func comparisonsAreMadeSignBySign() throws {
    let longer = try #require(
      CurriculumGenerator.lastDifference("Found: s 1, s 2.", "Found: s 1."))
    #expect(longer.0 == "2.")
    #expect(longer.1 == "end")
    let sign = try #require(CurriculumGenerator.lastDifference("So 85 > 30.", "So 85 < 30."))
    #expect(sign.0 == ">")
    #expect(sign.1 == "<")
    #expect(CurriculumGenerator.lastDifference("It is so.", "It is so") == nil)
    #expect(Comparison.text("33", "32") == "Compare 3 3 yes, 3 2 no.")
    #expect(Comparison.text("9.11", "9.11") == "Compare 9 9 yes, 1 1 yes, 1 1 yes.")
    #expect(Comparison.text("1", "12") == "Compare 1 1 yes, end 2 no.")
    #expect(Comparison.text(">", "<") == "Compare > < no.")
    #expect(Comparison.text("heads.", "tails.") == "Compare heads tails no.")
    #expect(Comparison.text("\"ab\".", "\"ac\".") == "Compare a a yes, b c no.")
  }

  @Test func candidatesDifferFromTheRightSolutionWhereTheyAreWrong() {
    let generator = CurriculumGenerator(seed: 5)
    var random = ProblemRandom(seed: 6)
    for family in ProblemLibrary.families {
      var wrong = 0
      for _ in 0..<100 {
        let sketch = CurriculumGenerator.Sketch(family, using: &random)
        let candidate = generator.candidate(sketch, style: .terse, using: &random)
        if candidate.isRight { continue }
        wrong += 1
        #expect(candidate.firstWrong != nil, "\(family.name)")
        #expect(candidate.said.answer != sketch.right.answer)
      }
      #expect(wrong > 15, "\(family.name): \(wrong)")
    }
  }

  @Test func faultsMakeWrongSolutionsOfTheSameQuestion() {
    var random = ProblemRandom(seed: 8)
    for family in ProblemLibrary.families {
      var wrong = 0
      for _ in 0..<100 {
        let (draft, _) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
        var again = random
        let right = draft.words(&random, nil)
        let faulty = draft.words(
          &again, Fault(step: again.int(0...(right.steps.count - 1)), delta: 1))
        wrong += faulty.answer == right.answer ? 0 : 1
      }
      #expect(wrong > 50, "\(family.name): \(wrong)")
    }
  }

  @Test func documentsFollowTheirFormat() {
    let generator = CurriculumGenerator(seed: 2)
    var kinds: Set<CurriculumDocument.Kind> = []
    var slips = 0
    for number in 0..<4000 {
      let document = generator.document(number)
      kinds.insert(document.kind)
      #expect(document == generator.document(number))
      if document.kind != .plainText { #expect(document.text.hasPrefix("Q: ")) }
      #expect(
        document.text.hasSuffix(".") || document.kind == .stepLabels, "\(document.text)")
      #expect(document.segments.last?.weight ?? 0 >= 10)
      // A segment starts at a word's own space or line break: tokens never straddle segments.
      #expect(document.segments.dropFirst().allSatisfy { $0.text.first?.isWhitespace == true })
      #expect(document.segments.allSatisfy { $0.text.last?.isWhitespace == false })
      if document.text.contains("Wait, ") { slips += 1 }
    }
    #expect(kinds == Set(CurriculumDocument.Kind.allCases).subtracting([.tagged, .restatedSteps]))
    #expect(slips > 40)
  }

  /// The emblem is in no document, neither as a question nor as an exemplar.
  @Test func applesIsInNoDocument() {
    let generator = CurriculumGenerator(seed: 1)
    let emblem = /\b3 \w+[,.] [^?\n]*? (has|have) 2 more [^?\n]*?(in total|together)\?/
    for number in 0..<30_000 {
      for match in generator.document(number).text.matches(of: emblem) {
        // Three people are another structure.
        #expect(match.0.matches(of: #/ (than|as many as) /#).count > 1, "\(match.0)")
      }
    }
  }
}
