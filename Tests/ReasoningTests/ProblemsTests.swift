import Testing

@testable import Problems

/// Whether an equation such as `3 + 2 = 5` holds; nil if it is none.
private func holds(_ equation: String) -> Bool? {
  let parts = equation.split(separator: " ").map(String.init)
  guard parts.count == 5, parts[3] == "=", let left = Int(parts[0]), let right = Int(parts[2]),
    let value = Int(parts[4])
  else { return nil }
  switch parts[1] {
  case "+": return left + right == value
  case "-": return left - right == value
  case "*": return left * right == value
  default: return nil
  }
}

private func problems(_ family: String, seed: UInt64 = 7, count: Int = 200) throws -> [Problem] {
  try ProblemLibrary.problems(family: family, split: .train, count: count, seed: seed)
}

struct ProblemsTests {
  @Test(arguments: ProblemLibrary.families.map(\.name))
  func idsReproduceProblemsByThemselves(family: String) throws {
    for split in ProblemSplit.allCases {
      let many = try ProblemLibrary.problems(family: family, split: split, count: 20, seed: 91)
      for problem in many { #expect(try ProblemLibrary.problem(id: problem.id) == problem) }
      #expect(Set(many.map(\.question)).count > 10)
    }
  }

  @Test(arguments: ProblemLibrary.families.map(\.name))
  func levelsAreReached(family name: String) throws {
    let family = try ProblemLibrary.family(name)
    for split in ProblemSplit.allCases {
      for level in family.levels(in: split) {
        let made = try ProblemLibrary.problems(
          family: name, split: split, level: level, count: 3, seed: 2)
        #expect(made.allSatisfy { $0.level == level })
        #expect(made.allSatisfy { !$0.answer.isEmpty && !$0.steps.isEmpty })
      }
    }
  }

  @Test func idsAreReadAndWritten() {
    for text in ["compare/91/17", "compare.dev/91/17", "story@5/1/0", "story.train@5/1/0"] {
      #expect(ProblemID(text)?.description == text)
    }
    for text in [
      "", "compare", "compare/1", "compare/x/1", "/1/1", "a.b/1/1", "a@x/1/1", "a/1/1/1",
    ] {
      #expect(ProblemID(text) == nil)
    }
  }

  @Test func unknownNamesAreNamedErrors() throws {
    #expect(throws: ProblemError.self) { try ProblemLibrary.problem(id: "nothing/1/1") }
    #expect(throws: ProblemError.self) { try ProblemLibrary.problem(id: "compare@9/1/1") }
    // Too few to be divided: they are asked for as problems for training, or not at all.
    #expect(
      throws: ProblemError.undividedLevel(2, family: "coin", split: .heldout, levels: 5...10)
    ) { try ProblemLibrary.problem(id: "coin@2/1/1") }
    #expect(try ProblemLibrary.problem(id: "coin.train@2/1/1").level == 2)
    #expect(throws: ProblemError.unknownProblem("pears")) {
      try ProblemLibrary.problem(id: "pears")
    }
  }

  @Test func splitsShareNoStructure() throws {
    for family in ProblemLibrary.families {
      var seen: [String: ProblemSplit] = [:]
      for split in ProblemSplit.allCases {
        var random = ProblemRandom(seed: 5)
        for _ in 0..<300 {
          let (draft, _) = ProblemLibrary.draft(family, split: split, level: nil, using: &random)
          #expect(seen[draft.structure, default: split] == split)
          seen[draft.structure] = split
        }
      }
    }
  }

  /// The emblem's structure, whatever its words, is in no training problem.
  @Test func applesIsHeldOut() throws {
    let draft = CompareFamily.draft(
      first: 3, links: [.init(relation: .more, amount: 2)], ask: .total, level: 2)
    #expect(ProblemSplit.of(structure: draft.structure, family: "compare") == .heldout)
    let cast = CompareFamily.Cast(people: ["I", "my dad"], isTold: true, objects: "apples")
    let worked = CompareFamily.work(
      first: 3, links: [.init(relation: .more, amount: 2)], ask: .total, level: 2, cast: cast,
      wording: 0, fault: nil)
    #expect(worked.question == ProblemLibrary.apples.question)
    #expect(worked.answer == ProblemLibrary.apples.answer)
    #expect(worked.steps == ProblemLibrary.apples.steps)

    // All 24 000 draws at level 2 would contain it some 80 times if it were not kept out.
    var random = ProblemRandom(seed: 1)
    var draws: Set<String> = []
    for _ in 0..<24_000 {
      let (drawn, _) = ProblemLibrary.draft(
        CompareFamily(), split: .train, level: 2, using: &random)
      draws.insert(drawn.structure)
    }
    #expect(!draws.contains(draft.structure))
    #expect(draws.contains { $0.hasPrefix("3 more") })
  }

  @Test(arguments: ["compare", "story", "expr", "price", "multiplication"])
  func stepsAreTrueAndEndInTheAnswer(family: String) throws {
    for problem in try problems(family) {
      for step in problem.steps { #expect(holds(step) == true, "\(problem.id): \(step)") }
      #expect(problem.steps.last?.hasSuffix(" = \(problem.answer)") == true)
      #expect(Int(problem.answer).map { $0 >= 0 } == true)
    }
  }

  /// Solved again from the words of the question alone.
  @Test func storiesTellTheirNumbers() throws {
    for problem in try problems("story") {
      var total = 0
      for sentence in problem.question.split(separator: ".").dropLast() {
        let words = sentence.split(separator: " ")
        let amount = words.compactMap { Int($0) }.first ?? 0
        let isLoss = ["gives", "loses", "sells", "breaks"].contains(String(words[1]))
        total += isLoss ? -amount : amount
      }
      #expect(String(total) == problem.answer, "\(problem.question)")
    }
  }

  @Test func lettersAndCountsFollowFromTheWords() throws {
    for problem in try problems("count") {
      let quoted = problem.question.split(separator: "\"")[1]
      let head = problem.question.split(separator: "\"")[0]
      let letter =
        head.split(whereSeparator: { " '".contains($0) }).first {
          $0.count == 1 && $0 != "s"
        } ?? "s"
      #expect(String(quoted.filter { $0 == letter.first }.count) == problem.answer)
    }
    for problem in try problems("letters") {
      let names = problem.steps.map { String($0.split(separator: ":")[0]) }
      #expect(names.allSatisfy { problem.question.contains($0) })
      #expect(String(names.compactMap(\.last)) == problem.answer)
    }
  }

  @Test func coinsAndDecimalsFollowFromTheWords() throws {
    for problem in try problems("coin") {
      let flips = problem.question.split(separator: ".").filter { $0.contains(" flips ") }.count
      #expect(problem.answer == (flips % 2 == 0 ? "yes" : "no"))
    }
    for (family, isDecimal) in [("decimals", true), ("versions", false)] {
      for problem in try problems(family) {
        let numbers = problem.question.split(whereSeparator: { " ,?".contains($0) })
          .filter { $0.contains(".") }.map(String.init)
        #expect(numbers.count == max(2, problem.level - 4))
        #expect(numbers.contains(problem.answer))
        let sorted = numbers.sorted { a, b in
          guard !isDecimal else { return Double(a) ?? 0 < Double(b) ?? 0 }
          let x = a.split(separator: ".").compactMap { Int($0) }
          let y = b.split(separator: ".").compactMap { Int($0) }
          return x.lexicographicallyPrecedes(y)
        }
        #expect(sorted.last == problem.answer, "\(problem.question)")
      }
    }
  }
}
