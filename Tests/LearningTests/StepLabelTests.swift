import Decoding
import DecodingFixtures
import Foundation
import LearningFixtures
import Problems
import Testing
import Traces
import Training

@testable import Learning

/// Labels by machine against exact chances of success: card 16's golden checks.
@Suite struct StepLabelTests {
  private typealias Table = StepTable

  static func rollouts() -> Rollouts {
    var settings = RunSettings(seed: 1)
    settings.prompting = "plain"
    return Rollouts(
      model: StepTable.trainee().table, library: TableTraining.library,
      settings: TrainingSettings(settings))
  }

  static func stepRollouts(_ count: Int, seed: UInt64 = 1) -> StepRollouts {
    StepRollouts(
      rollouts(), sampling: SamplingSettings(temperature: 1), seed: seed, count: count,
      firstPath: 0)
  }

  /// A solution of these steps and this answer.
  static func solution(_ tokens: [TokenID]) -> SteppedSolution {
    let vocabulary = StepTable.trainee().table.vocabulary
    let text = String(decoding: tokens.flatMap { vocabulary.bytes(of: $0) }, as: UTF8.self)
    let isRight = tokens.last == StepTable.right
    return SteppedSolution(
      Completion(
        tokens: tokens + [StepTable.end], text: text, answer: isRight ? "8" : "5",
        isRight: isRight, reasons: true, isCut: false, announces: true,
        logProbabilities: tokens.indices.map { -Double($0) } + [0]), vocabulary)
  }

  /// All steps that there are, each in some solution.
  static let everySolution: [[TokenID]] = [
    [Table.good, Table.fine, Table.right], [Table.good, Table.odd, Table.wrong],
    [Table.bad, Table.fine, Table.wrong], [Table.bad, Table.odd, Table.wrong],
  ]

  static func group(_ solutions: [[TokenID]] = everySolution) -> SolutionGroup {
    SolutionGroup(StepTable.problem, prompt: StepTable.prompt, solutions.map { solution($0) })
  }

  @Test func aSolutionIsCutIntoWhatVerifiersRead() {
    let solution = Self.solution([1, Table.good, Table.fine, Table.right])
    #expect(solution.text == "Good. Fine. The answer is 8.")
    #expect(solution.steps.map(\.text) == ["Good.", "Fine.", "The answer is 8."])
    // The trigger is no part of the solution, but of what was said.
    #expect(solution.stepLikelihoods == [-1, -2, -3])
    let vocabulary = Table.trainee().table.vocabulary
    #expect(solution.tokens(through: 1, vocabulary) == [1, Table.good, Table.fine])
  }

  // MARK: Math-Shepherd

  @Test func softLabelsEstimateTheChanceOfSuccess() async throws {
    let count = 300
    var rollouts = Self.stepRollouts(count)
    let group = Self.group()
    let counts = try await rollouts.successes(of: [group])[0]
    var seen = 0
    for (solution, path) in zip(Self.everySolution, group.paths) {
      for (step, state) in path.enumerated() where step < 2 {
        let chance = try #require(Table.chances[Array(solution.prefix(step + 1))])
        let soft = try #require(counts[state].soft)
        let deviation = (chance * (1 - chance) / Double(count)).squareRoot()
        #expect(abs(soft - chance) <= 4 * deviation)
        seen += 1
      }
      // Where a solution is over there is nothing to be sampled.
      #expect(counts[try #require(path.last)].count == 1)
    }
    #expect(seen == 8)
    // Steps that solutions share are gone on from once.
    #expect(rollouts.completions == 6 * count)
  }

