import Foundation
import Testing

@testable import Problems

/// Solutions that a model has sampled, as candidates to be judged.
struct SampledCandidatesTests {
  private func line(_ problem: String, _ solutions: [String], key: String = "solutions") -> String {
    let texts = solutions.map { "\"" + $0.replacing("\"", with: "\\\"") + "\"" }
    return "{\"problem\": \"\(problem)\", \"\(key)\": [\(texts.joined(separator: ", "))]}\n"
  }

  /// Problems of every trained family, by id.
  private func sketches(_ count: Int) throws -> [(ProblemID, CurriculumGenerator.Sketch)] {
    try ProblemLibrary.trainedFamilies.flatMap { family in
      try (0..<count).map { index in
        let id = ProblemID(family: family.name, split: .train, seed: 31, index: UInt64(index))
        return (id, try CurriculumGenerator.Sketch(id))
      }
    }
  }

  /// A right solution, one with a fault, and two answers without steps, to each problem.
  private func file(_ count: Int) throws -> (text: String, questions: Set<String>) {
    var random = ProblemRandom(seed: 14)
    var text = ""
    var questions: Set<String> = []
    for (id, sketch) in try sketches(count) {
      let style = random.pick(ReasoningStyle.allCases)
      let wrong = sketch.faulty(misreadings: 0.5, using: &random)
      let told = [sketch.right, wrong].compactMap { $0?.told(style).joined(separator: " ") }
      text += line(id.description, told + [" \(sketch.right.saidAnswer).", "I do not know."])
      questions.insert(sketch.right.question)
    }
    return (text, questions)
  }

  // MARK: Reading

