public import Decoding
import Synchronization

/// Byte-level byte-pair encoding: `tokenizer.ggml.model = "gpt2"`.
///
/// Any byte string, well-formed UTF-8 or not, becomes tokens whose bytes concatenate to the same
/// string, as long as the vocabulary has a token for each of the 256 bytes.
public final class BytePairTokenizer: Vocabulary {
  /// What kind of token an id is, with GGUF's numbers.
  public enum TokenKind: Int32, Sendable {
    /// Spelled in the byte alphabet, made by merges.
    case normal = 1
    case unknown = 2
    /// Stands for no text (`<|endoftext|>`).
    case control = 3
    /// Ordinary text, spelled as it is, that is never split (`<think>`).
    case userDefined = 4
    /// Fills the vocabulary up; never produced.
    case unused = 5
    /// A single byte, spelled `<0x0A>`.
    case byte = 6
  }

  /// What a vocabulary consists of, as GGUF metadata states it.
  public struct Definition: Sendable {
    /// The spelling of each token, in UTF-8; normal tokens use GPT-2's byte alphabet. [vocabulary]
    public var tokens: [[UInt8]]
    /// Pairs of spellings with a space between, the first to apply first. [merges]
    public var merges: [[UInt8]]
    /// The kind of each token; empty if all are normal. [vocabulary]
    public var kinds: [TokenKind]
    /// The name of the pre-tokenizer, as under `tokenizer.ggml.pre`.
    public var preTokenizer: String
    public var beginningOfText: TokenID?
    /// Tokens that end a text or a turn.
    public var endOfText: [TokenID]
    /// Stands for bytes that the vocabulary lacks; without it they are dropped.
    public var unknown: TokenID?
    /// Whether prompts begin with `beginningOfText`.
    public var addsBeginningOfText: Bool
    /// Whether prompts end with the first of `endOfText`.
    public var addsEndOfText: Bool

    public init(
      tokens: [[UInt8]], merges: [[UInt8]], kinds: [TokenKind] = [],
      preTokenizer: String = PreTokenizer.gpt2.rawValue, beginningOfText: TokenID? = nil,
      endOfText: [TokenID] = [], unknown: TokenID? = nil, addsBeginningOfText: Bool = false,
      addsEndOfText: Bool = false
    ) {
      self.tokens = tokens
      self.merges = merges
      self.kinds = kinds
      self.preTokenizer = preTokenizer
      self.beginningOfText = beginningOfText
      self.endOfText = endOfText
      self.unknown = unknown
      self.addsBeginningOfText = addsBeginningOfText
      self.addsEndOfText = addsEndOfText
    }

    /// The same from strings.
    public init(
      tokens: [String], merges: [String], kinds: [TokenKind] = [],
      preTokenizer: String = PreTokenizer.gpt2.rawValue, beginningOfText: TokenID? = nil,
      endOfText: [TokenID] = [], unknown: TokenID? = nil, addsBeginningOfText: Bool = false,
      addsEndOfText: Bool = false
    ) {
      self.init(
        tokens: tokens.map { Array($0.utf8) }, merges: merges.map { Array($0.utf8) },
        kinds: kinds, preTokenizer: preTokenizer, beginningOfText: beginningOfText,
        endOfText: endOfText, unknown: unknown, addsBeginningOfText: addsBeginningOfText,
        addsEndOfText: addsEndOfText)
    }
  }

  public let count: Int
  public let beginningOfText: TokenID?
  public let endOfText: Set<TokenID>
  public let preTokenizer: PreTokenizer

  private let pieces: ByteStrings
  private let names: ByteStrings
  private let kinds: [TokenKind]
  private let prefix: [TokenID]
  private let suffix: [TokenID]
  private let symbols: SymbolTable
  /// Finds user-defined tokens, which are recognised however special tokens are handled.
  private let userDefined: SpecialTokenMatcher
  /// Finds control tokens as well.
  private let allSpecial: SpecialTokenMatcher
  private let cache = Mutex<[ArraySlice<UInt8>: [TokenID]]>([:])

  /// Longer words are rarely met twice.
  private static let longestCachedWord = 48
  private static let cacheCapacity = 1 << 15

