/// "Take the last letters of the names Tom, Ann and put them together."
struct LastLettersFamily: ProblemFamily {
  let name = "letters"
  let summary = "the last letters of two to eight names, put together"
  let levels = 2...8
  let principle = "Take the last letter of each name in order."

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let names = (0..<level).map { _ in
      random.chance(0.5)
        ? random.pick(ProblemWords.names)
        : ProblemWords.invented(random.int(3...6), using: &random).capitalizedSentence
    }
    return Self.draft(names)
  }

  static func draft(_ names: [String]) -> ProblemDraft {
    ProblemDraft(structure: names.joined(separator: " ")) { random, fault in
      work(names, using: &random, fault: fault)
    }
  }

  private static func work(
    _ names: [String], using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let list = names.joined(separator: ", ")
    let question = random.pick([
      "Take the last letters of the names \(list) and put them together.",
      "Join the last letters of \(list).", "What do the last letters of \(list) spell?",
    ])
    var steps: [String] = []
    var chains = StyledChains()
    var joined = ""
    for (index, name) in names.enumerated() {
      let letter = letter(of: name, isWrong: fault?.step == index)
      joined.append(letter)
      steps.append("\(name): \(letter)")
      chains.tell(
        "\(letter) from \(name)", sentence: "\(name) ends in \(letter)",
        restated: (index == 0 ? "Begin with" : "Add") + " \(name): \"\(joined)\"",
        ordered: "\(name) gives \(letter)")
    }
    chains.fused = ["Letters: " + steps.joined(separator: ", ") + "."]
    return WorkedProblem(
      level: names.count, question: question, answer: joined, steps: steps, chains: chains,
      directSentence: nil)
  }

  /// The last letter; a wrong one is the letter before it.
  private static func letter(of name: String, isWrong: Bool) -> String {
    let letters = Array(name.lowercased())
    guard isWrong, letters.count > 1 else { return String(letters[letters.count - 1]) }
    return String(letters[letters.count - 2])
  }
}
