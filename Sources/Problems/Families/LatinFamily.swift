/// "Fill the Latin square 12_4 3412 2143 4_21." Every row and column has 1, 2, 3 and 4; the
/// answer is the whole square in one word.
struct LatinFamily: ProblemFamily {
  let name = "latin"
  let summary = "a 4 by 4 Latin square with one to ten empty cells"
  let levels = 1...10
  let isCore = false
  let principle = "Each row and each column has every digit once."
  let answerKind: AnswerKind? = .word

  private static let squares = LatinGrid.empty.completions(limit: 576).grids

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    var grid = random.pick(Self.squares)
    for cell in random.sample(level, from: Array(grid.cells.indices)) { grid.cells[cell] = 0 }
    let asked = grid
    return ProblemDraft(structure: asked.text) { random, fault in
      Self.work(asked, level: level, using: &random, fault: fault)
    }
  }

  private static func work(
    _ grid: LatinGrid, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let question = random.pick([
      "Fill the Latin square \(grid.rows) with 1 to 4.",
      "Complete the Latin square \(grid.rows) with the digits 1 to 4.",
    ])
    var solved = grid.completions(limit: 1).grids.first ?? grid
    let empty = grid.cells.indices.filter { grid.cells[$0] == 0 }
    if let fault, !empty.isEmpty {
      let cell = empty[fault.step % empty.count]
      solved.cells[cell] = solved.cells[cell] % LatinGrid.side + 1
    }
    let steps = empty.map { "\(LatinGrid.place($0)) is \(solved.cells[$0])" }
    let digits = empty.map { String(solved.cells[$0]) }.joined(separator: ", ")
    return WorkedProblem(
      level: level, question: question, answer: solved.text, steps: steps,
      chains: StyledChains(
        terse: ["So \(steps.joined(separator: ", "))."],
        sentences: steps.told("We see that ", "Next, "),
        restating: ["Given is \(grid.rows)."] + steps.map { $0.capitalizedSentence + "." },
        sequence: steps.told("First, ", "Then, "), fused: ["Put in \(digits)."]),
      directSentence: nil)
  }

  /// The square that a question shows.
  static func grid(in question: String) -> LatinGrid? {
    let rows: [Substring] = question.split(separator: " ").filter { word in
      word.count == LatinGrid.side && word.allSatisfy { "1234_".contains($0) }
    }
    return LatinGrid(rows.joined(separator: ""))
  }

  func check(_ answer: String, of question: String) -> AnswerVerdict? {
    guard let grid = Self.grid(in: question) else { return nil }
    guard let full = LatinGrid(answer) else {
      return .wrong("a square is written as 16 digits from 1 to 4")
    }
    return grid.check(full).verdict
  }

  func cost(of question: String) -> PuzzleCost? {
    guard let grid = Self.grid(in: question) else { return nil }
    let (grids, visited) = grid.completions(limit: 1)
    return grids.first.map {
      PuzzleCost(proposalNodes: visited, verificationOperations: grid.check($0).operations)
    }
  }
}
