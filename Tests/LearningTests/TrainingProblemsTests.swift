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
