import Decoding
import Testing

@testable import Engine

@Suite struct SentencePieceTokenizerTests {
  /// `<unk>`, `<s>`, `</s>`, the 256 bytes from 3 on, then pieces from 259 on.
  private func tokenizer(
    _ pieces: [(String, Float)], special: [(String, TokenKind)] = [], hasBytes: Bool = true,
    addsSpacePrefix: Bool = false
  ) throws -> SentencePieceTokenizer {
    var spellings = ["<unk>", "<s>", "</s>"].map { Array($0.utf8) }
    var kinds: [TokenKind] = [.unknown, .control, .control]
    if hasBytes {
      spellings += (UInt8.min...UInt8.max).map { TokenKind.spelling(ofByte: $0) }
      kinds += Array(repeating: .byte, count: 256)
    }
    var scores = [Float](repeating: 0, count: spellings.count)
    for (piece, score) in pieces {
      spellings.append(Array(piece.utf8))
      kinds.append(.normal)
      scores.append(score)
    }
    for (spelling, kind) in special {
      spellings.append(Array(spelling.utf8))
      kinds.append(kind)
      scores.append(0)
    }
    return try SentencePieceTokenizer(
      .init(
        tokens: TokenList(
          spellings: spellings, kinds: kinds, beginningOfText: 1, endOfText: [2], unknown: 0,
          addsBeginningOfText: true),
        scores: scores, addsSpacePrefix: addsSpacePrefix))
  }

  private func spellings(_ text: String, _ tokenizer: SentencePieceTokenizer) -> [String] {
    tokenizer.tokenize(continuing: text).map { tokenizer.name(of: $0) }
  }

  @Test func theHighestScoreMergesFirst() throws {
    let letters: [(String, Float)] = [("a", 0), ("b", 0), ("c", 0)]
    let left = try tokenizer(letters + [("ab", -1), ("bc", -2)])
    #expect(spellings("abc", left) == ["ab", "c"])
    let right = try tokenizer(letters + [("ab", -2), ("bc", -1)])
    #expect(spellings("abc", right) == ["a", "bc"])
    let alike = try tokenizer(letters + [("bc", -1), ("ab", -1)])
    #expect(spellings("abc", alike) == ["ab", "c"], "of equal scores the leftmost counts")
    let negativeZero = try tokenizer(letters + [("ab", -0.0), ("bc", 0)])
    #expect(spellings("abc", negativeZero) == ["ab", "c"])
    let noNumber = try tokenizer(letters + [("ab", .nan), ("bc", -9)])
    #expect(spellings("abc", noNumber) == ["a", "bc"])
  }

  @Test func whatIsNoPieceIsSpelledInBytes() throws {
    let tokenizer = try tokenizer([("a", 0), ("▁", 0)])
    #expect(spellings("aé b", tokenizer) == ["a", "<0xC3>", "<0xA9>", "▁", "<0x62>"])
    #expect(tokenizer.bytes(of: tokenizer.tokenize(continuing: "aé b")) == Array("aé b".utf8))
    let withoutBytes = try self.tokenizer([("a", 0)], hasBytes: false)
    #expect(spellings("aéa", withoutBytes) == ["a", "<unk>", "<unk>", "a"])
  }

  @Test func aSpaceIsSetBeforeATextAndBehindSpecialTokens() throws {
    let pieces: [(String, Float)] = [("a", 0), ("▁", 0), ("▁a", -1)]
    let special: [(String, TokenKind)] = [("<|end|>", .control), ("<think>", .userDefined)]
    let tokenizer = try tokenizer(pieces, special: special, addsSpacePrefix: true)
    func names(_ text: String, _ special: SpecialTokenHandling) -> [String] {
      tokenizer.tokenize(text, special: special).map { tokenizer.name(of: $0) }
    }
    #expect(names("a", .none) == ["▁a"])
    #expect(names("a", .add) == ["<s>", "▁a"])
    #expect(names("a<|end|>a", .parse) == ["<s>", "▁a", "<|end|>", "▁a"])
    #expect(names("a<think>a", .none) == ["▁a", "<think>", "▁a"])
    #expect(names("", .add) == ["<s>"])
    #expect(spellings("a", tokenizer) == ["a"], "nothing is set before text that goes on")
    #expect(spellings(" a", tokenizer) == ["▁a"])
    #expect(spellings("<think>a", tokenizer) == ["<think>", "a"])
  }

