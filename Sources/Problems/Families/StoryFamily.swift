/// "Tom has 5 apples. Tom buys 3 more. Tom gives 2 to Ann. How many apples does Tom have now?"
struct StoryFamily: ProblemFamily {
  let name = "story"
  let summary = "one to ten things happen to a number of objects"
  let levels = 1...10
  let principle = "Follow the number from one event to the next."

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let start = random.int(2...15)
    var value = start
    var changes: [Int] = []
    for _ in 0..<level {
      let mayLose = value > 1
      let gains = value < 5 || !mayLose || (value < 40 && random.chance(0.55))
      let change = gains ? random.int(1...9) : -random.int(1...min(9, value - 1))
      changes.append(change)
      value += change
    }
    return Self.draft(start: start, changes: changes)
  }

  static func draft(start: Int, changes: [Int]) -> ProblemDraft {
    let structure = "\(start)" + changes.map { $0 < 0 ? " \($0)" : " +\($0)" }.joined()
    return ProblemDraft(structure: structure) { random, fault in
      work(start: start, changes: changes, using: &random, fault: fault)
    }
  }

  private static let gains: [(String, String)] = [
    ("buys", "more"), ("finds", "more"), ("gets", "more"), ("wins", "more"), ("picks up", "more"),
  ]
  private static let losses: [(String, String)] = [
    ("gives", "away"), ("loses", ""), ("sells", ""), ("breaks", ""), ("gives", "to"),
  ]

  private static func event(
    _ change: Int, of hero: String, friend: String, using random: inout ProblemRandom
  ) -> String {
    let (verb, tail) = random.pick(change > 0 ? gains : losses)
    let amount = abs(change)
    if tail == "to" { return "\(hero) \(verb) \(amount) to \(friend)" }
    return "\(hero) \(verb) \(amount)" + (tail.isEmpty ? "" : " \(tail)")
  }

  private static func work(
    start: Int, changes: [Int], using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let people = random.sample(2, from: ProblemWords.names)
    let (hero, friend) = (people[0], people[1])
    let objects = random.pick(ProblemWords.objects)
    let events = changes.map { event($0, of: hero, friend: friend, using: &random) }
    let asked = random.pick([
      "How many \(objects) does \(hero) have now?",
      "How many \(objects) does \(hero) have at the end?",
      "How many \(objects) are left with \(hero)?",
    ])
    let told = ["\(hero) has \(start) \(objects)"] + events
    let question = told.map { $0 + "." }.joined(separator: " ") + " " + asked

    var value = start
    var equations: [String] = []
    var chains = StyledChains(restating: ["\(hero) starts with \(start) \(objects)."])
    var fused = "\(start)" + changes.map { $0 < 0 ? " - \(-$0)" : " + \($0)" }.joined()
    for (index, change) in changes.enumerated() {
      let sign = change < 0 ? "-" : "+"
      let amount = Fault.misread(fault, at: index, abs(change))
      let changed = max(0, change < 0 ? value - amount : value + amount)
      let next = Fault.apply(fault, at: index, to: changed)
      let equation = "\(value) \(sign) \(amount) = \(next)"
      value = next
      equations.append(equation)
      let has = index == 0 ? "Now \(hero) has" : "\(hero) then has"
      chains.tell(
        equation, sentence: "\(has) \(equation) \(objects)",
        restated: "\(events[index]): \(equation)")
      let rest = changes[(index + 1)...].map { $0 < 0 ? " - \(-$0)" : " + \($0)" }.joined()
      fused += " = \(value)\(rest)"
    }
    chains.fused = ["Step by step: \(fused)."]
    return WorkedProblem(
      level: changes.count, question: question, answer: String(value), steps: equations,
      chains: chains, directSentence: "There are \(value) \(objects) left.")
  }
}
