/// "A pen costs 3 dollars and a cup costs 5 dollars. Tom buys 2 pens and 4 cups. How much does
/// Tom pay?"
struct PriceFamily: ProblemFamily {
  let name = "price"
  let summary = "what one to three kinds of goods cost, with a coupon or with change"
  let levels = 1...4
  let principle = "Find the cost of each kind, then add."

  /// So many things of one kind at a price each.
  struct Item: Sendable, Hashable {
    var price: Int
    var count: Int
    var cost: Int { price * count }
  }

  /// What happens to the total.
  enum Payment: Sendable, Hashable {
    case total
    case coupon(Int)
    case change(from: Int)

    var structure: String {
      switch self {
      case .total: ""
      case .coupon(let amount): " -\(amount)"
      case .change(let note): " from \(note)"
      }
    }
  }

  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let kinds = [1, 2, 2, 3][level - 1]
    // One product alone has few structures, so its prices reach further.
    let highest = level == 1 ? 12 : 9
    while true {
      let items = (0..<kinds).map { _ in
        Item(price: random.int(2...highest), count: random.int(2...9))
      }
      let total = items.reduce(0) { $0 + $1.cost }
      guard total <= 99 else { continue }
      var payment = Payment.total
      if level == 3 {
        payment =
          random.chance(0.5)
          ? .coupon(random.int(2...min(9, total - 1))) : .change(from: total < 50 ? 50 : 100)
      }
      return Self.draft(items, payment: payment, level: level)
    }
  }

  static func draft(_ items: [Item], payment: Payment, level: Int) -> ProblemDraft {
    let structure = items.map { "\($0.count)*\($0.price)" }.joined(separator: " ")
    return ProblemDraft(structure: structure + payment.structure) { random, fault in
      work(items, payment: payment, level: level, using: &random, fault: fault)
    }
  }

  private static func question(
    _ items: [Item], _ goods: [String], payment: Payment, using random: inout ProblemRandom
  ) -> String {
    let buyer = random.pick(ProblemWords.names)
    let prices = zip(items, goods).map { item, good in
      let thing = ProblemWords.singular(good)
      return "\(ProblemWords.article(before: thing)) \(thing) costs \(item.price) dollars"
    }
    // Half the time the basket is in another order than the prices.
    let said = random.chance(0.5) ? prices : Array(prices.reversed())
    let basket = ProblemWords.list(zip(items, goods).map { "\($0.count) \($1)" })
    var sentences = said.map { $0.capitalizedSentence + "." }
    sentences.append(random.pick(["\(buyer) buys \(basket).", "\(buyer) gets \(basket)."]))
    switch payment {
    case .total:
      sentences.append(
        random.pick([
          "How much does \(buyer) pay?", "What does \(buyer) pay?", "How much is that in total?",
        ]))
    case .coupon(let amount):
      sentences.append("A coupon takes off \(amount) dollars.")
      sentences.append(random.pick(["How much does \(buyer) pay?", "What does \(buyer) pay?"]))
    case .change(let note):
      sentences.append("\(buyer) pays with \(note) dollars.")
      sentences.append(
        random.pick(["How much does \(buyer) get back?", "How many dollars are left?"]))
    }
    return sentences.joined(separator: " ")
  }

  /// Each cost is found in three steps that a small model can take: how many, at which price in the
  /// words of the question, and the product.
  private static func work(
    _ items: [Item], payment: Payment, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let goods = random.sample(items.count, from: ProblemWords.objects)
    let question = question(items, goods, payment: payment, using: &random)

    var equations: [String] = []
    var chains = StyledChains(restating: ["We add up the costs."])
    var listed: [String] = []
    /// Tells a step in every style; `label` says what it is for.
    func tell(
      _ equation: String, sentence: String, restated: String, label: String, found: String = ""
    ) {
      equations.append(equation)
      chains.tell(
        found + equation, sentence: "\(sentence) \(equation)", restated: "\(restated): \(equation)")
      listed.append(label + equation)
    }
    func combine(_ left: Int, _ sign: String, _ right: Int) -> (String, Int) {
      let step = equations.count
      let read = Fault.misread(fault, at: step, right)
      let value = Fault.apply(fault, at: step, to: sign == "+" ? left + read : left - read)
      return ("\(left) \(sign) \(read) = \(value)", value)
    }

    var costs: [Int] = []
    for (item, good) in zip(items, goods) {
      let step = equations.count
      let price = Fault.misread(fault, at: step, item.price)
      let cost = Fault.apply(fault, at: step, to: price * item.count)
      costs.append(cost)
      let basket = "\(item.count) \(good)"
      let thing = ProblemWords.singular(good)
      let tag = "\(thing) costs \(price)"
      let article = ProblemWords.article(before: thing)
      tell(
        "\(item.count) * \(price) = \(cost)",
        sentence: "For \(basket): \(article) \(tag), so we pay",
        restated: "Buy \(basket), \(article) \(tag)", label: "\(basket), \(tag), ",
        found: "\(basket), \(tag): ")
    }
    var value = costs.first ?? 0
    for cost in costs.dropFirst() {
      let (equation, sum) = combine(value, "+", cost)
      tell(equation, sentence: "Together", restated: "In total", label: "sum ")
      value = sum
    }
    switch payment {
    case .total: break
    case .coupon(let amount):
      let (equation, rest) = combine(value, "-", amount)
      tell(equation, sentence: "With the coupon", restated: "Take off", label: "coupon ")
      value = rest
    case .change(let note):
      let step = equations.count
      let paid = Fault.misread(fault, at: step, note)
      let rest = Fault.apply(fault, at: step, to: paid - value)
      tell(
        "\(paid) - \(value) = \(rest)", sentence: "Back come", restated: "From \(paid)",
        label: "back ")
      value = rest
    }
    chains.fused = ["Bill: \(listed.joined(separator: ", "))."]
    var isLeft = false
    if case .change = payment { isLeft = true }
    return WorkedProblem(
      level: level, question: question, answer: String(value), steps: equations, chains: chains,
      directSentence: isLeft ? "There are \(value) dollars left." : "The price is \(value) dollars."
    )
  }
}
