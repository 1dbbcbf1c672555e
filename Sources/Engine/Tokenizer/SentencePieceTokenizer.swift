import Decoding

/// SentencePiece's byte-pair encoding with scores (Kudo and Richardson 2018):
/// `tokenizer.ggml.model = "llama"`, of Llama 1 and 2, Mistral, Gemma and Phi-3.
///
/// A space is spelled U+2581. Neighbouring characters merge whenever the vocabulary has what they
/// spell together, the highest score first; what is no token in the end is spelled in byte
/// tokens. So any bytes become tokens whose bytes concatenate to the same bytes, but for U+2581
/// itself, which such a vocabulary cannot tell from a space, as long as it has tokens for U+2581
/// and for each of the 256 bytes.
final class SentencePieceTokenizer: TableVocabulary {
  /// What a vocabulary consists of, as GGUF metadata state it.
  struct Definition: Sendable {
    public var tokens: TokenList
    /// The score of each token; empty if all are alike. [vocabulary]
    public var scores: [Float]
    /// Whether a space is set before a text and behind each special token in it.
    var addsSpacePrefix: Bool = true
  }

  let table: TokenTable
  private let pieces: PieceTable
  private let addsSpacePrefix: Bool
  private let cache = WordCache()

  /// - Throws: `TokenizerError` when the definition contradicts itself.
  init(_ definition: Definition) throws(TokenizerError) {
    var list = definition.tokens
    try list.validate()
    guard definition.scores.isEmpty || definition.scores.count == list.spellings.count else {
      throw .scoreCountMismatch(scores: definition.scores.count, tokens: list.spellings.count)
    }
    pieces = PieceTable(list, scores: definition.scores)
    table = TokenTable(list, bytes: Self.unescape)
    addsSpacePrefix = definition.addsSpacePrefix
  }

  /// A text that begins has a space before it where the model was trained so.
  func tokens(
    of fragments: [SpecialTokenMatcher.Fragment], in text: [UInt8], isContinued: Bool
  ) -> [TokenID] {
    let setsSpaces = addsSpacePrefix && !isContinued
    var tokens: [TokenID] = []
    var isAfterSpecial = true
    for fragment in fragments {
      switch fragment {
      case .token(let token):
        tokens.append(token)
        isAfterSpecial = true
      case .text(let range):
        let escaped = EscapedText(text[range], addingSpace: setsSpaces && isAfterSpecial)
        pieces.forEachWord(in: escaped) { word in
          tokens += cache.tokens(of: escaped.bytes[escaped.byteRange(word)]) { _ in
            pieces.tokens(of: word, in: escaped)
          }
        }
        isAfterSpecial = false
      }
    }
    return tokens
  }

  /// The bytes that a spelling stands for.
  static func unescape(_ spelling: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(spelling.count)
    var index = 0
    while index < spelling.count {
      if spelling[index...].starts(with: EscapedText.space) {
        bytes.append(0x20)
        index += EscapedText.space.count
      } else {
        bytes.append(spelling[index])
        index += 1
      }
    }
    return bytes
  }
}
