package import Decoding

@testable package import Problems

/// Two questions and a policy that can be enumerated, with all that recipes meet: an answer at once
/// that is mostly wrong, a lucky guess, reasoning that has to be asked for, and an answer that is never
/// found without a hint.
package enum TwoQuestions {
  package static let problems = [
    Problem(
      id: "two/1", family: "two", level: 1, question: "How many?", answer: "8",
      steps: ["We add"]),
    Problem(
      id: "two/2", family: "two", level: 1, question: "How much?", answer: "9",
      steps: ["We add"]),
  ]

  /// The tokens of the plain prompts.
  package static let prompts: [[TokenID]] = [[0], [1]]
  /// What stands in prompts that ask for reasoning or give a hint, and must not be learned.
  package static let trigger = TokenID(2)
  package static let hintedQuestions: Set<TokenID> = [3, 4]
  package static let end = TokenID(11)
  /// " We add. The answer is 8." and " We add. The answer is 9."
  package static let reasoned: [[TokenID]] = [[5, 7, 8, end], [5, 7, 9, end]]
  /// " The answer is 8.", by luck.
  package static let guessed: [TokenID] = [7, 8, end]

  package static func trainee() -> TableTrainee {
    TableTrainee(
      name: "two",
      pieces: [
        "Q: How many?\nA:", "Q: How much?\nA:", " Let's think step by step.",
        "Q: How many? The answer is 8.\nA:", "Q: How much? The answer is 9.\nA:", " We add.",
        " We guess.", " The answer is", " 8.", " 9.", " 5.", "<end>",
      ], end: end, next: next)
  }

  @Sendable private static func next(_ prefix: [TokenID]) -> [TokenID: Double] {
    guard let question = prefix.first else { return [end: 1] }
    let isHinted = hintedQuestions.contains(question)
    let isFirst = question == 0 || question == 3
    var said = prefix.dropFirst()
    let isAsked = said.first == trigger
    if isAsked { said.removeFirst() }
    switch said.last {
    case nil where isAsked: return isFirst || isHinted ? [5: 0.9, 6: 0.1] : [6: 1]
    case nil: return isFirst ? [7: 0.8, 5: 0.2] : [7: 1]
    case 5: return [7: 1]
    case 6: return [7: 1]
    case 7 where said.first == 5: return isFirst ? [8: 0.9, 10: 0.1] : isHinted ? [9: 1] : [10: 1]
    case 7: return isFirst ? [10: 0.75, 8: 0.25] : [10: 1]
    default: return [end: 1]
    }
  }
}