  /// 1 − (1 − p)^N: with p = .1 and N = 8 a hard label says right in 57 % of all cases.
  @Test func hardLabelsAreBiasedUpwards() async throws {
    var rollouts = Self.stepRollouts(8)
    let repeats = 400
    let completed = try await rollouts.complete(
      Array(
        repeating: (Question(Table.problem), [Table.bad, Table.fine]), count: repeats))
    let counts = completed.map { SuccessCount(right: $0.count(where: \.isRight), count: $0.count) }
    func mean(_ label: (SuccessCount) -> Double?) -> Double {
      counts.compactMap(label).reduce(0, +) / Double(repeats)
    }
    let expected = 1 - pow(0.9, 8.0)
    #expect(abs(expected - 0.57) < 0.001)
    #expect(
      abs(mean(\.hard) - expected)
        <= 4 * (expected * (1 - expected) / Double(repeats)).squareRoot())
    #expect(abs(mean(\.soft) - 0.1) <= 4 * (0.09 / Double(8 * repeats)).squareRoot())
  }

  @Test func completionsDoNotDependOnWhatElseIsAsked() async throws {
    let place = (question: Question(Table.problem), said: [Table.good])
    var (one, two) = (Self.stepRollouts(5), Self.stepRollouts(5))
    let alone = try await one.complete([place])[0]
    let among = try await two.complete([place, (place.question, [Table.bad])])[0]
    #expect(alone == among)
  }

  @Test func labelsWithoutSamplingAreCountsOfTheGroup() throws {
    let group = Self.group(Self.everySolution + [[Table.good, Table.fine, Table.wrong]])
    let good = try #require(group.paths[0].first)
    #expect(group.outcomeLabels[good] == 1 / 3.0)
    #expect(group.outcomeLabels[0] == nil)
    // The checker decides on answers only: nothing is computed here.
    #expect(group.exactLabels[good] == nil)
    #expect(group.exactLabels[try #require(group.paths[0].last)] == 1)
    #expect(group.exactLabels[try #require(group.paths[1].last)] == 0)
  }

  // MARK: OmegaPRM

  /// Where what is lost stays lost, the search finds the first wrong step, in log₂ of the steps.
  @Test func binarySearchFindsTheFirstErrorWhereChancesFall() {
    for count in 1...33 {
      for error in 0..<count {
        var search = FirstErrorSearch(count: count)
        var probes = 0
        while let probe = search.probe {
          search.take(isReached: probe <= error)
          probes += 1
        }
        #expect(search.firstError == error)
        #expect(Double(probes) <= log2(Double(count)).rounded(.up))
      }
    }
  }

  /// A solution that recovers: the first step is wrong, the second mends it, the third is wrong again.
  @Test func binarySearchMissesTheFirstErrorOfASolutionThatRecovers() {
    let isReached = [false, true, false, false]
    var search = FirstErrorSearch(count: isReached.count)
    while let probe = search.probe { search.take(isReached: isReached[probe - 1]) }
    #expect(isReached.firstIndex(of: false) == 0)
    #expect(search.firstError == 2)
  }

  @Test func rolloutsAreSelectedByQAndU() {
    var tree = OmegaTree()
    func wrong(_ steps: [String], from start: Int, tokens: Int) -> OmegaTree.Rollout {
      .init(steps: steps, start: start, tokens: tokens, source: 0)
    }
    let long = wrong(["a", "b"], from: 0, tokens: 100)
    let short = wrong(["a", "c"], from: 1, tokens: 50)
    let lost = wrong(["d", "e"], from: 1, tokens: 10)
    tree.add(SuccessCount(right: 2, count: 4), at: [], wrong: [long])
    tree.add(SuccessCount(right: 3, count: 4), at: ["a"], wrong: [short])
    tree.add(SuccessCount(right: 0, count: 4), at: ["d"], wrong: [lost])
    // .5^.5 · .9^(100/500) and .5^.25 · .9^(50/500).
    #expect(abs(tree.quality(long) - 0.692362) < 1e-6)
    #expect(abs(tree.quality(short) - 0.832083) < 1e-6)
    #expect(tree.bonus([]) == 0)
    let first = tree.select()
    #expect(first == short)
    // c · √1 / (1 + N).
    #expect(tree.bonus([]) == 0.125)
    #expect(tree.bonus(["a"]) == 0.0625)
    let second = tree.select()
    #expect(second == long)
    #expect(abs(tree.bonus(["a"]) - 0.125 * 2.0.squareRoot() / 2) < 1e-12)
    // Nothing is to be found behind a state that has lost already.
    let third = tree.select()
    #expect(third == nil)
  }

  /// The bonus lets a state that was passed over be selected before a slightly better one.
  @Test func seldomSelectedStatesCatchUp() {
    var constants = OmegaTree.Constants()
    constants.exploration = 10
    var tree = OmegaTree(constants)
    tree.add(
      SuccessCount(right: 3, count: 4), at: ["a"],
      wrong: (0..<2).map { .init(steps: ["a", "\($0)"], start: 1, tokens: 10, source: $0) })
    tree.add(
      SuccessCount(right: 1, count: 4), at: ["b"],
      wrong: [.init(steps: ["b", "c"], start: 1, tokens: 10, source: 2)])
    let (first, second) = (tree.select(), tree.select())
    #expect(first?.state == ["a"])
    #expect(second?.state == ["b"])
  }

  @Test func searchesLabelStepsAndKeepWhatTheyLearn() async throws {
    var rollouts = Self.stepRollouts(96)
    let group = Self.group(
      Self.everySolution + [[Table.good, Table.fine, Table.wrong]])
    let tree = try await rollouts.search([group], searches: 20)[0]
    let labels = group.labels(by: tree)
    func label(_ solution: Int, _ step: Int) -> Double? { labels[group.paths[solution][step]] }
    // Right solutions are right from the first step to the last.
    #expect((0..<3).allSatisfy { label(0, $0) == 1 })
    // Good, Odd still reaches the answer at times: its wrong answer is the first wrong step.
    #expect(label(1, 1) == 1)
    #expect(label(1, 2) == 0)
    // Nothing comes of Bad, Odd.
    #expect(label(3, 1) == 0)
    #expect(label(3, 2) == nil)
    // No state is asked about twice.
    #expect(rollouts.completions <= 6 * 96)
    #expect(rollouts.completions % 96 == 0)
  }
}
