/// "Table: 3 to 7, 5 to 2, 7 to 5, 2 to 3. Start at 3 and follow 3 steps. Where do you end?"
struct LookupFamily: ProblemFamily {
  let name = "lookup"
  let summary = "one to six hops through a table"
  let levels = 1...6
  let principle = "Take one hop at a time."

  /// A row of the table.
  struct Row: Sendable, Hashable {
    var from: Int
    var to: Int
    var text: String { "\(from) to \(to)" }
  }

  /// Every place that a row leads to has a row itself, so that neither a wrong turn nor the last
  /// hop can be told by a missing row.
  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let size = random.int((level + 2)...9)
    let places = random.sample(size, from: Array(1...9))
    let path = Array(places.prefix(level + 1))
    let rows = places.enumerated().map { index, place in
      index < level
        ? Row(from: place, to: path[index + 1])
        : Row(from: place, to: random.pick(places.filter { $0 != place }))
    }
    return Self.draft(rows.shuffled(using: &random), start: places[0], hops: level)
  }

  static func draft(_ rows: [Row], start: Int, hops: Int) -> ProblemDraft {
    let structure = rows.map { "\($0.from)>\($0.to)" }.joined(separator: " ")
    return ProblemDraft(structure: "\(structure) \(start) \(hops)") { random, fault in
      work(rows, start: start, hops: hops, using: &random, fault: fault)
    }
  }

  private static func end(_ rows: [Row], from start: Int, hops: Int) -> Int? {
    var place = start
    for _ in 0..<hops {
      guard let row = rows.first(where: { $0.from == place }) else { return nil }
      place = row.to
    }
    return place
  }

  /// The row that a hop takes: the right one, or, where the fault is, one with a wrong end or
  /// another row altogether. The mistake ends elsewhere wherever the table allows it.
  private static func row(
    _ rows: [Row], at place: Int, hop: Int, of hops: Int, fault: Fault?
  ) -> Row? {
    guard let right = rows.first(where: { $0.from == place }) else { return nil }
    guard let fault, fault.step == hop else { return right }
    let rest = hops - hop - 1
    let wrong = rows.filter { $0.from != place && $0.to != right.to }
    let elsewhere = wrong.filter {
      end(rows, from: $0.to, hops: rest) != end(rows, from: right.to, hops: rest)
    }
    let choices = elsewhere.isEmpty ? wrong : elsewhere
    guard !choices.isEmpty else { return right }
    let taken = choices[abs(fault.delta) % choices.count]
    return fault.kind == .operand ? taken : Row(from: place, to: taken.to)
  }

  private static func work(
    _ rows: [Row], start: Int, hops: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let table = rows.map(\.text).joined(separator: ", ")
    let count = "\(hops) step\(hops == 1 ? "" : "s")"
    let question = random.pick([
      "Table: \(table). Start at \(start) and follow \(count). Where do you end?",
      "Follow this table: \(table). Where are you after \(count) from \(start)?",
      "Roads go from \(table). Where do \(count) from \(start) end?",
    ])
    var place = start
    var steps: [String] = []
    var path = "\(start)"
    var chains = StyledChains(restating: ["Start at \(start)."])
    for hop in 0..<hops {
      guard let row = row(rows, at: place, hop: hop, of: hops, fault: fault) else { break }
      place = row.to
      steps.append(row.text)
      chains.tell(
        row.text, sentence: "From \(row.from) go to \(row.to)",
        restated: "Step \(hop + 1): \(row.text)")
      path += " to \(row.to)"
    }
    chains.fused = ["Path: \(path)."]
    return WorkedProblem(
      level: hops, question: question, answer: String(place), steps: steps, chains: chains,
      directSentence: "The end is \(place).")
  }
}
