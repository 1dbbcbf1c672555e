import Testing

@testable import Problems

/// Problems that come back under other names are kept from training as well.
struct StructureSplitTests {
  /// A question of the family without names, words for the coin, or the letters of wires.
  private func structure(_ question: String, of family: String) -> String {
    let words = question.replacing("Given: ", with: "").replacing("the coin", with: "it")
      .split { " .?".contains($0) }.map(String.init)
    switch family {
    case "coin": return words.filter { !ProblemWords.names.contains($0) }.joined(separator: " ")
    default:
      var numbers: [String: Int] = [:]
      return words.map { word in
        guard word.count == 1 else { return word }
        let number = numbers[word, default: numbers.count]
        numbers[word] = number
        return "\(number)"
      }.joined(separator: " ")
    }
  }

  /// Every question of a document: those asked, and those recalled or given as examples.
  private func questions(in text: String) -> [Substring] {
    text.matches(of: /(?:^|\n)(?:Q:|Related:) ([^\n?]*\?)/).map { $0.1 }
  }

  @Test func namesAndLettersAreNoStructure() throws {
    for family in ["coin", "circuit"] {
      var drafts: [String: ProblemDraft] = [:]
      var random = ProblemRandom(seed: 3)
      var repeated = 0
      for _ in 0..<400 {
        let draft = try ProblemLibrary.family(family).draft(level: 2, using: &random)
        let words = draft.words(&random, nil)
        if let other = drafts[draft.structure] {
          let again = other.words(&random, nil)
          #expect(
            structure(words.question, of: family) == structure(again.question, of: family))
          repeated += words.question == again.question ? 0 : 1
        }
        drafts[draft.structure] = draft
      }
      #expect(repeated > 100)
    }
  }

  /// No held-out or dev problem of any level is one of training under other names.
  @Test(arguments: CurriculumRecipe.allCases)
  func noStructureOfAnotherSplitIsInTheDocuments(recipe: CurriculumRecipe) throws {
    let generator = CurriculumGenerator(seed: 1, recipe: recipe)
    var learned: [String: Set<String>] = ["coin": [], "circuit": []]
    for number in 0..<12_000 {
      for question in questions(in: generator.document(number).text) {
        let isCoin = question.hasPrefix("A coin is ")
        guard isCoin || question.hasSuffix(" true?") else { continue }
        let family = isCoin ? "coin" : "circuit"
        learned[family]?.insert(structure(String(question), of: family))
      }
    }
    for (name, learned) in learned {
      #expect(learned.count > 150, "\(name)")
      let family = try ProblemLibrary.family(name)
      for split in [ProblemSplit.dev, .heldout] {
        for level in family.levels(in: split) {
          let problems = try ProblemLibrary.problems(
            family: name, split: split, level: level, count: 60, seed: 5)
          for problem in problems {
            #expect(!learned.contains(structure(problem.question, of: name)), "\(problem.id)")
          }
        }
      }
    }
  }

  /// Nothing that is measured draws for long: every split has its share of every level it has.
  @Test func everySplitHasAShareOfItsLevels() {
    for family in ProblemLibrary.families
    where !["latin", "square", "puzzle2025"].contains(family.name) {
      for level in family.dividedLevels {
        var random = ProblemRandom(seed: 8)
        var counts: [ProblemSplit: Int] = [:]
        var structures: [ProblemSplit: Set<String>] = [:]
        for _ in 0..<300 {
          let structure = family.draft(level: level, using: &random).structure
          let split = family.split(ofStructure: structure, level: level)
          counts[split, default: 0] += 1
          structures[split, default: []].insert(structure)
        }
        for split in ProblemSplit.allCases {
          #expect(counts[split, default: 0] >= 6, "\(family.name)@\(level) \(split)")
          #expect(structures[split, default: []].count >= 3, "\(family.name)@\(level) \(split)")
        }
      }
    }
  }

  /// Where the level is not given, it is one that has problems of the split.
  @Test func drawnLevelsAreThoseOfTheSplit() throws {
    for split in ProblemSplit.allCases {
      let problems = try ProblemLibrary.problems(family: "coin", split: split, count: 200, seed: 6)
      #expect(Set(problems.map(\.level)) == Set(split == .train ? 1...10 : 5...10))
    }
  }
}
