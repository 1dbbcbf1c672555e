/// "I have 3 apples, my dad has 2 more apples than me. How many apples do we have in total?"
struct CompareFamily: ProblemFamily {
  let name = "compare"
  let summary = "who has how many more, fewer or times as many, and how many in total"
  let levels = 1...4
  let principle = "Find what each one has, then add."

  enum Relation: String, Sendable {
    case more, fewer, times

    func equation(_ left: some CustomStringConvertible, _ right: Int) -> String {
      switch self {
      case .more: "\(left) + \(right)"
      case .fewer: "\(left) - \(right)"
      case .times: "\(left) * \(right)"
      }
    }

    func value(_ left: Int, _ right: Int) -> Int {
      switch self {
      case .more: left + right
      case .fewer: left - right
      case .times: left * right
      }
    }
  }

  /// What is asked: what the last one has, what the first and the last have, or what all have.
  enum Ask: String, Sendable { case last, ends, total }

  struct Link: Sendable {
    var relation: Relation
    var amount: Int
  }

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let (count, ask): (Int, Ask) =
      switch level {
      case 1: (1, .last)
      case 2: random.chance(0.75) ? (1, .total) : (2, .last)
      case 3: (2, .ends)
      default: (2, .total)
      }
    let first = random.int(2...12)
    var links: [Link] = []
    var value = first
    for _ in 0..<count {
      let link = Self.link(from: value, using: &random)
      links.append(link)
      value = link.relation.value(value, link.amount)
    }
    return Self.draft(first: first, links: links, ask: ask, level: level)
  }

  private static func link(from value: Int, using random: inout ProblemRandom) -> Link {
    let kind = random.weighted([0.55, value > 2 ? 0.33 : 0, value <= 9 ? 0.12 : 0])
    switch kind {
    case 0: return Link(relation: .more, amount: random.int(1...9))
    case 1: return Link(relation: .fewer, amount: random.int(1...min(9, value - 1)))
    default: return Link(relation: .times, amount: random.int(2...3))
    }
  }

  static func draft(first: Int, links: [Link], ask: Ask, level: Int) -> ProblemDraft {
    let chain = links.map { "\($0.relation.rawValue) \($0.amount)" }.joined(separator: " ")
    return ProblemDraft(structure: "\(first) \(chain) \(ask.rawValue)") { random, fault in
      let cast = Cast.drawn(people: links.count + 1, using: &random)
      return CompareFamily.work(
        first: first, links: links, ask: ask, level: level, cast: cast,
        wording: random.int(0...3), fault: fault)
    }
  }

  /// Who appears, and what they have.
  struct Cast: Sendable {
    var people: [String]
    /// The teller is the first person.
    var isTold: Bool
    var objects: String

    static func drawn(people count: Int, using random: inout ProblemRandom) -> Cast {
      let isTold = random.chance(0.5)
      let objects = random.pick(ProblemWords.objects)
      let people =
        isTold
        ? ["I"] + random.sample(count - 1, from: ProblemWords.relatives).map { "my \($0)" }
        : random.sample(count, from: ProblemWords.names)
      return Cast(people: people, isTold: isTold, objects: objects)
    }

    func has(_ person: Int) -> String { isTold && person == 0 ? "I have" : "\(people[person]) has" }
    func than(_ person: Int) -> String { isTold && person == 0 ? "me" : people[person] }
    func does(_ person: Int) -> String { isTold && person == 0 ? "do I" : "does \(people[person])" }
    var group: String { isTold ? "we" : "they" }
  }

  /// Puts a structure into words and solves it.
  static func work(
    first: Int, links: [Link], ask: Ask, level: Int, cast: Cast, wording: Int, fault: Fault?
  ) -> WorkedProblem {
    var solution = Solution(first: first, cast: cast, fault: fault)
    for (index, link) in links.enumerated() { solution.follow(link, to: index + 1) }
    let direct = solution.ask(ask)
    return WorkedProblem(
      level: level, question: question(first, links, ask, cast, wording),
      answer: String(solution.values.last ?? first), steps: solution.equations,
      chains: solution.chains, directSentence: direct)
  }

  private static func question(
    _ first: Int, _ links: [Link], _ ask: Ask, _ cast: Cast, _ wording: Int
  ) -> String {
    let objects = cast.objects
    var clauses = ["\(cast.has(0)) \(first) \(objects)"]
    for (index, link) in links.enumerated() {
      let what =
        switch link.relation {
        case .more, .fewer:
          "\(link.amount) \(link.relation.rawValue)" + (wording % 2 == 0 ? " \(objects)" : "")
            + " than"
        case .times: (link.amount == 2 ? "twice" : "\(link.amount) times") + " as many as"
        }
      clauses.append("\(cast.has(index + 1)) \(what) \(cast.than(index))")
    }
    let last = cast.people.count - 1
    let asked =
      switch ask {
      case .last: "How many \(objects) \(cast.does(last)) have?"
      case .ends:
        "How many \(objects) do \(cast.isTold ? "\(cast.people[last]) and I" : "\(cast.people[0]) and \(cast.people[last])") have together?"
      case .total:
        "How many \(objects) do \(cast.group) have \(wording < 2 ? "in total" : "together")?"
      }
    let joined =
      wording == 0
      ? clauses.joined(separator: ", ") + "."
      : clauses.map { $0.capitalizedSentence + "." }.joined(separator: " ")
    return "\(joined) \(asked)"
  }
}

