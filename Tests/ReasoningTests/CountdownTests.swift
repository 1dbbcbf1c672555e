import Testing

@testable import Problems
@testable import Traces

@Suite struct ExpressionAnswerTests {
  private func normal(_ text: String) -> String? {
    AnswerNormalizer.normalize(text, kind: .expression)
  }

  @Test(arguments: [
    ("7+2*3", "2 * 3 + 7"), ("(2*3)+7", "2 * 3 + 7"), ("3 × 2 + 7", "2 * 3 + 7"),
    ("7 + 3·2 = 13", "2 * 3 + 7"), ("13 = 7 + 3 * 2.", "2 * 3 + 7"), ("5(3+6)", "(3 + 6) * 5"),
    ("((7 - 2)) - 3", "7 - 2 - 3"), ("7 - (2 - 3)", "3 + 7 - 2"), ("-2 + 7", "7 - 2"),
    ("-2 - 3", "-2 - 3"), ("8 / (2 / 3)", "3 * 8 / 2"), ("(-2) * 3", "(-2) * 3"), ("13", "13"),
    ("2 \\times (3 + 4)", "(3 + 4) * 2"), ("“2 + 3”", "2 + 3"), ("007", "7"),
  ])
  func expressionsHaveOneForm(text: String, form: String) {
    #expect(normal(text) == form)
    #expect(normal(form) == form)
  }

  @Test(arguments: [
    "", "x", "2 +", "2 + 3 = 6", "6 = 2 + 3", "2 + 3!", "2 ^ 3", "(2 + 3", "2 + 3)", "2 3",
    "2.5 + 1", "* 2", "()", "=",
  ])
  func otherTextsAreNone(text: String) { #expect(normal(text) == nil) }

  @Test func whatIsWrongIsNamed() {
    let reasons: [(String, ArithmeticError)] = [
      ("2 ^ 3", .notAllowed("^")), ("2 +", .endsEarly), ("(2 + 3", .unclosedBracket),
      ("2 + + 3", .misplaced("+")), ("2 + 3)", .misplaced(")")), ("2 3", .misplaced("3")),
      ("99999999999999999999 + 1", .tooLarge), (" ", .empty), ("2 + x", .notAllowed("x")),
      (String(repeating: "(", count: 9_000), .tooLong),
      (Array(repeating: "1", count: 9_000).joined(separator: "+"), .tooLong),
    ]
    for (text, reason) in reasons {
      #expect(throws: reason, "\(text.prefix(20))") { try ExpressionParser.expression(text) }
    }
  }

  @Test(arguments: [
    ("So 2 * 3 = 6. 6 + 7 = 13. The answer is 2 * 3 + 7.", "2 * 3 + 7"),
    ("The answer is (2 + 3) * 7.\nQ: Use 1 and 2", "(2 + 3) * 7"),
    ("The answer is 13 = 7 + 2 * 3.", "7 + 2 * 3"), ("The answer is **7+2*3**.", "7+2*3"),
    (" 2 * 3 + 7.", "2 * 3 + 7"), ("2 * 3 + 7 makes 13.", "2 * 3 + 7"),
    ("\\boxed{2 \\times 3 + 7}", "2 \\times 3 + 7"), ("The answer is (B) 2 + 3.", "2 + 3"),
    ("The answer is 13.", "13"), ("The answer is -2 + 3 * 5.", "-2 + 3 * 5"),
    ("The answer is 2 ^ 3 + 7.", "3 + 7"),
  ])
  func wholeExpressionsAreFound(text: String, written: String) {
    #expect(AnswerExtractor.extract(from: text, kind: .expression)?.text == written)
  }

  /// Whatever characters come, nothing traps, and a normal form keeps the value.
  @Test func anyTextIsSafe() {
    var random = ProblemRandom(seed: 5)
    let alphabet = Array("0123456789+-*/()()+* =.,^x×·−“ ")
    var expressions = 0
    for _ in 0..<30_000 {
      let text = String((0..<random.int(0...14)).map { _ in random.pick(alphabet) })
      guard let expression = try? ExpressionParser.expression(text) else { continue }
      expressions += 1
      let form = expression.normalized
      #expect((try? ExpressionParser.expression(form.text)) == form, "\(text)")
      #expect(form.numbers.sorted() == expression.numbers.sorted())
      if !expression.divides, let value = try? expression.value() {
        #expect((try? form.value()) == value, "\(text)")
      }
    }
    #expect(expressions > 300)
  }
}

@Suite struct CountdownTests {
  @Test(arguments: [
    ("2 * 3 + 7", nil), ("7+3*2", nil), ("2 + 3 + 7", "its value is 12, not 13"),
    ("2 * 3 + 8", "8 is not one of the numbers"),
    ("7 + 7 - 2 + 3", "7 is used twice, but is given once"),
    ("6 + 7", "6 is not one of the numbers"),
    ("2 ^ 3 + 7", "“^” is not allowed"), ("7 / 3 + 2", "“/” is not allowed"),
    ("2 * 3 + 7 = 13", nil), ("2 * 3 + 7 = 14", "its value is 13, not 14"),
    ("2 * 3 + 7!", "“!” is not allowed"), ("3 + 7", "2 is not used"),
    ("(2 * 3 + 7", "a bracket is not closed"),
  ])
  func answersAreCheckedWithTheReason(answer: String, reason: String?) {
    let puzzle = NumberPuzzle(numbers: [2, 3, 7], target: 13)
    #expect(puzzle.check(answer) == (reason.map { .wrong($0) } ?? .right))
  }

