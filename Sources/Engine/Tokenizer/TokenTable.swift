import Decoding

/// What the kinds of vocabulary have in common: bytes, names and kinds of tokens, what is added
/// around a text, and the special tokens in it.
struct TokenTable: Sendable {
  let count: Int
  let beginningOfText: TokenID?
  let endOfText: Set<TokenID>
  let declaredEnd: TokenID?
  /// Tokens before and behind a prompt.
  let prefix: [TokenID]
  let suffix: [TokenID]
  let warnings: [String]

  fileprivate let pieces: ByteStrings
  fileprivate let names: ByteStrings
  fileprivate let kinds: [TokenKind]
  /// Finds user-defined tokens, which are recognised however special tokens are handled.
  fileprivate let userDefined: SpecialTokenMatcher
  /// Finds control and unknown tokens as well.
  fileprivate let allSpecial: SpecialTokenMatcher

  /// - Parameters:
  ///   - list: a list that has been validated.
  ///   - bytes: the bytes that a token of normal kind, or of the kind byte with a spelling of its own,
  ///     stands for.
  init(_ list: TokenList, bytes: ([UInt8]) -> [UInt8]) {
    count = list.spellings.count
    beginningOfText = list.beginningOfText
    endOfText = Set(list.endOfText)
    declaredEnd = list.endOfText.first
    prefix = list.addsBeginningOfText ? list.beginningOfText.map { [$0] } ?? [] : []
    suffix = list.addsEndOfText ? Array(list.endOfText.prefix(1)) : []
    kinds = list.kinds
    warnings = list.warnings

    var (pieces, names) = (ByteStrings(), ByteStrings())
    pieces.reserve(count: count, bytes: list.spellings.reduce(0) { $0 + $1.count })
    names.reserve(count: count, bytes: list.spellings.reduce(0) { $0 + $1.count })
    for (spelling, kind) in zip(list.spellings, kinds) {
      names.append(spelling)
      switch kind {
      case .control, .unknown, .unused: pieces.append([])
      case .userDefined: pieces.append(spelling)
      case .normal: pieces.append(bytes(spelling))
      case .byte: pieces.append(TokenKind.byte(spelledBy: spelling).map { [$0] } ?? bytes(spelling))
      }
    }
    (self.pieces, self.names) = (pieces, names)

    func matcher(_ isSpecial: (TokenID, TokenKind) -> Bool) -> SpecialTokenMatcher {
      SpecialTokenMatcher(
        list.spellings, where: list.kinds.enumerated().map { isSpecial(TokenID($0), $1) },
        swallowing: list.swallowsWhitespace)
    }
    userDefined = matcher { $1 == .userDefined && !list.recognizedOnRequest.contains($0) }
    allSpecial = matcher {
      switch $1 {
      case .userDefined, .control, .unknown: true
      case .normal, .unused, .byte: list.recognizedOnRequest.contains($0)
      }
    }
  }

  fileprivate func contains(_ token: TokenID) -> Bool { token >= 0 && token < count }
}

/// A vocabulary that keeps its tokens in a table; what it adds is how text becomes tokens.
protocol TableVocabulary: Vocabulary {
  var table: TokenTable { get }

  /// The tokens of a text that has been cut at its special tokens.
  ///
  /// - Parameter isContinued: whether the text continues another instead of beginning a prompt.
  func tokens(
    of fragments: [SpecialTokenMatcher.Fragment], in text: [UInt8], isContinued: Bool
  ) -> [TokenID]
}

extension TableVocabulary {
  public var count: Int { table.count }
  public var beginningOfText: TokenID? { table.beginningOfText }
  public var endOfText: Set<TokenID> { table.endOfText }
  public var declaredEnd: TokenID? { table.declaredEnd }
  public var warnings: [String] { table.warnings }

  public func bytes(of token: TokenID) -> [UInt8] {
    table.contains(token) ? Array(table.pieces[Int(token)]) : []
  }

  public func name(of token: TokenID) -> String {
    table.contains(token) ? String(decoding: table.names[Int(token)], as: UTF8.self) : ""
  }

  /// True for control tokens and for those that stand for nothing: unknown and unused ones.
  public func isControl(_ token: TokenID) -> Bool {
    table.contains(token) && !table.kinds[Int(token)].hasText
  }

  public func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] {
    let tokens = tokens(of: Array(text), parsesControl: special == .parse, isContinued: false)
    return special == .none ? tokens : table.prefix + tokens + table.suffix
  }

  public func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] {
    tokens(of: Array(text), parsesControl: parsingSpecial, isContinued: true)
  }

  public func controlTokens(spelledIn text: [UInt8]) -> [SpelledToken] {
    table.allSpecial.spelled(in: text).filter { spelled in
      // What is recognised anyway is found when the text is tokenized.
      !table.userDefined.recognizes(text[spelled.range])
    }
  }

  /// User-defined tokens are ordinary text that a tokenizer's rules do not make, so they are
  /// always recognised; control and unknown tokens only when asked for.
  private func tokens(of text: [UInt8], parsesControl: Bool, isContinued: Bool) -> [TokenID] {
    let fragments = (parsesControl ? table.allSpecial : table.userDefined)
      .fragments(of: text, keepsWhitespace: isContinued && !parsesControl)
    return tokens(of: fragments, in: text, isContinued: isContinued)
  }
}
