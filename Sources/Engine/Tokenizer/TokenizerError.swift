import Decoding

/// Why a vocabulary could not be used.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  case emptyVocabulary
  case vocabularyTooLarge(Int)
  case unsupportedModel(String)
  case unknownPreTokenizer(String)
  case kindCountMismatch(kinds: Int, tokens: Int)
  case malformedMerge(index: Int, text: String)
  case specialTokenOutOfRange(role: String, token: Int, vocabularySize: Int)

  public var description: String {
    switch self {
    case .emptyVocabulary:
      "The vocabulary has no tokens; the file is incomplete."
    case .vocabularyTooLarge(let count):
      "The vocabulary has \(count) tokens or merges, more than this program can number."
    case .unsupportedModel(let name):
      "The tokenizer model '\(name)' is not supported; supported: gpt2."
    case .unknownPreTokenizer(let name):
      "The pre-tokenizer '\(name)' is not known, so text would be cut into wrong tokens; known: "
        + PreTokenizer.allCases.map(\.rawValue).joined(separator: ", ") + "."
    case .kindCountMismatch(let kinds, let tokens):
      "The vocabulary has \(tokens) tokens but \(kinds) token types; the file is damaged."
    case .malformedMerge(let index, let text):
      "Merge \(index) of the vocabulary, '\(text)', is not two spellings with a space between."
    case .specialTokenOutOfRange(let role, let token, let size):
      "The \(role) token \(token) is outside the vocabulary of \(size) tokens."
    }
  }
}

extension BytePairTokenizer.Definition {
  /// Checks what can be checked before any table is built.
  func validate() throws(TokenizerError) {
    guard !tokens.isEmpty else { throw .emptyVocabulary }
    // Symbols are numbered in 32 bits: tokens, bytes and up to three spellings a merge.
    let largest = Int(Int32.max) / 8
    guard tokens.count <= largest, merges.count <= largest else {
      throw .vocabularyTooLarge(max(tokens.count, merges.count))
    }
    guard kinds.isEmpty || kinds.count == tokens.count else {
      throw .kindCountMismatch(kinds: kinds.count, tokens: tokens.count)
    }
    let roles: [(String, [TokenID])] = [
      ("beginning-of-text", beginningOfText.map { [$0] } ?? []), ("end-of-text", endOfText),
      ("unknown", unknown.map { [$0] } ?? []),
    ]
    for (role, ids) in roles {
      for id in ids where id < 0 || id >= tokens.count {
        throw .specialTokenOutOfRange(
          role: role, token: Int(id), vocabularySize: tokens.count)
      }
    }
  }
}