extension CompareFamily {
  /// The solution as it grows, in all styles at once.
  private struct Solution {
    let cast: Cast
    let fault: Fault?
    /// What each person has.
    var holdings: [Int]
    /// The value of each step.
    var values: [Int] = []
    var equations: [String] = []
    var chains: StyledChains
    /// What each person has as an expression of the givens, for the fused style.
    var expressions: [String]

    init(first: Int, cast: Cast, fault: Fault?) {
      self.cast = cast
      self.fault = fault
      holdings = [first]
      expressions = [String(first)]
      chains = StyledChains(restating: ["\(cast.has(0)) \(first) \(cast.objects)."])
    }

    mutating func step(_ expression: String, _ value: Int) -> (String, Int) {
      let value = Fault.apply(fault, at: values.count, to: value)
      let equation = "\(expression) = \(value)"
      values.append(value)
      equations.append(equation)
      return (equation, value)
    }

    mutating func follow(_ link: Link, to person: Int) {
      let left = holdings[person - 1]
      let amount = Fault.misread(fault, at: values.count, link.amount)
      let (equation, value) = step(
        link.relation.equation(left, amount), max(0, link.relation.value(left, amount)))
      holdings.append(value)
      let inner = expressions[person - 1]
      expressions.append("(\(link.relation.equation(inner, amount)))")
      let has = cast.has(person)
      let clue =
        link.relation == .times
        ? (link.amount == 2 ? "twice as many" : "\(link.amount) times as many")
        : "\(link.amount) \(link.relation.rawValue)"
      chains.tell(
        equation, sentence: "\(has.capitalizedSentence) \(equation) \(cast.objects)",
        restated: "\(has.capitalizedSentence) \(clue), so \(equation)",
        ordered: "\(has) \(equation)")
    }

    /// Adds what the question asks for; returns the answer as a sentence.
    mutating func ask(_ ask: Ask) -> String {
      let last = holdings.count - 1
      switch ask {
      case .last:
        chains.fused.append("Number: \(rewritten(expressions[last])).")
        return "There are \(holdings[last]) \(cast.objects)."
      case .ends: add([0, last])
      case .total: add(Array(0...last))
      }
      return "\(cast.group.capitalizedSentence) have \(values[values.count - 1]) \(cast.objects)."
    }

    private mutating func add(_ people: [Int]) {
      var sum = holdings[people[0]]
      for (index, person) in people.enumerated().dropFirst() {
        let (equation, value) = step("\(sum) + \(holdings[person])", sum + holdings[person])
        sum = value
        let isLast = index == people.count - 1
        let who = isLast ? "In total \(cast.group)" : "Two of them"
        chains.tell(
          equation, sentence: "\(who) have \(equation) \(cast.objects)",
          restated: "Together that is \(equation)",
          ordered: "\(isLast ? "the total is" : "adding up,") \(equation)")
      }
      let givens = people.map { expressions[$0] }.joined(separator: " + ")
      let sums = people.map { String(holdings[$0]) }.joined(separator: " + ")
      chains.fused.append("Altogether: \(givens) = \(sums) = \(sum).")
    }

    private func rewritten(_ expression: String) -> String {
      let bare = String(expression.dropFirst().dropLast())
      guard holdings.count > 2, let equation = equations.last else {
        return "\(bare) = \(holdings[holdings.count - 1])"
      }
      return "\(bare) = \(equation)"
    }
  }
}
