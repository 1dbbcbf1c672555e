import Foundation
public import Problems
public import Traces

/// A question with the texts that somebody else's model has answered it with. What its file does not tell is
/// nil, and stays unknown.
public struct ImportedQuestion: Sendable, Hashable {
  /// The line of the file on which it begins, from 1.
  public var line: Int
  /// How the file calls it.
  public var name: String?
  public var text: String?
  /// The right answer as it is written there.
  public var gold: String?
  public var model: String?
  public var samples: [ImportedSample]
  /// Whether the texts are all the answers there are to choose from, each with its log probability, and not
  /// samples: then nothing is counted.
  public var isChoice = false

  public init(line: Int, samples: [ImportedSample] = []) {
    (self.line, self.samples) = (line, samples)
  }

  /// What is asked for and what is right; nil where the file does not say what is right.
  public var goldAnswer: GoldAnswer? { gold.map { GoldAnswer($0) } }
}

/// A text that somebody else's model has written.
public struct ImportedSample: Sendable, Hashable {
  public var text: String
  /// Its tokens, which spell the text; empty where the file does not give them.
  public var tokens: [ImportedToken] = []
  /// Σ log p over its tokens.
  public var logProbability: Double?
  /// How many tokens that is the sum of.
  public var tokenCount: Int?
  /// What somebody's verifier held of it.
  public var score: Double?
  /// Why it ended, in the words of the file.
  public var ending: String?

  public init(_ text: String) { self.text = text }
}

/// A token of such a text.
public struct ImportedToken: Sendable, Hashable {
  public var bytes: [UInt8]
  public var logProbability: Double?

  public init(bytes: [UInt8], logProbability: Double?) {
    (self.bytes, self.logProbability) = (bytes, logProbability)
  }
}

extension ImportedQuestion {
  /// What each sample answers, read from its text as every answer is; nil for one that says nothing. Of a
  /// choice it is the text itself.
  public var answers: [ExtractedAnswer?] {
    let kind = goldAnswer?.kind ?? .any
    return samples.map { sample -> ExtractedAnswer? in
      guard isChoice else {
        return AnswerExtractor.answer(said: Array(sample.text.utf8), kind: kind)
      }
      let text = sample.text.trimmingWhitespace
      let start = sample.text.utf8.count - sample.text.drop(while: \.isWhitespace).utf8.count
      return ExtractedAnswer(
        value: text, text: text, byteRange: start..<(start + text.utf8.count))
    }
  }

  /// Whether an answer is right; nil where the file does not say what is.
  public func isCorrect(_ answer: String?) -> Bool? {
    guard let gold = goldAnswer else { return nil }
    if isChoice { return answer == gold.text.trimmingWhitespace }
    return gold.isMatched(by: answer)
  }

  /// The ways in which the samples can vote by what is known of all of them.
  public var methods: [Tally.Method] {
    var methods: [Tally.Method] = isChoice ? [] : [.majority]
    if !samples.isEmpty, samples.allSatisfy({ $0.logProbability != nil }) {
      methods.append(.likelihood)
      if samples.allSatisfy({ $0.tokenCount ?? 0 > 0 }) { methods.append(.normalizedLikelihood) }
    }
    // Weights below zero would vote against an answer.
    if !samples.isEmpty, samples.allSatisfy({ $0.score ?? -1 >= 0 }) { methods.append(.verifier) }
    return methods
  }

  /// How the votes stand after each sample, by each of `methods`. [samples][methods]
  ///
  /// Weights by probability are relative to the likeliest sample: of long texts every probability would be 0.
  public func votes(_ answers: [ExtractedAnswer?]) -> [[Tally]] {
    let methods = methods
    let likeliest = samples.compactMap(\.logProbability).max() ?? 0
    let likeliestToken = samples.compactMap(\.perToken).max() ?? 0
    func weight(_ method: Tally.Method, _ sample: ImportedSample) -> Double {
      switch method {
      case .likelihood: Foundation.exp((sample.logProbability ?? -.infinity) - likeliest)
      case .normalizedLikelihood: Foundation.exp((sample.perToken ?? -.infinity) - likeliestToken)
      case .verifier: sample.score ?? 0
      case .majority, .delta: 1
      }
    }
    var tallies = methods.map { Tally(method: $0, votes: [:], unparsed: 0, order: []) }
    return zip(samples, answers).map { sample, answer in
      for (index, method) in methods.enumerated() {
        tallies[index].count(answer?.value, weight: weight(method, sample))
      }
      return tallies
    }
  }
}

extension ImportedSample {
  /// The mean log p of its tokens.
  fileprivate var perToken: Double? {
    guard let logProbability, let tokenCount, tokenCount > 0 else { return nil }
    return logProbability / Double(tokenCount)
  }
}
