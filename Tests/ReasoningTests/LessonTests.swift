import Foundation
import Testing

@testable import Problems
@testable import Reasoning

@Suite struct LessonTests {
  private static let folder = PromptTemplateTests.samples.appendingPathComponent("Lessons")

  static let shipped: [String] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
    .filter { $0.hasSuffix(".md") && $0 != "README.md" }

  @Test func readsAllParts() throws {
    let text = """
      ---
      title: A lesson
      problem: apples
      model: bundled
      summary: about: colons
      ---
      Intro one,
      still one.

      - item
      - another

      ## First  step

      Before.
      ```ponder
      # a comment

      strategy greedy
      run
      ```
      After **it**.

      ##   Second
      Said.
      """
    let lesson = try Lesson.parse(text, path: "l")
    #expect(lesson.title == "A lesson")
    #expect(lesson.summary == "about: colons")
    #expect(lesson.opening == .problem(id: "apples"))
    #expect(lesson.model == "bundled")
    #expect(lesson.introduction == ["Intro one, still one.", "- item", "- another"])
    #expect(
      lesson.steps == [
        Lesson.Step(
          title: "First  step", before: ["Before."], commands: [.strategy(name: "greedy"), .run],
          after: ["After **it**."], line: 13),
        Lesson.Step(title: "Second", before: ["Said."], commands: [], after: [], line: 24),
      ])
  }

  private static let head = "---\ntitle: t\n---\n"

  @Test(arguments: [
    ("", 1), ("title: t", 1), ("---\ntitle: t\n", 2), ("---\nsummary: t\n---\n## a\nb", 1),
    ("---\ntitle: t\ntitle: u\n---\n## a\nb", 3), ("---\ncolour: red\n---\n", 2),
    ("---\ntitle\n---\n", 2),
    ("---\ntitle:\n---\n", 2), ("---\ntitle: t\nproblem: a\nquestion: b\n---\n## a\nb", 1),
    (head + "no steps", 4), (head + "## \nx", 4), (head + "## a\n## b\nx", 4), (head + "# a\n", 4),
    (head + "## a\nx\n```ponder\nrun", 6), (head + "## a\nx\n```swift\n```", 6),
    (head + "```ponder\nrun\n```\n## a\nx", 4),
    (head + "## a\nx\n```ponder\nrun\n```\n```ponder\n```", 9),
    (head + "## a\nx\n```ponder\nrun\nfly\n```", 8), (head + "## a\nx\n```ponder\nrun 3\n```", 7),
    (head + "## a\nx\n```ponder\nset samples many\n```", 7),
    (head + "## a\nx\n```ponder\nset size 3\n```", 7),
    (head + "## a\nx\n```ponder\nstrategy nonsense\n```", 7),
    (head + "## a\nx\n```ponder\ngoto nowhere\n```", 7),
    (head + "## a\nx\n```ponder\ncompare 1 1\n```", 7),
    (head + "## a\nx\n```ponder\ncompare 0 2\n```", 7),
    (head + "## a\nx\n```ponder\nguess next 1\n```", 7),
    (head + "## a\nx\n```ponder\nexpect right: no\n```", 7),
    (head + "## a\nx\n```ponder\nexpect wrong\n```", 7),
    (head + "## a\nx\n```ponder\nexpect wrong:\n```", 7),
    (head + "## a\nx\n```ponder\ntake 5\n```", 7),
    (head + "## a\nx\n```ponder\nset temperature -1\n```", 7),
    (head + "## a\nx\n```ponder\nproblem a b\n```", 7),
  ])
  func malformedLessonsNameTheLine(_ test: (text: String, line: Int)) {
    #expect {
      try Lesson.parse(test.text, path: "l.md")
    } throws: { error in
      guard case TextFileError.malformed("l.md", test.line, _)? = error as? TextFileError else {
        Issue.record("\(error)")
        return false
      }
      return true
    }
  }

  @Test(arguments: [
    "problem compare/91/17", "question What is 3 + 4?", "strategy cot-decoding",
    "set temperature 0.7",
    "set weighting delta", "set prompting few-shot", "run", "screen votes", "goto start",
    "goto answer New York",
    "goto branch 2", "goto branch best", "step 3", "take \" 5\"", "insert \" Wait,\"", "answer-now",
    "compare 1 best",
    "guess next 4", "expect correct: It is not: look.", "expect wrong: no",
    "expect answer 8: Look again.",
  ])
  func commandsReadBackAsWritten(_ line: String) throws {
    let command = try LessonCommand(parsing: line)
    #expect(command.description == line)
    #expect(try LessonCommand(parsing: "  \(line)  ") == command)
  }

  @Test func optionalNumbers() throws {
    #expect(try LessonCommand(parsing: "step") == .step(count: 1))
    #expect(try LessonCommand(parsing: "guess next") == .guessNext(choices: 4))
  }

  @Test func anyTextParsesOrNamesALine() {
    var random = SeededBits(seed: 21)
    let pieces = [
      "---", "title: t", "## a", "x", "```ponder", "```", "run", "", "- i", "set seed 1", "é",
      "```py", ":",
    ]
    for _ in 0..<5_000 {
      let lines = (0..<Int.random(in: 0...9, using: &random)).compactMap { _ in
        pieces.randomElement(using: &random)
      }
      do {
        let lesson = try Lesson.parse(lines.joined(separator: "\n"), path: "l")
        #expect(!lesson.steps.isEmpty)
      } catch {
        guard case .malformed("l", let line, _) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect((1...max(1, lines.count)).contains(line))
      }
    }
  }

  @Test func paragraphsHaveStyles() {
    func shown(_ text: String) -> String {
      LessonText.spans(of: text).map { "\($0.style.rawValue):\($0.text)" }.joined(separator: "|")
    }
    #expect(shown("a **b c** d") == "plain:a |strong:b c|plain: d")
    #expect(shown("*a* `b*c`") == "emphasis:a|plain: |code:b*c")
    #expect(shown("2 * 3 = 6 ** x") == "plain:2 * 3 = 6 ** x")
    #expect(shown("`open") == "plain:`open")
    #expect(shown("****") == "plain:****")
    #expect(shown("") == "")
  }

  // MARK: The lessons that ship

  @Test func theApplesLessonShips() { #expect(Self.shipped.contains("apples.md")) }

  @Test(arguments: shipped)
  func shippedLessonsFitThePane(_ name: String) throws {
    let lesson = try Lesson.read(Self.folder.appendingPathComponent(name).path)
    func words(_ paragraphs: [String]) -> Int {
      paragraphs.reduce(0) { $0 + $1.split(whereSeparator: \.isWhitespace).count }
    }
    #expect(words(lesson.introduction) <= 60)
    for step in lesson.steps {
      #expect(words(step.before) <= 60, "\(step.title)")
      #expect(words(step.after) <= 60, "\(step.title)")
      #expect(step.title.count <= 40)
    }
  }

  /// A figure is either computed, and then on screen, or published, and then cited.
  @Test(arguments: shipped)
  func shippedLessonsStateNoFiguresOfTheirOwn(_ name: String) throws {
    let lesson = try Lesson.read(Self.folder.appendingPathComponent(name).path)
    for step in lesson.steps {
      for paragraph in step.before + step.after {
        let bytes = Array(paragraph.utf8)
        let figures = NumberScanner(bytes: bytes).numbers(in: bytes.indices)
        let isCited = paragraph.contains("paper") || paragraph.contains("arXiv")
        #expect(figures.isEmpty || isCited, "\(step.title): \(paragraph)")
      }
    }
  }
}
