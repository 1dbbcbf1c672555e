import Decoding
import Foundation
import Testing

@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct RankingQualityTests {
  private func scores(
    _ count: Int, groups: Int, gap: Double, levels: Double = 20, seed: UInt64 = 3
  ) -> [LabelledScore] {
    var random = SplitMix64(state: seed)
    return (0..<count).map { index in
      let isPositive = Bool.random(using: &random)
      let score = Double.random(in: 0..<1, using: &random) + (isPositive ? gap : 0)
      // Few levels, so that there are ties.
      return LabelledScore(
        group: index % groups, score: (score * levels).rounded(), isPositive: isPositive)
    }
  }

  @Test(arguments: [0.0, 0.2, 0.7, 2], [3.0, 20, 1e6])
  func theAreaIsTheShareOfPairsInOrder(gap: Double, levels: Double) throws {
    let all = scores(120, groups: 30, gap: gap, levels: levels)
    var (wins, pairs) = (0.0, 0.0)
    for a in all where a.isPositive {
      for b in all where !b.isPositive {
        pairs += 1
        wins += a.score > b.score ? 1 : a.score == b.score ? 0.5 : 0
      }
    }
    let quality = RankingQuality(all)
    let area = try #require(quality.area)
    #expect(abs(area - wins / pairs) < 1e-12)
    #expect(area == RankingQuality.area(under: all.map { ($0.score, $0.isPositive) }))
    let interval = try #require(quality.interval)
    #expect(interval.contains(area))
    #expect(interval.lowerBound >= 0)
    #expect(interval.upperBound <= 1)
    #expect(quality.positives * quality.negatives == Int(pairs))
    #expect(RankingQuality(all) == quality)
  }

  @Test func shuffledLabelsTellNothing() throws {
    var all = scores(4000, groups: 400, gap: 1)
    #expect(try #require(RankingQuality(all).area) > 0.9)
    var random = SplitMix64(state: 8)
    let labels = all.map(\.isPositive).shuffled(using: &random)
    for index in all.indices { all[index].isPositive = labels[index] }
    let quality = RankingQuality(all)
    // The standard error of an area of .5 with 2000 of each is about .009.
    #expect(abs(try #require(quality.area) - 0.5) < 0.036)
    #expect(try #require(quality.interval).contains(0.5))
  }

  @Test func copiesOfAProblemsSolutionsAddNoCertainty() throws {
    let all = scores(80, groups: 20, gap: 0.3)
    let copied = all.flatMap { Array(repeating: $0, count: 5) }
    #expect(RankingQuality(copied).interval == RankingQuality(all).interval)
    let independent = copied.enumerated().map { index, score in
      LabelledScore(group: index, score: score.score, isPositive: score.isPositive)
    }
    func width(_ scores: [LabelledScore]) throws -> Double {
      let interval = try #require(RankingQuality(scores).interval)
      return interval.upperBound - interval.lowerBound
    }
    #expect(try width(copied) > 1.5 * width(independent))
  }

  @Test func familiesCountAlike() throws {
    let (large, small) = (
      scores(300, groups: 60, gap: 0.6), scores(40, groups: 10, gap: 0, seed: 5)
    )
    let nothing = [LabelledScore(group: 0, score: 1, isPositive: true)]
    let both = RankingQuality(families: [large, small, nothing])
    let mean = try #require(RankingQuality(large).area) + #require(RankingQuality(small).area)
    #expect(abs(try #require(both.area) - mean / 2) < 1e-12)
    #expect(try #require(both.interval).contains(mean / 2))
    let empty = RankingQuality(nothing)
    #expect(empty.area == nil)
    #expect(empty.interval == nil)
    #expect(empty.positives == 1)
  }
}

@Suite struct StepCheckerTests {
  private let checker = StepChecker(ProblemLibrary.apples)

