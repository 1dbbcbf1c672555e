import Foundation
import Testing

@testable import Problems
@testable import Reasoning

@Suite struct PromptTemplateTests {
  /// The templates that ship with the program.
  static let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Samples")
  private let library = PromptLibrary(directory: samples.appendingPathComponent("Prompts").path)
  private let question = "I have 3 apples, my dad has 2 more. How many in total?"

  @Test func commandLineValues() {
    #expect(Prompting("plain") == .plain)
    #expect(Prompting("think") == .think)
    #expect(Prompting("few-shot") == .fewShot)
    #expect(Prompting("my/own.txt") == .file(path: "my/own.txt"))
    #expect(Prompting("") == nil)
    for value in ["plain", "think", "few-shot", "x.txt"] {
      #expect(Prompting(value)?.description == value)
    }
  }

  @Test func aTemplateOfTheLibraryIsFoundByItsName() throws {
    let named = try #require(Prompting("gsm8k"))
    let path = library.directory + "/gsm8k.txt"
    #expect(
      try library.prompt(named, question: question)
        == library.prompt(.file(path: path), question: question))
    #expect(library.names.contains("gsm8k"))
    #expect(library.names.contains("few-shot"))
    #expect(!library.names.contains("gsm8k-examples"))
    for name in ["gsm9k", "no/such.txt"] {
      #expect(throws: TextFileError.missingPrompt(name, known: library.names)) {
        try library.template(.file(path: name))
      }
    }
  }

  @Test func shippedPromptsReadAsTheModelsWereTrained() throws {
    let plain = try library.prompt(.plain, question: question)
    #expect(plain.text == "Q: \(question)\nA:")
    #expect(plain.stops == ["\n\nQ:", "\nQ:"])
    #expect(plain.answerTrigger == " The answer is")
    #expect(plain.extractionTrigger == " The answer is")
    #expect(
      try library.prompt(.think, question: question).text == plain.text
        + " Let's think step by step.")
    let few = try library.prompt(.fewShot, question: question, family: "compare")
    #expect(few.exemplarCount == 3)
    #expect(few.text.hasSuffix("\n\n" + plain.text))
    #expect(few.text.components(separatedBy: "\n\nQ:").count == 4)
    let other = try library.prompt(.fewShot, question: question, family: "no such family")
    #expect(other.exemplarCount == 3)
    #expect(other.text != few.text)
    #expect(try library.prompt(.fewShot, question: question, family: "../plain").text == other.text)
  }

  /// Every shipped example adds up, says its last result, and is read back by the extractor.
  @Test func shippedExamplesAreRight() throws {
    let folder = URL(fileURLWithPath: library.directory).appendingPathComponent("few-shot")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(names).isSuperset(of: ProblemLibrary.coreFamilies.map { "\($0.name).txt" }))
    for name in names + ["../gsm8k-examples.txt"] {
      let exemplars = Exemplar.parse(try TextFile.read(folder.appendingPathComponent(name).path))
      #expect(exemplars.count >= 6)
      for exemplar in exemplars {
        let answer = try #require(AnswerExtractor.extract(from: exemplar.answer))
        let parts = exemplar.answer.components(separatedBy: " = ")
        let equations = parts.dropLast().map { left in
          let bytes = Array(left.utf8)
          return ExpressionParser.expressions(in: bytes, range: bytes.indices).last?.expression
        }
        let results = parts.dropFirst().map { Int($0.prefix { $0.isNumber }) }
        for (expression, result) in zip(equations, results) {
          #expect(try expression?.value() == result, "\(name): \(exemplar.answer)")
        }
        // In some families a sentence without an equation comes last.
        let endsInEquation = parts.last?.components(separatedBy: ". ").count == 2
        let checker = try? ProblemLibrary.family(String(name.dropLast(4)))
        if let checker, checker.check("", of: exemplar.question) != nil {
          let kind = checker.answerKind ?? .word
          let own = AnswerExtractor.extract(from: exemplar.answer, kind: kind)
          #expect(own.flatMap { checker.check($0.value, of: exemplar.question) } == .right)
        } else if endsInEquation, let last = results.last,
          !["addition", "calendar", "versions"].contains(checker?.name)
        {
          // Those put their answers together from results, or compare.
          #expect(answer.value == last.map(String.init))
        }
        #expect(
          !exemplar.leaks(
            into:
              "I have 3 apples, my dad has 2 more apples than me. How many apples do we have in total?"
          ))
      }
    }
  }

  @Test func readsSettings() throws {
    let text = """
      # comment
      stop: "\\n\\n"
      stop: END
      answer-trigger: "\\tso \\"it\\" is\\\\"
      exemplar-limit: 5
      ---
      {question} --- {other}
      ---
      go
      """
    let template = try PromptTemplate.parse(text, path: "t")
    #expect(template.stops == ["\n\n", "END"])
    #expect(template.answerTrigger == "\tso \"it\" is\\")
    #expect(template.exemplarLimit == 5)
    let prompt = template.render(question: "why {question} {exemplars}?")
    #expect(prompt.text == "why {question} {exemplars}? --- {other}\n---\ngo")
    #expect(prompt.extractionTrigger == prompt.answerTrigger)
    let bare = try PromptTemplate.parse("Say {question}!\n", path: "t").render(question: "x")
    #expect(bare.text == "Say x!")
    #expect(bare.stops == ["\n\nQ:", "\nQ:"])
  }

  @Test(arguments: [
    ("a\n---\n{question}", 1), ("\nstop: \"x\n---\n{question}", 2),
    ("colour: red\n---\n{question}", 1),
    ("stop:\n---\n{question}", 1), ("exemplar-limit: none\n---\n{question}", 1),
    ("stop: \"\\q\"\n---\n{question}", 1), ("stop: \"a\\\"\n---\n{question}", 1),
    ("---\nno placeholder", 2),
    ("stop: x\n---\n{exemplars}{question}", 3), ("{question} ", 1), ("", 1),
  ])
  func malformedTemplatesNameTheLine(_ test: (text: String, line: Int)) {
    #expect {
      try PromptTemplate.parse(test.text, path: "p.txt")
    } throws: { error in
      guard case TextFileError.malformed("p.txt", test.line, _)? = error as? TextFileError else {
        return false
      }
      return true
    }
  }

  @Test func missingFilesAreNamed() {
    let missing = PromptLibrary(directory: "/nowhere")
    #expect(throws: TextFileError.missing(path: "/nowhere/plain.txt")) {
      try missing.prompt(.plain, question: "x")
    }
    #expect(throws: TextFileError.missing(path: "/nowhere/x")) {
      try missing.prompt(.file(path: "/nowhere/x"), question: "x")
    }
    #expect(throws: TextFileError.unreadable(path: "/", reason: "it is a directory")) {
      try missing.prompt(.file(path: "/"), question: "x")
    }
  }

  @Test func leakingExamplesAreLeftOut() throws {
    let target = "Tom has 3 pens. He buys 4 more. How many pens does Tom have now?"
    let leaks = [
      target, "TOM has 3 pens; he buys 4 more: how many pens does Tom have now", "What is 4 * 3?",
      "Ann says: Tom has 3 pens. He buys 4 more for 9 dollars. What now?",
    ]
    for question in leaks {
      #expect(Exemplar(text: "Q: \(question)\nA: 7.").leaks(into: target), "\(question)")
    }
    let safe = ["Tom has 8 pens. He buys 5 more. How many pens does Tom have now?", "What is 3?"]
    for question in safe {
      #expect(!Exemplar(text: "Q: \(question)\nA: 7.").leaks(into: target), "\(question)")
    }
    let word = Exemplar(text: "Q: Count the letter e in \"banana\".\nA: 0.")
    #expect(word.leaks(into: "How many a's are in \"banana\"?"))
    #expect(!word.leaks(into: "How many a's are in \"papaya\"?"))

    let template = try PromptTemplate.parse(
      "exemplars: e\nexemplar-limit: 1\n---\n{exemplars}Q: {question}", path: "t")
    let examples = (leaks + safe).map { Exemplar(text: "Q: \($0)\nA: 7.") }
    let prompt = template.render(question: target, exemplars: examples)
    #expect(prompt.text == "Q: \(safe[0])\nA: 7.\n\nQ: \(target)")
    #expect(prompt.exemplarCount == 1)
    #expect(prompt.leakedExemplarCount == leaks.count)
  }

  /// The order of the examples is no business of the extractor's.
  @Test func permutedExamplesLeaveTheAnswerUnchanged() throws {
    let continuation = " 2 + 5 = 7. The answer is 7.\n\nQ: What is 1 + 1?\nA: The answer is 2."
    let prompt = try library.prompt(.fewShot, question: question)
    let bytes = Array(continuation.utf8)
    let answer = Array(bytes[..<prompt.answerLength(in: bytes)])
    #expect(String(decoding: answer, as: UTF8.self) == " 2 + 5 = 7. The answer is 7.")
    #expect(AnswerExtractor.extract(from: answer)?.value == "7")
    #expect(prompt.answerLength(in: Array("\nQ".utf8)) == 2)
    #expect(prompt.answerLength(in: []) == 0)
  }

  @Test func exemplarsAreBlocksBetweenBlankLines() {
    let parsed = Exemplar.parse("# note\nQ: a\nb\nA: c\n#### 3\n\n\n# more\nQ: d\nA: e\n")
    #expect(parsed.map(\.question) == ["a\nb", "d"])
    #expect(parsed.map(\.answer) == ["c\n#### 3", "e"])
    #expect(parsed.map(\.text) == ["Q: a\nb\nA: c\n#### 3", "Q: d\nA: e"])
    #expect(Exemplar.parse("").isEmpty)
  }
}
