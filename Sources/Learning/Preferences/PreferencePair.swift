import Decoding
import Foundation
import Problems
import Traces
import Training

/// Two answers to one question, of which one is better.
struct PreferencePair: Sendable, Hashable, Codable {
  /// An answer, with what is known of it.
  struct Answer: Sendable, Hashable, Codable {
    /// What is learned behind the prompt, at least one token.
    var tokens: [TokenID]
    /// nil where it is unknown.
    var answer: String?
    /// Whether the exact grader finds it right; where there is no right answer, whether it is the
    /// better one.
    var isRight: Bool
    var reasons: Bool
  }

  var question: Question
  /// The tokens that the model is given; at least one.
  var prompt: [TokenID]
  var chosen: Answer
  var rejected: Answer

  /// Tokens of its texts.
  var count: Int { prompt.count + chosen.tokens.count + rejected.tokens.count }
}

/// The pairs of a training, as its checkpoints remember them.
struct PreferencePairs: Codable, Equatable {
  var pairs: [PreferencePair]

  init(_ pairs: [PreferencePair]) { self.pairs = pairs }

  /// The pairs of a step: all of them come once, in an order drawn anew, before any comes again.
  ///
  /// - Parameter step: from 1.
  func batch(_ count: Int, ofStep step: Int, seed: UInt64) -> [PreferencePair] {
    guard !pairs.isEmpty else { return [] }
    var orders: [Int: [Int]] = [:]
    return ((step - 1) * count..<step * count).map { number in
      let round = number / pairs.count
      let order =
        orders[round]
        ?? {
          var random = SplitMix64(state: seed &+ UInt64(round))
          return pairs.indices.shuffled(using: &random)
        }()
      orders[round] = order
      return pairs[order[number % pairs.count]]
    }
  }

  init(state: [UInt8], recipe: String) throws(LearningError) {
    do {
      self = try JSONDecoder().decode(PreferencePairs.self, from: Data(state))
    } catch {
      throw .damagedState(recipe)
    }
  }

  var state: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }
}

extension CompletionGroup {
  /// Right samples with wrong ones, each text once, in the order in which they were sampled.
  func pairs(atMost limit: Int) -> [PreferencePair] {
    var seen: Set<[TokenID]> = []
    let distinct = completions.filter { !$0.tokens.isEmpty && seen.insert($0.tokens).inserted }
    // What is cut off has not come to its end, right or not.
    let right = distinct.filter { $0.isRight && !$0.isCut }
    let wrong = distinct.filter { !$0.isRight }
    return zip(right, wrong).prefix(limit).map { chosen, rejected in
      PreferencePair(
        question: question, prompt: prompt, chosen: .init(chosen), rejected: .init(rejected))
    }
  }
}

extension PreferencePair.Answer {
  init(_ completion: Completion) {
    self.init(
      tokens: completion.tokens, answer: completion.answer, isRight: completion.isRight,
      reasons: completion.reasons)
  }
}

extension TrainingRun {
  /// The pairs that are learned from: a person's own, or right and wrong samples of the weights
  /// training began with, which are those at hand before the first step.
  ///
  /// - Returns: the pairs, and what is told of the samples.
  /// - Throws: `LearningError.noPairs`, and as `Rollouts.answer`.
  func preferencePairs() async throws -> (PreferencePairs, [TrainingMetric: Double]) {
    if let file = materials.pairs {
      return (PreferencePairs(try file.rows.map { try pair($0) }), [:])
    }
    var asked: Set<String> = []
    let questions = try problems.batch(settings.pairProblems, ofStep: 1).map { Question($0) }
      .filter { asked.insert($0.text).inserted }
    let groups = try await rollouts().answer(
      questions, count: settings.samples,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed, firstPath: 0))
    let pairs = groups.flatMap { $0.pairs(atMost: settings.pairsPerProblem) }
    guard !pairs.isEmpty else { throw LearningError.noPairs }
    return (PreferencePairs(pairs), told(groups))
  }

  private func pair(_ row: PreferenceFile.Row) throws -> PreferencePair {
    let question = Question(text: row.prompt)
    let given = try given(question)
    let tokenizer = LearningTextTokenizer(trainee.model)
    func answer(_ text: String, isChosen: Bool) throws -> PreferencePair.Answer {
      // Behind `A:` stands a space; a turn of a conversation begins without.
      let said = text.first?.isWhitespace == false ? " " + text : text
      let learned = try tokenizer.answer(said, to: given.tokens, isTurn: given.isTurn)
      return .init(
        tokens: learned.continuation, answer: nil, isRight: isChosen, reasons: false)
    }
    return PreferencePair(
      question: question, prompt: given.tokens, chosen: try answer(row.chosen, isChosen: true),
      rejected: try answer(row.rejected, isChosen: false))
  }
}
