public import Decoding
public import Problems

/// How a model reads a solution whose likelihood is its score, in training as afterwards: behind the
/// question with the words that ask for reasoning, whatever the solution was sampled behind, and with
/// the token that ends a text behind it where the solution is over.
public struct ImplicitReading: Sendable {
  private let vocabulary: any Vocabulary
  /// What ends a text; nil for a model whose texts do not end.
  private let end: TokenID?

  public init(_ model: any LanguageModel) {
    vocabulary = model.vocabulary
    end = model.end(ofTurn: false)
  }

  /// The tokens that a solution stands behind.
  public func prompt(_ question: Question) -> [TokenID] {
    question.isRaw
      ? vocabulary.tokenize(prompt: question.text)
      : vocabulary.tokenize(PromptFormat.think(question.text), special: .add)
  }

  /// The tokens of a solution.
  ///
  /// - Parameters:
  ///   - text: the solution without white space around it.
  ///   - isFinished: whether it is over; one that goes on has no end yet.
  public func tokens(of text: String, isFinished: Bool = true) -> [TokenID] {
    vocabulary.tokenize(continuing: " " + text) + (isFinished ? [end].compactMap { $0 } : [])
  }

  /// The step that each token of a solution belongs to, as an index into the steps: the one in which
  /// the token ends. White space belongs to the step behind it, the end to the last one.
  func steps(of tokens: [TokenID], in text: String) -> [Int] {
    let bounds = SolutionStep.steps(of: text).map(\.bytes.upperBound)
    var length = -1  // The space before the text.
    return tokens.map { token in
      length += vocabulary.bytes(of: token).count
      return min(bounds.firstIndex { length <= $0 } ?? bounds.count - 1, bounds.count - 1)
    }.map { max(0, $0) }
  }
}

extension LanguageModel {
  /// The token behind a text that is over. Where a model has several, that of a conversation's turn
  /// is the one its chat template speaks of, and that of any other text one that it does not.
  ///
  /// - Returns: nil for a model whose texts do not end.
  public func end(ofTurn isTurn: Bool) -> TokenID? {
    let ends = vocabulary.endOfText.sorted()
    let template = chatTemplate ?? ""
    return ends.first { template.contains(vocabulary.name(of: $0)) == isTurn } ?? ends.first
  }
}
