/// "What is 47 times 36?", by partial products that are added one after another.
struct MultiplicationFamily: ProblemFamily {
  let name = "multiplication"
  let summary = "products of up to three by two digits, in parts"
  let levels = 1...3
  let principle = "Multiply the parts and add the products."
  let isCore = false

  /// The digits of both factors at each level.
  private static let digits = [(2, 1), (2, 2), (3, 2)]

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let (left, right) = Self.digits[level - levels.lowerBound]
    return Self.draft(
      Self.number(left, using: &random), Self.number(right, using: &random), level: level)
  }

  /// A number of so many digits that is more than a power of ten.
  private static func number(_ digits: Int, using random: inout ProblemRandom) -> Int {
    let low = (1..<digits).reduce(1) { power, _ in 10 * power }
    return random.int((low + 1)...(10 * low - 1))
  }

  static func draft(_ left: Int, _ right: Int, level: Int) -> ProblemDraft {
    ProblemDraft(structure: "\(left) * \(right)") { random, fault in
      work(left, right, level: level, using: &random, fault: fault)
    }
  }

  /// 305 in its parts, the smallest first: 5 and 300.
  private static func parts(_ number: Int) -> [Int] {
    var parts: [Int] = []
    var (rest, place) = (number, 1)
    while rest > 0 {
      if rest % 10 > 0 { parts.append(rest % 10 * place) }
      (rest, place) = (rest / 10, 10 * place)
    }
    return parts
  }

  private static func work(
    _ left: Int, _ right: Int, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let question = random.pick([
      "What is \(left) times \(right)?", "Multiply \(left) by \(right).",
      "What is the product of \(left) and \(right)?",
    ])
    var steps: [String] = []
    var chains = StyledChains(restating: ["Take \(left) times \(right) in parts."])
    func step(_ one: Int, _ sign: Character, _ other: Int) -> Int {
      let read = Fault.misread(fault, at: steps.count, one)
      let exact = sign == "*" ? read * other : read + other
      let value = Fault.apply(fault, at: steps.count, to: exact)
      let equation = "\(read) \(sign) \(other) = \(value)"
      let isPart = sign == "*"
      steps.append(equation)
      chains.tell(
        equation, sentence: (isPart ? "Multiply " : "Add ") + equation,
        restated: (isPart ? "Part: " : "Total: ") + equation)
      return value
    }
    var total: Int?
    for factor in parts(right) {
      for part in parts(left) {
        let first = steps.count
        let product = step(part, "*", factor)
        total = total.map { step(product, "+", $0) } ?? product
        let told = steps[first...].joined(separator: ", ")
        chains.fused.append((first == 0 ? "Parts: " : "") + "\(told).")
      }
    }
    let answer = String(total ?? 0)
    return WorkedProblem(
      level: level, question: question, answer: answer, steps: steps, chains: chains,
      directSentence: "The product is \(answer).")
  }
}
