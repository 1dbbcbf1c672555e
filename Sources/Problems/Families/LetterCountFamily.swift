/// "How many times does the letter r occur in "strawberry"?"
struct LetterCountFamily: ProblemFamily {
  let name = "count"
  let summary = "how often a letter occurs in a word"
  let levels = 1...3
  let principle = "Spell the word and count along."

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let lengths = [3...5, 6...8, 9...12][level - 1]
    let real = ProblemWords.realWords.filter { lengths.contains($0.count) }
    let word =
      !real.isEmpty && random.chance(0.3)
      ? random.pick(real) : ProblemWords.invented(random.int(lengths), using: &random)
    let letter: Character =
      random.chance(0.9) ? random.pick(Array(word)) : random.pick(Array("abcdefghijklmnoprstuvwyz"))
    return Self.draft(word: word, letter: letter, level: level)
  }

  static func draft(word: String, letter: Character, level: Int) -> ProblemDraft {
    ProblemDraft(structure: "\(word) \(letter)") { random, fault in
      work(word: word, letter: letter, level: level, using: &random, fault: fault)
    }
  }

  private static func work(
    word: String, letter: Character, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let question = random.pick([
      "How many times does the letter \(letter) occur in \"\(word)\"?",
      "How often does \(letter) appear in the word \"\(word)\"?",
      "Count the letter \(letter) in \"\(word)\".", "How many \(letter)'s are in \"\(word)\"?",
    ])
    var count = 0
    var steps: [String] = []
    var marks: [String] = []
    var verdicts: [String] = []
    for (index, symbol) in word.enumerated() {
      let isFound = (symbol == letter) != (fault?.step == index)
      if isFound { count += 1 }
      marks.append(isFound ? "\(symbol) yes \(count)" : "\(symbol) no")
      verdicts.append("\(symbol) \(isFound ? "yes" : "no") \(count)")
      steps.append("\(symbol) \(count)")
    }
    let spelled = word.map(String.init).joined(separator: " ")
    let running = steps.joined(separator: ", ")
    return WorkedProblem(
      level: level, question: question, answer: String(count), steps: steps,
      chains: StyledChains(
        // The word is never spelled to the end and searched then: to find all places at once is
        // more than a small model can do.
        terse: ["So \(running)."],
        sentences: ["Spell it for \(letter): \(verdicts.joined(separator: ", "))."],
        restating: ["Looking for \(letter): \(marks.joined(separator: ", "))."],
        sequence: ["First, spell it: \(spelled).", "Then, count: \(running)."],
        fused: ["Counting: \(running)."]), directSentence: nil)
  }
}