  @Test(arguments: [
    ("My dad has 3 + 2 = 5 apples.", true), ("So 2 + 3 = 5.", true), ("3 + 5 = 8.", true),
    ("So 3 + 2 = 6.", false), ("So 3 + 3 = 6.", false), ("So 3 * 2 = 6.", false),
    ("First, 3 + 2 = 5, then 5 + 5 = 10.", false), ("First, 3 + 2 = 5, then 5 + 3 = 8.", true),
    ("I have 3 apples.", nil), ("Altogether: 3 + (3 + 2) = 3 + 5 = 8.", nil),
    ("Altogether: 3 + (3 + 2) = 3 + 6 = 9.", false), ("3 + 3 + 2 = 8.", nil),
    ("3 + 3 + 2 = 9.", false), ("7 / 0 = 1.", nil),
    ("The answer is 8.", true), ("The answer is 8 apples.", true), ("The answer is 5.", false),
    ("", nil),
  ])
  func sentencesAreDecidedExactlyOrNotAtAll(sentence: String, verdict: Bool?) {
    #expect(checker.isRight(sentence) == verdict)
  }

  @Test func labelsEndAtTheFirstWrongStep() {
    let steps = SolutionStep.steps(of: "Hm. So 3 + 2 = 6. 3 + 6 = 9. The answer is 9.")
    #expect(checker.labels(steps) == [nil, false])
  }

  /// Where the checker decides, it says what is known of corrupted solutions: it finds no fault
  /// in a right one, and none before the fault in a wrong one.
  @Test func judgedPairsDifferFromTheFirstWrongStepOn() throws {
    for family in ProblemLibrary.families {
      let pairs = JudgedPair.pairs(family: family, count: 30, seed: 4)
      #expect(pairs.count >= 25, "\(family.name)")
      var decided = 0
      for pair in pairs {
        let question = Question(pair.problem)
        for solution in [pair.right, pair.wrong] {
          let answer = AnswerExtractor.extract(from: solution.text, kind: question.kind)?.value
          #expect(
            question.isCorrect(answer) == solution.isRight, "\(family.name): \(solution.text)")
          let steps = SolutionStep.steps(of: solution.text)
          let labels = StepChecker(pair.problem).labels(steps)
          decided += labels.count { $0 != nil }
          for (known, label) in zip(solution.labels, labels) where label == false {
            #expect(!known, "\(family.name): \(solution.text)")
          }
        }
        #expect(pair.right.labels.allSatisfy { $0 })
        #expect(pair.wrong.labels.last == false)
        #expect(pair.wrong.labels.count { !$0 } == 1)
      }
      #expect(decided > 0)
      let again = JudgedPair.pairs(family: family, count: 3, seed: 4)
      #expect(again.map(\.wrong) == pairs.prefix(again.count).map(\.wrong))
    }
  }
}

@Suite struct VerifierEvaluationTests {
  private let problem = Problem(
    id: "table", family: "numbers", level: 1, question: "How many?", answer: "3", steps: [])

  private static let prompts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Samples/Prompts").path

