import Decoding
import EngineFixtures
import Foundation
import Testing

@testable import Engine

/// A vocabulary of numbered tokens without text.
struct NumberedVocabulary: Vocabulary {
  var count: Int
  var beginningOfText: TokenID? { nil }
  var endOfText: Set<TokenID> { [] }
  func bytes(of token: TokenID) -> [UInt8] { [] }
  func isControl(_ token: TokenID) -> Bool { false }
  func name(of token: TokenID) -> String { "\(token)" }
  func tokenize(_ text: some Sequence<UInt8>, special: SpecialTokenHandling) -> [TokenID] { [] }
  func tokenize(continuing text: some Sequence<UInt8>, parsingSpecial: Bool) -> [TokenID] { [] }
}

extension ModelConfiguration {
  /// A tiny shape whose rows are whole blocks of a format.
  static func whole(blocksOf format: TensorFormat) -> ModelConfiguration {
    format.blockSize == 256
      ? .tiny(heads: 8, kvHeads: 2, headSize: 32, width: 256, feedForward: 256)
      : .tiny(heads: 4, headSize: 24)
  }
}
