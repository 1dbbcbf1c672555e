/// "From 1 to 10 make 2025, each used once, with + and *."
struct Puzzle2025Family: ProblemFamily {
  let name = "puzzle2025"
  let summary = "the numbers 1, 2, …, each used once, make a year"
  let levels = 1...4
  let isCore = false
  let principle = "Share out the numbers to two factors of the target."
  let answerKind: AnswerKind? = .expression

  /// The puzzle that the family is named after; kept from training.
  static let emblem = "10 -> 2025"

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    // Each is made when it is first needed; the last takes longest.
    let solver: SumProductSolver =
      switch level {
      case 1: .six
      case 2: .seven
      case 3: .eight
      default: .ten
      }
    while true {
      let target =
        level == 1
        ? random.pick(solver.smallTargets)
        : level == 4 && random.chance(0.25)
          ? 2025 : random.int(level == 2 ? 64...400 : level == 3 ? 300...1200 : 1800...2100)
      guard let solution = solver.solutions(target: target, limit: 1).solutions.first else {
        continue
      }
      return Self.draft(count: solver.count, target: target, solution, level: level)
    }
  }

  private static func draft(
    count: Int, target: Int, _ solution: ArithmeticExpression, level: Int
  ) -> ProblemDraft {
    ProblemDraft(structure: "\(count) -> \(target)") { random, fault in
      let question = random.pick([
        "From 1 to \(count) make \(target), each used once, with + and *.",
        "With the numbers 1 to \(count) make \(target), each used once, by + and *.",
        "How do the numbers 1 to \(count) make \(target), each used once, by + and *?",
      ])
      let (equations, value) = solution.worked(fault: fault)
      // A wrong solution leaves the last number out of its place and claims the target.
      let said =
        fault == nil
        ? solution : ArithmeticExpression.joined("+", solution, .number(count)).normalized
      let joined = equations.joined(separator: ", ")
      let end = "\(said.text) = \(fault == nil ? value : target)."
      return WorkedProblem(
        level: level, question: question, answer: said.text, steps: equations,
        chains: StyledChains(
          terse: ["So \(joined)."], sentences: equations.told("Join ", "Then "),
          restating: ["We need \(target).", end], sequence: ["First, \(joined).", end],
          fused: ["Look: \(end)"]), directSentence: nil)
    }
  }

  /// The puzzle that a question states.
  static func puzzle(in question: String) -> NumberPuzzle? {
    let words = question.split { $0.isWhitespace || ",.?".contains($0) }
    func number(behind word: String) -> Int? {
      zip(words, words.dropFirst()).lazy.filter { $0.0.lowercased() == word }
        .compactMap { Int($0.1) }.first
    }
    guard let target = number(behind: "make"), let count = number(behind: "to"),
      number(behind: "from") ?? number(behind: "numbers") == 1, (2...12).contains(count)
    else { return nil }
    return NumberPuzzle(numbers: Array(1...count), target: target, subtracts: false)
  }

  func check(_ answer: String, of question: String) -> AnswerVerdict? {
    Self.puzzle(in: question)?.check(answer)
  }

  func cost(of question: String) -> PuzzleCost? {
    guard let puzzle = Self.puzzle(in: question),
      let solver = SumProductSolver.of(count: puzzle.numbers.count)
    else { return nil }
    let (solutions, visited) = solver.solutions(target: puzzle.target, limit: 1)
    return solutions.first.map {
      PuzzleCost(
        proposalNodes: visited, verificationOperations: puzzle.verificationOperations(on: $0))
    }
  }
}
