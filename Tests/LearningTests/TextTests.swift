import Decoding
import Foundation
import LearningFixtures
import Testing
import Training

@testable import Learning
@testable import Problems

/// What is learned of texts, and how.
@Suite struct TextTests {
  private let pieces = ["Q", " a", " b", " c", "<end>"]

  private func table() -> TableTrainee {
    TableTrainee(pieces: pieces, end: 4) { prefix in
      switch prefix.count {
      case 1: [1: 0.5, 2: 0.3, 3: 0.2]
      case 2: [1: 0.25, 3: 0.25, 4: 0.5]
      default: [4: 1]
      }
    }
  }

  private let texts = [
    LearningText(prompt: [0], continuation: [1, 4]),
    LearningText(prompt: [0], continuation: [2, 1, 4], weights: [1, 0.5, 0]),
    LearningText(prompt: [0, 3], continuation: [3, 4]),
  ]

  // MARK: Loss

  @Test func theLossIsTheWeightedMeanOfMinusLogP() throws {
    let losses = try table().learn(texts)
    let sums = [-log(0.5) - log(0.5), -log(0.3) - 0.5 * log(0.25), -log(0.25)]
    for (loss, sum) in zip(losses, sums) { #expect(abs(loss.sum - sum) < 1e-6) }
    #expect(losses.map(\.weight) == [2, 1.5, 2])
    #expect(losses.map(\.tokens) == [2, 2, 2])
    #expect(abs(losses.reduce(TextLoss(), +).mean - sums.reduce(0, +) / 5.5) < 1e-6)
  }

  /// Over texts, each one's mean counts the same, however long or heavy it is.
  @Test func aMeanOverTextsWeighsThemAlike() throws {
    let (table, alone) = (table(), table())
    let losses = try table.learn(texts, meanOver: .texts)
    let means = [-log(0.5) - log(0.5), -log(0.3) - 0.5 * log(0.25), -log(0.25)]
    let mean = (means[0] / 2 + means[1] / 1.5 + means[2] / 2) / 3
    #expect(abs(losses.mean(over: .texts) - mean) < 1e-6)
    for text in texts { _ = try alone.learn([text]) }
    for prefix: [TokenID] in [[0], [0, 1], [0, 2], [0, 3], [0, 3, 3]] {
      // Each text's own gradient is that of its mean.
      for (a, b) in zip(table.gradient(after: prefix), alone.gradient(after: prefix)) {
        #expect(abs(a - b / 3) < 1e-6)
      }
    }
  }

  /// What has no tokens, or none that count, is no text of the mean.
  @Test func anEmptyTextHasNoShareInAMeanOverTexts() throws {
    let (with, without) = (table(), table())
    let empty = [
      LearningText(prompt: [0], continuation: []),
      LearningText(prompt: [0], continuation: [1, 4], weights: [0, 0]),
    ]
    let losses = try with.learn(texts + empty, meanOver: .texts)
    let known = try without.learn(texts, meanOver: .texts)
    #expect(losses.mean(over: .texts) == known.mean(over: .texts))
    #expect(with.gradient(after: [0]) == without.gradient(after: [0]))
  }

  /// Prompts are masked: whatever is asked of their tokens, nothing is learned of them.
  @Test func nothingIsLearnedOfPrompts() throws {
    let table = table()
    _ = try table.learn([LearningText(prompt: [0, 3], continuation: [3, 4])])
    #expect(table.gradient(after: [0]).allSatisfy { $0 == 0 })
    #expect(table.gradient(after: [0, 3]).contains { $0 != 0 })
  }

  @Test func aTokenWithoutWeightHasNoShare() throws {
    let table = table()
    _ = try table.learn([texts[1]])
    #expect(table.gradient(after: [0, 2, 1]).allSatisfy { $0 == 0 })
  }

  /// A batch that does not fit is cut, and nothing of what is learned changes.
  @Test(arguments: [1, 3, 4, 5, 100], LossMean.allCases)
  func passesDoNotChangeTheGradient(rowLimit: Int, mean: LossMean) throws {
    let (whole, cut) = (table(), table())
    let losses = try whole.learn(texts, meanOver: mean)
    #expect(try cut.learn(texts, meanOver: mean, rowLimit: rowLimit) == losses)
    for prefix: [TokenID] in [[0], [0, 1], [0, 2], [0, 3], [0, 3, 3]] {
      for (a, b) in zip(whole.gradient(after: prefix), cut.gradient(after: prefix)) {
        #expect(abs(a - b) < 1e-6)
      }
    }
  }

  /// At full fit the loss is the entropy of the data, and the gradient is 0.
  @Test func theLeastLossIsTheEntropyOfTheData() throws {
    let shares: [(LearningText, Int)] = [
      (LearningText(prompt: [0], continuation: [1, 4]), 5),
      (LearningText(prompt: [0], continuation: [2, 4]), 2),
      (LearningText(prompt: [0], continuation: [2, 1, 4]), 1),
    ]
    let data = shares.flatMap { Array(repeating: $0.0, count: $0.1) }
    let table = table()
    for _ in 0..<4000 {
      _ = try table.learn(data)
      try table.update(rate: 4, maxNorm: 1)
    }
    let sum = try table.learn(data).reduce(TextLoss(), +).sum
    let entropy = -shares.reduce(0) { $0 + Double($1.1) * log(Double($1.1) / 8) }
    #expect(abs(sum - entropy) < 1e-3 * entropy)
    for text in table.texts(after: [0]) {
      let count = shares.first { $0.0.continuation == text.tokens }?.1 ?? 0
      #expect(abs(text.probability - Double(count) / 8) < 1e-3)
    }
  }

  @Test func nothingToLearnIsNoError() throws {
    #expect(try table().learn([]).isEmpty)
    let empty = LearningText(prompt: [0], continuation: [])
    #expect(try table().learn([empty]) == [TextLoss()])
  }

  // MARK: Tokens

  @Test func anAnswerEndsWithTheEndToken() throws {
    let tokenizer = LearningTextTokenizer(table().model)
    let text = try tokenizer.answer(" b a", to: [0])
    #expect(text == LearningText(prompt: [0], continuation: [2, 1, 4]))
    let whole = try tokenizer.whole(LearningText(prompt: [0, 3], continuation: [2, 4]))
    #expect(whole == LearningText(prompt: [0], continuation: [3, 2, 4]))
  }

  @Test func aDocumentKeepsTheWeightsOfItsSegments() throws {
    let document = CurriculumDocument(
      kind: .verdict,
      segments: [
        .init(text: "Q a", weight: 0), .init(text: " b", weight: 10), .init(text: " c", weight: 0),
        .init(text: " a", weight: 60),
      ])
    let text = try LearningTextTokenizer(table().model).document(document)
    #expect(text.prompt == [0, 1])
    #expect(text.continuation == [2, 3, 1, 4])
    #expect(text.weights == [1, 0, 6, 1])
  }

  // MARK: Gold solutions

  /// Every family's solution in every style ends in the right answer, as the grader reads it.
  @Test(arguments: ProblemLibrary.families.map(\.name)) func goldSolutionsAreRight(
    family: String
  ) throws {
    var told: Set<String> = []
    for problem in try ProblemLibrary.problems(family: family, split: .train, count: 4, seed: 3) {
      for seed in 0..<12 as Range<UInt64> {
        let text = GoldSolution.text(of: problem, seed: seed)
        let answer = AnswerExtractor.extract(from: text, kind: problem.answerKind)
        #expect(problem.isCorrect(try #require(answer).value))
        #expect(text.hasPrefix(" "))
        #expect(GoldSolution.text(of: problem, seed: seed) == text)
        told.insert(text)
      }
    }
    #expect(told.count > 4, "solutions are told in several ways")
  }

  @Test func aProblemOfOnesOwnIsToldByItsSteps() {
    let problem = Problem(
      id: "mine/1", family: "mine", level: 2, question: "How much?", answer: "18",
      steps: ["16 - 3 = 13", "She sells the rest.", "9 * 2 = 18"])
    #expect(
      GoldSolution.text(of: problem, seed: 1)
        == " 16 - 3 = 13. She sells the rest. 9 * 2 = 18. The answer is 18.")
    let bare = Problem(
      id: "mine/2", family: "mine", level: 0, question: "And?", answer: "no", steps: [])
    #expect(GoldSolution.text(of: bare, seed: 1) == " The answer is no.")
  }

  /// An id that is that of another problem does not bring back that one's solution.
  @Test func anIdThatLiesIsNotBelieved() throws {
    let other = try ProblemLibrary.problem(id: "compare.train/1/0")
    let problem = Problem(
      id: other.id, family: "compare", level: 1, question: "What is 1 + 1?", answer: "2",
      steps: ["1 + 1 = 2"])
    #expect(GoldSolution.text(of: problem, seed: 1) == " 1 + 1 = 2. The answer is 2.")
  }
}