  /// - Throws: `TokenizerError` when the definition contradicts itself or its pre-tokenizer is not
  ///   known.
  public init(_ definition: Definition) throws {
    try definition.validate()
    guard let preTokenizer = PreTokenizer(rawValue: definition.preTokenizer) else {
      throw TokenizerError.unknownPreTokenizer(definition.preTokenizer)
    }
    self.preTokenizer = preTokenizer
    count = definition.tokens.count
    kinds =
      definition.kinds.isEmpty ? Array(repeating: .normal, count: count) : definition.kinds
    beginningOfText = definition.beginningOfText
    endOfText = Set(definition.endOfText)
    prefix = definition.addsBeginningOfText ? definition.beginningOfText.map { [$0] } ?? [] : []
    suffix = definition.addsEndOfText ? Array(definition.endOfText.prefix(1)) : []
    symbols = try SymbolTable(definition)

    var (pieces, names) = (ByteStrings(), ByteStrings())
    for (spelling, kind) in zip(definition.tokens, kinds) {
      names.append(spelling)
      pieces.append(kind.bytes(of: spelling))
    }
    (self.pieces, self.names) = (pieces, names)
    userDefined = SpecialTokenMatcher(definition.tokens, where: kinds.map { $0 == .userDefined })
    allSpecial = SpecialTokenMatcher(
      definition.tokens, where: kinds.map { $0 == .userDefined || $0 == .control })
  }

  public func bytes(of token: TokenID) -> [UInt8] {
    token >= 0 && token < count ? Array(pieces[Int(token)]) : []
  }

  /// True for control tokens and for those that stand for nothing: unknown and unused ones.
  public func isControl(_ token: TokenID) -> Bool {
    guard token >= 0 && token < count else { return false }
    switch kinds[Int(token)] {
    case .control, .unknown, .unused: return true
    case .normal, .userDefined, .byte: return false
    }
  }

  public func name(of token: TokenID) -> String {
    token >= 0 && token < count ? String(decoding: names[Int(token)], as: UTF8.self) : ""
  }

  /// Turns text into tokens.
  ///
  /// User-defined tokens are ordinary text that merges do not make, so they are recognised under
  /// every handling; control tokens only under `.parse`.
  public func tokenize(
    _ text: some Sequence<UInt8>, special: SpecialTokenHandling
  ) -> [TokenID] {
    let text = Array(text)
    let matcher = special == .parse ? allSpecial : userDefined
    var tokens = special == .none ? [] : prefix
    var start = 0
    while let (range, token) = matcher.firstMatch(in: text, from: start) {
      tokenizePlain(text[start..<range.lowerBound], into: &tokens)
      tokens.append(token)
      start = range.upperBound
    }
    tokenizePlain(text[start...], into: &tokens)
    if special != .none { tokens += suffix }
    return tokens
  }

  private func tokenizePlain(_ text: ArraySlice<UInt8>, into tokens: inout [TokenID]) {
    preTokenizer.forEachWord(in: text) { range in
      let word = text[range]
      guard word.count <= Self.longestCachedWord else {
        tokens += symbols.tokens(of: word)
        return
      }
      if let known = cache.withLock({ $0[word] }) {
        tokens += known
        return
      }
      let computed = symbols.tokens(of: word)
      tokens += computed
      // A slice would keep the whole text alive.
      let key = ArraySlice(Array(word))
      cache.withLock {
        if $0.count >= Self.cacheCapacity { $0.removeAll(keepingCapacity: true) }
        $0[key] = computed
      }
    }
  }
}

extension BytePairTokenizer.TokenKind {
  /// The bytes that a token of this kind stands for.
  func bytes(of spelling: [UInt8]) -> [UInt8] {
    switch self {
    case .control, .unknown, .unused: []
    case .userDefined: spelling
    case .normal: ByteAlphabet.decode(spelling) ?? spelling
    case .byte:
      if spelling.count == 6, spelling.starts(with: Array("<0x".utf8)),
        let byte = UInt8(String(decoding: spelling[3..<5], as: UTF8.self), radix: 16)
      {
        [byte]
      } else {
        ByteAlphabet.decode(spelling) ?? spelling
      }
    }
  }
}
