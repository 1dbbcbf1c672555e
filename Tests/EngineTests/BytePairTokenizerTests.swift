import Decoding
import Foundation
import Testing

@testable import Engine

@Suite struct BytePairTokenizerTests {
  private struct Case: Decodable {
    var hex: String
    var none: [TokenID]
    var parse: [TokenID]

    var bytes: [UInt8] {
      let digits = Array(hex.utf8)
      return stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
    }
  }

  private let vocabulary: any Vocabulary
  private let cases: [Case]

  init() throws {
    vocabulary = try GGUFFile(path: Fixture.path("Tokenizer/bpe.gguf")).vocabulary()
    cases = try Fixture.decode([Case].self, from: "Tokenizer/bpe.json")
  }

  @Test func idsEqualTheReference() {
    #expect(cases.count > 50)
    for testCase in cases {
      let text = testCase.bytes
      #expect(vocabulary.tokenize(text, special: .none) == testCase.none, "\(testCase.hex)")
      #expect(vocabulary.tokenize(text, special: .parse) == testCase.parse, "\(testCase.hex)")
      #expect(
        vocabulary.tokenize(text, special: .add) == [1] + testCase.none, "\(testCase.hex)")
    }
  }

  @Test func anyBytesRoundTrip() {
    var generator = RepeatableGenerator(seed: 1)
    let fragments = cases.map(\.bytes)
    for _ in 0..<500 {
      var text: [UInt8] = []
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        if Bool.random(using: &generator) {
          let fragment = fragments.randomElement(using: &generator) ?? []
          text += fragment.prefix(Int.random(in: 0...80, using: &generator))
        } else {
          for _ in 0..<Int.random(in: 0...40, using: &generator) {
            text.append(UInt8.random(in: 0...255, using: &generator))
          }
        }
      }
      let tokens = vocabulary.tokenize(text, special: .none)
      #expect(vocabulary.bytes(of: tokens) == text)
      #expect(tokens == vocabulary.tokenize(text, special: .none), "cached words differ")
    }
  }

  @Test func specialTokens() throws {
    #expect(vocabulary.count == 642)
    #expect(vocabulary.beginningOfText == 1)
    #expect(vocabulary.endOfText == [0])
    #expect(vocabulary.isControl(0))
    #expect(vocabulary.isControl(1))
    #expect(!vocabulary.isControl(640))
    #expect(!vocabulary.isControl(-1))
    #expect(!vocabulary.isControl(642))
    #expect(vocabulary.name(of: 0) == "<|end|>")
    #expect(vocabulary.bytes(of: 0) == [])
    #expect(vocabulary.bytes(of: 640) == Array("<think>".utf8))
    #expect(vocabulary.tokenize("<think>", special: .none) == [640])
    #expect(vocabulary.tokenize("<|end|>", special: .parse) == [1, 0])
    #expect(vocabulary.tokenize("<|end|>", special: .none).count > 1)
    for id in [TokenID.min, -1, 642, .max] {
      #expect(vocabulary.bytes(of: id) == [])
      #expect(vocabulary.name(of: id) == "")
    }
  }

  /// The heap for long words and the scan for short ones are two ways to the same result.
  @Test func mergeLoopsAgree() {
    var generator = RepeatableGenerator(seed: 2)
    for _ in 0..<200 {
      var table = MergeTable(minimumCapacity: 0)
      for rank in 0..<Int32(30) {
        table.add(
          Int32.random(in: 0..<12, using: &generator),
          Int32.random(in: 0..<12, using: &generator),
          result: Int32.random(in: 0..<12, using: &generator), rank: rank)
      }
      let symbols = (0..<Int.random(in: 0...90, using: &generator)).map { _ in
        Int32.random(in: 0..<12, using: &generator)
      }
      var (scanned, heaped) = (symbols, symbols)
      table.applyByScanning(to: &scanned)
      table.applyByHeap(to: &heaped)
      #expect(scanned == heaped)
    }
  }

  @Test func byteAlphabetIsABijection() {
    #expect(Set(ByteAlphabet.scalars).count == 256)
    for byte in UInt8.min...UInt8.max {
      #expect(ByteAlphabet.decode(ByteAlphabet.spellings[Int(byte)]) == [byte])
    }
    #expect(ByteAlphabet.decode(Array(" ".utf8)) == nil)
    #expect(ByteAlphabet.decode([0xC4]) == nil)
  }

  /// Merges may pass through spellings that are no tokens; what remains of them is spelled out.
  @Test func intermediateSpellingsAreSpelledOut() throws {
    let tokenizer = try BytePairTokenizer(
      .init(tokens: ["a", "b", "c", "abc"], merges: ["a b", "ab c"], unknown: nil))
    #expect(tokenizer.tokenize("abc") == [3])
    #expect(tokenizer.tokenize("abab") == [0, 1, 0, 1])
    #expect(tokenizer.tokenize("axb") == [0, 1])
  }

  @Test func digitsStaySingleWhenMergesSaySo() throws {
    let letters = ByteAlphabet.spellings.map { String(decoding: $0, as: UTF8.self) }
    let digits = (0...9).map { "Ġ\($0)" }
    let tokenizer = try BytePairTokenizer(
      .init(tokens: letters + digits, merges: (0...9).map { "Ġ \($0)" }))
    let pieces = tokenizer.tokenize("35 + 1207").map { tokenizer.token($0).text }
    #expect(pieces == ["3", "5", " ", "+", " 1", "2", "0", "7"])
  }

  @Test func contradictionsAreNamed() {
    func error(_ definition: BytePairTokenizer.Definition) -> TokenizerError? {
      #expect(throws: TokenizerError.self) { try BytePairTokenizer(definition) }
    }
    let none: [String] = []
    #expect(error(.init(tokens: none, merges: none)) == .emptyVocabulary)
    #expect(
      error(.init(tokens: ["a"], merges: none, preTokenizer: "xyz"))
        == .unknownPreTokenizer("xyz"))
    #expect(
      error(.init(tokens: ["a"], merges: ["ab"])) == .malformedMerge(index: 0, text: "ab"))
    #expect(
      error(.init(tokens: ["a"], merges: ["a "])) == .malformedMerge(index: 0, text: "a "))
    #expect(
      error(.init(tokens: ["a"], merges: none, kinds: [.normal, .normal]))
        == .kindCountMismatch(kinds: 2, tokens: 1))
    #expect(
      error(.init(tokens: ["a"], merges: none, beginningOfText: 1))
        == .specialTokenOutOfRange(role: "beginning-of-text", token: 1, vocabularySize: 1))
  }
}

extension BytePairTokenizer.Definition {
  /// The same from strings.
  init(
    tokens: [String], merges: [String], kinds: [TokenKind] = [],
    preTokenizer: String = PreTokenizer.gpt2.rawValue, beginningOfText: TokenID? = nil,
    unknown: TokenID? = nil
  ) {
    self.init(
      tokens: TokenList(
        spellings: tokens.map { Array($0.utf8) }, kinds: kinds,
        beginningOfText: beginningOfText, unknown: unknown),
      merges: merges.map { Array($0.utf8) }, preTokenizer: preTokenizer)
  }
}
