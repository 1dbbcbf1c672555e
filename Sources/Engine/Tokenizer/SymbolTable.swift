import Decoding

/// The symbols of a byte-pair encoding: the first symbol of every byte, the merges between them,
/// and the tokens that the remaining symbols become.
struct SymbolTable: Sendable {
  private let vocabularySize: Int
  private let merges: MergeTable
  /// The symbol of each byte. [256]
  private let byteSymbols: [Int32]
  /// The bytes of the symbols from `vocabularySize` on, which are no tokens.
  private let intermediates: ByteStrings
  private let unknown: TokenID?

  /// - Throws: `TokenizerError.malformedMerge`.
  init(_ definition: BytePairTokenizer.Definition) throws {
    vocabularySize = definition.tokens.count
    unknown = definition.unknown
    var symbols: [ArraySlice<UInt8>: Int32] = [:]
    symbols.reserveCapacity(vocabularySize)
    for (index, spelling) in definition.tokens.enumerated() {
      symbols[spelling[...]] = Int32(index)
    }
    var intermediates = ByteStrings()
    func symbol(_ spelling: ArraySlice<UInt8>) -> Int32 {
      if let known = symbols[spelling] { return known }
      let symbol = Int32(definition.tokens.count + intermediates.count)
      symbols[spelling] = symbol
      intermediates.append(ByteAlphabet.decode(spelling) ?? Array(spelling))
      return symbol
    }
    byteSymbols = ByteAlphabet.spellings.map { symbol($0[...]) }

    var merges = MergeTable(minimumCapacity: definition.merges.count)
    for (rank, merge) in definition.merges.enumerated() {
      // A spelling holds no space, but may begin with one in a file that does not escape it.
      guard let space = merge.dropFirst().firstIndex(of: 0x20), space + 1 < merge.count else {
        throw TokenizerError.malformedMerge(
          index: rank, text: String(decoding: merge, as: UTF8.self))
      }
      let (left, right) = (merge[..<space], merge[(space + 1)...])
      merges.add(
        symbol(left), symbol(right), result: symbol((left + right)[...]), rank: Int32(rank))
    }
    self.merges = merges
    self.intermediates = intermediates
  }

  /// The tokens of one word.
  func tokens(of word: ArraySlice<UInt8>) -> [TokenID] {
    var symbols = word.map { byteSymbols[Int($0)] }
    merges.apply(to: &symbols)
    if symbols.allSatisfy({ $0 < vocabularySize }) { return symbols }
    return symbols.flatMap { $0 < vocabularySize ? [$0] : spelledOut($0) }
  }

  /// The tokens of a symbol that is no token itself: those of its bytes.
  private func spelledOut(_ symbol: Int32) -> [TokenID] {
    intermediates[Int(symbol) - vocabularySize].compactMap { byte in
      byteSymbols[Int(byte)] < vocabularySize ? byteSymbols[Int(byte)] : unknown
    }
  }
}
