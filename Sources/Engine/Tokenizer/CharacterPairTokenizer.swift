import Decoding

/// Byte-pair encoding over characters with SentencePiece's spelling of spaces and its byte tokens:
/// `tokenizer.ggml.model = "gemma4"`.
///
/// A space is spelled U+2581. Lines are encoded each on its own, whole; a run of line feeds that is
/// a token stays whole. What is no token in the end is spelled in byte tokens. So any bytes become
/// tokens whose bytes concatenate to the same bytes, but for U+2581 itself, which reads as a space.
final class CharacterPairTokenizer: TableVocabulary {
  /// What a vocabulary consists of, as GGUF metadata state it.
  struct Definition: Sendable {
    var tokens: TokenList
    /// Pairs of spellings with a space between, the first to apply first. [merges]
    var merges: [[UInt8]]
  }

  let table: TokenTable
  private let characters: CharacterTable
  private let cache = WordCache()

  /// - Throws: `TokenizerError` when the definition contradicts itself.
  init(_ definition: Definition) throws(TokenizerError) {
    var list = definition.tokens
    try list.validate()
    guard definition.merges.count <= TokenList.largestCount else {
      throw .vocabularyTooLarge(definition.merges.count)
    }
    characters = try CharacterTable(list, merges: definition.merges)
    table = TokenTable(list, bytes: SentencePieceTokenizer.unescape)
  }

  func tokens(
    of fragments: [SpecialTokenMatcher.Fragment], in text: [UInt8], isContinued: Bool
  ) -> [TokenID] {
    var tokens: [TokenID] = []
    for fragment in fragments {
      switch fragment {
      case .token(let token): tokens.append(token)
      case .text(let range):
        for line in Self.lines(of: text[range]) {
          tokens += cache.tokens(of: line, otherwise: characters.tokens)
        }
      }
    }
    return tokens
  }

  /// Runs of line feeds, and what stands between them.
  private static func lines(of text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var rest = text
    while let first = rest.first {
      let isFeed = first == CharacterTable.lineFeed
      let line = rest.prefix { ($0 == CharacterTable.lineFeed) == isFeed }
      lines.append(line)
      rest = rest[line.endIndex...]
    }
    return lines
  }
}

/// The symbols of a byte-pair encoding over characters: tokens, the merges between them, and byte
/// tokens for the rest.
private struct CharacterTable: Sendable {
  static let lineFeed = UInt8(ascii: "\n")

  private let vocabularySize: Int
  private let merges: MergeTable
  /// Every symbol under its spelling, the tokens first.
  private let symbols: SpellingIndex
  /// Tokens that stand for no text, or for other bytes than they spell: text never becomes one.
  private let unlikeSpelling: Set<Int32>
  /// The token of each byte, or nil to drop it. [256]
  private let byteTokens: [TokenID?]

  /// - Throws: `TokenizerError.malformedMerge`.
  init(_ list: TokenList, merges: [[UInt8]]) throws(TokenizerError) {
    vocabularySize = list.spellings.count
    var symbols = SpellingIndex(minimumCapacity: vocabularySize + 256)
    for spelling in list.spellings { spelling.withUnsafeBytes { _ = symbols.append($0) } }
    func symbol(_ spelling: UnsafeRawBufferPointer) -> Int32 {
      symbols.find(spelling) ?? symbols.append(spelling)
    }
    var unlike: Set<Int32> = []
    for (index, kind) in list.kinds.enumerated() {
      let isByte = kind == .byte && TokenKind.byte(spelledBy: list.spellings[index]) != nil
      if !kind.hasText || isByte { unlike.insert(Int32(index)) }
    }
    unlikeSpelling = unlike
    byteTokens = (UInt8.min...UInt8.max).map { byte in
      TokenKind.spelling(ofByte: byte).withUnsafeBytes(symbols.find) ?? list.unknown
    }
    var table = MergeTable(minimumCapacity: merges.count)
    var joined: [UInt8] = []
    for (rank, merge) in merges.enumerated() {
      guard let space = merge.dropFirst().firstIndex(of: 0x20), space + 1 < merge.count else {
        throw .malformedMerge(index: rank, text: String(decoding: merge, as: UTF8.self))
      }
      let left = merge[..<space].withUnsafeBytes(symbol)
      let right = merge[(space + 1)...].withUnsafeBytes(symbol)
      joined.removeAll(keepingCapacity: true)
      joined.append(contentsOf: merge[..<space])
      joined.append(contentsOf: merge[(space + 1)...])
      let result = joined.withUnsafeBytes(symbol)
      if unlike.contains(result) { continue }
      table.add(left, right, result: result, rank: Int32(rank))
    }
    self.merges = table
    self.symbols = symbols
  }

  /// The tokens of one line.
  func tokens(of line: ArraySlice<UInt8>) -> [TokenID] {
    if line.first == Self.lineFeed, let token = line.withUnsafeBytes(token) { return [token] }
    let text = EscapedText(line, addingSpace: false)
    // A character without a symbol is its own place below zero, which merges with nothing.
    var found = (0..<text.characterCount).map { index in
      text.bytes[text.byteRange(index..<index + 1)].withUnsafeBytes { bytes in
        symbols.find(bytes).flatMap { unlikeSpelling.contains($0) ? nil : $0 }
          ?? -1 - Int32(clamping: index)
      }
    }
    merges.apply(to: &found)
    var tokens: [TokenID] = []
    tokens.reserveCapacity(found.count)
    for symbol in found {
      if (0..<Int32(vocabularySize)).contains(symbol) {
        tokens.append(symbol)
      } else if symbol >= 0 {
        tokens += symbols.spellings[Int(symbol)].compactMap { byteTokens[Int($0)] }
      } else {
        let index = Int(-1 - symbol)
        tokens += text.bytes[text.byteRange(index..<index + 1)].compactMap {
          byteTokens[Int($0)]
        }
      }
    }
    return tokens
  }

  private func token(_ spelling: UnsafeRawBufferPointer) -> TokenID? {
    guard let symbol = symbols.find(spelling), symbol < vocabularySize,
      !unlikeSpelling.contains(symbol)
    else { return nil }
    return symbol
  }
}