  @Test func areasAreThoseOfTheSampledSolutions() async throws {
    let decoder = Decoder(model: VerifierTable.model(), slots: 32)
    let evaluation = Evaluation(
      decoder: decoder, prompts: PromptLibrary(directory: Self.prompts),
      settings: RunSettings(prompting: "plain", samples: 400, temperature: 1, rationales: 1))
    let other = Problem(
      id: "other", family: "numbers", level: 1, question: "How many?", answer: "4", steps: [])
    let right = JudgedPair.Solution(text: "The answer is 3.", isRight: true, labels: [true])
    let wrong = JudgedPair.Solution(text: "The answer is 2.", isRight: false, labels: [false])
    let (rows, decisions) = try await evaluation.compareVerifiers(
      of: [.orm, .genrmDirect, .likelihood], samplesOf: [problem],
      pairs: [JudgedPair(problem: other, right: right, wrong: wrong)])
    func row(_ verifier: VerifierName, _ source: VerifierRow.Source) throws -> VerifierRow {
      try #require(
        rows.first {
          $0.subject.verifier == verifier && $0.subject.source == source && $0.family == "numbers"
        })
    }
    // 3 is right. By p(Yes) it is above 1 and 2 and below 4; by the share of p(Yes) it is below
    // 2 as well. The shares of 1, 2 and 4 among the wrong are 1/7, 4/7 and 2/7.
    #expect(abs(try #require(try row(.genrmDirect, .samples).quality.area) - 5.0 / 7) < 0.1)
    #expect(abs(try #require(try row(.orm, .samples).quality.area) - 1.0 / 7) < 0.1)
    #expect(try row(.genrmDirect, .samples).coverage == 1)
    #expect(try row(.genrmDirect, .corrupted).quality.area == 1)
    #expect(try row(.orm, .corrupted).quality.area == 0)
    // Nobody sampled the corrupted ones.
    #expect(
      !rows.contains { $0.subject.verifier == .likelihood && $0.subject.source == .corrupted })
    // What is decided is decided on the very same samples, with verifiers and without.
    func decision(_ way: DecisionRow.Way, _ verifier: VerifierName? = nil) throws -> Double {
      try #require(
        decisions.first {
          $0.subject == .init(way: way, verifier: verifier) && $0.family == "all"
        }
      ).accuracy.value
    }
    // Of 400 samples 2 is said most often, and 4 has the greatest p(Yes): 3 wins by neither.
    #expect(try decision(.majority) == 0)
    #expect(try decision(.likelihood) == 0)
    #expect(try decision(.likelihoodByAnswer) == 0)
    #expect(try decision(.bestOf, .genrmDirect) == 0)
    #expect(try decision(.oracle) == 1)
  }

  @Test func rankingIsComparedWithAMajorityOfTheSameSamples() async throws {
    let decoder = Decoder(model: VerifierTable.model(), slots: 8)
    var (right, majority, any) = (0, 0, 0)
    for seed in 1...40 as ClosedRange<UInt64> {
      let settings = RunSettings(
        seed: seed, samples: 5, temperature: 1, verifier: .genrmDirect, detail: 0)
      let question = Question(
        text: decoder.model.vocabulary.token(0).text, gold: "4", kind: .number, isRaw: true)
      let evaluation = Evaluation(
        decoder: decoder, prompts: PromptLibrary(directory: ""), settings: settings)
      let result = try #require(try await evaluation.results(of: BestOfN(), on: [question]).first)
      let vote = try #require(
        try await evaluation.results(of: SelfConsistency(), on: [question]).first)
      // The same seed samples the same paths for either strategy.
      #expect(result.isMajorityCorrect == vote.isCorrect)
      #expect(result.isAnyCorrect == vote.isAnyCorrect)
      // The verifier likes 4 best, so it finds it whenever it is there.
      #expect(result.isCorrect == result.isAnyCorrect)
      right += result.isCorrect ? 1 : 0
      majority += result.isMajorityCorrect == true ? 1 : 0
      any += result.isAnyCorrect == true ? 1 : 0
    }
    #expect(right == any)
    #expect(right > majority)
    let results = (0..<4).map { index in
      Evaluation.Result(
        family: index < 2 ? "a" : "b", isCorrect: index != 1,
        end: RunEnd(
          reason: .completed, answer: nil, correct: nil, tokens: TokenCounts()), scored: [],
        isMajorityCorrect: index == 3, isAnyCorrect: true)
    }
    let rows = Evaluation.rows(results, strategy: "best-of-n", questions: [], seconds: 1)
    #expect(rows.map(\.family) == ["a", "b", "all"])
    #expect(rows.map { $0.majority?.value } == [0, 0.5, 0.25])
    #expect(rows.map { $0.oracle?.value } == [1, 1, 1])
    #expect(rows.map { $0.gain?.value } == [0.5, 0.5, 0.5])
    #expect(rows.allSatisfy { $0.gain.map { $0.interval?.contains($0.value) == true } ?? false })
  }
}