  @Test func valuesThatOverflowAreWrong() {
    let big = Int.max / 2
    let puzzle = NumberPuzzle(numbers: [big, 3], target: 1)
    #expect(puzzle.check("\(big) * 3") == .wrong("a number is too large"))
  }

  @Test func questionsTellTheirPuzzle() throws {
    for problem in try ProblemLibrary.problems(family: "countdown", count: 300, seed: 3) {
      let puzzle = try #require(CountdownFamily.puzzle(in: problem.question))
      #expect(puzzle.numbers.count == problem.level + 1)
      #expect(problem.isCorrect(problem.answer))
      #expect(problem.answerKind == .expression)
      #expect(AnswerNormalizer.normalize(problem.answer, kind: .expression) == problem.answer)
      // Every solution is right, and with another target or number none is.
      let (solutions, visited) = CountdownSolver.all(puzzle)
      #expect(!solutions.isEmpty)
      #expect(Set(solutions.map(\.text)).count == solutions.count)
      #expect(visited == CountdownSolver.all(puzzle).visited)
      for solution in solutions.prefix(20) {
        #expect(problem.isCorrect(solution.text), "\(problem.question) \(solution.text)")
        #expect(Question(problem).isCorrect(solution.text) == true)
        #expect(!problem.isCorrect(solution.text + " + 1"))
        #expect(!problem.isCorrect("(\(solution.text)) * 2"))
        var other = puzzle
        other.target += 1
        #expect(!other.check(solution).isRight)
      }
    }
    #expect(CountdownFamily.puzzle(in: "What is 3 + 4?") == nil)
  }

  /// The solver finds as many solutions as putting signs and brackets everywhere does.
  @Test func theSolverMissesNothing() {
    func everything(_ numbers: [ArithmeticExpression]) -> [ArithmeticExpression] {
      guard numbers.count > 1 else { return numbers }
      var found: [ArithmeticExpression] = []
      for i in numbers.indices {
        for j in numbers.indices where j != i {
          let rest = numbers.indices.filter { $0 != i && $0 != j }.map { numbers[$0] }
          for sign in ["+", "-", "*"] as [Character] {
            let joined = ArithmeticExpression.joined(sign, numbers[i], numbers[j])
            guard let value = try? joined.value(), value >= 0 else { continue }
            found += everything(rest + [joined])
          }
        }
      }
      return found
    }
    let all = everything([2, 3, 3, 7].map(ArithmeticExpression.number))
    for target in 0...60 {
      let expected = Set(all.filter { (try? $0.value()) == target }.map { $0.normalized.text })
      let puzzle = NumberPuzzle(numbers: [2, 3, 3, 7], target: target)
      #expect(Set(CountdownSolver.all(puzzle).solutions.map(\.text)) == expected)
    }
  }

  /// Chains end in the target, say true equations, and a fault's solution is wrong but ends in
  /// the target as if it were not.
  @Test func solutionsAreRightAndFaultsAreWrong() {
    let family = CountdownFamily()
    var random = ProblemRandom(seed: 6)
    for _ in 0..<300 {
      let (draft, level) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
      let words = random
      let right = draft.words(&random, nil)
      #expect(family.check(right.answer, of: right.question) == .right)
      #expect(right.steps.count == level)
      for style in ReasoningStyle.allCases {
        let told = right.chain(style).joined(separator: " ")
        for equation in told.split(whereSeparator: { ",.:".contains($0) })
        where equation.contains("=") {
          let text = equation.drop { !$0.isNumber && $0 != "(" }
          let sides = text.split(separator: "=")
          #expect(
            (try? ExpressionParser.expression(String(sides[0])).value())
              == Int(sides[1].drop { $0 == " " }), "\(told)")
        }
      }
      #expect(right.judged(answer: right.answer).isRight)
      for kind in [Fault.Kind.result, .operand] {
        var again = words
        let step = again.int(0...(right.steps.count - 1))
        again = words
        let wrong = draft.words(&again, Fault(step: step, delta: 1, kind: kind))
        #expect(wrong.question == right.question)
        // What differs first holds the mistake, so that a label on it is true.
        for style in ReasoningStyle.allCases {
          #expect(wrong.chain(style).dropLast() == right.chain(style).dropLast())
        }
        guard wrong.answer != right.answer else { continue }
        let verdict = family.check(wrong.answer, of: right.question)
        #expect(verdict.map(\.isRight) == false, "\(right.question) \(wrong.answer)")
        #expect(!right.judged(answer: wrong.answer).isRight)
      }
    }
  }
}

extension CountdownSolver {
  /// All solutions in normal form, each once, in the order in which they are found.
  fileprivate static func all(_ puzzle: NumberPuzzle) -> (
    solutions: [ArithmeticExpression], visited: Int
  ) {
    var found: [ArithmeticExpression] = []
    var seen: Set<ArithmeticExpression> = []
    let visited = search(puzzle) { expression in
      if seen.insert(expression).inserted { found.append(expression) }
      return true
    }
    return (found, visited)
  }
}