  /// Words are cut before spaces unless a piece reaches over one; the result is as if the whole
  /// text were merged at once.
  @Test func piecesMayReachOverSpaces() throws {
    let tokenizer = try tokenizer([
      ("a", 0), ("b", 0), ("▁", 0), ("a▁", -1), ("a▁b", -2), ("▁b", -3), ("▁▁", -4),
    ])
    #expect(spellings("a b", tokenizer) == ["a▁b"])
    #expect(spellings("b b", tokenizer) == ["b", "▁b"])
    #expect(spellings("b   b", tokenizer) == ["b", "▁▁", "▁b"])
  }

  @Test func controlTokensAreNeverMadeFromText() throws {
    let tokenizer = try tokenizer([("<", 0), ("s", 0), (">", 0), ("<s", -1)])
    #expect(spellings("<s>", tokenizer) == ["<s", ">"])
    #expect(tokenizer.tokenize("<s>", special: .parse) == [1, 1])
  }

  @Test func longWordsMergeAsShortOnes() throws {
    let tokenizer = try tokenizer([("a", 0), ("aa", -1), ("aaaa", -2)])
    #expect(spellings(String(repeating: "a", count: 4001), tokenizer).count == 1001)
  }

  @Test func scoresMustBeAsManyAsTokens() {
    #expect(throws: TokenizerError.scoreCountMismatch(scores: 2, tokens: 1)) {
      try SentencePieceTokenizer(
        .init(tokens: TokenList(spellings: [Array("a".utf8)]), scores: [0, 0]))
    }
  }
}

@Suite struct SpecialTokenMatcherTests {
  private func fragments(
    _ text: String, _ special: [String], swallowing: Set<TokenID> = []
  ) -> [SpecialTokenMatcher.Fragment] {
    SpecialTokenMatcher(
      special.map { Array($0.utf8) }, where: special.map { _ in true }, swallowing: swallowing
    ).fragments(of: Array(text.utf8))
  }

  @Test func theLongestIsTakenFirst() {
    #expect(fragments("", ["<a>"]) == [])
    #expect(fragments("x", ["<a>"]) == [.text(0..<1)])
    #expect(fragments("x<a><a>y", ["<a>"]) == [.text(0..<1), .token(0), .token(0), .text(7..<8)])
    #expect(
      fragments("<a><b>", ["<a>", "<b>", "a><b"]) == [.text(0..<1), .token(2), .text(5..<6)])
    #expect(fragments("aaa", ["aa"]) == [.token(0), .text(2..<3)])
  }

  @Test func spelledTokensHaveTheirPlaces() {
    let matcher = SpecialTokenMatcher(
      ["<a>", "<b>", "a><b"].map { Array($0.utf8) }, where: [true, true, true], swallowing: [1])
    let text = Array("x<b> <a><b><a>".utf8)
    #expect(
      matcher.spelled(in: text) == [
        SpelledToken(token: 1, range: 1..<4, swallowsWhitespace: true),
        SpelledToken(token: 2, range: 6..<10), SpelledToken(token: 0, range: 11..<14),
      ])
    #expect(matcher.recognizes(text[1..<4]))
    #expect(!matcher.recognizes(text[1..<3]))
    #expect(!matcher.recognizes(text[0..<0]))
  }

  @Test func whitespaceBehindSomeTokensIsSwallowed() {
    #expect(fragments("<a> \n x", ["<a>"], swallowing: [0]) == [.token(0), .text(6..<7)])
    #expect(fragments("<a> \n", ["<a>"], swallowing: [0]) == [.token(0)])
    #expect(
      fragments("<a> <b> ", ["<a>", "<b>"], swallowing: [0]) == [
        .token(0), .token(1), .text(7..<8),
      ])
  }
}
