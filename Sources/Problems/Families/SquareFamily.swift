/// "A square has corners at (1,2), (4,2) and (4,5). Give the fourth corner as x,y."
struct SquareFamily: ProblemFamily {
  let name = "square"
  let summary = "a corner or the area of a square from corners of it"
  let answerKind: AnswerKind? = .word
  let levels = 1...5
  let isCore = false
  let principle = "A side turned by a right angle is the next side."

  struct Point: Hashable, Sendable, CustomStringConvertible {
    var x: Int
    var y: Int

    var description: String { "\(x),\(y)" }

    func squaredDistance(to other: Point) -> Int {
      (x - other.x) * (x - other.x) + (y - other.y) * (y - other.y)
    }
  }

  /// What a question gives and asks for.
  struct Puzzle: Hashable, Sendable {
    enum Ask: Sendable { case corner, area }

    var given: [Point]
    /// Whether two given corners are opposite ones.
    var isOpposite: Bool
    var ask: Ask

    /// Coordinates are small, so that no product overflows.
    static let coordinateLimit = 1_000

    /// The corners that are right, or none for an area.
    var corners: [Point] {
      guard ask == .corner else { return [] }
      if given.count == 3 {
        // The right angle is at the corner whose distances to the others are alike.
        for corner in given.indices {
          let others = given.indices.filter { $0 != corner }.map { given[$0] }
          let (p, a, b) = (given[corner], others[0], others[1])
          let isRight = (a.x - p.x) * (b.x - p.x) + (a.y - p.y) * (b.y - p.y) == 0
          if isRight, a.squaredDistance(to: p) == b.squaredDistance(to: p), a != p {
            return [Point(x: a.x + b.x - p.x, y: a.y + b.y - p.y)]
          }
        }
        return []
      }
      guard given.count == 2 else { return [] }
      // Half the diagonal turned by a right angle, from the middle to either side.
      let (a, b) = (given[0], given[1])
      let (sumX, sumY, dx, dy) = (a.x + b.x, a.y + b.y, b.x - a.x, b.y - a.y)
      guard (sumX - dy) % 2 == 0, (sumY + dx) % 2 == 0 else { return [] }
      return [
        Point(x: (sumX - dy) / 2, y: (sumY + dx) / 2),
        Point(x: (sumX + dy) / 2, y: (sumY - dx) / 2),
      ]
    }

    var area: Int? {
      guard ask == .area, given.count == 2 else { return nil }
      let squared = given[0].squaredDistance(to: given[1])
      return isOpposite ? squared / 2 : squared
    }

    func check(_ answer: String) -> AnswerVerdict {
      let parts = answer.split { " ,;()".contains($0) || $0.isWhitespace }
      let numbers = parts.compactMap { Int($0) }
      guard numbers.count == parts.count, numbers.count == (ask == .area ? 1 : 2) else {
        return .wrong(
          ask == .area ? "an area is one number" : "a corner is two numbers, such as 3,4")
      }
      if let area {
        return numbers[0] == area ? .right : .wrong("the area is \(area), not \(numbers[0])")
      }
      let point = Point(x: numbers[0], y: numbers[1])
      if given.contains(point) { return .wrong("\(point) is given already") }
      return corners.contains(point) ? .right : .wrong("with \(point) it is not a square")
    }

    /// Points or areas tried in order until one is right.
    var visited: Int {
      if let area { return area }
      let limit = (given.flatMap { [$0.x, $0.y] }.max() ?? 0) * 2
      var visited = 0
      for x in 0...limit {
        for y in 0...limit {
          visited += 1
          if corners.contains(Point(x: x, y: y)) { return visited }
        }
      }
      return visited
    }

