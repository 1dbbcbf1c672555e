/// How likely a model found a token that it did not choose itself.
///
/// Figures are at temperature 1, before any setting.
public struct ScoredToken: Sendable, Hashable {
  public var id: TokenID
  /// nil for a token that nothing stands before: a model says nothing of the first one.
  public var figures: Figures?

  public init(id: TokenID, figures: Figures? = nil) {
    self.id = id
    self.figures = figures
  }

  public struct Figures: Sendable, Hashable {
    /// Natural; −∞ for a token that cannot come.
    public var logProbability: Double
    /// The token's place by falling probability, from 1.
    public var rank: Int
    /// Of the distribution that the token came from, in bits.
    public var entropy: Double
    /// The likeliest tokens there, the likeliest first.
    public var alternatives: [Alternative]
    /// log p of the tokens that were asked for, in their order.
    public var asked: [Double]

    /// −log₂ p: how surprising the token is, in bits.
    public var surprisal: Double { max(0, -logProbability / logarithm(2)) }

    public var probability: Double { TokenDistribution.probability(ofLog: logProbability) }
  }

  public struct Alternative: Sendable, Hashable {
    public var id: TokenID
    public var logProbability: Double
  }
}

extension ScoredToken.Figures {
  /// - Parameters:
  ///   - alternatives: how many of the likeliest tokens are listed.
  ///   - asked: further tokens whose log p is wanted.
  public init(
    of token: TokenID, in distribution: TokenDistribution, alternatives: Int, asked: [TokenID] = []
  ) {
    logProbability = distribution.logProbability(of: token)
    rank = distribution.rank(of: token)
    entropy = distribution.entropy
    self.alternatives = distribution.likeliest(alternatives).map {
      .init(id: $0, logProbability: distribution.logProbability(of: $0))
    }
    self.asked = asked.map(distribution.logProbability)
  }
}

/// How likely a model finds a text that somebody else has written, token by token.
public struct TextScore: Sendable, Hashable {
  public var tokens: [ScoredToken]
  /// Bytes of the tokens that have figures.
  public var bytes: Int

  public init(tokens: [ScoredToken], bytes: Int) {
    (self.tokens, self.bytes) = (tokens, bytes)
  }

  /// How many tokens have figures.
  public var scored: Int { tokens.count { $0.figures != nil } }

  /// Σ −log₂ p: what the text would take if the model compressed it. Infinite where a token cannot come.
  public var bits: Double { tokens.reduce(0) { $0 + ($1.figures?.surprisal ?? 0) } }

  /// nil for a text without bytes.
  public var bitsPerByte: Double? { bytes > 0 ? bits / Double(bytes) : nil }

  /// 2 to the mean of the surprisals: among so many equally likely tokens each one might have been drawn. nil
  /// where no token has figures.
  public var perplexity: Double? {
    scored > 0 ? exponential(bits / Double(scored) * logarithm(2)) : nil
  }
}

extension Decoder {
  /// Follows a text that is given: tells what each of its tokens would have been chosen from.
  ///
  /// A piece at a time: the distributions of a whole text over a large vocabulary would fill the memory.
  ///
  /// - Parameters:
  ///   - start: the node behind which the text stands; not the root, behind which nothing can be told.
  ///   - context: the tokens that lead there, where they are a stranger's (see `Continuation.text`).
  ///   - take: is given each token with what it comes from, in order.
  /// - Throws: `LanguageModelError`, `CancellationError`, and what `take` throws.
  public func follow(
    _ tokens: some Collection<TokenID>, after start: NodeID, checking context: [TokenID]? = nil,
    urgency: Urgency = .background,
    take: (TokenID, TokenDistribution) throws -> Void
  ) async throws {
    let piece = max(1, min(128, (64 << 20) / (4 * max(1, model.vocabulary.count))))
    insert(tokens, after: start)
    var node = start
    var rest = Array(tokens)[...]
    var text = context
    while !rest.isEmpty {
      var nodes: [NodeID] = []
      let next = rest.prefix(piece)
      for token in next {
        nodes.append(node)
        node = node.appending(token)
      }
      rest = rest.dropFirst(piece)
      text?.append(contentsOf: next.dropLast())
      let readings = try await readings(after: nodes, text: text, urgency: urgency)
      text?.append(contentsOf: next.suffix(1))
      for (token, reading) in zip(next, readings) {
        try take(token, reading.distribution)
      }
    }
  }

  /// Scores a text.
  ///
  /// - Parameters:
  ///   - context: tokens before the text, which are not scored.
  ///   - alternatives: how many of the likeliest tokens are listed with each.
  ///   - asked: tokens whose log p is wanted at every place.
  /// - Throws: `LanguageModelError`, also for tokens that the model does not have and for a text that is too
  ///   long; `CancellationError`.
  public func score(
    _ tokens: [TokenID], after context: [TokenID] = [], alternatives: Int = 0,
    asked: [TokenID] = [], urgency: Urgency = .interactive
  ) async throws -> TextScore {
    let size = model.vocabulary.count
    if let wrong = (context + tokens + asked).first(where: { !(0..<size).contains(Int($0)) }) {
      throw LanguageModelError.tokenOutOfRange(wrong, vocabularySize: size)
    }
    let length = context.count + tokens.count
    guard length <= model.contextLength else {
      throw LanguageModelError.contextExceeded(length: length, limit: model.contextLength)
    }
    var scored: [ScoredToken] = []
    var given = context[...]
    var rest = tokens[...]
    if given.isEmpty, let first = rest.popFirst() {
      scored.append(ScoredToken(id: first))
      given = [first]
    }
    try await follow(rest, after: insert(given), urgency: urgency) { token, distribution in
      scored.append(
        ScoredToken(
          id: token,
          figures: .init(
            of: token, in: distribution, alternatives: alternatives, asked: asked)))
    }
    let bytes = rest.reduce(0) { $0 + model.vocabulary.bytes(of: $1).count }
    return TextScore(tokens: scored, bytes: bytes)
  }
}
