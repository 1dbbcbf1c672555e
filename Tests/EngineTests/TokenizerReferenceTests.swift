import Decoding
import Testing

@testable import Engine
@testable import EngineFixtures

/// Ids are llama.cpp's, for every pattern of pre-tokenizer, SentencePiece and Gemma 4.
@Suite struct TokenizerReferenceTests {
  private let corpus: [[UInt8]]

  init() throws { corpus = try TokenizerReference.corpus() }

  @Test(arguments: try TokenizerReference.all())
  func idsEqualTheReference(_ reference: TokenizerReference) throws {
    let vocabulary = try reference.model().vocabulary()
    let ids = reference.idsOfPlainText
    #expect(ids.count >= 80)
    for (text, ids) in zip(corpus, ids) {
      #expect(vocabulary.tokenize(text, special: .none) == ids, "\(shown(text))")
    }
    for (text, ids) in zip(corpus, reference.idsWithSpecialTokens ?? []) {
      // The reference is without what is added around a prompt.
      let start = vocabulary.tokenize([], special: .parse)
      #expect(vocabulary.tokenize(text, special: .parse) == start + ids, "\(shown(text))")
    }
  }

  /// A text that is cut at the control tokens it spells has the ids of the whole.
  @Test(arguments: try TokenizerReference.all())
  func spelledControlTokensCutTheText(_ reference: TokenizerReference) throws {
    let vocabulary = try reference.model().vocabulary()
    let start = vocabulary.tokenize([], special: .parse)
    for text in corpus {
      var ids = start
      var end = 0
      for spelled in vocabulary.controlTokens(spelledIn: text) {
        #expect(vocabulary.name(of: spelled.token).utf8.elementsEqual(text[spelled.range]))
        if end < spelled.range.lowerBound {
          ids += vocabulary.tokenize(text[end..<spelled.range.lowerBound], special: .none)
        }
        ids.append(spelled.token)
        end = spelled.range.upperBound
        while spelled.swallowsWhitespace, end < text.count,
          [9, 10, 11, 12, 13, 32].contains(text[end])
        {
          end += 1
        }
      }
      if end < text.count { ids += vocabulary.tokenize(text[end...], special: .none) }
      #expect(ids == vocabulary.tokenize(text, special: .parse), "\(shown(text))")
    }
  }

  /// Text that goes on after other tokens keeps every byte, whatever the vocabulary sets before a
  /// text; U+2581 alone reads as a space where that is how a space is spelled.
  @Test(arguments: try TokenizerReference.all())
  func continuedTextKeepsItsBytes(_ reference: TokenizerReference) throws {
    let vocabulary = try reference.model().vocabulary()
    let spellsSpaces = !(vocabulary is BytePairTokenizer)
    for text in corpus {
      let tokens = vocabulary.tokenize(continuing: text, parsingSpecial: false)
      let bytes = vocabulary.bytes(of: tokens)
      let isKept =
        spellsSpaces
        ? TokenizerReference.spaced(bytes) == TokenizerReference.spaced(text) : bytes == text
      #expect(isKept, "\(shown(text)) became \(shown(bytes))")
    }
  }

  /// Files are about that name special tokens which the vocabulary does not have, -1 for none among
  /// them; they load without those, and say so.
  @Test(arguments: ["gpt2", "llama"]) func specialTokensOutOfRangeAreLeftOut(model: String) throws {
    func file(_ ids: [(String, GGUFValue)]) throws -> any Vocabulary {
      var writer = GGUFWriter()
      writer.set("tokenizer.ggml.model", to: .string(model))
      writer.set("tokenizer.ggml.tokens", to: .array(["<unk>", "<s>", "</s>", "a"]))
      writer.set("tokenizer.ggml.merges", to: .array([] as [String]))
      for (name, value) in ids { writer.set("tokenizer.ggml.\(name)_token_id", to: value) }
      return try GGUFFile(bytes: writer.encoded()).vocabulary()
    }
    let sound = try file([])
    #expect(sound.warnings.isEmpty)
    let bad = try file([
      ("bos", .uint32(4)), ("eos", .uint32(.max)), ("eot", .int32(-1)), ("unknown", .uint32(99)),
    ])
    #expect(bad.warnings.count == 4)
    #expect(bad.warnings.first?.contains("tokenizer.ggml.eos_token_id") == true)
    // As if the file had not named any.
    #expect(bad.beginningOfText == sound.beginningOfText)
    #expect(bad.endOfText == sound.endOfText)
    #expect(bad.tokenize("a", special: .add) == sound.tokenize("a", special: .add))
    let partly = try file([("bos", .uint32(3)), ("eos", .uint32(7))])
    #expect(partly.beginningOfText == 3)
    #expect(partly.warnings.count == 1)
  }

  @Test func fewerKindsThanTokensAreAnError() throws {
    for model in ["gpt2", "llama"] {
      var writer = GGUFWriter()
      writer.set("tokenizer.ggml.model", to: .string(model))
      writer.set("tokenizer.ggml.tokens", to: .array(["a", "</s>", "<|im_end|>"]))
      writer.set("tokenizer.ggml.merges", to: .array([] as [String]))
      writer.set("tokenizer.ggml.token_type", to: .array([1] as [Int32]))
      let file = try GGUFFile(bytes: writer.encoded())
      #expect(throws: TokenizerError.kindCountMismatch(kinds: 1, tokens: 3)) {
        try file.vocabulary()
      }
    }
  }

  @Test func everyPatternHasAReference() throws {
    let names = Set(try TokenizerReference.all().map(\.name))
    for pattern in PreTokenizer.allCases { #expect(names.contains(pattern.rawValue)) }
    #expect(names.contains("SentencePiece"))
    #expect(names.contains("Phi-3"))
    #expect(names.contains("Gemma 4"))
  }

  /// Words cover the text, in order, whatever the pattern and however broken the text.
  @Test(arguments: PreTokenizer.allCases) func wordsCoverTheText(_ pattern: PreTokenizer) {
    for text in corpus {
      var end = 0
      pattern.forEachWord(in: text[...]) { range in
        #expect(range.lowerBound == end)
        #expect(!range.isEmpty)
        end = range.upperBound
      }
      #expect(end == text.count)
    }
  }

  private func shown(_ text: [UInt8]) -> String {
    String(decoding: text, as: UTF8.self).debugDescription
  }
}
