import Testing
import Traces

@testable import Learning
@testable import Problems

@Suite struct TrainingProblemsTests {
  private func problems(
    _ source: TrainingPlan.Source = .families(TrainingPlan.defaultFamilies), seed: UInt64 = 1
  ) throws -> TrainingProblems {
    try TrainingProblems(source, TrainingSettings(RunSettings(seed: seed)))
  }

  private static let own: [Problem] = (0..<25).map {
    Problem(
      id: "own/\($0)", family: "own", level: 1, question: "What is \($0) + 1?",
      answer: "\($0 + 1)", steps: [])
  }

  @Test func whatIsLearnedIsOfTheTrainSplit() throws {
    let drawn = try problems()
    let ids = try (1...20).flatMap { try drawn.batch(24, ofStep: $0) }.map(\.id)
    #expect(ids.allSatisfy { ProblemID($0)?.split == .train })
    #expect(Set(ids).count == ids.count)
  }

  @Test func whatIsMeasuredIsOfTheDevSplit() throws {
    let evaluation = try problems().evaluation
    #expect(evaluation.count == 6 * 15)
    #expect(evaluation.allSatisfy { ProblemID($0.id)?.split == .dev })
    #expect(evaluation == (try problems(seed: 2).evaluation))
  }

  @Test func familiesAreDrawnAlike() throws {
    let batch = try problems().batch(24, ofStep: 3)
    let counts = Dictionary(grouping: batch, by: \.family).mapValues(\.count)
    #expect(
      counts == Dictionary(uniqueKeysWithValues: TrainingPlan.defaultFamilies.map { ($0, 4) }))
  }

  @Test func aStepsProblemsDependOnSeedAndStepOnly() throws {
    let batch = try problems().batch(8, ofStep: 5)
    #expect(batch == (try problems().batch(8, ofStep: 5)))
    #expect(batch != (try problems(seed: 2).batch(8, ofStep: 5)))
    #expect(batch != (try problems().batch(8, ofStep: 6)))
  }

  @Test func levelsAreKeptTo() throws {
    // Short coins are all for training: what they teach is measured on the shortest others.
    for (family, measured) in [("lookup", [2, 3] as Set), ("coin", [5])] {
      let drawn = try problems(.families([family], levels: 2...3))
      #expect(Set(try drawn.batch(10, ofStep: 1).map(\.level)) == [2, 3])
      #expect(Set(drawn.evaluation.map(\.level)) == measured)
    }
    #expect(throws: ProblemError.self) {
      try problems(.families(["coin"], levels: 500...600))
    }
  }

  @Test func aTenthOfAUsersProblemsIsKeptForMeasuring() throws {
    let drawn = try problems(.problems(Self.own, name: "own.jsonl"))
    let learned = try (1...4).flatMap { try drawn.batch(23, ofStep: $0) }
    #expect(drawn.evaluation.count == 2)
    #expect(Set(learned.map(\.id)).isDisjoint(with: drawn.evaluation.map(\.id)))
  }

  @Test func noMoreIsMeasuredThanIsAskedFor() throws {
    var settings = RunSettings(seed: 1)
    settings[extra: "evaluate-problems"] = 3
    let many = (0..<90).map { number in
      Problem(
        id: "own/\(number)", family: number % 2 == 0 ? "even" : "odd", level: 1,
        question: "What is \(number) + 1?", answer: "\(number + 1)", steps: [])
    }
    let drawn = try TrainingProblems(
      .problems(many, name: "own.jsonl"), TrainingSettings(settings))
    let counts = Dictionary(grouping: drawn.evaluation, by: \.family).mapValues(\.count)
    #expect(counts.values.allSatisfy { $0 <= 3 })
    // What is not measured is learned.
    let learned = try drawn.batch(90 - drawn.evaluation.count, ofStep: 1)
    #expect(Set((learned + drawn.evaluation).map(\.id)).count == 90)
    #expect(drawn.split == .dev)
  }

  /// A question that stands twice, however it is spaced, is learned or measured, never both.
  @Test func aQuestionThatStandsTwiceIsOnOneSide() throws {
    let twice =
      Self.own
      + Self.own.map { problem in
        Problem(
          id: problem.id + "/again", family: problem.family, level: problem.level,
          question: "  " + problem.question.replacing(" ", with: "  "), answer: problem.answer,
          steps: problem.steps)
      }
    for seed: UInt64 in 1...5 {
      let drawn = try problems(.problems(twice, name: "own.jsonl"), seed: seed)
      let measured = Set(drawn.evaluation.map(\.answer))
      #expect(drawn.evaluation.count == 2)
      #expect(measured.count == 2)
      let learned = try drawn.batch(46, ofStep: 1)
      #expect(Set(learned.map(\.id)).count == 46)
      #expect(measured.isDisjoint(with: learned.map(\.answer)))
    }
  }

  /// Ten lines of one question are one question.
  @Test(arguments: [(9, ProblemSplit.train), (10, .dev)]) func figuresOnTrainingProblemsSaySo(
    count: Int, split: ProblemSplit
  ) throws {
    let few = Self.own.prefix(count)
    let drawn = try problems(.problems(Array(few + few), name: "few.jsonl"))
    #expect(drawn.split == split)
    #expect(drawn.evaluation.count == (split == .train ? 9 : 1))
  }

  /// Each comes once before any comes twice.
  @Test(arguments: [1, 4, 23, 30]) func aUsersProblemsTakeTurns(batch: Int) throws {
    let drawn = try problems(.problems(Self.own, name: "own.jsonl"))
    let order = try (1...((46 + batch - 1) / batch)).flatMap { try drawn.batch(batch, ofStep: $0) }
    #expect(Set(order.prefix(23).map(\.id)).count == 23)
    #expect(Set(order.dropFirst(23).prefix(23).map(\.id)).count == 23)
  }

  @Test func aSingleProblemIsLearnedAndMeasured() throws {
    let drawn = try problems(.problems(Array(Self.own.prefix(1)), name: "one.jsonl"))
    #expect(try drawn.batch(3, ofStep: 2).map(\.id) == ["own/0", "own/0", "own/0"])
    #expect(drawn.evaluation.map(\.id) == ["own/0"])
    #expect(drawn.probes.count == 1)
  }

  @Test func noProblemsAreRefused() {
    #expect(throws: LearningError.noProblems) { try problems(.problems([], name: "none.jsonl")) }
    #expect(throws: LearningError.noProblems) { try problems(.families([])) }
    #expect(throws: ProblemError.self) { try problems(.families(["no-such"])) }
  }

  /// Nothing may be trained on the emblem, so it is a fair probe.
  @Test func probesAreOfDifferentFamiliesAndBeginWithTheEmblem() throws {
    let probes = try problems().probes
    #expect(probes.count == 4)
    #expect(probes.first?.problem == ProblemLibrary.apples.id)
    #expect(Set(probes.map(\.family)).count == 4)
    #expect(try problems(.families(["coin"])).probes.allSatisfy { $0.family == "coin" })
  }
}
