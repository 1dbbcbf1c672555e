import Foundation
import Testing

@testable import Problems
@testable import Reasoning

/// Families solved again from the words of their questions alone.
struct ProblemFamilyTests {
  private func problems(_ family: String, count: Int = 200) throws -> [Problem] {
    try ProblemLibrary.problems(family: family, split: .train, count: count, seed: 7)
  }

  private func numbers(_ text: some StringProtocol) -> [Int] {
    text.split { !$0.isNumber }.compactMap { Int($0) }
  }

  @Test func pricesFollowFromTheWords() throws {
    for problem in try problems("price") {
      var prices: [String: Int] = [:]
      var total = 0
      for sentence in problem.question.split(separator: ".") {
        let words = sentence.split { " ,".contains($0) }.map(String.init)
        let amount = numbers(sentence).first ?? 0
        if let verb = words.firstIndex(of: "costs") {
          prices[words[verb - 1]] = amount
        } else if words.contains("coupon") {
          total -= amount
        } else if sentence.contains("pays with") {
          total = amount - total
        } else {
          for (count, thing) in zip(words, words.dropFirst()) {
            guard let count = Int(count) else { continue }
            let price = prices.first { thing == $0.key + "s" || thing == $0.key + "es" }
            total += count * (price?.value ?? 1000)
          }
        }
      }
      #expect(String(total) == problem.answer, "\(problem.question)")
    }
  }

  @Test func ordersFollowFromTheMoves() throws {
    for problem in try problems("permutation") {
      let words = problem.question.lowercased().split { " .,:?".contains($0) }.map(String.init)
      var order = Array(words.first { $0.count == 5 && Int($0) != nil } ?? "")
      #expect(order.sorted() == Array("12345"))
      for (index, word) in words.enumerated() {
        switch word {
        case "swap":
          let one = try #require(Int(words[index + 2])) - 1
          let other = try #require(Int(words[index + 4])) - 1
          (order[one], order[other]) = (order[other], order[one])
        case "reverse": order.reverse()
        case "rotate": order.append(order.removeFirst())
        default: break
        }
      }
      #expect(String(order) == problem.answer, "\(problem.question)")
    }
  }

  /// What can be reached from one order is all 120 of them.
  @Test func movesReachEveryOrder() {
    var reached: Set<[Int]> = [[1, 2, 3, 4, 5]]
    var fresh = reached
    while !fresh.isEmpty {
      let next = fresh.flatMap { order in
        [PermutationFamily.Move.swap(1, 2), .rotate].map { $0.applied(to: order) }
      }
      fresh = Set(next).subtracting(reached)
      reached.formUnion(fresh)
    }
    #expect(reached.count == 120)
  }

