package import Decoding
import Foundation

@testable package import Problems

/// A question whose solutions have two steps and an answer. What each step leads to is known exactly,
/// and so is what a judge in training begins with: + and − are equally likely everywhere.
package enum StepTable {
  package static let problem = Problem(
    id: "sum/1", family: "sum", level: 1, question: "Sum?", answer: "8", steps: ["Good"])

  package static let pieces = [
    "Q: Sum?\nA:", " Let's think step by step.", " Good.", " Bad.", " Fine.", " Odd.",
    " The answer is 8.", " The answer is 5.", "<end>", " |", " +", " -",
    "\nIs the answer correct (Yes/No)?", " Yes", " No",
  ]
  package static let (good, bad, fine, odd): (TokenID, TokenID, TokenID, TokenID) = (2, 3, 4, 5)
  package static let (right, wrong, end): (TokenID, TokenID, TokenID) = (6, 7, 8)
  package static let (tag, plus, minus): (TokenID, TokenID, TokenID) = (9, 10, 11)
  package static let (yes, no): (TokenID, TokenID) = (13, 14)
  package static let prompt: [TokenID] = [0]

  /// The chance of the right answer from behind steps.
  package static let chances: [[TokenID]: Double] = [
    [good]: 0.7 * 0.9 + 0.3 * 0.3, [bad]: 0.5 * 0.1, [good, fine]: 0.9, [good, odd]: 0.3,
    [bad, fine]: 0.1, [bad, odd]: 0,
  ]

  package static func trainee() -> TableTrainee {
    TableTrainee(name: "steps", pieces: pieces, end: end, next: next)
  }

  @Sendable private static func next(_ prefix: [TokenID]) -> [TokenID: Double] {
    if prefix.last == tag { return [plus: 0.5, minus: 0.5] }
    if prefix.last == 12 { return [yes: 0.5, no: 0.5] }
    let said = Array(prefix.dropFirst().drop { $0 == 1 })
    switch said.count {
    case 0: return [good: 0.6, bad: 0.4]
    case 1: return said[0] == good ? [fine: 0.7, odd: 0.3] : [fine: 0.5, odd: 0.5]
    case 2:
      let chance = chances[said] ?? 0
      return [right: chance, wrong: 1 - chance]
    default: return [end: 1]
    }
  }
}
