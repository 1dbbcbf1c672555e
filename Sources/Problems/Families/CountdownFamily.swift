/// "Use 2, 3 and 7 to make 13." Any expression that does is right.
struct CountdownFamily: ProblemFamily {
  let name = "countdown"
  let summary = "two to four numbers, each used once, make a target"
  let levels = 1...3
  let principle = "Join the numbers until the target is made."
  let answerKind: AnswerKind? = .expression

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    while true {
      let numbers = (0...level).map { _ in random.int(1...9) }
      guard let (_, target) = Self.join(numbers, using: &random), (1...60).contains(target),
        let solution = CountdownSolver.first(NumberPuzzle(numbers: numbers, target: target))
          .solution
      else { continue }
      return Self.draft(NumberPuzzle(numbers: numbers.sorted(), target: target), solution)
    }
  }

  static func draft(_ puzzle: NumberPuzzle, _ solution: ArithmeticExpression) -> ProblemDraft {
    let numbers = puzzle.numbers.map(String.init).joined(separator: " ")
    return ProblemDraft(structure: "\(numbers) -> \(puzzle.target)") { random, fault in
      work(puzzle, solution, using: &random, fault: fault)
    }
  }

  /// Joins numbers at random until one is left; nil if a value falls below 0 or is above 99.
  private static func join(
    _ numbers: [Int], using random: inout ProblemRandom
  ) -> (ArithmeticExpression, value: Int)? {
    var items = numbers.map { (expression: ArithmeticExpression.number($0), value: $0) }
    while items.count > 1 {
      items.shuffle(using: &random)
      guard let left = items.popLast(), let right = items.popLast() else { return nil }
      let sign = random.pick(["+", "+", "*", "-"] as [Character])
      guard let value = try? ArithmeticExpression.applied(sign, left.value, right.value),
        (0...99).contains(value)
      else { return nil }
      items.append((.joined(sign, left.expression, right.expression), value))
    }
    return items.first.map { ($0.expression.normalized, $0.value) }
  }

  // MARK: Words

  private static func question(
    _ puzzle: NumberPuzzle, using random: inout ProblemRandom
  ) -> String {
    let numbers = puzzle.numbers.shuffled(using: &random).map(String.init)
    let commas = numbers.joined(separator: ", ")
    let listed = numbers.dropLast().joined(separator: ", ") + " and " + (numbers.last ?? "")
    return random.pick([
      "Use \(listed) to make \(puzzle.target).", "Make \(puzzle.target) from \(commas).",
      "Make \(puzzle.target) with \(listed), each used once.",
      "How can \(listed) make \(puzzle.target)?",
    ])
  }

  /// The puzzle that a question states: the target stands behind "make", all else is given.
  static func puzzle(in question: String) -> NumberPuzzle? {
    var numbers: [Int] = []
    var target: Int?
    var isTarget = false
    for word in question.split(whereSeparator: { $0.isWhitespace || ",.?!:;".contains($0) }) {
      if let number = Int(word) {
        if isTarget, target == nil { target = number } else { numbers.append(number) }
      }
      isTarget = word.lowercased() == "make"
    }
    guard let target, !numbers.isEmpty else { return nil }
    return NumberPuzzle(numbers: numbers, target: target)
  }

  func check(_ answer: String, of question: String) -> AnswerVerdict? {
    Self.puzzle(in: question)?.check(answer)
  }

  func cost(of question: String) -> PuzzleCost? {
    guard let puzzle = Self.puzzle(in: question) else { return nil }
    let (solution, visited) = CountdownSolver.first(puzzle)
    return solution.map {
      PuzzleCost(
        proposalNodes: visited, verificationOperations: puzzle.verificationOperations(on: $0))
    }
  }

  // MARK: Solutions

  private static func work(
    _ puzzle: NumberPuzzle, _ solution: ArithmeticExpression, using random: inout ProblemRandom,
    fault: Fault?
  ) -> WorkedProblem {
    let question = question(puzzle, using: &random)
    let misses = misses(puzzle, count: random.int(0...min(3, puzzle.numbers.count)), using: &random)
    var (expression, equations) = (solution, solution.worked().equations)
    if let fault, let wrong = wrong(puzzle, fault: fault, using: &random) {
      (expression, equations) = wrong
    }
    let answer = expression.text
    let hit = equations.joined(separator: ", ") + ", yes."
    let tries = misses.map { $0.worked().equations.joined(separator: ", ") + ", no." } + [hit]
    let short = misses.map { "\($0.text) = \($0.worked().value), no." }
    var looks = short + ["\(answer) = \(puzzle.target), yes."]
    looks[0] = "Look: " + looks[0]
    // A first step is neither right nor wrong by itself, so a whole try is one sentence.
    return WorkedProblem(
      level: puzzle.numbers.count - 1, question: question, answer: answer, steps: equations,
      chains: StyledChains(
        terse: ["So \(equations.joined(separator: ", "))."], sentences: tries.map { "Try \($0)" },
        restating: ["We need \(puzzle.target)."] + tries,
        sequence: ["First, \(equations.joined(separator: ", then "))."], fused: looks),
      directSentence: "\(answer) makes \(puzzle.target).", check: { judged($0, in: puzzle) })
  }

  /// The misuse of a number, or the exact value beside the target.
  private static func judged(
    _ answer: String, in puzzle: NumberPuzzle
  ) -> (isRight: Bool, rationale: [String]) {
    guard let expression = try? ExpressionParser.expression(answer) else {
      return (false, ["That is no expression."])
    }
    if let misuse = puzzle.misuse(in: expression) {
      return (false, [misuse.capitalizedSentence + "."])
    }
    let (equations, value) = expression.worked()
    let isRight = value == puzzle.target
    let verb = isRight ? "is" : "is not"
    return (isRight, equations.map { $0 + "." } + ["\(value) \(verb) \(puzzle.target)."])
  }

  /// Different expressions of the numbers that do not make the target.
  private static func misses(
    _ puzzle: NumberPuzzle, count: Int, using random: inout ProblemRandom
  ) -> [ArithmeticExpression] {
    var misses: [ArithmeticExpression] = []
    for _ in 0..<(8 * count) where misses.count < count {
      guard let (miss, value) = join(puzzle.numbers, using: &random), value != puzzle.target,
        !misses.contains(miss)
      else { continue }
      misses.append(miss)
    }
    return misses
  }

  /// A wrong expression whose equations come to the target all the same: one of them is wrong, or
  /// a number is misread.
  private static func wrong(
    _ puzzle: NumberPuzzle, fault: Fault, using random: inout ProblemRandom
  ) -> (ArithmeticExpression, [String])? {
    if fault.kind == .operand {
      var misread = puzzle
      let index = fault.step % puzzle.numbers.count
      let number = puzzle.numbers[index]
      misread.numbers[index] = max(1, number + fault.delta)
      if misread.numbers[index] == number { misread.numbers[index] = number + abs(fault.delta) }
      if let wrong = CountdownSolver.first(misread).solution {
        return (wrong, wrong.worked().equations)
      }
    }
    var last: ArithmeticExpression?
    for _ in 0..<60 {
      guard let (tried, value) = join(puzzle.numbers, using: &random), value != puzzle.target
      else { continue }
      last = tried
      let (equations, faulty) = tried.worked(fault: fault)
      if faulty == puzzle.target { return (tried, equations) }
    }
    guard let last else { return nil }
    // No expression misses the target by just that fault: its last equation claims the target.
    let (equations, value) = last.worked()
    let claim = Fault(step: equations.count - 1, delta: puzzle.target - value)
    return (last, last.worked(fault: claim).equations)
  }
}