  @Test func hopsFollowTheTable() throws {
    for problem in try problems("lookup") {
      let pairs = problem.question.matches(of: /(\d) to (\d)/)
      var table: [Int: Int] = [:]
      for pair in pairs { table[Int(pair.1) ?? 0] = Int(pair.2) }
      #expect(table.count == pairs.count)
      #expect(Set(table.values).isSubset(of: table.keys))
      let rest = numbers(problem.question[try #require(pairs.last).range.upperBound...])
      let (start, hops) =
        problem.question.contains("Table: ") ? (rest[0], rest[1]) : (rest[1], rest[0])
      #expect(hops == problem.level)
      var place = start
      for _ in 0..<hops { place = table[place] ?? 0 }
      #expect(String(place) == problem.answer, "\(problem.question)")
    }
  }

  @Test func circuitsFollowFromTheirGates() throws {
    for problem in try problems("circuit") {
      var values: [String: Bool] = ["true": true, "false": false]
      var last = ""
      for match in problem.question.matches(of: /(\w) is (?:(\w+) (and|or) (\w)|(not )?(\w+))\./) {
        last = String(match.1)
        if let left = match.2, let sign = match.3, let right = match.4 {
          let pair = try [
            #require(values[String(left)] as Bool?), #require(values[String(right)] as Bool?),
          ]
          values[last] = sign == "and" ? !pair.contains(false) : pair.contains(true)
        } else if let wire = match.6 {
          values[last] = try #require(values[String(wire)] as Bool?) != (match.5 != nil)
        }
      }
      #expect(problem.question.hasSuffix("Is \(last) true?"))
      #expect(problem.answer == (values[last] == true ? "yes" : "no"), "\(problem.question)")
    }
  }

  @Test func sumsAreRight() throws {
    for problem in try problems("addition") {
      for step in problem.steps {
        let sides = step.split(separator: "=")
        #expect(numbers(sides[0]).reduce(0, +) == numbers(sides[1])[0])
      }
    }
  }

  /// The answer to a question of a family, found from its words.
  private func solved(_ family: String, _ question: String) -> String? {
    let numbers = numbers(question)
    switch family {
    case "addition": return String(numbers.reduce(0, +))
    case "multiplication": return String(numbers.reduce(1, *))
    case "calendar": break
    default: return nil
    }
    let words = question.lowercased()
    let isBack = ["ago", "before", "earlier", "arrives"].contains(where: words.contains)
    func amount(_ unit: String) -> Int {
      let parts = words.split { " ,.?".contains($0) }
      return zip(parts, parts.dropFirst()).first { $1.hasPrefix(unit) }.flatMap { Int($0.0) } ?? 0
    }
    if let time = words.firstMatch(of: /(\d+):(\d\d)/) {
      let span = 60 * amount("hour") + amount("minute")
      let start = 60 * (Int(time.1) ?? 0) + (Int(time.2) ?? 0)
      let end = start + (isBack ? -span : span)
      return "\(end / 60):" + (end % 60 < 10 ? "0" : "") + "\(end % 60)"
    }
    let week = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    guard var day = week.firstIndex(where: words.contains), let days = numbers.first else {
      return nil
    }
    for _ in 0..<days { day = (day + (isBack ? 6 : 1)) % 7 }
    return week[day].capitalized
  }

  @Test(arguments: ["addition", "multiplication", "calendar"])
  func answersFollowFromTheWords(family: String) throws {
    for problem in try problems(family) {
      #expect(problem.answer == solved(family, problem.question), "\(problem.question)")
    }
    let path = PromptTemplateTests.samples.path + "/Prompts/few-shot/\(family).txt"
    for exemplar in Exemplar.parse(try TextFile.read(path)) {
      let answer = solved(family, exemplar.question)
      #expect(AnswerExtractor.extract(from: exemplar.answer)?.text == answer)
    }
  }

  @Test func productsAreMadeOfParts() throws {
    let parts = [0: 0, 1: 2, 2: 4, 3: 6]
    for problem in try problems("multiplication") {
      let products = problem.steps.filter { $0.contains("*") }
      #expect(products.count <= parts[problem.level, default: 0])
      #expect(problem.steps.count == 2 * products.count - 1)
      for product in products {
        // One digit each, but for zeros behind it.
        let factors = numbers(product).prefix(2).map { String($0).dropFirst() }
        #expect(factors.joined().allSatisfy { $0 == "0" })
      }
    }
  }

  /// No answer depends on whether the clock has 12 hours or 24, and each step is a real time.
  @Test func timesStayOnTheClock() throws {
    var kinds: Set<String> = []
    for problem in try problems("calendar", count: 400) {
      let texts = [problem.question, problem.answer] + problem.steps
      for time in texts.joined(separator: " ").matches(of: /(\d+):(\d+)/) {
        #expect((1...12).contains(Int(time.1) ?? 0))
        #expect(time.2.count == 2)
        #expect((0...59).contains(Int(time.2) ?? 99))
      }
      kinds.insert("\(problem.level) \(problem.answer.contains(":"))")
      #expect(problem.answerKind == .word)
      #expect(problem.steps.last?.hasSuffix(" is \(problem.answer)") == true)
    }
    #expect(kinds.count == 8)
  }

  /// Measuring all families means the core ones.
  @Test func practiceIsNotCore() {
    let core = ProblemLibrary.coreFamilies.map(\.name)
    #expect(core.contains("lookup"))
    for practice in ["circuit", "addition", "multiplication", "calendar"] {
      #expect(!core.contains(practice))
    }
  }

  /// Either kind of fault leaves the words before its step as they were and changes that step.
  @Test(arguments: ProblemFamilyTests.families, [Fault.Kind.result, .operand])
  func faultsBeginAtTheirStep(name: String, kind: Fault.Kind) throws {
    let family = try ProblemLibrary.family(name)
    var random = ProblemRandom(seed: 12)
    var differing = 0
    var made = 0
    for _ in 0..<150 {
      let (draft, _) = ProblemLibrary.draft(family, split: .train, level: nil, using: &random)
      let words = random
      let right = draft.words(&random, nil)
      for step in right.steps.indices {
        for delta in [-2, -1, 1, 2, 10] {
          var again = words
          let wrong = draft.words(&again, Fault(step: step, delta: delta, kind: kind))
          #expect(wrong.question == right.question)
          #expect(wrong.steps.prefix(step) == right.steps.prefix(step))
          #expect(wrong.steps[step] != right.steps[step], "\(right.question) \(step) \(delta)")
          for style in ReasoningStyle.allCases {
            #expect(wrong.chain(style).count == right.chain(style).count)
          }
          made += 1
          differing += wrong.answer == right.answer ? 0 : 1
        }
      }
    }
    #expect(differing * 10 > made * 6, "\(name): \(differing) of \(made)")
  }

  static let families = [
    "price", "permutation", "lookup", "circuit", "addition", "multiplication", "calendar",
  ]
}
