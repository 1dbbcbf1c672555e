import Foundation
import Problems
public import Traces

/// What the samples of a file come to.
public struct ImportReport: Sendable {
  /// A way of choosing an answer among a question's samples.
  public enum Rule: Sendable, Hashable {
    /// A single sample, on average.
    case single
    case vote(Tally.Method)
    /// Any of the samples is right: what perfect choosing would come to.
    case any
  }

  /// What one question's samples come to.
  public struct Question: Sendable {
    public var question: ImportedQuestion
    /// What each sample answers.
    public var answers: [String?]
    /// The votes once all samples are counted.
    public var tallies: [Tally]
    /// How many of the samples are right; nil where it is not known what is.
    public var right: Int?

    public func winner(_ method: Tally.Method) -> String? {
      tallies.first { $0.method == method }?.winner
    }
  }

  /// How often a rule is right.
  public struct Accuracy: Sendable {
    public var rule: Rule
    /// Over the questions whose right answer is known and in which the rule can be used, with its 95 %
    /// interval.
    public var estimate: Estimate
    public var questions: Int
  }

  public private(set) var questions: [Question] = []

  public init(_ file: SampleFile) {
    questions = file.questions.map { question in
      let answers = question.answers
      let values = answers.map { $0?.value }
      return Question(
        question: question, answers: values, tallies: question.votes(answers).last ?? [],
        right: question.gold == nil ? nil : values.count { question.isCorrect($0) == true })
    }
  }

  /// How many samples say nothing that can be read as an answer.
  public var unparsed: Int { questions.reduce(0) { $0 + $1.answers.count { $0 == nil } } }

  /// The rules that can be used in at least one question whose right answer is known.
  public var accuracies: [Accuracy] {
    let rules: [Rule] =
      [.single] + [.majority, .likelihood, .normalizedLikelihood, .verifier].map { .vote($0) }
      + [.any]
    return rules.compactMap { rule in
      let shares = questions.compactMap { Self.share(rule, $0) }
      guard !shares.isEmpty else { return nil }
      let interval = Statistics.accuracyInterval(of: shares)
      return Accuracy(
        rule: rule,
        estimate: Estimate(
          value: shares.reduce(0, +) / Double(shares.count), interval: interval),
        questions: shares.count)
    }
  }

  /// How right a rule is in a question, from 0 to 1; nil where that cannot be said.
  private static func share(_ rule: Rule, _ question: Question) -> Double? {
    guard let right = question.right, !question.answers.isEmpty else { return nil }
    switch rule {
    case .single, .any:
      guard !question.question.isChoice else { return nil }
      return rule == .any
        ? right > 0 ? 1 : 0 : Double(right) / Double(question.answers.count)
    case .vote(let method):
      guard let tally = question.tallies.first(where: { $0.method == method }) else { return nil }
      return question.question.isCorrect(tally.winner) == true ? 1 : 0
    }
  }
}
