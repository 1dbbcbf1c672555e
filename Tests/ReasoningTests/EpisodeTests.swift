import Decoding
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct EpisodeTests {
  // MARK: Replaying

  /// Runs of different make: plain paths, text that was put in, forks, and steps that are judged.
  static func runs() async throws -> [RunTrace] {
    let waits = StrategyBench(model: BudgetForcingTests.script)
    let tree = StrategyBench(model: { StepTable.model(value: StepTable.digest(12)) }, slots: 16)
    var search = RunSettings(samples: 8, branches: 3, temperature: 1, verifier: .prm, leaves: 4)
    search.detail = 0
    return [
      try await StrategyBench().trace(SelfConsistency(), RunSettings(samples: 12, temperature: 1)),
      try await StrategyBench().trace(ZeroShotCoT()),
      try await waits.trace(BudgetForcing(), RunSettings(temperature: 0, maxTokens: 64, waits: 2)),
      try await tree.trace(MCTS(), search),
      try await tree.trace(StepBeam(), search),
    ]
  }

  @Test func replayingTheActionsReproducesEveryStateByteForByte() async throws {
    for run in try await Self.runs() {
      for number in run.pathNumbers {
        let path = try #require(run.paths[number])
        let episode = try #require(Episode(ofPath: number, in: run))
        #expect(episode.steps.map(\.number) == Array(1...episode.steps.count))
        // s_1 is the question alone.
        #expect(episode.state(0) == run.tokens(to: run.promptEnd).flatMap(\.bytes))
        var (state, node, tokens) = (episode.question, episode.start, 0)
        for (index, step) in episode.steps.enumerated() {
          #expect(step.state == node)
          #expect(step.tokens.lowerBound == tokens)
          #expect(episode.state(index) == state)
          #expect(run.tokens(to: step.state).flatMap(\.bytes) == state)
          // The action, token by token, leads from the state to the next one.
          for id in path.nodes[step.tokens] {
            let known = try #require(run.nodes[id])
            #expect(known.parent == node)
            (node, state) = (id, state + known.token.bytes)
          }
          (node, tokens) = (step.next, step.tokens.upperBound)
          #expect(path.nodes[tokens - 1] == node)
        }
        #expect(node == path.tip)
        #expect(tokens == path.nodes.count)
        #expect(episode.state(episode.steps.count) == state)
      }
    }
  }

  @Test func stepsSumToTheLogProbabilityOfThePath() async throws {
    for run in try await Self.runs() {
      for number in run.pathNumbers {
        let episode = try #require(Episode(ofPath: number, in: run))
        guard let whole = run.paths[number]?.score(.likelihood)?.value else { continue }
        #expect(abs(episode.logProbability - whole) < 1e-5)
      }
    }
  }

  // MARK: Dividing

  @Test func sentencesAreTheActions() async throws {
    let bench = StrategyBench(model: BudgetForcingTests.script)
    let run = try await bench.trace(
      BudgetForcing(), RunSettings(temperature: 0, maxTokens: 64, waits: 1))
    let episode = try #require(Episode(ofPath: 0, in: run))
    #expect(
      episode.steps.map { String(decoding: $0.bytes, as: UTF8.self) } == [
        " One.", " Two.", " Three.", " Wait, One.", " Two.", " Three.", " The answer is 8.",
      ])
    #expect(episode.steps.map(\.injected) == [0, 0, 0, 1, 0, 0, 0])
    // The end token stands behind the last sentence and belongs to it.
    #expect(episode.steps.last?.tokens.count == 4)
  }

  @Test(arguments: [
    // A token may end a sentence and begin the next, and end two at once.
    (["One. Tw", "o.", " Three"], [1, 2, 3]), (["A. B. ", "C."], [1, 2]),
    // Full stops within numbers end nothing, and neither does half a character.
    (["9.1", "1 is more.", " So"], [2, 3]), (["\u{E9}.", " x."], [1, 2]),
    ([" "], [1]), ([""], [1]), ([], []),
    // Where thinking in tags ends, a step does.
    (["<think>", " A.", " B", "</think>", " The answer is", " 8."], [2, 4, 6]),
  ])
  func cutsFollowTheText(tokens: [String], cuts: [Int]) {
    #expect(Episode.cuts(tokens.map { Array($0.utf8) }, isStopped: false) == cuts)
  }

  @Test func whereAPathWasStoppedIsNoStep() {
    let tokens = [" It is 8.", "\n", "Q", ":"].map { Array($0.utf8) }
    #expect(Episode.cuts(tokens, isStopped: true) == [4])
    #expect(Episode.cuts(tokens, isStopped: false) == [1, 4])
  }

  @Test func bytesThatAreNoTextAreCutWhereTheyStand() {
    let tokens: [[UInt8]] = [[0xFF, 0xFE], [0x2E], [0x20, 0xC3], [0xA9, 0x2E]]
    #expect(Episode.cuts(tokens, isStopped: false) == [2, 4])
  }

  // MARK: Figures

  @Test func valuesAreTheLastBackupsAndRewardsTheProcessScores() async throws {
    let value = StepTable.digest(12)
    let settings = RunSettings(
      samples: 40, branches: 12, temperature: 1, verifier: .prm, leaves: 4, detail: 0)
    let run = try await StrategyBench(model: { StepTable.model(value: value) }, slots: 64).trace(
      MCTS(), settings)
    var visited = 0
    for number in run.pathNumbers {
      let path = try #require(run.paths[number])
      let episode = try #require(Episode(ofPath: number, in: run))
      #expect(episode.openingValue?.source == .search(visits: 40))
      for step in episode.steps {
        let choices = StepTable.choices(run.tokens(to: step.next).map(\.id))
        // What was drawn twice was given up before it was judged.
        if step.number <= 3, path.end?.reason != "pruned" {
          // p(+) behind the step, from the table itself.
          let reward = try #require(step.reward)
          #expect(abs(reward - value(choices)) < 1e-5)
        }
        let backups = run.backups.filter { $0.node == step.next }
        guard let last = backups.last else {
          #expect(step.value == nil)
          continue
        }
        visited += 1
        #expect(step.value?.value == last.q)
        #expect(step.value?.source == .search(visits: backups.count))
      }
    }
    #expect(visited > 40)
  }

  @Test func lookaheadIsAValueAndNoReward() async throws {
    let settings = RunSettings(
      samples: 8, branches: 4, temperature: 1, verifier: .prm, lookahead: 1, detail: 0)
    let run = try await StrategyBench(
      model: { StepTable.model(value: StepTable.digest(5)) }, slots: 16
    ).trace(Lookahead(), settings)
    let scores = run.paths.values.flatMap(\.scores).filter { $0.kind == .lookahead }
    #expect(!scores.isEmpty)
    for number in run.pathNumbers {
      for step in try #require(Episode(ofPath: number, in: run)).steps {
        guard let value = step.value else { continue }
        #expect(value.source == .lookahead)
        #expect(scores.contains { $0.node == step.next && $0.value == value.value })
      }
    }
  }

  @Test func theOutcomeIsTheExactCheckersAlone() async throws {
    let run = try await StrategyBench().trace(
      SelfConsistency(), RunSettings(samples: 12, temperature: 1))
    for number in run.pathNumbers {
      let episode = try #require(Episode(ofPath: number, in: run))
      #expect(episode.outcome == (episode.answer == "8"))
      // Nothing was judged: no figure stands in for a reward.
      #expect(episode.steps.allSatisfy { $0.reward == nil && $0.value == nil })
    }
  }

  // MARK: Curves

  @Test(arguments: [
    ([0.2, 0.5, 0.9], AnswerCurve.Shape.rising), ([0.9, 0.9, 0.92], .postHoc),
    ([0.9, 0.2, 0.95], .uneven), ([0.9, 0.5], .falling), ([0.03, 0.05, 0.04], .unsure),
    ([0.45, 0.54], .unsure), ([0.5, 0.59], .postHoc), ([0.5, 0.61], .rising),
  ])
  func theShapeFollowsTheStatedRule(values: [Double], shape: AnswerCurve.Shape) throws {
    var curve = AnswerCurve(states: values.count + 1)
    for (state, value) in values.enumerated() {
      curve.take(Score(kind: .earlyAnswer, path: 0, value: value), at: state)
    }
    let reading = try #require(curve.reading)
    #expect(reading.shape == shape)
    #expect(reading.first == values.first)
    #expect(reading.last == values.last)
    #expect(reading.least == values.min())
    #expect(reading.greatest == values.max())
  }

  @Test func oneStateIsNoCurve() {
    var curve = AnswerCurve(states: 2)
    #expect(curve.isEmpty)
    #expect(curve.reading == nil)
    curve.take(Score(kind: .earlyAnswer, path: 0, value: 0.9), at: 0)
    #expect(!curve.isEmpty)
    #expect(curve.reading == nil)
    #expect(!curve.knowsLeaders)
  }
}
