/// "Take the last letters of the names Tom, Ann and put them together."
struct LastLettersFamily: ProblemFamily {
  let name = "letters"
  let summary = "the last letters of three to nine names, put together"
  let levels = 3...9
  let principle = "Take the last letter of each name in order."

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    var names: [String] = []
    var joined = ""
    for _ in 0..<level {
      var name = Self.name(using: &random)
      // Where the same letters come again, the string so far is hard to copy. Mostly they do not.
      if Self.repeats(joined, name) { name = Self.name(using: &random) }
      names.append(name)
      joined += Self.letter(of: name, isWrong: false)
    }
    return Self.draft(names)
  }

  private static func name(using random: inout ProblemRandom) -> String {
    random.chance(0.5)
      ? random.pick(ProblemWords.names)
      : ProblemWords.invented(random.int(3...6), using: &random).capitalizedSentence
  }

  /// Whether a name's letter is the last of the string so far, or makes a pair that is in it.
  private static func repeats(_ joined: String, _ name: String) -> Bool {
    guard let last = joined.last else { return false }
    let letter = letter(of: name, isWrong: false)
    return String(last) == letter || joined.contains(String(last) + letter)
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
    var listed: [String] = []
    var chains = StyledChains()
    var joined = ""
    for (index, name) in names.enumerated() {
      let letter = letter(of: name, isWrong: fault?.step == index)
      joined.append(letter)
      steps.append("\(name): \(letter)")
      chains.tell(
        "\(name) \(letter), \"\(joined)\"", sentence: "\(name) ends in \(letter): \"\(joined)\"",
        restated: (index == 0 ? "Begin with" : "Add") + " \(name): \(letter), \"\(joined)\"",
        ordered: "\(name) gives \(letter), so \"\(joined)\"")
      listed.append("\(name): \(letter) \"\(joined)\"")
    }
    chains.fused = ["Letters: " + listed.joined(separator: ", ") + "."]
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
