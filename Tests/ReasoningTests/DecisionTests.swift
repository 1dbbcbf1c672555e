import Decoding
import Foundation
import Testing

@testable import Measuring
@testable import Traces

@Suite struct CandidateChoiceTests {
  private static func candidate(
    _ text: String, _ answer: String?, _ isRight: Bool, _ log: Double
  ) -> CandidateChoice.Candidate {
    .init(text: text, answer: answer, isRight: isRight, logProbability: log)
  }

  /// Two ways to the right answer, a wrong one that is said three times in the same words.
  private let choice = CandidateChoice([
    candidate("a", "5", false, -1), candidate("a", "5", false, -1), candidate("a", "5", false, -1),
    candidate("b", "8", true, -1.5), candidate("c", "8", true, -1.5), candidate("d", nil, true, 0),
  ])

  @Test func eachWayToDecideIsItsOwn() {
    #expect(!choice.isMajorityRight)
    #expect(!choice.isLikeliestRight)
    // e^-1.5 twice is more than e^-1 once.
    #expect(choice.isLikeliestAnswerRight)
    #expect(choice.isAnyRight)
  }

  @Test func whatGivesNoAnswerHasNoSay() {
    #expect(!choice.isRight(scores: [1, 0, 0, 0, 0, 9]))
    #expect(!choice.isRight(weights: [0.1, 0, 0, 0, 0, 9]))
    let silent = CandidateChoice([Self.candidate("d", nil, true, 0)])
    #expect(!silent.isAnyRight)
    #expect(!silent.isMajorityRight)
  }

  @Test func tiesGoToTheFirst() {
    let two = CandidateChoice([
      Self.candidate("a", "5", false, -1), Self.candidate("b", "8", true, -1),
    ])
    #expect(!two.isRight(scores: [3, 3]))
    #expect(!two.isRight(weights: [3, 3]))
    #expect(two.isRight(scores: [nil, -100]))
  }

  /// An exact verifier's scores decide as the oracle does, and no weights beat it.
  @Test func nothingBeatsTheOracle() {
    var random = SplitMix64(state: 4)
    for _ in 0..<200 {
      let choice = CandidateChoice(
        (0..<6).map { _ in
          let answer = Int.random(in: 0..<3, using: &random)
          return Self.candidate(
            "\(answer)", "\(answer)", answer == 2, Double.random(in: -9...0, using: &random))
        })
      #expect(
        choice.isRight(scores: choice.candidates.map { $0.isRight ? 1 : 0 }) == choice.isAnyRight)
      let weights = choice.candidates.map { _ in Double.random(in: 0...1, using: &random) }
      #expect(!choice.isRight(weights: weights) || choice.isAnyRight)
    }
  }

  /// Far below what a number can hold, likelihoods still compare.
  @Test func veryUnlikelyTextsCompare() {
    let far = CandidateChoice([
      Self.candidate("a", "5", false, -9000), Self.candidate("b", "8", true, -8999),
    ])
    #expect(far.isLikeliestAnswerRight)
  }
}

@Suite struct DecisionRowTests {
  /// A verifier that is right on so many of each family's problems, and a majority that is on others.
  private func decisions(_ right: [String: [(majority: Bool, best: Bool)]]) -> [Decisions] {
    right.sorted { $0.key < $1.key }.flatMap { family, problems in
      problems.enumerated().map { number, outcome in
        let choice = CandidateChoice([
          .init(text: "a", answer: "1", isRight: outcome.majority, logProbability: 0)
        ])
        var decisions = Decisions(choice, family: family, problem: number)
        let judged = CandidateChoice([
          .init(text: "a", answer: "1", isRight: outcome.best, logProbability: 0)
        ])
        decisions.add(judged, scores: [1], weights: [1], by: .implicit)
        return decisions
      }
    }
  }

  @Test func gainsArePairedAndFamiliesCountAlike() throws {
    let rows = DecisionRow.rows(
      decisions([
        "a": Array(repeating: (majority: false, best: true), count: 10),
        "b": Array(repeating: (majority: true, best: true), count: 40),
      ]))
    func row(_ way: DecisionRow.Way, _ family: String) throws -> DecisionRow {
      try #require(rows.first { $0.subject.way == way && $0.family == family })
    }
    #expect(try row(.majority, "all").accuracy.value == 0.5)
    #expect(try row(.majority, "all").gain == nil)
    #expect(try row(.bestOf, "all").gain?.value == 0.5)
    #expect(try row(.bestOf, "a").gain?.value == 1)
    #expect(try row(.weighted, "b").gain?.value == 0)
    #expect(try row(.oracle, "all").gain == nil)
    #expect(rows.last?.subject.way == .oracle)
  }

  @Test func intervalsHoldTheTrueGain() throws {
    // A verifier that mends .3 and spoils .1: the true gain is .2.
    var held = 0
    for seed in 1...60 as ClosedRange<UInt64> {
      var random = SplitMix64(state: seed)
      let rows = DecisionRow.rows(
        decisions([
          "a": (0..<150).map { _ in
            let draw = Double.random(in: 0..<1, using: &random)
            return draw < 0.3 ? (false, true) : draw < 0.4 ? (true, false) : (true, true)
          }
        ]))
      let gain = try #require(
        rows.first { $0.subject.way == .bestOf && $0.family == "all" }?.gain?.interval)
      if gain.contains(0.2) { held += 1 }
    }
    // 57 of 60 are expected; fewer than 48 has a chance of one in ten thousand.
    #expect(held >= 48)
  }

  @Test func oneProblemHasNoInterval() {
    let rows = DecisionRow.rows(decisions(["a": [(true, true)]]))
    #expect(rows.allSatisfy { $0.gain?.interval == nil })
    #expect(DecisionRow.rows([]).isEmpty)
  }
}
