import Decoding
import Testing

@testable import Engine

/// Random vocabularies and random bytes: a named error or tokens, never a trap, and the bytes of the
/// tokens are those of the text.
@Suite struct TokenizerFuzzTests {
  @Test func bytePairs() throws {
    let letters = ByteAlphabet.spellings
    try FuzzTarget.loop("byte-pairs", rounds: 300) { generator in
      var fuzz = Fuzz(generator: generator)
      // Every byte is a token, in any order and among others.
      var spellings = letters + (0..<fuzz.int(0...60)).map { _ in fuzz.spelling(letters) }
      spellings.shuffle(using: &fuzz.generator)
      // A byte's token must stay text; of those spelled alike the last counts.
      let isByte = Set(letters)
      let kinds = spellings.map { isByte.contains($0) ? .normal : fuzz.kind() }
      let merges = (0..<fuzz.int(0...80)).map { _ -> [UInt8] in
        let (left, right) = (fuzz.mergePart(spellings), fuzz.mergePart(spellings))
        return fuzz.int(0...400) == 0 ? left + right : left + [0x20] + right
      }
      let definition = BytePairTokenizer.Definition(
        tokens: fuzz.list(spellings, kinds), merges: merges,
        preTokenizer: (PreTokenizer.Use.names + ["unheard-of"]).randomElement(
          using: &fuzz.generator) ?? "")
      do {
        try fuzz.check(BytePairTokenizer(definition)) { $0 }
      } catch is TokenizerError {}
      generator = fuzz.generator
    }
  }

  @Test func sentencePieces() throws {
    let bytes = (UInt8.min...UInt8.max).map { TokenKind.spelling(ofByte: $0) }
    try FuzzTarget.loop("pieces", rounds: 300) { generator in
      var fuzz = Fuzz(generator: generator)
      let parts = Fuzz.characters.map { $0 == [0x20] ? EscapedText.space : $0 }
      var spellings = bytes
      // Byte tokens come last, so that nothing else is what they spell.
      spellings.insert(contentsOf: (0..<fuzz.int(0...120)).map { _ in fuzz.spelling(parts) }, at: 0)
      spellings.insert(EscapedText.space, at: 0)
      let isByte = Set(bytes)
      // A user-defined token is spelled as it is: U+2581 in it would be no space.
      let kinds: [TokenKind] = spellings.map {
        if isByte.contains($0) { return .byte }
        return TokenizerReference.spaced($0) == $0 ? fuzz.textKind() : .normal
      }
      let scores = spellings.map { _ -> Float in
        let scores: [Float] = [0, -0.0, 1, -1, -2.5, 1e30, .infinity, -.infinity, .nan]
        return scores.randomElement(using: &fuzz.generator) ?? 0
      }
      let definition = SentencePieceTokenizer.Definition(
        tokens: fuzz.list(spellings, kinds),
        scores: fuzz.int(0...50) == 0 ? [0] : fuzz.int(0...9) == 0 ? [] : scores,
        addsSpacePrefix: Bool.random(using: &fuzz.generator))
      do {
        let tokenizer = try SentencePieceTokenizer(definition)
        try fuzz.check(tokenizer) { TokenizerReference.spaced($0) }
      } catch is TokenizerError {}
      generator = fuzz.generator
    }
  }

  /// Whatever the metadata claim, the file opens or says why not.
  @Test func metadata() throws {
    let references = try TokenizerReference.all()
    let whole = try references.filter { ["gpt-2", "Phi-3"].contains($0.name) }.map {
      try $0.encodedModel(firstTokens: 300)
    }
    try FuzzTarget.loop("vocabulary-metadata", rounds: 300) { generator in
      var fuzz = Fuzz(generator: generator)
      guard var bytes = whole.randomElement(using: &fuzz.generator) else { return }
      for _ in 0..<fuzz.int(1...6) {
        bytes[fuzz.int(0...bytes.count - 1)] = UInt8.random(in: 0...255, using: &fuzz.generator)
      }
      do {
        let vocabulary = try GGUFFile(bytes: bytes).vocabulary()
        for handling in SpecialTokenHandling.allCases {
          let ids = vocabulary.tokenize(fuzz.text(), special: handling)
          #expect(ids.allSatisfy { $0 >= 0 && $0 < vocabulary.count })
          _ = vocabulary.bytes(of: ids)
        }
      } catch is GGUFError {
      } catch is TokenizerError {
      }
      generator = fuzz.generator
    }
  }
}

/// Draws vocabularies and texts.
private struct Fuzz {
  var generator: RepeatableGenerator

  static let characters: [[UInt8]] = [
    "a", "b", "B", "é", "ß", "Ω", " ", " ", "\n", "\r", "\t", "1", "2", "٣", "'", "s", "l", "/",
    "<",
    ">", "|", ".", "你", "カ", "한", "\u{301}", "\u{200D}", "👍", "\u{A0}", "\u{3000}", "▁",
  ].map { Array($0.utf8) }

  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func spelling(_ parts: [[UInt8]]) -> [UInt8] {
    (0..<int(0...5)).flatMap { _ in parts.randomElement(using: &generator) ?? [] }
  }

  mutating func mergePart(_ spellings: [[UInt8]]) -> [UInt8] {
    spellings.randomElement(using: &generator) ?? []
  }

  mutating func kind() -> TokenKind {
    TokenKind(rawValue: Int32(int(1...6))) ?? .normal
  }

  /// A kind whose tokens keep their bytes however they come up.
  mutating func textKind() -> TokenKind { int(0...4) == 0 ? .userDefined : .normal }

  mutating func list(_ spellings: [[UInt8]], _ kinds: [TokenKind]) -> TokenList {
    var list = TokenList(spellings: spellings, kinds: kinds)
    let last = spellings.count - 1
    list.beginningOfText = int(0...3) == 0 ? nil : TokenID(int(0...last + last / 50))
    list.endOfText = (0..<int(0...2)).map { _ in TokenID(int(0...last)) }
    list.addsBeginningOfText = Bool.random(using: &generator)
    list.addsEndOfText = Bool.random(using: &generator)
    if int(0...40) == 0 { list.kinds = Array(kinds.prefix(int(0...last))) }
    return list
  }

  mutating func text() -> [UInt8] {
    var text: [UInt8] = []
    for _ in 0..<int(0...6) {
      if int(0...3) == 0 {
        for _ in 0..<int(0...30) { text.append(UInt8(int(0...255))) }
      } else if int(0...5) == 0 {
        let character = Self.characters.randomElement(using: &generator) ?? []
        for _ in 0..<int(0...90) { text += character }
      } else {
        for _ in 0..<int(0...40) { text += Self.characters.randomElement(using: &generator) ?? [] }
      }
    }
    return text
  }

  /// Tokenizes texts every way and compares their bytes, both as `normalized` makes them.
  mutating func check(
    _ vocabulary: some Vocabulary, normalized: ([UInt8]) -> [UInt8]
  ) throws {
    for _ in 0..<4 {
      let text = text()
      let tokens = vocabulary.tokenize(continuing: text, parsingSpecial: false)
      if normalized(vocabulary.bytes(of: tokens)) != normalized(text) {
        throw LostBytes(text: text, tokens: tokens)
      }
      for handling in SpecialTokenHandling.allCases {
        let tokens = vocabulary.tokenize(text, special: handling)
        #expect(tokens.allSatisfy { $0 >= 0 && $0 < vocabulary.count })
      }
    }
  }
}

private struct LostBytes: Error {
  var text: [UInt8]
  var tokens: [TokenID]
}
