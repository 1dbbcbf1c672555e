/// "What is the sum of 482 and 739?", digit by digit from the right.
struct AdditionFamily: ProblemFamily {
  let name = "addition"
  let summary = "the sum of two numbers of one to four digits, with carries"
  let levels = 1...4
  let principle = "Add digit by digit from the right and carry."
  let isCore = false

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    func number() -> [Int] { [random.int(1...9)] + (1..<level).map { _ in random.int(0...9) } }
    return Self.draft(number(), number())
  }

  /// Two numbers of as many digits, the highest first.
  static func draft(_ left: [Int], _ right: [Int]) -> ProblemDraft {
    ProblemDraft(structure: "\(text(left)) + \(text(right))") { random, fault in
      work(left, right, using: &random, fault: fault)
    }
  }

  private static func text(_ digits: [Int]) -> String { digits.map(String.init).joined() }

  private static func work(
    _ left: [Int], _ right: [Int], using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let (one, other) = (text(left), text(right))
    let question = random.pick([
      "What do \(one) and \(other) make?", "Add \(one) and \(other).",
      "What is the sum of \(one) and \(other)?",
    ])
    var steps: [String] = []
    var chains = StyledChains(restating: ["Write \(one) over \(other)."])
    var carry = 0
    var sum = ""
    for (index, digits) in zip(left, right).reversed().enumerated() {
      var read = digits.1
      if let fault, fault.step == index, fault.kind == .operand {
        // Another digit, and never the same.
        read = (read + 1 + abs(fault.delta) % 9) % 10
      }
      let value = Fault.apply(fault, at: index, to: digits.0 + read + carry)
      let equation = "\(digits.0) + \(read)" + (carry > 0 ? " + \(carry)" : "") + " = \(value)"
      let isLast = index == left.count - 1
      sum = (isLast ? "\(value)" : "\(value % 10)") + sum
      carry = value / 10
      steps.append(equation)
      let step = equation + (isLast || carry == 0 ? "" : ", carry \(carry)")
      chains.tell(step, sentence: "Add \(step)", restated: "\(step): \(sum)")
      chains.fused.append((index == 0 ? "Digits: " : "") + "\(equation), so \(sum).")
    }
    let answer = Int(sum).map(String.init) ?? sum
    if left.count > 1 {
      for style in [\StyledChains.terse, \.sentences, \.sequence] {
        chains[keyPath: style].append("Read \(answer).")
      }
    }
    return WorkedProblem(
      level: left.count, question: question, answer: answer, steps: steps, chains: chains,
      directSentence: "The sum is \(answer).")
  }
}
