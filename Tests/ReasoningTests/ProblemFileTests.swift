import Foundation
import Testing

@testable import Problems
@testable import Reasoning

@Suite struct ProblemFileTests {
  private func parse(_ text: String) throws -> [Problem] {
    try ProblemFile.parse(text, name: "mine", path: "mine.jsonl")
  }

  @Test func readsGSM8KLines() throws {
    let text = #"""
      {"question": "Ann has $1,000 and earns $250. How much has she?", "answer": "She has 1000+250=$<<1000+250=1250>>1,250.\nThat is all.\n#### 1,250"}

      {"question": "And owing 3?", "answer": "#### -3"}
      """#
    let problems = try parse(text)
    #expect(problems.map(\.answer) == ["1,250", "-3"])
    #expect(problems.map(\.id) == ["mine/1", "mine/3"])
    #expect(problems[0].steps == ["She has 1000+250=$1,250.", "That is all."])
    #expect(problems[0].family == "mine")
    #expect(problems[0].level == 2)
    #expect(problems[0].answerKind == .number)
    #expect(AnswerGrader.isCorrect("1250", gold: problems[0].answer, kind: .number))
  }

  /// What `ponder problems` writes reads back as it was.
  @Test func readsOurOwnLines() throws {
    let problems = try ProblemLibrary.families.flatMap {
      try ProblemLibrary.problems(family: $0.name, count: 5, seed: 3)
    }
    let lines = try problems.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    #expect(try parse(lines.joined(separator: "\n")) == problems)
    #expect(try parse(lines.joined(separator: "\r\n").replacing("\r\n", with: "\n")) == problems)
  }

  @Test func answersMayBeNumbers() throws {
    let problems = try parse(
      #"{"question":"a","answer":8}"# + "\n" + #"{"question":"b","answer":9.11}"#)
    #expect(problems.map(\.answer) == ["8", "9.11"])
  }

  @Test(arguments: [
    ("", 1, "no problem"), ("\n\n", 1, "no problem"),
    ("{\"question\":\"a\",\"answer\":\"1\"}\nnonsense", 2, "JSON"),
    ("{\"question\":\"a\"}", 1, "“answer” is missing"),
    ("{\"answer\":\"1\"}", 1, "“question” is missing"),
    ("{\"question\":3,\"answer\":\"1\"}", 1, "“question” is of the wrong type"),
    ("{\"question\":\" \",\"answer\":\"1\"}", 1, "“question” is empty"),
    ("{\"question\":\"a\",\"answer\":\" \"}", 1, "“answer” is empty"),
    ("{\"question\":\"a\",\"answer\":\"so\\n####\"}", 1, "“answer” is empty"), ("[1]", 1, "object"),
    ("\n{\"question\":\"a\",\"answer\":\"1\",\"steps\":\"b\"}", 2, "“steps” is of the wrong type"),
    ("{\"question\":\"a\",\"answer\":null}", 1, "“answer” is of the wrong type"),
  ])
  func malformedLinesAreNamed(_ test: (text: String, line: Int, reason: String)) {
    #expect {
      try parse(test.text)
    } throws: { error in
      guard
        case TextFileError.malformed("mine.jsonl", test.line, let reason)? = error as? TextFileError
      else { return false }
      return reason.contains(test.reason)
    }
  }

  @Test func missingFilesAreNamed() {
    #expect(throws: TextFileError.missing(path: "/nowhere.jsonl")) {
      try ProblemFile.read("/nowhere.jsonl")
    }
  }

  /// Every answer that the curriculum writes is read back: from reasoning, and said at once.
  @Test func everyGoldAnswerIsExtractedFromEveryWayToSayIt() throws {
    for family in ProblemLibrary.families {
      for problem in try ProblemLibrary.problems(family: family.name, count: 30, seed: 8) {
        let kind = problem.answerKind
        let said = kind == .word ? "\"\(problem.answer)\"" : problem.answer
        let reasoned = problem.steps.joined(separator: ". ") + ". The answer is \(said)."
        for text in [" \(said).", " The answer is \(said).", " " + reasoned, " \(problem.answer)"] {
          let answer = AnswerExtractor.extract(from: text, kind: kind)
          #expect(
            answer.map { AnswerGrader.isCorrect($0.value, gold: problem.answer, kind: kind) }
              == true,
            "\(kind): \(text)")
          #expect(answer?.text == problem.answer)
        }
      }
    }
  }

  /// GSM8K's solutions, said as its own models say them or as few-shot prompts ask for them, are
  /// graded right, and neither a longer nor a shorter number is.
  @Test func solutionsInTheFormOfGSM8KAreGradedAsInThePapers() throws {
    let file = PromptTemplateTests.samples.appendingPathComponent("Problems/gsm8k-form.jsonl").path
    for problem in try ProblemFile.read(file) {
      let steps = problem.steps.joined(separator: "\n")
      func isRight(_ text: String) -> Bool {
        AnswerExtractor.extract(from: text, kind: problem.answerKind)
          .map { problem.isCorrect($0.value) } ?? false
      }
      for end in [
        "\n#### \(problem.answer)", " The answer is \(problem.answer).",
        " The answer is $\(problem.answer).00.", " So it is \(problem.answer) in all.",
      ] {
        #expect(isRight(steps + end), "\(steps)\(end)")
      }
      for wrong in ["1\(problem.answer)", "\(problem.answer)0", "-\(problem.answer)"] {
        #expect(!isRight(steps + "\n#### \(wrong)"))
        #expect(!isRight(steps + " The answer is \(wrong)."))
      }
    }
  }

  /// The prompt for GSM8K has eight examples, none of which gives the question away.
  @Test func promptForGSM8K() throws {
    let prompts = PromptTemplateTests.samples.appendingPathComponent("Prompts").path
    let library = PromptLibrary(directory: prompts)
    let file = PromptTemplateTests.samples.appendingPathComponent("Problems/gsm8k-form.jsonl").path
    for problem in try ProblemFile.read(file) {
      let prompt = try library.prompt(
        .file(path: "\(prompts)/gsm8k.txt"), question: problem.question, family: problem.family)
      #expect(prompt.exemplarCount == 8)
      #expect(prompt.text.hasSuffix("\n\nQ: \(problem.question)\nA:"))
    }
  }

  /// Prompts are the texts that the models were trained on, and no example gives a held-out
  /// problem away or is one itself.
  @Test func promptsAreThoseOfTheCurriculum() throws {
    let library = PromptLibrary(
      directory: PromptTemplateTests.samples.appendingPathComponent("Prompts").path)
    for family in ProblemLibrary.families {
      let path = library.directory + "/few-shot/\(family.name).txt"
      let exemplars = Exemplar.parse(try TextFile.read(path))
      for problem in try ProblemLibrary.problems(family: family.name, count: 40, seed: 4) {
        let question = problem.question
        #expect(try library.prompt(.plain, question: question).text == PromptFormat.plain(question))
        #expect(try library.prompt(.think, question: question).text == PromptFormat.think(question))
        let used = exemplars.filter { !$0.leaks(into: question) }.prefix(3)
        let few = try library.prompt(.fewShot, question: question, family: family.name)
        #expect(used.count == 3)
        #expect(few.exemplarCount == 3)
        #expect(
          few.text
            == PromptFormat.fewShot(used.map { ($0.question, $0.answer) }, question: question))
      }
    }
    let plain = try library.template(.plain)
    #expect(plain.answerTrigger == PromptFormat.answerMarker)
    #expect(plain.extractionTrigger == PromptFormat.answerMarker)
  }
}

extension PromptFormat {
  /// Worked examples before the question, separated by a blank line (Wei et al. 2022,
  /// arXiv 2201.11903). An exemplar's answer is what follows `A:`, without the leading space.
  fileprivate static func fewShot(
    _ exemplars: [(question: String, answer: String)], question: String
  ) -> String {
    exemplars.map { plain($0.question) + " " + $0.answer + "\n\n" }.joined() + plain(question)
  }
}
