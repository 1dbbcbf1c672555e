import Decoding

/// What the kinds of vocabulary have in common: bytes, names and kinds of tokens, what is added
/// around a text, and the special tokens in it.
struct TokenTable: Sendable {
  let count: Int
  let beginningOfText: TokenID?
  let endOfText: Set<TokenID>
  /// Tokens before and behind a prompt.
  let prefix: [TokenID]
  let suffix: [TokenID]

  private let pieces: ByteStrings
  private let names: ByteStrings
  private let kinds: [TokenKind]
  /// Finds user-defined tokens, which are recognised however special tokens are handled.
  private let userDefined: SpecialTokenMatcher
  /// Finds control and unknown tokens as well.
  private let allSpecial: SpecialTokenMatcher

  /// - Parameters:
  ///   - list: a list that has been validated.
  ///   - bytes: the bytes that a token of normal kind, or of the kind byte with a spelling of its own,
  ///     stands for.
  init(_ list: TokenList, bytes: ([UInt8]) -> [UInt8]) {
    count = list.spellings.count
    beginningOfText = list.beginningOfText
    endOfText = Set(list.endOfText)
    prefix = list.addsBeginningOfText ? list.beginningOfText.map { [$0] } ?? [] : []
    suffix = list.addsEndOfText ? Array(list.endOfText.prefix(1)) : []
    kinds = list.kinds

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

  func bytes(of token: TokenID) -> [UInt8] {
    token >= 0 && token < count ? Array(pieces[Int(token)]) : []
  }

  func name(of token: TokenID) -> String {
    token >= 0 && token < count ? String(decoding: names[Int(token)], as: UTF8.self) : ""
  }

  /// True for control tokens and for those that stand for nothing: unknown and unused ones.
  func isControl(_ token: TokenID) -> Bool {
    token >= 0 && token < count && !kinds[Int(token)].hasText
  }

  /// Cuts a text at the special tokens that it spells.
  ///
  /// User-defined tokens are ordinary text that a tokenizer's rules do not make, so they are
  /// always recognised; control and unknown tokens only when asked for.
  ///
  /// - Parameter keepsWhitespace: whether no token swallows the white space behind it.
  func fragments(
    of text: [UInt8], parsingControl: Bool, keepsWhitespace: Bool
  ) -> [SpecialTokenMatcher.Fragment] {
    (parsingControl ? allSpecial : userDefined)
      .fragments(of: text, keepsWhitespace: keepsWhitespace)
  }
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

  public func bytes(of token: TokenID) -> [UInt8] { table.bytes(of: token) }
  public func isControl(_ token: TokenID) -> Bool { table.isControl(token) }
  public func name(of token: TokenID) -> String { table.name(of: token) }

  /// Turns text into tokens. User-defined tokens are recognised under every handling, control
  /// tokens only under `.parse`.
  public func tokenize(
    _ text: some Sequence<UInt8>, special: SpecialTokenHandling
  ) -> [TokenID] {
    let text = Array(text)
    let fragments = table.fragments(
      of: text, parsingControl: special == .parse, keepsWhitespace: false)
    let tokens = tokens(of: fragments, in: text, isContinued: false)
    return special == .none ? tokens : table.prefix + tokens + table.suffix
  }

  public func tokenize(
    continuing text: some Sequence<UInt8>, parsingSpecial: Bool
  ) -> [TokenID] {
    let text = Array(text)
    let fragments = table.fragments(
      of: text, parsingControl: parsingSpecial, keepsWhitespace: !parsingSpecial)
    return tokens(of: fragments, in: text, isContinued: true)
  }
}
