/// How special tokens (beginning of text, end of turn, `<think>` …) are treated when text is
/// turned into tokens.
public enum SpecialTokenHandling: String, Sendable, CaseIterable {
  /// Nothing is added and the spelling of a special token in the text is ordinary text.
  case none
  /// What the model expects around a prompt (usually a beginning-of-text token) is added;
  /// spellings in the text stay ordinary text.
  case add
  /// As `add`, and a special token spelled out in the text becomes that token.
  case parse
}

/// The tokens of a model: ids, bytes, and the way text becomes tokens.
public protocol Vocabulary: Sendable {
  /// The number of tokens; ids are `0 ..< count`.
  var count: Int { get }

  /// The token that starts every text, if the model has one.
  var beginningOfText: TokenID? { get }

  /// The tokens at which generation ends (end of text, end of turn).
  var endOfText: Set<TokenID> { get }

  /// The one of `endOfText` that the model's file names as the end of a text: what chat templates
  /// call `eos_token`.
  var declaredEnd: TokenID? { get }

  /// What is wrong in the model's file and does not matter much, in sentences; usually nothing.
  var warnings: [String] { get }

  /// The exact bytes of a token. Control tokens have none; an id outside the vocabulary has none.
  func bytes(of token: TokenID) -> [UInt8]

  /// Whether a token is a control token, which stands for no text.
  func isControl(_ token: TokenID) -> Bool

  /// How a token is spelled in the vocabulary, for showing tokens that stand for no bytes
  /// (`<|endoftext|>`).
  func name(of token: TokenID) -> String

  /// Turns a text, given as bytes that need not be valid UTF-8, into tokens.
  ///
  /// Some vocabularies set a space before a text, whatever the handling of special tokens.
  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID]

  /// Turns text that goes on after other tokens into tokens: nothing is set before or behind it.
  ///
  /// - Parameter parsingSpecial: whether a special token spelled out in the text becomes that
  ///   token.
  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID]

  /// Where a text spells tokens that are recognised only on request (`SpecialTokenHandling.parse`):
  /// in the order of the text, none overlapping another.
  func controlTokens(spelledIn text: [UInt8]) -> [SpelledToken]
}

/// A place where a text spells a special token.
public struct SpelledToken: Hashable, Sendable {
  public var token: TokenID
  /// The bytes of the text that spell it.
  public var range: Range<Int>
  /// Whether white space that follows the token is removed.
  public var swallowsWhitespace: Bool

  public init(token: TokenID, range: Range<Int>, swallowsWhitespace: Bool = false) {
    self.token = token
    self.range = range
    self.swallowsWhitespace = swallowsWhitespace
  }
}

extension Vocabulary {
  public var warnings: [String] { [] }
  public var declaredEnd: TokenID? { endOfText.min() }

  /// Compares every control token at every place, the longest first: for small vocabularies.
  public func controlTokens(spelledIn text: [UInt8]) -> [SpelledToken] {
    let names = (0..<TokenID(count)).filter(isControl).map { ($0, Array(name(of: $0).utf8)) }
      .filter { !$0.1.isEmpty }.sorted { $0.1.count > $1.1.count }
    var found: [SpelledToken] = []
    var start = 0
    while start < text.count {
      if let (token, name) = names.first(where: { text[start...].starts(with: $0.1) }) {
        found.append(SpelledToken(token: token, range: start..<(start + name.count)))
        start += name.count
      } else {
        start += 1
      }
    }
    return found
  }

  /// Turns a text that is sent to the model unchanged into tokens. Special tokens that it spells are
  /// recognised, and what the model expects around a prompt is added; but where the text itself
  /// begins with the beginning-of-text token, that is not added a second time.
  public func tokenize(prompt text: String) -> [TokenID] {
    let tokens = tokenize(text, special: .parse)
    return spellsBeginning(text) ? Array(tokens.dropFirst()) : tokens
  }

  /// Whether a text spells the beginning-of-text token that the model would have added before it.
  public func spellsBeginning(_ text: String) -> Bool {
    guard let beginning = beginningOfText, tokenize("", special: .add).first == beginning else {
      return false
    }
    return tokenize(text, special: .parse).dropFirst().first == beginning
  }

  public func tokenize(_ text: String, special: SpecialTokenHandling = .none) -> [TokenID] {
    tokenize(text.utf8, special: special)
  }

  public func tokenize(continuing text: String, parsingSpecial: Bool = false) -> [TokenID] {
    tokenize(continuing: text.utf8, parsingSpecial: parsingSpecial)
  }

  /// The concatenated bytes of the tokens.
  public func bytes(of tokens: some Sequence<TokenID>) -> [UInt8] {
    tokens.flatMap { bytes(of: $0) }
  }

  public func token(_ id: TokenID) -> Token { Token(id: id, bytes: bytes(of: id)) }
}

/// Tokens that end a turn of a conversation.
public enum TurnEnd {
  /// How they are spelled in the known chat formats. A model's own metadata may name only one of them, and
  /// may not even know them for control tokens.
  public static let spellings: Set<String> = [
    "<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>",
    "<|end_of_text|>", "<|endofturn|>", "<EOT>", "_<EOT>", "<end_of_utterance>",
    "<｜end▁of▁sentence｜>", "<|return|>", "<|call|>", "<turn|>",
    "<|tool_response>",
  ]
}
