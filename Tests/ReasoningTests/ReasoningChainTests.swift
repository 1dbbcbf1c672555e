import Testing

@testable import Problems

/// Chains that a small model can follow word by word: what a word needs stands in the words just
/// before it or is named in the question by the same words.
struct ReasoningChainTests {
  private func worked(_ family: String, count: Int = 200) throws -> [WorkedProblem] {
    try (0..<count).map {
      try ProblemLibrary.worked(
        ProblemID(family: family, split: .train, seed: 21, index: UInt64($0)))
    }
  }

  /// A chain without its openers, in each style.
  private func chains(_ problem: WorkedProblem) -> [String] {
    ReasoningStyle.allCases.map { problem.chain($0).joined(separator: " ") }
  }

  @Test func countsGoUpByOneWhileTheWordIsSpelled() throws {
    for problem in try worked("count") {
      for chain in chains(problem) {
        let counts = chain.split { !$0.isNumber }.compactMap { Int($0) }
        #expect(String(counts.last ?? 0) == problem.answer, "\(chain)")
        #expect(zip([0] + counts, counts).allSatisfy { (0...1).contains($1 - $0) }, "\(chain)")
      }
    }
  }

  @Test func stringsGrowByOneLetterAStep() throws {
    for problem in try worked("letters") {
      let answer = problem.answer
      for chain in chains(problem) {
        let quoted = chain.matches(of: /"([a-z]+)"/).map { String($0.1) }
        #expect(quoted == (1...answer.count).map { String(answer.prefix($0)) }, "\(chain)")
      }
      #expect(problem.level == answer.count)
    }
  }

  /// Each price is read in the words in which the question tells it, before it is multiplied.
  @Test func pricesAreReadBeforeTheyAreMultiplied() throws {
    for problem in try worked("price") {
      let products = problem.steps.filter { $0.contains("*") }
      for chain in chains(problem) {
        let read = chain.matches(
          of: /(\d+) (\w+)[:,] (?:an? )?(\w+) costs (\d+)[^\d]*(\d+ \* \d+ = \d+)/)
        #expect(read.map { String($0.5) } == products, "\(chain)")
        for item in read {
          #expect(problem.question.contains("\(item.1) \(item.2)"))
          #expect(problem.question.contains(" \(item.3) costs \(item.4) dollars"))
          #expect(item.5.hasPrefix("\(item.1) * \(item.4) ="))
          #expect(item.3 == ProblemWords.singular(String(item.2)))
        }
      }
    }
  }

  /// Each step of a list compares the newest so far with the next version, part by part.
  @Test func versionsAreComparedPartByPart() throws {
    for problem in try worked("versions") where problem.level > 4 {
      let versions = problem.question.matches(of: /\d+\.\d+\.\d+/).map { String($0.0) }
      #expect(versions.count == max(2, problem.level - 4))
      #expect(problem.steps.count == versions.count - 1)
      var newest = versions[0]
      for (version, step) in zip(versions.dropFirst(), problem.steps) {
        let parts = [newest, version].map { $0.split(separator: ".").compactMap { Int($0) } }
        let same = zip(parts[0], parts[1]).prefix { $0 == $1 }.count
        let isGreater = parts[0][same] > parts[1][same]
        let compared =
          parts[0][..<same].map { "\($0) = \($0)" }
          + ["\(parts[0][same]) \(isGreater ? ">" : "<") \(parts[1][same])"]
        #expect(step == compared.joined(separator: ", "))
        for chain in chains(problem) { #expect(chain.contains(step)) }
        newest = isGreater ? newest : version
      }
      #expect(newest == problem.answer)
      if problem.level < 7 {
        let parts = versions.map { $0.split(separator: ".") }
        let same = zip(parts[0], parts[1]).prefix { $0 == $1 }.count
        #expect(same == problem.level - 4)
      }
    }
  }

  /// The questions that show what tokenisation and versions do are asked as ever.
  @Test func nineElevenAndNineEightAreStillAsked() {
    for isVersions in [false, true] {
      let family = DecimalsFamily(isVersions: isVersions)
      var random = ProblemRandom(seed: 2)
      var questions: Set<String> = []
      for _ in 0..<60 {
        let problem = family.draft("9.11", "9.8", level: 4).words(&random, nil)
        questions.insert(problem.question)
        #expect(problem.answer == (isVersions ? "9.11" : "9.8"))
      }
      #expect(questions.count == 6)
      #expect(
        questions.contains(
          isVersions
            ? "Which version is newer, 9.11 or 9.8?" : "Which number is larger, 9.11 or 9.8?"))
      #expect(family.split(ofStructure: "9.11 9.8", level: 4) == .heldout)
    }
  }
}
