/// "p is true. q is false. r is p and q. s is not r. Is s true?"
struct CircuitFamily: ProblemFamily {
  let name = "circuit"
  let summary = "the output of a Boolean circuit one to six gates deep"
  let levels = 1...6
  /// There are 12 circuits of one gate.
  let dividedLevels = 2...6
  let principle = "Find the value of each letter in order."
  let isCore = false

  /// A gate over the output of the gate before it and, unless it negates, another wire.
  enum Gate: Sendable, Hashable {
    case not
    case and(other: Int)
    case or(other: Int)
  }

  /// No a and no i, which are words.
  private static let letters = "bcdefghjklmnopqrstuvwxyz".map(String.init)

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let inputs = [random.chance(0.5), random.chance(0.5)]
    var values = inputs
    var gates: [Gate] = []
    for _ in 0..<level {
      let last = values.count - 1
      let isAnd = random.chance(0.5)
      // Mostly the other wire leaves the last one to decide, or early gates would not matter.
      let open = (0..<last).filter { values[$0] == isAnd }
      let other =
        open.isEmpty || random.chance(0.3) ? random.int(0...(last - 1)) : random.pick(open)
      let gate: Gate = random.chance(0.3) ? .not : isAnd ? .and(other: other) : .or(other: other)
      gates.append(gate)
      values.append(Self.value(gate, values[last], values[other]))
    }
    return Self.draft(inputs, gates: gates, wires: random.sample(2 + level, from: Self.letters))
  }

  /// Circuits that differ in the names of their wires only are one structure.
  static func draft(_ inputs: [Bool], gates: [Gate], wires: [String]) -> ProblemDraft {
    let numbered = sentences(inputs, gates: gates, wires: wires.indices.map { "\($0)" })
    return ProblemDraft(structure: numbered.joined(separator: " ")) { random, fault in
      work(inputs, gates: gates, wires: wires, using: &random, fault: fault)
    }
  }

  private static func value(_ gate: Gate, _ last: Bool, _ other: Bool) -> Bool {
    switch gate {
    case .not: !last
    case .and: last && other
    case .or: last || other
    }
  }

  /// A gate with its wires or their values put in.
  private static func text(_ gate: Gate, last: String, of all: [String]) -> String {
    switch gate {
    case .not: "not \(last)"
    case .and(let other): "\(last) and \(all[other])"
    case .or(let other): "\(last) or \(all[other])"
    }
  }

  private static func sentences(_ inputs: [Bool], gates: [Gate], wires: [String]) -> [String] {
    zip(wires, inputs).map { "\($0) is \($1)." }
      + gates.enumerated().map { index, gate in
        let place = inputs.count + index
        return "\(wires[place]) is \(text(gate, last: wires[place - 1], of: wires))."
      }
  }

  private static func work(
    _ inputs: [Bool], gates: [Gate], wires: [String], using random: inout ProblemRandom,
    fault: Fault?
  ) -> WorkedProblem {
    let output = wires[wires.count - 1]
    let told = sentences(inputs, gates: gates, wires: wires).joined(separator: " ")
    let question = random.pick([
      "\(told) Is \(output) true?", "Given: \(told) Is \(output) true?",
    ])
    var values = inputs
    var steps: [String] = []
    var chains = StyledChains(restating: ["Go through the gates."])
    for (index, gate) in gates.enumerated() {
      let wire = wires[inputs.count + index]
      let isWrong = fault?.step == index
      let last = values[values.count - 1] != (isWrong && fault?.kind == .operand)
      var other = last
      if case .and(let place) = gate { other = values[place] }
      if case .or(let place) = gate { other = values[place] }
      let value = Self.value(gate, last, other) != (isWrong && fault?.kind == .result)
      let filled = text(gate, last: "\(last)", of: values.map { "\($0)" })
      values.append(value)
      steps.append("\(wire): \(filled) is \(value)")
      chains.tell(
        "\(filled) is \(value)", sentence: "For \(wire) we have \(filled) is \(value)",
        restated: "\(wire) is \(filled): \(value)", ordered: "\(wire) is \(filled), \(value)")
      chains.fused.append((index == 0 ? "Gates: " : "") + "\(wire): \(filled) is \(value).")
    }
    return WorkedProblem(
      level: gates.count, question: question, answer: values.last == true ? "yes" : "no",
      steps: steps, chains: chains, directSentence: nil)
  }
}
