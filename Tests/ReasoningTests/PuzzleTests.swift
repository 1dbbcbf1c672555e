import Testing

@testable import Problems

@Suite struct PuzzleTests {
  @Test func fourByFourGridsAreAsManyAsAreKnown() {
    #expect(LatinGrid.empty.completions(limit: .max).grids.count == 576)
    #expect(LatinGrid.empty.completions(hasBoxes: true, limit: .max).grids.count == 288)
  }

  @Test func everyCompletionIsRightAndNoOtherSquare() throws {
    for problem in try ProblemLibrary.problems(family: "latin", count: 60, seed: 5) {
      let grid = try #require(LatinFamily.grid(in: problem.question))
      #expect(grid.cells.count { $0 == 0 } == problem.level)
      for full in grid.completions(limit: 20).grids {
        #expect(problem.isCorrect(full.text))
        #expect(problem.isCorrect(full.rows))
        #expect(problem.isCorrect(full.cells.map(String.init).joined(separator: ", ")))
        for cell in full.cells.indices {
          var other = full
          other.cells[cell] = full.cells[cell] % 4 + 1
          #expect(!problem.isCorrect(other.text))
        }
      }
    }
    let grid = try #require(LatinGrid("12_4 3412 2143 4321"))
    let question = "Fill the Latin square \(grid.rows) with 1 to 4."
    let reasons = [
      "1234341221434321": AnswerVerdict.right,
      "1224341221434321": .wrong("row 1 has 2 twice"),
      "2134341221434321": .wrong("row 1 column 1 is 1, not 2"),
      "123": .wrong("a square is written as 16 digits from 1 to 4"),
    ]
    for (answer, verdict) in reasons {
      #expect(LatinFamily().check(answer, of: question) == verdict)
    }
  }

  @Test func squaresAreSquares() throws {
    for problem in try ProblemLibrary.problems(family: "square", count: 40, seed: 5) {
      let puzzle = try #require(SquareFamily.puzzle(in: problem.question))
      #expect(problem.isCorrect(problem.answer), "\(problem.question) \(problem.answer)")
      if let area = puzzle.area {
        #expect(!problem.isCorrect("\(area + 1)"))
        #expect(problem.answer == "\(area)")
        continue
      }
      // By brute force: four points are a square if the six distances are four alike and two twice.
      var wrong: [SquareFamily.Point] = []
      for x in -6...24 {
        for y in -6...24 {
          let point = SquareFamily.Point(x: x, y: y)
          let corners = puzzle.given.count == 3 ? puzzle.given + [point] : nil
          guard let corners else { continue }
          var distances: [Int] = []
          for i in 0..<4 {
            for j in 0..<i { distances.append(corners[i].squaredDistance(to: corners[j])) }
          }
          distances.sort()
          let isSquare =
            distances[0] > 0 && distances[0] == distances[3] && distances[4] == distances[5]
            && distances[4] == 2 * distances[0]
          if puzzle.check("\(point)").isRight != isSquare { wrong.append(point) }
        }
      }
      #expect(wrong.isEmpty, "\(problem.question)")
      if puzzle.given.count == 2 {
        let (a, b) = (puzzle.corners[0], puzzle.corners[1])
        #expect(a != b)
        #expect(problem.isCorrect("(\(a.x), \(a.y))"))
        #expect(problem.isCorrect("\(b)"))
        for corner in puzzle.corners {
          #expect(
            corner.squaredDistance(to: puzzle.given[0])
              == corner.squaredDistance(to: puzzle.given[1]))
        }
      }
      for given in puzzle.given { #expect(!problem.isCorrect("\(given)")) }
    }
  }

  @Test func twentyTwentyFiveHasManySolutions() {
    let puzzle = NumberPuzzle(numbers: Array(1...10), target: 2025, subtracts: false)
    let (solutions, visited) = SumProductSolver.ten.solutions(target: 2025, limit: .max)
    #expect(solutions.count >= 96)
    #expect(visited == SumProductSolver.ten.solutions(target: 2025, limit: .max).visited)
    for solution in solutions {
      #expect(puzzle.check(solution.text) == .right, "\(solution.text)")
      #expect(!puzzle.check(solution.text + " + 1").isRight)
    }
    #expect(puzzle.check("5(3+6)·(1·4+2·7+8+9+10)") == .right)
    #expect(puzzle.check("5(3+6)·(1·4+2·7+8+9+10) - 1") == .wrong("“-” is not allowed"))
    #expect(puzzle.check("45 * 45") == .wrong("45 is not one of the numbers"))
  }

  /// Verifying is cheaper than proposing where there is much to search, and both are counted alike.
  @Test func costsAreTheSameEveryTime() throws {
    #expect(
      ProblemLibrary.puzzleFamilies.map(\.name) == ["countdown", "latin", "square", "puzzle2025"])
    for family in ProblemLibrary.puzzleFamilies {
      for problem in try ProblemLibrary.problems(family: family.name, count: 12, seed: 4) {
        let cost = try #require(problem.puzzleCost)
        #expect(cost == problem.puzzleCost)
        #expect(cost.proposalNodes > 0)
        #expect(cost.verificationOperations > 0)
      }
    }
    let hard = try ProblemLibrary.problem(id: "puzzle2025@4/1/0")
    let cost = try #require(hard.puzzleCost)
    #expect(cost.proposalNodes > 100 * cost.verificationOperations)
  }

  @Test func anyAnswerIsSafeToCheck() throws {
    var random = ProblemRandom(seed: 9)
    let alphabet = Array("0123456789+-*/() ,;_=^x−")
    for family in ProblemLibrary.puzzleFamilies {
      let problem = try ProblemLibrary.problem(
        ProblemID(family: family.name, seed: 1, index: 1))
      for _ in 0..<2_000 {
        let answer = String((0..<random.int(0...20)).map { _ in random.pick(alphabet) })
        if case .wrong(let reason) = problem.verdict(on: answer) { #expect(!reason.isEmpty) }
        _ = family.check(problem.answer, of: answer)
      }
    }
  }
}