  @Test(arguments: [
    ("compare/1/0", "training split"), ("compare.dev/1/0", "training split"),
    ("apples", "no problem"), ("pears.train/1/0", "no problem"),
    ("compare.train@77/1/0", "no problem"),
    ("template/total/3,dad,2,more,apples", "no problem"),
  ])
  func onlyProblemsForTrainingAreTaken(problem: String, why: String) {
    let good = line("compare.train/1/0", ["The answer is 3."])
    let error = #expect(throws: SampledCandidates.Failure.self) {
      try SampledCandidates(good + line(problem, ["The answer is 8."]))
    }
    #expect(error.map { "\($0)".hasPrefix("line 2") } == true)
    #expect(error.map { "\($0)".contains(why) } == true)
  }

  @Test(arguments: ["nonsense", "{}", #"{"problem": "compare.train/1/0"}"#])
  func linesWithoutSolutionsAreNamed(text: String) {
    #expect(throws: SampledCandidates.Failure.unreadable(line: 2)) {
      try SampledCandidates("\n" + text)
    }
  }

  /// A file that was sampled before a family changed would judge answers to other questions.
  @Test func anotherQuestionIsRefused() throws {
    let id = "compare.train/1/0"
    let question = try ProblemLibrary.problem(id: id).question
    func line(_ question: String) -> String {
      #"{"problem": "\#(id)", "completions": ["The answer is 3."], "question": "\#(question)"}"#
    }
    #expect(throws: Never.self) { try SampledCandidates(line(question)) }
    #expect(throws: SampledCandidates.Failure.otherQuestion(id, line: 1)) {
      try SampledCandidates(line("How many?"))
    }
  }

  // MARK: Judging steps

  /// Every telling of every family is right throughout.
  @Test func rightTellingsAreRightInEveryStyle() throws {
    for (id, sketch) in try sketches(12) {
      let checker = try LibraryStepChecker(id)
      for style in ReasoningStyle.allCases {
        let steps = SolutionStep.steps(of: sketch.right.told(style).joined(separator: " "))
        let labels = checker.labels(steps)
        #expect(labels.count == steps.count)
        #expect(!labels.contains(false), "\(id) \(steps.map(\.text))")
        if sketch.right.check == nil {
          #expect(!labels.contains(nil), "\(id) \(steps.map(\.text))")
        }
      }
    }
  }

  /// A fault is found in the sentence where it is made, never before.
  @Test func faultsAreFoundWhereTheyAreMade() throws {
    var random = ProblemRandom(seed: 15)
    for (id, sketch) in try sketches(10) where sketch.right.check == nil {
      guard let wrong = sketch.faulty(misreadings: 0.5, using: &random) else { continue }
      let checker = try LibraryStepChecker(id)
      for style in ReasoningStyle.allCases {
        let (said, right) = (wrong.told(style), sketch.right.told(style))
        let place = try #require(said.indices.first { said[$0] != right[$0] })
        let labels = checker.labels(SolutionStep.steps(of: said.joined(separator: " ")))
        #expect(labels.firstIndex(of: false) == place, "\(id) \(said)")
        #expect(labels.count == place + 1)
      }
    }
  }

  @Test func whatNobodyTaughtIsUndecided() throws {
    let checker = try LibraryStepChecker(try #require(ProblemID("coin.train@3/1/0")))
    let steps = SolutionStep.steps(of: "A bird sat on the coin. Nobody saw it.")
    #expect(checker.labels(steps) == [nil, nil])
  }

  // MARK: Documents

  private func question(_ document: CurriculumDocument) -> String {
    String((document.segments.first?.text ?? "").dropFirst(3).prefix { $0 != "\n" })
  }

  private static let judging: Set<CurriculumDocument.Kind> = [
    .verdict, .checkedVerdict, .stepLabels, .restatedSteps,
  ]

  @Test func halfOfTheCandidatesAreOfTheFileAndNothingElseChanges() throws {
    let (text, questions) = try file(8)
    let made = CurriculumGenerator(seed: 6, recipe: .judging)
    let mixed = CurriculumGenerator(
      seed: 6, recipe: .judging, candidates: try SampledCandidates(text))
    let again = CurriculumGenerator(
      seed: 6, recipe: .judging, candidates: try SampledCandidates(text))
    var counts: [CurriculumDocument.Kind: (all: Int, sampled: Int)] = [:]
    for number in 0..<2500 {
      let document = mixed.document(number)
      #expect(document.kind == made.document(number).kind)
      if Self.judging.contains(document.kind) {
        let isSampled = questions.contains(question(document))
        counts[document.kind, default: (0, 0)].all += 1
        counts[document.kind, default: (0, 0)].sampled += isSampled ? 1 : 0
      } else {
        #expect(document == made.document(number))
      }
      if number % 10 == 0 { #expect(document == again.document(number)) }
    }
    for kind in Self.judging {
      let (all, sampled) = try #require(counts[kind])
      // Some families have no step that can be said anew.
      #expect(sampled * 10 > all * 3, "\(kind): \(sampled) of \(all)")
      #expect(sampled * 10 < all * 7, "\(kind): \(sampled) of \(all)")
    }
  }

  /// A verdict says what the exact grader says, and labels are those of the exact checker.
  @Test func verdictsAndLabelsAreExact() throws {
    let (text, questions) = try file(8)
    let generator = CurriculumGenerator(
      seed: 7, recipe: .judging, candidates: try SampledCandidates(text))
    let problems = try sketches(8).map { try ProblemLibrary.problem($0.0) }
    var verdicts = [0, 0]
    for document in (0..<2500).lazy.map(generator.document)
    where Self.judging.contains(document.kind) && questions.contains(question(document)) {
      let problem = try #require(problems.first { $0.question == question(document) })
      let parts = document.text.dropFirst(PromptFormat.plain(problem.question).count)
        .components(separatedBy: PromptFormat.verdict)
      guard parts.count == 2 else { continue }
      let asked = Question(problem)
      let answer = AnswerExtractor.extract(from: parts[0], kind: asked.kind)?.value
      let isYes = parts[1].hasSuffix(" Yes.")
      #expect(isYes || parts[1].hasSuffix(" No."))
      #expect(asked.isCorrect(answer) == isYes, "\(document.text)")
      verdicts[isYes ? 1 : 0] += 1
    }
    #expect(verdicts.allSatisfy { $0 > 60 }, "\(verdicts)")
  }

  @Test func labelledStepsEndAtTheFirstWrongOne() throws {
    let (text, questions) = try file(8)
    let generator = CurriculumGenerator(
      seed: 8, recipe: .judging, candidates: try SampledCandidates(text))
    let ids = try sketches(8)
    var wrong = 0
    for document in (0..<2500).lazy.map(generator.document)
    where document.kind == .stepLabels && questions.contains(question(document)) {
      let id = try #require(ids.first { $0.1.right.question == question(document) }).0
      let tag = PromptFormat.stepTag
      let said = document.segments.dropFirst().filter { $0.text.hasSuffix(tag) }
        .map { String($0.text.dropLast(tag.count)) }
      let labels = document.segments.filter { $0.weight > 0 }.suffix(said.count)
        .map { $0.text == PromptFormat.rightStep }
      #expect(labels.dropLast().allSatisfy { $0 })
      let steps = SolutionStep.steps(of: said.joined())
      // What was made rather than sampled may be a telling that the checker does not know.
      for (known, label) in zip(try LibraryStepChecker(id).labels(steps), labels) {
        #expect(known ?? label == label, "\(document.text)")
      }
      wrong += labels.last == false ? 1 : 0
    }
    #expect(wrong > 20)
  }
}
