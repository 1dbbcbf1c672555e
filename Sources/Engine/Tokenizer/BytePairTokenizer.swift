import Decoding

/// Byte-level byte-pair encoding: `tokenizer.ggml.model = "gpt2"`.
///
/// Any byte string, well-formed UTF-8 or not, becomes tokens whose bytes concatenate to the same
/// string, as long as the vocabulary has a token for each of the 256 bytes.
final class BytePairTokenizer: TableVocabulary {
  /// What a vocabulary consists of, as GGUF metadata state it.
  struct Definition: Sendable {
    /// The tokens; normal ones are spelled in GPT-2's byte alphabet.
    public var tokens: TokenList
    /// Pairs of spellings with a space between, the first to apply first. [merges]
    var merges: [[UInt8]]
    /// The name of the pre-tokenizer, as under `tokenizer.ggml.pre`.
    var preTokenizer = PreTokenizer.gpt2.rawValue
  }

  let preTokenizer: PreTokenizer

  let table: TokenTable
  private let symbols: SymbolTable
  private let cache = WordCache()

  /// - Throws: `TokenizerError` when the definition contradicts itself or its pre-tokenizer is not
  ///   known.
  init(_ definition: Definition) throws(TokenizerError) {
    var list = definition.tokens
    try list.validate()
    guard definition.merges.count <= TokenList.largestCount else {
      throw .vocabularyTooLarge(definition.merges.count)
    }
    guard let use = PreTokenizer.Use(named: definition.preTokenizer) else {
      throw .unknownPreTokenizer(definition.preTokenizer)
    }
    preTokenizer = use.pattern
    symbols = try SymbolTable(
      list, merges: definition.merges, prefersWholeWords: use.prefersWholeWords)
    table = TokenTable(list) { ByteAlphabet.decode($0) ?? $0 }
  }

  func tokens(
    of fragments: [SpecialTokenMatcher.Fragment], in text: [UInt8], isContinued: Bool
  ) -> [TokenID] {
    var tokens: [TokenID] = []
    for fragment in fragments {
      switch fragment {
      case .token(let token): tokens.append(token)
      case .text(let range):
        preTokenizer.forEachWord(in: text[range]) { word in
          tokens += cache.tokens(of: text[word], otherwise: symbols.tokens)
        }
      }
    }
    return tokens
  }
}
