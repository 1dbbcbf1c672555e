/// What can go wrong when a problem is asked for by name.
public enum ProblemError: Error, CustomStringConvertible, Equatable {
  case unknownFamily(String, known: [String])
  case unknownProblem(String)
  case unknownLevel(Int, family: String, levels: ClosedRange<Int>)
  /// The level has too few problems to keep some from training.
  case undividedLevel(Int, family: String, split: ProblemSplit, levels: ClosedRange<Int>)

  public var description: String {
    switch self {
    case .unknownFamily(let name, let known):
      "there is no problem family “\(name)”; \(Suggestion.remedy(for: name, among: known))"
    case .unknownProblem(let id):
      "there is no problem “\(id)”; "
        + (Suggestion.nearest(to: id, among: [ProblemLibrary.apples.id])
          .map { "did you mean \($0)? Use" } ?? "use")
        + " apples, or family/seed/index such as compare/91/17"
    case .unknownLevel(let level, let family, let levels):
      "\(family) has no level \(level); its levels are \(levels.lowerBound) to \(levels.upperBound)"
    case .undividedLevel(let level, let family, let split, let levels):
      "all problems of \(family) at level \(level) are for training, because they are few: there are "
        + "\(split.rawValue) problems at levels \(levels.lowerBound) to \(levels.upperBound), and "
        + "\(family).train@\(level) is of the training split"
    }
  }
}

/// All families of problems, and the problems they make.
public enum ProblemLibrary {
  /// Every family. To add one, write its file in Families/ and put it here.
  public static let families: [any ProblemFamily] = [
    CompareFamily(), StoryFamily(), ExpressionFamily(), LastLettersFamily(), CoinFamily(),
    LetterCountFamily(), DecimalsFamily(isVersions: false), DecimalsFamily(isVersions: true),
    PriceFamily(), PermutationFamily(), LookupFamily(), CountdownFamily(), CircuitFamily(),
    AdditionFamily(), LatinFamily(), SquareFamily(), Puzzle2025Family(), MultiplicationFamily(),
    CalendarFamily(),
  ]

  /// The families that `all` stands for where strategies are measured.
  public static let coreFamilies = families.filter(\.isCore)

  /// The families whose answers are found by search and verified by less.
  public static let puzzleFamilies = families.filter { family in
    (try? problem(ProblemID(family: family.name, seed: 0, index: 0)))?.puzzleCost != nil
  }

  /// The families that the bundled models are trained on: those that have a weight in the
  /// curriculum.
  static let trainedFamilies = zip(families, CurriculumMix().families)
    .filter { $0.1 > 0 }.map { $0.0 }

  /// The family of that name; throws `ProblemError.unknownFamily`.
  public static func family(_ name: String) throws -> any ProblemFamily {
    guard let family = families.first(where: { $0.name == name }) else {
      throw ProblemError.unknownFamily(name, known: families.map(\.name))
    }
    return family
  }

  /// The programme's emblem: no model of this repository is trained on it or on any problem
  /// with its structure.
  public static let apples = Problem(
    id: "apples", family: "compare", level: 2,
    question: "I have 3 apples, my dad has 2 more apples than me. "
      + "How many apples do we have in total?", answer: "8", steps: ["3 + 2 = 5", "3 + 5 = 8"])

  /// The problem of that id: `apples`, what `ProblemID` describes, or a filled template
  /// (`template/total/3,dad,2,more,apples`).
  public static func problem(id: String) throws -> Problem {
    if id == apples.id { return apples }
    let parts = id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 3, parts[0] == "template" {
      let values = parts[2].split(separator: ",", omittingEmptySubsequences: false)
      return try ProblemTemplate.named(parts[1]).render(values.map(String.init))
    }
    guard let parsed = ProblemID(id) else { throw ProblemError.unknownProblem(id) }
    return try problem(parsed)
  }

  /// The problem of that id; throws for an unknown family, or a level that has no problems of the
  /// split.
  public static func problem(_ id: ProblemID) throws -> Problem {
    let worked = try worked(id)
    return Problem(
      id: id.description, family: id.family, level: worked.level, question: worked.question,
      answer: worked.answer, steps: worked.steps)
  }

  /// The problem of that id with its solution in words; throws as `problem`.
  static func worked(_ id: ProblemID) throws -> WorkedProblem {
    var (draft, random) = try drafted(id)
    return draft.words(&random, nil)
  }

  /// The problem of that id before it is put into words, and what its words are drawn from; throws
  /// as `problem`.
  static func drafted(_ id: ProblemID) throws -> (ProblemDraft, words: ProblemRandom) {
    let family = try family(id.family)
    if let level = id.level {
      guard family.levels.contains(level) else {
        throw ProblemError.unknownLevel(level, family: family.name, levels: family.levels)
      }
      let levels = family.levels(in: id.split)
      guard levels.contains(level) else {
        throw ProblemError.undividedLevel(
          level, family: family.name, split: id.split, levels: levels)
      }
    }
    var random = ProblemRandom(stream: id.stream, seed: id.seed, index: id.index)
    let (draft, _) = draft(family, split: id.split, level: id.level, using: &random)
    return (draft, random)
  }

  /// Problems 0 ..< count of a seed.
  public static func problems(
    family: String, split: ProblemSplit = .heldout, level: Int? = nil, count: Int, seed: UInt64
  ) throws -> [Problem] {
    try (0..<max(0, count)).map {
      try problem(
        ProblemID(family: family, split: split, level: level, seed: seed, index: UInt64($0)))
    }
  }

  /// Draws structures until one is in the split; also draws the level if none is given.
  ///
  /// - Parameter level: one of the levels that have problems of the split.
  static func draft(
    _ family: any ProblemFamily, split: ProblemSplit, level: Int?, using random: inout ProblemRandom
  ) -> (ProblemDraft, level: Int) {
    let levels = family.levels(in: split)
    let level =
      level.map { min(max($0, levels.lowerBound), levels.upperBound) }
      ?? random.int(levels)
    // It ends: at each of these levels every split has a share of what is drawn.
    while true {
      let draft = family.draft(level: level, using: &random)
      if family.split(ofStructure: draft.structure, level: level) == split {
        return (draft, level)
      }
    }
  }
}
