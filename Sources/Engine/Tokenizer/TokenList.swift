import Decoding

/// What any kind of tokenizer is told about its tokens, as GGUF metadata state it.
struct TokenList: Sendable {
  /// The spelling of each token, in UTF-8. [vocabulary]
  public var spellings: [[UInt8]]
  /// The kind of each token; empty if all are normal. [vocabulary]
  public var kinds: [TokenKind] = []
  public var beginningOfText: TokenID?
  /// Tokens that end a text or a turn.
  public var endOfText: [TokenID] = []
  /// Stands for bytes that the vocabulary lacks; without it they are dropped.
  public var unknown: TokenID?
  /// Whether prompts begin with `beginningOfText`.
  var addsBeginningOfText = false
  /// Whether prompts end with the first of `endOfText`.
  var addsEndOfText = false
  /// Tokens of text that are recognised in a text as control tokens are: only when asked for.
  var recognizedOnRequest: Set<TokenID> = []
  /// Special tokens that swallow the white space behind them in a text.
  var swallowsWhitespace: Set<TokenID> = []
  /// What was wrong in the file and could be done without, in sentences.
  var warnings: [String] = []

  /// Checks what can be checked before any table is built, and states every kind.
  mutating func validate() throws(TokenizerError) {
    guard !spellings.isEmpty else { throw .emptyVocabulary }
    guard spellings.count <= Self.largestCount else { throw .vocabularyTooLarge(spellings.count) }
    if kinds.isEmpty { kinds = Array(repeating: .normal, count: spellings.count) }
    guard kinds.count == spellings.count else {
      throw .kindCountMismatch(kinds: kinds.count, tokens: spellings.count)
    }
    let roles: [(String, [TokenID])] = [
      ("beginning-of-text", beginningOfText.map { [$0] } ?? []), ("end-of-text", endOfText),
      ("unknown", unknown.map { [$0] } ?? []),
    ]
    for (role, ids) in roles {
      for id in ids where id < 0 || id >= spellings.count {
        throw .specialTokenOutOfRange(role: role, token: Int(id), vocabularySize: spellings.count)
      }
    }
  }

  /// Symbols are numbered in 32 bits: tokens, bytes and up to three spellings a merge.
  static let largestCount = Int(Int32.max) / 8
}
