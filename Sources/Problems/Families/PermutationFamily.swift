/// "The order is 31452. Swap places 1 and 3. Reverse. What is the order now?"
///
/// The moves generate all of S₅. Composing its permutations is the standard example of a problem
/// whose depth grows with its length: answered at once it defeats a transformer of fixed depth,
/// while each move alone is easy (Merrill and Sabharwal 2023, arXiv 2310.07923).
struct PermutationFamily: ProblemFamily {
  let name = "permutation"
  let summary = "the order of five things after one to eight moves"
  let levels = 1...8
  let principle = "Write the order after each move."

  /// What is done to the order. Places are counted from 1.
  enum Move: Sendable, Hashable {
    case swap(Int, Int)
    /// The first goes to the end.
    case rotate
    case reverse

    /// What a step calls it.
    var text: String {
      switch self {
      case .swap(let one, let other): "swap \(one) and \(other)"
      case .rotate: "rotate"
      case .reverse: "reverse"
      }
    }

    /// What the question calls it, so that nobody takes a place for a card or left for right.
    var instruction: String {
      switch self {
      case .swap(let one, let other): "swap places \(one) and \(other)"
      case .rotate: "rotate left"
      case .reverse: "reverse"
      }
    }

    func applied(to order: [Int]) -> [Int] {
      switch self {
      case .swap(let one, let other):
        var order = order
        guard order.indices.contains(one - 1), order.indices.contains(other - 1) else {
          return order
        }
        order.swapAt(one - 1, other - 1)
        return order
      case .rotate: return Array(order.dropFirst() + order.prefix(1))
      case .reverse: return order.reversed()
      }
    }

    /// The move that it is mistaken for: another second place, or the other of the two moves
    /// without places.
    func misread(by delta: Int) -> Move {
      switch self {
      case .swap(let one, let other):
        let others = (1...5).filter { $0 != one && $0 != other }
        return .swap(one, others[abs(delta) % others.count])
      case .rotate: return .reverse
      case .reverse: return .rotate
      }
    }
  }

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let start = Array(1...5).shuffled(using: &random)
    var moves: [Move] = []
    while moves.count < level {
      let move: Move
      switch random.int(0...9) {
      case 0...5:
        let places = random.sample(2, from: Array(1...5)).sorted()
        move = .swap(places[0], places[1])
      case 6, 7: move = .rotate
      default: move = .reverse
      }
      // The same swap or a reversal twice in a row undoes itself.
      if move == .rotate || move != moves.last { moves.append(move) }
    }
    return Self.draft(start: start, moves: moves)
  }

  static func draft(start: [Int], moves: [Move]) -> ProblemDraft {
    let structure = digits(start) + " " + moves.map(\.text).joined(separator: ", ")
    return ProblemDraft(structure: structure) { random, fault in
      work(start: start, moves: moves, using: &random, fault: fault)
    }
  }

  private static func digits(_ order: [Int]) -> String { order.map(String.init).joined() }

  private static func work(
    start: [Int], moves: [Move], using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let listed = moves.map(\.instruction)
    let first = digits(start)
    let sentences = listed.map { $0.capitalizedSentence + "." }.joined(separator: " ")
    let question = random.pick([
      "The order is \(first). \(sentences) What is the order now?",
      "Five cards stand in the order \(first). \(sentences) What is the order at the end?",
      "Start with \(first) and do this: \(listed.joined(separator: ", ")). What comes out?",
    ])

    var order = start
    var steps: [String] = []
    var chains = StyledChains(restating: ["Start with \(first)."])
    var orders = [first]
    for (index, right) in moves.enumerated() {
      var move = right
      if let fault, fault.step == index, fault.kind == .operand {
        move = right.misread(by: fault.delta)
      }
      order = move.applied(to: order)
      if let fault, fault.step == index, fault.kind == .result {
        // Two neighbours come out in the wrong order.
        let place = abs(fault.delta) % (order.count - 1)
        order.swapAt(place, place + 1)
      }
      let now = digits(order)
      steps.append("\(move.text): \(now)")
      orders.append(now)
      let said = move.text.capitalizedSentence
      chains.tell(
        "\(index == 0 ? move.text : said) \(now)", sentence: "After \(move.text) it is \(now)",
        restated: "\(said): \(now)", ordered: "\(move.text) to get \(now)")
    }
    chains.fused = ["Orders: " + orders.joined(separator: ", ") + "."]
    return WorkedProblem(
      level: moves.count, question: question, answer: digits(order), steps: steps,
      chains: chains, directSentence: "The order is \(digits(order)).")
  }
}
