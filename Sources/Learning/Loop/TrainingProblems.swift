import Decoding
import Problems

/// The problems of a training: those it learns from, and those it is measured on. Nothing of it
/// depends on what is learned.
struct TrainingProblems {
  private let source: TrainingPlan.Source
  private let seed: UInt64
  /// A user's problems that are learned from.
  private let own: [Problem]
  /// What the model is measured on while it is trained.
  let evaluation: [Problem]
  /// `dev` where nothing of that is learned, `train` where there is too little to keep any of it.
  let split: ProblemSplit
  /// The first problems of each family of those: on them samples vote.
  let votes: [Problem]

  /// The seed of problems that models are measured on: the same for every training, so that
  /// trainings can be compared.
  private static let evaluationSeed: UInt64 = 1000
  private static let probeCount = 4
  /// Of so many questions of a user's problems some are kept for measuring.
  private static let enough = 10

  /// - Throws: `ProblemError` for an unknown family, `LearningError.noProblems`.
  init(_ source: TrainingPlan.Source, _ settings: TrainingSettings) throws {
    self.source = source
    seed = settings.seed
    switch source {
    case .families(let names, let levels):
      guard !names.isEmpty else { throw LearningError.noProblems }
      own = []
      split = .dev
      let families = try names.map { try Self.family($0, levels) }
      evaluation = try families.flatMap { family, levels in
        // Levels that are for training only are measured on the nearest that is not.
        let measured = try levels?.clamped(to: ProblemLibrary.family(family).levels(in: .dev))
        return try Self.problems(family, measured, split: .dev, count: settings.evaluateProblems)
      }
    case .problems(let problems, _):
      guard !problems.isEmpty else { throw LearningError.noProblems }
      // A question that stands twice must not be learned and measured on.
      let questions = Self.shuffled(Self.distinct(problems), seed: Self.evaluationSeed)
      split = questions.count < Self.enough ? .train : .dev
      let offered = split == .train ? questions[...] : questions.prefix(questions.count / 10)
      evaluation = Self.first(settings.evaluateProblems, ofEachFamilyOf: Array(offered))
      let kept = split == .train ? [] : Set(evaluation.map(Self.words))
      own = problems.filter { !kept.contains(Self.words($0)) }
    }
    votes = Self.first(settings.voteProblems, ofEachFamilyOf: evaluation)
  }

  /// What tells a question from others: its words.
  private static func words(_ problem: Problem) -> [Substring] {
    problem.question.split(whereSeparator: \.isWhitespace)
  }

  /// The first problem of each question.
  private static func distinct(_ problems: [Problem]) -> [Problem] {
    var seen: Set<[Substring]> = []
    return problems.filter { seen.insert(words($0)).inserted }
  }

  /// The name of a family, and the asked levels that it has.
  private static func family(
    _ name: String, _ levels: ClosedRange<Int>?
  ) throws -> (String, ClosedRange<Int>?) {
    let known = try ProblemLibrary.family(name).levels
    guard let levels else { return (name, nil) }
    guard levels.overlaps(known) else {
      throw ProblemError.unknownLevel(levels.lowerBound, family: name, levels: known)
    }
    return (name, levels.clamped(to: known))
  }

  private static func level(_ levels: ClosedRange<Int>?, _ number: Int) -> Int? {
    levels.map { $0.lowerBound + number % $0.count }
  }

  private static func problems(
    _ family: String, _ levels: ClosedRange<Int>?, split: ProblemSplit, count: Int
  ) throws -> [Problem] {
    try (0..<count).map { number in
      try ProblemLibrary.problem(
        ProblemID(
          family: family, split: split, level: level(levels, number), seed: evaluationSeed,
          index: UInt64(number)))
    }
  }

  /// Problems that no training has ever seen, of the families trained on or others.
  static func heldOut(_ families: [String], count: Int) throws -> [Problem] {
    try families.flatMap {
      try problems($0, nil, split: .heldout, count: count)
    }
  }

  private static func first(_ count: Int, ofEachFamilyOf problems: [Problem]) -> [Problem] {
    var taken: [String: Int] = [:]
    return problems.filter { problem in
      taken[problem.family, default: 0] += 1
      return taken[problem.family, default: 0] <= count
    }
  }

  private static func shuffled(_ problems: [Problem], seed: UInt64) -> [Problem] {
    var random = SplitMix64(state: seed)
    return problems.shuffled(using: &random)
  }

  /// The problems of a step: they depend on the seed and the step only. Families take turns, and no
  /// problem comes twice before all there are have come.
  ///
  /// - Parameter step: from 1.
  func batch(_ count: Int, ofStep step: Int) throws -> [Problem] {
    let first = (step - 1) * count
    return try (first..<first + count).map { number in
      switch source {
      case .families(let names, let levels):
        let (name, known) = try Self.family(names[number % names.count], levels)
        let turn = number / names.count
        return try ProblemLibrary.problem(
          ProblemID(
            family: name, split: .train, level: Self.level(known, turn), seed: seed,
            index: UInt64(turn)))
      case .problems:
        let round = UInt64(number / own.count)
        return Self.shuffled(own, seed: seed &+ round)[number % own.count]
      }
    }
  }

  /// Questions that are answered again and again, so that one can watch: the emblem where its
  /// family is trained on, since no training may see it, and one of each of the other families.
  var probes: [Question] {
    var problems =
      evaluation.contains { $0.family == ProblemLibrary.apples.family }
      ? [ProblemLibrary.apples] : []
    let each = Self.first(1, ofEachFamilyOf: evaluation)
    problems += each.filter { $0.family != ProblemLibrary.apples.family }
    for problem in evaluation where problems.count < Self.probeCount && !problems.contains(problem)
    {
      problems.append(problem)
    }
    return problems.prefix(Self.probeCount).map { Question($0) }
  }
}
