extension ProblemTemplate {
  /// Every template, in the order of a menu. Their wordings are the families' own.
  public static let all: [ProblemTemplate] = [
    total, compareNames, story, bracket, letters, coin, count, decimals, versions,
  ]

  private static func field(_ label: String, _ value: String, _ kind: Field.Kind) -> Field {
    Field(label: label, defaultValue: value, kind: kind)
  }

  private static func number(_ label: String, _ value: Int, _ range: ClosedRange<Int>) -> Field {
    field(label, String(value), .number(range))
  }

  /// The values that the kinds of the fields have already made sure are whole numbers.
  private static func numbers(_ values: [String]) -> [Int] { values.compactMap { Int($0) } }

  /// A problem as its family solves it, in the family's words or in others.
  private static func filled(_ worked: WorkedProblem, asking question: String? = nil) -> Filled {
    Filled(question: question ?? worked.question, answer: worked.answer, steps: worked.steps)
  }

  private static func filled(_ draft: ProblemDraft, asking question: String) -> Filled {
    var random = ProblemRandom(seed: 0)
    return filled(draft.words(&random, nil), asking: question)
  }

  /// The emblem's form.
  static let total = ProblemTemplate(
    id: "total", family: "compare", title: "I have …, my dad has … more: how many in total?",
    fields: [
      number("mine", 3, 1...20), field("who", "dad", .choice(ProblemWords.relatives)),
      number("how many", 2, 1...9), field("more or fewer", "more", .choice(["more", "fewer"])),
      field("things", "apples", .object),
    ],
    fill: { values throws(ProblemTemplateError) in
      try compare(
        people: ["I", "my \(values[1])"], isTold: true, first: values[0], amount: values[2],
        relation: values[3], objects: values[4], ask: .total)
    })

  static let compareNames = ProblemTemplate(
    id: "compare", family: "compare", title: "Tom has …, Ann has … more: how many has Ann?",
    fields: [
      field("first person", "Tom", .name), number("has", 7, 1...20),
      field("second person", "Ann", .name), number("how many", 4, 1...9),
      field("more or fewer", "fewer", .choice(["more", "fewer"])),
      field("things", "books", .object),
      field("asked for", "the second", .choice(["the second", "both"])),
    ],
    fill: { values throws(ProblemTemplateError) in
      guard values[0] != values[2] else { throw .noAnswer("the two people need two names") }
      let ask: CompareFamily.Ask = values[6] == "both" ? .total : .last
      return try compare(
        people: [values[0], values[2]], isTold: false, first: values[1], amount: values[3],
        relation: values[4], objects: values[5], ask: ask)
    })

  private static func compare(
    people: [String], isTold: Bool, first: String, amount: String, relation: String,
    objects: String, ask: CompareFamily.Ask
  ) throws(ProblemTemplateError) -> Filled {
    let given = numbers([first, amount])
    let isMore = relation == "more"
    guard isMore || given[0] >= given[1] else {
      throw .noAnswer("\(given[1]) fewer than \(given[0]) is less than nothing")
    }
    let cast = CompareFamily.Cast(people: people, isTold: isTold, objects: objects)
    return filled(
      CompareFamily.work(
        first: given[0], links: [.init(relation: isMore ? .more : .fewer, amount: given[1])],
        ask: ask, level: ask == .last ? 1 : 2, cast: cast, wording: 0, fault: nil))
  }

  static let story = ProblemTemplate(
    id: "story", family: "story", title: "Mia has …, buys …, gives … away: how many now?",
    fields: [
      field("person", "Mia", .name), field("things", "cards", .object),
      number("has", 8, 1...20), number("buys", 6, 1...9), number("gives away", 5, 1...9),
      number("finds", 3, 1...9),
    ],
    fill: { values throws(ProblemTemplateError) in
      let (name, things) = (values[0], values[1])
      let given = numbers(Array(values[2...]))
      guard given[0] + given[1] >= given[2] else {
        throw .noAnswer("\(name) cannot give away more than there are")
      }
      return filled(
        StoryFamily.draft(start: given[0], changes: [given[1], -given[2], given[3]]),
        asking: "\(name) has \(given[0]) \(things). \(name) buys \(given[1]) more. "
          + "\(name) gives \(given[2]) away. \(name) finds \(given[3]) more. "
          + "How many \(things) does \(name) have now?")
    })