    /// Two differences, two products, a sum and a comparison for each side or diagonal.
    var verificationOperations: Int { ask == .area ? 6 + (isOpposite ? 1 : 0) : 6 * given.count }
  }

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    while true {
      let (dx, dy) = (random.int(1...6), level == 1 ? 0 : random.int(1...6))
      let start = Point(x: random.int(0...9) + dy, y: random.int(0...9))
      let second = Point(x: start.x + dx, y: start.y + dy)
      let third = Point(x: second.x - dy, y: second.y + dx)
      let puzzle =
        switch level {
        case 1, 2: Puzzle(given: [start, second, third], isOpposite: false, ask: .corner)
        case 3: Puzzle(given: [start, second], isOpposite: false, ask: .area)
        case 4: Puzzle(given: [start, third], isOpposite: true, ask: .area)
        default: Puzzle(given: [start, third], isOpposite: true, ask: .corner)
        }
      guard puzzle.ask == .area || puzzle.corners.contains(where: { $0.x >= 0 && $0.y >= 0 })
      else { continue }
      return ProblemDraft(structure: "\(level): \(puzzle.given)") { random, fault in
        Self.work(puzzle, level: level, using: &random, fault: fault)
      }
    }
  }

  private static func work(
    _ puzzle: Puzzle, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let points = puzzle.given.shuffled(using: &random).map { "(\($0))" }
    let listed = points.dropLast().joined(separator: ", ") + " and " + (points.last ?? "")
    let question =
      switch (puzzle.ask, puzzle.isOpposite) {
      case (.corner, false): "A square has corners at \(listed). Give the fourth corner as x,y."
      case (.corner, true):
        "A square has opposite corners at \(listed). Give one of the other corners as x,y."
      case (.area, false): "A square has neighbouring corners at \(listed). What is its area?"
      case (.area, true): "A square has opposite corners at \(listed). What is its area?"
      }
    let (a, b) = (puzzle.given[0], puzzle.given[1])
    let (width, height) = (abs(b.x - a.x), abs(b.y - a.y))
    let delta = fault.map { max(1, abs($0.delta)) } ?? 0
    var steps = ["\(max(a.x, b.x)) - \(min(a.x, b.x)) = \(width)"]
    steps.append("\(max(a.y, b.y)) - \(min(a.y, b.y)) = \(height)")
    let answer: String
    if let area = puzzle.area {
      steps += [
        "\(width) * \(width) = \(width * width)", "\(height) * \(height) = \(height * height)",
      ]
      answer = "\(area + delta)"
    } else {
      let corner = puzzle.corners.first { $0.x >= 0 && $0.y >= 0 } ?? Point(x: 0, y: 0)
      // Moving one coordinate never comes to the other missing corner, nor to a given one in use.
      let moved = Point(x: corner.x + delta, y: corner.y)
      answer =
        "\(delta > 0 && puzzle.check("\(moved)").isRight ? Point(x: moved.x + 1, y: moved.y) : moved)"
    }
    let end = "This gives \(answer)."
    return WorkedProblem(
      level: level, question: question, answer: answer, steps: steps,
      chains: StyledChains(
        terse: steps.told("So ", "") + [end],
        sentences: steps.told("We see ", "Next we see ") + [end],
        restating: ["Across and up: \(width), \(height).", end],
        sequence: steps.told("First, ", "Then, ") + [end],
        fused: ["Turn a side with \(width), \(height).", end]), directSentence: nil)
  }

  /// The puzzle that a question states.
  static func puzzle(in question: String) -> Puzzle? {
    let points = question.split(separator: "(").dropFirst().compactMap { part -> Point? in
      let numbers = part.prefix { $0 != ")" }.split(separator: ",").compactMap { Int($0) }
      let range = -Puzzle.coordinateLimit...Puzzle.coordinateLimit
      guard numbers.count == 2, numbers.allSatisfy(range.contains) else { return nil }
      return Point(x: numbers[0], y: numbers[1])
    }
    let isOpposite = question.contains("opposite")
    let puzzle = Puzzle(
      given: points, isOpposite: isOpposite, ask: question.contains("area") ? .area : .corner)
    guard question.contains("square"), puzzle.area != nil || !puzzle.corners.isEmpty else {
      return nil
    }
    return puzzle
  }

  func check(_ answer: String, of question: String) -> AnswerVerdict? {
    Self.puzzle(in: question)?.check(answer)
  }

  func cost(of question: String) -> PuzzleCost? {
    Self.puzzle(in: question).map {
      PuzzleCost(proposalNodes: $0.visited, verificationOperations: $0.verificationOperations)
    }
  }
}
