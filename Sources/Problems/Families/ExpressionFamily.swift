/// "What is (3 + 4) * 2 - 5?"
struct ExpressionFamily: ProblemFamily {
  let name = "expr"
  let summary = "bracket arithmetic with one to five operations"
  let levels = 1...5
  let principle = "Work out the inner brackets first."

  /// An arithmetic expression over small numbers; every value in it is from 0 to 99.
  indirect enum Expression: Sendable, Hashable {
    case number(Int)
    case operation(Character, Expression, Expression)

    var value: Int {
      switch self {
      case .number(let value): value
      case .operation(let sign, let left, let right): Self.apply(sign, left.value, right.value)
      }
    }

    static func apply(_ sign: Character, _ left: Int, _ right: Int) -> Int {
      switch sign {
      case "+": left + right
      case "-": left - right
      default: left * right
      }
    }

    /// The expression as it is written: brackets around every inner operation, so that the
    /// order of operations never has to be known.
    var text: String {
      switch self {
      case .number(let value): String(value)
      case .operation(let sign, let left, let right): "\(left.inner) \(sign) \(right.inner)"
      }
    }

    private var inner: String {
      if case .number(let value) = self { return String(value) }
      return "(\(text))"
    }

    /// Carries out the first operation whose operands are both numbers; nil for a number.
    func reduced(_ evaluate: (Character, Int, Int) -> Int) -> (String, Expression)? {
      guard case .operation(let sign, let left, let right) = self else { return nil }
      if let (step, smaller) = left.reduced(evaluate) {
        return (step, .operation(sign, smaller, right))
      }
      if let (step, smaller) = right.reduced(evaluate) {
        return (step, .operation(sign, left, smaller))
      }
      let value = evaluate(sign, left.value, right.value)
      return ("\(left.text) \(sign) \(right.text) = \(value)", .number(value))
    }
  }

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    Self.draft(Self.expression(operations: level, using: &random), level: level)
  }

  static func draft(_ expression: Expression, level: Int) -> ProblemDraft {
    ProblemDraft(structure: expression.text) { random, fault in
      work(expression, level: level, using: &random, fault: fault)
    }
  }

  private static func expression(operations: Int, using random: inout ProblemRandom) -> Expression {
    guard operations > 0 else { return .number(random.int(1...9)) }
    while true {
      let onLeft = random.int(0...(operations - 1))
      let left = expression(operations: onLeft, using: &random)
      let right = expression(operations: operations - 1 - onLeft, using: &random)
      let sign = random.pick(["+", "+", "-", "-", "*"] as [Character])
      let (a, b) = (left.value, right.value)
      switch sign {
      case "+" where a + b <= 99: return .operation(sign, left, right)
      case "-" where a >= b: return .operation(sign, left, right)
      case "*" where a <= 12 && b <= 9 && a * b <= 99: return .operation(sign, left, right)
      default: continue
      }
    }
  }

  private static func work(
    _ expression: Expression, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let question = random.pick([
      "What is \(expression.text)?", "Compute \(expression.text).", "Calculate \(expression.text).",
      "What is the value of \(expression.text)?",
    ])
    var equations: [String] = []
    var chains = StyledChains(restating: ["Start with \(expression.text)."])
    var fused = expression.text
    var current = expression
    while let (equation, smaller) = current.reduced({ sign, left, right in
      Fault.apply(fault, at: equations.count, to: Expression.apply(sign, left, right))
    }) {
      let opener = equations.isEmpty ? "Begin inside: " : "Next we see "
      current = smaller
      equations.append(equation)
      fused += " = \(current.text)"
      var rest = ""
      if case .operation = current { rest = ", which leaves \(current.text)" }
      chains.tell(equation, sentence: opener + equation, restated: equation + rest)
    }
    chains.fused = ["Rewrite: \(fused)."]
    return WorkedProblem(
      level: level, question: question, answer: current.text, steps: equations, chains: chains,
      directSentence: nil)
  }
}
