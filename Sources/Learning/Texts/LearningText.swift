public import Decoding
public import Problems
import Reasoning

/// A text to learn from: what is given, and what is learned behind it.
public struct LearningText: Sendable, Hashable, Codable {
  /// What stands before; nothing is learned of it. At least one token.
  public var prompt: [TokenID]
  public var continuation: [TokenID]
  /// What each token of the continuation counts in the loss, not below 0; nil counts all alike, 1.
  /// [continuation.count]
  public var weights: [Float]?

  public init(prompt: [TokenID], continuation: [TokenID], weights: [Float]? = nil) {
    self.prompt = prompt
    self.continuation = continuation
    self.weights = weights
  }

  /// In tokens, the prompt's included.
  public var count: Int { prompt.count + continuation.count }
}

/// Turns texts into the tokens that a model learns from.
public struct LearningTextTokenizer: Sendable {
  private let vocabulary: any Vocabulary
  private let contextLength: Int
  private let turnEnd: TokenID?
  private let textEnd: TokenID?

  public init(_ model: any LanguageModel) {
    vocabulary = model.vocabulary
    contextLength = model.contextLength
    turnEnd = model.end(ofTurn: true)
    textEnd = model.end(ofTurn: false)
  }

  /// The token behind a text that is over. Where a model has several, that of a conversation's
  /// turn is the one its chat template speaks of, and that of any other text one that it does not.
  ///
  /// - Returns: nil for a model whose texts do not end.
  public func end(ofTurn isTurn: Bool) -> TokenID? {
    isTurn ? turnEnd : textEnd
  }

  /// An answer to a prompt: the prompt is masked, the answer is learned, and that it ends there.
  ///
  /// - Parameters:
  ///   - prompt: the prompt's tokens.
  ///   - said: what follows them. Where the prompt is of a conversation, white space at its
  ///     beginning is left out: a turn begins without.
  ///   - isTurn: whether the prompt is of a conversation.
  /// - Throws: `LanguageModelError.contextExceeded`.
  public func answer(
    _ said: String, to prompt: [TokenID], isTurn: Bool = false
  ) throws -> LearningText {
    let text = isTurn ? said.drop(while: \.isWhitespace) : said[...]
    return try answer(vocabulary.tokenize(continuing: String(text)), to: prompt, isTurn: isTurn)
  }

  /// The same for an answer in tokens, without the one that ends it.
  public func answer(
    _ said: [TokenID], to prompt: [TokenID], isTurn: Bool = false
  ) throws -> LearningText {
    try checked(
      LearningText(prompt: prompt, continuation: said + [end(ofTurn: isTurn)].compactMap { $0 }))
  }

  /// A text of which every token is learned, as in pre-training, but for the one that begins it.
  ///
  /// - Throws: `LanguageModelError.contextExceeded`.
  public func whole(_ text: LearningText) throws -> LearningText {
    let tokens = text.prompt + text.continuation
    return try checked(
      LearningText(prompt: Array(tokens.prefix(1)), continuation: Array(tokens.dropFirst())))
  }

  /// A training document with the weights of its tokens. What has no weight at its beginning is
  /// given.
  ///
  /// - Throws: `LanguageModelError.contextExceeded`.
  public func document(_ document: CurriculumDocument) throws -> LearningText {
    var tokens: [TokenID] = []
    var weights: [Float] = []
    for (index, segment) in document.segments.enumerated() {
      // Tags such as `<think>` are tokens.
      let new =
        index == 0
        ? vocabulary.tokenize(segment.text, special: .parse)
        : vocabulary.tokenize(continuing: segment.text, parsingSpecial: true)
      tokens += new
      weights += repeatElement(Float(segment.weight) / 10, count: new.count)
    }
    if let end = end(ofTurn: false) {
      tokens.append(end)
      weights.append(1)
    }
    let given = max(1, weights.prefix { $0 == 0 }.count)
    return try checked(
      LearningText(
        prompt: Array(tokens.prefix(given)), continuation: Array(tokens.dropFirst(given)),
        weights: Array(weights.dropFirst(given))))
  }

  private func checked(_ text: LearningText) throws -> LearningText {
    guard text.count <= contextLength else {
      throw LanguageModelError.contextExceeded(length: text.count, limit: contextLength)
    }
    return text
  }
}