  static let bracket = ProblemTemplate(
    id: "bracket", family: "expr", title: "What is (… + …) * … - …?",
    fields: [
      number("first", 4, 1...9), number("plus", 3, 1...9), number("times", 5, 1...9),
      number("minus", 6, 1...9),
    ],
    fill: { values throws(ProblemTemplateError) in
      typealias Expression = ExpressionFamily.Expression
      let given = numbers(values).map(Expression.number)
      let product = Expression.operation("*", .operation("+", given[0], given[1]), given[2])
      let whole = Expression.operation("-", product, given[3])
      guard whole.value >= 0 else { throw .noAnswer("the result is less than nothing") }
      return filled(ExpressionFamily.draft(whole, level: 3), asking: "What is \(whole.text)?")
    })

  static let letters = ProblemTemplate(
    id: "letters", family: "letters", title: "The last letters of four names",
    fields: ["Tom", "Lucy", "Omar", "Ines"].map { field("name", $0, .name) },
    fill: { names throws(ProblemTemplateError) in
      filled(
        LastLettersFamily.draft(names),
        asking: "Take the last letters of the names \(names.joined(separator: ", ")) "
          + "and put them together.")
    })

  static let coin = ProblemTemplate(
    id: "coin", family: "coin", title: "Is the coin still heads up?",
    fields: ["Ann", "Max", "Zoe", "Leo"].flatMap { name in
      [
        field("person", name, .name),
        field(
          "does", name == "Max" ? "does not flip" : "flips", .choice(["flips", "does not flip"])),
      ]
    },
    fill: { values throws(ProblemTemplateError) in
      let places = stride(from: 0, to: values.count, by: 2)
      let told = places.map { " \(values[$0]) \(values[$0 + 1]) the coin." }.joined()
      return filled(
        CoinFamily.draft(
          places.map { values[$0 + 1] == "flips" }, startsHeads: true,
          people: places.map { values[$0] }),
        asking: "A coin is heads up.\(told) Is the coin still heads up?")
    })

  static let count = ProblemTemplate(
    id: "count", family: "count", title: "How many r's are in “strawberry”?",
    fields: [field("letter", "r", .letter), field("word", "strawberry", .word)],
    fill: { values throws(ProblemTemplateError) in
      filled(
        LetterCountFamily.draft(word: values[1], letter: Character(values[0]), level: 1),
        asking: "How many \(values[0])'s are in \"\(values[1])\"?")
    })

  static let decimals = ProblemTemplate(
    id: "decimals", family: "decimals", title: "Which number is larger, 9.11 or 9.8?",
    fields: [field("one", "9.11", .decimal), field("other", "9.8", .decimal)],
    fill: { values throws(ProblemTemplateError) in
      try larger(values, isVersions: false, question: "Which number is larger")
    })

  static let versions = ProblemTemplate(
    id: "versions", family: "versions", title: "Which version is newer, 9.11 or 9.8?",
    fields: [field("one", "9.11", .decimal), field("other", "9.8", .decimal)],
    fill: { values throws(ProblemTemplateError) in
      try larger(values, isVersions: true, question: "Which version is newer")
    })

  private static func larger(
    _ values: [String], isVersions: Bool, question: String
  ) throws(ProblemTemplateError) -> Filled {
    // Whole part, then the part behind the point: as thousandths, or as a number of its own.
    let keys = values.map { value in
      let parts = value.split(separator: ".").map(String.init)
      let places = parts.count > 1 ? parts[1] : "0"
      let padded = isVersions ? places : places + String(repeating: "0", count: 3 - places.count)
      return [Int(parts[0]) ?? 0, Int(padded) ?? 0]
    }
    guard keys[0] != keys[1] else { throw .noAnswer("\(values[0]) and \(values[1]) are equal") }
    let isSecond = keys[0].lexicographicallyPrecedes(keys[1])
    let place = keys[0][0] == keys[1][0] ? 1 : 0
    return Filled(
      question: "\(question), \(values[0]) or \(values[1])?", answer: values[isSecond ? 1 : 0],
      steps: ["\(keys[0][place]) \(isSecond ? "<" : ">") \(keys[1][place])"])
  }
}
