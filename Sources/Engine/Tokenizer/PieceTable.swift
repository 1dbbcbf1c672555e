import Decoding

/// The pieces of a SentencePiece vocabulary: which characters merge, and the tokens that remain.
struct PieceTable: Sendable {
  private let pieces: SpellingIndex
  /// The place of each piece's score, the highest score first; nil for tokens without text, which
  /// are never made from text. [vocabulary]
  private let ranks: [Int32?]
  /// The token of each byte that is not part of a piece, or nil to drop it. [256]
  private let byteTokens: [TokenID?]
  private let longestPiece: Int
  /// Last bytes of characters that some piece has before a space. Before any other space a text
  /// can be cut, since no merge crosses it. [256]
  private let joinsSpace: [Bool]

  /// - Parameters:
  ///   - list: the tokens, validated.
  ///   - scores: the score of each; empty if all are alike.
  init(_ list: TokenList, scores: [Float]) {
    var pieces = SpellingIndex(minimumCapacity: list.spellings.count)
    var longest = 0
    var joinsSpace = [Bool](repeating: false, count: 256)
    let space = EscapedText.space
    for spelling in list.spellings {
      spelling.withUnsafeBytes { _ = pieces.append($0) }
      longest = max(longest, spelling.count)
      guard spelling.count > space.count else { continue }
      for index in 1...spelling.count - space.count
      where spelling[index] == space[0] && spelling[index...].starts(with: space) {
        // Between two spaces a text is never cut.
        if !spelling[..<index].suffix(space.count).elementsEqual(space) {
          joinsSpace[Int(spelling[index - 1])] = true
        }
      }
    }
    self.pieces = pieces
    self.joinsSpace = joinsSpace
    longestPiece = longest
    ranks = list.kinds.indices.map { token in
      guard list.kinds[token].hasText else { return nil }
      return scores.isEmpty ? 0 : Self.rank(scores[token])
    }
    byteTokens = (UInt8.min...UInt8.max).map { byte in
      TokenKind.spelling(ofByte: byte).withUnsafeBytes(pieces.find)
        ?? [byte].withUnsafeBytes(pieces.find) ?? list.unknown
    }
  }

  /// Maps scores to integers in the opposite order; what is no number comes last.
  private static func rank(_ score: Float) -> Int32 {
    guard !score.isNaN else { return .max }
    // The bits of a positive number grow with it and those of a negative one with its size; −0 is
    // made 0 first.
    let bits = Int32(bitPattern: (score + 0).bitPattern)
    return bits >= 0 ? -bits : bits & .max
  }

  /// Calls `body` with the characters of each word, in order. A word begins with spaces unless it
  /// is the first, and no merge would reach beyond it.
  func forEachWord(in text: EscapedText, _ body: (Range<Int>) -> Void) {
    guard text.characterCount > 0 else { return }
    var start = 0
    var isAfterSpace = text.isSpace(0)
    for character in 1..<max(text.characterCount, 1) {
      let isSpace = text.isSpace(character)
      if isSpace, !isAfterSpace, !joinsSpace[Int(text.bytes[text.starts[character] - 1])] {
        body(start..<character)
        start = character
      }
      isAfterSpace = isSpace
    }
    body(start..<text.characterCount)
  }

  private func piece(_ spelling: UnsafeRawBufferPointer) -> (token: TokenID, rank: Int32)? {
    guard let token = pieces.find(spelling), let rank = ranks[Int(token)] else { return nil }
    return (token, rank)
  }

  /// The tokens of one word of a text.
  func tokens(of word: Range<Int>, in text: EscapedText) -> [TokenID] {
    text.bytes.withUnsafeBytes { bytes in
      var symbols = word.map { text.byteRange($0..<$0 + 1) }
      Merging(table: self, text: bytes).apply(to: &symbols)
      var tokens: [TokenID] = []
      tokens.reserveCapacity(symbols.count)
      for range in symbols {
        if let piece = piece(UnsafeRawBufferPointer(rebasing: bytes[range])) {
          tokens.append(piece.token)
        } else {
          tokens += bytes[range].compactMap { byteTokens[Int($0)] }
        }
      }
      return tokens
    }
  }

  /// Merges ranges of bytes that together spell a piece.
  private struct Merging: MergeRule {
    var table: PieceTable
    var text: UnsafeRawBufferPointer

    func merge(_ left: Range<Int>, _ right: Range<Int>) -> Merge<Range<Int>>? {
      let range = left.lowerBound..<right.upperBound
      guard range.count <= table.longestPiece,
        let piece = table.piece(UnsafeRawBufferPointer(rebasing: text[range]))
      else { return nil }
      return Merge(rank: piece.rank, result: range)
    }
  }
}
