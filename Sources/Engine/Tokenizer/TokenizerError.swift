/// Why a vocabulary could not be used.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  case emptyVocabulary
  case vocabularyTooLarge(Int)
  case unsupportedModel(String)
  case unknownPreTokenizer(String)
  case kindCountMismatch(kinds: Int, tokens: Int)
  case scoreCountMismatch(scores: Int, tokens: Int)
  case malformedMerge(index: Int, text: String)
  case specialTokenOutOfRange(role: String, token: Int, vocabularySize: Int)

  public var description: String {
    switch self {
    case .emptyVocabulary: "The vocabulary has no tokens; the file is incomplete."
    case .vocabularyTooLarge(let count):
      "The vocabulary has \(count) tokens or merges, more than this program can number."
    case .unsupportedModel(let name):
      "The tokenizer model '\(name)' is not supported; supported: gpt2 (byte-level BPE), "
        + "llama (SentencePiece with scores), gemma4 (BPE over characters)."
    case .unknownPreTokenizer(let name):
      "The pre-tokenizer '\(name)' is not known, so text would be cut into wrong tokens; known: "
        + PreTokenizer.Use.names.joined(separator: ", ") + "."
    case .kindCountMismatch(let kinds, let tokens):
      "The vocabulary has \(tokens) tokens but \(kinds) token types; the file is damaged."
    case .scoreCountMismatch(let scores, let tokens):
      "The vocabulary has \(tokens) tokens but \(scores) scores; the file is damaged."
    case .malformedMerge(let index, let text):
      "Merge \(index) of the vocabulary, '\(text)', is not two spellings separated by a space."
    case .specialTokenOutOfRange(let role, let token, let size):
      "The \(role) token \(token) is outside the vocabulary of \(size) tokens."
    }
  }
}
