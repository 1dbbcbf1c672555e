/// "A coin is heads up. Tom flips it. Ann does not flip it. Is it still heads up?"
struct CoinFamily: ProblemFamily {
  let name = "coin"
  let summary = "the parity of one to ten coin flips"
  let levels = 1...10
  /// Of up to four flips there are 4, 8, 16 and 32 patterns, with either side up at the start.
  let dividedLevels = 5...10
  let principle = "Each flip turns the coin over."

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let flips = (0..<level).map { _ in random.chance(0.6) }
    return Self.draft(
      flips, startsHeads: random.chance(0.7), people: random.sample(level, from: ProblemWords.names)
    )
  }

  static func draft(_ flips: [Bool], startsHeads: Bool, people: [String]) -> ProblemDraft {
    let structure = (startsHeads ? "h " : "t ") + flips.map { $0 ? "f" : "-" }.joined()
    return ProblemDraft(structure: structure) { random, fault in
      work(flips, startsHeads: startsHeads, people: people, using: &random, fault: fault)
    }
  }

  private static func work(
    _ flips: [Bool], startsHeads: Bool, people: [String], using random: inout ProblemRandom,
    fault: Fault?
  ) -> WorkedProblem {
    func side(_ isHeads: Bool) -> String { isHeads ? "heads" : "tails" }
    let start = side(startsHeads)
    let it = random.pick(["it", "the coin"])
    let events = zip(people, flips).map { $1 ? "\($0) flips \(it)." : "\($0) does not flip \(it)." }
    let question =
      "A coin is \(start) up. " + events.joined(separator: " ") + " Is \(it) still \(start) up?"

    var isHeads = startsHeads
    var count = 0
    var steps: [String] = []
    var chains = StyledChains(
      terse: ["So \(start)."], sentences: ["At the start: \(start) up."],
      restating: ["It begins \(start) up."])
    for (index, (person, flips)) in zip(people, flips).enumerated() {
      let isWrong = fault?.step == index
      if flips != isWrong {
        isHeads.toggle()
        count += 1
      }
      let now = side(isHeads)
      steps.append("\(person): \(now)")
      chains.tell(
        "\(person) \(now)", sentence: "\(person) \(flips ? "flips" : "does not flip"): \(now) up",
        restated: "After \(person), it is \(now) up", ordered: "\(person) makes it \(now)")
      chains.fused.append((index == 0 ? "Flips: " : "") + "\(person) \(count).")
    }
    let answer = isHeads == startsHeads ? "yes" : "no"
    chains.fused.append("\(count) flips is \(count % 2 == 0 ? "even" : "odd").")
    chains.sentences.append("At the end it is \(side(isHeads)) up.")
    return WorkedProblem(
      level: flips.count, question: question, answer: answer, steps: steps, chains: chains,
      directSentence: nil)
  }
}
