import Decoding

/// The symbols of a byte-pair encoding: the first symbol of every byte, the merges between them,
/// and the tokens that the remaining symbols become.
struct SymbolTable: Sendable {
  private let vocabularySize: Int
  private let merges: MergeTable
  /// The symbol of each byte; `Int32.max`, which merges with nothing, if there is none. [256]
  private let byteSymbols: [Int32]
  /// Every symbol under its spelling, the tokens first.
  private let symbols: SpellingIndex
  private let unknown: TokenID?
  /// Tokens that stand for other bytes than they spell, or for none: text never becomes one, or it
  /// would be lost.
  private let unlikeSpelling: Set<Int32>
  /// Whether a word that is a token stays whole, whatever the merges say.
  private let prefersWholeWords: Bool

  /// - Parameter list: the tokens, validated.
  /// - Throws: `TokenizerError.malformedMerge`.
  init(_ list: TokenList, merges: [[UInt8]], prefersWholeWords: Bool) throws(TokenizerError) {
    vocabularySize = list.spellings.count
    unknown = list.unknown
    self.prefersWholeWords = prefersWholeWords
    var symbols = SpellingIndex(minimumCapacity: vocabularySize + 256)
    for spelling in list.spellings {
      spelling.withUnsafeBytes { _ = symbols.append($0) }
    }
    func symbol(_ spelling: UnsafeRawBufferPointer) -> Int32 {
      symbols.find(spelling) ?? symbols.append(spelling)
    }
    let unlikeSpelling = Self.unlikeSpelling(list)
    self.unlikeSpelling = unlikeSpelling
    byteSymbols = ByteAlphabet.spellings.map { spelling in
      let known = spelling.withUnsafeBytes(symbol)
      return unlikeSpelling.contains(known) ? Int32.max : known
    }

    var table = MergeTable(minimumCapacity: merges.count)
    var joined: [UInt8] = []
    for (rank, merge) in merges.enumerated() {
      // A spelling holds no space, but may begin with one in a file that does not escape it.
      guard let space = merge.dropFirst().firstIndex(of: 0x20), space + 1 < merge.count else {
        throw .malformedMerge(index: rank, text: String(decoding: merge, as: UTF8.self))
      }
      joined.removeAll(keepingCapacity: true)
      joined.append(contentsOf: merge[..<space])
      joined.append(contentsOf: merge[(space + 1)...])
      let left = merge[..<space].withUnsafeBytes(symbol)
      let right = merge[(space + 1)...].withUnsafeBytes(symbol)
      let result = joined.withUnsafeBytes(symbol)
      if unlikeSpelling.contains(result) { continue }
      table.add(left, right, result: result, rank: Int32(rank))
    }
    self.merges = table
    self.symbols = symbols
  }

  /// Some vocabularies have U+00FF and the like as text where others have the byte, or a control
  /// token that merges would make.
  private static func unlikeSpelling(_ list: TokenList) -> Set<Int32> {
    var found: Set<Int32> = []
    for (index, kind) in list.kinds.enumerated() where kind != .normal {
      let spelling = list.spellings[index]
      let spelled = ByteAlphabet.decode(spelling) ?? spelling
      let stands: [UInt8]? =
        switch kind {
        case .normal: spelled
        case .userDefined: spelling
        case .byte: TokenKind.byte(spelledBy: spelling).map { [$0] } ?? spelled
        case .control, .unknown, .unused: nil
        }
      if stands != spelled { found.insert(Int32(index)) }
    }
    return found
  }

  /// The tokens of one word.
  func tokens(of word: ArraySlice<UInt8>) -> [TokenID] {
    if prefersWholeWords, let token = token(spelling: word) { return [token] }
    var symbols = word.map { byteSymbols[Int($0)] }
    merges.apply(to: &symbols)
    if symbols.allSatisfy({ $0 < vocabularySize }) { return symbols }
    return symbols.flatMap { $0 < vocabularySize ? [$0] : spelledOut($0) }
  }

  private func token(spelling word: ArraySlice<UInt8>) -> TokenID? {
    let spelling = word.flatMap { ByteAlphabet.spellings[Int($0)] }
    guard let symbol = spelling.withUnsafeBytes(symbols.find), symbol < vocabularySize,
      !unlikeSpelling.contains(symbol)
    else { return nil }
    return symbol
  }

  /// The tokens of a symbol that is no token itself: those of its bytes.
  private func spelledOut(_ symbol: Int32) -> [TokenID] {
    guard symbol < symbols.count else { return unknown.map { [$0] } ?? [] }
    let spelling = symbols.spellings[Int(symbol)]
    return (ByteAlphabet.decode(spelling) ?? Array(spelling)).compactMap { byte in
      byteSymbols[Int(byte)] < vocabularySize ? byteSymbols[Int(byte)] : unknown
    }
  }
}
