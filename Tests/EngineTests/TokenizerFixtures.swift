import Decoding
import Foundation
import Testing

@testable import Engine
@testable import EngineFixtures

/// Our own vocabularies and texts, with llama.cpp's ids of them (see make_tokenizer_references.py).
struct TokenizerReference: Decodable, CustomTestStringConvertible {
  var name: String
  var vocabulary: String
  var metadata: [String: Value]
  /// The ids of each text, read as plain text and with special tokens recognised; base64.
  private var none: String
  private var parse: String?

  enum Value: Decodable {
    case boolean(Bool)
    case text(String)

    init(from decoder: any Swift.Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .boolean(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }
  }

  var testDescription: String { name }
  var idsOfPlainText: [[TokenID]] { Self.decode(none) }
  var idsWithSpecialTokens: [[TokenID]]? { parse.map(Self.decode) }

  /// Reads 16-bit numbers, of which 0xFFFF ends a text.
  private static func decode(_ base64: String) -> [[TokenID]] {
    let bytes = [UInt8](Data(base64Encoded: base64) ?? Data())
    var (lists, list): ([[TokenID]], [TokenID]) = ([], [])
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
      let id = TokenID(bytes[index]) | TokenID(bytes[index + 1]) << 8
      if id == 0xFFFF {
        lists.append(list)
        list = []
      } else {
        list.append(id)
      }
    }
    return lists
  }

  /// A file with nothing but the vocabulary.
  func model() throws -> GGUFFile { try GGUFFile(bytes: encodedModel()) }

  /// - Parameter count: how many tokens, and merges, are left in it.
  func encodedModel(firstTokens count: Int = .max) throws -> [UInt8] {
    let tokens = try Fixture.decode(Tokens.self, from: "Tokenizer/\(vocabulary).json")
    var writer = GGUFWriter()
    writer.set("general.architecture", to: .string("llama"))
    let usual = tokens.merges == nil ? "llama" : "gpt2"
    writer.set("tokenizer.ggml.model", to: .string(tokens.model ?? usual))
    if let bos = tokens.bos { writer.set("tokenizer.ggml.bos_token_id", to: .uint32(bos)) }
    writer.set("tokenizer.ggml.tokens", to: .array(Array(tokens.tokens.prefix(count))))
    writer.set("tokenizer.ggml.token_type", to: .array(Array(tokens.kinds.prefix(count))))
    if let merges = tokens.merges {
      writer.set("tokenizer.ggml.merges", to: .array(Array(merges.prefix(count))))
    }
    if let scores = tokens.scores {
      writer.set("tokenizer.ggml.scores", to: .array(Array(scores.prefix(count))))
    }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      switch value {
      case .boolean(let value): writer.set(key, to: .bool(value))
      case .text(let value): writer.set(key, to: .string(value))
      }
    }
    return writer.encoded()
  }

  private struct Tokens: Decodable {
    var model: String?
    var bos: UInt32?
    var tokens: [String]
    var kinds: [Int32]
    var merges: [String]?
    var scores: [Float]?
  }

  static func all() throws -> [TokenizerReference] {
    try Fixture.decode([TokenizerReference].self, from: "Tokenizer/references.json")
  }

  /// Texts of many scripts, white space, code and emoji; those that are not UTF-8 come last.
  static func corpus() throws -> [[UInt8]] {
    try Fixture.decode([String].self, from: "Tokenizer/corpus.json").map { hex in
      let digits = Array(hex.utf8)
      return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
    }
  }

  /// U+2581 read as a space, as SentencePiece does.
  static func spaced(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = text[...]
    while let first = rest.first {
      let isSpace = rest.starts(with: EscapedText.space)
      result.append(isSpace ? 0x20 : first)
      rest = rest.dropFirst(isSpace ? 3 : 1)
    }
    return result
  }
}
